"""From magnitudes back to sound without learned weights: Griffin-Lim and its fast variant.

D. Griffin and J. Lim, "Signal estimation from modified short-time Fourier transform", 1984;
N. Perraudin, P. Balazs, P. Soendergaard, "A fast Griffin-Lim algorithm", 2013.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from speechlab.audio.mel import mel_filters
from speechlab.audio.scale import CoquiScale
from speechlab.config import AudioSpec
from speechlab.errors import SpeechlabError

ENVELOPE_FLOOR = 1e-8  # the window's squares add up to less only at the outermost samples, which are cut off


def griffin_lim(
    magnitude: Tensor,
    spec: AudioSpec,
    n_iterations: int = 60,
    momentum: float = 0.99,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Find a waveform whose spectrogram has nearly these magnitudes.

    The signal is estimated with the padding of the analysis still on it, and the padding cut off at the end: that
    is a least-squares problem without special cases at the edges.

    Args:
        magnitude: linear STFT magnitudes, (batch, n_fft // 2 + 1, frames).
        spec: the analysis they come from.
        n_iterations: projections; 0 returns the random start.
        momentum: 0 is the algorithm of 1984, whose error falls at every step; 0.99 is the fast variant.
        generator: source of the starting phases; ``None`` starts every call from the same ones.

    Returns:
        (batch, 1, frames * hop_length).
    """
    n_bins = spec.n_fft // 2 + 1
    if magnitude.ndim != 3 or magnitude.shape[1] != n_bins:
        raise SpeechlabError(f"expected magnitudes (batch, {n_bins}, frames), got {tuple(magnitude.shape)}")
    if not 0 <= momentum < 1:
        raise SpeechlabError(f"momentum must be at least 0 and below 1, got {momentum}")
    magnitude = magnitude.detach().float()
    generator = generator or torch.Generator().manual_seed(0)
    angles = 2 * math.pi * torch.rand(magnitude.shape, generator=generator, device=generator.device)
    spectrum = torch.polar(magnitude, angles.to(magnitude.device))
    previous = spectrum
    for _ in range(n_iterations):
        consistent = analyse(synthesise(spectrum, spec), spec)
        target = consistent + momentum * (consistent - previous)
        previous = consistent
        spectrum = magnitude * target / target.abs().clamp(min=1e-12)
    samples = magnitude.shape[-1] * spec.hop_length
    return synthesise(spectrum, spec)[:, None, spec.padding : spec.padding + samples]


def synthesise(spectrum: Tensor, spec: AudioSpec) -> Tensor:
    """Overlap and add the frames of a spectrum: the signal whose STFT is nearest to it (Griffin and Lim, eq. 6).

    Args:
        spectrum: complex, (batch, n_fft // 2 + 1, frames).

    Returns:
        (batch, (frames - 1) * hop_length + n_fft), the padding of the analysis included.
    """
    batch, _, frames = spectrum.shape
    window = full_window(spec, spectrum.device)
    pieces = torch.fft.irfft(spectrum, n=spec.n_fft, dim=1) * window[:, None]  # (batch, n_fft, frames)
    envelope = window.square()[:, None].expand(-1, frames)[None]
    size = (1, (frames - 1) * spec.hop_length + spec.n_fft)
    fold = {"output_size": size, "kernel_size": (1, spec.n_fft), "stride": (1, spec.hop_length)}
    total = F.fold(torch.cat([pieces, envelope]), **fold)[:, 0, 0]  # (batch + 1, samples)
    return total[:batch] / total[batch:].clamp(min=ENVELOPE_FLOOR)


def analyse(signal: Tensor, spec: AudioSpec) -> Tensor:
    """STFT of a signal that carries its padding already: (batch, samples) -> (batch, n_fft // 2 + 1, frames)."""
    window = full_window(spec, signal.device)
    return torch.stft(signal, spec.n_fft, spec.hop_length, window=window, center=False, return_complex=True)


def full_window(spec: AudioSpec, device: torch.device) -> Tensor:
    """Periodic Hann window with zeros on both sides up to n_fft, as ``torch.stft`` places it."""
    left = (spec.n_fft - spec.win_length) // 2
    window = torch.hann_window(spec.win_length, device=device)
    return F.pad(window, (left, spec.n_fft - spec.win_length - left))


def spectral_convergence(estimate: Tensor, reference: Tensor) -> Tensor:
    """Relative distance of magnitudes, |estimate - reference| / |reference| in the Frobenius norm; a scalar."""
    return torch.linalg.vector_norm(estimate - reference) / torch.linalg.vector_norm(reference)


def mel_to_magnitude(mel: Tensor, spec: AudioSpec, n_iterations: int = 100) -> Tensor:
    """Find non-negative linear magnitudes that have this log-mel.

    Non-negative least squares by multiplicative updates (D. Lee and S. Seung, 2000), which keep a smooth start smooth.

    Args:
        mel: on the scale of the spec, (batch, n_mels, frames).

    Returns:
        (batch, n_fft // 2 + 1, frames); 0 where no filter reaches.
    """
    filters = mel_filters(spec).to(mel.device)
    scaled = mel.detach().float()
    energy = CoquiScale().decode(scaled) if spec.scale == "coqui" else scaled.exp()
    coverage = filters.sum(dim=0)[:, None]  # of each bin by all filters
    smooth = filters / filters.sum(dim=1, keepdim=True).clamp(min=1e-12)  # each filter's mean over its bins
    level = energy / filters.sum(dim=1)[:, None].clamp(min=1e-12)
    weights = smooth.T / smooth.sum(dim=0)[:, None].clamp(min=1e-12)
    magnitude = torch.where(coverage > 0, weights @ level, 0.0)
    wanted, gram = filters.T @ energy, filters.T @ filters
    for _ in range(n_iterations):
        magnitude = magnitude * wanted / (gram @ magnitude).clamp(min=1e-12)
    return magnitude


def mel_to_waveform(
    mel: Tensor,
    spec: AudioSpec,
    n_iterations: int = 60,
    momentum: float = 0.99,
    power: float = 1.2,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Make a log-mel audible without a vocoder.

    Args:
        mel: on the scale of the spec, (batch, n_mels, frames).
        spec: the analysis it comes from.
        power: exponent on the linear magnitudes, at an unchanged total level; above 1 it sharpens the spectrum.

    Returns:
        (batch, 1, frames * hop_length); the other arguments are those of ``griffin_lim``.
    """
    if mel.ndim != 3 or mel.shape[1] != spec.n_mels:
        raise SpeechlabError(f"expected a mel (batch, {spec.n_mels}, frames), got {tuple(mel.shape)}")
    magnitude = mel_to_magnitude(mel, spec)
    if power != 1:
        level = magnitude.square().sum(dim=(1, 2), keepdim=True)
        magnitude = magnitude**power
        magnitude = magnitude * (level / magnitude.square().sum(dim=(1, 2), keepdim=True)).sqrt()
    return griffin_lim(magnitude, spec, n_iterations, momentum, generator)


REPORT_002_SPEC = AudioSpec(f_max=11_025.0, centring=True)
"""The analysis of the report's front end: centred, and up to the Nyquist frequency."""
