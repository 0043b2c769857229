"""Train a vocoder, HiFi-GAN (arXiv:2010.05646) or Vocos (arXiv:2306.00814).

Both learn by mel L1, adversarial and feature-matching losses. What is trained, and against what, the config says.
"""

import contextlib
import inspect
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from speechlab.audio.griffin_lim import mel_to_waveform
from speechlab.audio.io import Audio
from speechlab.audio.mel import MelSpectrogram
from speechlab.config import DiscriminatorConfig, HiFiGANExperiment, to_dict
from speechlab.data.corpora import load_corpus
from speechlab.data.datasets import VocoderBatch, VocoderDataset, collate_vocoder, mel_path
from speechlab.data.waveforms import load_waveform
from speechlab.errors import SpeechlabError
from speechlab.losses.adversarial import feature_loss
from speechlab.losses.enhancement import make_pesq
from speechlab.losses.spectral import mel_loss, multi_resolution_stft_loss
from speechlab.models import build
from speechlab.registry import adversarial_losses, models
from speechlab.training.judges import load_utmos, load_wavlm
from speechlab.training.objective import Objective
from speechlab.training.recipes.base import Recipe
from speechlab.training.validation import Heard

N_RENDERED = 3  # validation clips kept for the time-travel player
MAX_VALIDATION_S = 6.0  # of each validation clip


Judged = dict[str, list]
"""By family: what each of its networks says."""


class Discriminators(nn.Module):
    """Families of discriminators that are used together."""

    def __init__(self, networks: dict[str, nn.Module]):
        super().__init__()
        self.networks = nn.ModuleDict(networks)

    def forward(self, waveform: Tensor) -> Judged:
        """Score (batch, 1, samples) by every network of every family."""
        return {name: network(waveform) for name, network in self.networks.items()}


def make_discriminators(config: DiscriminatorConfig) -> Discriminators:
    """Build the discriminators that a config names."""
    widths = config.widths or (1.0,) * len(config.names)
    return Discriminators(
        {name: build(name, width=config.width * width) for name, width in zip(config.names, widths, strict=True)}
    )


@contextlib.contextmanager
def frozen(network: nn.Module) -> Iterator[None]:
    """Ask for no gradient of a network's parameters: in the generator's step only its input needs one."""
    parameters = [parameter for parameter in network.parameters() if parameter.requires_grad]
    for parameter in parameters:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in parameters:
            parameter.requires_grad_(True)


