"""A run is its whole configuration: changed settings get a run of their own, or are refused with what differs."""

import json
import re
import shutil
from dataclasses import replace

import pytest

from speechlab.apps import cli
from speechlab.checkpoints import find_folder, newest_checkpoint
from speechlab.config import CorpusConfig, OptimiserConfig, to_dict
from speechlab.errors import SpeechlabError
from speechlab.experiments import from_dict, load_experiment
from speechlab.training import train
from speechlab.training.identity import changed_settings, run_name, stored_config, total_matters
from speechlab.training.runs import find_run, list_runs, runs_table

pytestmark = pytest.mark.slow

TINY = [
    "corpus.name=folder", "corpus.n_validation=1", "model.preset=v2", "discriminator.width=0.03125",
    "segment_length=2048", "generator_only_steps=4", "training.batch_size=2", "training.log_every=1",
    "training.validate_every=2", "training.checkpoint_every=2", "training.render_every=100",
]  # fmt: skip


def tiny(corpus, *overrides):
    """A vocoder whose steps take milliseconds."""
    settings = [*TINY, f"corpus.path={corpus}", "training.steps=2", *overrides]
    return load_experiment("embedded-hifigan", "smoke", settings)


@pytest.fixture(scope="module")
def trained(tmp_path_factory, features, tiny_corpus):
    """A finished run of two steps, made once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPEECHLAB_DATA", str(features))
        patch.setenv("SPEECHLAB_RUNS", str(tmp_path_factory.mktemp("runs")))
        return train(tiny(tiny_corpus), name="first")


@pytest.fixture
def finished(places, trained):
    """A copy of it among this test's runs."""
    run_dir = shutil.copytree(trained.run_dir, places / "runs" / "first")
    return replace(trained, run_dir=run_dir, checkpoint=run_dir / trained.checkpoint.relative_to(trained.run_dir))


MATRIX = [
    "optimiser.learning_rate=0.001",
    "optimiser.decay=0.9",
    "optimiser.schedule=cosine",
    "training.seed=7",
    "training.batch_size=3",
    "training.accumulate=2",
    "training.clip_norm=1.0",
    "training.ema_decay=0.99",
    "training.precision=fp32",
    "mel_weight=10",
    "discriminator.names=[mpd, msd]",
    "corpus.n_utterances=4",
    "generator_only_steps=1",
    "segment_length=4096",
]


def test_every_changed_setting_is_refused_with_its_value_before_and_after(places, tiny_corpus, finished):
    config = (finished.run_dir / "config.json").read_bytes()
    for change in MATRIX:
        key, _, value = change.partition("=")
        with pytest.raises(SpeechlabError) as error:
            train(tiny(tiny_corpus, change), name="first")
        message = str(error.value)
        assert f"{key} was " in message and "--continue-with-changes" in message and "--name" in message, change
        assert message.count(" was ") == 1 and len(message.splitlines()) == 1, message
        with pytest.raises(SpeechlabError, match=key):  # nor do more steps bring other settings in
            train(tiny(tiny_corpus, change, "training.steps=9"), name="first")
    assert (finished.run_dir / "config.json").read_bytes() == config


def test_every_changed_setting_has_a_folder_of_its_own(places):
    runs = places / "runs"
    own = load_experiment("embedded-hifigan")
    assert run_name(own, runs) == "embedded-hifigan"
    names = [run_name(load_experiment("embedded-hifigan", "smoke", [change]), runs) for change in MATRIX]
    assert len(set(names)) == len(MATRIX) and all(re.fullmatch("embedded-hifigan-[0-9a-f]{6}", name) for name in names)
    for harmless in ("training.log_every=3", "training.steps=9", "training.n_workers=1", "corpus.path=/else/where"):
        assert run_name(load_experiment("embedded-hifigan", "smoke", [harmless]), runs) == "embedded-hifigan"
    assert run_name(load_experiment("embedded-hifigan", "gpu"), runs) == "embedded-hifigan"


def test_what_teaches_nothing_may_change_and_more_steps_resume(places, tiny_corpus, finished):
    harmless = ["training.log_every=2", "training.validate_every=3", "training.n_workers=0", "training.n_threads=1"]
    result = train(tiny(tiny_corpus, *harmless, "training.steps=4"), name="first")
    values = json.loads((result.run_dir / "config.json").read_text(encoding="utf-8"))
    assert result.step == values["training"]["steps"] == 4 and values["changes"] == []
    assert train(tiny(tiny_corpus), name="first").step == 4  # fewer are there already
    assert json.loads((result.run_dir / "config.json").read_text(encoding="utf-8"))["training"]["steps"] == 4
    assert from_dict(values).training.steps == 4


def test_a_run_goes_on_with_changes_when_told_to_and_records_them(places, tiny_corpus, finished, capsys):
    changed = tiny(tiny_corpus, "optimiser.learning_rate=0.001", "optimiser.weight_decay=0.5", "training.steps=4")
    result = train(changed, name="first", continue_with_changes=True)
    assert "goes on with changes: optimiser.learning_rate from 0.0015 to 0.001" in capsys.readouterr().out
    changes = json.loads((result.run_dir / "config.json").read_text(encoding="utf-8"))["changes"]
    assert changes == [
        {"step": 2, "changed": {"optimiser.learning_rate": [0.0015, 0.001], "optimiser.weight_decay": [0.01, 0.5]}}
    ]
    newest = newest_checkpoint(result.run_dir / "checkpoints")
    assert newest.card["changes"] == changes
    groups = newest.state["optimisers"]["generator"]["param_groups"]
    assert {group["weight_decay"] for group in groups} == {0.5}  # and not what the checkpoint brought along
    again = train(replace(changed, training=replace(changed.training, steps=6)), name="first")
    assert again.step == 6 and stored_config(again.run_dir).changes == changes
    with pytest.raises(SpeechlabError, match=r"learning_rate was 0\.001 and is 0\.0015"):
        train(tiny(tiny_corpus, "training.steps=8"), name="first")


