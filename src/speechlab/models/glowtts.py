"""Glow-TTS (arXiv:2005.11129): a flow between mels and what the text expects, which finds the alignment by itself."""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from speechlab.errors import SpeechlabError
from speechlab.layers.alignment import frame_tokens, monotonic_alignment
from speechlab.layers.flows import Flow
from speechlab.layers.masks import length_mask
from speechlab.layers.relative_attention import RelativeTransformerBlock
from speechlab.models.fastspeech import (
    LONGEST_LOG_DURATION,
    AcousticOutput,
    Factor,
    VariancePredictor,
    factors,
    whole_durations,
)


class FlowOutput(NamedTuple):
    """What GlowTTS makes of a batch of recorded mels; ``frames`` is even: an odd last frame is left out."""

    latent: Tensor  # of the recorded mel, (batch, n_mels, frames), float32, zero on padding
    latent_mean: Tensor  # what the aligned text expects of it, the same shape
    log_det: Tensor  # logarithm of the flow's Jacobian determinant at the standardised mel, (batch,), float32
    log_durations: Tensor  # predicted ln(frames), (batch, tokens), zero on padding
    durations: Tensor  # aligned frames, int64 (batch, tokens), at least 1; zero on padding


def intersperse_blanks(tokens: Tensor, lengths: Tensor, blank: int) -> tuple[Tensor, Tensor]:
    """Put a blank before, between and after the tokens, so that no phone has to cover a transition.

    Args:
        tokens: symbol ids, (batch, tokens).
        lengths: tokens in each text, (batch,).
        blank: its id; the published code takes the one after the last symbol.

    Returns:
        Ids, (batch, 2 tokens + 1), zero on padding; and their lengths, (batch,).
    """
    spread = tokens.new_full((len(tokens), 2 * tokens.shape[1] + 1), blank)
    spread[:, 1::2] = tokens
    lengths = 2 * lengths + 1
    return spread * length_mask(lengths, spread.shape[1]), lengths


def without_blanks(durations: Tensor) -> Tensor:
    """Share each blank's frames equally between the tokens beside it; the outer ones have but one beside them.

    Args:
        durations: frames of one utterance's tokens and blanks, (2 tokens + 1,).

    Returns:
        Frames of its tokens, (tokens,), float; they add up to the same.
    """
    shares = durations[::2] / 2
    shares[0], shares[-1] = durations[0], durations[-1]
    return shares[:-1] + durations[1::2] + shares[1:]


