import numpy as np
import pytest

from speechlab.audio.resample import resample
from speechlab.errors import SpeechlabError


def tone(frequency: float, sample_rate: int, duration_s: float = 1.0) -> np.ndarray:
    time = np.arange(round(duration_s * sample_rate)) / sample_rate
    return (0.5 * np.sin(2 * np.pi * frequency * time)).astype(np.float32)


RATES = [(48_000, 22_050), (16_000, 22_050), (44_100, 22_050), (22_050, 8_000)]


@pytest.mark.parametrize(("from_rate", "to_rate"), RATES)
def test_a_tone_stays_the_same_tone_without_delay(from_rate, to_rate):
    converted = resample(tone(440, from_rate), from_rate, to_rate)
    expected = tone(440, to_rate)
    assert converted.dtype == np.float32 and len(converted) == len(expected)
    inner = slice(200, -200)  # the filter rings where the tone starts and ends
    assert np.abs(converted - expected)[inner].max() < 1e-3


def test_what_the_lower_rate_cannot_hold_is_removed_not_aliased():
    converted = resample(tone(10_000, 48_000), 48_000, 16_000)
    assert np.abs(converted[200:-200]).max() < 1e-4


def test_there_and_back_keeps_speech_band_audio():
    original = tone(300, 22_050) + tone(3_000, 22_050)
    back = resample(resample(original, 22_050, 48_000), 48_000, 22_050)
    assert np.abs(back[: len(original)] - original)[200:-200].max() < 1e-3


def test_an_equal_rate_changes_nothing():
    original = tone(440, 16_000)
    assert resample(original, 16_000, 16_000) is original


def test_a_rate_of_zero_is_refused():
    with pytest.raises(SpeechlabError, match="positive number of Hz"):
        resample(tone(440, 16_000), 16_000, 0)
