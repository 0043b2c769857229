"""The study of batch sizes and crops: every pair gets its time, and a row with what was measured."""

import argparse
import runpy
from pathlib import Path

import pytest

from speechlab.errors import SpeechlabError

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "crops.py"


def options(experiment, *overrides):
    return argparse.Namespace(experiment=experiment, profile="smoke", minutes=0.0, overrides=list(overrides))


def test_a_row_says_what_a_pair_came_to(places, tiny_corpus):
    measured = runpy.run_path(str(BENCHMARK))["measured"]
    own = ("corpus.name=folder", f"corpus.path={tiny_corpus}", "corpus.n_validation=1", "training.n_threads=1")
    row = measured(options("embedded-hifigan", *own), 2, 0.2)
    assert (row["batch"], row["crop_s"], row["steps"]) == (2, 0.2, 2)
    assert row["mel_l1"] > 0 and not list((places / "runs").glob("*"))  # it leaves no run behind


def test_what_has_no_crops_is_refused():
    make_engine = runpy.run_path(str(BENCHMARK))["make_engine"]
    with pytest.raises(SpeechlabError, match="whole utterances"):
        make_engine(options("embedded-aligner"), 2, 3.0, Path("nowhere"))
