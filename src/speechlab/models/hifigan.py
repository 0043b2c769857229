"""HiFi-GAN: a generator of transposed convolutions and its two families of discriminators (arXiv:2010.05646)."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm, weight_norm

from speechlab.layers.upsampling import SLOPE, ResidualBlock1, same_convolution, same_padding


class DiscriminatorOutput(NamedTuple):
    """What one sub-discriminator says of a waveform."""

    scores: Tensor  # (batch, positions)
    features: list[Tensor]  # every activated layer, then the score map


class ResidualBlock2(nn.Module):
    """Two residual dilated convolutions (appendix A.1, type 2)."""

    def __init__(self, channels: int, kernel: int, dilations: Sequence[int]):
        super().__init__()
        self.convs = nn.ModuleList(same_convolution(channels, kernel, dilation) for dilation in dilations)

    def forward(self, hidden: Tensor) -> Tensor:
        """Refine (batch, channels, samples) at an unchanged shape."""
        for dilated in self.convs:
            hidden = hidden + dilated(F.leaky_relu(hidden, SLOPE))
        return hidden


class HiFiGANGenerator(nn.Module):
    """Mel to waveform: upsampling stages, each followed by the mean of residual blocks of several kernels (figure 1).

    Args:
        residual_block: 1 or 2.
        upsample_rates: their product is the hop length.
        initial_channels: halved by every stage.
        dilations: per residual kernel.
    """

    PRESETS = {
        "v1": dict(residual_block=1, initial_channels=512),
        "v2": dict(residual_block=1, initial_channels=128),
        "v3": dict(
            residual_block=2,
            initial_channels=256,
            upsample_rates=(8, 8, 4),
            upsample_kernels=(16, 16, 8),
            residual_kernels=(3, 5, 7),
            dilations=((1, 2), (2, 6), (3, 12)),
        ),
    }

    def __init__(
        self,
        n_mels: int = 80,
        residual_block: int = 1,
        initial_channels: int = 512,
        upsample_rates: Sequence[int] = (8, 8, 2, 2),
        upsample_kernels: Sequence[int] = (16, 16, 4, 4),
        residual_kernels: Sequence[int] = (3, 7, 11),
        dilations: Sequence[Sequence[int]] = ((1, 3, 5), (1, 3, 5), (1, 3, 5)),
    ):
        super().__init__()
        block = {1: ResidualBlock1, 2: ResidualBlock2}[residual_block]
        self.n_branches = len(residual_kernels)
        self.conv_pre = weight_norm(nn.Conv1d(n_mels, initial_channels, 7, padding=3))
        self.ups, self.resblocks = nn.ModuleList(), nn.ModuleList()
        channels = initial_channels
        for rate, kernel in zip(upsample_rates, upsample_kernels, strict=True):
            upsample = nn.ConvTranspose1d(channels, channels // 2, kernel, rate, padding=(kernel - rate) // 2)
            self.ups.append(weight_norm(upsample))
            channels //= 2
            for kernel, dilation in zip(residual_kernels, dilations, strict=True):
                self.resblocks.append(block(channels, kernel, dilation))
        self.conv_post = weight_norm(nn.Conv1d(channels, 1, 7, padding=3))

    @classmethod
    def preset(cls, preset: str = "v1", n_mels: int = 80) -> "HiFiGANGenerator":
        """Build V1, V2 or V3 of the paper's table 4."""
        return cls(n_mels=n_mels, **cls.PRESETS[preset])

    def forward(self, mel: Tensor) -> Tensor:
        """Turn mel (batch, n_mels, frames) into waveform (batch, 1, frames * hop) in [-1, 1]."""
        hidden = self.conv_pre(mel)
        for stage, upsample in enumerate(self.ups):
            hidden = upsample(F.leaky_relu(hidden, SLOPE))
            first = stage * self.n_branches
            branches = [block(hidden) for block in self.resblocks[first : first + self.n_branches]]
            hidden = sum(branches[1:], branches[0]) / self.n_branches  # multi-receptive field fusion
        hidden = F.leaky_relu(hidden)  # slope 0.01, unlike the layers above: the released weights were trained so
        return torch.tanh(self.conv_post(hidden))


