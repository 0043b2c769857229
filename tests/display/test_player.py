"""The player: its plain list works alone, the script plays, seeks and changes version at the same point."""

import base64
import io
import re

import numpy as np
import pytest
import soundfile

from speechlab.audio.io import Audio
from speechlab.audio.loudness import loudness
from speechlab.display.page import sound_uri, whole_page
from speechlab.display.player import LEFT, RIGHT, compare, level_gains, player
from speechlab.errors import SpeechlabError

SAMPLE_RATE = 16_000  # Hz, of the tones


def decode(uri):
    return soundfile.read(io.BytesIO(base64.b64decode(uri.split(",")[1])), dtype="float32")


@pytest.mark.parametrize("sample_rate", [8_000, 16_000, 22_050, 44_100, 48_000, 50_000])
def test_encoded_sound_keeps_rate_length_and_place(sample_rate, tone):
    sound = tone(440, 0.5, sample_rate=sample_rate)
    waveform, rate = decode(sound_uri(sound.waveform, sample_rate))
    assert rate == sample_rate
    assert len(waveform) == len(sound.waveform)
    assert np.corrcoef(waveform, sound.waveform)[0, 1] > 0.99  # a delay of a quarter period would give 0


def test_a_few_seconds_of_several_versions_stay_small():
    noise = (
        np.random.default_rng(0).standard_normal(4 * 22_050).astype(np.float32) * 0.1
    )  # the worst case for both codecs
    versions = {name: Audio(noise, 22_050) for name in ("a", "b")}
    assert len(compare(versions).markup) < 260_000


def test_the_plain_list_needs_no_script_and_nothing_outside(tone):
    markup = compare({"recorded": tone(440), "<b>made</b>": tone(880)}, title="A & B").markup
    plain = re.sub(r"<(script|style)>.*?</\1>", "", markup, flags=re.DOTALL)
    assert plain.count("<img ") == plain.count("<audio controls") == 2
    assert all(source.startswith("data:") for source in re.findall(r'(?:src|href)="([^"]*)"', plain))
    assert "&lt;b&gt;made&lt;/b&gt;" in plain and "<b>made" not in plain
    assert "http" not in markup


def test_versions_become_equally_loud_and_none_clips(tone):
    sounds = {"loud": tone(440, level=0.9).waveform, "quiet": tone(440, level=0.02).waveform}
    click = np.zeros(SAMPLE_RATE, np.float32)
    click[::4000] = 0.9  # a high peak over little loudness
    sounds["clicks"], sounds["silence"] = click, np.zeros(SAMPLE_RATE, np.float32)
    gains = level_gains(sounds, dict.fromkeys(sounds, SAMPLE_RATE))
    assert gains["silence"] == 1
    levels = [loudness(sounds[name] * gains[name], SAMPLE_RATE) for name in ("loud", "quiet", "clicks")]
    assert np.ptp(levels) < 0.1
    assert max(np.abs(sounds[name] * gains[name]).max() for name in sounds) <= 1


def test_bad_sounds_are_named():
    with pytest.raises(SpeechlabError, match="'a' is a ndarray"):
        player({"a": np.zeros(10)})
    with pytest.raises(SpeechlabError, match="empty"):
        player(Audio(np.zeros(0, np.float32), 16_000))
    with pytest.raises(SpeechlabError, match="nothing to play"):
        player({})


def test_odd_sounds_are_shown():
    assert player(Audio(np.full(100, np.nan, np.float32), 16_000)).markup  # not finite: silence
    assert player(Audio(np.ones(1, np.float32), 16_000)).markup
    assert compare(
        {"silence": Audio(np.zeros(8000, np.float32), 16_000), "loud": Audio(np.full(8000, 3.0, np.float32), 16_000)}
    )


