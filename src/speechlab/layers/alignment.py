"""Hard alignments between tokens and frames: monotonic search, and what durations say about frames."""

from collections.abc import Callable
from functools import cache

import numpy as np
import torch
from torch import Tensor

from speechlab.errors import SpeechlabError
from speechlab.layers.masks import length_mask


def monotonic_alignment(scores: Tensor, lengths: Tensor, mel_lengths: Tensor) -> Tensor:
    """Find the monotonic path of highest score, on which every token lasts at least one frame.

    Monotonic alignment search of Glow-TTS (arXiv:2005.11129), algorithm 1; a tie keeps the later token longer.
    Runs on the CPU without gradient, in one thread: a batch takes a millisecond, and threads would cost more to start.

    Args:
        scores: log-likelihood or log-probability of each token in each frame, (batch, frames, tokens).
        lengths: tokens in each utterance, (batch,).
        mel_lengths: frames in each utterance, (batch,).

    Returns:
        Durations in frames, int64 (batch, tokens), zero on padding; they sum to ``mel_lengths``.

    Raises:
        SpeechlabError: an utterance has fewer frames than tokens.
    """
    batch, _, tokens = scores.shape
    values = scores.detach().to("cpu", torch.float32).contiguous().numpy()
    token_counts, frame_counts = lengths.tolist(), mel_lengths.tolist()
    for item, (n_tokens, n_frames) in enumerate(zip(token_counts, frame_counts, strict=True)):
        if n_frames < n_tokens:
            raise SpeechlabError(
                f"utterance {item} of the batch has {n_frames} frames for {n_tokens} tokens; every token needs a frame:"
                " leave out utterances whose text is too long for their audio"
            )
    search = _compiled_search()
    durations = np.zeros((batch, tokens), np.int64)
    for item, sizes in enumerate(zip(token_counts, frame_counts, strict=True)):
        search(values[item], *sizes, durations[item])
    return torch.from_numpy(durations).to(scores.device)


@cache
def _compiled_search() -> Callable[[np.ndarray, int, int, np.ndarray], None]:
    """Compile the search at its first use: numba takes a second to import."""
    from numba import njit

    return njit(_search_path)


def _search_path(values: np.ndarray, n_tokens: int, n_frames: int, durations: np.ndarray) -> None:
    """Fill ``durations`` with the best path through the first tokens and frames of ``values`` (frames, tokens).

    The inner loop runs over slices, without a branch or an index below its start, and writes another row than it reads:
    so the compiler takes several tokens at once, which makes it four times as fast.
    """
    advanced = np.empty((n_frames, n_tokens), np.bool_)  # true: the best path arrives here from the token before
    before, best = np.full(n_tokens, -np.inf), np.full(n_tokens, -np.inf)
    best[0] = values[0, 0]
    for frame in range(1, n_frames):
        before, best = best, before
        best[0] = before[0] + values[frame, 0]
        first, end = max(1, n_tokens - n_frames + frame), min(frame, n_tokens - 1) + 1  # what a path can reach
        stays, moves, scores = before[first:end], before[first - 1 : end - 1], values[frame, first:end]
        sums, arrows = best[first:end], advanced[frame, first:end]
        for index in range(len(scores)):
            arrows[index] = stays[index] < moves[index]
            sums[index] = (moves[index] if stays[index] < moves[index] else stays[index]) + scores[index]
    token = n_tokens - 1
    for frame in range(n_frames - 1, -1, -1):
        durations[token] += 1
        if token > 0 and (token == frame or advanced[frame, token]):
            token -= 1


def frame_tokens(durations: Tensor, n_frames: int | None = None) -> tuple[Tensor, Tensor]:
    """Name the token that each frame belongs to.

    Args:
        durations: frames of each token, (batch, tokens); zero on padding.
        n_frames: frames to return; the longest utterance's unless given, and at least one.

    Returns:
        Index of the token, (batch, frames), the last token's on padding; and the mask of real frames, (batch, frames).
    """
    ends = durations.cumsum(1)
    if n_frames is None:
        n_frames = max(int(ends[:, -1].max()), 1)
    frames = torch.arange(n_frames, device=durations.device).expand(len(durations), -1).contiguous()
    index = torch.searchsorted(ends, frames, right=True).clamp_max(durations.shape[1] - 1)
    return index, length_mask(ends[:, -1], n_frames)


def hard_alignment(durations: Tensor, n_frames: int | None = None) -> Tensor:
    """Draw durations as a path of booleans, (batch, frames, tokens): true where the frame belongs to the token."""
    index, mask = frame_tokens(durations, n_frames)
    tokens = torch.arange(durations.shape[1], device=durations.device)
    return (index.unsqueeze(2) == tokens) & mask.unsqueeze(2)
