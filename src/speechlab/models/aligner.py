"""A learned aligner of text and speech (One TTS Alignment To Rule Them All, arXiv:2108.10447)."""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from speechlab.layers.alignment import hard_alignment, monotonic_alignment
from speechlab.layers.masks import length_mask

MASKED_SCORE = -1e4
"""Score of a padding token: its probability is exactly 0, and unlike minus infinity it leaves gradients finite."""


class AlignmentOutput(NamedTuple):
    """What the aligner says about a batch."""

    soft: Tensor  # probability of each token in each frame, (batch, frames, tokens)
    hard: Tensor  # best monotonic path, boolean (batch, frames, tokens), false on padding
    durations: Tensor  # frames of each token on that path, int64 (batch, tokens)
    log_scores: Tensor  # log-probability plus log-prior, for the forward-sum loss, (batch, frames, tokens)


class Aligner(nn.Module):
    """Find which frames of a mel spectrogram speak which token, from text and audio alone.

    Tokens and frames are mapped to points; a frame belongs to the tokens that lie near it. A prior shaped like a
    fuzzy diagonal shows the way at first. With ``key_kernel`` 1 a token's point depends on its symbol alone; with the
    reference's 3 a token can absorb its neighbours' frames, and alignments come out about 50 ms late.

    Args:
        n_symbols: size of the symbol table; id 0 is padding.
        n_mels: mel bins.
        channels: width of the token embedding.
        key_kernel: tokens that a token's point depends on, 1 or 3.
        temperature: factor on squared distances; 0.05 suits standardised mels.
    """

    def __init__(
        self, n_symbols: int, n_mels: int = 80, channels: int = 256, key_kernel: int = 1, temperature: float = 0.05
    ):
        super().__init__()
        self.temperature = temperature
        self.embedding = nn.Embedding(n_symbols, channels)
        self.keys = nn.Sequential(
            nn.Conv1d(channels, 2 * channels, key_kernel, padding=key_kernel // 2),
            nn.ReLU(),
            nn.Conv1d(2 * channels, n_mels, 1),
        )
        self.queries = nn.Sequential(
            nn.Conv1d(n_mels, 2 * n_mels, 3, padding=1),
            nn.ReLU(),
            nn.Conv1d(2 * n_mels, n_mels, 1),
            nn.ReLU(),
            nn.Conv1d(n_mels, n_mels, 1),
        )
        for module in self.modules():
            if isinstance(module, nn.Conv1d):
                nn.init.xavier_uniform_(module.weight)
        # LJ Speech's statistics, until the training set's own are given
        self.register_buffer("mel_mean", torch.full((n_mels,), -5.536622))
        self.register_buffer("mel_std", torch.full((n_mels,), 2.116101))

    def set_mel_statistics(self, mean: Tensor, std: Tensor) -> None:
        """Standardise mels by these from now on: mean and standard deviation of the training set, each (n_mels,)."""
        self.mel_mean.copy_(torch.as_tensor(mean))
        self.mel_std.copy_(torch.as_tensor(std).clamp_min(1e-3))

    def forward(self, mel: Tensor, mel_lengths: Tensor, tokens: Tensor, lengths: Tensor) -> AlignmentOutput:
        """Align a batch.

        Args:
            mel: log-mel, (batch, n_mels, frames).
            mel_lengths: frames in each utterance, (batch,).
            tokens: symbol ids, (batch, tokens).
            lengths: tokens in each utterance, (batch,); never more than its frames.
        """
        log_scores = self.score(mel, mel_lengths, tokens, lengths)
        log_soft = log_scores.log_softmax(2)
        durations = monotonic_alignment(log_soft, lengths, mel_lengths)
        return AlignmentOutput(log_soft.exp(), hard_alignment(durations, mel.shape[2]), durations, log_scores)

    def score(self, mel: Tensor, mel_lengths: Tensor, tokens: Tensor, lengths: Tensor) -> Tensor:
        """Give every token a log-probability in every frame, prior included, (batch, frames, tokens); no search."""
        standardised = (mel - self.mel_mean.unsqueeze(1)) / self.mel_std.unsqueeze(1)
        standardised = standardised * length_mask(mel_lengths, mel.shape[2]).unsqueeze(1)
        queries = self.queries(standardised).transpose(1, 2)  # (batch, frames, n_mels)
        keys = self.token_keys(tokens, lengths)  # (batch, tokens, n_mels)
        with torch.autocast(mel.device.type, enabled=False):
            logits = -self.temperature * squared_distances(queries.float(), keys.float())
            padding = ~length_mask(lengths, tokens.shape[1]).unsqueeze(1)  # (batch, 1, tokens)
            log_attention = logits.masked_fill(padding, MASKED_SCORE).log_softmax(2)
            return log_attention + log_beta_binomial_prior(lengths, mel_lengths)

    def token_keys(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        """Map tokens to their points, (batch, tokens, n_mels)."""
        if self.keys[0].kernel_size == (1,):  # one point a symbol: computed once for the table, not for each token
            table = self.keys(self.embedding.weight.T.unsqueeze(0)).squeeze(0).T  # (n_symbols, n_mels)
            return F.embedding(tokens, table)
        embedded = self.embedding(tokens) * length_mask(lengths, tokens.shape[1]).unsqueeze(2)
        return self.keys(embedded.transpose(1, 2)).transpose(1, 2)


def squared_distances(queries: Tensor, keys: Tensor) -> Tensor:
    """Squared Euclidean distance of every frame to every token.

    Expanded into a matrix product, so that memory stays at (batch, frames, tokens).

    Args:
        queries: points of the frames, (batch, frames, channels).
        keys: points of the tokens, (batch, tokens, channels).

    Returns:
        (batch, frames, tokens).
    """
    query_norms = queries.square().sum(2, keepdim=True)
    key_norms = keys.square().sum(2).unsqueeze(1)
    return torch.baddbmm(query_norms + key_norms, queries, keys.transpose(1, 2), alpha=-2)


def log_beta_binomial_prior(lengths: Tensor, mel_lengths: Tensor) -> Tensor:
    """Compute the log of the diagonal prior for a batch, floored at ln(1e-8).

    For frame t = 1...T, token k = 0...N-1 has the probability BetaBinomial(k; N - 1, t, T - t + 1) (section 2.2; the
    published code takes N trials, so that some of the mass falls behind the last token). All arguments of the gamma
    functions are integers: a table of their logarithms serves the whole batch.

    Args:
        lengths: tokens in each utterance, (batch,).
        mel_lengths: frames in each utterance, (batch,).

    Returns:
        (batch, frames, tokens); ``MASKED_SCORE`` on padding tokens, arbitrary but finite on padding frames.
    """
    device = lengths.device
    n_tokens, n_frames = int(lengths.max()), int(mel_lengths.max())
    # doubles: logarithms of factorials are large, their sums small
    table = torch.arange(n_tokens + n_frames + 2, device=device, dtype=torch.float64).clamp_min(1).lgamma()
    k = torch.arange(n_tokens, device=device)
    t = torch.arange(1, n_frames + 1, device=device).unsqueeze(1)  # (frames, 1)
    n = (lengths - 1).view(-1, 1, 1)
    frames = mel_lengths.view(-1, 1, 1)
    remaining = (frames - t + 1).clamp_min(1)  # (batch, frames, 1)
    left = (n - k).clamp_min(0)  # (batch, 1, tokens)
    of_token = table[n + 1] - table[k + 1] - table[left + 1]  # ln C(n, k), (batch, 1, tokens)
    of_frame = table[frames + 1] - table[t] - table[remaining] - table[n + frames + 1]  # (batch, frames, 1)
    joint = table[k + t] + table[left + remaining]  # (batch, frames, tokens)
    prior = (joint + of_token + of_frame).float().clamp_min(math.log(1e-8))
    return prior.masked_fill((k > n), MASKED_SCORE)


def beta_binomial_prior(n_tokens: int, n_frames: int) -> Tensor:
    """Compute the diagonal prior of one utterance, (frames, tokens); each row sums to 1."""
    return log_beta_binomial_prior(torch.tensor([n_tokens]), torch.tensor([n_frames]))[0].exp()
