"""Losses between spectra: mel L1 (HiFi-GAN), multi-resolution STFT (Parallel WaveGAN), compressed spectra."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

STFT_RESOLUTIONS = ((512, 50, 240), (1024, 120, 600), (2048, 240, 1200))
"""(n_fft, hop_length, win_length) in samples, Parallel WaveGAN, table 1."""


def mel_loss(estimate: Tensor, reference: Tensor, mel: Callable[[Tensor], Tensor]) -> Tensor:
    """Compare the log-mels of two waveforms (HiFi-GAN, arXiv:2010.05646, eq. 3).

    Args:
        estimate: generated waveform, (batch, 1, samples).
        reference: recorded waveform, (batch, 1, samples).
        mel: the analysis, up to half the sample rate so that the band above the generator's input is judged too.

    Returns:
        Scalar, mean absolute difference in nepers (natural log of magnitude).
    """
    return F.l1_loss(mel(estimate.float()), mel(reference.float()))


def multi_resolution_stft_loss(
    estimate: Tensor, reference: Tensor, resolutions: Sequence[tuple[int, int, int]] = STFT_RESOLUTIONS
) -> Tensor:
    """Compare magnitude spectra at several resolutions: spectral convergence plus log-magnitude L1.

    Parallel WaveGAN (arXiv:1910.11480), section 2.2.

    Args:
        estimate: generated waveform, (batch, 1, samples).
        reference: recorded waveform, (batch, 1, samples).
        resolutions: (n_fft, hop_length, win_length) in samples; samples must exceed half of each n_fft.

    Returns:
        Scalar, mean over resolutions.
    """
    losses = []
    for n_fft, hop_length, win_length in resolutions:
        estimate_magnitude = stft_magnitude(estimate, n_fft, hop_length, win_length)
        reference_magnitude = stft_magnitude(reference, n_fft, hop_length, win_length)
        difference = torch.linalg.vector_norm(reference_magnitude - estimate_magnitude)
        convergence = difference / torch.linalg.vector_norm(reference_magnitude).clamp_min(1e-5)
        losses.append(convergence + F.l1_loss(estimate_magnitude.log(), reference_magnitude.log()))
    return torch.stack(losses).mean()


def compressed_spectrum_loss(
    estimate: Tensor, reference: Tensor, exponent: float = 0.3, complex_share: float = 0.3
) -> Tensor:
    """Compare spectra whose magnitudes are compressed as loudness is, partly with their phase.

    Braun and Tashev, arXiv:2009.12286, section 4: what is soft counts too, and the phase of the recording is kept.

    Args:
        estimate: (batch, 1, samples).
        reference: (batch, 1, samples).
        exponent: of the magnitudes.
        complex_share: of the loss that looks at the phase too.

    Returns:
        Scalar, mean squared difference over frames of 32 ms at 16 kHz (512 samples, hop 128) and frequencies.
    """
    window = torch.hann_window(512, device=estimate.device)
    spectra = [
        torch.view_as_real(torch.stft(signal.float().squeeze(1), 512, 128, 512, window, return_complex=True))
        for signal in (estimate, reference)
    ]
    powers = [spectrum.square().sum(-1, keepdim=True).clamp_min(1e-6) for spectrum in spectra]  # bounds the gradient
    magnitudes = [power ** (exponent / 2) for power in powers]
    phased = [spectrum * power ** ((exponent - 1) / 2) for spectrum, power in zip(spectra, powers, strict=True)]
    with_phase = (phased[0] - phased[1]).square().sum(-1).mean()
    return complex_share * with_phase + (1 - complex_share) * F.mse_loss(*magnitudes)


def stft_magnitude(waveform: Tensor, n_fft: int, hop_length: int, win_length: int) -> Tensor:
    """Floored STFT magnitude, (batch, n_fft // 2 + 1, frames); the floor bounds both logarithm and gradient."""
    window = torch.hann_window(win_length, device=waveform.device)
    spectrum = torch.stft(waveform.float().squeeze(1), n_fft, hop_length, win_length, window, return_complex=True)
    return torch.view_as_real(spectrum).square().sum(-1).clamp_min(1e-7).sqrt()
