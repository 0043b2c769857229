"""FINALLY's trainers: the stages follow one another, resume, learn, and judge a batch in parts as if it were whole."""

import math
from dataclasses import replace

import pytest
import torch

from speechlab.checkpoints import find_checkpoint, read_checkpoint
from speechlab.config import DegradationConfig, PairsConfig
from speechlab.errors import SpeechlabError
from speechlab.experiments import load_experiment
from speechlab.models import build
from speechlab.models.finally_gan import WAVLM_FIELD, WAVLM_HOP
from speechlab.models.wavlm import WavLM
from speechlab.registry import trainers
from speechlab.training import train
from speechlab.training.engine import Engine
from speechlab.training.logs import read_log
from speechlab.training.recipes.finally_gan import features_of_crops

pytestmark = pytest.mark.slow

STAGES = ("stage1", "stage2", "stage3-pretrain", "stage3")
LMOS = {"loss", "lmos_features", "lmos_spectrum", "gradient_norm/generator"}
GAN = {"adversarial", "feature", "discriminator/loss", "discriminator/loss_per_network", "gradient_norm/discriminator"}
CURVES = {"stage1": LMOS, "stage2": LMOS | GAN, "stage3-pretrain": LMOS, "stage3": LMOS | GAN | {"pesq"}}


def tiny(stage, corpus, n_validation=0, **training):
    """A smoke experiment on the tiny corpus with two small discriminators; WavLM hears half a second more."""
    experiment = load_experiment(f"embedded-finally-{stage}")
    settings = dict(
        steps=2, batch_size=1, checkpoint_every=2, validate_every=2, render_every=2, n_threads=1, precision="fp32"
    )
    experiment = replace(
        experiment,
        data=PairsConfig(clean=(str(corpus / "wavs"),), n_validation=n_validation),
        degradation=DegradationConfig(codec_probability=0, effects=0),
        segment_length=8192 if stage == "stage3" else 4096,  # PESQ takes a third of a second
        training=replace(experiment.training, **{**settings, **training}),
    )
    if hasattr(experiment, "discriminator"):
        judges = replace(experiment.discriminator, filters=2, n_ffts=(1024, 256))
        experiment = replace(experiment, discriminator=judges)
    return experiment


def engine_of(experiment, run_dir):
    return Engine(trainers[experiment.recipe](experiment), run_dir)


def losses(run_dir):
    return [record["loss"] for record in read_log(run_dir) if "loss" in record]


def test_the_stages_run_in_sequence_and_resume(places, tiny_corpus, capsys):
    for stage in STAGES:
        whole = train(tiny(stage, tiny_corpus))
        halved = places / f"{stage}-halved"
        train(tiny(stage, tiny_corpus, steps=1), halved)
        train(tiny(stage, tiny_corpus), halved)
        assert losses(halved) == losses(whole.run_dir) and len(losses(halved)) == 2, stage
        for name in CURVES[stage]:
            curve = [record[name] for record in read_log(whole.run_dir) if name in record]
            assert len(curve) == 2 and all(map(math.isfinite, curve)), (stage, name)
        said = capsys.readouterr().out
        assert ("starts from generator of" in said) == (stage != "stage1")
        assert ("the head at 48000 Hz starts anew" in said) == (stage == "stage3-pretrain")


def test_the_card_is_enough_to_build_the_generator_again(places, tiny_corpus):
    result = train(replace(tiny("stage3-pretrain", tiny_corpus, n_validation=1, steps=1), initial=""))
    found = read_checkpoint(result.checkpoint)
    build(found.card["model"], **found.card["sizes"]).load_state_dict(found.weights)
    told = {key: found.card[key] for key in ("model", "task", "input_band_hz", "wavlm")}
    assert told == {"model": "finally_gen", "task": "universal enhancement", "input_band_hz": 8000, "wavlm": "tiny"}
    assert found.card["audio"]["sample_rate"] == 16_000 and found.card["sizes"]["sample_rate"] == 48_000
    assert not any("wavlm" in name for name in found.weights)
    numbers = [record for record in read_log(result.run_dir) if "validation/mel_l1" in record]
    assert {"validation/mel_l1", "validation/si_sdr", "validation/input_mel_l1"} <= set(numbers[-1])


@pytest.mark.parametrize("stage", STAGES)
def test_every_trainer_overfits_one_batch(places, tiny_corpus, stage):
    experiment = replace(tiny(stage, tiny_corpus), initial="")
    optimiser = replace(experiment.optimiser, learning_rate=5e-4, warmup_steps=0)
    engine = engine_of(replace(experiment, optimiser=optimiser), places / "run")
    batch, history = next(engine.batches()), []
    for engine.step in range(1, 41):
        history.append(engine.recipe.train_step([batch])["lmos_features"])
        if max(history[-3:]) < history[0] / 2:
            break
    assert max(history[-3:]) < history[0] / 2, history


