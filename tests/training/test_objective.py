"""Losses by name with their weights: what is summed, who is asked, and one's own beside the registered ones."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from speechlab.apps.cli import main
from speechlab.config import LossConfig, to_dict
from speechlab.errors import SpeechlabError
from speechlab.experiments import from_dict, load_experiment
from speechlab.registry import losses, trainers
from speechlab.training.engine import Engine
from speechlab.training.objective import Objective

REPORTS = ("feature_loss", "gen_loss", "disc_loss", "l1_mel_loss", "lmos", "pesq", "utmos")
GIVEN = ("estimate", "reference", "real", "fake")


def loudness(estimate, reference, sample_rate):
    """A loss of one's own."""
    return (estimate - reference).abs().mean() * sample_rate


def two_parts(estimate):
    return {"first": estimate.mean(), "second": 2 * estimate.mean()}


def test_the_seven_names_of_the_report_are_listed_and_found(capsys):
    assert main(["list", "losses"]) == 0
    assert set(REPORTS) <= set(capsys.readouterr().out.split())
    assert all(callable(loss) for loss in losses.values())


def test_the_sum_is_that_of_the_weights_and_each_loss_is_seen_by_its_name(monkeypatch):
    monkeypatch.setitem(losses, "loudness", loudness)
    monkeypatch.setitem(losses, "two_parts", two_parts)
    terms = (LossConfig("loudness", 3.0), LossConfig("two_parts", 0.5))
    objective = Objective(terms, GIVEN, {"sample_rate": lambda: 10})
    total, parts = objective(estimate=torch.ones(2, 1, 4), reference=torch.zeros(2, 1, 4), real=[], fake=[])
    assert {name: value.item() for name, value in parts.items()} == {
        "loudness": 10.0, "first": 1.0, "second": 2.0, "two_parts": 3.0,
    }  # fmt: skip
    assert total.item() == 3.0 * 10.0 + 0.5 * 3.0 and not objective.is_judged


def test_a_loss_that_no_one_has_or_that_nobody_can_feed_is_named(monkeypatch):
    with pytest.raises(SpeechlabError, match="did you mean lmos"):
        Objective((LossConfig("lmoss"),), GIVEN, {})
    with pytest.raises(SpeechlabError, match="asks for 'wavlm'; this trainer has estimate, fake, real, reference"):
        Objective((LossConfig("lmos"),), GIVEN, {"sample_rate": lambda: 1})
    with pytest.raises(SpeechlabError, match="twice"):
        Objective((LossConfig("gen_loss"), LossConfig("gen_loss")), GIVEN, {})
    with pytest.raises(SpeechlabError, match="cannot be imported"):
        losses.find("no_such_module:loss")
    assert losses.find(f"{__name__}:loudness").__name__ == "loudness"


def test_losses_survive_a_card_and_mistakes_in_them_are_named():
    listed = "losses=[{name: lmos, weight: 20}, {name: gen_loss}]"
    experiment = load_experiment("finally-stage2", "gpu", [listed])
    assert experiment.losses == (LossConfig("lmos", 20.0), LossConfig("gen_loss", 1.0))
    assert from_dict(to_dict(experiment)) == experiment
    for wrong, message in (
        ("losses=[lmos]", "groups"),
        ("losses=[{name: lmos, wieght: 2}]", "did you mean weight"),
        ("losses=[{name: lmos, weight: -1}]", "at least 0"),
    ):
        with pytest.raises(SpeechlabError, match=message):
            load_experiment("finally-stage2", "gpu", [wrong])


def engine_of(name, corpus, folder, **changes):
    """A tiny engine on ten recordings."""
    experiment = load_experiment(name)
    experiment = replace(experiment, training=replace(experiment.training, batch_size=1, n_threads=1), **changes)
    if hasattr(experiment, "data"):
        data = replace(experiment.data, name="folders", clean=(str(corpus / "wavs"),), n_validation=0)
        quiet = replace(experiment.degradation, codec_probability=0, effects=0)
        experiment = replace(experiment, data=data, degradation=quiet, segment_length=8192)
    else:
        own = replace(experiment.corpus, name="folder", path=str(corpus), n_validation=0)
        experiment = replace(experiment, corpus=own, segment_length=4096)
    return Engine(trainers[experiment.recipe](experiment), folder)


