"""Speech-like signals from formulas and a frozen random stream, for metrics that refuse everything but speech."""

import numpy as np

SYLLABLES_PER_S = 4
PAUSE_EVERY = 5  # syllables


def resonance(frequency: np.ndarray, centre: np.ndarray, bandwidth: float) -> np.ndarray:
    """Gain of one formant at some frequencies, both in Hz; 1 at its centre."""
    return 1 / (1 + np.square((frequency - centre) / bandwidth))


def speech_like(duration_s: float = 4.0, sample_rate: int = 16_000, cents: float = 0.0, seed: int = 0) -> np.ndarray:
    """Syllables of gliding harmonics under two moving formants, with pauses and a hiss before every second one.

    Args:
        cents: by how much the pitch is raised, the formants staying where they are.

    Returns:
        float32 with a peak of 0.5, (samples,).
    """
    time = np.arange(int(duration_s * sample_rate)) / sample_rate
    syllable = np.floor(time * SYLLABLES_PER_S).astype(int)
    random = np.random.RandomState(seed)  # a frozen stream
    first = random.uniform(300, 800, syllable.max() + 1)[syllable]
    second = random.uniform(1000, 2400, syllable.max() + 1)[syllable]
    pitch = (120 + 25 * np.sin(2 * np.pi * 0.7 * time)) * 2 ** (cents / 1200)
    phase = 2 * np.pi * np.cumsum(pitch) / sample_rate
    place = time * SYLLABLES_PER_S - syllable  # in the syllable, 0 to 1
    speaks = syllable % PAUSE_EVERY != PAUSE_EVERY - 1

    wave = np.zeros_like(time)
    for harmonic in range(1, 31):
        frequency = harmonic * pitch
        gain = resonance(frequency, first, 120) + 0.5 * resonance(frequency, second, 180) + 0.02
        wave += gain * np.sin(harmonic * phase) * (frequency < 0.45 * sample_rate)
    wave *= np.sin(np.pi * np.clip((place - 0.2) / 0.8, 0, 1)) ** 0.5 * speaks
    hiss = np.diff(random.standard_normal(len(time) + 1)) * (place < 0.2) * (syllable % 2 == 0) * speaks
    wave = wave + 0.1 * hiss + 1e-4 * random.standard_normal(len(time))
    return (0.5 * wave / np.abs(wave).max()).astype(np.float32)


def with_noise(clean: np.ndarray, snr_db: float, seed: int = 1) -> np.ndarray:
    """Add white noise at a ratio in dB of the mean powers, float32."""
    noise = np.random.RandomState(seed).standard_normal(len(clean))
    gain = np.sqrt(np.square(clean, dtype=np.float64).mean() / np.square(noise).mean() / 10 ** (snr_db / 10))
    return (clean + gain * noise).astype(np.float32)
