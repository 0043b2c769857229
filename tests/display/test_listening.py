"""The listening test: fair by construction, and a whole session by keyboard gives back what was heard and answered."""

import html
import io
import json
import re
from collections import Counter

import numpy as np
import pytest
import soundfile

from speechlab.audio.io import Audio
from speechlab.audio.loudness import loudness
from speechlab.display.listening import listening_test, plan_trials, prepare_clips, show_listening_test
from speechlab.display.page import uri_content
from speechlab.errors import SpeechlabError
from speechlab.metrics.listening import read_listening

PITCHES = {"first-system": 440, "second-system": 1320}  # Hz; so that a test can hear which system plays
ITEMS = ("sentence-a", "sentence-b")
LISTENING = """
() => {  // collect the pitches that sound while each clip plays
  window.heard = {};
  setInterval(() => {
    const playing = document.querySelector(".clips [aria-pressed=true]");
    if (playing && window.analyser) (window.heard[playing.dataset.key] ||= []).push(window.pitch());
  }, 25);
}
"""


@pytest.fixture
def systems(tone):
    """Two systems that say two things for a second, one much louder than the other."""
    levels = {"first-system": 0.5, "second-system": 0.05}
    return {system: {item: tone(PITCHES[system], 1.0, levels[system]) for item in ITEMS} for system in PITCHES}


def sounds_of(markup):
    """Decode every clip of a page."""
    uris = json.loads(re.search(r'class="sounds">(.*?)</script>', markup, flags=re.DOTALL)[1])
    return [read_sound(uri) for uri in uris]


def read_sound(uri):
    return soundfile.read(io.BytesIO(uri_content(uri)), dtype="float32")


@pytest.mark.parametrize("n_trials", [None, 5, 8, 30])
def test_abx_is_balanced_and_the_seed_decides(n_trials):
    systems, items = ["a", "b", "c"], [f"s{place}" for place in range(6)]
    trials = plan_trials(systems, items, "abx", 3, n_trials)
    assert trials == plan_trials(systems, items, "abx", 3, n_trials) != plan_trials(systems, items, "abx", 4, n_trials)
    assert len(trials) == (n_trials or 18)
    x_is_a = [trial.correct == "A" for trial in trials]
    assert abs(2 * sum(x_is_a) - len(trials)) <= 1
    assert n_trials == 5 or sorted(x_is_a) not in (x_is_a, x_is_a[::-1])  # in five, chance may sort them
    for trial in trials:
        assert trial.clips["X"] == trial.clips[trial.correct] != trial.clips["AB".replace(trial.correct, "")]
        assert set(trial.clips.values()) == set(trial.system.split(" vs "))
    pairs = Counter(trial.system for trial in trials)
    assert set(pairs) == {"a vs b", "a vs c", "b vs c"} and max(pairs.values()) - min(pairs.values()) <= 1
    for pair, n in pairs.items():
        of_pair = [trial for trial in trials if trial.system == pair]
        assert abs(2 * sum(trial.clips["A"] == pair[0] for trial in of_pair) - n) <= 2
        assert abs(2 * sum(trial.correct == "A" for trial in of_pair) - n) <= 2
    if n_trials is None:
        assert max(Counter((trial.item, trial.system) for trial in trials).values()) == 1


@pytest.mark.parametrize("n_trials", [None, 6, 7])
def test_mos_goes_through_the_systems_in_rounds_on_the_same_items(n_trials):
    systems, items = ["a", "b", "c"], [f"s{place}" for place in range(5)]
    trials = plan_trials(systems, items, "mos", 1, n_trials)
    assert trials == plan_trials(systems, items, "mos", 1, n_trials) != plan_trials(systems, items, "mos", 2, n_trials)
    assert len(trials) == (n_trials or 15)
    for start in range(0, len(trials) - 2, 3):
        assert {trial.system for trial in trials[start : start + 3]} == set(systems)
    if n_trials != 7:  # whole rounds: every system with the same items, each once
        asked = Counter((trial.system, trial.item) for trial in trials)
        assert set(asked.values()) == {1}
        assert len({frozenset(trial.item for trial in trials if trial.system == system) for system in systems}) == 1


def test_clips_are_equally_loud_and_long_and_at_one_rate(tone):
    noise = np.random.default_rng(0).standard_normal(16_000).astype(np.float32)
    ticking = np.zeros(16_000, np.float32)
    ticking[::2_000] = 0.9  # would clip at the level of the others
    systems = {
        "a": {"x": tone(300, 1.0, 0.9), "y": Audio(noise * 0.1, 16_000)},
        "b": {"x": tone(300, 1.0, 0.01, sample_rate=22_050), "y": Audio(ticking, 16_000)},
    }
    clips, sample_rate = prepare_clips(systems)
    assert sample_rate == 22_050
    levels = [loudness(waveform, sample_rate) for waveform in clips.values()]
    assert np.ptp(levels) < 0.5  # LU
    assert max(np.abs(waveform).max() for waveform in clips.values()) <= 1 + 1e-6
    assert len(clips["a", "x"]) == len(clips["b", "x"]) and len(clips["a", "y"]) == len(clips["b", "y"])


