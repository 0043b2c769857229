"""Pitch, energy, token averages and statistics against signals whose truth is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speechlab.data.prosody import (
    energy,
    extract_pitch,
    interpolate_pitch,
    moments,
    standardise,
    token_average,
    without_outliers,
)

RATE, HOP = 22_050, 256


def voice_like(frequency: np.ndarray) -> np.ndarray:
    """Ten harmonics of a fundamental given in Hz at every sample."""
    phase = 2 * np.pi * np.cumsum(frequency) / RATE
    return sum(np.sin(number * phase) / number for number in range(1, 11)) * 0.1


@pytest.mark.parametrize("frequency", [90.0, 200.0, 400.0])
def test_pitch_of_a_steady_tone(frequency):
    pitch = extract_pitch(voice_like(np.full(RATE, frequency)), RATE, HOP)
    np.testing.assert_allclose(pitch[10:-10], frequency, atol=0.5)


def test_pitch_of_a_pure_tone_of_200_hz():
    pitch = extract_pitch(0.5 * np.sin(2 * np.pi * 200 * np.arange(RATE) / RATE), RATE, HOP)
    assert ((pitch[10:-10] > 199.5) & (pitch[10:-10] < 200.5)).all()


def test_pitch_of_a_glide_is_that_of_the_centre_of_each_frame():
    frequency = np.linspace(100, 300, 2 * RATE)
    pitch = extract_pitch(voice_like(frequency), RATE, HOP)
    centres = frequency[np.arange(len(pitch)) * HOP + HOP // 2]
    wrong_by_half_a_hop = abs(frequency[HOP // 2] - frequency[0])
    assert np.median(np.abs(pitch - centres)[10:-10]) < wrong_by_half_a_hop / 4


@pytest.mark.parametrize("samples", [256, 300, 511, 512, 1100, 8192, 8193, 22_050])
def test_as_many_pitch_frames_as_mel_frames(samples):
    noise = np.random.default_rng(0).normal(0, 0.1, samples)
    assert extract_pitch(noise, RATE, HOP).shape == (samples // HOP,)
    assert extract_pitch(noise, RATE, HOP, centring=True).shape == (samples // HOP + 1,)


@pytest.mark.parametrize("frames", [253, 320, 1000])  # WORLD's rounding leaves out the last value of the first
def test_as_many_pitch_frames_as_mel_frames_of_whole_hops(frames):
    pitch = extract_pitch(voice_like(np.full(frames * HOP, 150.0)), RATE, HOP)
    assert pitch.shape == (frames,)


def test_silence_has_no_pitch():
    assert not extract_pitch(np.zeros(RATE), RATE, HOP).any()


def test_gaps_are_filled_on_a_straight_line_in_log_frequency_and_edges_are_held():
    filled = interpolate_pitch(np.array([0, 100, 0, 400, 0, 0], dtype=np.float32))
    np.testing.assert_allclose(filled, [100, 100, 200, 400, 400, 400], rtol=1e-6)


def test_nothing_voiced_stays_zero():
    assert not interpolate_pitch(np.zeros(5)).any()


def test_energy_is_the_norm_over_frequency():
    np.testing.assert_allclose(energy(np.array([[3.0, 0.0], [4.0, 2.0]])), [5, 2])


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 6), min_size=1, max_size=20), st.integers(0, 2**32 - 1))
def test_token_averages_equal_a_loop_and_empty_tokens_give_zero(durations, seed):
    values = np.random.default_rng(seed).normal(size=sum(durations))
    expected, start = [], 0
    for duration in durations:
        expected.append(values[start : start + duration].mean() if duration else 0.0)
        start += duration
    np.testing.assert_allclose(token_average(values, np.array(durations)), expected, atol=1e-6)


@pytest.mark.parametrize("durations", [[1, 1], [4, -1]])
def test_wrong_durations_are_refused(durations):
    with pytest.raises(ValueError, match="sum to 3"):
        token_average(np.zeros(3), np.array(durations))


def test_an_octave_error_moves_neither_mean_nor_deviation_but_shows_in_the_range():
    values = np.random.default_rng(0).normal(200, 20, 1000).clip(150, 250)
    wrong = np.append(values, [800.0])
    kept = moments([values])
    assert moments([wrong])[:2] == kept[:2]
    assert moments([wrong]).maximum == 800
    assert 800 not in without_outliers(wrong)


def test_constant_values_can_still_be_standardised():
    same = moments([np.full(10, 3.0)])
    np.testing.assert_array_equal(standardise(np.full(2, 3.0), same), 0)


def test_standardised_values_are_clipped_to_four_deviations():
    assert standardise(np.array([1e9]), moments([np.arange(10.0)])) == 4
