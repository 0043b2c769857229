"""Self-attention that learns how far away a position is (arXiv:1803.02155), within a window, as in Glow-TTS."""

import torch
from torch import Tensor, nn

from speechlab.layers.transformer import FeedForwardTransformerBlock


class RelativeTransformerBlock(FeedForwardTransformerBlock):
    """A Post-LN block of the feed-forward Transformer whose attention knows the distance of near positions.

    Glow-TTS (arXiv:2005.11129), section 3.3: keys and values within the window each have a learned vector per distance,
    shared by the heads; further away there is none.

    Args:
        channels: width; a multiple of ``n_heads``.
        n_heads: attention heads.
        filter_channels: width between the convolutions.
        kernel_sizes: of the two convolutions, odd.
        dropout: on attention probabilities, between the convolutions, and after each sub-layer.
        window: largest distance that has vectors; 0: no distance has, and only the convolutions tell order.
    """

    def __init__(
        self,
        channels: int,
        n_heads: int,
        filter_channels: int,
        kernel_sizes: tuple[int, int],
        dropout: float,
        window: int,
    ):
        super().__init__(channels, n_heads, filter_channels, kernel_sizes, dropout)
        self.window = window
        head_channels = channels // n_heads
        if window:
            self.key_distances = nn.Parameter(torch.empty(2 * window + 1, head_channels))
            self.value_distances = nn.Parameter(torch.empty(2 * window + 1, head_channels))
            nn.init.normal_(self.key_distances, std=head_channels**-0.5)
            nn.init.normal_(self.value_distances, std=head_channels**-0.5)

    def attend(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """Let every position read all real positions, (batch, positions, channels)."""
        if not self.window:
            return super().attend(hidden, mask)
        batch, positions, channels = hidden.shape
        heads = self.query_key_value(hidden).view(batch, positions, 3, self.n_heads, channels // self.n_heads)
        query, key, value = heads.permute(2, 0, 3, 1, 4)  # each (batch, heads, positions, channels / heads)
        scores = query @ key.transpose(2, 3) + from_distances(query @ self.key_distances.T)
        scores = scores * query.shape[3] ** -0.5
        weights = self.dropout(scores.masked_fill(~mask[:, None, None, :], -torch.inf).softmax(3))
        attended = weights @ value + to_distances(weights, self.window) @ self.value_distances
        return self.attention_output(attended.transpose(1, 2).reshape(batch, positions, channels))

    def convolve(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """Mix neighbouring positions, (batch, positions, channels)."""
        widened = self.dropout(self.widen(hidden.transpose(1, 2)).relu())  # (batch, filter_channels, positions)
        return self.narrow(widened * mask.unsqueeze(1)).transpose(1, 2)


def from_distances(scores: Tensor) -> Tensor:
    """Lay out scores by distance as scores by key, zero outside the window.

    Args:
        scores: of each query for distances -window to window, (batch, heads, queries, 2 window + 1).

    Returns:
        (batch, heads, queries, keys), as many keys as queries: entry (i, j) is that of distance j - i.
    """
    positions, window = scores.shape[2], scores.shape[3] // 2
    place = torch.arange(positions, device=scores.device)
    distance = place - place.unsqueeze(1)  # (queries, keys)
    column = (distance + window).clamp(0, 2 * window).expand(*scores.shape[:2], -1, -1)
    return scores.gather(3, column).masked_fill(distance.abs() > window, 0.0)


def to_distances(weights: Tensor, window: int) -> Tensor:
    """Pick the weights of keys within the window, zero beyond both ends.

    Args:
        weights: of each query for each key, (batch, heads, queries, keys), as many keys as queries.
        window: largest distance.

    Returns:
        (batch, heads, queries, 2 window + 1): entry (i, d) is that of key i + d - window.
    """
    positions = weights.shape[3]
    place = torch.arange(positions, device=weights.device)
    key = place.unsqueeze(1) + torch.arange(-window, window + 1, device=weights.device)  # (queries, distances)
    picked = weights.gather(3, key.clamp(0, positions - 1).expand(*weights.shape[:2], -1, -1))
    return picked.masked_fill((key < 0) | (key >= positions), 0.0)
