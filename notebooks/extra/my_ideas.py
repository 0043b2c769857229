"""A vocoder, a loss, a metric, a corpus and a trainer of one's own, in one file outside the package.

``speechlab train my_vocoder.yaml --import my_ideas.py`` trains with them; see ``your_own_model.ipynb``.
"""

from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from speechlab.config import EXPERIMENTS, Bounded, CorpusConfig, HiFiGANExperiment, Width
from speechlab.data.corpora import Corpus
from speechlab.metrics.base import Metric
from speechlab.registry import corpora, losses, metrics, models, trainers
from speechlab.training.recipes.vocoder import VocoderRecipe

WINDOW, HOP = 512, 128  # samples, over which loudness is taken
FLOOR = 1e-4  # of full scale


@models.register("overlap_add_gen")
class OverlapAddVocoder(nn.Module):
    """Learn one piece of waveform for each mel frame, and add the pieces where they overlap."""

    def __init__(self, n_mels: int, n_fft: int, hop_length: int, channels: int = 256):
        super().__init__()
        self.listen = nn.Conv1d(n_mels, channels, kernel_size=7, padding=3)
        self.speak = nn.ConvTranspose1d(channels, 1, n_fft, hop_length, padding=(n_fft - hop_length) // 2)

    def forward(self, mel: Tensor) -> Tensor:
        """Turn mel (batch, n_mels, frames) into waveform (batch, 1, frames * hop) in [-1, 1]."""
        return torch.tanh(self.speak(F.gelu(self.listen(mel))))


def loudness_db(waveform: Tensor) -> Tensor:
    """Level of each window of a waveform (batch, 1, samples) in dB of full scale, (batch, windows)."""
    power = F.avg_pool1d(waveform.square(), WINDOW, HOP, padding=WINDOW // 2).squeeze(1)
    return 10 * torch.log10(power + FLOOR**2)


@losses.register("loudness")
def loudness_loss(estimate: Tensor, reference: Tensor) -> Tensor:
    """Compare how the loudness of two waveforms (batch, 1, samples) goes up and down, in dB."""
    return (loudness_db(estimate) - loudness_db(reference)).abs().mean()


@metrics.register("loudness_error")
class LoudnessError(Metric):
    """How far, on average, the loudness of an estimate is from its reference's."""

    outputs, unit, version = ("loudness_error",), "dB", "my ideas, 1"
    needs_reference, higher_is_better = True, False

    def compute(self, estimate: np.ndarray, reference: np.ndarray, sample_rate: int, text: str | None) -> float:
        """Measure one pair of recordings, (samples,) each."""
        return loudness_loss(*(torch.from_numpy(signal)[None, None] for signal in (estimate, reference))).item()


@corpora.register("short_sentences")
def short_sentences(config: CorpusConfig) -> Corpus:
    """Take the shorter half of the embedded corpus."""
    corpus = corpora["embedded"](config)
    longest = np.median([len(utterance.text) for utterance in corpus.utterances])
    short = tuple(utterance for utterance in corpus.utterances if len(utterance.text) <= longest)
    return replace(corpus, name="short-sentences", utterances=short)


@dataclass(frozen=True)
class OverlapAddSizes(Bounded):
    """What can be set under ``model`` in YAML; the trainer adds what the constructor asks of the mel analysis."""

    name: str = "overlap_add_gen"
    channels: Width = 256


@EXPERIMENTS.register("overlap_add_trainer")
@dataclass(frozen=True)
class OverlapAddExperiment(HiFiGANExperiment):
    """HiFi-GAN's experiment, and its profiles, with another model."""

    recipe: str = "overlap_add_trainer"
    model: OverlapAddSizes = field(default_factory=OverlapAddSizes)


@trainers.register("overlap_add_trainer")
class OverlapAddTrainer(VocoderRecipe):
    """HiFi-GAN's trainer, which also says how far the loudness of held-out clips is off."""

    def validate(self) -> dict[str, float]:
        """Measure copy synthesis of the held-out clips."""
        off = [loudness_loss(self.resynthesise(clip), clip).item() for _, clip in self.held_out]
        return super().validate() | {"loudness": float(np.mean(off))}