def test_a_number_of_steps_that_bends_the_learning_rate_is_said_and_recorded(places, tiny_corpus, capsys):
    def cosine(*more):
        return tiny(tiny_corpus, "optimiser.schedule=cosine", *more)

    assert train(cosine(), name="bent").step == 2
    capsys.readouterr()
    assert train(cosine("training.steps=4"), name="bent").step == 4
    said = capsys.readouterr().out
    assert "training.steps from 2 to 4" in said and "depends on the number of steps" in said
    assert train(cosine("training.steps=4"), name="bent").step == 4
    assert find_run("bent").changes == [{"step": 2, "changed": {"training.steps": [2, 4]}}]
    with pytest.raises(SpeechlabError, match="training.seed was 1234 and is 5"):
        train(cosine("training.steps=6", "training.seed=5"), name="bent")


def test_a_folder_from_before_resumes(places, tiny_corpus, finished):
    experiment = tiny(tiny_corpus, "training.steps=4")
    old = to_dict(tiny(tiny_corpus))
    del old["corpus"]["text_column"]  # a setting that did not exist then
    (finished.run_dir / "config.json").write_text(json.dumps(old), encoding="utf-8")
    assert train(experiment, name="first").step == 4
    (finished.run_dir / "config.json").unlink()  # then the newest card tells
    with pytest.raises(SpeechlabError, match="training.seed was 1234 and is 5"):
        train(tiny(tiny_corpus, "training.seed=5", "training.steps=6"), name="first")


def test_recordings_may_move_with_their_folder(places, tiny_corpus, finished, tmp_path):
    moved = tmp_path / "moved" / tiny_corpus.name
    moved.parent.mkdir()
    moved.symlink_to(tiny_corpus)
    assert changed_settings(finished.run_dir, tiny(moved)) == {}
    other = replace(tiny(tiny_corpus), corpus=CorpusConfig("folder", str(tmp_path / "another"), n_validation=1))
    assert list(changed_settings(finished.run_dir, other)) == ["corpus.path"]


def test_a_run_that_learnt_nothing_yet_begins_under_the_new_settings(places, tiny_corpus, finished):
    for checkpoint in (finished.run_dir / "checkpoints").iterdir():
        checkpoint.rename(finished.run_dir / checkpoint.name)
    result = train(tiny(tiny_corpus, "training.seed=5"), name="first")
    assert result.step == 2 and stored_config(result.run_dir).settings["training.seed"] == 5


def test_the_only_variant_answers_to_the_plain_name_and_says_so(places, tiny_corpus):
    result = train(tiny(tiny_corpus))
    assert result.run_dir.name.startswith("embedded-hifigan-")
    with pytest.warns(UserWarning, match="only variant"):
        assert find_folder("embedded-hifigan") == result.run_dir
    train(tiny(tiny_corpus, "training.seed=5"))
    with pytest.raises(SpeechlabError, match="2 of it with other settings: embedded-hifigan-"):
        find_folder("embedded-hifigan")


def test_runs_are_listed_and_compared(places, tiny_corpus, finished, capsys, monkeypatch):
    monkeypatch.chdir(places)
    other = train(tiny(tiny_corpus, "optimiser.learning_rate=0.001", "training.steps=4"))
    runs = {run.name: run for run in list_runs()}
    assert set(runs) == {"first", other.run_dir.name}
    assert runs["first"].differs["training.batch_size"] == 2 and runs["first"].profile == "smoke"
    assert (runs["first"].step, runs["first"].steps) == (2, 2) and "mel_l1" in runs["first"].validation
    assert list(runs_table().columns)[:3] == ["run", "profile", "step"] and "differs" in runs_table()

    assert cli.main(["runs"]) == 0 and "first" in capsys.readouterr().out
    assert cli.main(["runs", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert rows[1]["name"] == "first" and rows[0]["differs"]["optimiser.learning_rate"] == 0.001
    assert cli.main(["compare", "first", other.run_dir.name, "-o", "both"]) == 0
    out = capsys.readouterr().out
    assert re.search(r"optimiser.learning_rate +0.0015 +0.001", out) and "step 4 of 4" in out
    assert (places / "both" / "curves.png").is_file()
    page = (places / "both" / "comparison.html").read_text(encoding="utf-8")
    assert "The same clips" in page
    assert cli.main(["compare", "frist", "first"]) == 2
    assert "did you mean first?" in capsys.readouterr().err


def test_a_run_is_given_a_name_on_the_command_line_and_changes_are_refused_in_one_line(places, tiny_corpus, capsys):
    common = ["train", "embedded-hifigan", *TINY, f"corpus.path={tiny_corpus}", "training.steps=2", "--name", "mine"]
    assert cli.main(common) == 0 and (places / "runs" / "mine" / "config.json").is_file()
    capsys.readouterr()
    assert cli.main([*common, "training.seed=3"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert cli.main([*common, "training.seed=3", "training.steps=4", "--continue-with-changes"]) == 0
    for wrong in ("a/b", "..", ".hidden"):
        assert cli.main([*common[:-1], wrong]) == 2


def test_every_schedule_says_whether_the_total_matters():
    experiment = load_experiment("embedded-hifigan")
    for schedule, matters in (("constant", False), ("noam", False), ("exponential", False), ("cosine", True)):
        assert total_matters(replace(experiment, optimiser=OptimiserConfig(schedule=schedule))) == matters
        warm = OptimiserConfig(schedule=schedule, warmup_steps=4000)
        assert total_matters(replace(experiment, optimiser=warm)) == matters
