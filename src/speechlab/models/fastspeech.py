"""FastSpeech (arXiv:1905.09263) and FastSpeech 2 (arXiv:2006.04558): text to mel, all frames at once."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from speechlab.errors import SpeechlabError
from speechlab.layers.alignment import frame_tokens
from speechlab.layers.masks import length_mask
from speechlab.layers.transformer import TransformerStack

LONGEST_LOG_DURATION = 6.0
"""About 400 frames: what an untrained predictor says beyond must not exhaust the memory."""

Factor = float | Sequence[float] | Tensor


@dataclass(frozen=True)
class Controls:
    """Factors on the predicted prosody: one for the whole text, or one a token.

    Sequences are (tokens,) or (batch, tokens). Each factor acts on its own quantity alone.
    """

    pace: Factor = 1.0  # 2 is twice as fast
    pitch: Factor = 1.0  # on Hz
    energy: Factor = 1.0  # on the magnitude


class AcousticOutput(NamedTuple):
    """What FastSpeech says about a batch; pitch and energy are ``None`` in FastSpeech 1."""

    mel: Tensor  # log-mel, (batch, n_mels, frames), zero on padding
    mel_postnet: Tensor  # the same after the post-net; the very same tensor where there is none
    log_durations: Tensor  # predicted ln(frames + 1), (batch, tokens)
    pitch: Tensor | None  # predicted, normalised, after the controls, (batch, tokens)
    energy: Tensor | None  # the same
    durations: Tensor  # frames used, int64 (batch, tokens)
    mel_lengths: Tensor  # frames, (batch,)


def regulate_length(hidden: Tensor, durations: Tensor) -> tuple[Tensor, Tensor]:
    """Repeat each token's vector for as many mel frames as the token lasts (FastSpeech, section 3.2).

    Args:
        hidden: (batch, tokens, channels).
        durations: whole frames of each token, (batch, tokens); zero on padding.

    Returns:
        Expanded sequence, (batch, frames, channels), zero on padding and at least one frame long; and the mask of real
        frames, (batch, frames).

    Raises:
        SpeechlabError: a duration is negative.
    """
    if (durations < 0).any():
        raise SpeechlabError(f"a duration cannot be negative; the smallest given is {durations.min()}")
    index, mask = frame_tokens(durations)
    batch, tokens, channels = hidden.shape
    rows = index + tokens * torch.arange(batch, device=index.device).unsqueeze(1)
    frames = hidden.reshape(-1, channels)[rows.flatten()].view(*index.shape, channels)
    return frames.masked_fill(~mask.unsqueeze(2), 0.0), mask


def whole_durations(frames: Tensor, mask: Tensor, carry_rounding: bool = True) -> Tensor:
    """Round durations to whole frames, carrying the rounding error to the next token so that the total is kept.

    Args:
        frames: non-negative durations in frames, (batch, tokens).
        mask: true on real tokens, (batch, tokens).
        carry_rounding: false rounds each token alone.

    Returns:
        int64 (batch, tokens); zero on padding; every utterance lasts at least one frame.
    """
    frames = frames.float() * mask
    if carry_rounding:
        ends = frames.cumsum(1).round()
        durations = torch.diff(ends, dim=1, prepend=torch.zeros_like(ends[:, :1])).long()
    else:
        durations = frames.round().long()
    durations[:, 0] += durations.sum(1) == 0
    return durations


class VariancePredictor(nn.Module):
    """Predict one number a token: twice convolution, ReLU, norm, dropout; then a projection (FastSpeech 2, figure 1c).

    Args:
        channels: of the input.
        filter_channels: of the convolutions.
        kernel_size: tokens a convolution sees, odd.
        dropout: after each norm.
        padding_leaks: let convolutions see what the norms write on padding (the published code).
    """

    def __init__(
        self,
        channels: int,
        filter_channels: int = 256,
        kernel_size: int = 3,
        dropout: float = 0.5,
        padding_leaks: bool = False,
    ):
        super().__init__()
        self.padding_leaks = padding_leaks
        widths = (channels, filter_channels)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(width, filter_channels, kernel_size, padding=kernel_size // 2) for width in widths
        )
        self.norms = nn.ModuleList(nn.LayerNorm(filter_channels) for _ in widths)
        self.projection = nn.Linear(filter_channels, 1)
        self.dropout = nn.Dropout(dropout)

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """Predict from (batch, tokens, channels); returns (batch, tokens), float32, zero on padding."""
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            if not self.padding_leaks:
                hidden = hidden.masked_fill(~mask.unsqueeze(2), 0.0)
            hidden = F.relu(convolution(hidden.transpose(1, 2)).transpose(1, 2))
            hidden = self.dropout(norm(hidden))
        return self.projection(hidden).squeeze(2).float().masked_fill(~mask, 0.0)


class BinnedEmbedding(nn.Module):
    """Embed a number by the bin it falls in.

    At first every vector is a common direction times its bin's value, so that neighbours say nearly the same and rare
    values begin where common ones lead; 256 unrelated vectors are noise to the decoder until each has been met often.

    Args:
        n_bins: the outer two are open-ended.
        channels: of the embedding.
        low, high: the first and the last inner edge.
    """

    def __init__(self, n_bins: int, channels: int, low: float, high: float):
        super().__init__()
        self.register_buffer("edges", torch.linspace(low, high, n_bins - 1))
        self.embedding = nn.Embedding(n_bins, channels)
        half_bin = (high - low) / (n_bins - 2) / 2
        values = torch.linspace(low - half_bin, high + half_bin, n_bins)  # the bins' centres
        with torch.no_grad():
            self.embedding.weight.copy_(values.unsqueeze(1) * 0.3 * torch.randn(channels))

    def forward(self, values: Tensor) -> Tensor:
        """Embed values of any shape (...) as (..., channels)."""
        return self.embedding(torch.bucketize(values, self.edges))


class PostNet(nn.Module):
    """Refine a mel by five convolutions with batch norm, added to it (Tacotron 2, arXiv:1712.05884, section 2.2).

    Args:
        n_mels: mel bins.
        channels: of the inner convolutions.
        padding_leaks: let convolutions see padding frames (the published code).
    """

    def __init__(
        self,
        n_mels: int = 80,
        channels: int = 512,
        kernel_size: int = 5,
        dropout: float = 0.5,
        padding_leaks: bool = False,
    ):
        super().__init__()
        self.padding_leaks = padding_leaks
        widths = (n_mels, channels, channels, channels, channels, n_mels)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(inputs, outputs, kernel_size, padding=kernel_size // 2)
            for inputs, outputs in zip(widths[:-1], widths[1:], strict=True)
        )
        self.norms = nn.ModuleList(nn.BatchNorm1d(width) for width in widths[1:])
        self.dropout = nn.Dropout(dropout)

    def forward(self, mel: Tensor, mask: Tensor) -> Tensor:
        """Return what to add to ``mel`` (batch, n_mels, frames); ``mask`` (batch, frames) is true on real frames."""
        hidden = mel
        last = len(self.convolutions) - 1
        for layer, (convolution, norm) in enumerate(zip(self.convolutions, self.norms, strict=True)):
            if not self.padding_leaks:
                hidden = hidden.masked_fill(~mask.unsqueeze(1), 0.0)
            hidden = norm(convolution(hidden))
            hidden = self.dropout(hidden if layer == last else hidden.tanh())
        return hidden


class FastSpeech(nn.Module):
    """FastSpeech: encode tokens, repeat each for its duration, decode frames.

    The sizes are those of :class:`speechlab.config.FastSpeechSizes`.

    Args:
        n_symbols: size of the symbol table; id 0 is padding.
        n_mels: mel bins.
        postnet: refine the mel by a :class:`PostNet`.
        pre_norm: Pre-LN blocks instead of the papers' Post-LN.
        carry_rounding: false rounds each predicted duration alone (the published code of FastSpeech 2).
        attached_predictors: let the predictors' losses shape the encoder (the published code).
        padding_leaks: see :class:`VariancePredictor` and :class:`PostNet` (the published code).
    """

    def __init__(
        self,
        n_symbols: int,
        n_mels: int = 80,
        channels: int = 256,
        n_heads: int = 2,
        encoder_layers: int = 4,
        decoder_layers: int = 4,
        filter_channels: int = 1024,
        kernel_sizes: tuple[int, int] = (9, 1),
        dropout: float = 0.1,
        predictor_channels: int = 256,
        predictor_kernel: int = 3,
        predictor_dropout: float = 0.5,
        postnet: bool = True,
        pre_norm: bool = False,
        carry_rounding: bool = True,
        attached_predictors: bool = False,
        padding_leaks: bool = False,
    ):
        super().__init__()
        self.carry_rounding = carry_rounding
        self.attached_predictors = attached_predictors
        block = dict(
            channels=channels,
            n_heads=n_heads,
            filter_channels=filter_channels,
            kernel_sizes=tuple(kernel_sizes),
            dropout=dropout,
            pre_norm=pre_norm,
        )
        self.predictor_sizes = (channels, predictor_channels, predictor_kernel, predictor_dropout, padding_leaks)
        self.embedding = nn.Embedding(n_symbols, channels, padding_idx=0)
        self.encoder = TransformerStack(encoder_layers, **block)
        self.duration_predictor = VariancePredictor(*self.predictor_sizes)
        self.decoder = TransformerStack(decoder_layers, **block)
        self.projection = nn.Linear(channels, n_mels)
        self.postnet = PostNet(n_mels, padding_leaks=padding_leaks) if postnet else None
        self.register_buffer("mel_mean", torch.zeros(n_mels))
        self.register_buffer("mel_std", torch.ones(n_mels))

    def set_mel_statistics(self, mean: Tensor, std: Tensor) -> None:
        """Let the network work on mels standardised by these: training set mean and standard deviation, (n_mels,)."""
        self.mel_mean.copy_(torch.as_tensor(mean))
        self.mel_std.copy_(torch.as_tensor(std).clamp_min(1e-3))

    def forward(
        self,
        tokens: Tensor,
        lengths: Tensor,
        durations: Tensor | None = None,
        pitch: Tensor | None = None,
        energy: Tensor | None = None,
        controls: Controls | None = None,
    ) -> AcousticOutput:
        """Speak a batch of texts.

        Args:
            tokens: symbol ids, (batch, tokens).
            lengths: tokens in each text, (batch,).
            durations: whole frames of each token to use as they are, (batch, tokens); predicted unless given.
            pitch: normalised value of each token to use, (batch, tokens); predicted unless given.
            energy: the same.
            controls: factors on what is used; pace acts on predicted durations only.

        Returns:
            The mel and all predictions, see :class:`AcousticOutput`.
        """
        mask = length_mask(lengths, tokens.shape[1])
        hidden = self.encoder(self.embedding(tokens), mask)
        readable = hidden if self.attached_predictors else hidden.detach()
        log_durations = self.duration_predictor(readable, mask)
        hidden, pitch, energy = self.add_prosody(hidden, mask, pitch, energy, controls)
        if durations is None:
            durations = self.predicted_durations(log_durations, mask, controls)
        frames, frame_mask = regulate_length(hidden, durations.long() * mask)
        decoded = self.projection(self.decoder(frames, frame_mask)).transpose(1, 2).float()  # standardised mel
        refined = decoded if self.postnet is None else decoded + self.postnet(decoded, frame_mask).float()
        mel = self.to_mel(decoded, frame_mask)
        mel_postnet = mel if self.postnet is None else self.to_mel(refined, frame_mask)
        mel_lengths = frame_mask.sum(1)
        return AcousticOutput(mel, mel_postnet, log_durations, pitch, energy, durations, mel_lengths)

    def add_prosody(
        self, hidden: Tensor, mask: Tensor, pitch: Tensor | None, energy: Tensor | None, controls: Controls | None
    ) -> tuple[Tensor, Tensor | None, Tensor | None]:
        """Return the hidden states as they are: FastSpeech leaves pitch and energy to the decoder."""
        return hidden, None, None

    def predicted_durations(self, log_durations: Tensor, mask: Tensor, controls: Controls | None) -> Tensor:
        """Turn predicted ln(frames + 1) into whole frames at the wanted pace, int64 (batch, tokens)."""
        frames = log_durations.float().clamp(0.0, LONGEST_LOG_DURATION).expm1()
        if controls is not None:
            frames = frames / factors(controls.pace, "pace", mask)
        return whole_durations(frames, mask, self.carry_rounding)

    def to_mel(self, standardised: Tensor, frame_mask: Tensor) -> Tensor:
        """Undo the standardisation and clear the padding, (batch, n_mels, frames)."""
        mel = standardised * self.mel_std.unsqueeze(1) + self.mel_mean.unsqueeze(1)
        return mel.masked_fill(~frame_mask.unsqueeze(1), 0.0)


class FastSpeech2(FastSpeech):
    """FastSpeech 2: FastSpeech with pitch and energy, predicted from the encoder and embedded into what is decoded.

    Values are token averages, standardised by the training set's statistics.

    Args:
        n_symbols, n_mels, sizes: as in :class:`FastSpeech`.
        n_bins: of pitch and of energy.
        pitch_mean, pitch_std: statistics of ln(F0 in Hz) over voiced frames; LJ Speech's unless given.
        energy_mean, energy_std: statistics of energy (norm of the STFT magnitudes); LJ Speech's unless given.
        energy_log: energy is the natural logarithm of that.
        pitch_range, energy_range: first and last bin edge in standard deviations (the published code: all data).
        log_pitch: false reads pitch and its statistics in Hz (the published code).
    """

    def __init__(
        self,
        n_symbols: int,
        n_mels: int = 80,
        channels: int = 256,
        n_bins: int = 256,
        pitch_mean: float = 5.31,
        pitch_std: float = 0.22,
        energy_mean: float = 37.33,
        energy_std: float = 26.04,
        pitch_range: tuple[float, float] = (-4.0, 4.0),
        energy_range: tuple[float, float] = (-4.0, 4.0),
        log_pitch: bool = True,
        energy_log: bool = False,
        **sizes,
    ):
        super().__init__(n_symbols, n_mels, channels, **sizes)
        self.log_pitch, self.energy_log = log_pitch, energy_log
        self.pitch_predictor = VariancePredictor(*self.predictor_sizes)
        self.energy_predictor = VariancePredictor(*self.predictor_sizes)
        self.pitch_embedding = BinnedEmbedding(n_bins, channels, *pitch_range)
        self.energy_embedding = BinnedEmbedding(n_bins, channels, *energy_range)
        for name, value in dict(
            pitch_mean=pitch_mean, pitch_std=pitch_std, energy_mean=energy_mean, energy_std=energy_std
        ).items():
            self.register_buffer(name, torch.tensor(float(value)))

    def add_prosody(
        self, hidden: Tensor, mask: Tensor, pitch: Tensor | None, energy: Tensor | None, controls: Controls | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Predict pitch and energy and add their embeddings: the variance adaptor (FastSpeech 2, section 2.3).

        Energy is predicted in sight of the pitch before its control, so that each control acts alone.

        Args:
            hidden: encoder output, (batch, tokens, channels).
            mask: true on real tokens, (batch, tokens).
            pitch, energy: values to embed instead of the predictions, (batch, tokens).
            controls: factors on the values embedded.

        Returns:
            Hidden states (batch, tokens, channels), predicted pitch and predicted energy (batch, tokens).
        """
        controls = controls or Controls()
        readable = hidden if self.attached_predictors else hidden.detach()
        predicted_pitch = self.pitch_predictor(readable, mask)
        plain_pitch = predicted_pitch if pitch is None else pitch
        pitch_vector = self.pitch_embedding(plain_pitch)
        readable = readable + (pitch_vector if self.attached_predictors else pitch_vector.detach())
        predicted_energy = self.energy_predictor(readable, mask)
        plain_energy = predicted_energy if energy is None else energy

        if not is_one(controls.pitch):
            pitch_vector = self.pitch_embedding(self.scale_pitch(plain_pitch, controls.pitch, mask))
            predicted_pitch = self.scale_pitch(predicted_pitch, controls.pitch, mask)
        if not is_one(controls.energy):
            plain_energy = self.scale_energy(plain_energy, controls.energy, mask)
            predicted_energy = self.scale_energy(predicted_energy, controls.energy, mask)
        hidden = hidden + pitch_vector + self.energy_embedding(plain_energy)
        return hidden, predicted_pitch, predicted_energy

    def scale_pitch(self, pitch: Tensor, factor: Factor, mask: Tensor) -> Tensor:
        """Multiply the Hz behind normalised pitch (batch, tokens): in logarithms, add."""
        factor = factors(factor, "pitch", mask)
        if self.log_pitch:
            return (pitch + factor.log() / self.pitch_std).masked_fill(~mask, 0.0)
        hertz = pitch * self.pitch_std + self.pitch_mean
        return ((factor * hertz - self.pitch_mean) / self.pitch_std).masked_fill(~mask, 0.0)

    def scale_energy(self, energy: Tensor, factor: Factor, mask: Tensor) -> Tensor:
        """Multiply the magnitude behind normalised energy (batch, tokens)."""
        if self.energy_log:
            louder = factors(factor, "energy", mask).log()
            return (energy + louder / self.energy_std).masked_fill(~mask, 0.0)
        magnitude = energy * self.energy_std + self.energy_mean
        scaled = factors(factor, "energy", mask) * magnitude
        return ((scaled - self.energy_mean) / self.energy_std).masked_fill(~mask, 0.0)


def is_one(factor: Factor) -> bool:
    """Tell whether a control leaves everything as it is."""
    return isinstance(factor, int | float) and factor == 1


def factors(factor: Factor, name: str, mask: Tensor) -> Tensor:
    """Spread a control over a batch.

    Returns:
        Factors broadcastable to (batch, tokens).

    Raises:
        SpeechlabError: a factor is not above zero, or there are not as many factors as tokens.
    """
    values = torch.as_tensor(factor, dtype=torch.float32, device=mask.device)
    batch, tokens = mask.shape
    if values.ndim and tuple(values.shape) not in {(tokens,), (batch, tokens)}:
        raise SpeechlabError(
            f"{name} has factors of shape {tuple(values.shape)} for {batch} texts of {tokens} tokens;"
            " give one number, or one for each token"
        )
    smallest = values.min().item() if values.numel() else math.nan
    if not smallest > 0 or not values.isfinite().all():
        raise SpeechlabError(f"{name} must be above 0 and finite, got {smallest:g}; 1 changes nothing")
    return values
