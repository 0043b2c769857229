"""Log-mel analysis for neural vocoders, as in HiFi-GAN (arXiv:2010.05646): Slaney filters, padding without centring.

Reflecting (n_fft - hop) / 2 samples on both sides makes frames == samples // hop and centres frame t on sample
hop * t + hop / 2.
"""

import math
from functools import lru_cache
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from speechlab.audio.scale import CoquiScale
from speechlab.config import AudioSpec
from speechlab.errors import SpeechlabError

SLANEY_BREAK_HZ = 1000.0  # linear below, logarithmic above
SLANEY_HZ_PER_MEL = 200.0 / 3.0
SLANEY_LOG_STEP = math.log(6.4) / 27.0


def hz_to_mel(frequency: float) -> float:
    """Convert Hz to Slaney mels: linear to 1 kHz, logarithmic above (M. Slaney, Auditory Toolbox, 1998)."""
    if frequency < SLANEY_BREAK_HZ:
        return frequency / SLANEY_HZ_PER_MEL
    return SLANEY_BREAK_HZ / SLANEY_HZ_PER_MEL + math.log(frequency / SLANEY_BREAK_HZ) / SLANEY_LOG_STEP


def mel_to_hz(mels: Tensor) -> Tensor:
    """Convert Slaney mels to Hz, any shape."""
    break_mel = SLANEY_BREAK_HZ / SLANEY_HZ_PER_MEL
    logarithmic = SLANEY_BREAK_HZ * torch.exp((mels - break_mel) * SLANEY_LOG_STEP)
    return torch.where(mels < break_mel, mels * SLANEY_HZ_PER_MEL, logarithmic)


@lru_cache(maxsize=16)
def mel_filters(spec: AudioSpec, f_max: float | None = None) -> Tensor:
    """Build the triangular filter bank, each filter of unit area in Hz (Slaney's normalisation).

    Args:
        f_max: upper edge in Hz; ``None`` takes the one of the spec.

    Returns:
        Weights, (n_mels, n_fft // 2 + 1), float32.
    """
    top = spec.f_max if f_max is None else f_max
    # the device is named, as a model built on another one would cache its own
    exact: dict[str, Any] = {"dtype": torch.float64, "device": "cpu"}
    edges = mel_to_hz(torch.linspace(hz_to_mel(spec.f_min), hz_to_mel(top), spec.n_mels + 2, **exact))
    bins = torch.linspace(0, spec.sample_rate / 2, spec.n_fft // 2 + 1, **exact)
    left, centre, right = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    rising, falling = (bins - left) / (centre - left), (right - bins) / (right - centre)
    triangles = torch.minimum(rising, falling).clamp(min=0)
    return (triangles * 2 / (right - left)).float()


def stft_magnitude(waveform: Tensor, n_fft: int, hop_length: int, win_length: int, padding: int) -> Tensor:
    """Magnitudes of the short-time Fourier transform with reflection padding.

    Args:
        waveform: (batch, 1, samples), longer than ``padding``.
        padding: samples reflected on each side.

    Returns:
        (batch, n_fft // 2 + 1, frames); never exactly zero, so that its gradient is finite.
    """
    padded = F.pad(waveform.float(), (padding, padding), mode="reflect").squeeze(1)
    window = torch.hann_window(win_length, device=waveform.device)
    spectrum = torch.stft(padded, n_fft, hop_length, win_length, window, center=False, return_complex=True)
    return torch.sqrt(spectrum.real.square() + spectrum.imag.square() + 1e-9)


class MelSpectrogram(nn.Module):
    """Waveform to natural-log mel, differentiable.

    Args:
        spec: the analysis.
        f_max: another upper edge in Hz; the vocoder's loss listens up to the Nyquist frequency.
    """

    filters: Tensor

    def __init__(self, spec: AudioSpec, f_max: float | None = None):
        super().__init__()
        self.spec = spec
        self.register_buffer("filters", mel_filters(spec, f_max).clone(), persistent=False)

    def magnitude(self, waveform: Tensor) -> Tensor:
        """Linear magnitudes (batch, n_fft // 2 + 1, frames) of a waveform (batch, 1, samples)."""
        if waveform.shape[-1] <= self.spec.padding:
            waveform = F.pad(waveform, (0, self.spec.padding + 1 - waveform.shape[-1]))
        spec = self.spec
        return stft_magnitude(waveform, spec.n_fft, spec.hop_length, spec.win_length, spec.padding)

    def from_magnitude(self, magnitude: Tensor) -> Tensor:
        """Mel (batch, n_mels, frames), on the spec's scale, of linear magnitudes (batch, n_fft // 2 + 1, frames)."""
        if self.spec.scale == "coqui":
            return CoquiScale().encode(torch.matmul(self.filters, magnitude))
        return torch.matmul(self.filters, magnitude).clamp(min=self.spec.log_floor).log()

    def forward(self, waveform: Tensor) -> Tensor:
        """Analyse a waveform.

        Args:
            waveform: (batch, 1, samples) in [-1, 1].

        Returns:
            Log-mel, (batch, n_mels, frames) with frames == samples // hop_length.

        Raises:
            SpeechlabError: the waveform is not three-dimensional.
        """
        if waveform.ndim != 3 or waveform.shape[1] != 1:
            raise SpeechlabError(f"a waveform must be (batch, 1, samples), got {tuple(waveform.shape)}")
        with torch.autocast(waveform.device.type, enabled=False):  # half precision loses the quiet bins
            return self.from_magnitude(self.magnitude(waveform.float()))
