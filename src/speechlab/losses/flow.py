"""Losses of a flow that is aligned to its text as it learns (Glow-TTS, arXiv:2005.11129, section 3.1)."""

import math
from typing import Protocol

from torch import Tensor


class FlowPrediction(Protocol):
    """What the losses read of a model's output."""

    latent: Tensor  # (batch, n_mels, frames), zero on padding
    latent_mean: Tensor  # (batch, n_mels, frames), zero on padding
    log_det: Tensor  # (batch,)
    log_durations: Tensor  # ln(frames), (batch, tokens), zero on padding
    durations: Tensor  # frames of each token, (batch, tokens), at least 1; zero on padding


def flow_negative_log_likelihood(latent: Tensor, latent_mean: Tensor, log_det: Tensor, frames: Tensor) -> Tensor:
    """Rate a mel by the likelihood of its latent under unit Gaussians, in nats a mel bin (eq. 1 and 2).

    The density is continuous: below zero is normal.

    Args:
        latent: (batch, n_mels, frames), zero on padding.
        latent_mean: of the prior, aligned to the frames, (batch, n_mels, frames), zero on padding.
        log_det: logarithm of the flow's Jacobian determinant, (batch,).
        frames: real frames of each utterance, (batch,).

    Returns:
        Scalar, mean over all bins of real frames.
    """
    squares = (latent.float() - latent_mean.float()).square().sum()
    n_bins = latent.shape[1] * frames.sum().clamp_min(1)
    return (0.5 * squares - log_det.float().sum()) / n_bins + 0.5 * math.log(2 * math.pi)


def log_duration_loss(log_durations: Tensor, durations: Tensor) -> Tensor:
    """Mean squared error of predicted ln(frames) against aligned frames, over real tokens (section 3.2); scalar.

    Args:
        log_durations: predicted, (batch, tokens), zero on padding.
        durations: aligned frames, (batch, tokens), at least 1; zero on padding.
    """
    squares = (log_durations.float() - durations.float().clamp_min(1).log()).square()
    return squares.sum() / (durations > 0).sum().clamp_min(1)


def flow_losses(output: FlowPrediction) -> dict[str, Tensor]:
    """Compare a :class:`speechlab.models.glowtts.FlowOutput` with itself: the mel is in its latent; the recipe sums.

    Returns:
        Scalars ``negative_log_likelihood`` and ``duration``.
    """
    frames = output.durations.sum(1)
    return {
        "negative_log_likelihood": flow_negative_log_likelihood(
            output.latent, output.latent_mean, output.log_det, frames
        ),
        "duration": log_duration_loss(output.log_durations, output.durations),
    }
