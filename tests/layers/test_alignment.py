"""Monotonic search, durations as paths, and masks."""

from itertools import combinations

import numpy as np
import pytest
import torch

from speechlab.errors import SpeechlabError
from speechlab.layers.alignment import frame_tokens, hard_alignment, monotonic_alignment
from speechlab.layers.masks import length_mask


def every_duration(n_tokens: int, n_frames: int):
    """All ways to share frames among tokens, at least one each."""
    for cuts in combinations(range(1, n_frames), n_tokens - 1):
        yield np.diff([0, *cuts, n_frames])


def path_score(scores: np.ndarray, durations: np.ndarray) -> float:
    return float(scores[np.arange(len(scores)), np.repeat(np.arange(len(durations)), durations)].sum())


@pytest.mark.parametrize(("n_tokens", "n_frames"), [(1, 1), (1, 6), (2, 5), (3, 8), (4, 4), (5, 9)])
def test_monotonic_alignment_equals_brute_force(n_tokens, n_frames):
    scores = torch.randn(1, n_frames, n_tokens, generator=torch.Generator().manual_seed(n_tokens * n_frames))
    durations = monotonic_alignment(scores, torch.tensor([n_tokens]), torch.tensor([n_frames]))[0].numpy()
    best = max(path_score(scores[0].numpy(), candidate) for candidate in every_duration(n_tokens, n_frames))
    assert path_score(scores[0].numpy(), durations) == pytest.approx(best, abs=1e-5)


def test_every_token_gets_a_frame_and_padding_none():
    scores = torch.randn(3, 30, 12, generator=torch.Generator().manual_seed(0))
    lengths, mel_lengths = torch.tensor([12, 5, 1]), torch.tensor([30, 21, 7])
    durations = monotonic_alignment(scores, lengths, mel_lengths)
    mask = length_mask(lengths, 12)
    assert torch.equal(durations.sum(1), mel_lengths)
    assert (durations[mask] >= 1).all()
    assert (durations[~mask] == 0).all()


def test_padding_does_not_change_the_alignment():
    scores = torch.randn(1, 20, 6, generator=torch.Generator().manual_seed(1))
    padded = torch.full((1, 33, 11), 100.0)
    padded[:, :20, :6] = scores
    lengths, mel_lengths = torch.tensor([6]), torch.tensor([20])
    alone = monotonic_alignment(scores, lengths, mel_lengths)
    assert torch.equal(monotonic_alignment(padded, lengths, mel_lengths)[:, :6], alone)


def test_more_tokens_than_frames_is_refused():
    with pytest.raises(SpeechlabError, match="utterance 1 of the batch has 3 frames for 4 tokens"):
        monotonic_alignment(torch.zeros(2, 5, 4), torch.tensor([4, 4]), torch.tensor([5, 3]))


def test_undefined_scores_still_give_a_complete_path():
    scores = torch.full((1, 9, 4), torch.nan)
    durations = monotonic_alignment(scores, torch.tensor([4]), torch.tensor([9]))
    assert durations.sum() == 9
    assert (durations >= 1).all()


def test_hard_alignment_draws_the_durations():
    durations = torch.tensor([[2, 0, 3], [1, 1, 0]])
    path = hard_alignment(durations)
    assert path.shape == (2, 5, 3)
    assert torch.equal(path.sum(1), durations)
    assert path[0].float().argmax(1).tolist() == [0, 0, 2, 2, 2]
    assert not path[1, 2:].any()


def test_frames_of_nothing_but_zero_durations():
    index, mask = frame_tokens(torch.zeros(2, 3, dtype=torch.long))
    assert index.shape == mask.shape == (2, 1)
    assert not mask.any()
