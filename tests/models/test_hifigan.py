"""HiFi-GAN: sizes, lengths, folding; and the MS-STFT discriminator's scales."""

import pytest
import torch

from speechlab.models import build, fold
from speechlab.models.hifigan import HiFiGANGenerator, MultiPeriodDiscriminator, MultiScaleDiscriminator
from speechlab.models.ms_stft import MultiScaleSTFTDiscriminator
from speechlab.registry import models


def count(module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize(
    ("preset", "normed", "folded", "tensors"),
    [("v1", 13_936_130, 13_926_017, 234), ("v2", 928_514, 925_985, 234), ("v3", 1_464_322, 1_462_273, 69)],
)
def test_generator_sizes_and_folding(preset, normed, folded, tensors):
    torch.manual_seed(0)
    generator = HiFiGANGenerator.preset(preset).eval()
    assert (count(generator), len(generator.state_dict())) == (normed, tensors)
    mel = torch.randn(1, 80, 9) - 4
    before, after = generator(mel), fold(generator)(mel)
    assert count(generator) == folded
    assert before.shape == (1, 1, 256 * 9)
    assert (before - after).abs().max() < 1e-5


def test_discriminator_sizes_and_shapes():
    waveform = torch.randn(1, 1, 8192) * 0.1
    assert count(MultiPeriodDiscriminator()) == 41_105_770
    assert count(MultiScaleDiscriminator()) == 29_618_821
    assert count(MultiScaleSTFTDiscriminator()) == 1_866_250
    assert count(MultiScaleSTFTDiscriminator(32, (1024, 2048, 512))) == 283_398
    with torch.no_grad():
        periods = MultiPeriodDiscriminator(width=1 / 32)(waveform)
        scales = MultiScaleDiscriminator(width=1 / 8)(waveform)
        spectra = MultiScaleSTFTDiscriminator(width=1 / 16)(waveform)
    assert [output.scores.shape[1] for output in periods] == [102, 102, 105, 105, 110]
    assert [output.scores.shape[1] for output in scales] == [128, 65, 33]
    assert [len(output.features) for output in (*periods, *scales)] == [6] * 5 + [8] * 3
    assert [tuple(output.scores.shape[2:]) for output in spectra] == [
        (13, 129),
        (29, 65),
        (61, 33),
        (125, 17),
        (253, 9),
    ]


def test_every_registered_model_is_built():
    sizes = {
        "hifigan_gen": {"preset": "v3"},
        "mpd": {"width": 0.05},
        "msd": {"width": 0.05},
        "ms-stft_disc": {"filters": 4},
        "fastspeech": {"n_symbols": 9, "channels": 16},
        "fastspeech2": {"n_symbols": 9, "channels": 16},
        "aligner": {"n_symbols": 9, "channels": 16},
        "glowtts": {"n_symbols": 9, "n_flows": 2},
        "vocos_gen": {"n_layers": 1},
        "source_vocos_gen": {"n_layers": 1},
        "mrd": {"width": 0.1},
        "hifi++_gen": {},
        "a2a_hifi++_gen": {},
        "ssd": {"width": 0.1},
        "deep_filter_gen": {"widths": (4, 4), "channels": 8, "dilations": (1,)},
        "finally_gen": {"size": "tiny"},
    }
    assert sizes.keys() == models.keys()
    for name, options in sizes.items():
        assert count(build(name, **options)) > 0
