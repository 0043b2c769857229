"""Multi-scale STFT discriminator: 2-D convolutions over complex spectra (EnCodec, arXiv:2210.13438; FINALLY)."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from speechlab.models.hifigan import DiscriminatorOutput

SLOPE = 0.2  # of the leaky rectifiers


class STFTDiscriminator(nn.Module):
    """Judge one complex spectrogram, real and imaginary parts as two channels.

    Args:
        filters: channels of every layer.
        n_fft: window and transform length in samples; the hop is a quarter of it.
    """

    def __init__(self, filters: int, n_fft: int):
        super().__init__()
        self.n_fft = n_fft
        window = torch.hann_window(n_fft)
        self.register_buffer("window", window / window.square().sum().sqrt(), persistent=False)
        first = nn.Conv2d(2, filters, (3, 9), padding=(1, 4))  # not weight-normed in the references
        strided = [
            weight_norm(nn.Conv2d(filters, filters, (3, 9), (1, 2), (dilation, 4), (dilation, 1)))
            for dilation in (1, 2, 4)
        ]
        self.convs = nn.ModuleList([first, *strided, weight_norm(nn.Conv2d(filters, filters, (3, 3), padding=(1, 1)))])
        self.conv_post = weight_norm(nn.Conv2d(filters, 1, (3, 3), padding=(1, 1)))

    def spectrum(self, waveform: Tensor) -> Tensor:
        """Complex STFT (batch, 2, frames, n_fft // 2 + 1) of (batch, 1, samples), samples >= n_fft."""
        waveform = waveform.squeeze(1).float()
        hop_length = self.n_fft // 4
        spectrum = torch.stft(waveform, self.n_fft, hop_length, window=self.window, center=False, return_complex=True)
        return torch.view_as_real(spectrum).permute(0, 3, 2, 1)

    def forward(self, waveform: Tensor) -> DiscriminatorOutput:
        """Score (batch, 1, samples): scores (batch, 1, frames, bins / 8), and the activations of the five layers."""
        hidden, features = self.spectrum(waveform), []
        for convolution in self.convs:
            hidden = F.leaky_relu(convolution(hidden), SLOPE)
            features.append(hidden)
        return DiscriminatorOutput(self.conv_post(hidden), features)


class MultiScaleSTFTDiscriminator(nn.Module):
    """One discriminator per window length; the references leave the score map out of the features.

    Args:
        n_ffts: window lengths in samples.
        width: factor on the filters.
    """

    def __init__(self, filters: int = 64, n_ffts: Sequence[int] = (2048, 1024, 512, 256, 128), width: float = 1.0):
        super().__init__()
        filters = max(1, round(filters * width))
        self.discriminators = nn.ModuleList(STFTDiscriminator(filters, n_fft) for n_fft in n_ffts)

    def forward(self, waveform: Tensor) -> list[DiscriminatorOutput]:
        """Score (batch, 1, samples), one output per window length."""
        return [discriminator(waveform) for discriminator in self.discriminators]