@pytest.fixture
def exact(monkeypatch):
    """Count in float64, even where float32 is asked for: what is left of a difference is no rounding."""
    monkeypatch.setattr(torch.Tensor, "float", torch.Tensor.double)
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def exact_engine(experiment, run_dir):
    """An engine at its first step, its networks in float64, and a batch."""
    engine = engine_of(experiment, run_dir)
    engine.step = 1
    for network in (*engine.modules.values(), engine.recipe.wavlm):
        network.double()
    batch = next(engine.batches())
    return engine, batch._replace(**{key: getattr(batch, key).double() for key in ("degraded", "clean", "context")})


def gradients(experiment, run_dir, size, n_batches=1):
    """Of generator and discriminator in one step of a batch judged in parts of ``size``, and the step's numbers.

    The batch may come as several, as it does when gradients are accumulated.
    """
    engine, batch = exact_engine(replace(experiment, sub_batch_size=size), run_dir)
    found = {}

    def keep(name, names):
        found.setdefault(name, [value.grad.clone() for value in engine.modules[name].parameters()])
        engine.optimisers[name].zero_grad()
        return 0.0

    engine.update = keep
    step = len(batch.names) // n_batches
    pieces = (slice(first, first + step) for first in range(0, len(batch.names), step))
    metrics = engine.recipe.train_step([type(batch)(*(field[piece] for field in batch)) for piece in pieces])
    return found, metrics


def assert_equal(gradients, others):
    scale = max(gradient.abs().max() for gradient in gradients)
    for gradient, other in zip(gradients, others, strict=True):
        assert (gradient - other).abs().max() <= 1e-8 * scale


@pytest.mark.parametrize("stage", ["stage2", "stage3"])
def test_a_batch_judged_in_parts_gives_the_gradients_of_the_whole(places, tiny_corpus, exact, stage):
    experiment = replace(tiny(stage, tiny_corpus, batch_size=3), initial="", segment_length=8192, pesq_weight=2.0)
    whole, metrics = gradients(experiment, places / "whole", 3)
    for size, n_batches in ((2, 1), (1, 3)):  # parts that are not equal; three batches
        parts, same = gradients(experiment, places / f"parts{size}", size, n_batches)
        assert same == pytest.approx(metrics, rel=1e-8)
        for name, expected in whole.items():
            assert_equal(expected, parts[name])


def test_the_gradient_through_the_copy_is_that_of_the_losses(places, tiny_corpus, exact):
    experiment = replace(tiny("stage2", tiny_corpus, batch_size=2), initial="")
    copied, _ = gradients(experiment, places / "copied", 1)
    engine, batch = exact_engine(experiment, places / "straight")
    total, _ = engine.recipe.generator_losses(batch.clean, engine.recipe.restore(batch))
    total.backward()
    assert_equal(copied["generator"], [value.grad for value in engine.modules["generator"].parameters()])
    assert all(value.grad is None for value in engine.modules["discriminator"].parameters())
    assert all(value.requires_grad for value in engine.modules["discriminator"].parameters())


def test_a_frozen_backbone_stays_while_the_head_learns(places, tiny_corpus):
    experiment = replace(tiny("stage3-pretrain", tiny_corpus, ema_decay=0.9), initial="", freeze_backbone=True)
    engine = engine_of(experiment, places / "run")
    before = {name: value.clone() for name, value in engine.modules["generator"].state_dict().items()}
    engine.step = 1
    engine.recipe.train_step([next(engine.batches())])
    changed = {
        name for name, value in engine.modules["generator"].state_dict().items() if (value != before[name]).any()
    }
    assert changed and all(name.startswith("wide_head.") for name in changed)


def test_a_stage_starts_from_another_generator_only_where_no_more_than_the_head_differs(places, tiny_corpus):
    engine = engine_of(tiny("stage1", tiny_corpus), places / "runs" / "embedded-finally-stage1")
    engine.save()
    engine_of(tiny("stage2", tiny_corpus), places / "stage2").save()
    wide = engine_of(replace(tiny("stage3", tiny_corpus), initial=str(places / "stage2")), places / "stage3")
    given = engine.modules["generator"].state_dict()
    taken = wide.modules["generator"].state_dict()
    assert all((taken[name] == given[name]).all() for name in given if not name.startswith("head."))
    judge = find_checkpoint(places / "stage2").state["networks"]["discriminator"]
    fresh = wide.modules["discriminator"].state_dict()
    assert any((fresh[name] != value).any() for name, value in judge.items())  # stage 2's has learnt at another rate

    larger = replace(tiny("stage2", tiny_corpus), model=replace(tiny("stage2", tiny_corpus).model, size="small"))
    with pytest.raises(SpeechlabError, match="cannot start from .*finally_gen of other parts or sizes") as caught:
        engine_of(larger, places / "larger")
    assert "\n" not in str(caught.value)


