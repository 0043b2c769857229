"""Train FINALLY in stages: by regression, against discriminators, then for the ear (arXiv:2410.05920, section 4)."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from speechlab.audio.io import Audio
from speechlab.audio.mel import MelSpectrogram
from speechlab.config import (
    FinallyStage1Experiment,
    FinallyStage2Experiment,
    FinallyStage3Experiment,
    OptimiserConfig,
    to_dict,
)
from speechlab.data.pairs import EnhancementBatch, collate_enhancement
from speechlab.errors import SpeechlabError
from speechlab.losses.adversarial import discriminator_loss, feature_loss, generator_loss
from speechlab.losses.enhancement import lmos, make_pesq, pesq, utmos
from speechlab.models import build
from speechlab.models.finally_gan import WAVLM_HOP
from speechlab.training.judges import load_utmos, load_wavlm
from speechlab.training.objective import Objective
from speechlab.training.recipes.base import Recipe
from speechlab.training.recipes.hifipp import (
    N_RENDERED,
    describe_data,
    heard_clips,
    hold_out,
    make_dataset,
    measure,
    tell_substitutes,
)
from speechlab.training.validation import Heard

HEADS = ("head.", "wide_head.")  # parameters by which the stages differ: a run may start from one that has the other
WIDE_HEAD = HEADS[1]


class Part(NamedTuple):
    """Some segments of a batch that the discriminators see at once."""

    names: list[str]
    real: Tensor  # (part, 1, samples)
    fake: Tensor  # the same shape; a piece of a tensor that collects the gradients of all parts
    share: float  # of the step's segments


class FinallyRecipe(Recipe):
    """Generator by LMOS alone: stage 1, and the beginning of stage 3.

    A batch is restored at once and scored in parts: the losses' gradients are collected on a copy of the restored
    speech, then sent back through the generator in one go.
    """

    main = "generator"
    collate = staticmethod(collate_enhancement)
    experiment: FinallyStage1Experiment
    given: tuple[str, ...] = ("estimate", "reference")  # to losses by name

    def build(self, engine) -> None:
        """Make WavLM, which is no part of a checkpoint, the generator and the data."""
        config, self.engine = self.experiment, engine
        if config.sub_batch_size < 1:
            raise SpeechlabError(f"sub_batch_size must be at least 1, got {config.sub_batch_size}")
        self.sample_rate = config.model.sample_rate
        self.wavlm = load_wavlm(config.model.wavlm).to(engine.fabric.device)
        self.sizes = {"size": config.model.size, "sample_rate": self.sample_rate,
                      "wavlm_channels": self.wavlm.channels}  # fmt: skip
        generator = self.networks["generator"] = build("finally_gen", **self.sizes)
        if getattr(config, "freeze_backbone", False):  # only stage 3 has a choice
            for name, parameter in generator.named_parameters():
                parameter.requires_grad_(name.startswith(WIDE_HEAD))
        self.pairs, self.dataset = make_dataset(config, self.sample_rate, config.context_length)
        tell_substitutes(self.pairs, config, engine.say)
        self.held_out = hold_out(self.pairs, self.dataset, engine.say)
        self.objective = Objective(config.losses, self.given, self.tools()) if config.losses else None

    def tools(self) -> dict[str, Callable[[], Any]]:
        """What a loss that an experiment lists may ask for by its arguments' names, beside what is given each time."""
        device, spec = self.engine.fabric.device, replace(self.experiment.audio, sample_rate=self.sample_rate)
        return {
            "sample_rate": lambda: self.sample_rate,
            "lmos.feature": lambda: self.experiment.lmos_feature,
            "feature_loss.mode": lambda: "relative",
            "wavlm": lambda: self.wavlm,
            "mel": lambda: MelSpectrogram(spec, f_max=self.sample_rate / 2).to(device),
            "distance": lambda: make_pesq().to(device),
            "utmos_v1.predictor": lambda: load_utmos().to(device),
            "utmos.predictor": lambda: load_utmos("v2").to(device),
        }

    def inherit(self, networks: dict[str, dict[str, Tensor]]) -> dict[str, dict[str, Tensor]]:
        """Take the generator, but for the head that is of the other rate; discriminators always start anew."""
        own, given = self.engine.modules["generator"].state_dict(), networks["generator"]
        fresh = {name: value for name, value in own.items() if name.startswith(HEADS) and name not in given}
        kept = {name: value for name, value in given.items() if name in own or not name.startswith(HEADS)}
        if fresh:
            self.engine.say(f"{self.experiment.name}: the head at {self.sample_rate} Hz starts anew")
        return {"generator": {**fresh, **kept}}

    def train_step(self, batches: Sequence[EnhancementBatch]) -> dict[str, float]:
        """Restore the batches, compute the losses part by part, and update the generator once."""
        names = [name for batch in batches for name in batch.names]
        fakes = [self.restore(batch) for batch in batches]
        leaves = [fake.detach().requires_grad_() for fake in fakes]
        parts = self.cut(batches, leaves)
        metrics = self.train_discriminator(parts, names)
        for part in parts:
            total, losses = self.generator_losses(part.real, part.fake)
            self.engine.backward(part.share * total, part.names)
            add(metrics, {**losses, "loss": total}, part.share)
        for fake, leaf in zip(fakes, leaves, strict=True):
            self.engine.backward(fake, names, leaf.grad)
        metrics["gradient_norm/generator"] = self.engine.update("generator", names)
        return metrics

    def restore(self, batch: EnhancementBatch) -> Tensor:
        """Restored speech, (batch, 1, samples); WavLM hears the recording around the segments where that is given."""
        with torch.no_grad(), self.engine.autocast():
            features = self.wavlm(batch.degraded if batch.context is None else batch.context).float()
        if batch.starts is not None:
            features = features_of_crops(features, batch.starts, batch.degraded.shape[-1])
        return self.networks["generator"](batch.degraded, features).float()

    def cut(self, batches: Sequence[EnhancementBatch], fakes: Sequence[Tensor]) -> list[Part]:
        """Cut batches and what was made of them into parts of ``sub_batch_size``."""
        size, n_segments = self.experiment.sub_batch_size, sum(len(batch.names) for batch in batches)
        return [
            Part(names, batch.clean[first : first + size], fake[first : first + size], len(names) / n_segments)
            for batch, fake in zip(batches, fakes, strict=True)
            for first in range(0, len(batch.names), size)
            for names in [batch.names[first : first + size]]
        ]

    def train_discriminator(self, parts: Sequence[Part], names: list[str]) -> dict[str, float]:
        """LMOS is the only loss here."""
        return {}

    def generator_losses(self, real: Tensor, fake: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """The weighted total and its parts, for waveforms (batch, 1, samples)."""
        config = self.experiment
        if self.objective:
            return self.objective(estimate=fake, reference=real)
        losses = lmos(fake, real, self.wavlm, self.sample_rate, config.lmos_feature)
        return config.lmos_weight * (losses["lmos_features"] + losses["lmos_spectrum"]), losses

    def enhance(self, degraded: Tensor) -> Tensor:
        """Restore a held-out clip (1, 1, samples)."""
        degraded = degraded.to(self.engine.fabric.device)
        generator = self.engine.modules["generator"]  # as it is, not as wrapped for several devices
        with self.engine.autocast():
            return generator(degraded, self.wavlm(degraded)).float().cpu()

    def validate(self) -> dict[str, float]:
        """Mel L1 and SI-SDR of the restored clips, and of the degraded ones as they are, at the output's rate."""
        return measure(self.held_out, self.enhance, replace(self.experiment.audio, sample_rate=self.sample_rate))

    def render(self) -> dict[str, Audio]:
        """Restore the first held-out clips."""
        clips = list(self.held_out.items())[:N_RENDERED]
        return {name: Audio(self.enhance(degraded)[0, 0].numpy(), self.sample_rate) for name, (degraded, _) in clips}

    def heard(self, n_clips: int) -> dict[str, Heard]:
        """Restore held-out clips, beside the clean ones."""
        return heard_clips(self.held_out, self.enhance, self.sample_rate, n_clips)

    def card(self) -> dict[str, Any]:
        """Model, sizes, the WavLM that it needs, what it is for, and data."""
        return {"model": "finally_gen", "sizes": self.sizes, "wavlm": self.experiment.model.wavlm,
                "task": "universal enhancement", "input_band_hz": self.experiment.audio.sample_rate // 2,
                "data": describe_data(self.pairs, self.dataset, self.experiment)}  # fmt: skip


class AdversarialFinallyRecipe(FinallyRecipe):
    """Generator against a fresh discriminator and, in stage 3, for better PESQ and UTMOS: the later stages."""

    experiment: FinallyStage2Experiment | FinallyStage3Experiment
    given = ("estimate", "reference", "real", "fake")

    def build(self, engine) -> None:
        """Make also the discriminator, and the networks of the perceptual losses."""
        super().build(engine)
        config, device = self.experiment, engine.fabric.device
        self.networks["discriminator"] = build("ms-stft_disc", **to_dict(config.discriminator))
        self.pesq = make_pesq().to(device) if config.pesq_weight and not config.losses else None
        self.utmos = load_utmos().to(device) if config.utmos_weight and not config.losses else None

    def optimiser_config(self, name: str) -> OptimiserConfig:
        """The discriminator learns at its own rate."""
        return self.experiment.discriminator_optimiser if name == "discriminator" else self.experiment.optimiser

    def train_discriminator(self, parts: Sequence[Part], names: list[str]) -> dict[str, float]:
        """Take several steps on the same speech; the numbers are means over them, the loss also over the parts."""
        discriminator, metrics = self.networks["discriminator"], {}
        if self.objective and not self.objective.is_judged:
            return metrics
        weight = self.objective.discriminator_weight if self.objective else 1.0
        n_steps, norms = self.experiment.n_discriminator_steps, 0.0
        for _ in range(n_steps):
            for part in parts:
                judged = discriminator(part.real)
                loss = discriminator_loss(judged, discriminator(part.fake.detach()))
                self.engine.backward(weight * part.share * loss, part.names)
                losses = {"discriminator/loss": loss, "discriminator/loss_per_network": loss / len(judged)}
                add(metrics, losses, part.share / n_steps)
            norms += self.engine.update("discriminator", names)
        return metrics | {"gradient_norm/discriminator": norms / n_steps}

    def generator_losses(self, real: Tensor, fake: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """The weighted total and its parts, for waveforms (batch, 1, samples)."""
        config, rate = self.experiment, self.sample_rate
        if self.objective:
            judged_real, judged = self.judge(real, fake) if self.objective.is_judged else ([], [])
            return self.objective(estimate=fake, reference=real, real=judged_real, fake=judged)
        losses = lmos(fake, real, self.wavlm, rate, config.lmos_feature)
        judged_real, judged = self.judge(real, fake)
        losses["adversarial"] = generator_loss(judged)
        losses["feature"] = feature_loss(judged_real, judged, mode="relative")
        if self.pesq is not None:
            losses["pesq"] = pesq(fake, real, self.pesq, rate)
        if self.utmos is not None:
            losses["utmos"] = utmos(fake, self.utmos, rate)
        weights = {
            "lmos_features": config.lmos_weight,
            "lmos_spectrum": config.lmos_weight,
            "adversarial": config.adversarial_weight,
            "feature": config.feature_weight,
            "pesq": config.pesq_weight,
            "utmos": config.utmos_weight,
        }
        return sum(weights[name] * loss for name, loss in losses.items()), losses

    def judge(self, real: Tensor, fake: Tensor) -> tuple[list, list]:
        """Judgements of both by the discriminator, which does not learn from them."""
        discriminator = self.engine.modules["discriminator"]  # no gradient of its own is waited for on other devices
        with frozen(discriminator), self.engine.autocast():
            with torch.no_grad():
                judged_real = discriminator(real)
            return judged_real, discriminator(fake)


@contextlib.contextmanager
def frozen(network: nn.Module) -> Iterator[None]:
    """Compute no gradients of a network's own parameters."""
    network.requires_grad_(False)
    try:
        yield
    finally:
        network.requires_grad_(True)


def add(metrics: dict[str, float], values: dict[str, Tensor], share: float) -> None:
    """Add a share of each value to the metric of its name."""
    for name, value in values.items():
        metrics[name] = metrics.get(name, 0.0) + share * value.item()


def features_of_crops(features: Tensor, starts: Tensor, samples: int) -> Tensor:
    """Cut the frames of crops out of the features of what lies around them.

    Args:
        features: of WavLM, (batch, channels, frames).
        starts: sample at which each crop begins, (batch,); multiples of 320 keep the frames where they would be if the
            crop were a recording of its own.
        samples: of the crops.

    Returns:
        (batch, channels, n), one frame more than WavLM would give for so many samples; at the end the last is repeated.
    """
    _, channels, n_frames = features.shape
    frames = starts.unsqueeze(1) // WAVLM_HOP + torch.arange(samples // WAVLM_HOP + 1, device=starts.device)
    frames = frames.clamp(max=n_frames - 1)  # (batch, n)
    return features.gather(2, frames.unsqueeze(1).expand(-1, channels, -1))
