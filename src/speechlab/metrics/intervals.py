"""How sure a measured number is: bootstrap intervals (B. Efron, 1979), widened where there are few values."""

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
    tail = tail_of(len(values), level)
    low, high = np.quantile(resampled, [tail, 1 - tail])
    return Interval(float(statistic(np.concatenate(values))), float(low), float(high), len(values))


def tail_of(n: int, level: float) -> float:
    """Share of the resamples to leave out at each end.

    The plain percentile interval is too narrow for small samples: of four values it holds the truth 4 times in 5. The
    expanded one takes quantiles further out, as Student's t does (T. Hesterberg, arXiv:1411.5279, section 5.2).
    """
    from scipy.stats import norm, t

    if n < 2:
        return (1 - level) / 2
    return float(norm.cdf(-np.sqrt(n / (n - 1)) * t.ppf((1 + level) / 2, n - 1)))
