"""FINALLY: HiFi++ that also reads WavLM's features, and speaks at 16 or 48 kHz (arXiv:2410.05920, section 4).

The frozen WavLM stays outside: the generator takes its last hidden state beside the waveform. As in HiFi++ the input is
padded with silence to a multiple of 16 frames, and WavLM's frames are found by their place in time, so that the
beginning of the output depends on no length.
"""

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from speechlab.audio.mel import MelSpectrogram, mel_filters
from speechlab.config import AudioSpec
from speechlab.errors import SpeechlabError
from speechlab.layers.spectral import ALIGNMENT, SpectralMaskNet, SpectralUNet
from speechlab.layers.unet import ResidualStack, WaveUNet
from speechlab.layers.upsampling import SLOPE, ResidualBlock1, Upsampler
from speechlab.models.hifipp import REFERENCE_SAMPLES, identity_skip, last_convolution, let_input_pass, pad_waveform

INPUT_RATE = 16_000  # Hz, WavLM's
WAVLM_HOP, WAVLM_FIELD = 320, 400  # samples between WavLM's frames, and under each

SIZES: dict[str, dict[str, Any]] = {
    "tiny": dict(
        channels=64,
        spectral_widths=(2, 4, 8, 16, 32),
        wave_widths=(16, 16, 32, 64),
        mask_widths=(8, 16, 32, 64),
        upsample_widths=(16, 16, 16, 16, 32),
        upsample_channels=64,
    ),
    "small": dict(
        channels=128,
        spectral_widths=(8, 16, 24, 32, 64),
        spectral_depth=5,
        wave_widths=(10, 20, 40, 80),
        mask_widths=(8, 12, 24, 32),
        mask_depth=4,
        upsample_widths=(16, 16, 16, 16, 32),
        upsample_channels=64,
    ),
    "base": {},
    "large": dict(mask_depth=4, deep=True),
}
"""An eighth of base, to try things out; HiFi++'s widths, for a CPU; those of the golden cases; those of a published
variant, as far as its description goes: it has 144.4 M parameters here. 143.7 M is the sum of its parts as published,
each rounded: SpectralUNet 4.5, fusion 50 + 33, Upsampler 14, WaveUNet 10.7 (10.3 here), SpectralMaskNet 16.5 (16.7
here) and Upsample WaveUNet 15 (15.6 here)."""


def fusion(inputs: int, channels: int, deep: bool) -> nn.Sequential:
    """Mix WavLM's features with SpectralUNet's, (batch, inputs, frames) to (batch, channels, frames)."""
    narrow = (nn.LeakyReLU(SLOPE), weight_norm(nn.Conv1d(inputs, channels, 1)))
    if not deep:
        return nn.Sequential(ResidualBlock1(inputs, 3), *narrow)
    blocks = (ResidualBlock1(channels, kernel) for kernel in (3, 7, 11))
    return nn.Sequential(ResidualStack(1, inputs, depth=7, kernel=3), *narrow, *blocks)


class RecurrentBottleneck(nn.Module):
    """Two bidirectional recurrent layers at the lowest resolution: they hear the whole recording."""

    def __init__(self, width: int):
        super().__init__()
        self.widen = weight_norm(nn.Conv1d(width, 2 * width, 5, padding=2))
        self.recurrent = nn.LSTM(2 * width, 2 * width, num_layers=2, batch_first=True, bidirectional=True)
        self.narrow = weight_norm(nn.Conv1d(4 * width, width, 1))

    def forward(self, hidden: Tensor) -> Tensor:
        """Refine (batch, width, steps) at an unchanged shape."""
        recalled, _ = self.recurrent(self.widen(hidden).transpose(1, 2))  # (batch, steps, 4 * width)
        return self.narrow(recalled.transpose(1, 2))


class UpsampleWaveUNet(nn.Module):
    """A WaveUNet whose last stage speaks at three times the rate: from 16 to 48 kHz.

    Args:
        inputs: signals in.
        widths, depth: of the WaveUNet, of at most five widths.
        channels: before (deep: after) the step from 16 to 48 kHz.
        deep: with a recurrent bottleneck, transposed convolutions and two more convolutions at 48 kHz.
    """

    def __init__(self, inputs: int, widths: Sequence[int], depth: int, channels: int, deep: bool):
        super().__init__()
        if deep:
            bottleneck = RecurrentBottleneck(widths[-1])
            self.wave_unet = WaveUNet(inputs, widths[0], widths, depth, bottleneck=bottleneck, transposed=True)
            self.triple = weight_norm(nn.ConvTranspose1d(widths[0], channels, 3, 3))
            self.finish = nn.Sequential(
                nn.LeakyReLU(SLOPE),
                weight_norm(nn.Conv1d(channels, inputs, 5, padding=2)),
                nn.LeakyReLU(SLOPE),
                last_convolution(inputs),
            )
        else:
            self.wave_unet = WaveUNet(inputs, channels, widths, depth)
            self.triple = weight_norm(nn.ConvTranspose1d(channels, 1, 3, 3))
            self.finish = nn.Identity()

    def forward(self, hidden: Tensor) -> Tensor:
        """Turn signals (batch, inputs, samples) into a signal (batch, 1, 3 * samples)."""
        return self.finish(self.triple(F.leaky_relu(self.wave_unet(hidden), SLOPE)))


