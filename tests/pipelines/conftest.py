"""A voice with random weights: it says nothing, but in the right shapes."""

from dataclasses import replace

import pytest
import torch

from speechlab.checkpoints import write_checkpoint
from speechlab.config import AudioSpec, FastSpeech2Experiment, HiFiGANExperiment, to_dict
from speechlab.models import build
from speechlab.pipelines.export import export_voice
from speechlab.text.symbols import english_symbols

SIZES = dict(channels=32, encoder_layers=1, decoder_layers=1, filter_channels=64, predictor_channels=32, postnet=False)


def write_acoustic(folder, spec=None):
    """Write the checkpoint of a tiny FastSpeech 2 whose phones last about five frames."""
    torch.manual_seed(0)
    symbols = english_symbols()
    sizes = dict(n_symbols=len(symbols), n_mels=80, **SIZES)
    model = build("fastspeech2", **sizes)
    model.set_mel_statistics(torch.full((80,), -5.0), torch.full((80,), 2.0))
    with torch.no_grad():
        model.duration_predictor.projection.bias.fill_(1.8)
    experiment = replace(FastSpeech2Experiment(), audio=spec or AudioSpec())
    card = {"model": "fastspeech2", "sizes": sizes, "symbols": symbols.to_list(), "language": "en"}
    write_checkpoint(folder, model.state_dict(), complete(card, experiment))


def write_vocoder(folder, spec=None):
    """Write the checkpoint of an untrained HiFi-GAN V2."""
    torch.manual_seed(0)
    model = build("hifigan_gen", preset="v2", n_mels=80)
    experiment = replace(HiFiGANExperiment(), audio=spec or AudioSpec())
    card = {"model": "hifigan_gen", "sizes": {"preset": "v2", "n_mels": 80}}
    write_checkpoint(folder, model.state_dict(), complete(card, experiment))


def complete(card, experiment):
    common = {"audio": to_dict(experiment.audio), "experiment": to_dict(experiment), "steps": 1, "data": {}}
    return card | common


@pytest.fixture(scope="session")
def voice_folder(tmp_path_factory):
    """Folder of the random voice."""
    folder = tmp_path_factory.mktemp("voice")
    write_acoustic(folder / "run-acoustic")
    write_vocoder(folder / "run-vocoder")
    return export_voice(folder / "run-acoustic", folder / "run-vocoder", folder / "voice", {"name": "random"})
