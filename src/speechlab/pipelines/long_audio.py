"""Recordings of any length through a network that hears some seconds: windows that overlap, cross-faded.

The reference hears whole files at once, in memory that grows with them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from speechlab.audio.streaming import Blocks, Recording, Tape


class Survey(NamedTuple):
    """What has to be known of a whole recording before its first sample is changed."""

    samples: int  # per channel
    offset: np.ndarray  # mean of each channel (DC), (channels,)
    peak: float  # highest magnitude without the offset
    highest: float  # highest magnitude


def survey(recording: Recording) -> Survey:
    """Read a recording once, in constant memory.

    Raises:
        SpeechlabError: it is damaged, or holds NaN or infinity.
    """
    samples, total = 0, np.zeros(recording.channels)
    low, high = np.full((2, recording.channels), np.inf) * [[1], [-1]]
    for block in recording.read():
        samples += len(block)
        total += block.sum(axis=0, dtype=np.float64)
        low, high = np.minimum(low, block.min(axis=0)), np.maximum(high, block.max(axis=0))
    offset = total / samples
    peak = max((high - offset).max(), (offset - low).max())
    return Survey(samples, offset.astype(np.float32), float(peak), float(max(high.max(), -low.min())))


@dataclass(frozen=True)
class Windows:
    """How a recording is cut; all in samples, and multiples of the grid on which the network's frames lie.

    Each window is heard with its context on both sides, which is thrown away afterwards.
    """

    grid: int
    length: int  # of what is kept
    overlap: int  # with the next one, where one fades into the other
    context: int

    def starts(self, samples: int) -> list[int]:
        """Place the windows over so many samples; all but the only one are of nearly full length."""
        advance = self.length - self.overlap
        n_windows = max(-(-(samples - self.overlap) // advance), 1)
        last = max(-(-(samples - self.length) // self.grid) * self.grid, 0)
        return [min(number * advance, last) for number in range(n_windows)]


def through_windows(
    tape: Tape, samples: int, windows: Windows, function: Callable[[np.ndarray], np.ndarray], ratio: int = 1
) -> Blocks:
    """Pass a recording through a function window by window.

    Args:
        tape: the recording, from its beginning.
        samples: its length, at least 1.
        function: (n, channels) to (n * ratio, channels).

    Returns:
        Blocks that are together (samples * ratio, channels), each as soon as it is made.
    """
    starts = windows.starts(samples)
    ends = [*(start + windows.overlap for start in starts[1:]), samples]
    held, first, fading = tape.take(0), 0, None  # what is heard now, where that begins, the end of the last window
    for start, end, following in zip(starts, ends, [*starts[1:], samples], strict=True):
        begin, stop = max(start - windows.context, 0), min(end + windows.context, samples)
        held = np.concatenate((held[begin - first :], tape.take(stop - first - len(held))))
        first = begin
        made = function(held)[(start - begin) * ratio : (end - begin) * ratio]
        if fading is not None:
            made[: len(fading)] = cross_fade(fading, made[: len(fading)])
        kept = (following - start) * ratio
        yield made[:kept]
        fading = made[kept:].copy()


def cross_fade(ending: np.ndarray, beginning: np.ndarray) -> np.ndarray:
    """Pass linearly from one block (samples, channels) to another of that shape."""
    share = (np.arange(len(ending), dtype=np.float32)[:, None] + 0.5) / len(ending)
    return ending * (1 - share) + beginning * share
