"""A Russian GlowTTS speaks: by itself through Griffin-Lim, or with a vocoder, by its own controls."""

import json

import numpy as np
import pytest
import torch

from speechlab.apps import cli
from speechlab.audio.io import read_audio
from speechlab.checkpoints import write_checkpoint
from speechlab.config import GlowTTSExperiment
from speechlab.errors import SpeechlabError
from speechlab.models import build
from speechlab.pipelines.export import export_model, export_voice
from speechlab.pipelines.vocoder import Vocoder
from speechlab.pipelines.voice import Voice
from speechlab.text.russian.symbols import russian_symbols
from tests.pipelines.conftest import complete, write_vocoder

TEXT = "Привет. Это тест модели"
SIZES = dict(channels=32, encoder_layers=1, filter_channels=64, predictor_channels=32, n_flows=2, flow_channels=16)


def write_flow(folder, blank=True):
    """Write the checkpoint of a tiny GlowTTS whose tokens last about three frames."""
    torch.manual_seed(0)
    symbols = russian_symbols()
    sizes = dict(n_symbols=len(symbols) + blank, n_mels=80, **SIZES)
    model = build("glowtts", **sizes)
    model.set_mel_statistics(torch.full((80,), -5.0), torch.full((80,), 2.0))
    model.initialise(torch.randn(4, 80, 200) - 5, torch.full((4,), 200))
    with torch.no_grad():
        model.duration_predictor.projection.bias.fill_(1.0)
        for block in model.flow.blocks:
            block.coupling.end.weight.normal_(std=0.1)
    card = {"model": "glowtts", "sizes": sizes, "symbols": symbols.to_list(), "language": "ru", "noise_scale": 0.4}
    card |= {"blank": len(symbols)} if blank else {}
    write_checkpoint(folder, model.state_dict(), complete(card, GlowTTSExperiment()))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("flow")
    write_flow(place / "flow")
    write_flow(place / "without-blanks", blank=False)
    export_model(place / "without-blanks", place / "exported")
    write_vocoder(place / "vocoder")
    return place


@pytest.fixture(scope="module")
def voice(folder):
    return Voice.load(folder / "flow")


def test_a_flow_without_a_vocoder_is_heard_through_griffin_lim(voice):
    assert voice.vocoder.checkpoint == "griffin-lim" and voice.noise_scale == 0.4
    assert voice.say(TEXT).duration_s > 0.5


def test_every_token_has_its_frames_and_blanks_are_shared_out(voice):
    spoken = voice.speak(TEXT)
    assert len(spoken.durations) == len(spoken.text.symbols)
    assert spoken.durations.sum() == spoken.mel.shape[1] == len(spoken.audio.waveform) // 256
    assert spoken.pitch is None and spoken.energy is None


def test_without_noise_a_text_is_said_the_same_each_time(voice):
    first, second = voice.speak(TEXT, noise_scale=0), voice.speak(TEXT, noise_scale=0)
    assert np.array_equal(first.mel, second.mel)
    assert not np.array_equal(voice.speak(TEXT).mel, voice.speak(TEXT).mel)
    with pytest.raises(SpeechlabError, match="noise_scale must be 0 or more"):
        voice.say(TEXT, noise_scale=-1)


def test_pace_changes_the_length_and_pitch_is_not_among_the_controls(voice):
    natural, fast = voice.speak(TEXT), voice.speak(TEXT, pace=2.0)
    assert fast.durations.sum() == pytest.approx(natural.durations.sum() / 2, abs=2)
    with pytest.raises(SpeechlabError, match="no control of pitch and energy"):
        voice.say(TEXT, pitch=1.2)


def test_stress_marks_are_heard(voice):
    castle, lock = (voice.frontend(text).symbols for text in ("з+амок", "зам+ок"))
    assert castle != lock
    assert voice.speak("з+амок").text.symbols == castle and voice.speak("замо\u0301к").text.symbols == lock


def test_half_precision_and_missing_blanks_change_little(folder):
    whole, half = Voice.load(folder / "without-blanks"), Voice.load(folder / "exported")
    mels = [each.speak(TEXT, noise_scale=0).mel for each in (whole, half)]
    assert mels[0].shape == mels[1].shape and np.abs(mels[0] - mels[1]).max() < 0.05
    spoken = whole.speak(TEXT)
    assert len(spoken.durations) == len(spoken.text.symbols) and spoken.durations.sum() == spoken.mel.shape[1]


def test_with_a_vocoder_it_is_a_voice_like_any_other(folder, tmp_path):
    acoustic = folder / "flow"
    export_voice(acoustic, folder / "vocoder", tmp_path / "voice", {"name": "random"})
    voice = Voice.load(tmp_path / "voice")
    assert voice.card["name"] == "random" and voice.card["language"] == "ru"
    assert voice.vocoder.checkpoint != "griffin-lim" and voice.say(TEXT, noise_scale=0.1).duration_s > 0.5
    assert json.loads((tmp_path / "voice" / "acoustic" / "card.json").read_text(encoding="utf-8"))["blank"] > 0


def test_a_vocoder_of_several_voices_is_named_not_copied(folder, tmp_path, monkeypatch):
    monkeypatch.setattr("speechlab.checkpoints.bundled_roots", lambda: [folder])
    export_voice(folder / "flow", "vocoder", tmp_path / "voice", {"name": "random"})
    assert not (tmp_path / "voice" / "vocoder").exists()
    alone = Vocoder.load("vocoder").checkpoint
    assert Voice.load(tmp_path / "voice").vocoder.checkpoint == alone == Vocoder.load(tmp_path / "voice").checkpoint


def test_the_command_line_speaks_with_it(folder, tmp_path, capsys):
    voice = ["--voice", str(folder / "exported"), "-o", str(tmp_path / "a.wav")]
    assert cli.main(["say", TEXT, *voice, "--noise-scale", "0"]) == 0
    assert read_audio(tmp_path / "a.wav").duration_s > 0.3
    assert cli.main(["say", TEXT, *voice, "--energy", "2"]) == 2
    assert "no control of pitch and energy" in capsys.readouterr().err
