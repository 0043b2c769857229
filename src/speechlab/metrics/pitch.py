"""Errors of the fundamental frequency, by DIO and StoneMask of WORLD (Morise et al., 2016)."""

from importlib.metadata import version

import numpy as np

from speechlab.audio.pitch import F0_CEILING, F0_FLOOR, pitch_track
from speechlab.metrics.base import Metric, Unmeasurable
from speechlab.metrics.checks import require_measurable

FRAME_PERIOD = 5.0  # ms
FEWEST_FRAMES = 20  # 0.1 s: in plain noise, too, a few frames seem to have a pitch
CENTS_PER_OCTAVE = 1200
LONGEST_S = 300  # DIO transforms the whole recording at once


def pitch_errors(estimate: np.ndarray, reference: np.ndarray) -> tuple[float, float]:
    """Compare two pitch tracks in Hz, 0 where unvoiced, (frames,) each.

    Returns:
        Root mean squared error in cents over frames voiced in both, and the percentage of frames voiced in only one.

    Raises:
        Unmeasurable: fewer than 20 frames are voiced in both.
    """
    voiced = (estimate > 0) & (reference > 0)
    if voiced.sum() < FEWEST_FRAMES:
        raise Unmeasurable(f"{voiced.sum()} frames are voiced in both; at least {FEWEST_FRAMES} are needed")
    cents = CENTS_PER_OCTAVE * np.log2(estimate[voiced] / reference[voiced])
    disagreement = 100 * np.mean((estimate > 0) != (reference > 0))
    return float(np.sqrt(np.mean(np.square(cents)))), float(disagreement)


class PitchError(Metric):
    """Pitch error in cents and errors of the voicing decision in percent, frame by frame without warping time.

    In noise DIO loses the voice sooner than it errs: the pitch error then is that of the few frames left, and the
    voicing error tells. An octave error is 1200 cents, so a few frames of them govern an item.
    """

    outputs = ("f0_rmse", "vuv_error")
    unit = "cents; %"
    higher_is_better = False
    needs_reference = True

    @property
    def version(self) -> str:
        """The package and its settings."""
        settings = f"{F0_FLOOR:.0f}-{F0_CEILING:.0f} Hz, {FRAME_PERIOD:.0f} ms"
        return f"pyworld {version('pyworld')}, DIO + StoneMask, {settings}"

    def compute(self, estimate, reference, sample_rate, text) -> dict[str, float]:
        """Score a pair."""
        require_measurable(estimate, reference, sample_rate, LONGEST_S)
        tracks = [pitch_track(waveform, sample_rate, FRAME_PERIOD)[0] for waveform in (estimate, reference)]
        return dict(zip(self.outputs, pitch_errors(*tracks), strict=True))
