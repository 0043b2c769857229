"""Every trainer runs, resumes, and overfits one batch."""

import os
import shutil
import signal
from dataclasses import replace
from functools import partial

import pytest
import torch

from speechlab.checkpoints import write_checkpoint
from speechlab.config import CorpusConfig, to_dict
from speechlab.errors import SpeechlabError
from speechlab.experiments import load_experiment
from speechlab.registry import trainers
from speechlab.training import train
from speechlab.training.engine import Engine
from speechlab.training.logs import read_log

pytestmark = pytest.mark.slow

SMALL = dict(channels=32, encoder_layers=1, decoder_layers=1, filter_channels=64, predictor_channels=32)


def tiny(name, corpus, **training):
    """A smoke experiment on the tiny corpus, with steps that take milliseconds."""
    experiment = load_experiment(name)
    settings = dict(steps=20, batch_size=2, log_every=1, checkpoint_every=10, render_every=100, validate_every=20)
    experiment = replace(
        experiment,
        corpus=CorpusConfig(name="folder", path=str(corpus), n_validation=2),
        training=replace(experiment.training, **{**settings, "n_workers": 0, **training}),
    )
    if name.startswith("embedded-fastspeech"):
        steady = replace(experiment.optimiser, schedule="noam")  # cosine would depend on the number of steps
        model = replace(experiment.model, **SMALL)
        return replace(experiment, model=model, optimiser=steady, aligner="tiny-aligner")
    if name == "embedded-vocos":
        steady = replace(experiment.optimiser, schedule="constant")
        model = replace(experiment.model, channels=32, intermediate_channels=64, n_layers=2)
        return replace(experiment, segment_length=4096, generator_only_steps=12, model=model, optimiser=steady)
    if name == "embedded-hifigan":
        discriminator = replace(experiment.discriminator, names=("mpd", "msd", "ms-stft_disc"), width=0.03)
        return replace(experiment, segment_length=4096, generator_only_steps=12, discriminator=discriminator)
    return replace(experiment, name="tiny-aligner")


def losses(run_dir):
    return [record["loss"] for record in read_log(run_dir) if "loss" in record]


def test_each_trainer_runs_and_resumes(places, tiny_corpus):
    for name in (
        "embedded-aligner",
        "embedded-fastspeech",
        "embedded-fastspeech2",
        "embedded-hifigan",
        "embedded-vocos",
    ):
        whole = train(tiny(name, tiny_corpus))
        halved = places / f"{name}-halved"
        train(tiny(name, tiny_corpus, steps=10), halved)
        resumed = train(tiny(name, tiny_corpus), halved)
        assert resumed.step == whole.step == 20, name
        assert losses(halved) == losses(whole.run_dir) and len(losses(halved)) == 20, name
        assert all(torch.isfinite(torch.tensor(losses(halved)))), name


