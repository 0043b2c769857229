"""HiFi++'s trainer: runs, resumes, learns one crop by heart, and measures what it has done."""

from dataclasses import replace

import pytest
import torch

from speechlab.audio.resample import resample_tensor
from speechlab.checkpoints import read_checkpoint
from speechlab.config import AudioSpec, DegradationConfig, PairsConfig
from speechlab.experiments import load_experiment
from speechlab.models import build
from speechlab.registry import trainers
from speechlab.training import train
from speechlab.training.engine import Engine
from speechlab.training.logs import read_log
from speechlab.training.recipes.hifipp import measure

pytestmark = pytest.mark.slow

SIZES = dict(channels=32, spectral_widths=(4, 4, 8, 8, 8), spectral_depth=1, wave_widths=(8, 8, 16, 16), wave_depth=1,
             mask_widths=(4, 4, 8, 8), mask_depth=1)  # fmt: skip


def tiny(name, corpus, n_validation=1, **training):
    """A smoke experiment on the tiny corpus, with steps that take milliseconds; the judges begin at the third."""
    experiment = load_experiment(name)
    settings = dict(steps=4, batch_size=2, checkpoint_every=2, log_every=1, render_every=4, validate_every=4)
    return replace(
        experiment,
        data=PairsConfig(clean=(str(corpus / "wavs"),), n_validation=n_validation),
        degradation=replace(experiment.degradation, room_probability=0),
        model=replace(experiment.model, **SIZES),
        discriminator=replace(experiment.discriminator, width=0.03),
        segment_length=4096,
        generator_only_steps=2,
        training=replace(experiment.training, **{**settings, "n_threads": 1, **training}),
    )


def losses(run_dir):
    return [record["loss"] for record in read_log(run_dir) if "loss" in record]


@pytest.mark.parametrize(("name", "variant"), [("embedded-denoise", "a2a_hifi++_gen"), ("embedded-bwe", "hifi++_gen")])
def test_it_runs_and_resumes(places, tiny_corpus, name, variant):
    def experiment(**training):
        made = tiny(name, tiny_corpus, **training)
        return replace(made, model=replace(made.model, name=variant))

    whole, halved = train(experiment()), places / "halved"
    train(experiment(steps=2), halved)
    train(experiment(), halved)
    assert losses(halved) == losses(whole.run_dir) and len(losses(halved)) == 4
    records = read_log(whole.run_dir)
    assert [record["step"] for record in records if "discriminator/loss_per_network" in record] == [3, 4]
    assert {"validation/mel_l1", "validation/si_sdr", "validation/input_mel_l1"} <= {
        key for row in records for key in row
    }

    found = read_checkpoint(whole.checkpoint)
    build(found.card["model"], **found.card["sizes"]).load_state_dict(found.weights)
    task = ("denoising", 8000) if name == "embedded-denoise" else ("bandwidth extension", 4000)
    assert (found.card["model"], found.card["task"], found.card["input_band_hz"]) == (variant, *task)


def test_a_deep_filter_runs_resumes_and_learns_one_batch(places, tiny_corpus):
    def experiment(**training):
        settings = dict(steps=4, batch_size=2, checkpoint_every=2, log_every=1, render_every=4, validate_every=4)
        made = load_experiment("folders-denoise")
        return replace(
            made,
            data=PairsConfig(clean=(str(tiny_corpus / "wavs"),), n_validation=1),
            degradation=replace(made.degradation, babble=(str(tiny_corpus / "wavs"),), babble_share=0.5),
            model=replace(made.model, widths=(4, 8, 8), channels=32, intermediate_channels=64, dilations=(1, 2)),
            segment_length=8192,
            pesq_weight=0.0,
            optimiser=replace(made.optimiser, schedule="constant", warmup_steps=0, learning_rate=5e-3),
            training=replace(made.training, **{**settings, "n_threads": 1, **training}),
        )

    whole, halved = train(experiment()), places / "halved"
    train(experiment(steps=2), halved)
    train(experiment(), halved)
    assert losses(halved) == losses(whole.run_dir) and len(losses(halved)) == 4
    card = read_checkpoint(whole.checkpoint).card
    assert (card["model"], card["role"], card["task"]) == ("deep_filter_gen", "enhancer", "denoising")

    engine = Engine(trainers["deep_filter_trainer"](experiment(steps=150)), places / "one batch")
    batch, history = next(engine.batches()), []
    for engine.step in range(1, 151):
        history.append(engine.recipe.train_step([batch])["spectrum"])
        if history[-1] < history[0] / 4:
            break
    assert history[-1] < history[0] / 4


def test_the_total_is_the_weighted_sum_of_what_is_logged(places, tiny_corpus):
    weights = {"mel_l1": 0.5, "stft": 2.0, "spectrum": 10.0, "pesq": 3.0}
    named = {f"{name.removesuffix('_l1')}_weight": weight for name, weight in weights.items()}
    experiment = replace(tiny("embedded-denoise", tiny_corpus, steps=1), segment_length=8192, **named)
    record = next(record for record in read_log(train(experiment).run_dir) if "loss" in record)
    assert record["loss"] == pytest.approx(sum(weight * record[name] for name, weight in weights.items()))
    assert 0 < record["pesq"] < 4  # points of PESQ that are lost


def test_one_crop_is_overfitted(places, tiny_corpus):
    experiment = load_experiment("embedded-denoise")
    sizes = dict(spectral_widths=(8, 8, 8, 16, 16), spectral_depth=1, wave_depth=1, mask_depth=1)
    experiment = replace(
        experiment,
        data=PairsConfig(clean=(str(tiny_corpus / "wavs"),), n_validation=0),
        degradation=DegradationConfig(snr_db=(0.0, 0.0), room_probability=0, effects=0, codec_probability=0),
        model=replace(experiment.model, **sizes),
        discriminator=replace(experiment.discriminator, width=0.03),
        optimiser=replace(experiment.optimiser, learning_rate=2e-3),
        segment_length=8192,
        generator_only_steps=200,
        mel_weight=45.0,
        training=replace(experiment.training, batch_size=1, steps=200, n_threads=1),
    )
    engine = Engine(trainers[experiment.recipe](experiment), places / "run")
    batch, history = next(engine.batches()), []
    for engine.step in range(1, 201):
        history.append(engine.recipe.train_step([batch])["mel_l1"])
        if history[-1] < history[0] / 2:
            break
    assert history[-1] < history[0] / 2


def test_an_output_of_a_higher_rate_is_compared_with_the_input_brought_to_it():
    time = torch.arange(16_000) / 16_000
    degraded = (2 * torch.pi * 440 * time).sin()[None, None] / 2
    clean = resample_tensor(degraded, 16_000, 48_000)
    hum = 0.05 * (2 * torch.pi * 50 * torch.arange(48_000) / 48_000).sin()  # a tenth of the amplitude: -20 dB
    numbers = measure({"a": (degraded, clean)}, lambda heard: clean + hum, AudioSpec(sample_rate=48_000))
    assert numbers["input_mel_l1"] == 0 < numbers["mel_l1"]
    assert numbers["si_sdr"] == pytest.approx(20, abs=0.1)
