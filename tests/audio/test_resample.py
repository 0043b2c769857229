import numpy as np
import pytest
import torch

from speechlab.audio.resample import resample, resample_tensor
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


@pytest.mark.parametrize(("from_rate", "to_rate"), [*RATES, (16_000, 48_000)])
def test_a_tensor_is_converted_as_a_recording_is(from_rate, to_rate):
    waveform = torch.from_numpy(tone(440, from_rate)).expand(2, 1, -1)
    converted = resample_tensor(waveform, from_rate, to_rate)
    assert converted.shape == (2, 1, to_rate)
    assert np.abs(converted[1, 0].numpy() - tone(440, to_rate))[200:-200].max() < 1e-3


@pytest.mark.parametrize(("share", "low_db", "high_db"), [(0.5, -0.1, 0.1), (0.96, -0.1, 0.1), (1.03, -200, -60)])
def test_a_tensor_keeps_the_band_that_fits_and_nothing_else(share, low_db, high_db):
    waveform = torch.from_numpy(tone(share * 8000, 48_000))
    middle = slice(4000, 12_000)
    power = resample_tensor(waveform, 48_000, 16_000)[middle].square().mean() / waveform.square().mean()
    assert low_db < 10 * power.log10().item() < high_db


def test_a_gradient_passes_the_conversion_of_a_tensor():
    waveform = torch.zeros(1, 1, 4800, requires_grad=True)
    resample_tensor(waveform, 48_000, 16_000)[0, 0, 800].backward()
    assert waveform.grad.sum().item() == pytest.approx(1, abs=1e-3)  # the filter keeps a constant
    assert waveform.grad.abs().argmax().item() == 2400
    assert resample_tensor(waveform, 16_000, 16_000) is waveform
    with pytest.raises(SpeechlabError, match="positive number of Hz"):
        resample_tensor(waveform, 0, 16_000)
