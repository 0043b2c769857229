"""Deep filtering: a small U-Net gives every bin of a spectrogram a short complex filter over time.

A filter of several frames (arXiv:1904.08369) restores what a mask of one cannot: a partial between two bins turns its
phase from frame to frame. Encoder and decoder halve and double the frequencies alone, with skips between them, so that
a pattern of harmonics is seen alike wherever it lies; what happens in time is learned where the picture is smallest, by
ConvNeXt blocks of growing dilation.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from speechlab.models.hifipp import pad_waveform
from speechlab.models.vocos import ConvNeXtBlock

COMPRESSION = 0.3  # exponent on magnitudes, as loudness
QUIETEST = 1e-8  # power of a bin, below which its compressed value fades


class DeepFilter(nn.Module):
    """Noisy waveform to clean waveform.

    Args:
        widths: channels of the encoder, each at half as many bins as the one before.
        channels: of the blocks over time; ``intermediate_channels`` inside them.
        dilations: of the blocks, in frames.
        n_taps: frames that a bin's filter reads, odd; the middle one is the bin's own.
        n_fft, hop_length: of the spectrogram; the hop divides half of n_fft.
    """

    def __init__(
        self,
        widths: Sequence[int] = (16, 24, 32, 48),
        channels: int = 256,
        intermediate_channels: int = 512,
        dilations: Sequence[int] = (1, 2, 4, 8, 1, 2, 4, 8),
        n_taps: int = 3,
        n_fft: int = 512,
        hop_length: int = 256,
    ):
        super().__init__()
        self.n_fft, self.hop_length, self.n_taps = n_fft, hop_length, n_taps
        self.register_buffer("window", torch.hann_window(n_fft).sqrt(), persistent=False)
        self.encoder = nn.ModuleList(Halving(*pair) for pair in pairwise((3, *widths)))
        self.decoder = nn.ModuleList(Doubling(*pair) for pair in pairwise((widths[0], *widths)))
        rows = n_fft // 2 + 1
        for _ in widths:
            rows = (rows + 1) // 2
        self.enter = nn.Linear(widths[-1] * rows, channels)
        scale = 1 / len(dilations)
        self.blocks = nn.ModuleList(
            ConvNeXtBlock(channels, intermediate_channels, scale, kernel=5, dilation=dilation) for dilation in dilations
        )
        self.leave = nn.Linear(channels, widths[-1] * rows)
        self.head = nn.Conv2d(widths[0], 2 * n_taps, 1)
        nn.init.zeros_(self.head.weight)  # at first what is heard passes unchanged
        nn.init.zeros_(self.head.bias)

    def forward(self, waveform: Tensor) -> Tensor:
        """Clean a waveform (batch, 1, samples) of any length; the result has its shape.

        Raises:
            SpeechlabError: the waveform is empty or not three-dimensional.
        """
        samples = waveform.shape[-1]
        padded = pad_waveform(waveform, self.hop_length).squeeze(1)
        with torch.autocast(waveform.device.type, enabled=False):  # half precision has no FFT
            spectrum = self.analyse(padded.float())
            picture = compressed(spectrum)
        filters = self.filters(picture)
        with torch.autocast(waveform.device.type, enabled=False):
            cleaned = torch.istft(
                filtered(spectrum, filters), self.n_fft, self.hop_length, window=self.window, length=padded.shape[-1]
            )
        return cleaned[:, None, :samples]

    def analyse(self, waveform: Tensor) -> Tensor:
        """Short-time Fourier transform of (batch, samples), complex (batch, n_fft // 2 + 1, frames)."""
        silent_ends = (self.n_fft // 2, self.n_fft // 2)  # reflection would need as many samples
        return torch.stft(
            F.pad(waveform, silent_ends), self.n_fft, self.hop_length, window=self.window, center=False,
            return_complex=True,
        )  # fmt: skip

    def filters(self, picture: Tensor) -> Tensor:
        """Predict the filters, complex (batch, n_taps, bins, frames), from a picture (batch, 3, bins, frames)."""
        hidden, skipped = picture, []
        for halve in self.encoder:
            hidden = halve(hidden)
            skipped.append(hidden)
        hidden = hidden + self.over_time(hidden)
        for double in reversed(self.decoder):
            hidden = double(hidden, skipped.pop())
        real, imaginary = self.head(hidden).float().chunk(2, dim=1)
        passing = torch.zeros_like(real[:1, :, :1, :1])
        passing[:, self.n_taps // 2] = 1
        return torch.complex(real + passing, imaginary)

    def over_time(self, hidden: Tensor) -> Tensor:
        """Run the blocks over (batch, width, rows, frames), all rows of a frame as one vector."""
        vectors = self.enter(hidden.permute(0, 3, 1, 2).flatten(2)).transpose(1, 2)  # (batch, channels, frames)
        for block in self.blocks:
            vectors = block(vectors)
        return self.leave(vectors.transpose(1, 2)).unflatten(2, hidden.shape[1:3]).permute(0, 2, 3, 1)


class Halving(nn.Module):
    """Half as many bins; frames see their neighbours."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.convolution = nn.Conv2d(inputs, outputs, (5, 3), (2, 1), (2, 1), bias=False)
        self.norm, self.rectifier = nn.BatchNorm2d(outputs), nn.PReLU(outputs)

    def forward(self, hidden: Tensor) -> Tensor:
        """Turn (batch, inputs, bins, frames) into (batch, outputs, (bins + 1) // 2, frames)."""
        return self.rectifier(self.norm(self.convolution(hidden)))


class Doubling(nn.Module):
    """Twice as many bins, of the sum of what comes from below and of what was skipped."""

    def __init__(self, outputs: int, inputs: int):
        super().__init__()
        self.skip = nn.Conv2d(inputs, inputs, 1)
        self.convolution = nn.ConvTranspose2d(inputs, outputs, (5, 3), (2, 1), (2, 1), bias=False)
        self.norm, self.rectifier = nn.BatchNorm2d(outputs), nn.PReLU(outputs)

    def forward(self, hidden: Tensor, skipped: Tensor) -> Tensor:
        """Turn two of (batch, inputs, bins, frames) into (batch, outputs, 2 * bins - 1, frames)."""
        return self.rectifier(self.norm(self.convolution(hidden + self.skip(skipped))))


def compressed(spectrum: Tensor) -> Tensor:
    """Picture a complex spectrum (batch, bins, frames): log magnitude, real and imaginary part, compressed.

    Returns:
        (batch, 3, bins, frames).
    """
    power = (spectrum.real.square() + spectrum.imag.square()).clamp_min(QUIETEST)
    phased = torch.view_as_real(spectrum) * power.pow((COMPRESSION - 1) / 2).unsqueeze(-1)
    level = 0.5 * power.log() / 3 + 1  # between -2 and 3
    return torch.stack((level, phased[..., 0], phased[..., 1]), 1)


def filtered(spectrum: Tensor, filters: Tensor) -> Tensor:
    """Filter every bin over time.

    Args:
        spectrum: complex (batch, bins, frames).
        filters: complex (batch, n_taps, bins, frames); tap i of a frame reads i - n_taps // 2 frames later.
    """
    reach = filters.shape[1] // 2
    around = F.pad(spectrum, (reach, reach))
    return sum(tap * around[..., i : i + spectrum.shape[-1]] for i, tap in enumerate(filters.unbind(1)))
