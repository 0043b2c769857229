"""Bandwidth and noise floor: what is taken away, and what is left."""

import numpy as np
import pytest

from speechlab.audio.band import METHODS, limit_band, noise_floor, without_noise_floor
from speechlab.errors import SpeechlabError

RATE = 16_000


def power(waveform: np.ndarray, low: float, high: float, sample_rate: int = RATE) -> float:
    """Mean power of a waveform between two frequencies in Hz."""
    frequencies = np.fft.rfftfreq(len(waveform), 1 / sample_rate)
    spectrum = np.fft.rfft(waveform * np.hanning(len(waveform)))
    return float(np.mean(np.abs(spectrum[(frequencies >= low) & (frequencies <= high)]) ** 2))


def decibels(after: float, before: float) -> float:
    return 10 * np.log10(after / before)


def noise(samples: int = 10 * RATE, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.1, samples).astype(np.float32)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("band_hz", [1000, 2000, 4000])
@pytest.mark.parametrize("sample_rate", [16_000, 48_000])
def test_what_lies_above_the_band_is_gone_and_the_rest_is_left(method, band_hz, sample_rate):
    waveform = noise(5 * sample_rate)
    limited = limit_band(waveform, sample_rate, band_hz, method)
    assert limited.shape == waveform.shape and limited.dtype == np.float32
    above, below = (1.1 * band_hz, sample_rate / 2), (0, 0.8 * band_hz)
    attenuation = decibels(power(limited, *above, sample_rate), power(waveform, *above, sample_rate))
    assert attenuation < -40
    assert abs(decibels(power(limited, *below, sample_rate), power(waveform, *below, sample_rate))) < 0.1


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("samples", [0, 1, 5, 27, 28, 29, 1000, 4097])
def test_the_length_is_kept_and_nothing_moves(method, samples):
    waveform = noise(samples)
    limited = limit_band(waveform, RATE, 2000, method)
    assert limited.shape == (samples,) and np.isfinite(limited).all()
    if samples >= 1000:
        shifts = np.correlate(limited, waveform, "full")
        assert np.argmax(shifts) == samples - 1


@pytest.mark.parametrize("band_hz", [8000, 20_000])
def test_a_band_that_reaches_half_the_rate_changes_nothing(band_hz):
    assert np.array_equal(limit_band(noise(999), RATE, band_hz), noise(999))


@pytest.mark.parametrize(
    ("band_hz", "method", "message"),
    [(0, "default", "positive"), (2000, "sinc", "default or decimate"), (3000, "decimate", "multiple of 6000 Hz")],
)
def test_what_cannot_be_done_is_refused(band_hz, method, message):
    with pytest.raises(SpeechlabError, match=message):
        limit_band(noise(999), RATE, band_hz, method)


def bursts(seconds: int = 10, frequency: float = 1000.0) -> np.ndarray:
    """A loud tone in every other half second."""
    time = np.arange(seconds * RATE) / RATE
    return 0.3 * np.sin(2 * np.pi * frequency * time) * (time % 1 >= 0.5)


def test_the_floor_of_steady_noise_is_found_under_bursts_of_sound():
    steady = 0.1 * noise()
    window = np.hanning(1025)[:-1]
    expected = np.mean(steady.astype(float) ** 2) * np.sum(window**2)  # of white noise, at every frequency
    for waveform in (steady, steady + bursts()):
        floor = noise_floor(waveform)
        assert floor.shape == (513,) and (floor >= 0).all()
        assert decibels(floor[1:-1].mean(), expected) == pytest.approx(0, abs=1)
        near = slice(80, 513)  # 1250 Hz and above: no tone
        assert decibels(np.median(floor[near]), expected) == pytest.approx(0, abs=1)


def test_removing_the_floor_quietens_pauses_and_leaves_sounds():
    tone, steady = bursts(), 0.03 * noise()
    waveform = tone + steady
    cleaned = without_noise_floor(waveform, noise_floor(waveform))
    assert cleaned.shape == waveform.shape and cleaned.dtype == np.float32
    time = np.arange(len(waveform)) / RATE
    pauses, sounds = (time % 1 > 0.1) & (time % 1 < 0.4), (time % 1 > 0.6) & (time % 1 < 0.9)
    assert decibels(np.mean(cleaned[pauses] ** 2), np.mean(waveform[pauses] ** 2)) < -8
    assert abs(decibels(np.mean(cleaned[sounds] ** 2), np.mean(tone[sounds] ** 2))) < 0.5


@pytest.mark.parametrize("samples", [1, 100, 1023, 1024, 5000])
def test_without_a_floor_nothing_changes_whatever_the_length(samples):
    waveform = noise(samples)
    cleaned = without_noise_floor(waveform, np.zeros(513))
    assert cleaned.shape == (samples,)
    assert np.allclose(cleaned, waveform, atol=1e-5)


def test_silence_has_no_floor():
    assert not noise_floor(np.zeros(RATE)).any()
    assert not without_noise_floor(np.zeros(RATE), np.zeros(513)).any()
