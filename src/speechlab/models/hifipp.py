"""HiFi++: HiFi-GAN's upsampler between networks that look at spectra and waveforms (arXiv:2203.13086).

Both generators pad their input with silence to a multiple of 16 frames and cut their output, so that what they say of a
frame does not depend on how many follow. The skips start as identities, the last convolution and the transposed ones
small, as the paper's authors meant; in their code the weight norm undoes it.
"""

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from speechlab.audio.mel import MelSpectrogram, mel_filters
from speechlab.config import AudioSpec
from speechlab.errors import SpeechlabError
from speechlab.layers.spectral import ALIGNMENT, SpectralMaskNet, SpectralUNet
from speechlab.layers.unet import WaveUNet
from speechlab.layers.upsampling import START_DEVIATION, Upsampler, start_at, start_small
from speechlab.models.hifigan import DiscriminatorOutput, ScaleDiscriminator

REFERENCE_SAMPLES = 1024  # the reference cuts waveforms to a multiple of this; we pad them up to it

MASK_SKIP = 0.3  # gain of the skip around the mask at first, beside softplus(1) = 1.3 through it


def identity_skip(channels: int) -> nn.Module:
    """Convolution of kernel 1 around a network, which starts as the identity."""
    skip = weight_norm(nn.Conv1d(channels, channels, 1))
    start_at(skip, torch.eye(channels).unsqueeze(2))
    return skip


def last_convolution(channels: int) -> nn.Module:
    """Convolution from channels to a waveform, which starts small."""
    head = weight_norm(nn.Conv1d(channels, 1, 7, padding=3))
    start_small(head)
    return head


class HiFiPP(nn.Module):
    """What the vocoder and the enhancer share (figure 1).

    Args:
        channels: of a frame's features, a multiple of 16; a sample has a sixteenth.
        spectral_widths, spectral_depth: of SpectralUNet.
        wave_widths, wave_depth: of WaveUNet.
        mask_widths, mask_depth: of SpectralMaskNet.
        sample_rate: in Hz; the mel has 80 bands up to 8 kHz and a hop of 256 samples.
        reference_lengths: pad as the reference does, see :class:`SpectralUNet` and :class:`SpectralMaskNet`.
        mask_first: SpectralMaskNet comes before WaveUNet, as in some of the reference's configurations.
    """

    def __init__(
        self,
        channels: int = 128,
        spectral_widths: Sequence[int] = (8, 16, 24, 32, 64),
        spectral_depth: int = 5,
        wave_widths: Sequence[int] = (10, 20, 40, 80),
        wave_depth: int = 4,
        mask_widths: Sequence[int] = (8, 12, 24, 32),
        mask_depth: int = 4,
        sample_rate: int = 16_000,
        reference_lengths: bool = False,
        mask_first: bool = False,
    ):
        super().__init__()
        self.audio = AudioSpec(sample_rate=sample_rate)
        self.reference_lengths, self.mask_first = reference_lengths, mask_first
        self.wave_channels = channels // 16
        self.spectral_unet = SpectralUNet(
            mel_filters(self.audio), channels, spectral_widths, spectral_depth, reference_lengths
        )
        self.upsampler = Upsampler(channels)
        self.wave_unet = WaveUNet(self.wave_channels, self.wave_channels, wave_widths, wave_depth)
        self.wave_skip = identity_skip(self.wave_channels)
        self.mask_net = SpectralMaskNet(
            self.wave_channels, mask_widths, mask_depth, reference_lengths=reference_lengths
        )
        self.mask_skip = identity_skip(self.wave_channels)
        self.head = last_convolution(self.wave_channels)

    def upsample(self, mel: Tensor) -> Tensor:
        """Turn mel (batch, n_mels, frames) into signals (batch, channels / 16, frames * 256)."""
        return self.upsampler(self.spectral_unet(mel))

    def refine(self, hidden: Tensor, waveform: Tensor | None = None) -> Tensor:
        """Turn signals (batch, channels / 16, samples) into a waveform (batch, 1, samples) in [-1, 1].

        Args:
            waveform: what is enhanced, (batch, 1, samples), which WaveUNet hears too; a vocoder has none.
        """
        if self.mask_first:
            hidden = self.masked(hidden)
        if waveform is not None:
            hidden = self.mix(torch.cat((hidden, waveform), 1))
        hidden = self.wave_unet(hidden) + self.wave_skip(hidden)
        return torch.tanh(self.head(hidden if self.mask_first else self.masked(hidden)))

    def masked(self, hidden: Tensor) -> Tensor:
        """Take away from signals (batch, channels, samples) what SpectralMaskNet finds to be none of speech."""
        return self.mask_net(hidden) + self.mask_skip(hidden)


