"""Runs side by side, over steps and over minutes."""

import json

import numpy as np

from speechlab.display.run_comparison import minutes_of, show_against_minutes


def test_minutes_leave_out_the_pause_before_a_run_is_resumed():
    records = [{"step": step, "time": time} for step, time in ((1, 60.0), (2, 120.0), (3, 9000.0), (4, 9060.0))]
    np.testing.assert_allclose(minutes_of(records), [1, 2, 2, 3])


def test_curves_are_drawn_against_minutes(tmp_path):
    for name, seconds in (("quick", 10.0), ("slow", 60.0)):
        (tmp_path / name).mkdir()
        rows = [json.dumps({"step": step, "time": step * seconds, "loss": 1 / step}) for step in range(1, 7)]
        (tmp_path / name / "log.jsonl").write_text("\n".join(rows) + "\n", encoding="utf-8")
    plot = show_against_minutes({name: tmp_path / name for name in ("quick", "slow")}, {"loss, training": "loss"})
    quick, slow = plot.axes[0].lines
    assert list(slow.get_xdata() / quick.get_xdata()) == [6] * 6
    assert list(slow.get_ydata()) == list(quick.get_ydata())
