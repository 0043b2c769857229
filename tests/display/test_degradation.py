"""The bench: each dial does what it says and nothing else; five settings are heard without a kernel."""

import itertools

import numpy as np
import pytest

from speechlab.audio.io import Audio
from speechlab.display.degradation import (
    CODECS,
    DIALS,
    FIVE_SETTINGS,
    Setting,
    degrade,
    dials,
    show_bench,
    show_degradations,
    show_lines,
)
from speechlab.errors import SpeechlabError

RATE = 16_000


@pytest.fixture(scope="module")
def speech():
    """Noise in syllables: it has all frequencies."""
    generator = np.random.default_rng(0)
    syllables = np.sin(2 * np.pi * 2 * np.arange(RATE) / RATE) ** 2
    return Audio((0.05 * syllables * generator.standard_normal(RATE)).astype(np.float32), RATE)


def power_above(audio: Audio, hertz: float) -> float:
    """Share of the power above a frequency."""
    power = np.abs(np.fft.rfft(audio.waveform)) ** 2
    return power[int(hertz * len(audio.waveform) / audio.sample_rate) :].sum() / power.sum()


def test_all_off_changes_nothing(speech):
    assert np.array_equal(degrade(speech, Setting()).waveform, speech.waveform)


def test_noise_is_as_loud_as_the_dial_says(speech):
    for snr_db in (-5.0, 5.0, 30.0):
        noise = degrade(speech, Setting(snr_db=snr_db)).waveform.astype(np.float64) - speech.waveform
        assert 10 * np.log10(np.mean(speech.waveform**2) / np.mean(noise**2)) == pytest.approx(snr_db, abs=0.1)


def test_the_band_ends_where_the_dial_says(speech):
    for band_hz in (1000, 2000, 4000):
        assert power_above(speech, 1.1 * band_hz) > 0.1
        assert power_above(degrade(speech, Setting(band_hz=band_hz)), 1.1 * band_hz) < 1e-6
    assert np.array_equal(degrade(speech, Setting(band_hz=8000)).waveform, speech.waveform)  # it has no more anyway


def test_the_room_keeps_the_direct_sound_in_its_place():
    click = Audio(np.zeros(RATE, np.float32), RATE)
    click.waveform[4000] = 0.3
    played = degrade(click, Setting(reverberation_s=0.4)).waveform
    assert played[4000] == pytest.approx(0.3, abs=1e-5) and not played[:4000].round(6).any()
    tail = played[4001:].astype(np.float64)
    assert np.sum(tail**2) == pytest.approx(0.3**2, rel=0.01)  # as loud as the direct sound
    assert np.sum(tail[:3200] ** 2) > 0.99 * np.sum(tail**2)


def test_every_place_of_the_dials_keeps_the_length_and_repeats(speech):
    names = list(DIALS)
    for place in range(max(len(places) for _, places in DIALS.values())):
        values = [list(places.values())[place % len(places)] for _, places in DIALS.values()]
        first, second = (degrade(speech, Setting(**dict(zip(names, values, strict=True))), seed=3) for _ in range(2))
        assert np.array_equal(first.waveform, second.waveform)
        assert first.waveform.shape == speech.waveform.shape and np.isfinite(first.waveform).all()
    for codec in CODECS:
        assert degrade(speech, Setting(codec=codec)).waveform.shape == speech.waveform.shape


def test_the_noise_is_the_same_in_every_room(speech):
    noises = [
        degrade(speech, Setting(seconds, snr_db=0.0)).waveform - degrade(speech, Setting(seconds)).waveform
        for seconds in (None, 0.2, 0.8)
    ]
    for one, other in itertools.pairwise(noises):
        assert one @ other / np.sqrt((one @ one) * (other @ other)) > 0.999


def test_noise_can_come_from_a_folder(speech, tmp_path):
    times = np.arange(2 * RATE) / RATE
    Audio((0.2 * np.sin(2 * np.pi * 1000 * times)).astype(np.float32), RATE).save(tmp_path / "hum.wav")
    hum = degrade(speech, Setting(snr_db=0.0), noises=str(tmp_path)).waveform - speech.waveform
    power = np.abs(np.fft.rfft(hum)) ** 2
    assert power[995:1006].sum() > 0.99 * power.sum()


def test_a_moved_dial_degrades_again_and_trouble_becomes_a_message(speech, tmp_path):
    box = dials(speech, noises=str(tmp_path / "absent <folder>"))
    room, noise, *_, picture_before, sound_before, picture, sound, message = box.children
    assert not sound_before.autoplay and sound.value == sound_before.value
    before, after = (picture_before.value, sound_before.value), (picture.value, sound.value)
    room.value = "0.8 s"
    assert picture.value != after[0] and sound.value != after[1] and sound.autoplay and not sound_before.autoplay
    assert sound_before.value == before[1] and "ready after" in message.value
    noise.value = "10 dB SNR"
    assert "absent &lt;folder&gt;" in message.value


def test_five_settings_are_heard_without_a_kernel(speech):
    markup = show_degradations(speech).markup
    assert markup.count("<audio") == len(FIVE_SETTINGS) == 5
    assert len(show_bench(speech).children) == len(DIALS) + 5


def test_an_unknown_noise_folder_is_named(speech):
    with pytest.raises(SpeechlabError, match="there is no folder"):
        degrade(speech, Setting(snr_db=10.0), noises="nowhere")


def test_lines_are_drawn_with_their_names():
    axes = show_lines({"up": ([0, 1], [0, 2]), "down": ([0, 1], [2, 0])}, "seconds", "dB").axes[0]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["up", "down"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("seconds", "dB")
