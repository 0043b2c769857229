"""Multi-resolution discriminator: complex spectra of three windows, scored band by band (Vocos, arXiv:2306.00814).

The bands are those of the Descript Audio Codec (arXiv:2306.06546, section 3.2).
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from speechlab.layers.upsampling import SLOPE
from speechlab.models.hifigan import DiscriminatorOutput

BAND_EDGES = (0.0, 0.1, 0.25, 0.5, 0.75, 1.0)  # shares of the bins
LOUDEST = 0.8  # peak to which each waveform is scaled: the discriminator must not react to loudness


class ResolutionDiscriminator(nn.Module):
    """Judge one complex spectrogram; each band of frequencies has layers of its own.

    Args:
        n_fft: window in samples; the hop is a quarter of it.
        channels: of every layer.
    """

    def __init__(self, n_fft: int, channels: int = 32):
        super().__init__()
        self.n_fft = n_fft
        self.register_buffer("window", torch.hann_window(n_fft), persistent=False)
        bins = n_fft // 2 + 1
        self.bands = list(pairwise(int(edge * bins) for edge in BAND_EDGES))
        self.band_convs = nn.ModuleList(band_layers(channels) for _ in self.bands)
        self.conv_post = weight_norm(nn.Conv2d(channels, 1, (3, 3), padding=(1, 1)))

    def spectrum(self, waveform: Tensor) -> Tensor:
        """Real and imaginary parts (batch, 2, frames, bins) of (batch, 1, samples)."""
        waveform = waveform.squeeze(1).float()
        waveform = waveform - waveform.mean(-1, keepdim=True)
        waveform = LOUDEST * waveform / (waveform.abs().amax(-1, keepdim=True) + 1e-9)
        hop_length = self.n_fft // 4
        spectrum = torch.stft(waveform, self.n_fft, hop_length, window=self.window, return_complex=True)
        return torch.view_as_real(spectrum).permute(0, 3, 2, 1)

    def forward(self, waveform: Tensor) -> DiscriminatorOutput:
        """Score (batch, 1, samples): a map (batch, 1, frames, bins / 8), and all layers after each band's first."""
        spectrum, features, ends = self.spectrum(waveform), [], []
        for (low, high), layers in zip(self.bands, self.band_convs, strict=True):
            hidden = spectrum[..., low:high]
            for index, convolution in enumerate(layers):
                hidden = F.leaky_relu(convolution(hidden), SLOPE)
                if index:
                    features.append(hidden)
            ends.append(hidden)
        scores = self.conv_post(torch.cat(ends, dim=-1))
        return DiscriminatorOutput(scores, [*features, scores])


def band_layers(channels: int) -> nn.ModuleList:
    """Five convolutions over (frames, bins); the middle three halve the bins."""
    shapes = [
        (2, (3, 9), 1),
        (channels, (3, 9), 2),
        (channels, (3, 9), 2),
        (channels, (3, 9), 2),
        (channels, (3, 3), 1),
    ]
    return nn.ModuleList(
        weight_norm(nn.Conv2d(inputs, channels, kernel, (1, stride), (1, kernel[1] // 2)))
        for inputs, kernel, stride in shapes
    )


class MultiResolutionDiscriminator(nn.Module):
    """One discriminator per window length.

    Args:
        n_ffts: window lengths in samples.
        width: factor on the channels.
    """

    def __init__(self, n_ffts: Sequence[int] = (2048, 1024, 512), channels: int = 32, width: float = 1.0):
        super().__init__()
        channels = max(1, round(channels * width))
        self.discriminators = nn.ModuleList(ResolutionDiscriminator(n_fft, channels) for n_fft in n_ffts)

    def forward(self, waveform: Tensor) -> list[DiscriminatorOutput]:
        """Score (batch, 1, samples), one output per window length."""
        return [discriminator(waveform) for discriminator in self.discriminators]
