"""Bring the variance of recorded mels back into predicted ones.

A network that is trained on the absolute or squared error predicts what lies in the middle of everything that could be:
its spectra are flatter than those of speech, and sound muffled. Toda and Tokuda (2007, doi:10.1093/ietisy/e90-d.5.816)
measure this by the global variance, which is the variance over an utterance of each cepstral coefficient. Here the
cepstrum is the cosine transform of the log-mel along its bands.
"""

import math

import torch
from torch import Tensor

SOUNDING = 0.7  # share of the frames, the loudest, that are measured; pauses differ in number and length


def cosine_basis(n_mels: int) -> Tensor:
    """Orthonormal cosine transform (DCT-II) as a matrix, (n_mels, n_mels); its transpose is its inverse."""
    bands = torch.arange(n_mels, dtype=torch.float64)
    basis = math.sqrt(2 / n_mels) * torch.cos(math.pi / n_mels * bands[:, None] * (bands + 0.5))
    basis[0] /= math.sqrt(2)
    return basis.float()


def sounding_frames(mel: Tensor) -> Tensor:
    """Loudest frames of a mel (n_mels, frames), in their order."""
    level = mel.mean(dim=0)
    return mel[:, level >= level.quantile(1 - SOUNDING)]


def cepstral_deviation(mel: Tensor) -> Tensor:
    """Standard deviation of each cepstral coefficient of a mel (n_mels, frames) over its sounding frames, (n_mels,)."""
    return (cosine_basis(len(mel)) @ sounding_frames(mel)).std(dim=1, correction=0)


def scale_deviation(mel: Tensor, factors: Tensor) -> Tensor:
    """Multiply each cepstral coefficient's distance from its mean over the sounding frames.

    Args:
        mel: (n_mels, frames).
        factors: (n_mels,); ones change nothing.
    """
    basis = cosine_basis(len(mel)).to(mel.device)
    mean = sounding_frames(mel).mean(dim=1, keepdim=True)
    return mel + basis.T @ ((factors[:, None] - 1) * (basis @ (mel - mean)))
