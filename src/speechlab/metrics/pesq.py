"""PESQ, the perceived quality of a copy beside its original (ITU-T P.862, with its wide-band extension P.862.2).

The raw score is mapped to a mean opinion score (MOS-LQO) by P.862.1 in the narrow band and by P.862.2 in the wide one.
The measure levels and aligns the two signals itself. It is meant for 8 to 30 s of speech, and follows at most 50
utterances: from 20 s on, an item's score is the mean over windows of 20 s.
"""

from importlib.metadata import version

import numpy as np

from speechlab.audio.resample import resample
from speechlab.metrics.base import Metric, Unavailable, Unmeasurable
from speechlab.metrics.checks import is_silent, require_measurable

WINDOW_S = 20
STEP_S = 5
NARROW, WIDE = 8_000, 16_000  # Hz, the only rates there are


def window_starts(n_samples: int, sample_rate: int) -> list[int]:
    """First samples of the windows: one every 5 s, the last one flush with the end; a short item is one window."""
    last = max(0, n_samples - WINDOW_S * sample_rate)
    return [*range(0, last, STEP_S * sample_rate), last]


def pesq_score(estimate: np.ndarray, reference: np.ndarray, sample_rate: int, mode: str) -> float:
    """Score a pair by the package ``pesq``, window by window where it is long.

    Args:
        estimate, reference: (samples,), equally long, at 8 or 16 kHz.
        mode: ``nb`` or ``wb``; ``wb`` wants 16 kHz.

    Returns:
        MOS-LQO; of a long pair the mean over the windows in which the reference speaks.

    Raises:
        Unmeasurable: shorter than a quarter of a second, no speech is found, or a window of the estimate is silent
            where the reference is not.
    """
    from pesq import BufferTooShortError, NoUtterancesError, pesq

    scores = []
    for start in window_starts(len(reference), sample_rate):
        window = slice(start, start + WINDOW_S * sample_rate)
        if is_silent(estimate[window]):  # the package would make a NaN of it
            if is_silent(reference[window]):
                continue
            raise Unmeasurable(f"the estimate is silent for {WINDOW_S} s from {start / sample_rate:.0f} s on")
        try:
            scores.append(pesq(sample_rate, reference[window], estimate[window], mode))
        except BufferTooShortError as error:
            raise Unmeasurable("PESQ needs at least a quarter of a second") from error
        except NoUtterancesError:
            continue
    if not scores:
        raise Unmeasurable("PESQ finds no speech in the reference")
    return float(np.mean(scores))


class Pesq(Metric):
    """What both bands share."""

    mode = ""
    unit = "MOS 1-5"
    needs_reference = True

    def prepare(self) -> None:
        """See that the package is there: on Windows it has no wheel."""
        try:
            import pesq  # noqa: F401
        except ImportError as error:
            raise Unavailable(
                "the package pesq is missing: pip install pesq (on Windows it needs a C compiler)"
            ) from error

    def compute(self, estimate, reference, sample_rate, text) -> float:
        """Score a pair; narrow-band PESQ keeps 8 kHz and takes every other rate to 16 kHz."""
        require_measurable(estimate, reference, sample_rate)
        rate = NARROW if self.mode == "nb" and sample_rate == NARROW else WIDE
        pair = [resample(waveform, sample_rate, rate) for waveform in (estimate, reference)]
        return pesq_score(*pair, rate, self.mode)


class WidebandPesq(Pesq):
    """Wide-band PESQ (P.862.2), 1.04 to 4.64, at 16 kHz: energy above 8 kHz is not heard."""

    mode = "wb"
    outputs = ("wb_pesq",)
    sample_rate = WIDE

    @property
    def version(self) -> str:
        """The package and the mapping."""
        return f"pesq {version('pesq')}, wb (P.862.2)"


class NarrowbandPesq(Pesq):
    """Narrow-band PESQ (P.862 with the mapping of P.862.1), 1.02 to 4.55: what a telephone passes, 300 to 3400 Hz."""

    mode = "nb"
    outputs = ("nb_pesq",)

    @property
    def version(self) -> str:
        """The package, the mapping and the rates."""
        return f"pesq {version('pesq')}, nb (P.862.1), 8 kHz pairs at 8 kHz, others at 16 kHz"
