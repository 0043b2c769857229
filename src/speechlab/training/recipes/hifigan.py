"""Train a HiFi-GAN vocoder (arXiv:2010.05646, section 2): mel L1, adversarial and feature-matching losses."""

from collections.abc import Sequence
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
from speechlab.losses.adversarial import discriminator_loss, feature_loss, generator_loss
from speechlab.losses.spectral import multi_resolution_stft_loss
from speechlab.models import build
from speechlab.training.recipes.base import Recipe, recipes
from speechlab.training.teacher import teacher_forced_mels

N_RENDERED = 3  # validation clips kept for the time-travel player
MAX_VALIDATION_S = 6.0  # of each validation clip


class Discriminators(nn.Module):
    """Several discriminators that judge together; their outputs are joined into one list."""

    def __init__(self, networks: dict[str, nn.Module]):
        super().__init__()
        self.networks = nn.ModuleDict(networks)

    def forward(self, waveform: Tensor) -> list:
        """Score (batch, 1, samples) by every sub-discriminator of every network."""
        return [output for network in self.networks.values() for output in network(waveform)]


def make_discriminators(config: DiscriminatorConfig) -> Discriminators:
    """Build the discriminators that a config names."""
    return Discriminators({name: build(name, width=config.width) for name in config.names})


@recipes.register("hifigan_trainer")
class HiFiGANRecipe(Recipe):
    """Generator against discriminators; for the first ``generator_only_steps`` the generator learns alone."""

    main = "generator"
    collate = staticmethod(collate_vocoder)
    experiment: HiFiGANExperiment

    def build(self, engine) -> None:
        """Make generator, discriminators, the loss's full-band mel and the data."""
        config = self.experiment
        if config.segment_length % config.audio.hop_length:
            raise SpeechlabError(
                f"segment_length must be a multiple of the hop, {config.audio.hop_length}, got {config.segment_length}"
            )
        self.engine = engine
        self.networks["generator"] = build("hifigan_gen", preset=config.model.preset, n_mels=config.audio.n_mels)
        self.networks["discriminator"] = make_discriminators(config.discriminator)
        device = engine.fabric.device
        self.mel = MelSpectrogram(config.audio).to(device)
        self.loss_mel = MelSpectrogram(config.audio, f_max=config.audio.sample_rate / 2).to(device)
        self.corpus = load_corpus(config.corpus)
        mels = teacher_forced_mels(config.acoustic_model, config) if config.acoustic_model else None
        training = self.corpus.split("train")
        if mels is not None:
            training = [utterance for utterance in training if mel_path(mels, utterance.id).is_file()]
        if not training:
            raise SpeechlabError(f"no training utterance was found in {config.corpus.path or config.corpus.name}")
        segment, seed = config.segment_length, config.training.seed
        self.dataset = VocoderDataset(training, config.corpus, config.audio, segment, seed, mels)
        self.held_out = self.load_held_out()

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
        return self.engine.step > self.experiment.generator_only_steps

    def train_step(self, batches: Sequence[VocoderBatch]) -> dict[str, float]:
        """One discriminator step, then one generator step on the same generated audio (section 2.2)."""
        generator, discriminator = self.networks["generator"], self.networks["discriminator"]
        names = [name for batch in batches for name in batch.names]
        metrics: dict[str, float] = {}
        reals, fakes = zip(*(self.generate(generator, batch) for batch in batches), strict=True)
        if self.adversarial:
            loss = 0.0
            for real, fake in zip(reals, fakes, strict=True):
                judged = discriminator(real)
                judged_loss, n_judges = discriminator_loss(judged, discriminator(fake.detach())), len(judged)
                self.engine.backward(judged_loss / len(batches), names)
                loss += judged_loss.item() / len(batches)
            norm = self.engine.update("discriminator", names)
            metrics |= {"discriminator/loss": loss, "discriminator/loss_per_network": loss / n_judges,
                        "gradient_norm/discriminator": norm}  # fmt: skip
        for real, fake in zip(reals, fakes, strict=True):
            total, parts = self.generator_losses(real, fake)
            self.engine.backward(total / len(batches), names)
            for name, value in {**parts, "loss": total}.items():
                metrics[name] = metrics.get(name, 0.0) + value.item() / len(batches)
        metrics["gradient_norm/generator"] = self.engine.update("generator", names)
        self.engine.optimisers["discriminator"].zero_grad()  # the generator's step has left gradients there
        return metrics

    def generate(self, generator: nn.Module, batch: VocoderBatch) -> tuple[Tensor, Tensor]:
        """Real and generated waveforms, (batch, 1, samples) each."""
        mel = self.mel(batch.waveform) if batch.mel is None else batch.mel
        return batch.waveform, generator(mel).float()

    def generator_losses(self, real: Tensor, fake: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """The weighted total and its parts, for waveforms (batch, 1, samples)."""
        config = self.experiment
        parts = {"mel_l1": (self.loss_mel(fake) - self.loss_mel(real)).abs().mean()}
        total = config.mel_weight * parts["mel_l1"]
        if config.stft_weight:
            parts["stft"] = multi_resolution_stft_loss(fake, real)
            total = total + config.stft_weight * parts["stft"]
        if self.adversarial:
            discriminator = self.networks["discriminator"]
            with torch.no_grad():
                judged_real = discriminator(real)
            judged = discriminator(fake)
            parts |= {"adversarial": generator_loss(judged), "feature": feature_loss(judged_real, judged)}
            total = total + parts["adversarial"] + config.feature_weight * parts["feature"]
        return total, parts

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

    def card(self) -> dict[str, Any]:
        """Model, sizes and data."""
        sizes = {**to_dict(self.experiment.model), "n_mels": self.experiment.audio.n_mels}
        data = {"corpus": self.corpus.name, "licence": self.corpus.licence, "citation": self.corpus.citation,
                "n_training": len(self.dataset), "hash": self.corpus.content_hash,
                "loudness": self.experiment.corpus.loudness}  # fmt: skip
        return {"model": "hifigan_gen", "sizes": sizes, "data": data}
