"""Pitch and energy per mel frame, their averages per token, and statistics that outliers do not move.

Pitch: DIO and StoneMask of WORLD (Morise et al., 2016). Targets as in FastSpeech 2 (arXiv:2006.04558), section 2.3.
"""

from typing import NamedTuple

import numpy as np

from speechlab.audio.pitch import pitch_track

DIO_SPEED = 2  # DIO looks at half the sample rate: twice as fast; StoneMask then refines on the full one


class Moments(NamedTuple):
    """Mean, standard deviation and range of many values."""

    mean: float
    std: float
    minimum: float
    maximum: float


def extract_pitch(waveform: np.ndarray, sample_rate: int, hop_length: int, centring: bool = False) -> np.ndarray:
    """Measure the fundamental frequency of every mel frame.

    WORLD gives values at samples 0, hop, 2 hop, ...; mel frame t without centring lies half way between values t and
    t + 1, so both are averaged (after interpolation) and the frame is voiced where both are.

    Args:
        waveform: (samples,) in [-1, 1].
        centring: the mel frames are centred on multiples of the hop; no averaging then.

    Returns:
        Hz, 0 where unvoiced, (samples // hop_length,) float32; one more with centring.
    """
    frame_period = 1000.0 * hop_length / sample_rate  # ms
    signal = np.pad(np.asarray(waveform, dtype=np.float64), (0, max(0, 2 * hop_length - len(waveform))))
    at_samples, _ = pitch_track(signal, sample_rate, frame_period, DIO_SPEED)
    n_frames = len(waveform) // hop_length
    if centring:
        return at_samples[: n_frames + 1].astype(np.float32)
    voiced = voiced_mask(at_samples)
    filled = interpolate_pitch(at_samples)
    pitch = np.where(voiced[:-1] & voiced[1:], (filled[:-1] + filled[1:]) / 2, 0.0)
    missing = max(0, n_frames - len(pitch))  # WORLD rounds: of whole hops it may leave out the last value
    return np.pad(pitch[:n_frames], (0, missing), mode="edge").astype(np.float32)


def voiced_mask(pitch: np.ndarray) -> np.ndarray:
    """Tell which frames have a pitch; true on voiced frames, same shape."""
    return pitch > 0


def interpolate_pitch(pitch: np.ndarray) -> np.ndarray:
    """Fill unvoiced frames: straight lines in log-frequency, the outermost values held at the edges.

    Args:
        pitch: Hz, 0 where unvoiced, (frames,).

    Returns:
        Hz, (frames,); all zero where nothing is voiced.
    """
    voiced = voiced_mask(pitch)
    if not voiced.any():
        return np.zeros_like(pitch)
    frames = np.arange(len(pitch))
    filled = np.exp(np.interp(frames, frames[voiced], np.log(pitch[voiced])))
    return np.where(voiced, pitch, filled).astype(pitch.dtype)


def energy(magnitude: np.ndarray) -> np.ndarray:
    """Loudness of each frame: the L2 norm over linear STFT magnitudes (bins, frames), as (frames,)."""
    return np.sqrt(np.square(magnitude, dtype=np.float64).sum(axis=0)).astype(np.float32)


def token_average(values: np.ndarray, durations: np.ndarray) -> np.ndarray:
    """Average frame values over each token.

    Args:
        values: (frames,).
        durations: frames of each token, (tokens,), summing to ``frames``.

    Returns:
        (tokens,) float32; 0 for a token of no frames.

    Raises:
        ValueError: a duration is negative, or their sum is not the number of frames.
    """
    durations = np.asarray(durations)
    if durations.min(initial=0) < 0 or durations.sum() != len(values):
        raise ValueError(f"durations must be >= 0 and sum to {len(values)} frames, got a sum of {durations.sum()}")
    running = np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)])
    ends = np.cumsum(durations)
    sums = running[ends] - running[ends - durations]
    return np.where(durations > 0, sums / np.maximum(durations, 1), 0.0).astype(np.float32)


def without_outliers(values: np.ndarray) -> np.ndarray:
    """Keep values within 1.5 interquartile ranges of the quartiles (Tukey's fences); for statistics only."""
    if len(values) < 4:
        return values
    first, third = np.percentile(values, [25, 75])
    margin = 1.5 * (third - first)
    return values[(values >= first - margin) & (values <= third + margin)]


def moments(per_utterance: list[np.ndarray]) -> Moments:
    """Pool values of many utterances: mean and deviation without each utterance's outliers, range with them.

    Args:
        per_utterance: one array (n,) per utterance; empty ones are allowed.
    """
    present = [np.asarray(values, dtype=np.float64) for values in per_utterance if len(values)]
    if not present:
        return Moments(0.0, 1.0, 0.0, 0.0)
    kept = np.concatenate([without_outliers(values) for values in present])
    deviation = float(kept.std()) or 1.0  # one constant value: standardising must not divide by zero
    return Moments(float(kept.mean()), deviation, min(map(np.min, present)).item(), max(map(np.max, present)).item())


def standardise(values: np.ndarray, of: Moments, limit: float = 4.0) -> np.ndarray:
    """Subtract the mean, divide by the deviation, and clip to ``limit`` deviations (octave errors of the tracker)."""
    return np.clip((values - of.mean) / of.std, -limit, limit).astype(np.float32)
