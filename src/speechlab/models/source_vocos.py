"""Vocos on a source of harmonics and noise: what a mel does not say, its phases, comes from a pitch track.

A mel fixes the magnitudes of speech well and its phases not at all. This generator begins from both halves of what is
known without learning: magnitudes from the pseudo-inverse of the mel filters (FreeV, arXiv:2406.08196) and phases from
a train of pulses at the fundamental frequency where speech is voiced and from noise elsewhere (neural source-filter
models, arXiv:1904.12088; with the pitch read off the mel, HiFTNet, arXiv:2309.09493). A Vocos backbone
(arXiv:2306.00814) then corrects both, bin by bin.
"""

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from speechlab.audio.mel import mel_filters
from speechlab.config import AudioSpec
from speechlab.models.vocos import ConvNeXtBlock, InverseSTFT, initialise

LOWEST_HZ, HIGHEST_HZ, PITCH_BINS = 55.0, 550.0, 160  # of the pitch estimate: steps of 25 cents
NOISE_SAMPLES = 1 << 18  # of the noise, which repeats after twelve seconds
MAX_LOG_GAIN = 5.0  # of a correction, either way


class PitchTrack(NamedTuple):
    """The source's course, one value a frame; a chunk of it continues where the chunk before ended."""

    frequency: Tensor  # (batch, frames), Hz; interpolated where unvoiced
    voicing: Tensor  # (batch, frames), probability
    phase: Tensor  # (batch, frames), of the fundamental at the frame's first sample, in turns
    position: Tensor  # (batch, frames), of the frame in the recording

    def following(self, before: "PitchTrack", place: int) -> "PitchTrack":
        """Turn the phases so that at the frame ``place`` of the recording they are those of an overlapping track."""
        theirs, ours = (place - int(track.position[0, 0]) for track in (before, self))
        shift = before.phase[:, theirs] - self.phase[:, ours]
        return self._replace(phase=self.phase + shift.unsqueeze(1))


