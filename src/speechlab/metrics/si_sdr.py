"""Scale-invariant signal-to-distortion ratio (Le Roux, Wisdom, Erdogan and Hershey, 2019; arXiv:1811.02508)."""

import numpy as np

from speechlab.metrics.base import Metric, Unmeasurable
from speechlab.metrics.checks import require_measurable

CEILING = 120.0  # dB: copies that differ only by a gain and by float32's rounding come out above


def si_sdr(estimate: np.ndarray, reference: np.ndarray) -> float:
    """Compare what of an estimate is the reference, at whatever gain, with the rest of it.

    Both means are removed first.

    Args:
        estimate, reference: (samples,), equally long.

    Returns:
        dB.

    Raises:
        Unmeasurable: the estimate is the reference, or has nothing of it, or one of them is constant.
    """
    estimate, reference = (
        np.asarray(each, np.float64) - np.mean(each, dtype=np.float64) for each in (estimate, reference)
    )
    if not (estimate.any() and reference.any()):
        raise Unmeasurable("SI-SDR is undefined: the estimate or the reference is constant")
    target = np.dot(estimate, reference) / np.dot(reference, reference) * reference
    wanted, distortion = np.square(target).sum(), np.square(estimate - target).sum()
    if distortion <= wanted * 10 ** (-CEILING / 10):
        raise Unmeasurable("SI-SDR is infinite: estimate and reference are identical, apart from a gain")
    if wanted <= distortion * 10 ** (-CEILING / 10):
        raise Unmeasurable("SI-SDR is minus infinity: nothing of the reference is in the estimate")
    return float(10 * np.log10(wanted / distortion))


class SiSdr(Metric):
    """SI-SDR over the whole item; a delay of one sample already ruins it."""

    outputs = ("si_sdr",)
    unit = "dB"
    needs_reference = True
    version = "arXiv:1811.02508, means removed, float64"

    def compute(self, estimate, reference, sample_rate, text) -> float:
        """Score a pair."""
        require_measurable(estimate, reference, sample_rate)
        return si_sdr(estimate, reference)