class VocoderRecipe(Recipe):
    """Generator against discriminators; for the first ``generator_only_steps`` the generator learns alone."""

    main = "generator"
    collate = staticmethod(collate_vocoder)
    forward_methods = frozenset({"learn"})
    experiment: HiFiGANExperiment

    def build(self, engine) -> None:
        """Make generator, discriminators, the loss's full-band mel and the data."""
        config = self.experiment
        if config.segment_length % config.audio.hop_length:
            raise SpeechlabError(
                f"segment_length must be a multiple of the hop, {config.audio.hop_length}, got {config.segment_length}"
            )
        self.engine = engine
        self.networks["generator"] = build(self.model, **self.sizes())
        self.networks["discriminator"] = make_discriminators(config.discriminator)
        device = engine.fabric.device
        self.mel = MelSpectrogram(config.audio).to(device)
        self.loss_mel = MelSpectrogram(config.audio, f_max=config.audio.sample_rate / 2).to(device)
        self.objective = self.make_objective()
        self.corpus = load_corpus(config.corpus)
        mels = None
        if config.acoustic_model:
            from speechlab.training.teacher import teacher_forced_mels  # the acoustic models, for those who need one

            mels = teacher_forced_mels(config.acoustic_model, config)
        training = self.corpus.split("train")
        if mels is not None:
            training = [utterance for utterance in training if mel_path(mels, utterance.id).is_file()]
        if not training:
            raise SpeechlabError(f"no training utterance was found in {config.corpus.path or config.corpus.name}")
        segment, seed = config.segment_length, config.training.seed
        with_pitch = hasattr(self.networks["generator"], "learn")
        self.dataset = VocoderDataset(training, config.corpus, config.audio, segment, seed, mels, with_pitch)
        self.held_out = self.load_held_out()

    def make_objective(self) -> Objective | None:
        """Make the sum of the losses that the experiment lists, if it does; the discriminators' keep their families."""
        config, device = self.experiment, self.engine.fabric.device
        tools = {
            "sample_rate": lambda: config.audio.sample_rate,
            "mel": lambda: self.loss_mel,
            "wavlm": lambda: load_wavlm().to(device),
            "distance": lambda: make_pesq().to(device),
            "utmos_v1.predictor": lambda: load_utmos().to(device),
            "utmos.predictor": lambda: load_utmos("v2").to(device),
        }
        given = ("estimate", "reference", "real", "fake")  # the judgements by family of discriminators
        own = {"gen_loss": self.adversarial_part, "feature_loss": self.feature_part}
        return Objective(config.losses, given, tools, own) if config.losses else None

    @property
    def model(self) -> str:
        """Registered name of the generator."""
        return self.experiment.model.name

    def sizes(self) -> dict[str, Any]:
        """What the generator is built from: its own sizes, and what its constructor asks of the AudioSpec."""
        sizes, audio = to_dict(self.experiment.model), to_dict(self.experiment.audio)
        del sizes["name"]
        asked = inspect.signature(models[self.model]).parameters
        return sizes | {name: value for name, value in audio.items() if name in asked}

    def load_held_out(self) -> list[tuple[str, Tensor]]:
        """Validation clips, whole, cut to a multiple of the hop: (name, (1, 1, samples))."""
        clips, spec = [], self.experiment.audio
        for utterance in self.corpus.split("validation")[: self.experiment.corpus.n_validation]:
            try:
                waveform = load_waveform(utterance.audio_path, spec.sample_rate, self.experiment.corpus)
            except SpeechlabError as error:
                self.engine.say(f"left out: {error}")
                continue
            samples = min(len(waveform), int(MAX_VALIDATION_S * spec.sample_rate)) // spec.hop_length * spec.hop_length
            clips.append((utterance.id, torch.from_numpy(waveform[None, None, :samples])))
        return clips

    @property
    def adversarial(self) -> bool:
        """Whether the discriminators take part at this step."""
        wanted = self.objective.is_judged if self.objective else True
        return wanted and self.engine.step > self.experiment.generator_only_steps

    def train_step(self, batches: Sequence[VocoderBatch]) -> dict[str, float]:
        """One discriminator step, then one generator step on the same generated audio (HiFi-GAN, section 2.2)."""
        generator, discriminator = self.networks["generator"], self.networks["discriminator"]
        names = [name for batch in batches for name in batch.names]
        metrics: dict[str, float] = {}
        reals, fakes, extras = zip(*(self.generate(generator, batch) for batch in batches), strict=True)
        if self.adversarial:
            loss, weight = 0.0, self.objective.discriminator_weight if self.objective else 1.0
            for real, fake in zip(reals, fakes, strict=True):
                judged_loss, undecided = self.discriminator_loss(discriminator(real), discriminator(fake.detach()))
                self.engine.backward(weight * judged_loss / len(batches), names)
                loss += judged_loss.item() / len(batches)
            norm = self.engine.update("discriminator", names)
            metrics |= {"discriminator/loss": loss, "discriminator/loss_per_network": 0.5 * loss / undecided,
                        "gradient_norm/discriminator": norm}  # fmt: skip
        with frozen(discriminator):
            for real, fake, extra in zip(reals, fakes, extras, strict=True):
                total, parts = self.generator_losses(real, fake)
                total = sum(extra.values(), total)
                self.engine.backward(total / len(batches), names)
                for name, value in {**parts, **extra, "loss": total}.items():
                    metrics[name] = metrics.get(name, 0.0) + value.item() / len(batches)
        metrics["gradient_norm/generator"] = self.engine.update("generator", names)
        return metrics

    def generate(self, generator: nn.Module, batch: VocoderBatch) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
        """Real and generated waveforms, (batch, 1, samples) each, and what else the generator is to learn, by name."""
        mel = self.mel(batch.waveform) if batch.mel is None else batch.mel
        if batch.pitch is None:
            return batch.waveform, generator(mel).float(), {}
        fake, pitch_loss = generator.learn(mel, batch.pitch)
        return batch.waveform, fake.float(), {"pitch": pitch_loss}

    def generator_losses(self, real: Tensor, fake: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """The weighted total and its parts, for waveforms (batch, 1, samples)."""
        config = self.experiment
        if self.objective:
            judged = self.judge(real, fake) if self.adversarial else {}
            return self.objective(estimate=fake, reference=real, **judged)
        parts = {"mel_l1": mel_loss(fake, real, self.loss_mel)}
        total = config.mel_weight * parts["mel_l1"]
        if config.stft_weight:
            parts["stft"] = multi_resolution_stft_loss(fake, real)
            total = total + config.stft_weight * parts["stft"]
        if self.adversarial:
            judged = self.judge(real, fake)
            parts["adversarial"], parts["feature"] = self.adversarial_part(judged["fake"]), self.feature_part(**judged)
            total = total + parts["adversarial"] + config.feature_weight * parts["feature"]
        return total, parts

    def judge(self, real: Tensor, fake: Tensor) -> dict[str, Judged]:
        """What the discriminators say of both waveforms, (batch, 1, samples) each."""
        discriminator = self.networks["discriminator"]
        with torch.no_grad():
            judged_real = discriminator(real)
        return {"real": judged_real, "fake": discriminator(fake)}

    def adversarial_part(self, fake: Judged) -> Tensor:
        """The generator's adversarial loss, over all families."""
        loss = adversarial_losses[self.experiment.adversarial_loss].generator
        return sum(share * loss(fake[name]) for name, share in self.shares(fake).items())

    def feature_part(self, real: Judged, fake: Judged) -> Tensor:
        """The feature-matching loss, over all families."""
        return sum(share * feature_loss(real[name], fake[name]) for name, share in self.shares(fake).items())

    def shares(self, judged: Judged) -> dict[str, float]:
        """Weight of each network's loss, by family."""
        config = self.experiment
        weights = config.discriminator.weights or (1.0,) * len(judged)
        averaged = adversarial_losses[config.adversarial_loss].averaged
        return {
            name: weight / (len(judges) if averaged else 1)
            for (name, judges), weight in zip(judged.items(), weights, strict=True)
        }

    def discriminator_loss(self, real: Judged, fake: Judged) -> tuple[Tensor, float]:
        """The discriminators' loss, and what it would be if they could tell nothing apart."""
        loss, shares = adversarial_losses[self.experiment.adversarial_loss], self.shares(real)
        total = sum(share * loss.discriminator(real[name], fake[name]) for name, share in shares.items())
        return total, loss.undecided * sum(share * len(real[name]) for name, share in shares.items())

    def resynthesise(self, waveform: Tensor) -> Tensor:
        """Copy synthesis of a clip (1, 1, samples): analysed, generated again."""
        generator = self.engine.modules["generator"]  # as it is, not as wrapped for several devices
        with self.engine.autocast():
            return generator(self.mel(waveform.to(self.engine.fabric.device))).float().cpu()

    def validate(self) -> dict[str, float]:
        """Mel L1 (up to 8 kHz) of copy synthesis, and of Griffin-Lim from the same mels, over the held-out clips."""
        if not self.held_out:
            return {}
        if not hasattr(self, "griffin_lim_l1"):  # once: it does not change
            self.griffin_lim_l1 = self.mean_mel_l1(lambda clip: mel_to_waveform(self.mel.cpu()(clip), self.mel.spec))
            self.mel.to(self.engine.fabric.device)
        return {"mel_l1": self.mean_mel_l1(self.resynthesise), "griffin_lim_mel_l1": self.griffin_lim_l1}

    def mean_mel_l1(self, resynthesise) -> float:
        """Mean over the held-out clips of |mel(clip) - mel(resynthesised clip)|."""
        mel = MelSpectrogram(self.experiment.audio)
        return sum((mel(resynthesise(clip)) - mel(clip)).abs().mean().item() for _, clip in self.held_out) / len(
            self.held_out
        )

    def render(self) -> dict[str, Audio]:
        """Copy synthesis of the first held-out clips."""
        rate = self.experiment.audio.sample_rate
        return {name: Audio(self.resynthesise(clip)[0, 0].numpy(), rate) for name, clip in self.held_out[:N_RENDERED]}

    def heard(self, n_clips: int) -> dict[str, Heard]:
        """Copy synthesis of held-out clips, beside the recordings."""
        rate = self.experiment.audio.sample_rate
        return {
            name: Heard(Audio(self.resynthesise(clip)[0, 0].numpy(), rate), Audio(clip[0, 0].numpy(), rate))
            for name, clip in self.held_out[:n_clips]
        }

    def card(self) -> dict[str, Any]:
        """Model, sizes and data."""
        data = {"corpus": self.corpus.name, "licence": self.corpus.licence, "citation": self.corpus.citation,
                "n_training": len(self.dataset), "hash": self.corpus.content_hash,
                "loudness": self.experiment.corpus.loudness}  # fmt: skip
        return {"model": self.model, "role": "vocoder", "sizes": self.sizes(), "data": data}
