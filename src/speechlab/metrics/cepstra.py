"""Mel-cepstral distortion (Kubichek, 1993): how far two spectral envelopes lie apart, in dB, levels left out.

The envelope is WORLD's (CheapTrick), so harmonics do not count. Its logarithm on the mel axis goes through a cosine
transform, of which coefficients 1 to 24 are compared. With all of them a frame's distortion would be the root mean
squared difference of the two envelopes in dB. Papers that take other envelopes or orders have other numbers.
"""

from importlib.metadata import version

import numpy as np

from speechlab.audio.pitch import pitch_track, world
from speechlab.metrics.base import Metric
from speechlab.metrics.checks import require_measurable

ORDER = 24
FRAME_PERIOD = 10.0  # ms
LONGEST_S = 300  # 0.5 GB of envelopes at 48 kHz
LONGEST_WARPED_S = 60  # the warping compares every frame with every other: 36 million distances
DECIBELS = 10 / np.log(10) * np.sqrt(2)  # per unit of distance between mel-cepstra


def coded_envelopes(envelopes: np.ndarray, sample_rate: int) -> np.ndarray:
    """Mel-cepstra of power envelopes.

    WORLD's codes are those of the logarithm of power and normalised to keep the mean square; the cepstrum of Kubichek's
    formula is of the logarithm of magnitude, a sum of cosines: smaller by the square root of two.

    Args:
        envelopes: (frames, n_fft // 2 + 1) float64.

    Returns:
        Coefficients 1 to 24, (frames, 24).
    """
    return world().code_spectral_envelope(envelopes, sample_rate, ORDER + 1)[:, 1:] / np.sqrt(2)


def mel_cepstra(waveform: np.ndarray, sample_rate: int) -> np.ndarray:
    """Mel-cepstra of a waveform (samples,), one frame every 10 ms, (frames, 24)."""
    pitch, times = pitch_track(waveform, sample_rate, FRAME_PERIOD)
    envelopes = world().cheaptrick(np.asarray(waveform, np.float64), pitch, times, sample_rate)
    return coded_envelopes(envelopes, sample_rate)


def distortion(estimate: np.ndarray, reference: np.ndarray) -> float:
    """Mean distance in dB of two mel-cepstra (frames, order), frame by frame."""
    return float(DECIBELS * np.linalg.norm(estimate - reference, axis=1).mean())


def warped_distortion(estimate: np.ndarray, reference: np.ndarray) -> float:
    """Mean distance in dB of two mel-cepstra (frames, order) along the path of least total distance (DTW)."""
    import librosa

    total, path = librosa.sequence.dtw(estimate.T, reference.T, metric="euclidean")
    return float(DECIBELS * total[-1, -1] / len(path))


class MelCepstralDistortion(Metric):
    """Mel-cepstral distortion of copies that keep the original's timing, such as a vocoder's."""

    outputs = ("mcd",)
    unit = "dB"
    higher_is_better = False
    needs_reference = True

    @property
    def version(self) -> str:
        """The package and its settings."""
        return f"pyworld {version('pyworld')}, CheapTrick, coefficients 1-{ORDER}, 10 ms"

    def compute(self, estimate, reference, sample_rate, text) -> float:
        """Score a pair."""
        require_measurable(estimate, reference, sample_rate, LONGEST_S)
        return distortion(mel_cepstra(estimate, sample_rate), mel_cepstra(reference, sample_rate))


class WarpedMelCepstralDistortion(MelCepstralDistortion):
    """Mel-cepstral distortion with time warped, for speech with its own timing, such as of an acoustic model."""

    outputs = ("mcd_dtw",)
    any_length = True
    n_workers = 2  # a minute takes 0.7 GB

    @property
    def version(self) -> str:
        """The packages and their settings."""
        return f"{super().version}, librosa {version('librosa')} DTW"

    def compute(self, estimate, reference, sample_rate, text) -> float:
        """Score a pair."""
        require_measurable(estimate, reference, sample_rate, LONGEST_WARPED_S)
        return warped_distortion(mel_cepstra(estimate, sample_rate), mel_cepstra(reference, sample_rate))
