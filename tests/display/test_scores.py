import json

import numpy as np
import pandas as pd
import pytest

from speechlab.audio.io import write_audio
from speechlab.config import AudioSpec
from speechlab.display.scores import show_ladder, show_learning, show_race, show_scores


def table(mean, low, high, n=8):
    rows = {"wb_pesq": [mean, low, high, n, "MOS 1-5", "higher"], "mosnet": [np.nan, np.nan, np.nan, 0, "", "higher"]}
    return pd.DataFrame.from_dict(rows, orient="index", columns=["mean", "low", "high", "n", "unit", "better"])


def drawn(plot):
    """Axes with something in them."""
    return [axes for axes in plot.axes if axes.get_visible() and axes.lines]


def test_systems_stand_beside_each_other_at_their_means_and_intervals():
    (axes,) = drawn(show_scores({"a": table(2, 1.8, 2.2), "b": table(3, 2.9, 3.3)}))  # what has no value is left out
    assert axes.get_title(loc="left") == "wb_pesq, MOS 1-5 ↑"
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "b"]
    places = [tuple(np.round(line.get_xdata(), 2)) for line in axes.lines]
    assert places == [(1.8, 2.2), (2,), (2.9, 3.3), (3,)]


def test_a_ladder_follows_its_steps():
    (axes,) = drawn(show_ladder({0: table(1, 0.9, 1.1), 10: table(2, 1.9, 2.1)}, "SNR, dB"))
    assert axes.lines[0].get_xydata().tolist() == [[0, 1], [10, 2]]
    assert axes.get_xlabel() == "SNR, dB"


@pytest.fixture
def run_dir(tmp_path, tone):
    rows = [{"step": step, "time": 1e9 + time, "mel_l1": 1 / step} for step, time in ((1, 0), (2, 10), (3, 9000))]
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (tmp_path / "renders").mkdir()
    sound = tone(300, 0.5, sample_rate=22_050)
    write_audio(tmp_path / "renders" / "clip.wav", sound.waveform, sound.sample_rate)
    index = [{"step": step, "items": {"clip": "clip.wav"}} for step in (0, 10, 20, 30)]
    (tmp_path / "renders" / "index.json").write_text(json.dumps(index), encoding="utf-8")
    return tmp_path


def test_a_pause_is_no_time_of_training(run_dir):
    steps, seconds = show_race({"one": run_dir}, "mel_l1").axes
    assert steps.lines[0].get_xdata().tolist() == [1, 2, 3]
    assert seconds.lines[0].get_xdata().tolist() == [0, 10, 10]


def test_learning_shows_the_first_and_the_last_step_below_the_recording(run_dir, tone):
    plot = show_learning(run_dir, "clip", tone(300, 0.6, sample_rate=22_050), AudioSpec(), n_steps=2)
    titles = [axes.get_title(loc="left") for axes in plot.axes]
    assert [title for title in titles if title] == ["recorded", "step 0", "step 30"]
    assert plot.axes[1].get_xlim()[1] == pytest.approx(0.5, abs=0.01)  # as long as the shortest