class HiFiPPVocoder(HiFiPP):
    """Mel to waveform; sizes as :class:`HiFiPP`."""

    def forward(self, mel: Tensor) -> Tensor:
        """Turn a log mel (batch, n_mels, frames) of any length into a waveform (batch, 1, frames * 256) in [-1, 1]."""
        frames = mel.shape[-1]
        missing = max(4 - frames, 0) if self.reference_lengths else -frames % ALIGNMENT  # 4: the STFT's least
        mel = F.pad(mel, (0, missing), value=math.log(self.audio.log_floor))
        return self.refine(self.upsample(mel))[..., : frames * self.audio.hop_length]


class HiFiPPEnhancer(HiFiPP):
    """Waveform to waveform: the vocoder, which also hears what it is to improve; sizes as :class:`HiFiPP`.

    It starts by letting its input pass, see :func:`let_input_pass`.
    """

    def __init__(self, **sizes):
        super().__init__(**sizes)
        self.mel = MelSpectrogram(self.audio)
        self.mix = weight_norm(nn.Conv1d(self.wave_channels + 1, self.wave_channels, 1))
        let_input_pass(self)

    def forward(self, waveform: Tensor) -> Tensor:
        """Enhance a waveform (batch, 1, samples) of any length; the result has its shape and lies in [-1, 1].

        Raises:
            SpeechlabError: the waveform is empty or not three-dimensional.
        """
        samples = waveform.shape[-1]
        waveform = pad_waveform(waveform, REFERENCE_SAMPLES if self.reference_lengths else ALIGNMENT * 256)
        return self.refine(self.upsample(self.mel(waveform)), waveform)[..., :samples]


def let_input_pass(generator: nn.Module) -> None:
    """Start an enhancer as one that changes little, most of its sound passing through the mask.

    So the mask can take away from the first step on: with the skip around SpectralMaskNet at 1 it could only add. From
    weights drawn at random the right spectrum may be learned with the sign turned round, from where losses that compare
    magnitudes never bring it back.

    Args:
        generator: with ``mix`` of signals and waveform, ``mask_net``, ``mask_skip`` and ``head``.
    """
    channels = generator.mix.out_channels
    signals = torch.eye(channels)
    start_at(generator.mix, torch.cat((signals, torch.ones(channels, 1)), 1).unsqueeze(2))
    start_at(generator.mask_skip, MASK_SKIP * signals.unsqueeze(2))
    with torch.no_grad():
        generator.mask_net.net.head.bias.fill_(1.0)
    head = torch.randn_like(generator.head.weight) * START_DEVIATION
    head[..., head.shape[-1] // 2] += 1 / channels / (MASK_SKIP + math.log1p(math.e))
    start_at(generator.head, head)


def pad_waveform(waveform: Tensor, multiple: int) -> Tensor:
    """Append silence up to a multiple of so many samples.

    Raises:
        SpeechlabError: the waveform is empty or not (batch, 1, samples).
    """
    if waveform.ndim != 3 or waveform.shape[1] != 1 or waveform.shape[2] == 0:
        raise SpeechlabError(f"a waveform must be (batch, 1, samples) with samples in it, got {tuple(waveform.shape)}")
    return F.pad(waveform, (0, -waveform.shape[-1] % multiple))


class SameScaleDiscriminator(nn.Module):
    """SSD: three equal discriminators of the raw waveform; unlike HiFi-GAN's, none of them hears it pooled.

    Args:
        width: factor on the channels of HiFi-GAN's scale discriminator.
    """

    def __init__(self, width: float = 1.0):
        super().__init__()
        self.discriminators = nn.ModuleList(ScaleDiscriminator(width=width) for _ in range(3))

    def forward(self, waveform: Tensor) -> list[DiscriminatorOutput]:
        """Score (batch, 1, samples), one output per discriminator."""
        return [discriminator(waveform) for discriminator in self.discriminators]