def scaled(channels: Sequence[int], width: float, multiple: int = 1) -> list[int]:
    """Scale layer widths, keeping them multiples of the group count."""
    return [max(multiple, round(count * width / multiple) * multiple) for count in channels]


class PeriodDiscriminator(nn.Module):
    """Judge a waveform folded into rows of one period (section 2.3)."""

    def __init__(self, period: int, width: float = 1.0):
        super().__init__()
        self.period = period
        channels = [1, *scaled((32, 128, 512, 1024, 1024), width)]
        strides = (3, 3, 3, 3, 1)
        self.convs = nn.ModuleList(
            weight_norm(nn.Conv2d(inputs, outputs, (5, 1), (stride, 1), (2, 0)))
            for inputs, outputs, stride in zip(channels[:-1], channels[1:], strides, strict=True)
        )
        self.conv_post = weight_norm(nn.Conv2d(channels[-1], 1, (3, 1), padding=(1, 0)))

    def forward(self, waveform: Tensor) -> DiscriminatorOutput:
        """Score (batch, 1, samples): scores (batch, positions)."""
        batch, _, samples = waveform.shape
        hidden = F.pad(waveform, (0, -samples % self.period), mode="reflect")
        hidden = hidden.view(batch, 1, -1, self.period)  # (batch, 1, rows, period)
        features = []
        for convolution in self.convs:
            hidden = F.leaky_relu(convolution(hidden), SLOPE)
            features.append(hidden)
        hidden = self.conv_post(hidden)
        return DiscriminatorOutput(hidden.flatten(1), [*features, hidden])


class MultiPeriodDiscriminator(nn.Module):
    """Five period discriminators whose periods share no divisor.

    Args:
        width: factor on the reference's channels.
    """

    def __init__(self, periods: Sequence[int] = (2, 3, 5, 7, 11), width: float = 1.0):
        super().__init__()
        self.discriminators = nn.ModuleList(PeriodDiscriminator(period, width) for period in periods)

    def forward(self, waveform: Tensor) -> list[DiscriminatorOutput]:
        """Score (batch, 1, samples), one output per period."""
        return [discriminator(waveform) for discriminator in self.discriminators]


class ScaleDiscriminator(nn.Module):
    """Judge a waveform by strided grouped convolutions (section 2.3, after MelGAN)."""

    def __init__(self, normalise=weight_norm, width: float = 1.0):
        super().__init__()
        channels = [1, *scaled((128, 128, 256, 512, 1024, 1024, 1024), width, multiple=16)]
        kernels, strides = (15, 41, 41, 41, 41, 41, 5), (1, 2, 2, 4, 4, 1, 1)
        groups = (1, 4, 16, 16, 16, 16, 1)
        shapes = zip(channels[:-1], channels[1:], kernels, strides, groups, strict=True)
        self.convs = nn.ModuleList(
            normalise(nn.Conv1d(inputs, outputs, kernel, stride, same_padding(kernel), groups=group))
            for inputs, outputs, kernel, stride, group in shapes
        )
        self.conv_post = normalise(nn.Conv1d(channels[-1], 1, 3, padding=1))

    def forward(self, waveform: Tensor) -> DiscriminatorOutput:
        """Score (batch, 1, samples): scores (batch, positions)."""
        hidden, features = waveform, []
        for convolution in self.convs:
            hidden = F.leaky_relu(convolution(hidden), SLOPE)
            features.append(hidden)
        hidden = self.conv_post(hidden)
        return DiscriminatorOutput(hidden.flatten(1), [*features, hidden])


class MultiScaleDiscriminator(nn.Module):
    """Three scale discriminators: raw, and pooled by 2 once and twice; the first is spectrally normed.

    Args:
        width: factor on the reference's channels.
    """

    def __init__(self, width: float = 1.0):
        super().__init__()
        normalisations = (spectral_norm, weight_norm, weight_norm)
        self.discriminators = nn.ModuleList(ScaleDiscriminator(normalise, width) for normalise in normalisations)

    def forward(self, waveform: Tensor) -> list[DiscriminatorOutput]:
        """Score (batch, 1, samples), one output per scale."""
        outputs = []
        for scale, discriminator in enumerate(self.discriminators):
            if scale:
                waveform = F.avg_pool1d(waveform, 4, stride=2, padding=2)
            outputs.append(discriminator(waveform))
        return outputs