def test_silence_is_cut_only_where_versions_are_not_aligned():
    burst = np.sin(np.arange(8_000, dtype=np.float32))
    padded = np.concatenate([np.zeros(4_000, np.float32), burst, np.zeros(4_000, np.float32)])
    aligned, _ = prepare_clips({"a": {"x": Audio(padded, 16_000)}, "b": {"x": Audio(padded[:-100], 16_000)}})
    assert all(len(waveform) == 16_000 and not waveform[:3_900].any() for waveform in aligned.values())
    others, _ = prepare_clips({"a": {"x": Audio(padded, 16_000)}, "b": {"x": Audio(burst, 16_000)}})
    starts = {system: np.flatnonzero(np.abs(waveform) > 0.01)[0] for (system, _), waveform in others.items()}
    assert starts["a"] <= 0.07 * 16_000 and starts["b"] <= 0.07 * 16_000
    assert len({len(waveform) for waveform in others.values()}) == 1


@pytest.mark.parametrize("kind", ["abx", "mos"])
def test_the_page_stands_alone_and_does_not_name_the_systems(tmp_path, systems, kind):
    path = listening_test(tmp_path / "test.html", systems, kind, title="A & <B>")
    markup = path.read_text(encoding="utf-8")
    written = re.sub(r'data:audio/flac;base64,[^"]*', "data:", markup)
    assert not re.findall(r"https?:|//[a-z]|@import|url\(", re.sub(r"^\s*//.*$", "", written, flags=re.MULTILINE))
    assert all(address in ("#",) for address in re.findall(r'(?:src|href)="([^"]*)"', written))
    assert not [name for name in (*PITCHES, *ITEMS) if name in markup]
    assert "A &amp; &lt;B&gt;" in markup
    sounds = sounds_of(markup)
    assert len(sounds) == 4
    assert np.ptp([loudness(waveform, rate) for waveform, rate in sounds]) < 0.5  # LU
    again = listening_test(tmp_path / "again.html", systems, kind, title="A & <B>")
    assert again.read_bytes() == path.read_bytes()


def test_only_the_clips_in_use_travel(tmp_path, systems):
    markup = listening_test(tmp_path / "test.html", systems, "mos", n_trials=1).read_text(encoding="utf-8")
    assert len(sounds_of(markup)) == 1


def test_mistakes_are_named(tmp_path, systems, tone):
    def make(systems, **options):
        return listening_test(tmp_path / "test.html", systems, **options)

    with pytest.raises(SpeechlabError, match="no listening test 'xyz'; use abx or mos"):
        make(systems, kind="xyz")
    with pytest.raises(SpeechlabError, match="two systems or more"):
        make({"a": {"x": tone(440)}})
    with pytest.raises(SpeechlabError, match="only one of them has y"):
        make({"a": {"x": tone(440)}, "b": {"x": tone(440), "y": tone(440)}})
    for wrong in ({}, {"a": {}, "b": {}}, {"a": [tone(440)], "b": [tone(440)]}):
        with pytest.raises(SpeechlabError, match="system: {item: Audio}"):
            make(wrong)
    with pytest.raises(SpeechlabError, match="at least one trial"):
        make(systems, n_trials=0)
    with pytest.raises(SpeechlabError, match="'a / x' is a ndarray"):
        make({"a": {"x": np.zeros(9)}, "b": {"x": tone(440)}})
    assert not (tmp_path / "test.html").exists()


def hear_all(page):
    """Press Space and say which system each clip was, by its pitch."""
    page.evaluate("window.heard = {}")
    page.keyboard.press("Space")
    page.wait_for_selector("fieldset:enabled")
    pitches = page.evaluate("window.heard")
    return {
        key: min(PITCHES, key=lambda system: abs(PITCHES[system] - np.median(found)))
        for key, values in pitches.items()
        if (found := [value for value in values if value > 0])
    }


