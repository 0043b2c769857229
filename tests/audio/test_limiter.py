"""True peaks by a tone whose peaks lie between the samples, limiting, and the loudness of a voice note."""

import numpy as np
import pytest

from speechlab.audio.limiter import limit_true_peak, to_loudness, true_peak
from speechlab.audio.loudness import loudness, to_db
from tests.audio.test_loudness import RATE, tone


def speech_like(seed: int = 0, sample_rate: int = 22_050) -> np.ndarray:
    """Four seconds of noise in syllables, with the crest factor of speech."""
    generator = np.random.default_rng(seed)
    samples = 4 * sample_rate
    syllables = np.abs(np.sin(2 * np.pi * 2 * np.arange(samples) / sample_rate)) ** 2
    return (0.05 * syllables * generator.laplace(size=samples)).astype(np.float32)


def test_a_peak_between_the_samples_is_found():
    time = np.arange(RATE) / RATE
    quarter = np.sin(2 * np.pi * RATE / 4 * time + np.pi / 4).astype(np.float32)  # all samples are at 0.707
    quarter[:200] *= np.linspace(0, 1, 200)
    quarter[-200:] *= np.linspace(1, 0, 200)
    assert np.abs(quarter).max() == pytest.approx(0.707, abs=1e-3)
    assert to_db(true_peak(quarter, RATE)) == pytest.approx(0.0, abs=0.2)


def test_limiting_holds_the_ceiling_and_touches_only_what_is_near_a_peak():
    quiet = tone(amplitude=0.1)
    loud = quiet.copy()
    loud[RATE : RATE + 200] *= 30
    limited = limit_true_peak(loud, RATE, -1.0)
    assert to_db(true_peak(limited, RATE)) <= -1.0 + 1e-3
    far = np.r_[0 : RATE - 600, RATE + 900 : len(quiet)]
    assert limited[far] == pytest.approx(quiet[far], rel=0.03, abs=1e-4)


def test_what_needs_no_limiting_stays_as_it_is():
    quiet = tone(amplitude=0.1)
    assert np.array_equal(limit_true_peak(quiet, RATE), quiet)


@pytest.mark.parametrize("gain", [0.1, 1.0, 10.0])
def test_speech_comes_to_minus_16_lufs_below_the_ceiling(gain):
    speech = gain * speech_like()
    loud = to_loudness(speech, 22_050)
    assert len(loud) == len(speech) and loud.dtype == np.float32
    assert loudness(loud, 22_050) == pytest.approx(-16.0, abs=0.2)
    assert to_db(true_peak(loud, 22_050)) <= -1.0 + 1e-3


@pytest.mark.parametrize("samples", [0, 1, 30, RATE])
def test_silence_and_scraps_stay_silent(samples):
    assert not to_loudness(np.zeros(samples, np.float32), RATE).any()


def test_a_clip_shorter_than_the_look_ahead_is_limited():
    click = tone(0.002, amplitude=3.0)
    assert true_peak(limit_true_peak(click, RATE), RATE) <= 10 ** (-1 / 20) + 1e-4
