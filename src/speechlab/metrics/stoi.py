"""Short-time objective intelligibility: how much of the speech's envelope survives, from 0 to 1.

STOI: Taal, Hendriks, Heusdens and Jensen, 2011; ESTOI, which also hears modulated maskers: Jensen and Taal, 2016.
"""

import warnings
from importlib.metadata import version

from speechlab.metrics.base import Metric, Unmeasurable
from speechlab.metrics.checks import require_measurable

LONGEST_S = 300  # about 0.5 GB: the package keeps every overlapping segment


class Stoi(Metric):
    """STOI by the package ``pystoi``, which itself resamples to 10 kHz, without frames 40 dB below the loudest."""

    outputs = ("stoi",)
    unit = "0-1"
    needs_reference = True
    extended = False

    @property
    def version(self) -> str:
        """The package and which of the two measures."""
        return f"pystoi {version('pystoi')}, extended={self.extended}"

    def compute(self, estimate, reference, sample_rate, text) -> float:
        """Score a pair of at least 0.4 s of speech."""
        from pystoi import stoi

        require_measurable(estimate, reference, sample_rate, LONGEST_S)
        with warnings.catch_warnings():
            warnings.filterwarnings("error", message="Not enough STFT frames", category=RuntimeWarning)
            try:
                return float(stoi(reference, estimate, sample_rate, extended=self.extended))
            except RuntimeWarning as warning:  # the package would answer 1e-5
                raise Unmeasurable("STOI needs 30 frames (0.4 s) of speech, silence left out") from warning


class ExtendedStoi(Stoi):
    """Extended STOI, lower than STOI in general."""

    outputs = ("estoi",)
    extended = True