def test_a_whole_abx_session_by_keyboard(tmp_path, systems, open_page, ear):
    page = open_page(listening_test(tmp_path / "test.html", systems, n_trials=4, seed=5))
    page.set_default_timeout(60_000)  # ms; several browsers may share two cores
    ear(page)
    page.evaluate(LISTENING)
    page.keyboard.press("Tab")
    page.keyboard.type('Zoë, "Z"')
    page.keyboard.press("Enter")
    plan, answers = plan_trials(list(PITCHES), ITEMS, "abx", 5, 4), []
    for number, trial in enumerate(plan, 1):
        page.wait_for_selector(f"h2:has-text('Question {number} of 4')")
        if number == 1:  # nothing heard yet: no answer is taken
            page.keyboard.press("1")
            page.keyboard.press("Enter")
            assert page.locator("fieldset:disabled").count() and page.locator(".next").is_disabled()
            assert page.inner_text(".hint") == "First listen to A, B and X to the end."
        heard = hear_all(page)
        assert heard == trial.clips
        right = "A" if heard["X"] == heard["A"] else "B"
        answers.append(right if number != 2 else "AB".replace(right, ""))  # one mistake, to see it counted
        page.keyboard.press(str("AB".index(answers[-1]) + 1))
        page.keyboard.press("Enter")
        if number == 2:  # a reload goes on where the listener was
            page.reload()
            ear(page)
            page.evaluate(LISTENING)
            page.wait_for_selector("button:has-text('Continue with question 3')")
            page.keyboard.press("Enter")
    page.wait_for_selector("text=You recognised X in 3 of 4")
    (tmp_path / "copied.csv").write_text(page.input_value("textarea"), encoding="utf-8")
    with page.expect_download() as download:
        page.keyboard.press("d")
    assert re.fullmatch(r"listening-[0-9a-f]{10}-Zoë_Z_-[0-9a-z]+\.csv", download.value.suggested_filename)
    download.value.save_as(tmp_path / "saved.csv")
    table = read_listening([tmp_path / "saved.csv", tmp_path / "copied.csv"])
    assert table.trial.tolist() == [1, 2, 3, 4]
    assert table.answer.tolist() == answers
    assert table.correct.tolist() == [True, False, True, True]
    assert table["item"].tolist() == [trial.item for trial in plan]
    assert table.system_or_pair.tolist() == ["first-system vs second-system"] * 4
    assert table.listener.str.fullmatch(r'Zoë, "Z"-[0-9a-z]+').all() and table.listener.nunique() == 1
    assert set(table.kind) == {"abx"} and table.test_id.nunique() == 1
    assert (table.time_s > 2.5).all() and (table.n_plays == 3).all()


def test_clips_change_at_the_same_point_on_any_keyboard(tmp_path, tone, open_page, ear):
    systems = {system: {"x": tone(pitch, 4.0)} for system, pitch in PITCHES.items()}
    page = open_page(listening_test(tmp_path / "test.html", systems))
    page.set_default_timeout(60_000)
    heard = ear(page)
    clips = plan_trials(list(systems), ["x"], "abx")[0].clips
    page.keyboard.press("Enter")
    page.wait_for_selector("h2:has-text('Question 1 of 1')")
    page.keyboard.press("a")
    heard.wait_for_pitch(PITCHES[clips["A"]])
    page.wait_for_function("() => parseFloat(document.querySelector('.bar div').style.width) > 15")
    before, after = page.evaluate("""() => {
        const share = () => parseFloat(document.querySelector(".bar div").style.width), before = share();
        document.dispatchEvent(new KeyboardEvent("keydown", { key: "и", code: "KeyB" }));  // a Cyrillic layout
        return [before, share()];
    }""")
    assert before <= after < before + 10  # %
    heard.wait_for_pitch(PITCHES[clips["B"]])
    assert page.locator(".clips [aria-pressed=true]").get_attribute("data-key") == "B"
    page.keyboard.press("b")  # the key of what sounds stops it
    page.wait_for_function("() => window.pitch() === 0")
    assert page.locator("fieldset:disabled").count()  # parts of clips are not enough


def test_a_mos_session_on_a_small_screen_in_a_notebook(tmp_path, systems, open_page):
    shown = show_listening_test(systems, "mos", seed=2, n_trials=2).markup
    inside = html.unescape(re.search(r'srcdoc="([^"]*)"', shown)[1])
    assert inside == listening_test(tmp_path / "t.html", systems, "mos", seed=2, n_trials=2).read_text(encoding="utf-8")
    page = open_page(shown, viewport={"width": 390, "height": 800}, has_touch=True)
    page.set_default_timeout(60_000)
    frame = page.frame_locator("iframe")
    frame.locator(".begin").tap()
    for rating in (4, 2):
        frame.locator(".clips button").tap()
        frame.locator("fieldset:enabled").wait_for()
        frame.locator(f"label:has([value='{rating}'])").tap()
        wide = frame.locator("html").evaluate("page => page.scrollWidth - page.clientWidth")
        assert wide == 0  # px to scroll sideways
        frame.locator(".next").tap()
    frame.locator("text=You rated 2 clips.").wait_for()
    (tmp_path / "copied.csv").write_text(frame.locator("textarea").input_value(), encoding="utf-8")
    table = read_listening(tmp_path / "copied.csv")
    plan = plan_trials(list(PITCHES), ITEMS, "mos", 2, 2)
    assert table.answer.tolist() == ["4", "2"] and table.correct.isna().all()
    assert list(zip(table.system_or_pair, table["item"], strict=True)) == [(t.system, t.item) for t in plan]
    assert table.listener[0].startswith("listener-")
