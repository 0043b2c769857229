"""Vocos: a vocoder that works at the mel's frame rate and ends in an inverse Fourier transform (arXiv:2306.00814)."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

MAX_MAGNITUDE = 100.0  # of the predicted spectrum: keeps exp from running away


class ConvNeXtBlock(nn.Module):
    """Mix over time channel by channel, then over channels frame by frame, and add to the input (section 3.2).

    Args:
        intermediate_channels: width between the two frame-wise layers.
        scale: of the block's contribution at the start.
        kernel, dilation: over time, in frames; the kernel is odd.
    """

    def __init__(self, channels: int, intermediate_channels: int, scale: float, kernel: int = 7, dilation: int = 1):
        super().__init__()
        padding = dilation * (kernel // 2)
        self.depthwise = nn.Conv1d(channels, channels, kernel, 1, padding, dilation, groups=channels)
        self.norm = nn.LayerNorm(channels, eps=1e-6)
        self.expand = nn.Linear(channels, intermediate_channels)
        self.project = nn.Linear(intermediate_channels, channels)
        self.scale = nn.Parameter(torch.full((channels,), scale))

    def forward(self, hidden: Tensor) -> Tensor:
        """Refine (batch, channels, frames) at an unchanged shape."""
        mixed = self.norm(self.depthwise(hidden).transpose(1, 2))  # (batch, frames, channels)
        mixed = self.project(F.gelu(self.expand(mixed)))
        return hidden + (self.scale * mixed).transpose(1, 2)


class InverseSTFT(nn.Module):
    """Spectrum to waveform by windowed overlap-add.

    Args:
        padding: "same": frame t is centred on sample hop * t + hop / 2 and frames * hop samples come out, as in our
            mels; "center": frame t is centred on hop * t and (frames - 1) * hop come out, as in the released model.
    """

    def __init__(self, n_fft: int, hop_length: int, padding: str = "same"):
        super().__init__()
        self.n_fft, self.hop_length = n_fft, hop_length
        self.cut = (n_fft - hop_length) // 2 if padding == "same" else n_fft // 2
        self.register_buffer("window", torch.hann_window(n_fft), persistent=False)

    def forward(self, spectrum: Tensor) -> Tensor:
        """Invert complex (batch, n_fft // 2 + 1, frames): (batch, 1, samples)."""
        frames = torch.fft.irfft(spectrum, self.n_fft, dim=1) * self.window[:, None]  # (batch, n_fft, frames)
        total = self.overlap_add(frames)
        squares = self.window.square()[None, :, None].expand(1, -1, frames.shape[-1])
        inside = slice(self.cut, total.shape[-1] - self.cut)
        return total[..., inside] / self.overlap_add(squares)[..., inside].clamp_min(1e-11)

    def overlap_add(self, frames: Tensor) -> Tensor:
        """Sum frames (batch, n_fft, frames), each a hop later than the one before: (batch, 1, samples)."""
        samples = self.n_fft + (frames.shape[-1] - 1) * self.hop_length
        return F.fold(frames, (1, samples), (1, self.n_fft), stride=(1, self.hop_length)).squeeze(2)


class VocosGenerator(nn.Module):
    """Mel to waveform: ConvNeXt blocks at the frame rate, a magnitude and a phase for every bin, an inverse STFT.

    Args:
        channels: of every block; 512 in the paper.
        intermediate_channels: inside a block.
        n_fft: of the inverse transform.
        padding: of the inverse transform, "same" or "center".
    """

    def __init__(
        self,
        n_mels: int = 80,
        channels: int = 256,
        intermediate_channels: int = 768,
        n_layers: int = 8,
        n_fft: int = 1024,
        hop_length: int = 256,
        padding: str = "same",
    ):
        super().__init__()
        self.sizes = dict(
            n_mels=n_mels, channels=channels, intermediate_channels=intermediate_channels, n_layers=n_layers,
            n_fft=n_fft, hop_length=hop_length, padding=padding,
        )  # fmt: skip
        self.embed = nn.Conv1d(n_mels, channels, 7, padding=3)
        self.norm = nn.LayerNorm(channels, eps=1e-6)
        blocks = (ConvNeXtBlock(channels, intermediate_channels, 1 / n_layers) for _ in range(n_layers))
        self.blocks = nn.ModuleList(blocks)
        self.final_norm = nn.LayerNorm(channels, eps=1e-6)
        self.head = nn.Linear(channels, n_fft + 2)
        self.inverse = InverseSTFT(n_fft, hop_length, padding)
        self.apply(initialise)

    @property
    def receptive_field(self) -> int:
        """Frames on each side that a frame of the output hears, the inverse transform's overlap included."""
        overlap = -(-self.inverse.n_fft // (2 * self.inverse.hop_length))
        return 3 * (1 + len(self.blocks)) + overlap

    def features(self, mel: Tensor) -> Tensor:
        """Run the backbone on (batch, n_mels, frames): (batch, frames, channels)."""
        hidden = self.norm(self.embed(mel).transpose(1, 2)).transpose(1, 2)
        for block in self.blocks:
            hidden = block(hidden)
        return self.final_norm(hidden.transpose(1, 2))

    def spectrum(self, features: Tensor) -> Tensor:
        """Predict a complex spectrum (batch, n_fft // 2 + 1, frames) from features (batch, frames, channels)."""
        log_magnitude, phase = self.head(features).float().transpose(1, 2).chunk(2, dim=1)
        return torch.polar(log_magnitude.exp().clamp(max=MAX_MAGNITUDE), phase)

    def forward(self, mel: Tensor) -> Tensor:
        """Generate speech.

        Args:
            mel: log mel, (batch, n_mels, frames).

        Returns:
            (batch, 1, frames * hop_length).
        """
        features = self.features(mel)
        with torch.autocast(mel.device.type, enabled=False):  # half precision has no FFT
            return self.inverse(self.spectrum(features))


def initialise(module: nn.Module) -> None:
    """Draw weights as the reference does."""
    if isinstance(module, nn.Conv1d | nn.Linear):
        nn.init.trunc_normal_(module.weight, std=0.02)
        nn.init.zeros_(module.bias)
