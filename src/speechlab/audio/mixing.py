"""Noise at a wanted level and the sound of a room, for waveforms that are measured or cleaned afterwards."""

import numpy as np

from speechlab.errors import SpeechlabError


def add_noise(waveform: np.ndarray, noise: np.ndarray, snr_db: float) -> np.ndarray:
    """Add noise at a signal-to-noise ratio: 10 log10 of the ratio of their mean squares over the whole clip.

    Args:
        waveform: speech, (samples,).
        noise: (samples,) or longer; the rest is not used.
        snr_db: wanted ratio, in dB.

    Returns:
        (samples,) float32; the speech in it keeps its level, so the sum may pass 1.

    Raises:
        SpeechlabError: the noise is too short, or either of both is silent, so that no ratio exists.
    """
    if len(noise) < len(waveform):
        raise SpeechlabError(f"{len(noise)} samples of noise do not cover {len(waveform)} of speech; repeat the noise")
    noise = np.asarray(noise[: len(waveform)], dtype=np.float64)
    powers = np.mean(np.square(waveform, dtype=np.float64)), np.mean(np.square(noise))
    if not all(powers):
        raise SpeechlabError("a silent clip has no signal-to-noise ratio; give speech and noise that can be heard")
    gain = np.sqrt(powers[0] / powers[1]) * 10 ** (-snr_db / 20)
    return (waveform + gain * noise).astype(np.float32)


def simulate_room(sample_rate: int, reverberation_s: float, direct_to_reverberant_db: float, seed: int) -> np.ndarray:
    """Make the impulse response of a plain room: the direct sound, then noise that decays by 60 dB.

    Polack's statistical model of late reverberation (J.-D. Polack, 1988); it has no early reflections.

    Args:
        reverberation_s: time in which the tail falls by 60 dB.
        direct_to_reverberant_db: energy of the direct sound over that of the tail.

    Returns:
        (samples,) float32; the direct sound is sample 0 and has the value 1.
    """
    rng = np.random.default_rng(seed)
    seconds = np.arange(int(reverberation_s * sample_rate)) / sample_rate
    tail = rng.standard_normal(len(seconds)) * 10 ** (-3 * seconds / reverberation_s)
    tail[0] = 0.0
    tail *= 10 ** (-direct_to_reverberant_db / 20) / np.sqrt(np.sum(tail**2))
    tail[0] = 1.0
    return tail.astype(np.float32)


def add_room(waveform: np.ndarray, response: np.ndarray) -> np.ndarray:
    """Play a waveform (samples,) in a room: convolved with its impulse response, at the same length.

    The loudest sample of the response counts as the direct sound and is put at lag 0, so that input and output stay
    aligned.
    """
    from scipy.signal import oaconvolve

    direct = int(np.argmax(np.abs(response)))
    return oaconvolve(waveform, response)[direct : direct + len(waveform)].astype(np.float32)
