"""Losses between spectra: mel L1 (HiFi-GAN) and multi-resolution STFT (Parallel WaveGAN)."""

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


def stft_magnitude(waveform: Tensor, n_fft: int, hop_length: int, win_length: int) -> Tensor:
    """Floored STFT magnitude, (batch, n_fft // 2 + 1, frames); the floor bounds both logarithm and gradient."""
    window = torch.hann_window(win_length, device=waveform.device)
    spectrum = torch.stft(waveform.float().squeeze(1), n_fft, hop_length, win_length, window, return_complex=True)
    return torch.view_as_real(spectrum).square().sum(-1).clamp_min(1e-7).sqrt()