@pytest.fixture
def places(places, monkeypatch, features):
    """Runs of this test in a folder of its own; features are computed once."""
    monkeypatch.setenv("SPEECHLAB_DATA", str(features))
    return places


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, features, tiny_corpus):
    """Losses of twelve steps that no signal stopped."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPEECHLAB_DATA", str(features))
        patch.setenv("SPEECHLAB_RUNS", str(tmp_path_factory.mktemp("runs")))
        return losses(train(tiny("embedded-aligner", tiny_corpus, steps=12)).run_dir)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signals to send")
@pytest.mark.parametrize("number", [15, 1, 2])  # SIGTERM, SIGHUP, SIGINT
def test_a_signal_leaves_a_checkpoint_of_its_step_and_changes_nothing(
    places, tiny_corpus, undisturbed, monkeypatch, capsys, request, number
):
    step_of_engine = Engine.train_one

    def train_one(engine, batches):
        if engine.step == 7:
            signal.raise_signal(number)
        step_of_engine(engine, batches)

    monkeypatch.setattr(Engine, "train_one", train_one)
    handler, stopped = signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL, places / "stopped"
    request.addfinalizer(
        partial(signal.signal, number, signal.signal(number, handler))
    )  # a background job ignores some
    with pytest.raises((SystemExit, KeyboardInterrupt)) as left:
        train(tiny("embedded-aligner", tiny_corpus, steps=12), stopped)
    assert getattr(left.value, "code", 130) == 128 + number and signal.getsignal(number) == handler
    assert "stopped at step 7" in (said := capsys.readouterr().out) and "train again" in said
    assert (stopped / "checkpoints" / "step-0000007").is_dir()
    train(tiny("embedded-aligner", tiny_corpus, steps=12), stopped)
    assert "(0 steps lost)" in capsys.readouterr().out
    assert losses(stopped) == undisturbed and len(losses(stopped)) == 12


def one_batch(experiment, run_dir, steps, learned=lambda first, latest: False):
    """Train on one batch over and over, until it is learned; the engine and the metrics of every step."""
    engine = Engine(trainers[experiment.recipe](experiment), run_dir)
    (batch,) = [next(engine.batches())]
    history = []
    for engine.step in range(1, steps + 1):
        history.append(engine.recipe.train_step([batch]))
        if learned(history[0], history[-1]):
            break
    return engine, history


def test_hifigan_overfits_one_batch_to_a_third(places, tiny_corpus):
    experiment = tiny("embedded-hifigan", tiny_corpus, batch_size=2, precision="fp32", steps=200)
    experiment = replace(
        experiment, generator_only_steps=200, optimiser=replace(experiment.optimiser, learning_rate=2e-3)
    )

    def learned(first, latest):
        return latest["mel_l1"] <= first["mel_l1"] / 3

    _, history = one_batch(experiment, places / "run", 200, learned)
    assert learned(history[0], history[-1])


@pytest.mark.parametrize(("model", "share"), [("vocos_gen", 0.5), ("source_vocos_gen", 0.75)])  # one starts lower
def test_vocos_overfits_one_batch(places, tiny_corpus, model, share):
    experiment = tiny("embedded-vocos", tiny_corpus, batch_size=2, steps=200)
    sizes = replace(experiment.model, name=model, channels=96, intermediate_channels=192, n_layers=3)
    experiment = replace(experiment, generator_only_steps=200, model=sizes)
    engine, history = one_batch(experiment, places / "run", 200)
    assert min(step["mel_l1"] for step in history[-10:]) <= share * history[0]["mel_l1"]
    if model == "source_vocos_gen":  # and it reads the pitch off the mel, within a semitone
        engine.step = 0
        batch = next(engine.batches())  # the one that was learned
        track = engine.modules["generator"].track(engine.recipe.mel(batch.waveform))
        voiced = batch.pitch > 0
        assert (torch.log2(track.frequency / batch.pitch)[voiced].abs() * 12).median() < 1


def test_the_generators_step_leaves_no_gradient_in_the_discriminators(places, tiny_corpus):
    engine = Engine(trainers["vocos_trainer"](tiny("embedded-vocos", tiny_corpus)), places / "run")
    engine.step, batches = 13, engine.batches()
    metrics = engine.recipe.train_step([next(batches)])
    assert {"adversarial", "feature", "discriminator/loss", "pitch"} <= metrics.keys()
    parameters = list(engine.modules["discriminator"].parameters())
    assert all(parameter.grad is None and parameter.requires_grad for parameter in parameters)


def test_the_aligner_overfits_one_batch_into_a_sharp_alignment(places, tiny_corpus):
    experiment = replace(
        tiny("embedded-aligner", tiny_corpus, batch_size=4), binarisation_start=100, binarisation_full=150
    )
    _, history = one_batch(experiment, places / "run", 200)
    assert history[-1]["alignment/sharpness"] >= 0.8


@pytest.mark.parametrize("name", ["embedded-fastspeech", "embedded-fastspeech2"])
def test_fastspeech_overfits_one_batch(places, tiny_corpus, name):
    train(tiny("embedded-aligner", tiny_corpus))
    experiment = tiny(name, tiny_corpus, batch_size=2, steps=400)
    sizes = dict(channels=96, encoder_layers=2, decoder_layers=2, filter_channels=192, dropout=0.0)
    optimiser = replace(experiment.optimiser, learning_rate=2e-3, schedule="cosine", warmup_steps=20, weight_decay=0.0)
    experiment = replace(experiment, model=replace(experiment.model, **sizes), optimiser=optimiser)
    _, history = one_batch(experiment, places / "run", 400, lambda first, latest: latest["mel"] <= 0.15)
    assert history[-1]["mel"] <= 0.15


@pytest.mark.parametrize(("emulated", "precision"), [(True, "fp32"), (False, "bf16")])
def test_bf16_is_not_emulated_on_a_cpu(monkeypatch, capsys, emulated, precision):
    from speechlab.training import engine as module

    monkeypatch.setattr(module, "emulates_bf16", lambda: emulated)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert module.choose_precision("bf16") == precision and module.choose_precision("auto") == "fp32"
    assert ("emulate" in capsys.readouterr().out) == emulated


def test_a_run_of_nan_steps_stops_with_a_diagnosis_and_keeps_the_checkpoint(places, tiny_corpus, monkeypatch):
    experiment = tiny("embedded-aligner", tiny_corpus)
    engine = Engine(trainers["aligner"](experiment), places / "run")
    engine.step = 5
    engine.save()
    with torch.no_grad():
        engine.modules["aligner"].embedding.weight.fill_(torch.nan)
    with pytest.raises(SpeechlabError, match="5 steps in a row had to be skipped.*clip") as caught:
        engine.run()
    assert "clip" in str(caught.value)  # names files of the batch
    assert "not finite" in (places / "run" / "health.json").read_text(encoding="utf-8")
    assert (places / "run" / "checkpoints" / "step-0000005").is_dir()


def test_a_training_waits_for_a_full_disk_and_gives_up_in_the_end(places, tiny_corpus, monkeypatch, capsys):
    from speechlab.training import engine as module

    tries = []

    def full_disk(folder, *arguments):
        tries.append(folder.name)
        if places.name in tries or tries.count("step-0000010") in (1, 2):
            raise OSError(28, "No space left on device")
        write_checkpoint(folder, *arguments)

    monkeypatch.setattr(module, "write_checkpoint", full_disk)
    monkeypatch.setattr(module, "RETRY_S", 0.01)
    result = train(tiny("embedded-aligner", tiny_corpus))
    assert result.step == 20 and tries.count("step-0000010") == 3  # nothing was lost, and no step taken meanwhile
    assert capsys.readouterr().out.count("paused at step 10") == 2
    assert "disk is full" in (result.run_dir / "health.json").read_text(encoding="utf-8")
    monkeypatch.setattr(module, "WAIT_FOR_DISK_S", 0.05)
    tries.append(places.name)
    with pytest.raises(SpeechlabError, match="without a checkpoint of it.*disk is full"):
        train(tiny("embedded-aligner", tiny_corpus), places / "full")


def test_a_render_or_a_log_that_does_not_fit_never_ends_a_run(places, tiny_corpus, monkeypatch, capsys):
    from speechlab.training.logs import RunLog

    def full_disk(*arguments):
        raise OSError(28, "No space left on device")

    for name in ("write_renders", "write", "write_health", "add_step"):
        monkeypatch.setattr(RunLog, name, full_disk)
    assert train(tiny("embedded-aligner", tiny_corpus)).step == 20
    assert capsys.readouterr().out.count("the log could not be written") == 1


def test_a_corpus_without_transcripts_is_refused_with_its_reason(places, tiny_corpus, tmp_path):
    shutil.copytree(tiny_corpus / "wavs", tmp_path / "wavs")
    with pytest.raises(SpeechlabError, match=r"set aside, \d+ of them for: no transcript.*quarantine\.csv"):
        train(tiny("embedded-aligner", tmp_path / "wavs"))


def test_another_corpus_does_not_continue_a_run(places, tiny_corpus):
    result = train(tiny("embedded-aligner", tiny_corpus, steps=2))
    other = tiny("embedded-aligner", tiny_corpus, steps=4)
    with pytest.raises(SpeechlabError, match="corpus.n_utterances was 0 and is 3.*--run"):
        train(replace(other, corpus=replace(other.corpus, n_utterances=3)), result.run_dir)


def test_a_broken_recording_is_left_out_of_a_vocoder_training(places, tiny_corpus, tmp_path, capsys):
    corpus = shutil.copytree(tiny_corpus, tmp_path / "corpus")
    (corpus / "wavs" / "clip3.wav").write_bytes(b"RIFF no audio")
    (corpus / "wavs" / "clip5.wav").write_bytes(b"")
    assert train(tiny("embedded-hifigan", corpus, steps=5)).step == 5
    assert "left out" in capsys.readouterr().out


def test_accumulating_two_halves_gives_the_gradient_of_the_whole(places, tiny_corpus):
    experiment = tiny("embedded-hifigan", tiny_corpus, precision="fp32")
    norms = {}
    for name, accumulate in (("whole", 1), ("halves", 2)):
        settings = replace(experiment.training, batch_size=4 // accumulate, accumulate=accumulate)
        engine = Engine(trainers["hifigan_trainer"](replace(experiment, training=settings)), places / name)
        engine.step, batches = 1, engine.batches()
        norms[name] = engine.recipe.train_step([next(batches) for _ in range(accumulate)])["gradient_norm/generator"]
    assert norms["halves"] == pytest.approx(
        norms["whole"], rel=0.05
    )  # the STFT loss's ratio is per batch, not per item


def test_the_card_says_what_is_needed_to_build_the_model_again(places, tiny_corpus):
    from speechlab.checkpoints import read_checkpoint
    from speechlab.models import build

    result = train(tiny("embedded-hifigan", tiny_corpus, steps=2))
    found = read_checkpoint(result.checkpoint)
    build(found.card["model"], **found.card["sizes"]).load_state_dict(found.weights)
    assert found.card["audio"] == to_dict(load_experiment("embedded-hifigan").audio) and found.card["steps"] == 2


def test_a_vocoder_is_fine_tuned_on_teacher_forced_mels_from_the_weights_of_another_run(places, tiny_corpus, capsys):
    train(tiny("embedded-aligner", tiny_corpus))
    train(tiny("embedded-fastspeech2", tiny_corpus, steps=5))
    base = train(tiny("embedded-hifigan", tiny_corpus, steps=14))
    experiment = tiny("embedded-hifigan", tiny_corpus, steps=4)
    experiment = replace(experiment, name="tuned", acoustic_model="embedded-fastspeech2", initial=str(base.run_dir))
    engine = Engine(trainers["hifigan_trainer"](experiment), places / "tuned")
    assert "starts from generator, discriminator" in capsys.readouterr().out
    batch = next(engine.batches())
    assert batch.mel.shape == (2, 80, 16) and batch.waveform.shape == (2, 1, 4096)
    assert engine.recipe.dataset.utterances and engine.run().step == 4


def test_a_fastspeech_of_another_language_starts_with_its_own_symbols_and_statistics(places, tiny_corpus, capsys):
    train(tiny("embedded-aligner", tiny_corpus))
    english = train(tiny("embedded-fastspeech2", tiny_corpus, steps=3))
    experiment = replace(tiny("embedded-fastspeech2", tiny_corpus, steps=3), initial=str(english.run_dir))
    engine = Engine(trainers["fastspeech2"](experiment), places / "other")
    model = engine.modules["acoustic"]
    taken = {name: value.clone() for name, value in model.state_dict().items()}
    taken["embedding.weight"] = torch.zeros(7, taken["embedding.weight"].shape[1])  # of seven symbols
    taken["mel_mean"] = taken["mel_mean"] + 1
    taken["decoder.blocks.0.widen.weight"] = taken["decoder.blocks.0.widen.weight"] + 1
    kept = engine.recipe.inherit({"acoustic": taken})["acoustic"]
    assert torch.equal(kept["embedding.weight"], model.embedding.weight)
    assert torch.equal(kept["mel_mean"], model.mel_mean)
    assert torch.equal(kept["decoder.blocks.0.widen.weight"], taken["decoder.blocks.0.widen.weight"])
    assert "symbols anew" in capsys.readouterr().out


def test_a_run_of_other_sizes_is_left_alone(places, tiny_corpus):
    experiment = tiny("embedded-aligner", tiny_corpus, steps=10)
    train(experiment)
    with pytest.raises(SpeechlabError, match="holds another training"):
        train(replace(experiment, model=replace(experiment.model, channels=16)))
