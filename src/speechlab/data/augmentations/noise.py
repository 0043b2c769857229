"""Noise at a random signal-to-noise ratio, from any folder of recordings or simulated."""

from dataclasses import dataclass

import numpy as np

from speechlab.audio.mixing import add_noise
from speechlab.data.augmentations.base import Augmentation, between, fit, pick, whole_between
from speechlab.errors import SpeechlabError

SILENCE = 1e-4  # amplitude below which a recording holds nothing to add; sets of noises pad short ones with zeros
N_TRIES = 10
N_VOICES = (3, 8)  # of a babble
TILT_FROM = 50.0  # Hz


@dataclass(frozen=True)
class Noise(Augmentation):
    """Add noise from a random place of a random recording; the ratio counts over the whole clip."""

    folder: str | tuple[str, ...] = ""  # of noises, or several; empty: coloured noise is simulated
    snr_db: tuple[float, float] = (10.0, 20.0)  # FINALLY's; below 5 dB is a hard task
    tilt_db: tuple[float, float] = (0.0, 0.0)  # per octave, given to the noise's spectrum; makes few recordings many
    babble: str | tuple[str, ...] = ""  # folders of speech, of which several voices at once are a noise too
    babble_share: float = 0.2  # of the noises, where there is speech for it

    def apply(self, waveform: np.ndarray, sample_rate: int, generator: np.random.Generator) -> np.ndarray:
        """Mix at a ratio drawn from ``snr_db``; a silent waveform has no ratio and stays silent.

        Raises:
            SpeechlabError: nothing but silence was found in the folder.
        """
        snr_db = between(generator, self.snr_db)
        if not waveform.any():
            return waveform
        noise = self.excerpt(len(waveform), sample_rate, generator)
        if any(self.tilt_db):
            noise = tilted(noise, sample_rate, between(generator, self.tilt_db))
        return fit(add_noise(waveform, noise, snr_db))

    def excerpt(self, samples: int, sample_rate: int, generator: np.random.Generator) -> np.ndarray:
        """Find noise of a length, (samples,), that is not silent throughout."""
        if self.babble and generator.uniform() < self.babble_share:
            n_voices = whole_between(generator, N_VOICES)
            return sum(self.piece(self.babble, samples, sample_rate, generator) for _ in range(n_voices))
        if not self.folder:
            return simulate_noise(samples, generator)
        return self.piece(self.folder, samples, sample_rate, generator)

    @staticmethod
    def piece(
        folder: str | tuple[str, ...], samples: int, sample_rate: int, generator: np.random.Generator
    ) -> np.ndarray:
        """Cut a length out of a random recording, (samples,).

        Raises:
            SpeechlabError: many pieces in a row were silent.
        """
        for _ in range(N_TRIES):
            noise = cut(without_silent_ends(pick(generator, folder, sample_rate)), samples, generator)
            if np.abs(noise).max(initial=0.0) > SILENCE:
                return noise
        raise SpeechlabError(f"{N_TRIES} pieces taken from {folder} were all silent; remove the silent recordings")


def without_silent_ends(noise: np.ndarray) -> np.ndarray:
    """Cut off what cannot be heard before and after a noise (samples,)."""
    heard = np.flatnonzero(np.abs(noise) > SILENCE)
    return noise[heard[0] : heard[-1] + 1] if len(heard) else noise[:0]


def cut(noise: np.ndarray, samples: int, generator: np.random.Generator) -> np.ndarray:
    """Take a piece of a length from a random place; a recording shorter than that is played in a loop."""
    if len(noise) >= samples:
        start = generator.integers(len(noise) - samples, endpoint=True)
        return noise[start : start + samples]
    start = generator.integers(max(len(noise), 1))
    return np.resize(np.roll(noise, -start), samples)


def tilted(noise: np.ndarray, sample_rate: int, slope_db: float) -> np.ndarray:
    """Let the spectrum of a noise (samples,) rise or fall from ``TILT_FROM`` Hz on by so many dB per octave."""
    octaves = np.log2(np.maximum(np.fft.rfftfreq(len(noise), 1 / sample_rate) / TILT_FROM, 1))
    return np.fft.irfft(np.fft.rfft(noise) * 10 ** (slope_db * octaves / 20), len(noise)).astype(np.float32)


def simulate_noise(samples: int, generator: np.random.Generator) -> np.ndarray:
    """Make steady noise between white and brown: its spectrum falls by 0 to 6 dB per octave. (samples,) float32."""
    slope = generator.uniform(0.0, 1.0)  # exponent of 1 / frequency, in amplitude
    spectrum = np.fft.rfft(generator.standard_normal(samples))
    spectrum /= np.maximum(np.arange(len(spectrum)), 1) ** slope
    noise = np.fft.irfft(spectrum, samples) if samples > 1 else np.ones(samples)
    return (noise / np.sqrt(np.mean(noise**2))).astype(np.float32)
