import numpy as np
import pytest

from speechlab.audio.mixing import add_noise, add_room, simulate_room
from speechlab.errors import SpeechlabError

RATE = 16_000


@pytest.fixture
def speech():
    return (0.1 * np.sin(2 * np.pi * 200 * np.arange(RATE) / RATE)).astype(np.float32)


@pytest.mark.parametrize("snr_db", [-5.0, 0.0, 12.5, 40.0])
def test_the_noise_has_the_wanted_level(speech, snr_db):
    noise = np.random.default_rng(0).standard_normal(2 * RATE)
    added = add_noise(speech, noise, snr_db).astype(float) - speech
    assert 10 * np.log10(np.mean(speech**2) / np.mean(added**2)) == pytest.approx(snr_db, abs=0.01)
    assert np.corrcoef(added, noise[:RATE])[0, 1] == pytest.approx(1, abs=1e-4)


def test_what_has_no_ratio_is_refused(speech):
    for noise in (np.zeros(RATE), np.ones(RATE - 1)):
        with pytest.raises(SpeechlabError, match=r"silent|do not cover"):
            add_noise(speech, noise, 10)


def test_a_room_without_reflections_changes_nothing(speech):
    assert np.allclose(add_room(speech, np.float32([0, 0, 1])), speech, atol=1e-6)


def test_a_room_keeps_length_and_alignment(speech):
    click = np.zeros(RATE, np.float32)
    click[5000] = 1
    played = add_room(click, np.concatenate([np.zeros(300, np.float32), simulate_room(RATE, 0.4, 3, seed=1)]))
    assert len(played) == RATE and played[:4999].max() < 1e-6 and np.argmax(np.abs(played)) == 5000


def test_the_tail_decays_by_60_db_in_the_reverberation_time():
    response = simulate_room(RATE, 0.5, 0, seed=2).astype(float)
    tail = response[1:] ** 2
    assert tail.sum() == pytest.approx(1, abs=1e-3)  # as much as the direct sound: 0 dB
    energy = np.cumsum(tail[::-1])[::-1]  # Schroeder's backward integral
    halfway = np.argmax(energy < 1e-3 * energy[0]) / RATE  # 30 dB down
    assert halfway == pytest.approx(0.25, abs=0.02)
