"""Levels: loudness as ITU-R BS.1770-4 defines it, matching for fair listening, and silence at the ends."""

import warnings

import numpy as np

BLOCK_S = 0.4  # seconds of one gating block in BS.1770
SILENCE_LUFS = -60.0  # quieter audio is left as it is: amplified, it would only be noise


def loudness(waveform: np.ndarray, sample_rate: int) -> float:
    """Measure integrated loudness in LUFS (ITU-R BS.1770-4).

    A clip shorter than one gating block of 0.4 s is measured as a single block; silence gives minus infinity.

    Args:
        waveform: (samples,).
        sample_rate: Hz.
    """
    import pyloudnorm

    waveform = np.asarray(waveform, dtype=np.float64)
    if len(waveform) < 2 or not waveform.any():
        return -np.inf
    block = min(BLOCK_S, len(waveform) / sample_rate)
    meter = pyloudnorm.Meter(sample_rate, block_size=block)
    with np.errstate(divide="ignore", invalid="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # every block below the gate: the mean of nothing
        value = float(meter.integrated_loudness(waveform))
    return value if np.isfinite(value) else -np.inf


def normalise_loudness(waveform: np.ndarray, sample_rate: int, target: float = -23.0) -> np.ndarray:
    """Scale a clip to a loudness in LUFS, less where its peak would pass 1; near-silence stays as it is.

    The default is the broadcast level of EBU R 128.
    """
    return match_loudness({"": waveform}, sample_rate, target)[""]


def match_loudness(waveforms: dict[str, np.ndarray], sample_rate: int, target: float = -23.0) -> dict[str, np.ndarray]:
    """Scale clips to one loudness, so that the louder one does not seem the better one.

    Where a peak would pass 1, all are lowered together. Clips below -60 LUFS stay as they are.

    Args:
        waveforms: name -> (samples,).
        sample_rate: Hz, of all of them.
        target: LUFS.

    Returns:
        Scaled float32 copies under the same names.
    """
    measured = {name: loudness(waveform, sample_rate) for name, waveform in waveforms.items()}
    gains = {name: 10 ** ((target - value) / 20) for name, value in measured.items() if value >= SILENCE_LUFS}
    highest = max((gain * float(np.abs(waveforms[name]).max()) for name, gain in gains.items()), default=1.0)
    headroom = min(1.0, 1.0 / highest)
    return {
        name: np.asarray(waveform, dtype=np.float32) * np.float32(gains[name] * headroom if name in gains else 1.0)
        for name, waveform in waveforms.items()
    }


def peak_db(waveform: np.ndarray) -> float:
    """Give the highest sample in dB relative to full scale."""
    return to_db(float(np.abs(waveform).max()))


def rms_db(waveform: np.ndarray) -> float:
    """Give the root mean square in dB relative to full scale (a full-scale sine has -3)."""
    return to_db(float(np.sqrt(np.mean(np.square(waveform, dtype=np.float64)))))


def to_db(amplitude: float) -> float:
    """Convert an amplitude to dB; 0 becomes minus infinity."""
    return 20 * float(np.log10(amplitude)) if amplitude > 0 else -np.inf


def trim_silence(
    waveform: np.ndarray, sample_rate: int, threshold_db: float = 45.0, margin_s: float = 0.05
) -> np.ndarray:
    """Cut silence at both ends.

    Args:
        waveform: (samples,).
        sample_rate: Hz.
        threshold_db: frames of 20 ms this far below the loudest one count as silence.
        margin_s: seconds kept before the first and after the last sound.

    Returns:
        A view of the waveform; all of it if it is silent throughout.
    """
    frame = max(1, round(0.02 * sample_rate))
    n_frames = -(-len(waveform) // frame)
    padded = np.zeros(n_frames * frame)
    padded[: len(waveform)] = waveform
    power = np.square(padded).reshape(n_frames, frame).mean(axis=1)
    if not power.any():
        return waveform
    sounding = np.flatnonzero(power > power.max() * 10 ** (-threshold_db / 10))
    margin = round(margin_s * sample_rate)
    return waveform[max(0, sounding[0] * frame - margin) : (sounding[-1] + 1) * frame + margin]
