"""Metrics as curves of a training: asked by name, of held-out clips, on one's own recordings where they are given."""

import shutil
from dataclasses import replace
from typing import ClassVar

import numpy as np
import pytest

from speechlab.audio.io import Audio
from speechlab.config import CorpusConfig, PairsConfig, ValidationConfig
from speechlab.data.corpora import TRAIN, VALIDATION, load_corpus
from speechlab.data.pairs import load_pairs
from speechlab.errors import SpeechlabError
from speechlab.experiments import load_experiment
from speechlab.metrics.base import Metric, Unavailable
from speechlab.registry import metrics
from speechlab.training import train
from speechlab.training.logs import read_log
from speechlab.training.validation import Heard, Judges

RATE = 16_000
NOISE = np.random.default_rng(0).uniform(-1, 1, RATE).astype(np.float32)
QUIET, LOUD = (Audio(level * NOISE, RATE) for level in (0.1, 0.3))


class Loudness(Metric):
    """A metric of a notebook: how loud a clip is beside its reference."""

    outputs = ("loudness",)
    needs_reference = True
    asked: ClassVar[list] = []

    @property
    def version(self):
        return "1"

    def compute(self, estimate, reference, sample_rate, text):
        self.asked.append(sample_rate)
        return float(np.abs(estimate).mean() / np.abs(reference).mean())


class Absent(Metric):
    outputs = ("absent",)

    def prepare(self):
        raise Unavailable("its weights are not here: speechlab weights get absent")


@pytest.fixture
def own_metrics(monkeypatch):
    for name, metric in (("loudness", Loudness), ("absent", Absent)):
        monkeypatch.setitem(metrics, name, metric)


def test_the_mean_is_over_the_clips_that_have_a_value_and_the_others_are_said_once(own_metrics):
    lines = []
    judges = Judges(("loudness",), lines.append)
    silence = Audio(np.zeros(RATE, np.float32), RATE)
    clips = {"a": Heard(LOUD, QUIET), "b": Heard(QUIET, QUIET), "c": Heard(silence, QUIET), "d": Heard(LOUD)}
    assert judges(clips) == pytest.approx({"loudness": 2.0})  # (3 + 1) / 2; d has no reference and is not asked
    assert judges(clips) == judges(clips)
    assert len(lines) == 1 and "silent" in lines[0]
    assert judges({"d": Heard(LOUD)}) == {}


def test_a_metric_that_cannot_be_computed_here_is_said_and_left_out_and_a_wrong_name_refused(own_metrics):
    lines = []
    judges = Judges(("absent", "loudness"), lines.append)
    assert list(judges.metrics) == ["loudness"] and "speechlab weights get absent" in lines[0]
    with pytest.raises(SpeechlabError, match="did you mean loudness"):
        Judges(("loudnes",), lines.append)


def test_ones_own_metric_becomes_a_curve_on_a_validation_folder(places, tiny_corpus, own_metrics):
    mine = places / "mine"
    (mine / "wavs").mkdir(parents=True)
    for name in ("clip3.wav", "clip7.wav"):  # names that the corpus has too
        shutil.copy(tiny_corpus / "wavs" / name, mine / "wavs" / name)
    experiment = load_experiment("embedded-hifigan", "smoke")
    experiment = replace(
        experiment,
        corpus=CorpusConfig("folder", str(tiny_corpus), validation_path=str(mine)),
        segment_length=2048,
        generator_only_steps=2,
        training=replace(experiment.training, steps=2, validate_every=1, batch_size=1, n_threads=1),
        validation=ValidationConfig(("loudness",), n_clips=1),
    )
    Loudness.asked.clear()
    result = train(experiment)
    curve = [record["validation/loudness"] for record in read_log(result.run_dir) if "validation/loudness" in record]
    assert len(curve) == 2 and all(np.isfinite(curve))
    assert Loudness.asked == [experiment.audio.sample_rate] * 2  # one clip each time
    assert {clip.name for clip in (result.run_dir / "renders").rglob("*.wav")} == {
        "validation-clip3.wav",
        "validation-clip7.wav",
    }


def test_a_validation_folder_keeps_nothing_of_the_corpus_out(tiny_corpus):
    config = CorpusConfig("folder", str(tiny_corpus), n_validation=2)
    plain, own = load_corpus(config), load_corpus(replace(config, validation_path=str(tiny_corpus)))
    assert (len(plain.split(TRAIN)), len(plain.split(VALIDATION))) == (8, 2)
    assert (len(own.split(TRAIN)), len(own.split(VALIDATION))) == (10, 10)
    assert not {item.id for item in own.split(TRAIN)} & {item.id for item in own.split(VALIDATION)}


def test_pairs_are_validated_on_another_dataset_or_folder(tiny_corpus):
    config = PairsConfig(clean=(str(tiny_corpus / "wavs"),), n_validation=2)
    own = load_pairs(replace(config, validation=str(tiny_corpus / "wavs")))
    assert (len(own.split(TRAIN)), len(own.split(VALIDATION))) == (10, 10)
    with pytest.raises(SpeechlabError, match="vctk-demand"):
        load_pairs(replace(config, validation="vctk-demnd"))


@pytest.mark.parametrize("stage", ["stage1", "stage2", "stage3-pretrain", "stage3"])
def test_finally_is_judged_by_opinions_on_the_set_of_the_paper(stage):
    for profile in ("gpu", "full"):
        experiment = load_experiment(f"finally-{stage}", profile)
        assert experiment.data.validation == "vctk-demand"
        assert {"utmos_v1", "wb_pesq", "stoi"} <= set(experiment.validation.metrics) <= set(metrics)


def test_rendered_clips_are_sent_to_wandb_beside_the_curves(places, tiny_corpus, monkeypatch):
    import sys
    import types

    sent = []
    run = types.SimpleNamespace(id="one", finish=lambda: None, log=lambda numbers, step: sent.append((step, numbers)))
    fake = types.SimpleNamespace(
        Settings=lambda **_: None, init=lambda **_: run, Audio=lambda *audio: audio, Image=lambda image: image
    )
    monkeypatch.setitem(sys.modules, "wandb", fake)
    experiment = load_experiment("embedded-hifigan", "smoke", ["training.wandb=online"])
    train(
        replace(
            experiment,
            corpus=CorpusConfig("folder", str(tiny_corpus), n_validation=1),
            segment_length=2048,
            generator_only_steps=1,
            training=replace(experiment.training, steps=1, batch_size=1, n_threads=1),
        )
    )
    clips = {name: audio for _, numbers in sent for name, audio in numbers.items() if name.startswith("render/")}
    assert len(clips) == 1 and all(len(waveform) for waveform, _ in clips.values())
    assert any("loss" in numbers for _, numbers in sent)
