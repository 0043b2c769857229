"""Losses of enhancers: FINALLY's LMOS, PESQ and UTMOS (arXiv:2410.05920, sections 3 and 4), and SI-SDR.

Networks are passed in, frozen. Lower is better everywhere. Each loss is a mean over the batch, so that a batch can be
taken in parts. Weights between losses belong to the recipe.
"""

from collections.abc import Callable
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from speechlab.audio.resample import resample_tensor
from speechlab.errors import SpeechlabError
from speechlab.losses.spectral import stft_magnitude

RATE = 16_000  # Hz, of all the networks here
FEATURE_WEIGHT = 100  # of WavLM's features beside the spectrum's 1, in LMOS
DITHER = 1e-4  # of full scale
SILENT_ENERGY = 1e-5  # of a crop's reference, below which there is nothing to compare with
SHORTEST_PESQ = 512 + 19 * 256  # samples at 16 kHz: PESQ pools over 20 frames


class SpeechFeatures(Protocol):
    """What LMOS asks of :class:`speechlab.models.wavlm.WavLM`."""

    def __call__(self, waveform: Tensor, sample_rate: int, feature: str) -> Tensor:
        """Describe (batch, 1, samples) by (batch, channels, frames), at 16 kHz whatever the sample rate."""
        ...


def lmos(
    estimate: Tensor, reference: Tensor, wavlm: SpeechFeatures, sample_rate: int, feature: str = "conv"
) -> dict[str, Tensor]:
    """Compare waveforms as WavLM hears them, and by their spectra; LMOS is the sum of what is returned.

    WavLM hears 16 kHz and a normalised level; what lies above 8 kHz, and the level, are the spectrum's to judge.

    Args:
        estimate: (batch, 1, samples).
        reference: (batch, 1, samples).
        wavlm: computes the features.
        sample_rate: of both, Hz.
        feature: the paper's ``conv``; ``conv_ln`` and ``layer1`` were tried by others.

    Returns:
        Scalars ``lmos_features``, 100 times the mean squared difference of the features, and ``lmos_spectrum``, the
        mean absolute difference of linear STFT magnitudes (1024 samples, hop 256, at the rate of the waveforms).
    """
    with torch.no_grad():
        target = wavlm(reference, sample_rate, feature)
    heard = wavlm(estimate, sample_rate, feature)
    magnitudes = [stft_magnitude(waveform, 1024, 256, 1024) for waveform in (estimate, reference.detach())]
    return {
        "lmos_features": FEATURE_WEIGHT * F.mse_loss(heard.float(), target.float()),
        "lmos_spectrum": F.l1_loss(*magnitudes),
    }


def si_sdr(estimate: Tensor, reference: Tensor) -> Tensor:
    """Scale-invariant signal-to-distortion ratio with a minus (arXiv:1811.02508), both means removed.

    Each item is bounded to 60 dB, where an exact copy would ask for an infinite ratio, and silence for none at all.

    Args:
        estimate: (batch, 1, samples).
        reference: (batch, 1, samples).

    Returns:
        Scalar, in dB, lower is better.
    """
    estimate, reference = (signal.float() - signal.float().mean(-1, keepdim=True) for signal in (estimate, reference))
    energy = reference.square().sum(-1, keepdim=True) + SILENT_ENERGY
    target = (estimate * reference).sum(-1, keepdim=True) / energy * reference
    wanted, distortion = target.square().sum(-1), (estimate - target).square().sum(-1)
    bound = 1e-6 * estimate.square().sum(-1) + SILENT_ENERGY * 1e-6
    return -10 * ((wanted + bound) / (distortion + bound)).log10().mean()


def make_pesq() -> nn.Module:
    """Build the differentiable PESQ (torch-pesq) of :func:`pesq`: points lost on the scale of P.862.

    It counts in float64: it has thresholds, and in float32 the rounding of its recursive filters, which depends on the
    size of the batch, was seen to change a value by 0.8 points.
    """
    from torch_pesq import PesqLoss

    return PesqLoss(1.0, sample_rate=RATE).double().requires_grad_(False)


def pesq(estimate: Tensor, reference: Tensor, distance: Callable[[Tensor, Tensor], Tensor], sample_rate: int) -> Tensor:
    """Count the points that PESQ takes off for what is heard (P.862 without its alignment in time).

    Both signals get the same faint noise, always the same: PESQ divides by their power. Where it, or its gradient,
    is not finite all the same, the item adds nothing.

    Args:
        estimate: (batch, 1, samples), at least 0.34 s.
        reference: (batch, 1, samples).
        distance: of (reference, estimate) at 16 kHz, (batch, samples) each, float64: (batch,); see :func:`make_pesq`.
        sample_rate: of both, Hz.

    Returns:
        Scalar, from 0, lower is better.

    Raises:
        SpeechlabError: the waveforms are too short.
    """
    estimate, reference = (
        resample_tensor(waveform.float(), sample_rate, RATE).squeeze(1) for waveform in (estimate, reference.detach())
    )
    samples = estimate.shape[-1]
    if samples < SHORTEST_PESQ:
        raise SpeechlabError(f"PESQ needs at least {SHORTEST_PESQ} samples at {RATE} Hz, got {samples}")
    dither = DITHER * torch.randn(samples, generator=torch.Generator().manual_seed(0)).to(estimate.device)
    estimate = estimate + dither
    if estimate.requires_grad:
        estimate.register_hook(lambda gradient: gradient.nan_to_num(0.0, 0.0, 0.0))
    lost = distance((reference + dither).double(), estimate.double()).float()
    return torch.where(lost.isfinite(), lost, 0.0).mean()


def utmos(estimate: Tensor, predictor: Callable[[Tensor], Tensor], sample_rate: int) -> Tensor:
    """Ask a MOS predictor for a higher score.

    What is optimised must not be the headline of a comparison: use another predictor for that.

    Args:
        estimate: (batch, 1, samples).
        predictor: of MOS, 1 to 5, from (batch, samples) at 16 kHz: (batch,); it passes the gradient on, which
            cuDNN's recurrent layers do in training mode only.
        sample_rate: of the estimate, Hz.

    Returns:
        Scalar, the mean MOS with a minus: lower is better.
    """
    return -predictor(resample_tensor(estimate.float(), sample_rate, RATE).squeeze(1)).float().mean()
