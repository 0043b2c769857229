"""How fast a system is, beside how good."""

import time
from collections.abc import Callable
from statistics import median
from typing import Any

from speechlab.audio.io import Audio


def real_time_factor(
    function: Callable[[Audio], Any],
    audio: Audio,
    n_repeats: int = 3,
    clock: Callable[[], float] = time.perf_counter,
) -> float:
    """Seconds that a system computes per second of audio: below 1 it keeps up with speech.

    Args:
        function: the system. On a GPU it has to wait for its result, as one that returns samples does.
        audio: what it is given; the divisor is its length.
        n_repeats: the median of so many runs is taken, after one that is not counted.
        clock: gives seconds. ``time.process_time`` counts those that the processor spent on this process, all threads
            together: what one core would need, however busy the machine is.
    """
    function(audio)
    seconds = []
    for _ in range(n_repeats):
        start = clock()
        function(audio)
        seconds.append(clock() - start)
    return median(seconds) * audio.sample_rate / len(audio.waveform)
