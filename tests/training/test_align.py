"""Silence before an utterance belongs to its start token, whatever the search gave it to."""

import numpy as np
import pytest

from speechlab.training.align import LEAD_FRAMES, silence_first

SPEECH = np.full((80, 50), -2.0)


def with_silence(frames: int) -> np.ndarray:
    """Mel of so many silent frames before speech."""
    return np.concatenate((np.full((80, frames), -11.0), SPEECH), axis=1)


@pytest.mark.parametrize("silent", [0, 2, 10, 60])
def test_silence_goes_from_the_first_phone_to_the_start(silent):
    durations = np.array([1, silent + 19, 20, 10])
    moved = silence_first(durations, with_silence(silent))
    assert moved.tolist() == [max(silent - LEAD_FRAMES, 1), durations[1] - max(silent - LEAD_FRAMES - 1, 0), 20, 10]
    assert silence_first(moved, with_silence(silent)).tolist() == moved.tolist()


def test_every_token_keeps_a_frame_and_the_sum_stays():
    for durations in ([1, 5, 64], [1, 1, 68], [70], [1, 69]):
        moved = silence_first(np.array(durations), with_silence(20))
        assert moved.sum() == 70 and moved.min() >= 1


def test_a_start_that_is_long_enough_is_left_alone():
    durations = np.array([30, 20, 20])
    assert silence_first(durations, with_silence(20)).tolist() == durations.tolist()
