"""Losses that teach a soft alignment (One TTS Alignment To Rule Them All, arXiv:2108.10447, section 2)."""

import torch
from torch import Tensor
from torch.nn import functional as F


def forward_sum_loss(log_scores: Tensor, lengths: Tensor, mel_lengths: Tensor, blank_logit: float = -1.0) -> Tensor:
    """Maximise the probability of all monotonic alignments together, by way of the CTC loss.

    The blank that CTC needs makes it an approximation; it is what lets training start from nothing. With a
    ``blank_logit`` of -1e4 the blank vanishes and the value is that of :func:`exact_forward_sum`, frame by frame
    normalised over the tokens.

    Args:
        log_scores: unnormalised log-probability of each token in each frame, (batch, frames, tokens), about -1e4 on
            padding tokens.
        lengths: tokens in each utterance, (batch,).
        mel_lengths: frames in each utterance, (batch,).
        blank_logit: score of the blank, before the normalisation over blank and tokens.

    Returns:
        Scalar: negative log-likelihood per token, mean over the batch.
    """
    log_probabilities = F.log_softmax(F.pad(log_scores.float(), (1, 0), value=blank_logit), dim=2)
    targets = torch.arange(1, log_scores.shape[2] + 1, device=log_scores.device).expand(len(log_scores), -1)
    return F.ctc_loss(log_probabilities.transpose(0, 1), targets, mel_lengths, lengths, zero_infinity=True)


def exact_forward_sum(log_scores: Tensor, lengths: Tensor, mel_lengths: Tensor) -> Tensor:
    """Sum the probability of every monotonic path, by dynamic programming.

    Each path starts at the first token, stays or advances by one token a frame, and ends at the last token.

    Args:
        log_scores: log-probability of each token in each frame, (batch, frames, tokens).
        lengths: tokens in each utterance, (batch,).
        mel_lengths: frames in each utterance, (batch,).

    Returns:
        Negative log-likelihood of each utterance, (batch,).
    """
    log_scores = log_scores.float()
    frames = log_scores.shape[1]
    alpha = F.pad(log_scores[:, 0, :1], (0, log_scores.shape[2] - 1), value=-1e9)  # (batch, tokens)
    for frame in range(1, frames):
        arrived = log_scores[:, frame] + torch.logaddexp(alpha, F.pad(alpha, (1, -1), value=-1e9))
        alpha = torch.where((frame < mel_lengths).unsqueeze(1), arrived, alpha)
    return -alpha.gather(1, lengths.unsqueeze(1) - 1).squeeze(1)


def binarisation_loss(soft: Tensor, hard: Tensor) -> Tensor:
    """Pull the soft alignment towards the hard one (eq. 7): mean of -ln(soft) along the hard path.

    Args:
        soft: probability of each token in each frame, (batch, frames, tokens).
        hard: the path, boolean (batch, frames, tokens), false on padding.

    Returns:
        Scalar.
    """
    return -soft[hard].float().clamp_min(1e-12).log().mean()
