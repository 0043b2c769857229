"""What a chain of trainings needs is known before its first step, named with commands, fetched, and nothing twice."""

import json
from dataclasses import replace

import pytest

from speechlab import weights
from speechlab.apps.cli import main
from speechlab.data import sources
from speechlab.errors import SpeechlabError
from speechlab.experiments import load_experiment
from speechlab.training import needs

STAGES = ("finally-stage1", "finally-stage2", "finally-stage3-pretrain", "finally-stage3")


def names(experiment, profile="gpu"):
    chain = [*needs.forerunners(experiment, profile), experiment]
    return {name for name, (need, _) in needs.all_needs(chain).items() if not need.is_here}


def test_the_last_stage_names_what_all_stages_need(places):
    experiment = load_experiment("finally-stage3", "gpu")
    assert [each.name for each in needs.forerunners(experiment, "gpu")] == list(STAGES[:3])
    assert names(experiment) == {
        "augmented_libritts-r", "augmented_daps", "vctk-demand", "dns-noise", "dns-rooms", "micirp", "wavlm-large",
        "utmos-v1",
    }  # fmt: skip


def test_a_trained_forerunner_is_needed_no_more(places):
    (places / "runs" / "finally-stage2" / "checkpoints").mkdir(parents=True)
    found = needs.forerunners(load_experiment("finally-stage3", "gpu"), "gpu")
    assert [each.name for each in found] == ["finally-stage3-pretrain"]
    assert "augmented_libritts-r" not in names(load_experiment("finally-stage3", "gpu"))


def test_what_the_embedded_experiments_need_is_here(places):
    for name in ("embedded-finally-stage3", "embedded-fastspeech2", "embedded-denoise"):
        assert not names(load_experiment(name, "smoke"), "smoke")


def test_without_weights_no_stage_begins_and_the_error_has_their_commands(places, monkeypatch):
    lines = []
    monkeypatch.setattr(needs, "free_bytes", lambda folder: 1e12)
    with pytest.raises(SpeechlabError, match="speechlab weights get wavlm-large"):
        needs.require_needs(load_experiment("finally-stage1", "gpu"), lines.append)
    monkeypatch.setattr(needs, "is_here", lambda name: name == "wavlm-large")
    needs.require_needs(load_experiment("finally-stage1", "gpu"), lines.append)
    assert len(lines) == 1  # before the first stage it is said what the last one will want
    assert "utmos-v1 for" in lines[0] and "finally-stage3" in lines[0]
    assert lines[0].endswith("speechlab prepare finally-stage3 --profile gpu")
    with pytest.raises(SpeechlabError, match="speechlab weights get utmos-v1"):
        needs.require_needs(load_experiment("finally-stage3", "gpu"), lines.append)
    needs.require_needs(load_experiment("finally-stage3", "gpu", ["utmos_weight=0"]), lines.append)  # a judge only


def test_a_disk_that_is_too_small_is_told_before_the_download(places, monkeypatch):
    monkeypatch.setattr(needs, "free_bytes", lambda folder: 5e9)
    with pytest.raises(SpeechlabError, match="SPEECHLAB_DATA"):
        needs.prepare(load_experiment("ljspeech-hifigan", "gpu", ["validation.metrics=[]"]), "gpu")


def test_prepare_fetches_what_is_missing_once_and_then_nothing(places, monkeypatch, capsys):
    fetched = []

    def fetch(name):
        def get(*_):
            fetched.append(name)
            for part in needs.DOWNLOADS[name].parts if name in needs.DOWNLOADS else ():
                (places / "data" / needs.DOWNLOADS[name].folder / part).mkdir(parents=True, exist_ok=True)

        return get

    monkeypatch.setattr(needs, "load_pairs", lambda config: fetch(config.name)())
    monkeypatch.setattr(needs, "free_bytes", lambda folder: 1e12)
    for name in ("dns-noise", "dns-rooms"):
        monkeypatch.setitem(sources.sources, name, fetch(name))
    monkeypatch.setattr(needs, "get_weights", lambda name: fetch(name)())
    monkeypatch.setattr(needs, "is_here", lambda name: name in fetched)
    overrides = ["degradation.microphones=[]"]
    experiment = replace(load_experiment("finally-stage1", "gpu", overrides))
    needs.prepare(experiment, "gpu")
    assert sorted(fetched) == sorted(
        ["augmented_libritts-r", "vctk-demand", "dns-noise", "dns-rooms", "wavlm-large", "utmos-v1"]
    )
    assert main(["prepare", "finally-stage1", *overrides, "--profile", "gpu"]) == 0
    assert "nothing to fetch" in capsys.readouterr().out and len(fetched) == 6


def test_the_list_has_sizes_commands_and_the_hours_of_a_former_run(places, capsys):
    folder = places / "runs" / "earlier"
    folder.mkdir(parents=True)
    experiment = load_experiment("finally-stage1", "gpu")
    from speechlab.config import to_dict

    (folder / "config.json").write_text(json.dumps(to_dict(experiment)), encoding="utf-8")
    (folder / "log.jsonl").write_text('{"step": 10, "steps_per_second": 2.0}\n', encoding="utf-8")
    assert main(["prepare", "finally-stage2", "--list", "--profile", "gpu"]) == 0
    said = capsys.readouterr().out
    assert "speechlab corpus get augmented_libritts-r" in said and "9.60 GB" in said and "1.26 GB" in said
    hours = experiment.training.steps / 2.0 / 3600
    assert f"about {hours:.1f} hours" in said and "not trained here yet" in said
    assert weights.load_registry()["wavlm-large"].files[1].n_bytes / 1e9 == pytest.approx(1.26, abs=0.01)
