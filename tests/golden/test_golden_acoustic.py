"""FastSpeech 2 and monotonic alignment search compute what the references compute."""

import pytest
import torch

from speechlab.compat import load_reference
from speechlab.layers.alignment import hard_alignment, monotonic_alignment
from speechlab.layers.masks import length_mask

LENGTHS = torch.tensor([11, 7])


@pytest.fixture(scope="module")
def golden_fastspeech2(golden):
    return golden("fastspeech2")


@pytest.fixture(scope="module")
def model_and_tokens(golden_fastspeech2):
    case = golden_fastspeech2
    item, place = torch.arange(2).unsqueeze(1), torch.arange(11)
    mask = length_mask(LENGTHS)
    tokens = (1 + (37 * item + 17 * place) % (case.config["vocabulary"] - 1)) * mask
    durations = (1 + (item + 3 * place) % 5) * mask
    return load_reference("fastspeech2", case.state(), case.config), tokens, durations, mask


def test_teacher_forced_fastspeech2(golden_fastspeech2, model_and_tokens):
    case, (model, tokens, durations, mask) = golden_fastspeech2, model_and_tokens
    pitch, energy = case.uniform("input:pitch", (2, 11)), case.uniform("input:energy", (2, 11))
    with torch.no_grad():
        output = model(tokens, LENGTHS, durations, pitch, energy)
    frames = length_mask(output.mel_lengths).unsqueeze(2)
    case.check("teacher_mel", output.mel.transpose(1, 2), frames)
    case.check("teacher_mel_postnet", output.mel_postnet.transpose(1, 2), frames)
    case.check("pitch", output.pitch, mask)
    case.check("energy", output.energy, mask)
    case.check("log_duration", output.log_durations, mask)


def test_free_running_fastspeech2(golden_fastspeech2, model_and_tokens):
    case, (model, tokens, _, mask) = golden_fastspeech2, model_and_tokens
    with torch.no_grad():
        output = model(tokens, LENGTHS)
    case.check("free_durations", output.durations, mask)
    frames = length_mask(output.mel_lengths).unsqueeze(2)
    case.check("free_mel_postnet", output.mel_postnet.transpose(1, 2), frames)


def test_parameter_count_of_the_reference(golden_fastspeech2, model_and_tokens):
    position_tables, bin_edges = 2 * 1001 * 256, 2 * 255  # the reference stores them as frozen parameters
    trainable = sum(parameter.numel() for parameter in model_and_tokens[0].parameters())
    assert trainable + position_tables + bin_edges == golden_fastspeech2.content["parameter_count"]


@pytest.mark.parametrize(("index", "tokens", "frames"), [(0, 5, 11), (1, 17, 60), (2, 40, 40)])
def test_monotonic_alignment_search(golden, index, tokens, frames):
    case = golden("mas")
    scores = case.uniform(f"input:mas{index}", (tokens, frames)).T.unsqueeze(0)  # (1, frames, tokens)
    durations = monotonic_alignment(scores, torch.tensor([tokens]), torch.tensor([frames]))
    case.check(f"durations_{tokens}x{frames}", durations[0])
    case.check(f"score_{tokens}x{frames}", scores[hard_alignment(durations)].double().sum().view(1))