def test_a_listed_objective_of_finally_is_the_one_of_its_own_weights(places, tiny_corpus):
    judges = replace(load_experiment("embedded-finally-stage2").discriminator, filters=2, n_ffts=(512,))
    terms = [LossConfig("lmos", 20.0), LossConfig("gen_loss", 0.4), LossConfig("feature_loss", 20.0)]
    totals = []
    for listed in ((), tuple(terms)):
        engine = engine_of(
            "embedded-finally-stage2", tiny_corpus, places / f"run{len(listed)}",
            losses=listed, discriminator=judges, initial="",
        )  # fmt: skip
        engine.step = 1
        torch.manual_seed(0)
        real, fake = 0.1 * torch.randn(2, 1, 1, 8192)
        total, parts = engine.recipe.generator_losses(real, fake)
        totals.append(total.item())
        metrics = engine.recipe.train_step([next(engine.batches())])
        assert "discriminator/loss" in metrics and np.isfinite(metrics["loss"])
    assert totals[0] == pytest.approx(totals[1], rel=1e-6)
    assert {"lmos", "gen_loss", "feature_loss", "lmos_features"} <= set(parts)


def test_a_vocoder_without_a_judged_loss_needs_no_discriminator(places, tiny_corpus, monkeypatch):
    monkeypatch.setitem(losses, "loudness", loudness)
    listed = (LossConfig("l1_mel_loss", 45.0), LossConfig("loudness", 0.1))
    engine = engine_of("embedded-hifigan", tiny_corpus, places / "alone", losses=listed, generator_only_steps=0)
    engine.step = 1
    metrics = engine.recipe.train_step([next(engine.batches())])
    assert "discriminator/loss" not in metrics
    expected = 45 * metrics["l1_mel_loss"] + 0.1 * metrics["loudness"]
    assert metrics["loss"] == pytest.approx(expected, rel=1e-5)


def test_a_vocoder_that_lists_hifigans_losses_learns_what_hifigan_learns(places, tiny_corpus):
    terms = (LossConfig("l1_mel_loss", 45.0), LossConfig("gen_loss", 1.0), LossConfig("feature_loss", 2.0))
    totals = []
    for listed in ((), terms):
        engine = engine_of(
            "embedded-hifigan", tiny_corpus, places / f"run{len(listed)}",
            losses=listed, generator_only_steps=0, stft_weight=0.0,
        )  # fmt: skip
        engine.step = 1
        torch.manual_seed(0)
        totals.append(engine.recipe.generator_losses(*(0.1 * torch.randn(2, 1, 1, 4096)))[0].item())
    assert totals[0] == pytest.approx(totals[1], rel=1e-6)


def test_pesq_and_opinions_are_losses_that_a_better_signal_lowers():
    """Points lost, and an opinion with a minus: both fall as noise does."""
    from speechlab.losses.enhancement import make_pesq, pesq, utmos

    time = torch.arange(16_000) / 16_000
    clean = (0.3 * torch.sin(2 * torch.pi * 300 * time) * (1 + torch.sin(2 * torch.pi * 4 * time)))[None, None]
    noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(0))
    distance = make_pesq()
    lost = [pesq(clean + level * noise, clean, distance, 16_000).item() for level in (0.1, 0.03, 0.01, 0.0)]
    assert lost == sorted(lost, reverse=True) and lost[-1] == pytest.approx(0, abs=1e-3)
    better, worse = (utmos(clean, lambda _, mos=mos: torch.tensor([mos]), 16_000) for mos in (4.5, 2.0))
    assert better < worse
