"""GlowTTS learns sixteen utterances and their durations, resumes to the bit, and counts its schedule in steps."""

import shutil
from dataclasses import replace

import pytest
import soundfile
import torch

from speechlab.checkpoints import read_checkpoint
from speechlab.config import CorpusConfig, GlowTTSExperiment
from speechlab.data.embedded import rendering as embedded
from speechlab.data.embedded.rendering import EmbeddedVoice
from speechlab.display.alignments import read_alignments, show_alignments
from speechlab.errors import SpeechlabError
from speechlab.experiments import load_experiment
from speechlab.registry import trainers
from speechlab.training import train
from speechlab.training.engine import Engine
from speechlab.training.logs import read_log
from speechlab.training.recipes import glowtts
from tests.training.conftest import RATE, hum

pytestmark = pytest.mark.slow

SMALL = dict(
    channels=48, encoder_layers=2, filter_channels=96, predictor_channels=48, n_flows=3, flow_channels=32, flow_layers=2
)


@pytest.fixture(scope="module")
def sixteen(tmp_path_factory):
    """Data folder with sixteen sentences of the Russian embedded voice to learn, and four held out."""
    folder = tmp_path_factory.mktemp("sixteen")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(embedded, "VOICES", {"ru": (EmbeddedVoice("ru", 16, 4, 150),)})
        patch.setattr(glowtts, "GRIFFIN_LIM_ITERATIONS", 2)
        patch.setenv("SPEECHLAB_DATA", str(folder / "data"))
        patch.setenv("SPEECHLAB_RUNS", str(folder / "runs"))
        yield folder


def small(**training) -> GlowTTSExperiment:
    """The smoke experiment with steps of a twentieth of a second."""
    experiment = load_experiment("embedded-ru-glowtts")
    settings = dict(steps=120, batch_size=8, log_every=1, render_every=60, validate_every=120, checkpoint_every=120)
    return replace(
        experiment,
        model=replace(experiment.model, **SMALL),
        optimiser=replace(experiment.optimiser, learning_rate=4e-3, warmup_steps=30),
        training=replace(experiment.training, **{**settings, **training}),
    )


def column(run_dir, name):
    return [record[name] for record in read_log(run_dir) if name in record]


@pytest.fixture(scope="module")
def learned(sixteen):
    return train(small())


def test_the_likelihood_of_sixteen_utterances_keeps_rising(learned):
    curve = column(learned.run_dir, "negative_log_likelihood")
    quarters = [sum(curve[first : first + 30]) / 30 for first in (0, 30, 60, 90)]
    assert quarters == sorted(quarters, reverse=True) and quarters[-1] < min(0.0, curve[0] - 1.0), quarters
    losses = zip(curve, column(learned.run_dir, "duration"), column(learned.run_dir, "loss"), strict=True)
    assert all(loss == pytest.approx(likelihood + duration, abs=1e-5) for likelihood, duration, loss in losses)


def test_what_is_aligned_comes_near_the_true_timings(learned):
    found = {name: values[-1] for name in read_log(learned.run_dir)[-1] if (values := column(learned.run_dir, name))}
    assert found["validation/duration_error_ms"] <= 25
    assert found["validation/boundary_error_ms"] <= 40 and abs(found["validation/boundary_bias_ms"]) <= 30
    assert found["validation/predicted_duration_error_ms"] <= 50 and 0.7 < found["validation/length_ratio"] < 1.5


def test_alignments_are_kept_beside_what_is_rendered(learned):
    kept = read_alignments(learned.run_dir)
    assert list(kept) == [0, 60, 120]
    for items in kept.values():
        for item in items.values():
            assert len(item["symbols"]) == len(item["durations"]) == len(item["true"])
            assert sum(item["durations"]) == sum(item["true"]) // 2 * 2  # the flow leaves out an odd last frame
    assert (learned.run_dir / "renders" / "step-0000120" / "sentence.wav").is_file()
    assert len(show_alignments(learned.run_dir, small().audio, n_steps=3).axes) == 3
    with pytest.raises(SpeechlabError, match="no alignment of 'other'"):
        show_alignments(learned.run_dir, small().audio, name="other")


