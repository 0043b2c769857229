"""Report, health panel, alignment view, controls and lessons."""

import importlib.util
import json
import re

import numpy as np
import pandas as pd
import pytest

from speechlab.config import AudioSpec
from speechlab.display.controls import FIVE_SETTINGS, show_settings, sliders
from speechlab.display.health import show_health
from speechlab.display.lessons import check, judge, show_source
from speechlab.display.page import whole_page
from speechlab.display.phones import alignment_view
from speechlab.display.plots import show_mels
from speechlab.display.report import write_report
from speechlab.errors import SpeechlabError

SPEC = AudioSpec(sample_rate=16_000)


def test_a_report_holds_everything_and_needs_nothing(tmp_path, tone, open_page):
    table = pd.DataFrame({"metric": ["stoi"], "mean": [0.91]}).set_index("metric")
    sections = {
        "Sound": ["First <i>paragraph</i>.\n\nSecond.", tone(440), {"a": tone(440), "b": tone(880)}],
        "Figure": show_mels(np.zeros((80, 30)), SPEC),
        "Scores": table,
        "Code": show_source(judge),
    }
    path = write_report(tmp_path / "deep" / "report.html", "Results & more", sections)
    page = open_page(path)
    assert page.title() == "Results & more"
    assert page.locator("h2").all_inner_texts() == list(sections)
    assert page.locator(".speechlab-player[data-ready]").count() == 2
    assert page.locator("td").inner_text() == "0.91"
    assert page.evaluate("() => [...document.images].every((image) => image.complete && image.naturalWidth > 0)")
    sources = re.findall(r'(?:src|href)="([^"]*)"', path.read_text(encoding="utf-8"))
    assert sources and all(source.startswith("data:") for source in sources)
    assert page.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth")


def test_a_clicked_phone_sounds_alone(tone, open_page, ear):
    sound = tone(500, 2.0)
    sound.waveform[16_000:] = tone(1500, 1.0).waveform  # the second phone
    view = alignment_view(sound, SPEC, ["a", "x", "b"], [62, 0, 63], title="two tones")
    page = open_page(whole_page("test", view.markup))
    heard = ear(page)
    assert page.locator(".phones button").all_inner_texts() == ["a", "b"]
    page.click(".phones button:has-text('b')")
    heard.wait_for_pitch(1500)
    assert page.locator(".phones .sounding").inner_text() == "b"
    heard.wait_until_playing(False)
    page.click(".phones button:has-text('a')")
    heard.wait_for_pitch(500)
    heard.wait_until_playing(False)
    assert heard.state()[0] == pytest.approx(62 * 256 / 16_000, abs=0.1)  # stopped where the phone ends


def test_an_alignment_of_another_length_is_refused(tone):
    with pytest.raises(SpeechlabError, match="2 symbols need as many durations, got 1"):
        alignment_view(tone(440), SPEC, ["a", "b"], [5])


def test_health_names_what_is_wrong_and_what_to_try(tmp_path):
    assert "Nothing was logged yet" in show_health(tmp_path).markup
    rows = [{"step": step, "loss": 1 / step} for step in range(1, 50)]
    (tmp_path / "log.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    assert "Nothing looks wrong" in show_health(tmp_path).markup
    warning = {"step": 10, "level": "warning", "what": "gradient <jumped>", "try": "clip it"}
    error = {"step": 30, "level": "error", "what": "loss is not finite", "try": "look at the files"}
    findings = [warning, {**warning, "step": 20}, error]
    (tmp_path / "health.json").write_text(json.dumps({"findings": findings}), encoding="utf-8")
    panel = show_health(tmp_path).markup
    assert "Something is wrong" in panel and "10 to 20 (2 times)" in panel and "gradient &lt;jumped&gt;" in panel
    assert panel.index("look at the files") < panel.index("clip it")  # errors first
    with pytest.raises(SpeechlabError, match="no run folder"):
        show_health(tmp_path / "elsewhere")


def test_a_moved_slider_speaks_again_and_trouble_becomes_a_message(tone):
    spoken = []

    def speak(pace, pitch, energy):
        if pace > 1.9:
            raise SpeechlabError("too fast <for> this voice")
        spoken.append((pace, pitch, energy))
        return tone(440 * pitch, 0.5 / pace, 0.1 * energy)

    box = sliders(speak)
    pace, pitch, energy, picture, sound, message = box.children
    before = (picture.value, sound.value)
    pitch.value = 1.25
    assert spoken == [(1, 1, 1), (1, 1.25, 1)]
    assert picture.value != before[0] and sound.value != before[1] and sound.autoplay
    pace.value = 2.0
    assert "too fast &lt;for&gt;" in message.value
    assert show_settings(speak).markup.count("<audio") == len(FIVE_SETTINGS) == 5


def test_source_is_shown_with_its_place():
    shown = show_source(SPEC.require)._repr_mimebundle_()
    assert shown["text/markdown"].count("```") == 2
    assert "def require" in shown["text/plain"] and shown["text/plain"].startswith("# speechlab/config.py, line")
    with pytest.raises(SpeechlabError, match="no Python source"):
        show_source(3)


def test_the_place_of_a_source_does_not_depend_on_the_name_of_the_checkout(tmp_path):
    path = tmp_path / "speechlab" / "src" / "speechlab" / "idea.py"
    path.parent.mkdir(parents=True)
    path.write_text("def idea():\n    return 1\n", encoding="utf-8")
    spec = importlib.util.spec_from_file_location("idea", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert show_source(module.idea).place == "speechlab/idea.py, line 1"


@pytest.mark.parametrize(
    ("answer", "expected", "right"),
    [(86.1, 86.13, True), (80, 86.13, False), ("Hann ", "hann", True), ([1, 2], (1, 2), True), ([1], (1, 2), False),
     (4, lambda value: value % 2 == 0, True), ("x", 3.0, False), (np.float32(0), 0, True)],
)  # fmt: skip
def test_answers_are_judged(answer, expected, right):
    assert judge(answer, expected)[0] is right


def test_an_exercise_speaks_and_does_not_give_the_answer_away(capsys):
    for answer in (None, 80, 86.13):
        check(answer, "frames per second", 86.1328)
    turn, wrong, right = capsys.readouterr().out.splitlines()
    assert turn.startswith("Your turn") and wrong.startswith("Not yet") and right.startswith("Right")
    assert "86" not in turn + wrong


def test_a_function_that_the_reader_wrote_is_judged_by_what_it_does(capsys):
    for answer in (..., abs, float):
        check(answer, "does it take the sign away", lambda function: function(-2) == 2)
    turn, right, wrong = capsys.readouterr().out.splitlines()
    assert turn.startswith("Your turn") and right.startswith("Right") and wrong.startswith("Not yet")
    assert "built-in" not in right  # nobody wants to read where a function lies in memory
