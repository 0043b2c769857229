"""When a recording has no quality to measure: silence, a fraction of a word, more than fits into memory."""

import numpy as np

from speechlab.metrics.base import Unmeasurable

SILENCE = 1e-4  # of full scale, -80 dB: three steps of 16 bits
SHORTEST_S = 0.1


def is_silent(waveform: np.ndarray) -> bool:
    """Tell whether a waveform (samples,) hardly moves, around whatever offset."""
    return bool(np.ptp(waveform) < 2 * SILENCE)


def require_measurable(
    estimate: np.ndarray, reference: np.ndarray | None, sample_rate: int, longest_s: float | None = None
) -> None:
    """Refuse a pair in which there is nothing to measure.

    Args:
        estimate, reference: (samples,) in [-1, 1]; the reference is None where a metric needs none.
        longest_s: the metric's memory grows with the length, and this is its limit.

    Raises:
        Unmeasurable: one of them is silent, or too short, or too long.
    """
    for name, waveform in (("estimate", estimate), ("reference", reference)):
        if waveform is None:
            continue
        duration = len(waveform) / sample_rate
        if duration < SHORTEST_S:
            raise Unmeasurable(
                f"the {name} lasts {1000 * duration:.0f} ms; at least {1000 * SHORTEST_S:.0f} are needed"
            )
        if longest_s is not None and duration > longest_s:
            raise Unmeasurable(
                f"the {name} lasts {duration:.0f} s, over the limit of {longest_s:.0f}; cut it into pieces"
            )
        if is_silent(waveform):
            raise Unmeasurable(f"the {name} is silent: it moves by less than {SILENCE:g} of full scale")
