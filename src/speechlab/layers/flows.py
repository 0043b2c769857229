"""The invertible layers of Glow-TTS (arXiv:2005.11129, section 3.3): each maps a mel to a latent and back exactly.

Sequences are (batch, channels, frames) and masks boolean (batch, 1, frames), true on real frames. Towards the latent,
a layer also returns the logarithm of its Jacobian's determinant, (batch,), summed over real frames.
"""

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from speechlab.layers.masks import length_mask

SMALLEST_VARIANCE = 1e-6
"""A channel that hardly moves is not scaled up beyond this."""


def squeeze(mel: Tensor) -> Tensor:
    """Put every second frame beneath the one before: (batch, channels, frames) to (batch, 2 channels, frames / 2).

    An odd last frame is left out.
    """
    pairs = mel.shape[2] // 2
    return mel[:, :, : 2 * pairs].unflatten(2, (pairs, 2)).permute(0, 3, 1, 2).flatten(1, 2)


def unsqueeze(hidden: Tensor) -> Tensor:
    """Undo :func:`squeeze`: (batch, 2 channels, frames / 2) to (batch, channels, frames)."""
    return hidden.unflatten(1, (2, -1)).permute(0, 2, 3, 1).flatten(2)


class ActNorm(nn.Module):
    """Scale and shift each channel; :meth:`initialise` makes them standard (Glow, arXiv:1807.03039, section 3.1)."""

    def __init__(self, channels: int):
        super().__init__()
        self.log_scale = nn.Parameter(torch.zeros(channels, 1))
        self.bias = nn.Parameter(torch.zeros(channels, 1))

    @torch.no_grad()
    def initialise(self, hidden: Tensor, mask: Tensor) -> None:
        """Set scale and shift so that ``hidden`` comes out with zero mean and unit variance over its real frames."""
        frames = mask.sum()
        mean = (hidden * mask).sum((0, 2)) / frames
        variance = ((hidden - mean.unsqueeze(1)).square() * mask).sum((0, 2)) / frames
        log_scale = -0.5 * variance.clamp_min(SMALLEST_VARIANCE).log()
        self.log_scale.copy_(log_scale.unsqueeze(1))
        self.bias.copy_((-mean * log_scale.exp()).unsqueeze(1))

    def forward(self, hidden: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Normalise (batch, channels, frames); returns it and the log-determinant, (batch,)."""
        return (self.bias + self.log_scale.exp() * hidden) * mask, self.log_scale.sum() * mask.sum((1, 2))

    def inverse(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """Undo :meth:`forward`."""
        return (hidden - self.bias) * (-self.log_scale).exp() * mask


class InvertibleConvolution(nn.Module):
    """Mix channels within groups of four, all by one 4x4 matrix (Glow-TTS, section 3.3).

    A group holds two neighbouring channels of each half, so that what one coupling leaves unchanged meets what it
    changed. At first the matrix is a random rotation.
    """

    def __init__(self):
        super().__init__()
        rotation = nn.init.orthogonal_(torch.empty(4, 4))
        rotation[:, 0] *= rotation.det().sign()  # a reflection would have determinant -1
        self.weight = nn.Parameter(rotation)

    def forward(self, hidden: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Mix (batch, channels, frames), channels a multiple of 4; returns it and the log-determinant, (batch,)."""
        groups = hidden.shape[1] // 4
        log_det = torch.linalg.slogdet(self.weight).logabsdet * groups
        return self.mix(hidden, self.weight) * mask, log_det * mask.sum((1, 2))

    def inverse(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """Undo :meth:`forward`."""
        return self.mix(hidden, torch.linalg.inv(self.weight)) * mask

    @staticmethod
    def mix(hidden: Tensor, matrix: Tensor) -> Tensor:
        """Multiply every group of (batch, channels, frames) by the matrix (4, 4)."""
        groups = hidden.unflatten(1, (2, -1, 2)).transpose(2, 3).flatten(1, 2)  # (batch, 4, groups, frames)
        mixed = torch.einsum("oi,bigt->bogt", matrix, groups)
        return mixed.unflatten(1, (2, 2)).transpose(2, 3).flatten(1, 3)


class WaveNet(nn.Module):
    """Gated convolutions with residual and skip connections (WaveNet, arXiv:1609.03499, section 2.4); no dilation.

    Args:
        channels: of the input, of the residuals and of the output.
        kernel_size: frames a convolution sees, odd.
        n_layers: gated convolutions.
        dropout: before each gate.
    """

    def __init__(self, channels: int, kernel_size: int, n_layers: int, dropout: float):
        super().__init__()
        self.convolutions = nn.ModuleList(
            weight_norm(nn.Conv1d(channels, 2 * channels, kernel_size, padding=kernel_size // 2))
            for _ in range(n_layers)
        )
        widths = [2 * channels] * (n_layers - 1) + [channels]  # residual and skip; nothing reads a last residual
        self.projections = nn.ModuleList(weight_norm(nn.Conv1d(channels, width, 1)) for width in widths)
        self.dropout = nn.Dropout(dropout)

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """Transform (batch, channels, frames), zero on padding, at an unchanged shape."""
        skips = torch.zeros_like(hidden)
        for convolution, projection in zip(self.convolutions, self.projections, strict=True):
            values, gates = self.dropout(convolution(hidden)).chunk(2, 1)
            *residuals, skip = projection(values.tanh() * gates.sigmoid()).split(hidden.shape[1], 1)
            skips = skips + skip
            for residual in residuals:
                hidden = (hidden + residual) * mask
        return skips * mask


class AffineCoupling(nn.Module):
    """Scale and shift one half of the channels by what a network reads in the other half (Glow-TTS, section 3.3).

    It begins as the identity.

    Args:
        channels: even.
        hidden_channels, kernel_size, n_layers, dropout: of the network, a :class:`WaveNet`.
        bounded_scale: keep log-scales within (-2, 2), so that a constant target cannot make the likelihood explode;
            false is the published code.

    Attributes:
        largest_log_scale: the largest magnitude in the last forward pass, a scalar; it tells a flow that blows up.
    """

    def __init__(
        self,
        channels: int,
        hidden_channels: int,
        kernel_size: int,
        n_layers: int,
        dropout: float,
        bounded_scale: bool = True,
    ):
        super().__init__()
        self.bounded_scale, self.largest_log_scale = bounded_scale, torch.zeros(())
        self.start = weight_norm(nn.Conv1d(channels // 2, hidden_channels, 1))
        self.wavenet = WaveNet(hidden_channels, kernel_size, n_layers, dropout)
        self.end = nn.Conv1d(hidden_channels, channels, 1)
        nn.init.zeros_(self.end.weight)
        nn.init.zeros_(self.end.bias)

    def forward(self, hidden: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Transform (batch, channels, frames); returns it and the log-determinant, (batch,)."""
        kept, changed = hidden.chunk(2, 1)
        shift, log_scale = self.shift_and_log_scale(kept, mask)
        self.largest_log_scale = log_scale.detach().abs().amax()
        changed = (shift + log_scale.exp() * changed) * mask
        return torch.cat((kept, changed), 1), (log_scale * mask).sum((1, 2))

    def inverse(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """Undo :meth:`forward`."""
        kept, changed = hidden.chunk(2, 1)
        shift, log_scale = self.shift_and_log_scale(kept, mask)
        return torch.cat((kept, (changed - shift) * (-log_scale).exp() * mask), 1)

    def shift_and_log_scale(self, kept: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Read both off the half that stays as it is, each (batch, channels / 2, frames)."""
        shift, log_scale = self.end(self.wavenet(self.start(kept) * mask, mask)).chunk(2, 1)
        return shift, 2 * (log_scale / 2).tanh() if self.bounded_scale else log_scale


class FlowBlock(nn.Module):
    """ActNorm, then the invertible convolution, then the affine coupling (Glow-TTS, figure 2b).

    Args:
        channels: a multiple of 4.
        coupling: sizes of the :class:`AffineCoupling`.
    """

    def __init__(self, channels: int, **coupling):
        super().__init__()
        self.norm = ActNorm(channels)
        self.mixing = InvertibleConvolution()
        self.coupling = AffineCoupling(channels, **coupling)

    def forward(self, hidden: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Transform (batch, channels, frames); returns it and the log-determinant, (batch,)."""
        hidden, norm_log_det = self.norm(hidden, mask)
        hidden, mixing_log_det = self.mixing(hidden, mask)
        hidden, coupling_log_det = self.coupling(hidden, mask)
        return hidden, norm_log_det + mixing_log_det + coupling_log_det

    def inverse(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """Undo :meth:`forward`."""
        return self.norm.inverse(self.mixing.inverse(self.coupling.inverse(hidden, mask), mask), mask)


class Flow(nn.Module):
    """Squeeze, flow blocks, unsqueeze: the decoder of Glow-TTS, between mel and latent.

    Everything runs in the precision of the input, under autocast too: half precision in the exponentials, determinants
    and inverses makes gradients explode and the inverse inexact.

    Args:
        n_mels: even.
        n_blocks: flow blocks.
        coupling: sizes of each :class:`AffineCoupling`.
    """

    def __init__(self, n_mels: int, n_blocks: int, **coupling):
        super().__init__()
        self.blocks = nn.ModuleList(FlowBlock(2 * n_mels, **coupling) for _ in range(n_blocks))

    def forward(self, mel: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Turn a mel into a latent.

        Args:
            mel: (batch, n_mels, frames); an odd last frame is left out, in every utterance.
            lengths: real frames of each utterance, (batch,).

        Returns:
            Latent, (batch, n_mels, frames), frames even, zero on padding; and the log-determinant, (batch,).
        """
        with torch.autocast(mel.device.type, enabled=False):
            hidden, mask = self.squeezed(mel, lengths)
            log_det = hidden.new_zeros(len(hidden))
            for block in self.blocks:
                hidden, block_log_det = block(hidden, mask)
                log_det = log_det + block_log_det
            return unsqueeze(hidden), log_det

    def inverse(self, latent: Tensor, lengths: Tensor) -> Tensor:
        """Turn a latent (batch, n_mels, frames) back into a mel of the same shape, zero on padding."""
        with torch.autocast(latent.device.type, enabled=False):
            hidden, mask = self.squeezed(latent, lengths)
            for block in reversed(self.blocks):
                hidden = block.inverse(hidden, mask)
            return unsqueeze(hidden)

    @torch.no_grad()
    def magnitudes(self) -> dict[str, float]:
        """The largest of the blocks in what grows where a flow blows up: log-scales and log-determinants."""
        found = {
            "coupling_log_scale": [block.coupling.largest_log_scale for block in self.blocks],
            "norm_log_scale": [block.norm.log_scale.abs().amax() for block in self.blocks],
            "mixing_log_det": [torch.linalg.slogdet(block.mixing.weight).logabsdet.abs() for block in self.blocks],
        }
        return {f"flow/{name}": torch.stack(values).amax().item() for name, values in found.items()}

    @torch.no_grad()
    def initialise(self, mel: Tensor, lengths: Tensor) -> None:
        """Set every :class:`ActNorm` in turn from one batch, the larger the better, with dropout off.

        Args:
            mel: (batch, n_mels, frames).
            lengths: real frames of each utterance, (batch,).
        """
        training = self.training
        self.eval()
        with torch.autocast(mel.device.type, enabled=False):
            hidden, mask = self.squeezed(mel, lengths)
            for block in self.blocks:
                block.norm.initialise(hidden, mask)
                hidden, _ = block(hidden, mask)
        self.train(training)

    @staticmethod
    def squeezed(mel: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Squeeze; padding is cleared. Returns (batch, 2 n_mels, frames / 2) and the mask (batch, 1, frames / 2)."""
        hidden = squeeze(mel)
        mask = length_mask(lengths // 2, hidden.shape[2]).unsqueeze(1)
        return hidden.masked_fill(~mask, 0.0), mask
