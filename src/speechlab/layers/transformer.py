"""The feed-forward Transformer of FastSpeech (arXiv:1905.09263, section 3.1): self-attention and convolutions."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def sinusoids(length: int, channels: int) -> Tensor:
    """Encode positions as sines and cosines (Attention Is All You Need, section 3.5).

    Returns:
        (length, channels): sin(position / 10000^(2i / channels)) on even channels 2i, cosines on odd ones.
    """
    positions = torch.arange(length, dtype=torch.float64).unsqueeze(1)
    exponents = torch.arange(0, channels, 2, dtype=torch.float64) / channels
    angles = positions / 10_000**exponents  # (length, channels / 2)
    return torch.stack((angles.sin(), angles.cos()), 2).flatten(1).float()


class FeedForwardTransformerBlock(nn.Module):
    """Self-attention, then two convolutions; each with dropout, a residual and a layer norm.

    Args:
        channels: width; a multiple of ``n_heads``.
        n_heads: attention heads.
        filter_channels: width between the convolutions.
        kernel_sizes: of the two convolutions, odd.
        dropout: after attention and after the convolutions.
        pre_norm: normalise before each sub-layer (Pre-LN) and not after it (Post-LN).
    """

    def __init__(
        self,
        channels: int = 256,
        n_heads: int = 2,
        filter_channels: int = 1024,
        kernel_sizes: tuple[int, int] = (9, 1),
        dropout: float = 0.1,
        pre_norm: bool = False,
    ):
        super().__init__()
        self.n_heads = n_heads
        self.pre_norm = pre_norm
        self.attention_norm = nn.LayerNorm(channels)
        self.query_key_value = nn.Linear(channels, 3 * channels)
        self.attention_output = nn.Linear(channels, channels)
        self.convolution_norm = nn.LayerNorm(channels)
        first, second = kernel_sizes
        self.widen = nn.Conv1d(channels, filter_channels, first, padding=first // 2)
        self.narrow = nn.Conv1d(filter_channels, channels, second, padding=second // 2)
        self.dropout = nn.Dropout(dropout)

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """Transform a batch of sequences.

        Args:
            hidden: (batch, positions, channels).
            mask: true on real positions, (batch, positions).

        Returns:
            (batch, positions, channels), zero on padding.
        """
        padding = ~mask.unsqueeze(2)
        if self.pre_norm:
            hidden = hidden + self.dropout(self.attend(self.attention_norm(hidden), mask))
            # a norm leaves padding at its bias, which the convolutions would carry into the neighbours
            normed = self.convolution_norm(hidden).masked_fill(padding, 0.0)
            return (hidden + self.dropout(self.convolve(normed, mask))).masked_fill(padding, 0.0)
        hidden = self.attention_norm(hidden + self.dropout(self.attend(hidden, mask))).masked_fill(padding, 0.0)
        hidden = self.convolution_norm(hidden + self.dropout(self.convolve(hidden, mask)))
        return hidden.masked_fill(padding, 0.0)

    def attend(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """Let every position read all real positions, (batch, positions, channels)."""
        batch, positions, channels = hidden.shape
        heads = self.query_key_value(hidden).view(batch, positions, 3, self.n_heads, channels // self.n_heads)
        query, key, value = heads.permute(2, 0, 3, 1, 4)  # each (batch, heads, positions, channels / heads)
        attended = F.scaled_dot_product_attention(query, key, value, attn_mask=mask[:, None, None, :])
        return self.attention_output(attended.transpose(1, 2).reshape(batch, positions, channels))

    def convolve(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """Mix neighbouring positions, (batch, positions, channels)."""
        widened = F.relu(self.widen(hidden.transpose(1, 2)))  # (batch, filter_channels, positions)
        if self.narrow.kernel_size != (1,):
            widened = widened * mask.unsqueeze(1)
        return self.narrow(widened).transpose(1, 2)


class TransformerStack(nn.Module):
    """Positions, then blocks, then under Pre-LN a last norm: FastSpeech's encoder and its decoder alike.

    Args:
        n_layers: blocks.
        channels: width, even.
        n_heads, filter_channels, kernel_sizes, dropout, pre_norm: of each block.
    """

    def __init__(self, n_layers: int, channels: int, **block):
        super().__init__()
        self.blocks = nn.ModuleList(FeedForwardTransformerBlock(channels, **block) for _ in range(n_layers))
        self.norm = nn.LayerNorm(channels) if block.get("pre_norm") else nn.Identity()
        self.register_buffer("positions", sinusoids(2048, channels), persistent=False)

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """Transform (batch, positions, channels) of any length; padding (mask false) comes out zero."""
        _, length, channels = hidden.shape
        known = length <= len(self.positions)
        positions = self.positions[:length] if known else sinusoids(length, channels).to(hidden.device)
        hidden = (hidden + positions).masked_fill(~mask.unsqueeze(2), 0.0)
        for block in self.blocks:
            hidden = block(hidden, mask)
        return self.norm(hidden).masked_fill(~mask.unsqueeze(2), 0.0)