class Finally(nn.Module):
    """Degraded speech at 16 kHz and its WavLM features to studio speech (figure 3).

    Args:
        sample_rate: of the output, 16 000 or 48 000 Hz.
        wavlm_channels: 1024 for WavLM-large.
        channels: of a frame's features, a multiple of 16; a sample has a sixteenth.
        spectral_widths, spectral_depth: of SpectralUNet.
        wave_widths, wave_depth: of WaveUNet.
        mask_widths, mask_depth: of SpectralMaskNet.
        upsample_widths, upsample_depth, upsample_channels: of the Upsample WaveUNet.
        deep: the larger fusion and Upsample WaveUNet of ``large``.
        reference_lengths: pad, and stretch WavLM's features, as the reference does: depending on the length.
        tanh: bring the output into [-1, 1]; some reference generators do not.
        spare_head: keep the 16 kHz head, unused, beside the 48 kHz one, as the reference does.

    Raises:
        SpeechlabError: another output rate.
    """

    def __init__(
        self,
        sample_rate: int = INPUT_RATE,
        wavlm_channels: int = 1024,
        channels: int = 512,
        spectral_widths: Sequence[int] = (16, 32, 64, 128, 256),
        spectral_depth: int = 4,
        wave_widths: Sequence[int] = (128, 128, 256, 512),
        wave_depth: int = 4,
        mask_widths: Sequence[int] = (64, 128, 256, 512),
        mask_depth: int = 1,
        upsample_widths: Sequence[int] = (128, 128, 128, 128, 256),
        upsample_depth: int = 3,
        upsample_channels: int = 512,
        deep: bool = False,
        reference_lengths: bool = False,
        tanh: bool = True,
        spare_head: bool = False,
    ):
        super().__init__()
        if sample_rate not in (INPUT_RATE, 3 * INPUT_RATE):
            raise SpeechlabError(f"FINALLY speaks at 16000 or 48000 Hz, not at {sample_rate}")
        self.sample_rate, self.reference_lengths = sample_rate, reference_lengths
        self.audio = AudioSpec(sample_rate=INPUT_RATE)
        wave_channels = channels // 16
        self.mel = MelSpectrogram(self.audio)
        self.spectral_unet = SpectralUNet(
            mel_filters(self.audio), channels, spectral_widths, spectral_depth, reference_lengths
        )
        self.fusion = fusion(wavlm_channels + channels, channels, deep)
        self.upsampler = Upsampler(channels)
        self.mix = weight_norm(nn.Conv1d(wave_channels + 1, wave_channels, 1))
        self.wave_unet = WaveUNet(wave_channels, wave_channels, wave_widths, wave_depth)
        self.wave_skip = identity_skip(wave_channels)
        self.mask_net = SpectralMaskNet(wave_channels, mask_widths, mask_depth, reference_lengths=reference_lengths)
        self.mask_skip = identity_skip(wave_channels)
        if sample_rate == INPUT_RATE or spare_head:
            self.head = last_convolution(wave_channels)
            let_input_pass(self)
        if sample_rate != INPUT_RATE:
            self.wide_head = UpsampleWaveUNet(wave_channels, upsample_widths, upsample_depth, upsample_channels, deep)
        self.squash = nn.Tanh() if tanh else nn.Identity()

    @classmethod
    def preset(cls, size: str = "base", **sizes: Any) -> "Finally":
        """Build a tiny, small, base or large generator, with other sizes where they are given.

        Raises:
            SpeechlabError: there is no such size.
        """
        if size not in SIZES:
            raise SpeechlabError(f"FINALLY has no size {size!r}; choose one of {', '.join(SIZES)}")
        return cls(**{**SIZES[size], **sizes})

    def forward(self, waveform: Tensor, wavlm_features: Tensor) -> Tensor:
        """Restore a recording of any length.

        Args:
            waveform: at 16 kHz, (batch, 1, samples) in [-1, 1].
            wavlm_features: last hidden state of WavLM on the same samples, (batch, wavlm_channels, n): 50 a second.

        Returns:
            (batch, 1, samples) at 16 kHz, or (batch, 1, 3 * samples) at 48 kHz, in [-1, 1].

        Raises:
            SpeechlabError: the waveform is empty or not three-dimensional, or the features end before it.
        """
        samples = waveform.shape[-1]
        waveform = pad_waveform(waveform, REFERENCE_SAMPLES if self.reference_lengths else ALIGNMENT * 256)
        spectral = self.spectral_unet(self.mel(waveform))  # (batch, channels, frames)
        wavlm = self.align(wavlm_features, samples, spectral.shape[-1])
        hidden = self.upsampler(self.fusion(torch.cat((wavlm, spectral), 1)))
        hidden = self.mix(torch.cat((hidden, waveform), 1))
        hidden = self.wave_unet(hidden) + self.wave_skip(hidden)
        hidden = self.mask_net(hidden) + self.mask_skip(hidden)
        head = self.head if self.sample_rate == INPUT_RATE else self.wide_head
        return self.squash(head(hidden))[..., : samples * self.sample_rate // INPUT_RATE]

    def align(self, wavlm_features: Tensor, samples: int, frames: int) -> Tensor:
        """Give every mel frame the WavLM frame whose centre is nearest, (batch, wavlm_channels, frames)."""
        n_features = wavlm_features.shape[-1]
        if (n_features + 1) * WAVLM_HOP + WAVLM_FIELD < samples:  # WavLM itself leaves out less than a frame
            raise SpeechlabError(
                f"{n_features} frames of WavLM features do not cover {samples} samples at 16 kHz; there are 50 a second"
            )
        if self.reference_lengths:
            return F.interpolate(wavlm_features, size=frames, mode="nearest")
        hop_length = self.audio.hop_length
        centres = torch.arange(frames, device=wavlm_features.device) * hop_length + hop_length // 2  # in samples
        nearest = ((centres - WAVLM_FIELD // 2) / WAVLM_HOP).round().long()
        return wavlm_features[..., nearest.clamp(0, n_features - 1)]
