"""The multi-scale residual network of HiFi++ (arXiv:2203.13086, section 3), in one dimension or two: a U-Net."""

from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from speechlab.layers.upsampling import same_padding

CONVOLUTIONS = {1: nn.Conv1d, 2: nn.Conv2d}
"""By the number of axes that the network shrinks."""


class ResidualStack(nn.ModuleList):
    """Residual convolutions, each after a leaky rectifier of slope 0.01."""

    def __init__(self, n_axes: int, channels: int, depth: int, kernel: int):
        convolution = CONVOLUTIONS[n_axes]
        super().__init__(
            weight_norm(convolution(channels, channels, kernel, padding=same_padding(kernel))) for _ in range(depth)
        )

    def forward(self, hidden: Tensor) -> Tensor:
        """Refine (batch, channels, *axes) at an unchanged shape."""
        for convolution in self:
            hidden = hidden + convolution(F.leaky_relu(hidden))
        return hidden


class UNetLevel(nn.Module):
    """One resolution of the U-Net: the way down, and the way up beside what came in.

    Args:
        n_axes: 1 or 2.
        width: channels at this resolution.
        inner_width: channels at the next one, which is ``factor`` times smaller along every axis.
        depth, kernel: of the residual stacks.
        transposed: grow by a transposed convolution (one axis), not by repetition.
    """

    def __init__(
        self, n_axes: int, width: int, inner_width: int, depth: int, kernel: int, factor: int, transposed: bool
    ):
        super().__init__()
        convolution = CONVOLUTIONS[n_axes]
        self.before = ResidualStack(n_axes, width, depth, kernel)
        self.down = weight_norm(convolution(width, inner_width, factor, factor))
        if transposed:
            self.up, self.repeat = weight_norm(nn.ConvTranspose1d(inner_width, width, factor, factor)), nn.Identity()
        else:  # a convolution of kernel 1 and a repetition commute, and this order is cheaper
            self.up, self.repeat = weight_norm(convolution(inner_width, width, 1)), nn.Upsample(scale_factor=factor)
        self.after = ResidualStack(n_axes, width, depth, kernel)
        self.merge = weight_norm(convolution(2 * width, width, 1))

    def descend(self, hidden: Tensor) -> Tensor:
        """Shrink (batch, width, *axes) to (batch, inner_width, *axes / factor)."""
        return self.down(self.before(hidden))

    def ascend(self, hidden: Tensor, skipped: Tensor) -> Tensor:
        """Grow (batch, inner_width, *axes / factor) and join it with the level's input, (batch, width, *axes)."""
        hidden = self.after(self.repeat(self.up(hidden)))
        return self.merge(torch.cat((skipped, hidden), 1))


class UNet(nn.Module):
    """Levels of falling resolution, each with a skip from its input to its output.

    Args:
        n_axes: 1 for sequences, 2 for spectrograms.
        inputs, outputs: channels.
        widths: channels at every resolution, finest first.
        depth: residual convolutions per stack.
        kernel: of all of them, odd.
        factor: between resolutions; axes must be multiples of ``factor ** (len(widths) - 1)``.
        bottleneck: what else to do at the lowest resolution.
        transposed: grow by transposed convolutions (one axis).
    """

    def __init__(
        self,
        n_axes: int,
        inputs: int,
        outputs: int,
        widths: Sequence[int],
        depth: int,
        kernel: int,
        factor: int,
        bottleneck: nn.Module | None = None,
        transposed: bool = False,
    ):
        super().__init__()
        convolution, padding = CONVOLUTIONS[n_axes], same_padding(kernel)
        self.stem = weight_norm(convolution(inputs, widths[0], kernel, padding=padding))
        self.levels = nn.ModuleList(
            UNetLevel(n_axes, width, inner_width, depth, kernel, factor, transposed)
            for width, inner_width in pairwise(widths)
        )
        self.bottom = ResidualStack(n_axes, widths[-1], depth, kernel)
        self.bottleneck = bottleneck or nn.Identity()
        self.head = weight_norm(convolution(widths[0], outputs, kernel, padding=padding))

    def forward(self, hidden: Tensor) -> Tensor:
        """Turn (batch, inputs, *axes) into (batch, outputs, *axes)."""
        hidden, skipped = self.stem(hidden), []
        for level in self.levels:
            skipped.append(hidden)
            hidden = level.descend(hidden)
        hidden = self.bottleneck(self.bottom(hidden))
        for level in reversed(self.levels):
            hidden = level.ascend(hidden, skipped.pop())
        return self.head(hidden)


class WaveUNet(UNet):
    """The U-Net over samples, a quarter as many at every level (HiFi++, section 3.3)."""

    def __init__(self, inputs: int, outputs: int, widths: Sequence[int], depth: int, **variant):
        super().__init__(1, inputs, outputs, widths, depth, kernel=5, factor=4, **variant)


class SpectrogramUNet(UNet):
    """The U-Net over bins and frames, half as many of both at every level."""

    def __init__(self, inputs: int, outputs: int, widths: Sequence[int], depth: int):
        super().__init__(2, inputs, outputs, widths, depth, kernel=3, factor=2)
