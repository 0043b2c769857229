"""Masks over padded sequences: true on real data."""

import torch
from torch import Tensor


def length_mask(lengths: Tensor, max_length: int | None = None) -> Tensor:
    """Mark the real positions of each padded sequence.

    Args:
        lengths: real length of each sequence, (batch,).
        max_length: padded length; the longest sequence's unless given.

    Returns:
        Boolean mask, (batch, max_length), true on real data.
    """
    if max_length is None:
        max_length = int(lengths.max())
    return torch.arange(max_length, device=lengths.device) < lengths.unsqueeze(1)
