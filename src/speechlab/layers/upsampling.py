"""The body of HiFi-GAN's generator (arXiv:2010.05646, section 2.2), which HiFi++ and FINALLY build on."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

SLOPE = 0.1  # of the leaky rectifiers
START_DEVIATION = 0.01  # of the weights that HiFi-GAN starts small


def same_padding(kernel: int, dilation: int = 1) -> int:
    """Zeros on each side that keep the length of an odd kernel's output."""
    return (kernel - 1) * dilation // 2


def same_convolution(channels: int, kernel: int, dilation: int = 1) -> nn.Module:
    """Weight-normed convolution that keeps (batch, channels, samples)."""
    return weight_norm(nn.Conv1d(channels, channels, kernel, dilation=dilation, padding=same_padding(kernel, dilation)))


def start_at(convolution: nn.Module, weight: Tensor) -> None:
    """Set a weight-normed convolution's first weights, and no bias; an in-place change would be lost under the norm."""
    with torch.no_grad():
        convolution.weight = weight  # the parametrization splits it into lengths and directions
        convolution.bias.zero_()


def start_small(convolution: nn.Module) -> None:
    """Draw a weight-normed convolution's first weights from a narrow normal distribution."""
    start_at(convolution, torch.randn_like(convolution.weight) * START_DEVIATION)


class ResidualBlock1(nn.Module):
    """Three residual pairs of convolutions, dilated and plain (appendix A.1, type 1)."""

    def __init__(self, channels: int, kernel: int, dilations: Sequence[int] = (1, 3, 5)):
        super().__init__()
        self.convs1 = nn.ModuleList(same_convolution(channels, kernel, dilation) for dilation in dilations)
        self.convs2 = nn.ModuleList(same_convolution(channels, kernel) for _ in dilations)

    def forward(self, hidden: Tensor) -> Tensor:
        """Refine (batch, channels, samples) at an unchanged shape."""
        for dilated, plain in zip(self.convs1, self.convs2, strict=True):
            hidden = hidden + plain(F.leaky_relu(dilated(F.leaky_relu(hidden, SLOPE)), SLOPE))
        return hidden


class UpsamplingStage(nn.Module):
    """A transposed convolution that halves the channels, then the mean of residual blocks of three kernels."""

    def __init__(self, channels: int, rate: int, kernel: int):
        super().__init__()
        up = nn.ConvTranspose1d(channels, channels // 2, kernel, rate, padding=(kernel - rate) // 2)
        self.up = weight_norm(up)
        self.branches = nn.ModuleList(ResidualBlock1(channels // 2, kernel) for kernel in (3, 7, 11))
        start_small(self.up)

    def forward(self, hidden: Tensor) -> Tensor:
        """Stretch (batch, channels, steps) to (batch, channels / 2, steps * rate)."""
        hidden = self.up(F.leaky_relu(hidden, SLOPE))
        return sum(branch(hidden) for branch in self.branches) / len(self.branches)


class Upsampler(nn.Module):
    """Frames to samples by 8, 8, 2 and 2: HiFi-GAN's generator without its first wide and its last convolution.

    Args:
        channels: of the frames, a multiple of 16; the samples have a sixteenth.
    """

    def __init__(self, channels: int):
        super().__init__()
        self.pre = weight_norm(nn.Conv1d(channels, channels, 1))
        shapes = ((channels, 8, 16), (channels // 2, 8, 16), (channels // 4, 2, 4), (channels // 8, 2, 4))
        self.stages = nn.Sequential(*(UpsamplingStage(*shape) for shape in shapes))

    def forward(self, hidden: Tensor) -> Tensor:
        """Stretch (batch, channels, frames) to (batch, channels / 16, frames * 256)."""
        return F.leaky_relu(self.stages(self.pre(hidden)))  # slope 0.01, as after HiFi-GAN's last stage