def test_a_stage_cannot_start_from_a_vocoder(places, tiny_corpus):
    vocoder = load_experiment("embedded-hifigan", overrides=["discriminator.width=0.03", "training.n_threads=1"])
    vocoder = replace(vocoder, corpus=replace(vocoder.corpus, name="folder", path=str(tiny_corpus)))
    engine_of(vocoder, places / "vocoder").save()
    with pytest.raises(SpeechlabError, match="cannot start from .*hifigan_gen of other parts or sizes"):
        engine_of(replace(tiny("stage2", tiny_corpus), initial=str(places / "vocoder")), places / "run")


@pytest.mark.parametrize(
    ("stage", "changes", "message"),
    [
        ("stage3", {"utmos_weight": 20.0}, "speechlab weights get utmos-v1"),
        ("stage1", {"wavlm": "wavlm-large"}, "speechlab weights get wavlm-large"),
        ("stage1", {"sub_batch_size": 0}, "sub_batch_size must be at least 1"),
        ("stage1", {"segment_length": 5000}, "multiple of 4096"),
    ],
)
def test_what_is_missing_or_wrong_is_one_clear_line(places, tiny_corpus, stage, changes, message):
    experiment = replace(tiny(stage, tiny_corpus), initial="")
    if "wavlm" in changes:
        changes = {"model": replace(experiment.model, **changes)}
    with pytest.raises(SpeechlabError, match=message) as caught:
        engine_of(replace(experiment, **changes), places / "run")
    assert "\n" not in str(caught.value)


def test_opinions_count_with_their_weight(places, tiny_corpus):
    experiment = replace(tiny("stage3", tiny_corpus), initial="")
    engine = engine_of(experiment, places / "run")
    engine.recipe.utmos = lambda waveform: 3 + waveform.square().mean(1)
    engine.recipe.experiment = replace(experiment, utmos_weight=20.0)
    engine.step, batch = 1, next(engine.batches())
    total, parts = engine.recipe.generator_losses(batch.clean, batch.clean * 0.5)
    weights = dict(lmos_features=0.5, lmos_spectrum=0.5, adversarial=5, feature=15, pesq=2, utmos=20)
    assert total.item() == pytest.approx(sum(weights[name] * loss.item() for name, loss in parts.items()))
    assert parts["utmos"] < -3


def test_frames_of_a_crop_lie_where_those_of_the_crop_alone_would():
    wavlm = WavLM.tiny()
    context = torch.randn(2, 1, 24_000, generator=torch.Generator().manual_seed(0))
    starts = torch.tensor([6400, 15_680])
    cut = features_of_crops(wavlm(context, feature="conv"), starts, 4096)
    crops = torch.stack([item[:, start : start + 4096] for item, start in zip(context, starts.tolist(), strict=True)])
    alone = wavlm(crops, feature="conv")
    assert cut.shape[-1] == 4096 // WAVLM_HOP + 1 and alone.shape[-1] == (4096 - WAVLM_FIELD) // WAVLM_HOP + 1
    same = torch.nn.functional.cosine_similarity(cut[..., : alone.shape[-1]], alone, dim=1)
    assert same.min() > 0.99  # but for the level, which is normalised over what is heard


def test_crops_begin_on_the_grid_of_wavlm_and_their_context_holds_them(places, tiny_corpus):
    recipe = engine_of(tiny("stage1", tiny_corpus), places / "run").recipe
    batch = recipe.collate([recipe.dataset[(0, index)] for index in range(3)])
    assert batch.context.shape == (3, 1, 16_384) and not (batch.starts % WAVLM_HOP).any() and batch.starts.any()
    for context, start, degraded in zip(batch.context, batch.starts.tolist(), batch.degraded, strict=True):
        assert torch.equal(context[:, start : start + 4096], degraded)


def test_in_fp16_the_scale_counts_once(places, tiny_corpus):
    from lightning.fabric.plugins.precision import MixedPrecision

    engine = engine_of(tiny("stage1", tiny_corpus), places / "run")
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
    engine.fabric._precision = engine.fabric._strategy.precision = MixedPrecision("16-mixed", "cpu", scaler)
    weight = torch.tensor([3.0], requires_grad=True)
    made = weight * 2
    leaf = made.detach().requires_grad_()
    engine.backward(leaf.square().sum(), [])  # as if through judges
    engine.backward(made, [], leaf.grad)
    assert weight.grad.item() == 1024 * 2 * 6 * 2
