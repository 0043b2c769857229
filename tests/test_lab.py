"""The start of a notebook: trainings that a test makes brief are so in every number of steps, and kept apart."""

from dataclasses import replace

import pytest

import speechlab
from speechlab.errors import SpeechlabError
from speechlab.experiments import experiment_names, load_experiment
from speechlab.lab import BRIEF, brief


@pytest.mark.parametrize("name", experiment_names())
def test_a_brief_training_has_a_fifth_of_all_steps_and_is_the_same_otherwise(name, monkeypatch):
    whole = load_experiment(name)
    monkeypatch.setenv(BRIEF, "5")
    short = brief(whole)
    alone = getattr(whole, "generator_only_steps", 0)
    assert getattr(short, "generator_only_steps", 0) == alone // 5
    for key in ("steps", "log_every", "render_every", "validate_every", "checkpoint_every"):
        assert getattr(short.training, key) == max(getattr(whole.training, key) // 5, 1)
    assert getattr(short, "corpus", getattr(short, "data", None)).n_validation <= 4
    steps = ("steps", "log_every", "render_every", "validate_every", "checkpoint_every")
    back = replace(short.training, **{key: getattr(whole.training, key) for key in steps})
    assert back == whole.training and replace(short, training=whole.training).audio == whole.audio


def test_brief_runs_lie_apart_and_say_so(monkeypatch, capsys):
    for variable in (BRIEF, "SPEECHLAB_RUNS", "SPEECHLAB_DATA"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("SPEECHLAB_PROFILE", "smoke")
    usual = speechlab.start()
    assert BRIEF not in capsys.readouterr().out
    monkeypatch.delenv("SPEECHLAB_RUNS")
    monkeypatch.setenv(BRIEF, "3")
    short = speechlab.start()
    assert short.runs != usual.runs and BRIEF in capsys.readouterr().out
    assert short.experiment("aligner", "training.steps=90").training.steps == 30


@pytest.mark.parametrize("given", ["0", "half", "-2", "1.5"])
def test_what_is_no_divisor_is_refused(given, monkeypatch):
    monkeypatch.setenv(BRIEF, given)
    with pytest.raises(SpeechlabError, match=f"{BRIEF}.*got '{given}'"):
        brief(load_experiment("embedded-aligner"))