class PitchEstimator(nn.Module):
    """Read fundamental frequency and voicing off a log mel, as a classification into bins of 25 cents."""

    def __init__(self, n_mels: int, channels: int = 128):
        super().__init__()
        self.layers = nn.ModuleList(
            nn.Conv1d(n_mels if index == 0 else channels, channels, 5, padding=2) for index in range(4)
        )
        self.head = nn.Conv1d(channels, PITCH_BINS + 1, 1)
        steps = torch.arange(PITCH_BINS) / (PITCH_BINS - 1)
        octaves = math.log2(HIGHEST_HZ / LOWEST_HZ)
        self.register_buffer("log2_hz", math.log2(LOWEST_HZ) + octaves * steps, persistent=False)

    def forward(self, mel: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of the bins (batch, PITCH_BINS, frames) and of voicing (batch, frames)."""
        hidden = mel / 4 + 1  # log mels lie between -11.5 and 2
        for index, layer in enumerate(self.layers):
            update = F.gelu(layer(hidden))
            hidden = update if index == 0 else hidden + update
        logits = self.head(hidden)
        return logits[:, :-1], logits[:, -1]

    def decode(self, logits: Tensor) -> Tensor:
        """Frequency in Hz, (batch, frames): the mean of the bins around the most probable one."""
        best = logits.argmax(1, keepdim=True)
        near = (torch.arange(PITCH_BINS, device=logits.device).view(1, -1, 1) - best).abs() <= 3
        weights = logits.masked_fill(~near, -math.inf).softmax(1)
        return torch.exp2((weights * self.log2_hz.view(1, -1, 1)).sum(1))

    def loss(self, logits: Tensor, voicing: Tensor, pitch: Tensor) -> Tensor:
        """Cross-entropy with a pitch track (batch, frames) in Hz, 0 where unvoiced; neighbouring bins count too."""
        voiced = pitch > 0
        target = torch.log2(pitch.clamp(LOWEST_HZ, HIGHEST_HZ))
        step = self.log2_hz[1] - self.log2_hz[0]
        nearness = torch.exp(-0.5 * ((self.log2_hz.view(1, -1, 1) - target.unsqueeze(1)) / step).square())
        entropy = -(nearness / nearness.sum(1, keepdim=True) * logits.log_softmax(1)).sum(1)
        share = (entropy * voiced).sum() / voiced.sum().clamp_min(1)
        return share + F.binary_cross_entropy_with_logits(voicing, voiced.float())


class Source(nn.Module):
    """Complex spectra of pulses and of noise along a pitch track, framed as the inverse transform frames."""

    def __init__(self, spec: AudioSpec):
        super().__init__()
        self.spec = spec
        noise = torch.randn(NOISE_SAMPLES, generator=torch.Generator().manual_seed(0))
        self.register_buffer("noise", noise, persistent=False)
        self.register_buffer("window", torch.hann_window(spec.n_fft), persistent=False)

    def pulses(self, track: PitchTrack) -> Tensor:
        """Band-limited pulses of unit power, (batch, samples): all harmonics below the Nyquist frequency, in phase."""
        hop, rate = self.spec.hop_length, self.spec.sample_rate
        within = torch.arange(hop, device=track.frequency.device) / rate  # seconds from a frame's first sample
        turns = (track.phase.unsqueeze(-1) + track.frequency.unsqueeze(-1) * within).flatten(1)
        angle = 2 * math.pi * (turns - turns.floor())
        n_harmonics = (rate / 2 / track.frequency).floor().repeat_interleave(hop, dim=1)
        # the closed form of a sum of cosines (Dirichlet's kernel); at an angle of 0 each harmonic is 1
        half = torch.sin(angle / 2)
        kernel = torch.sin((n_harmonics + 0.5) * angle) / (2 * half.where(half.abs() > 1e-4, torch.ones_like(half)))
        total = (kernel - 0.5).where(half.abs() > 1e-4, n_harmonics)
        return total * (2 / n_harmonics).sqrt()

    def noises(self, track: PitchTrack) -> Tensor:
        """White noise of unit power, (batch, samples), the same at the same place of a recording."""
        within = torch.arange(self.spec.hop_length, device=track.position.device)
        return self.noise[(track.position.unsqueeze(-1) * self.spec.hop_length + within).flatten(1) % NOISE_SAMPLES]

    def spectrum(self, signal: Tensor) -> Tensor:
        """Complex STFT (batch, bins, frames) of (batch, frames * hop)."""
        spec, padding = self.spec, (self.spec.n_fft - self.spec.hop_length) // 2
        padded = F.pad(signal, (padding, padding))
        return torch.stft(padded, spec.n_fft, spec.hop_length, window=self.window, center=False, return_complex=True)

    def forward(self, track: PitchTrack) -> tuple[Tensor, Tensor]:
        """Spectra of pulses and of noise, complex (batch, bins, frames) each."""
        return self.spectrum(self.pulses(track)), self.spectrum(self.noises(track))


def unmelling_matrix(spec: AudioSpec) -> Tensor:
    """Build the pseudo-inverse of the mel filters, (bins, n_mels); above the last filter's peak its value is held.

    Nothing is known of the bins up there: zero would be far from speech, and the filter's falling edge, inverted,
    would be a whistle at f_max.
    """
    filters = mel_filters(spec)
    inverse = torch.linalg.pinv(filters)
    peak = int(filters[-1].argmax())
    inverse[peak:] = inverse[peak]
    return inverse


class SourceVocosGenerator(nn.Module):
    """Mel to waveform: known magnitudes and a source's phases, corrected by ConvNeXt blocks at the frame rate.

    Args:
        channels, intermediate_channels, n_layers: of the backbone.
        sample_rate, n_fft, hop_length, n_mels, f_min, f_max, log_floor: of the mels, as in AudioSpec.
    """

    def __init__(
        self,
        channels: int = 256,
        intermediate_channels: int = 768,
        n_layers: int = 6,
        sample_rate: int = 22_050,
        n_fft: int = 1024,
        hop_length: int = 256,
        n_mels: int = 80,
        f_min: float = 0.0,
        f_max: float = 8_000.0,
        log_floor: float = 1e-5,
    ):
        super().__init__()
        spec = AudioSpec(sample_rate, n_fft, n_fft, hop_length, n_mels, f_min, f_max, log_floor)
        self.spec, bins = spec, n_fft // 2 + 1
        self.pitch = PitchEstimator(spec.n_mels)
        self.source = Source(spec)
        self.register_buffer("unmelling", unmelling_matrix(spec), persistent=False)
        self.embed = nn.Conv1d(spec.n_mels + 1, channels, 7, padding=3)
        self.embed_source = nn.Conv1d(bins, channels, 1)
        self.norm = nn.LayerNorm(channels, eps=1e-6)
        blocks = (ConvNeXtBlock(channels, intermediate_channels, 1 / n_layers) for _ in range(n_layers))
        self.blocks = nn.ModuleList(blocks)
        self.final_norm = nn.LayerNorm(channels, eps=1e-6)
        self.head = nn.Linear(channels, 3 * bins)
        self.inverse = InverseSTFT(spec.n_fft, spec.hop_length)
        self.apply(initialise)
        nn.init.zeros_(self.head.weight)  # at first nothing is corrected
        tilt = torch.linspace(3, -1, bins)  # the upper half of the band is mostly breath, also where speech is voiced
        with torch.no_grad():
            self.head.bias.copy_(torch.cat((torch.zeros(2 * bins), tilt)))

    def track(self, mel: Tensor, first: int = 0) -> PitchTrack:
        """Estimate the source's course from (batch, n_mels, frames); ``first`` is the place of the first frame."""
        logits, voicing = self.pitch(mel)
        return self.track_of(self.pitch.decode(logits.float()), voicing.float().sigmoid(), first)

    def track_of(self, frequency: Tensor, voicing: Tensor, first: int = 0) -> PitchTrack:
        """Add up phases along a course of frequencies (batch, frames) in Hz."""
        turns = frequency.double() * (self.spec.hop_length / self.spec.sample_rate)
        phase = turns.cumsum(1) - turns
        position = first + torch.arange(frequency.shape[1], device=frequency.device).expand_as(frequency)
        return PitchTrack(frequency, voicing, (phase - phase.floor()).to(frequency.dtype), position)

    def forward(self, mel: Tensor, track: PitchTrack | None = None) -> Tensor:
        """Generate speech.

        Args:
            mel: log mel, (batch, n_mels, frames).
            track: of the same frames; None estimates it. Chunks of a long mel share one track, so that they fit.

        Returns:
            (batch, 1, frames * hop_length).
        """
        if track is None:
            with torch.no_grad():
                track = self.track(mel)
        with torch.autocast(mel.device.type, enabled=False):  # half precision has no FFT, and loses phases
            mel = mel.float()
            pulses, noise = self.source(track)
            known = torch.matmul(self.unmelling, mel.exp()).clamp_min(self.spec.log_floor).log()
        features = self.features(mel, track.voicing, pulses)
        with torch.autocast(mel.device.type, enabled=False):
            return self.inverse(self.correct(features.float(), known, pulses, noise, track.voicing))

    def learn(self, mel: Tensor, pitch: Tensor) -> tuple[Tensor, Tensor]:
        """Generate speech for training, from a random place of the source, and judge the pitch read off the mel.

        Args:
            mel: log mel, (batch, n_mels, frames).
            pitch: as measured, (batch, frames), Hz, 0 where unvoiced.

        Returns:
            (batch, 1, frames * hop_length), and the pitch loss, a scalar.
        """
        logits, voicing = self.pitch(mel)
        with torch.no_grad():
            first = int(torch.randint(NOISE_SAMPLES, (1,)))
            track = self.track_of(self.pitch.decode(logits.float()), voicing.float().sigmoid(), first)
            turned = track.phase + torch.rand_like(track.phase[:, :1])
        return self(mel, track._replace(phase=turned)), self.pitch.loss(logits.float(), voicing.float(), pitch)

    def features(self, mel: Tensor, voicing: Tensor, pulses: Tensor) -> Tensor:
        """Run the backbone: (batch, frames, channels)."""
        comb = torch.log(pulses.abs() + 0.1) * voicing.unsqueeze(1)  # where the harmonics lie
        hidden = self.embed(torch.cat((mel, voicing.unsqueeze(1)), 1)) + self.embed_source(comb)
        hidden = self.norm(hidden.transpose(1, 2)).transpose(1, 2)
        for block in self.blocks:
            hidden = block(hidden)
        return self.final_norm(hidden.transpose(1, 2))

    def correct(self, features: Tensor, known: Tensor, pulses: Tensor, noise: Tensor, voicing: Tensor) -> Tensor:
        """Spectrum (batch, bins, frames): known magnitudes times a gain, phases of the mixed source plus a turn."""
        gain, turn, tonality = self.head(features).transpose(1, 2).chunk(3, dim=1)
        share = tonality.sigmoid() * voicing.unsqueeze(1)  # of the pulses, bin by bin
        mixed = share * pulses + (1 - share) * noise
        phase = mixed / (mixed.abs() + 1e-4)
        magnitude = torch.exp(known + MAX_LOG_GAIN * torch.tanh(gain / MAX_LOG_GAIN))
        return torch.polar(magnitude, turn) * phase