class PreNet(nn.Module):
    """Let embeddings read their neighbours: three times convolution, norm, ReLU, dropout; a residual (appendix A.1).

    Args:
        channels: kept throughout.
        kernel_size: tokens a convolution sees, odd.
    """

    def __init__(self, channels: int, kernel_size: int = 5, n_layers: int = 3, dropout: float = 0.5):
        super().__init__()
        self.convolutions = nn.ModuleList(
            nn.Conv1d(channels, channels, kernel_size, padding=kernel_size // 2) for _ in range(n_layers)
        )
        self.norms = nn.ModuleList(nn.LayerNorm(channels) for _ in range(n_layers))
        self.projection = nn.Linear(channels, channels)
        self.dropout = nn.Dropout(dropout)
        nn.init.zeros_(self.projection.weight)
        nn.init.zeros_(self.projection.bias)

    def forward(self, embedded: Tensor, mask: Tensor) -> Tensor:
        """Refine (batch, tokens, channels) at an unchanged shape; padding (mask false) comes out zero."""
        padding = ~mask.unsqueeze(2)
        hidden = embedded
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            hidden = convolution(hidden.masked_fill(padding, 0.0).transpose(1, 2)).transpose(1, 2)
            hidden = self.dropout(F.relu(norm(hidden)))
        return (embedded + self.projection(hidden)).masked_fill(padding, 0.0)


class GlowTTS(nn.Module):
    """Encode the text as means and durations; a flow carries recorded mels to those means, and means to new mels.

    Call :meth:`initialise` on a large batch before training from random weights.

    Args:
        n_symbols: size of the symbol table, with the blank where there is one; id 0 is padding.
        n_mels: mel bins, even.
        channels: width of the encoder.
        n_heads, filter_channels, kernel_size: of the encoder's blocks.
        encoder_layers: of those blocks.
        dropout: in the encoder and in the duration predictor.
        window: distance within which attention knows where a token is; 0 takes that away.
        predictor_channels: of the duration predictor.
        n_flows: flow blocks.
        flow_channels, flow_kernel, flow_layers, flow_dropout: of the network in each affine coupling.
        bounded_scale: see :class:`speechlab.layers.flows.AffineCoupling` (false: the published code).
    """

    def __init__(
        self,
        n_symbols: int,
        n_mels: int = 80,
        channels: int = 192,
        n_heads: int = 2,
        encoder_layers: int = 6,
        filter_channels: int = 768,
        kernel_size: int = 3,
        dropout: float = 0.1,
        window: int = 4,
        predictor_channels: int = 256,
        n_flows: int = 12,
        flow_channels: int = 192,
        flow_kernel: int = 5,
        flow_layers: int = 4,
        flow_dropout: float = 0.05,
        bounded_scale: bool = True,
    ):
        super().__init__()
        self.embedding = nn.Embedding(n_symbols, channels)
        nn.init.normal_(self.embedding.weight, std=channels**-0.5)
        self.prenet = PreNet(channels)
        self.encoder = nn.ModuleList(
            RelativeTransformerBlock(channels, n_heads, filter_channels, (kernel_size, kernel_size), dropout, window)
            for _ in range(encoder_layers)
        )
        self.mean_projection = nn.Linear(channels, n_mels)
        self.duration_predictor = VariancePredictor(channels, predictor_channels, dropout=dropout)
        self.flow = Flow(
            n_mels,
            n_flows,
            hidden_channels=flow_channels,
            kernel_size=flow_kernel,
            n_layers=flow_layers,
            dropout=flow_dropout,
            bounded_scale=bounded_scale,
        )
        self.register_buffer("mel_mean", torch.zeros(n_mels))
        self.register_buffer("mel_std", torch.ones(n_mels))
        for module in self.modules():
            if isinstance(module, nn.LayerNorm):
                module.eps = 1e-4  # the published weights were trained so

    def set_mel_statistics(self, mean: Tensor, std: Tensor) -> None:
        """Let the flow see mels of zero mean and unit variance, both (n_mels,); the published one sees them as is."""
        self.mel_mean.copy_(torch.as_tensor(mean))
        self.mel_std.copy_(torch.as_tensor(std).clamp_min(1e-3))

    def standardised(self, mel: Tensor) -> Tensor:
        """Take a mel (batch, n_mels, frames) to what the flow sees, float32."""
        return (mel.float() - self.mel_mean.unsqueeze(1)) / self.mel_std.unsqueeze(1)

    def forward(self, tokens: Tensor, lengths: Tensor, mel: Tensor, mel_lengths: Tensor) -> FlowOutput:
        """Carry recorded mels to the latent and align them with their texts.

        Args:
            tokens: symbol ids, (batch, tokens).
            lengths: tokens in each text, (batch,).
            mel: recorded log-mel, (batch, n_mels, frames).
            mel_lengths: frames in each recording, (batch,).

        Returns:
            What the likelihood and the duration loss need, see :class:`FlowOutput`.

        Raises:
            SpeechlabError: an utterance has fewer frames than tokens.
        """
        token_means, log_durations = self.encode(tokens, lengths)
        latent, log_det = self.flow(self.standardised(mel), mel_lengths)
        durations = most_likely_durations(latent, token_means, lengths, mel_lengths // 2 * 2)
        latent_mean = expand(token_means, durations, latent.shape[2])
        return FlowOutput(latent, latent_mean, log_det, log_durations, durations)

    @torch.no_grad()
    def generate(
        self, tokens: Tensor, lengths: Tensor, noise_scale: float = 0.333, pace: Factor = 1.0
    ) -> AcousticOutput:
        """Speak a batch of texts; call in eval mode.

        Args:
            tokens: symbol ids, (batch, tokens).
            lengths: tokens in each text, (batch,).
            noise_scale: standard deviation of the latent around its mean; 0 says the same every time.
            pace: 2 is twice as fast; one for the whole text, or one a token.

        Returns:
            As FastSpeech, see :class:`speechlab.models.fastspeech.AcousticOutput`; ``log_durations`` are ln(frames),
            and every utterance has an even number of frames.

        Raises:
            SpeechlabError: the noise scale is below zero, or a pace not above it.
        """
        if not 0 <= noise_scale < math.inf:
            raise SpeechlabError(f"noise_scale must be 0 or more and finite, got {noise_scale:g}; 0 is without noise")
        token_means, log_durations = self.encode(tokens, lengths)
        durations = self.predicted_durations(log_durations, lengths, pace)
        latent_mean = expand(token_means, durations)
        latent = latent_mean + noise_scale * torch.randn_like(latent_mean)
        mel_lengths = durations.sum(1)
        mel = self.flow.inverse(latent, mel_lengths) * self.mel_std.unsqueeze(1) + self.mel_mean.unsqueeze(1)
        mel = mel * length_mask(mel_lengths, mel.shape[2]).unsqueeze(1)
        return AcousticOutput(mel, mel, log_durations, None, None, durations, mel_lengths)

    def initialise(self, mel: Tensor, mel_lengths: Tensor) -> None:
        """Set the flow's norms from recorded mels (batch, n_mels, frames), 64 utterances or more (section 3.3)."""
        self.flow.initialise(self.standardised(mel), mel_lengths)

    def encode(self, tokens: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Read the text.

        Returns:
            What each token expects of the latent, (batch, n_mels, tokens), and predicted ln(frames), (batch, tokens);
            both float32 and zero on padding.
        """
        mask = length_mask(lengths, tokens.shape[1])
        hidden = self.prenet(self.embedding(tokens) * self.embedding.embedding_dim**0.5, mask)
        for block in self.encoder:
            hidden = block(hidden, mask)
        means = self.mean_projection(hidden).float().masked_fill(~mask.unsqueeze(2), 0.0)
        return means.transpose(1, 2), self.duration_predictor(hidden.detach(), mask)

    def predicted_durations(self, log_durations: Tensor, lengths: Tensor, pace: Factor = 1.0) -> Tensor:
        """Turn predicted ln(frames) into whole frames, an even number in all, int64 (batch, tokens).

        As published, a token lasts its prediction rounded up; pace then divides that and carries the rounding.
        """
        mask = length_mask(lengths, log_durations.shape[1])
        frames = log_durations.clamp_max(LONGEST_LOG_DURATION).exp().ceil()
        durations = whole_durations(frames / factors(pace, "pace", mask), mask)
        odd = durations.sum(1, keepdim=True) % 2
        return durations.scatter_add(1, lengths.unsqueeze(1) - 1, odd)


@torch.no_grad()
def most_likely_durations(latent: Tensor, token_means: Tensor, lengths: Tensor, mel_lengths: Tensor) -> Tensor:
    """Align tokens to frames so that the latent is as likely as can be (section 3.2, eq. 4).

    Args:
        latent: (batch, n_mels, frames).
        token_means: (batch, n_mels, tokens); the variance is 1.
        lengths: tokens in each text, (batch,).
        mel_lengths: frames in each latent, (batch,).

    Returns:
        Frames of each token, int64 (batch, tokens), at least 1; zero on padding.
    """
    with torch.autocast(latent.device.type, enabled=False):
        # ln N(z; m, 1) = z m - m^2 / 2 + what is the same for all tokens of a frame, and so for all paths
        scores = latent.transpose(1, 2) @ token_means - 0.5 * token_means.square().sum(1, keepdim=True)
    return monotonic_alignment(scores, lengths, mel_lengths)


def expand(token_means: Tensor, durations: Tensor, n_frames: int | None = None) -> Tensor:
    """Repeat the mean of each token, (batch, n_mels, tokens), for its frames: (batch, n_mels, frames)."""
    index, mask = frame_tokens(durations, n_frames)
    frames = token_means.gather(2, index.unsqueeze(1).expand(-1, token_means.shape[1], -1))
    return frames * mask.unsqueeze(1)
