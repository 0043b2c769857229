"""The two networks of HiFi++ that look at spectra (arXiv:2203.13086): SpectralUNet and SpectralMaskNet."""

from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from speechlab.layers.unet import SpectrogramUNet

ALIGNMENT = 16
"""Bins and frames of the 2-D networks are multiples of this: four levels that halve."""


def unmelling_matrix(mel_filters: Tensor) -> Tensor:
    """Spread mel bands over linear bins, by triangles that touch: each bin interpolates between two bands.

    Args:
        mel_filters: the bands' weights, (n_mels, bins); every band reaches a bin.

    Returns:
        (bins, n_mels); the rows of bins inside the bands sum to 1.
    """
    n_mels, bins = mel_filters.shape
    reached = mel_filters > 0
    starts = reached.int().argmax(1).tolist()  # first bin of each band
    edges = [*starts, int(reached[-1].nonzero().max()) + 1]
    triangles = mel_filters.new_zeros(n_mels + 1, bins)
    for band, (start, end) in enumerate(pairwise(edges)):
        rising = torch.linspace(0, 1, end - start + 1, device=mel_filters.device)
        triangles[band, start : end + 1] = 1 - rising
        triangles[band + 1, start : end + 1] = rising
    return triangles[1:].T.contiguous()


class SpectralUNet(nn.Module):
    """Mel to features: un-mel it in a fixed and in a learned way, then read the picture with a U-Net.

    Args:
        mel_filters: weights of the mel analysis, (n_mels, bins).
        channels: of the features.
        widths, depth: of the U-Net, of at most five widths.
        reference_lengths: zero-pad the frames to a power of two, as the reference does: zero is a loud mel, and how
            much of it follows depends on the length. Otherwise the frames must be a multiple of ``ALIGNMENT``.
    """

    def __init__(
        self,
        mel_filters: Tensor,
        channels: int,
        widths: Sequence[int],
        depth: int,
        reference_lengths: bool = False,
    ):
        super().__init__()
        n_mels, bins = mel_filters.shape
        self.reference_lengths = reference_lengths
        self.register_buffer("unmelling", unmelling_matrix(mel_filters), persistent=False)
        self.unmel = weight_norm(nn.Conv1d(n_mels, bins, 1))
        self.net = SpectrogramUNet(3, widths[0], widths, depth)
        self.flatten = weight_norm(nn.Conv2d(widths[0], 1, 1))
        self.project = weight_norm(nn.Conv1d(bins, channels, 1))

    def forward(self, mel: Tensor) -> Tensor:
        """Read a log mel, (batch, n_mels, frames): features (batch, channels, frames)."""
        frames = mel.shape[-1]
        if self.reference_lengths:
            mel = F.pad(mel, (0, max(1 << (frames - 1).bit_length(), ALIGNMENT) - frames))
        hidden = self.net(self.pictures(mel))[:, :, : len(self.unmelling)]  # (batch, widths[0], bins, frames)
        return self.project(self.flatten(hidden).squeeze(1))[..., :frames]

    def pictures(self, mel: Tensor) -> Tensor:
        """Stack the fixed un-melling, the place on the frequency axis and the learned un-melling.

        Returns:
            (batch, 3, rows, frames); rows are the bins and zeros up to a multiple of ``ALIGNMENT``.
        """
        fixed = torch.matmul(self.unmelling, mel)  # (batch, bins, frames)
        bins = len(self.unmelling)
        place = torch.linspace(0, 1, bins, device=fixed.device, dtype=fixed.dtype).view(1, bins, 1).expand_as(fixed)
        pictures = torch.stack((fixed, place, self.unmel(mel)), 1)
        return F.pad(pictures, (0, 0, 0, -bins % ALIGNMENT))


class SpectralMaskNet(nn.Module):
    """Multiply each channel's spectrum by a positive mask that a U-Net predicts from all magnitudes.

    Args:
        channels: signals in and out.
        widths, depth: of the U-Net, of at most four widths.
        reference_lengths: append rows of zeros above the bins though their number is right already, as the reference.
    """

    def __init__(
        self,
        channels: int,
        widths: Sequence[int],
        depth: int,
        n_fft: int = 1024,
        hop_length: int = 256,
        reference_lengths: bool = False,
    ):
        super().__init__()
        self.n_fft, self.hop_length = n_fft, hop_length
        self.spare_rows = ALIGNMENT if reference_lengths else 0
        self.register_buffer("window", torch.hann_window(n_fft), persistent=False)
        self.net = SpectrogramUNet(channels, channels, widths, depth)

    def forward(self, hidden: Tensor) -> Tensor:
        """Filter (batch, channels, samples) at an unchanged shape; samples are a multiple of the hop."""
        with torch.autocast(hidden.device.type, enabled=False):  # half precision has no FFT, and loses quiet bins
            spectrum = self.analyse(hidden.float())
            magnitude = torch.sqrt(spectrum.real.square() + spectrum.imag.square() + 1e-9)
        mask = self.mask(magnitude[:, :, 1:, 1:])  # neither the constant bin nor the first frame
        with torch.autocast(hidden.device.type, enabled=False):
            spectrum = spectrum * F.pad(mask.float(), (1, 0, 1, 0), value=1.0)
            return self.synthesise(spectrum, hidden.shape[-1])

    def mask(self, magnitude: Tensor) -> Tensor:
        """Predict gains for (batch, channels, n_fft / 2, frames), of the same shape."""
        _, _, bins, frames = magnitude.shape
        missing = -frames % (ALIGNMENT // 2)  # three levels; none is missing but at the reference's lengths
        left = (missing + 1) // 2
        magnitude = F.pad(magnitude, (left, missing - left, 0, self.spare_rows))
        return F.softplus(self.net(magnitude))[:, :, :bins, left : left + frames]

    def analyse(self, hidden: Tensor) -> Tensor:
        """Short-time Fourier transform of every channel, complex (batch, channels, n_fft / 2 + 1, frames + 1)."""
        spectrum = torch.stft(
            hidden.flatten(0, 1), self.n_fft, self.hop_length, window=self.window, return_complex=True
        )
        return spectrum.unflatten(0, hidden.shape[:2])

    def synthesise(self, spectrum: Tensor, samples: int) -> Tensor:
        """Invert :meth:`analyse`: (batch, channels, samples)."""
        hidden = torch.istft(spectrum.flatten(0, 1), self.n_fft, self.hop_length, window=self.window, length=samples)
        return hidden.unflatten(0, spectrum.shape[:2])
