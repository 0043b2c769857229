"""How sure a measured number is: percentile bootstrap intervals (B. Efron, 1979)."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np


class Interval(NamedTuple):
    """A statistic of ``n`` independent values, and the interval that holds it in 95 of 100 such samples."""

    value: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        return f"{self.value:.3g} [{self.low:.3g}, {self.high:.3g}], n = {self.n}"


def bootstrap(
    values: Sequence, statistic: Callable = np.mean, n_resamples: int = 1000, level: float = 0.95, seed: int = 0
) -> Interval:
    """Draw the sample again and again from itself, and see how far the statistic moves.

    Args:
        values: one per independent thing, such as an utterance; each may itself be an array of measurements, which are
            then joined before the statistic is taken.
        statistic: array (n,) or (n, ...) to a number.
        level: share of the resamples inside the interval.
    """
    values = [np.atleast_1d(value) for value in values]
    rng = np.random.default_rng(seed)
    draws = rng.integers(len(values), size=(n_resamples, len(values)))
    resampled = [statistic(np.concatenate([values[index] for index in draw])) for draw in draws]
    low, high = np.quantile(resampled, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(statistic(np.concatenate(values))), float(low), float(high), len(values))
