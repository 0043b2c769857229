"""Sample-rate conversion of finished recordings by soxr: linear phase, no gradient."""

import numpy as np
import soxr

from speechlab.errors import SpeechlabError


def resample(waveform: np.ndarray, from_rate: int, to_rate: int) -> np.ndarray:
    """Convert a recording to another sample rate, anti-aliased, without delay.

    A steep filter overshoots at sharp edges: audio near full scale may come out slightly above 1.

    Args:
        waveform: (samples,) mono, or (samples, channels).
        from_rate: Hz.
        to_rate: Hz.

    Returns:
        float32 of the same layout, about ``samples * to_rate / from_rate`` long; unchanged where the rates are equal.
    """
    if from_rate <= 0 or to_rate <= 0:
        raise SpeechlabError(f"a sample rate is a positive number of Hz, got {from_rate} -> {to_rate}")
    waveform = np.asarray(waveform, dtype=np.float32)
    if from_rate == to_rate:
        return waveform
    return soxr.resample(waveform, from_rate, to_rate, quality="VHQ")
