"""Fundamental frequency by DIO and StoneMask of WORLD (Morise et al., 2016)."""

import warnings

import numpy as np

F0_FLOOR, F0_CEILING = 71.0, 800.0  # Hz, WORLD's default range


def world():
    """Import WORLD without the warning of its own imports."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it still imports pkg_resources
        import pyworld

    return pyworld


def pitch_track(
    waveform: np.ndarray, sample_rate: int, frame_period: float, speed: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """Measure the fundamental frequency at samples 0, one frame period, two, ...

    Args:
        waveform: (samples,).
        frame_period: ms.
        speed: DIO looks at the sample rate divided by this; StoneMask then refines on the full one.

    Returns:
        Hz, 0 where unvoiced, (frames,) float64, and the frames' moments in seconds, (frames,).
    """
    signal = np.asarray(waveform, np.float64)
    options = dict(f0_floor=F0_FLOOR, f0_ceil=F0_CEILING, frame_period=frame_period, speed=speed)
    coarse, times = world().dio(signal, sample_rate, **options)
    return world().stonemask(signal, coarse, times, sample_rate), times
