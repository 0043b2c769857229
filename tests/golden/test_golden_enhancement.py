"""The generators of HiFi++ and FINALLY compute what the references compute."""

import pytest
import torch

from speechlab.compat import load_reference

pytestmark = pytest.mark.slow


def count(module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize("old_names", [False, True])
def test_hifipp_vocoder(golden, old_names):
    case = golden("hifipp_mel")
    state = case.state()
    if old_names:  # PyTorch's of weight norm, before parametrizations
        prefix = "parametrizations.weight.original"
        state = {name.replace(prefix + "0", "weight_g"): value for name, value in state.items()}
        state = {name.replace(prefix + "1", "weight_v"): value for name, value in state.items()}
    vocoder = load_reference("hifipp-mel", {"generator": state}, case.config)
    assert count(vocoder) == case.content["parameter_count"]
    mel = 2 * case.uniform("input:mel", case.content["inputs"]["mel"]["shape"]) - 4
    with torch.no_grad():
        case.check("waveform", vocoder(mel))


@pytest.mark.parametrize("name", ["hifipp_a2a", "hifipp_a2a_mask_first"])  # WaveUNet first, and the mask first
def test_hifipp_enhancer(golden, name):
    case = golden(name)
    enhancer = load_reference("hifipp-a2a", case.state(), case.config)
    assert count(enhancer) == case.content["parameter_count"]
    with torch.no_grad():
        case.check("waveform", enhancer(case.tone(8192, 16_000)))


@pytest.mark.parametrize("name", ["finally_16k", "finally_48k"])
def test_finally(golden, name):
    case = golden(name)
    generator = load_reference("finally", case.state(), case.config)
    assert count(generator) == case.content["parameter_count"]
    with torch.no_grad():
        waveform = generator(case.tone(8192, 16_000), case.uniform("input:wavlm", (1, 1024, 25)))
    case.check("waveform", waveform)
