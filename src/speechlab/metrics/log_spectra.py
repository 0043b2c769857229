"""Distances between log spectra: of mels, as vocoders are trained on, and of the spectra themselves."""

from dataclasses import replace
from functools import lru_cache

import numpy as np
import torch

from speechlab.audio.mel import stft_magnitude
from speechlab.config import AudioSpec
from speechlab.metrics.base import Metric
from speechlab.metrics.checks import require_measurable
from speechlab.metrics.spectral import mel_l1

LONGEST_S = 300  # below 1 GB at 48 kHz
FLOOR_DB = -100.0  # of a full-scale sine; 16-bit recordings go no lower


@lru_cache(maxsize=8)
def full_band_spec(sample_rate: int) -> AudioSpec:
    """The project's analysis up to the Nyquist frequency, its window of 46 ms and hop of 12 ms kept at any rate."""
    project = AudioSpec()
    hop_length = 2 * round(project.hop_length / 2 * sample_rate / project.sample_rate)
    window = 4 * hop_length
    return replace(
        project, sample_rate=sample_rate, n_fft=window, win_length=window, hop_length=hop_length, f_max=sample_rate / 2
    )


class L1MelDifference(Metric):
    """Mean absolute difference of log-mels at the pair's own rate; good vocoders reach 0.2 to 0.4."""

    outputs = ("l1_mel_diff",)
    unit = "ln"
    higher_is_better = False
    needs_reference = True
    version = "80 Slaney bands, 0 Hz to Nyquist, Hann 46 ms, hop 12 ms, ln, floor 1e-5"

    def compute(self, estimate, reference, sample_rate, text) -> float:
        """Score a pair."""
        require_measurable(estimate, reference, sample_rate, LONGEST_S)
        return mel_l1(estimate, reference, full_band_spec(sample_rate))


def log_spectrum(waveform: np.ndarray, sample_rate: int) -> torch.Tensor:
    """Spectrum in dB of a full-scale sine, not below the floor.

    Args:
        waveform: (samples,).

    Returns:
        (bins, frames), without the bin of 0 Hz.
    """
    spec = full_band_spec(sample_rate)
    batch = torch.from_numpy(np.asarray(waveform, np.float32)).view(1, 1, -1)
    magnitude = stft_magnitude(batch, spec.n_fft, spec.hop_length, spec.win_length, spec.padding)[0, 1:]
    amplitude = magnitude / (spec.win_length / 4)  # half the sum of a Hann window: a sine's amplitude
    return 20 * amplitude.log10().clamp(min=FLOOR_DB / 20)


def log_spectral_distance(estimate: np.ndarray, reference: np.ndarray, sample_rate: int) -> float:
    """Root of the mean squared difference over frequency, in dB, averaged over frames (Gray and Markel, 1976).

    Args:
        estimate, reference: (samples,), equally long, longer than 20 ms.
    """
    difference = log_spectrum(estimate, sample_rate) - log_spectrum(reference, sample_rate)
    return difference.square().mean(dim=0).sqrt().mean().item()


class LogSpectralDistance(Metric):
    """Log-spectral distance in decibels of magnitude, at the pair's own rate; silent frames count as any others."""

    outputs = ("lsd",)
    unit = "dB"
    higher_is_better = False
    needs_reference = True
    version = f"20 log10, Hann 46 ms, hop 12 ms, floor {FLOOR_DB:.0f} dB of full scale"

    def compute(self, estimate, reference, sample_rate, text) -> float:
        """Score a pair."""
        require_measurable(estimate, reference, sample_rate, LONGEST_S)
        return log_spectral_distance(estimate, reference, sample_rate)
