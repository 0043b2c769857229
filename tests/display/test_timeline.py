"""Time travel: the slider changes sound and picture, steps are well chosen, trouble is named."""

import json

import pytest

from speechlab.audio.io import write_audio
from speechlab.display.timeline import show_time_travel, spread, time_travel
from speechlab.errors import SpeechlabError


@pytest.fixture
def run_dir(tmp_path, tone):
    """A run of which three steps of two clips were rendered: 440, 880 and 1760 Hz."""
    index = []
    for step, frequency in {0: 440, 100: 880, 200: 1760}.items():
        folder = tmp_path / "run" / "renders" / f"step-{step:07d}"
        folder.mkdir(parents=True)
        for name in ("one", "two"):
            write_audio(folder / f"{name}.wav", tone(frequency, 2.0).waveform, 16_000)
        index.append({"step": step, "items": {name: f"{folder.name}/{name}.wav" for name in ("one", "two")}})
    (tmp_path / "run" / "renders" / "index.json").write_text(json.dumps(index), encoding="utf-8")
    rows = [{"step": step, "time": step, "generator/mel_l1": 1 / (step + 1)} for step in range(0, 201, 10)]
    log = "".join(json.dumps(row) + "\n" for row in rows) + '{"step": 210, "gen'  # killed while writing
    (tmp_path / "run" / "log.jsonl").write_text(log, encoding="utf-8")
    return tmp_path / "run"


def test_the_slider_changes_sound_and_picture_while_it_plays(run_dir, open_page, ear):
    page = open_page(time_travel(run_dir))
    heard = ear(page)
    assert heard.state() == (0, False, "step 200")
    picture = page.locator(".clip:not(.hidden) figure.active img").get_attribute("src")
    page.click(".clip:not(.hidden) .play")
    heard.wait_for_pitch(1760)
    page.focus(".clip:not(.hidden) input")
    page.keyboard.press("Home")
    heard.wait_for_pitch(440)
    position, playing, active = heard.state()
    assert playing and active == "step 0" and 0 < position < 2
    assert page.locator(".clip:not(.hidden) figure.active img").get_attribute("src") != picture
    page.keyboard.press("ArrowRight")
    heard.wait_for_pitch(880)


def test_hidden_clips_and_the_curve_follow_the_step(run_dir, open_page):
    page = open_page(time_travel(run_dir))
    page.focus(".clip:not(.hidden) input")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    page.click(".clips button:nth-child(2)")
    assert page.locator(".clip:not(.hidden) .speechlab-player").get_attribute("data-active") == "step 100"
    image, marker = page.locator(".curve img").bounding_box(), page.locator(".curve .marker").bounding_box()
    left, right = map(float, page.locator(".curve").get_attribute("data-axes").split())
    share = (marker["x"] + 1 - image["x"]) / image["width"]
    assert (share - left) / (right - left) == pytest.approx(0.5, abs=0.01)


def test_it_can_play_every_step_in_turn(run_dir, open_page, ear):
    page = open_page(time_travel(run_dir))
    heard = ear(page)
    page.click(".clip:not(.hidden) button:has-text('hear it learn')")
    for frequency in (440, 880, 1760):
        heard.wait_for_pitch(frequency)
    heard.wait_until_playing(False)


def test_steps_are_spread_with_more_early_ones():
    steps = list(range(0, 10_001, 100))
    chosen = spread(steps, 24)
    assert chosen[0] == 0 and chosen[-1] == 10_000 and len(chosen) <= 24
    assert sum(step <= 5000 for step in chosen) > 12
    assert spread([5, 6], 24) == [5, 6]


def test_a_notebook_gets_a_few_steps(run_dir):
    assert show_time_travel(run_dir, n_steps=2).markup.count("<audio") == 2


def test_a_run_without_renders_or_with_lost_files_is_named(tmp_path, run_dir):
    with pytest.raises(SpeechlabError, match="nothing was rendered"):
        time_travel(tmp_path / "other")
    for path in run_dir.glob("renders/step-*/*.wav"):
        path.unlink()
    with pytest.raises(SpeechlabError, match="are gone"):
        time_travel(run_dir)
