"""Sample-rate conversion, linear phase: of finished recordings by soxr, and of tensors where a gradient must pass."""

import numpy as np
import soxr
from torch import Tensor

from speechlab.errors import SpeechlabError


def resample(waveform: np.ndarray, from_rate: float, to_rate: float) -> np.ndarray:
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


def resample_tensor(waveform: Tensor, from_rate: int, to_rate: int) -> Tensor:
    """Convert a batch to another sample rate where it is, on any device, keeping the gradient.

    Args:
        waveform: (..., samples).
        from_rate: Hz.
        to_rate: Hz.

    Returns:
        (..., ceil(samples * to_rate / from_rate)), flat within 0.1 dB up to 96 % of the lower half rate and
        60 dB down from 103 %; unchanged where the rates are equal.

    Raises:
        SpeechlabError: a rate is not a positive number.
    """
    if from_rate <= 0 or to_rate <= 0:
        raise SpeechlabError(f"a sample rate is a positive number of Hz, got {from_rate} -> {to_rate}")
    if from_rate == to_rate:
        return waveform
    from torchaudio.functional import resample as convert

    return convert(waveform, from_rate, to_rate, lowpass_filter_width=64)
