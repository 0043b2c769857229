"""Train HiFi++ to remove noise or to extend the bandwidth (arXiv:2203.13086): HiFi-GAN's losses."""

import contextlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from speechlab.audio.io import Audio
from speechlab.audio.mel import MelSpectrogram
from speechlab.audio.resample import resample_tensor
from speechlab.config import EnhancementExperiment, HiFiPPExperiment, to_dict
from speechlab.data.corpora import TRAIN, VALIDATION
from speechlab.data.pairs import EnhancementBatch, EnhancementDataset, PairSet, collate_enhancement, load_pairs
from speechlab.data.sources import SUBSTITUTES, described, with_folders
from speechlab.errors import SpeechlabError
from speechlab.losses.enhancement import make_pesq, pesq
from speechlab.losses.enhancement import si_sdr as si_sdr_loss
from speechlab.losses.spectral import compressed_spectrum_loss
from speechlab.metrics.base import Unmeasurable
from speechlab.metrics.si_sdr import si_sdr
from speechlab.models import build
from speechlab.training.recipes.vocoder import VocoderRecipe, make_discriminators
from speechlab.training.validation import Heard

N_RENDERED = 3  # validation clips kept for the time-travel player
VALIDATION_S = 4.096  # of each validation clip
GRID = 4096  # samples at 16 kHz: segments that are a multiple of it need no padding
VOCODER = "hifi++_gen"  # hears the mel alone


class HiFiPPRecipe(VocoderRecipe):
    """Generator against three equal discriminators; for the first ``generator_only_steps`` it learns alone."""

    collate = staticmethod(collate_enhancement)
    experiment: HiFiPPExperiment

    def build(self, engine) -> None:
        """Make generator, discriminators, the mels and the data."""
        config, self.engine = self.experiment, engine
        sizes = to_dict(config.model)
        self.networks["generator"] = build(sizes.pop("name"), **sizes)
        self.networks["discriminator"] = make_discriminators(config.discriminator)
        self.loss_mel = MelSpectrogram(config.audio, f_max=config.audio.sample_rate / 2).to(engine.fabric.device)
        self.mel = MelSpectrogram(config.audio).to(engine.fabric.device)
        self.objective = self.make_objective()
        self.pesq = make_pesq().to(engine.fabric.device) if config.pesq_weight and not config.losses else None
        self.pairs, self.dataset = make_dataset(config, config.audio.sample_rate)
        tell_substitutes(self.pairs, config, engine.say)
        self.held_out = hold_out(self.pairs, self.dataset, engine.say)

    def hear(self, generator: nn.Module, degraded: Tensor) -> Tensor:
        """Enhance (batch, 1, samples), or, where the generator is a vocoder, synthesise from its mel."""
        return generator(self.mel(degraded) if self.experiment.model.name == VOCODER else degraded).float()

    def generate(self, generator: nn.Module, batch: EnhancementBatch) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
        """Clean and enhanced waveforms, (batch, 1, samples) each; nothing else is learned."""
        return batch.clean, self.hear(generator, batch.degraded), {}

    def generator_losses(self, real: Tensor, fake: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """The weighted total and its parts, for waveforms (batch, 1, samples)."""
        total, parts = super().generator_losses(real, fake)
        if self.objective:
            return total, parts
        if self.experiment.spectrum_weight:
            parts["spectrum"] = compressed_spectrum_loss(fake, real)
            total = total + self.experiment.spectrum_weight * parts["spectrum"]
        if self.experiment.si_sdr_weight:
            parts["si_sdr"] = si_sdr_loss(fake, real)
            total = total + self.experiment.si_sdr_weight * parts["si_sdr"]
        if self.pesq is not None:
            parts["pesq"] = pesq(fake, real, self.pesq, self.experiment.audio.sample_rate)
            total = total + self.experiment.pesq_weight * parts["pesq"]
        return total, parts

    def enhance(self, degraded: Tensor) -> Tensor:
        """Enhance a held-out clip (1, 1, samples)."""
        generator = self.engine.modules["generator"]  # as it is, not as wrapped for several devices
        with self.engine.autocast():
            return self.hear(generator, degraded.to(self.engine.fabric.device)).cpu()

    def validate(self) -> dict[str, float]:
        """Mel L1 and SI-SDR of the enhanced clips, and of the degraded ones as they are."""
        return measure(self.held_out, self.enhance, self.experiment.audio)

    def render(self) -> dict[str, Audio]:
        """Enhance the first held-out clips."""
        rate = self.experiment.audio.sample_rate
        return {name: Audio(self.enhance(degraded)[0, 0].numpy(), rate) for name, (degraded, _) in
                list(self.held_out.items())[:N_RENDERED]}  # fmt: skip

    def heard(self, n_clips: int) -> dict[str, Heard]:
        """Enhance held-out clips, beside the clean ones."""
        return heard_clips(self.held_out, self.enhance, self.experiment.audio.sample_rate, n_clips)

    def card(self) -> dict[str, Any]:
        """Model, sizes, what it is for, and data."""
        sizes = to_dict(self.experiment.model)
        task, band = task_of(self.experiment)
        role = "vocoder" if self.experiment.model.name == VOCODER else "enhancer"
        return {"model": sizes.pop("name"), "role": role, "sizes": sizes, "task": task, "input_band_hz": band,
                "data": describe_data(self.pairs, self.dataset, self.experiment)}  # fmt: skip


def make_dataset(config: EnhancementExperiment, clean_rate: int, context_length: int = 0):
    """Load an experiment's pairs: the set, and the crops of those to train on.

    Raises:
        SpeechlabError: the segment does not fit the networks' grids, or nothing is left to train on.
    """
    if config.segment_length % GRID:
        raise SpeechlabError(f"segment_length must be a multiple of {GRID}, got {config.segment_length}")
    pairs = load_pairs(config.data)
    training = pairs.split(TRAIN) * pairs.repeats
    if not training:
        raise SpeechlabError(f"no recording to train on was found in {pairs.name}")
    rate, seed = config.audio.sample_rate, config.training.seed
    degradation = with_folders(config.degradation)
    return pairs, EnhancementDataset(
        training, config.data, degradation, rate, clean_rate, config.segment_length, seed, context_length
    )


def hold_out(pairs: PairSet, dataset: EnhancementDataset, say) -> dict[str, tuple[Tensor, Tensor]]:
    """Beginnings of the validation pairs, always degraded alike: degraded and clean, (1, 1, samples) each, by name."""
    samples, clips = int(VALIDATION_S * dataset.input_rate), {}
    for index, pair in enumerate(pairs.split(VALIDATION)[: dataset.data.n_validation]):
        try:
            signals = dataset.excerpt(pair, samples, (dataset.seed, index))
        except SpeechlabError as error:
            say(f"left out: {error}")
            continue
        clips[pair.id] = tuple(torch.from_numpy(signal)[None, None] for signal in signals)
    return clips


def measure(clips: Mapping[str, tuple[Tensor, Tensor]], enhance, audio) -> dict[str, float]:
    """Mean over clips of mel L1 and SI-SDR in dB against the clean one, before and after ``enhance``.

    Args:
        clips: degraded (1, 1, samples) and clean, at the rate of ``audio``, which may be higher.
    """
    mel, rows = MelSpectrogram(audio, f_max=audio.sample_rate / 2), []
    for degraded, clean in clips.values():
        row, input_rate = {}, audio.sample_rate * degraded.shape[-1] // clean.shape[-1]
        heard = resample_tensor(degraded, input_rate, audio.sample_rate)
        for name, estimate in {"": enhance(degraded), "input_": heard}.items():
            row[f"{name}mel_l1"] = (mel(estimate) - mel(clean)).abs().mean().item()
            with contextlib.suppress(Unmeasurable):  # a clip may begin with silence
                row[f"{name}si_sdr"] = si_sdr(estimate.flatten().numpy(), clean.flatten().numpy())
        rows.append(row)
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: float(np.mean([row[name] for row in rows if name in row])) for name in names}


