"""``speechlab score``: a readable table, what is missing and why, mistakes in one line."""

import json

import numpy as np
import pytest

from speechlab.apps import cli
from speechlab.audio.io import write_audio
from speechlab.metrics.base import Metric, Unavailable
from speechlab.registry import metrics

RATE = 16_000


class Absent(Metric):
    outputs = ("absent",)

    def prepare(self):
        raise Unavailable("the weights are missing: speechlab weights get absent")


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """Clean and noisy recordings of the same names, one of them silent; and only three metrics to choose from."""
    for name in set(metrics) - {"si_sdr", "lsd", "wer_pocketsphinx"}:
        monkeypatch.delitem(metrics, name)
    monkeypatch.setitem(metrics, "absent", Absent)
    rng = np.random.default_rng(0)
    tone = 0.3 * np.sin(np.arange(RATE))
    for name, gain in {"a": 1.0, "b": 0.5, "c": 0.0}.items():
        write_audio(tmp_path / "clean" / f"{name}.wav", tone, RATE)
        for system, level in {"noisy": 0.1, "worse": 0.2}.items():
            write_audio(tmp_path / system / f"{name}.wav", gain * (tone + rng.normal(0, level, RATE)), RATE)
    return tmp_path


def run(capsys, *arguments):
    """Run the command in this process and give its exit status, output and errors."""
    try:
        status = cli.main(["score", *map(str, arguments)])
    except SystemExit as leaving:
        status = leaving.code
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_the_table_says_what_was_measured_what_failed_and_what_is_missing(capsys, folders):
    status, out, _ = run(capsys, folders / "noisy", "--reference", folders / "clean")
    assert status == 0
    rows = {line.split()[0]: line.split() for line in out.splitlines() if line}
    assert rows["si_sdr"][-4:] == ["2", "1", "dB", "higher"]
    assert float(rows["si_sdr"][1]) == pytest.approx(20 * np.log10(0.3 / np.sqrt(2) / 0.1), abs=0.3)
    assert "absent is not available: the weights are missing: speechlab weights get absent" in out
    assert "left out because texts are missing (--texts FOLDER): wer_pocketsphinx" in out
    assert "no value of c in estimates: the estimate is silent" in out
    assert out.splitlines()[-1].startswith(f"results: {folders / 'noisy-scores' / 'scores.csv'}")
    assert json.loads((folders / "noisy-scores" / "scores.json").read_text(encoding="utf-8"))["table"]


def test_the_same_command_again_measures_nothing(capsys, folders):
    arguments = (folders / "noisy", "--reference", folders / "clean", "--metrics", "si_sdr, lsd", "-o", folders / "out")
    first, again = run(capsys, *arguments)[1], run(capsys, *arguments)[1]
    assert first.startswith("0 of 6 already scored\n") and again.startswith("6 of 6 already scored\n")
    assert first.splitlines()[1:] == again.splitlines()[1:]


def test_a_baseline_adds_differences_and_their_test(capsys, folders):
    status, out, _ = run(capsys, folders / "noisy", "--reference", folders / "clean", "--baseline", folders / "worse")
    header = next(line for line in out.splitlines() if "difference" in line)
    row = next(line for line in out.splitlines() if line.startswith("si_sdr"))
    assert status == 0 and header.split()[-4:] == ["p", "pairs", "its", "failures"]
    assert float(row.split("higher")[1].split()[1]) == pytest.approx(6, abs=0.5)  # dB, half the noise
    assert row.split()[-2:] == ["2", "1"]  # pairs, and the failure of a silent item


def test_without_references_the_metrics_left_out_are_named_in_one_line(capsys, folders):
    status, out, _ = run(capsys, folders / "noisy")
    assert status == 1  # the only metric left has no weights: not one number
    assert "no metric could be computed" in out
    assert "left out because references are missing (--reference FOLDER): si_sdr, lsd" in out.replace(
        "lsd, si_sdr", "si_sdr, lsd"
    )


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (["nowhere"], "no folder nowhere"),
        ([], "folder"),
        (["{}/noisy", "--metrics", "si_sd"], "si_sdr"),
        (["{}/noisy", "--reference", "{}/nowhere"], "nowhere"),
        (["{}/noisy", "--baseline", "{}"], "same name"),
        (["{}/noisy", "--texts", "{}/clean"], ".txt"),
        (["{}/noisy", "--jobs", "0"], "n_jobs"),
        (["{}/noisy", "--jobs", "x"], "--jobs"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_mistake_is_one_line_and_status_2(capsys, folders, arguments, meant):
    status, out, err = run(capsys, *(word.format(folders) for word in arguments))
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert meant in err


def test_metrics_are_listed(capsys):
    assert cli.main(["list", "metrics"]) == 0
    listed = capsys.readouterr().out.split()
    assert {"wb_pesq", "stoi", "si_sdr", "dnsmos", "utmos"} <= set(listed) and listed == sorted(listed)
