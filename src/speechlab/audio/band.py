"""Bandwidth: waveforms without what lies above a frequency, and without their steady noise floor."""

from fractions import Fraction

import numpy as np

from speechlab.errors import SpeechlabError

METHODS = ("default", "decimate")


def limit_band(waveform: np.ndarray, sample_rate: int, band_hz: int, method: str = "default") -> np.ndarray:
    """Take away what lies above a frequency, keeping the rate and the length (HiFi++, arXiv:2203.13086, section 4).

    ``default`` resamples to twice the band and back (polyphase, -41 dB or better above 1.1 times the band);
    ``decimate`` cuts more steeply with an eighth-order Chebyshev filter run both ways, and resamples back.

    Args:
        waveform: (samples,).
        sample_rate: Hz.
        band_hz: audible bandwidth that is left.

    Returns:
        (samples,) float32; unchanged where the band reaches half the sample rate.

    Raises:
        SpeechlabError: there is no such method, the band is not positive, or ``decimate`` meets a rate that is not a
            multiple of twice the band.
    """
    from scipy.signal import decimate, resample_poly

    if method not in METHODS:
        raise SpeechlabError(f"bands are limited by {' or '.join(METHODS)}, not by {method!r}")
    if band_hz <= 0:
        raise SpeechlabError(f"a bandwidth is a positive number of Hz, got {band_hz}")
    samples = len(waveform)
    ratio = Fraction(2 * band_hz, sample_rate)
    if ratio >= 1 or samples == 0:
        return np.asarray(waveform, dtype=np.float32)
    if method == "default":
        narrow = resample_poly(waveform, ratio.numerator, ratio.denominator)
    elif ratio.numerator == 1:
        narrow = decimate(waveform, ratio.denominator) if samples > DECIMATE_LEAST else np.zeros(1)
    else:
        raise SpeechlabError(f"decimate needs a rate that is a multiple of {2 * band_hz} Hz, got {sample_rate} Hz")
    wide = resample_poly(narrow, ratio.denominator, ratio.numerator)[:samples]
    return np.pad(wide, (0, samples - len(wide))).astype(np.float32)


DECIMATE_LEAST = 27  # samples that the filter needs beyond itself on each side
FRAME, HOP = 1024, 256  # samples of the noise floor's analysis
QUIET = 0.05  # share of the frames that count as pauses


def noise_floor(waveform: np.ndarray) -> np.ndarray:
    """Estimate the power of steady noise in a recording: (513,), per frequency of a 1024-sample STFT.

    It is the mean over the quietest frames as a whole. Where nobody pauses these hold soft speech, so the quietest
    moments of each frequency would be taken for noise all the more.
    """
    powers = np.abs(spectra(waveform)) ** 2  # (513, frames)
    loudness = powers.sum(axis=0)
    return powers[:, loudness <= np.quantile(loudness, QUIET)].mean(axis=1)


def without_noise_floor(waveform: np.ndarray, floor: np.ndarray, strength: float = 2.0, least: float = 0.2):
    """Subtract a steady noise floor from a waveform (samples,): a Wiener gain per frame and frequency.

    Args:
        floor: see ``noise_floor``.
        strength: factor on the floor; frames of noise alone reach several times their mean power.
        least: gain, where there is nothing but noise.

    Returns:
        (samples,) float32.
    """
    from scipy.ndimage import uniform_filter1d

    spectrum = spectra(waveform)
    powers = uniform_filter1d(np.abs(spectrum) ** 2, 3, axis=1)
    gain = np.maximum(1 - strength * floor[:, None] / np.maximum(powers, 1e-20), least)
    whole = transform().istft(spectrum * gain, k1=max(len(waveform), FRAME))
    return whole[: len(waveform)].astype(np.float32)


def spectra(waveform: np.ndarray) -> np.ndarray:
    """Short-time spectrum of a waveform (samples,): (513, frames), complex."""
    short = max(FRAME - len(waveform), 0)
    return transform().stft(np.pad(np.asarray(waveform, dtype=np.float64), (0, short)))


def transform():
    """Short-time Fourier transform with a window that adds up."""
    from scipy.signal import ShortTimeFFT
    from scipy.signal.windows import hann

    return ShortTimeFFT(hann(FRAME, sym=False), HOP, fs=1.0)