def test_it_plays_moves_and_switches_at_the_same_point(open_page, tone, ear):
    page = open_page(whole_page("test", compare({"low": tone(440, 4), "high": tone(1320, 4)}).markup))
    heard = ear(page)
    assert heard.state() == (0, False, "low")
    page.click(".play")
    heard.wait_for_pitch(440)
    before, playing, active = heard.state()
    assert playing and active == "low" and before > 0
    at = page.evaluate("""() => {
        const root = document.querySelector(".speechlab-player"), low = Number(root.dataset.position);
        root.querySelectorAll(".bar button")[2].click();
        return [low, Number(root.dataset.position)];
    }""")
    assert at[1] - at[0] == pytest.approx(0, abs=0.1)  # seconds; one picture of a slow machine
    heard.wait_for_pitch(1320)
    after, playing, active = heard.state()
    assert playing and active == "high" and before < after < 4
    assert page.locator("figure.active img").get_attribute("alt").endswith("high")
    page.click(".play")
    assert not heard.state()[1]
    page.wait_for_function("() => window.pitch() === 0")


def test_a_click_on_the_picture_plays_from_there_and_the_cursor_follows(open_page, tone, ear):
    page = open_page(whole_page("test", player(tone(440, 4)).markup))
    heard = ear(page)
    box = page.locator("figure.active img").bounding_box()
    page.mouse.click(box["x"] + box["width"] * (LEFT + 0.5 * (RIGHT - LEFT)), box["y"] + 50)
    heard.wait_until_playing()
    assert 1.99 <= heard.state()[0] < 3  # a pixel is 5 ms
    left, position = page.evaluate("""() => {
        const root = document.querySelector(".speechlab-player"), cursor = root.querySelector(".active .position");
        return [parseFloat(cursor.style.left) / 100, Number(root.dataset.position)];
    }""")
    assert (left - LEFT) / (RIGHT - LEFT) * 4 == pytest.approx(position, abs=0.01)
    heard.wait_until_playing(False)
    assert heard.state()[0] == 0  # the end was reached: ready to begin again


def test_the_sound_of_a_version_is_where_the_picture_says(open_page, ear):
    """A version whose tone changes at 1.5 s: after a switch later than that, its second tone sounds, not its first."""
    times = np.arange(3 * SAMPLE_RATE, dtype=np.float32) / SAMPLE_RATE
    steps = 0.3 * np.sin(2 * np.pi * np.where(times < 1.5, 500, 2000) * times)
    versions = {"silent": Audio(np.zeros_like(times), SAMPLE_RATE), "steps": Audio(steps, SAMPLE_RATE)}
    page = open_page(whole_page("test", compare(versions).markup))
    heard = ear(page)
    box = page.locator("figure.active img").bounding_box()
    page.mouse.click(box["x"] + box["width"] * (LEFT + 0.55 * (RIGHT - LEFT)), box["y"] + 50)
    heard.wait_until_playing()
    page.keyboard.press("2")
    heard.wait_for_pitch(2000)


def test_keys_play_seek_and_switch(open_page, tone, ear):
    page = open_page(whole_page("test", compare({"a": tone(440), "b": tone(880), "c": tone(660)}).markup))
    heard = ear(page)
    page.focus(".speechlab-player")
    expected = {"3": (0, "c"), "ArrowUp": (0, "b"), "ArrowRight": (0.5, "b"), "Home": (0, "b"), "1": (0, "a")}
    for key, (position, active) in expected.items():
        page.keyboard.press(key)
        assert heard.state() == (position, False, active)
    page.keyboard.press("Space")
    heard.wait_until_playing()


def test_one_player_falls_silent_when_another_starts(open_page, tone):
    page = open_page(whole_page("test", player(tone(440), "first").markup + player(tone(880), "second").markup))
    first, second = page.locator(".play").all()
    first.click()
    page.wait_for_function("() => document.querySelectorAll('.speechlab-player')[0].dataset.playing === 'true'")
    second.click()
    page.wait_for_function("() => document.querySelectorAll('.speechlab-player')[1].dataset.playing === 'true'")
    assert page.evaluate("() => document.querySelectorAll('.speechlab-player')[0].dataset.playing") == "false"


def test_without_scripts_the_list_shows_every_version(open_page, tone):
    page = open_page(whole_page("test", compare({"a": tone(440), "b": tone(880)}).markup), java_script_enabled=False)
    assert page.locator("audio:visible").count() == page.locator("figure img:visible").count() == 2
