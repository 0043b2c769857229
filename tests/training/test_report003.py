"""Report 003: L1 of durations and logarithms of energy, every loss in the log; four models that differ as it says."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from speechlab.checkpoints import read_checkpoint
from speechlab.experiments import load_experiment
from speechlab.losses.acoustic import duration_loss
from speechlab.models.fastspeech import FastSpeech2
from speechlab.training import train
from speechlab.training.identity import differences, settings_of
from speechlab.training.logs import read_log

FOUR = [f"report003-fastspeech{version}-{norm}" for version in ("", "2") for norm in ("pre", "post")]


def test_an_absolute_error_counts_far_ones_less():
    mask = torch.ones(1, 2, dtype=torch.bool)
    durations = torch.zeros(1, 2)
    near, far = torch.tensor([[1.0, 1.0]]), torch.tensor([[0.0, 2.0]])
    assert duration_loss(near, durations, mask, "l1") == duration_loss(far, durations, mask, "l1") == 1
    assert duration_loss(far, durations, mask) == 2 * duration_loss(near, durations, mask)


def test_a_louder_voice_is_louder_by_the_same_factor_on_both_scales():
    for log in (False, True):
        model = FastSpeech2(10, channels=32, energy_mean=3.0, energy_std=0.5, energy_log=log, encoder_layers=1,
                            decoder_layers=1, filter_channels=32, predictor_channels=32)  # fmt: skip
        energy, mask = torch.tensor([[0.3, -0.2]]), torch.ones(1, 2, dtype=torch.bool)
        magnitude = lambda values: values * 0.5 + 3.0 if not log else (values * 0.5 + 3.0).exp()  # noqa: B023, E731
        louder = model.scale_energy(energy, 2.0, mask)
        torch.testing.assert_close(magnitude(louder), 2 * magnitude(energy))


def test_the_four_differ_in_the_model_and_its_norm_alone():
    settings = {name: settings_of(load_experiment(name, "full")) for name in FOUR}
    for version in ("", "2"):
        pre, post = (settings[f"report003-fastspeech{version}-{norm}"] for norm in ("pre", "post"))
        assert set(differences(pre, post)) == {"model.pre_norm"}
    first, second = settings[FOUR[0]], settings[FOUR[2]]
    assert set(differences(first, second)) == {"recipe"} and second["energy_scale"] == "log"
    assert first["duration_loss"] == second["duration_loss"] == "l1"


@pytest.mark.parametrize("name", ["embedded-fastspeech2"])
def test_targets_of_the_log_scale_are_standardised_and_every_loss_is_logged(places, name, monkeypatch):
    from speechlab.data.embedded import rendering
    from speechlab.data.embedded.rendering import EmbeddedVoice
    from speechlab.training.recipes import fastspeech

    monkeypatch.setattr(rendering, "VOICES", {"en": (EmbeddedVoice("en-us", 8, 2, 150),)})
    monkeypatch.setattr(fastspeech, "GRIFFIN_LIM_ITERATIONS", 2)
    experiment = load_experiment(name, "smoke", ["energy_scale=log", "duration_loss=l1"])
    small = dict(channels=32, encoder_layers=1, decoder_layers=1, filter_channels=32, predictor_channels=32)
    settings = dict(steps=2, batch_size=2, log_every=1, render_every=2, validate_every=2, checkpoint_every=2)
    result = train(
        replace(
            experiment,
            model=replace(experiment.model, **small),
            training=replace(experiment.training, **settings, n_threads=1),
        )
    )
    logged = [record for record in read_log(result.run_dir) if "loss" in record]
    parts = ("mel", "duration", "pitch", "energy")
    for record in logged:
        assert sum(record[part] for part in parts) == pytest.approx(record["loss"], rel=1e-5)
    sizes = read_checkpoint(result.checkpoint).card["sizes"]
    assert sizes["energy_log"] is True and np.isfinite(sizes["energy_mean"])
