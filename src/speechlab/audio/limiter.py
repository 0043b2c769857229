"""Peaks between the samples, and speech brought to a loudness without passing them: what a messenger expects.

The true peak is that of ITU-R BS.1770-4, annex 2: the highest value of the curve through the samples, which a player
draws and a lossy codec moves. It lies above the highest sample.
"""

import numpy as np

from speechlab.audio.loudness import SILENCE_LUFS, loudness
from speechlab.audio.resample import resample

OVERSAMPLING = 4  # BS.1770-4, annex 2: at 48 kHz the peak found is at most 0.6 dB below the true one
LOOK_AHEAD_S = 0.005  # the gain begins to fall so long before a peak, and has risen again so long after it
ROUNDS = 4  # limiting takes some loudness away, which the next round gives back
CLOSE_DB = 0.05  # of the loudness wanted


def true_peak(waveform: np.ndarray, sample_rate: int) -> float:
    """Give the highest amplitude of the curve through the samples, (samples,); 0 of nothing."""
    if not len(waveform):
        return 0.0
    between = np.abs(resample(waveform, sample_rate, OVERSAMPLING * sample_rate)).max()
    return float(max(between, np.abs(waveform).max()))


def limit_true_peak(waveform: np.ndarray, sample_rate: int, ceiling_db: float = -1.0) -> np.ndarray:
    """Turn a recording down around peaks that pass a ceiling; what lies further from them stays as it is.

    Args:
        waveform: (samples,).
        ceiling_db: dB relative to full scale; -1 leaves room for a codec, as EBU R 128 asks.

    Returns:
        (samples,) float32, whose true peak is at the ceiling or below.
    """
    from scipy.ndimage import minimum_filter1d

    waveform, ceiling = np.asarray(waveform, np.float32), 10 ** (ceiling_db / 20)
    if true_peak(waveform, sample_rate) <= ceiling:
        return waveform
    samples = len(waveform)
    between = np.abs(resample(waveform, sample_rate, OVERSAMPLING * sample_rate))[: OVERSAMPLING * samples]
    between = np.pad(between, (0, OVERSAMPLING * samples - len(between))).reshape(samples, OVERSAMPLING).max(axis=1)
    peaks = np.maximum(between, np.abs(waveform))
    needed = np.minimum(1.0, ceiling / np.maximum(peaks, 1e-9))
    width = 2 * max(1, round(LOOK_AHEAD_S * sample_rate)) + 1
    window = np.hanning(width + 2)[1:-1]
    lowest = np.pad(minimum_filter1d(needed, width, mode="nearest"), width // 2, mode="edge")
    gain = np.convolve(lowest, window / window.sum(), mode="valid")  # a mean of values of which none is too high
    limited = (waveform * gain).astype(np.float32)
    return limited * np.float32(min(1.0, ceiling / true_peak(limited, sample_rate)))  # what a moving gain leaves over


def to_loudness(waveform: np.ndarray, sample_rate: int, target: float = -16.0, ceiling_db: float = -1.0) -> np.ndarray:
    """Bring a recording to a loudness, with its peaks limited; near-silence stays as it is.

    Args:
        waveform: (samples,).
        target: LUFS; a recording of little but peaks stays quieter.
        ceiling_db: of the true peak, relative to full scale.

    Returns:
        (samples,) float32.
    """
    found = loudness(waveform, sample_rate)
    if found < SILENCE_LUFS:
        return np.asarray(waveform, np.float32)
    gain_db, limited = target - found, waveform
    for _ in range(ROUNDS):
        limited = limit_true_peak(waveform * np.float32(10 ** (gain_db / 20)), sample_rate, ceiling_db)
        lacking = target - loudness(limited, sample_rate)
        if abs(lacking) < CLOSE_DB:
            break
        gain_db += lacking
    return limited
