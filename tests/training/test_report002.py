"""Report 002's Glow-TTS by its own settings: letters in both cases, its mels, RAdam, its schedule, Griffin-Lim."""

import math
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch
from studies.gradients import ATTEMPTS, SOUND

from speechlab.audio.griffin_lim import CoquiScale, mel_to_waveform
from speechlab.audio.mel import MelSpectrogram
from speechlab.checkpoints import read_checkpoint
from speechlab.config import AudioSpec, OptimiserConfig
from speechlab.data.store import acoustic_stamp
from speechlab.errors import SpeechlabError
from speechlab.experiments import load_experiment
from speechlab.pipelines.voice import Voice
from speechlab.registry import optimisers
from speechlab.text.graphemes import CasedGraphemes, cased_symbols, make_frontend
from speechlab.training import train
from speechlab.training.logs import read_log
from speechlab.training.schedules import learning_rate

TEXT = "Привет. Это тест модели"


def test_letters_keep_their_case_and_every_one_has_a_number():
    read = CasedGraphemes("ru")
    found = read(TEXT)
    assert "".join(found.symbols) == TEXT and not found.unknown
    assert [word.text for word in found.words] == ["Привет", "Это", "тест", "модели"]
    assert len(set(cased_symbols("ru").ids("Пп"))) == 2
    assert "".join(CasedGraphemes("en")("Dr. Smith came.").symbols) != "dr. smith came."
    with pytest.raises(SpeechlabError, match="nothing to read"):
        read("... !")
    with pytest.raises(SpeechlabError, match="no use for a lexicon"):
        make_frontend("graphemes", "ru", {"замок": "зам+ок"})


def test_a_mel_on_the_reports_scale_lies_within_four_and_becomes_sound_again():
    spec = load_experiment("report002-glowtts").audio
    assert (spec.f_max, spec.centring, spec.scale) == (11_025.0, True, "coqui")
    time = torch.arange(22_050) / 22_050
    waveform = (0.3 * torch.sin(2 * math.pi * 440 * time))[None, None]
    mel = MelSpectrogram(spec)(waveform)
    assert mel.abs().max() <= 4 and mel.min() == -4
    natural = MelSpectrogram(replace(spec, scale="log", log_floor=1e-8))(waveform)
    torch.testing.assert_close(mel, CoquiScale().encode(natural.exp()), atol=1e-4, rtol=0)
    heard = mel_to_waveform(mel, spec, n_iterations=8)[0, 0]
    spectrum = torch.fft.rfft(heard).abs()
    assert abs(spectrum.argmax().item() * 22_050 / len(heard) - 440) < 10  # Hz
    with pytest.raises(SpeechlabError, match="scale"):
        spec.require(replace(spec, scale="log"), "acoustic model", "vocoder")


def test_features_computed_before_there_was_a_scale_are_still_fresh():
    corpus = load_experiment("kathleen-aligner").corpus
    before = {key: value for key, value in asdict(AudioSpec()).items() if key != "scale"}
    assert acoustic_stamp(AudioSpec(), corpus)["spec"] == before
    assert acoustic_stamp(replace(AudioSpec(), scale="coqui"), corpus)["spec"] != before


def test_her_schedule_counts_epochs_where_it_expects_steps():
    config = OptimiserConfig(1e-3, schedule="noam_by_epoch", warmup_steps=4000)
    steps_per_epoch = 2775
    for epoch, rate in ((10, 2.5e-6), (20, 5.0e-6), (50, 1.25e-5)):  # spec 5.6
        assert learning_rate(epoch * steps_per_epoch, config, 10**6, steps_per_epoch) == pytest.approx(rate)


@pytest.mark.parametrize("name", list(optimisers))
def test_every_optimiser_finds_the_bottom_of_a_bowl(name):
    place = torch.nn.Parameter(torch.tensor([3.0, -2.0]))
    optimiser = optimisers[name]([place], OptimiserConfig(0.05, (0.8, 0.99), weight_decay=0.0, name=name))
    for _ in range(300):
        optimiser.zero_grad()
        place.square().sum().backward()
        optimiser.step()
    assert place.abs().max() < 0.1
    kinds = {"adamw": "AdamW", "adam": "Adam", "radam": "RAdam", "sgd": "SGD"}
    assert type(optimiser).__name__ == kinds[name]


def test_what_she_tried_is_in_the_study():
    hers, fair = (cause.conditions for cause in ATTEMPTS)
    assert hers.schedule_by_epoch and not fair.schedule_by_epoch
    for conditions in (hers, fair):
        assert (conditions.rate, conditions.clip_norm) == (SOUND.rate / 5, SOUND.clip_norm / 5)
        assert conditions.longer_warmup == 2


@pytest.mark.parametrize("name", ["report002-glowtts", "report002-glowtts-remedied"])
def test_her_model_trains_and_speaks(places, tiny_corpus, name, monkeypatch):
    from speechlab.training.recipes import glowtts

    monkeypatch.setattr(glowtts, "GRIFFIN_LIM_ITERATIONS", 2)
    experiment = load_experiment(name, "smoke", [f"corpus.path={tiny_corpus}", "corpus.language=en"])
    small = dict(channels=32, encoder_layers=1, filter_channels=32, predictor_channels=32, n_flows=2,
                 flow_channels=16, flow_layers=1)  # fmt: skip
    settings = dict(steps=2, batch_size=2, accumulate=1, n_threads=1, log_every=1, render_every=2, validate_every=2)
    result = train(
        replace(
            experiment,
            model=replace(experiment.model, **small),
            training=replace(experiment.training, **settings),
            corpus=replace(experiment.corpus, n_validation=2),
        )
    )
    losses = [record["loss"] for record in read_log(result.run_dir) if "loss" in record]
    assert len(losses) == 2 and np.isfinite(losses).all()
    card = read_checkpoint(result.checkpoint).card
    assert card["frontend"] == "graphemes" and ("blank" in card) == (name == "report002-glowtts-remedied")
    assert card["audio"]["scale"] == "coqui" and card["symbols"] == cased_symbols("en").to_list()
    audio = Voice.load(result.run_dir).say("The Cat.")
    assert audio.sample_rate == 22_050 and np.isfinite(audio.waveform).all() and len(audio.waveform)
