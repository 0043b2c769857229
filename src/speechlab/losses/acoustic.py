"""Losses of acoustic models, means over real tokens and frames only (FastSpeech 2, arXiv:2006.04558, section 2.2)."""

from typing import Protocol

from torch import Tensor


class AcousticPrediction(Protocol):
    """What the losses read of a model's output."""

    mel: Tensor  # (batch, n_mels, frames)
    mel_postnet: Tensor  # (batch, n_mels, frames); the same tensor as ``mel`` where there is no post-net
    log_durations: Tensor  # ln(frames + 1), (batch, tokens)
    pitch: Tensor | None  # (batch, tokens)
    energy: Tensor | None  # (batch, tokens)


def masked_mean(values: Tensor, mask: Tensor) -> Tensor:
    """Average values (batch, ..., positions) where the mask (batch, positions) is true; scalar."""
    mask = mask.view(mask.shape[0], *[1] * (values.ndim - 2), mask.shape[1]).expand_as(values)
    return values.float().masked_fill(~mask, 0.0).sum() / mask.sum().clamp_min(1)


def mel_l1(estimate: Tensor, reference: Tensor, frame_mask: Tensor) -> Tensor:
    """Mean absolute difference of two mels (batch, n_mels, frames) over real frames (batch, frames); scalar."""
    return masked_mean((estimate.float() - reference.float()).abs(), frame_mask)


def duration_loss(log_durations: Tensor, durations: Tensor, token_mask: Tensor, kind: str = "mse") -> Tensor:
    """Mean squared or, for ``l1``, absolute error of predicted ln(frames + 1) against true frames, (batch, tokens).

    Returns:
        Scalar.
    """
    error = log_durations.float() - durations.float().log1p()
    return masked_mean(error.abs() if kind == "l1" else error.square(), token_mask)


def acoustic_losses(
    output: AcousticPrediction,
    mel: Tensor,
    durations: Tensor,
    token_mask: Tensor,
    frame_mask: Tensor,
    pitch: Tensor | None = None,
    energy: Tensor | None = None,
    duration: str = "mse",
) -> dict[str, Tensor]:
    """Compare a teacher-forced output with its targets; the recipe sums what is returned.

    Args:
        output: of :class:`speechlab.models.fastspeech.FastSpeech` or a sibling.
        mel: recorded log-mel, (batch, n_mels, frames).
        durations: true frames of each token, (batch, tokens).
        token_mask: true on real tokens, (batch, tokens).
        frame_mask: true on real frames, (batch, frames).
        pitch: true normalised pitch, (batch, tokens); needed where the output has one.
        energy: the same.
        duration: how durations are compared, ``mse`` or ``l1``.

    Returns:
        Scalars ``mel``, ``mel_postnet`` (where there is a post-net), ``duration``, ``pitch`` and ``energy`` (where the
        model predicts them).
    """
    losses = {"mel": mel_l1(output.mel, mel, frame_mask)}
    if output.mel_postnet is not output.mel:
        losses["mel_postnet"] = mel_l1(output.mel_postnet, mel, frame_mask)
    losses["duration"] = duration_loss(output.log_durations, durations, token_mask, duration)
    if output.pitch is not None:
        losses["pitch"] = masked_mean((output.pitch.float() - pitch.float()).square(), token_mask)
    if output.energy is not None:
        losses["energy"] = masked_mean((output.energy.float() - energy.float()).square(), token_mask)
    return losses