def heard_clips(clips: Mapping[str, tuple[Tensor, Tensor]], enhance, rate: int, n_clips: int) -> dict[str, Heard]:
    """Enhance the first of some clips, degraded and clean, for metrics to score at the rate of the clean ones."""
    return {
        name: Heard(Audio(enhance(degraded)[0, 0].numpy(), rate), Audio(clean[0, 0].numpy(), rate))
        for name, (degraded, clean) in list(clips.items())[:n_clips]
    }


def task_of(config: EnhancementExperiment) -> tuple[str, int]:
    """What the data teach: the task's name, and the frequency in Hz up to which the input is heard."""
    half = config.audio.sample_rate // 2
    if config.degradation.band_hz:
        return "bandwidth extension", max(config.degradation.band_hz)
    return "denoising", half


def describe_data(pairs: PairSet, dataset: EnhancementDataset, config: EnhancementExperiment) -> dict[str, Any]:
    """What a model's card says of its data, and of what the clean speech was degraded by."""
    data = {"corpus": pairs.name, "licence": pairs.licence, "citation": pairs.citation, "n_training": len(dataset),
            "hash": pairs.content_hash}  # fmt: skip
    return data | {"degraded_by": degraded_by(pairs, config)}


def degraded_by(pairs: PairSet, config: EnhancementExperiment) -> dict[str, str]:
    """Say of what noises, rooms and microphones are made; nothing where the pairs are recordings all of them."""
    return described(config.degradation) if any(pair.noisy is None for pair in pairs.pairs) else {}


def tell_substitutes(pairs: PairSet, config: EnhancementExperiment, say) -> None:
    """Say what is simulated, or left out, for want of recordings; of the embedded corpus everything is."""
    made = {} if config.data.name == "embedded" else degraded_by(pairs, config)
    instead = ", ".join(f"{kind}: {by}" for kind, by in made.items() if by in SUBSTITUTES)
    if instead:
        say(f"{config.name}: no recordings are named for {instead} (such as degradation.noises=[FOLDER])")
