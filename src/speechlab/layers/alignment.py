"""Hard alignments between tokens and frames: monotonic search, and what durations say about frames."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np
import torch
from torch import Tensor

from speechlab.errors import SpeechlabError
from speechlab.layers.masks import length_mask


def monotonic_alignment(scores: Tensor, lengths: Tensor, mel_lengths: Tensor) -> Tensor:
    """Find the monotonic path of highest score, on which every token lasts at least one frame.

    Monotonic alignment search of Glow-TTS (arXiv:2005.11129), algorithm 1; a tie keeps the later token longer.
    Runs on the CPU, one utterance a thread, without gradient.

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
    values = scores.detach().to("cpu", torch.float32).numpy()
    token_counts, frame_counts = lengths.tolist(), mel_lengths.tolist()
    for item, (n_tokens, n_frames) in enumerate(zip(token_counts, frame_counts, strict=True)):
        if n_frames < n_tokens:
            raise SpeechlabError(
                f"utterance {item} of the batch has {n_frames} frames for {n_tokens} tokens; every token needs a frame:"
                " leave out utterances whose text is too long for their audio"
            )
    search = _compiled_search()
    durations = np.zeros((batch, tokens), np.int64)

    def align(item: int) -> None:
        search(values[item, : frame_counts[item], : token_counts[item]], durations[item])

    with ThreadPoolExecutor(min(batch, torch.get_num_threads())) as pool:
        list(pool.map(align, range(batch)))
    return torch.from_numpy(durations).to(scores.device)


@cache
def _compiled_search() -> Callable[[np.ndarray, np.ndarray], None]:
    """Compile the search at its first use: numba takes a second to import, and releases the lock while searching."""
    from numba import njit

    return njit(nogil=True)(_search_path)


def _search_path(values: np.ndarray, durations: np.ndarray) -> None:
    """Fill ``durations`` with the best path through ``values`` (frames, tokens)."""
    n_frames, n_tokens = values.shape
    advanced = np.zeros((n_frames, n_tokens), np.bool_)  # true: the best path arrives here from the token before
    best = np.full(n_tokens, -np.inf)
    best[0] = values[0, 0]
    for frame in range(1, n_frames):
        for token in range(min(frame, n_tokens - 1), -1, -1):  # downwards: best[token - 1] is the last frame's
            if token > 0 and (token == frame or best[token] < best[token - 1]):
                advanced[frame, token] = True
                best[token] = best[token - 1] + values[frame, token]
            else:
                best[token] += values[frame, token]
    token = n_tokens - 1
    for frame in range(n_frames - 1, -1, -1):
        durations[token] += 1
        if advanced[frame, token]:
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