def test_what_tells_a_flow_that_blows_up_is_logged(learned):
    for name in ("coupling_log_scale", "norm_log_scale", "mixing_log_det"):
        values = column(learned.run_dir, f"flow/{name}")
        assert len(values) == 120 and 0 < max(values) < 7, name


def test_a_run_that_was_stopped_goes_on_to_the_bit(sixteen):
    settings = dict(checkpoint_every=3, render_every=100, validate_every=100, ema_decay=0.99)
    whole = train(small(steps=6, **settings), sixteen / "whole")
    halved = train(small(steps=3, **settings), sixteen / "halved")
    assert read_checkpoint(halved.checkpoint).card["initialised_on"] == 16
    resumed = train(small(steps=6, **settings), sixteen / "halved")
    assert resumed.step == 6 and len(column(resumed.run_dir, "loss")) == 6
    for name in ("loss", "gradient_norm/acoustic", "flow/norm_log_scale"):
        assert column(resumed.run_dir, name) == column(whole.run_dir, name), name
    weights = [read_checkpoint(run.checkpoint).weights for run in (whole, resumed)]
    assert all((weights[0][name] == weights[1][name]).all() for name in weights[0])


def test_the_learning_rate_is_counted_in_steps_not_epochs(sixteen):
    experiment = small(steps=8, render_every=100, validate_every=100)
    experiment = replace(experiment, optimiser=replace(experiment.optimiser, learning_rate=1e-3, warmup_steps=2))
    rates = column(train(experiment, sixteen / "rates").run_dir, "learning_rate")  # two steps are an epoch
    assert [rates[step - 1] for step in (1, 2, 8)] == pytest.approx([0.5e-3, 1e-3, 0.5e-3])


def test_the_flow_starts_standard_on_what_it_is_to_learn(sixteen):
    engine = Engine(trainers["glowtts"](small()), sixteen / "fresh")
    recipe = engine.recipe
    (batch,) = [next(engine.batches())]
    with torch.no_grad():
        latent, _ = recipe.model.flow(recipe.model.standardised(batch.mel), batch.mel_lengths)
    frames = batch.mel_lengths // 2 * 2
    real = [item[:, :length].flatten() for item, length in zip(latent, frames.tolist(), strict=True)]
    spread = sum(float(item.square().sum()) for item in real) / sum(len(item) for item in real)
    assert spread == pytest.approx(1.0, abs=0.1)
    noisy = recipe.dequantised(batch.mel) - batch.mel
    assert (noisy.std((0, 2)) / recipe.model.mel_std).mean().item() == pytest.approx(0.01, rel=0.1)


def test_what_is_too_short_too_long_or_too_full_of_text_is_counted(places, tiny_corpus, tmp_path, capsys):
    corpus = shutil.copytree(tiny_corpus, tmp_path / "corpus")
    for name, seconds in (("clip0", 0.45), ("clip1", 12.2), ("clip2", 0.6)):
        soundfile.write(corpus / "wavs" / f"{name}.wav", hum(seconds, 120, 0), RATE)
    lines = (corpus / "metadata.csv").read_text(encoding="utf-8").splitlines()
    lines[0], lines[2] = "clip0|Oh.", "clip2|Rain fell all day long, all day long, all day long."
    (corpus / "metadata.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    config = CorpusConfig(name="folder", path=str(corpus), n_validation=2)
    experiment = replace(small(steps=1, render_every=100), corpus=config)
    assert train(experiment).step == 1
    said = capsys.readouterr().out
    assert "1 shorter than 0.5 s" in said and "1 longer than 12 s" in said and "1 with fewer frames than tokens" in said


def test_few_utterances_do_not_set_the_norms():
    with pytest.raises(SpeechlabError, match="n_initialisation must be at least 64 .*got 8"):
        load_experiment("embedded-ru-glowtts", overrides=["n_initialisation=8"])
