"""The deep filter: what it lets pass, what its taps read, how far it hears."""

import pytest
import torch

from speechlab.errors import SpeechlabError
from speechlab.models import build
from speechlab.models.deep_filter import compressed, filtered

SIZES = dict(widths=(4, 6, 8), channels=16, intermediate_channels=32, dilations=(1, 2), hop_length=256)


def network(**sizes):
    """A small one with random weights everywhere, the last layer's too."""
    made = build("deep_filter_gen", **{**SIZES, **sizes}).eval()
    torch.nn.init.normal_(made.head.weight, std=0.2)
    return made


@torch.no_grad()
@pytest.mark.parametrize("samples", [1, 255, 256, 4000, 16_000])
def test_at_first_what_is_heard_passes_unchanged(samples):
    waveform = 0.3 * torch.randn(2, 1, samples)
    for hop_length in (128, 256):
        untrained = build("deep_filter_gen", **{**SIZES, "hop_length": hop_length}).eval()
        torch.testing.assert_close(untrained(waveform), waveform, atol=1e-5, rtol=0)


@torch.no_grad()
def test_a_tap_that_looks_ahead_moves_the_spectrum():
    spectrum = torch.randn(1, 5, 9, dtype=torch.complex64)
    filters = torch.zeros(1, 3, 5, 9, dtype=torch.complex64)
    filters[:, 2] = 1j  # the frame after, a quarter turn on
    made = filtered(spectrum, filters)
    torch.testing.assert_close(made[..., :-1], 1j * spectrum[..., 1:])
    assert not made[..., -1].any()


@torch.no_grad()
def test_compression_keeps_phases_and_raises_magnitudes_to_a_power():
    magnitude, phase = torch.tensor([0.01, 1.0, 50.0]), torch.tensor([0.3, -2.0, 1.5])
    level, real, imaginary = compressed(torch.polar(magnitude, phase)[None, :, None])[0, :, :, 0]
    torch.testing.assert_close(torch.atan2(imaginary, real), phase)
    torch.testing.assert_close(torch.hypot(real, imaginary), magnitude**0.3)
    torch.testing.assert_close(level, magnitude.log() / 3 + 1)


@torch.no_grad()
def test_a_piece_with_enough_around_it_is_cleaned_as_in_the_whole():
    deep_filter, hop = network(), 256
    waveform = 0.1 * torch.randn(1, 1, 120 * hop)
    reach = (
        2 * (1 + 2) + 2 * len(SIZES["widths"]) + 1 + 2
    )  # frames: blocks, pictures, taps, and the transform's overlap
    first, last = 50 - reach, 70 + reach
    piece = deep_filter(waveform[..., first * hop : last * hop])[..., reach * hop : -reach * hop]
    torch.testing.assert_close(piece, deep_filter(waveform)[..., 50 * hop : 70 * hop], atol=1e-5, rtol=0)


@torch.no_grad()
def test_an_item_is_cleaned_alike_alone_and_in_a_batch():
    deep_filter, batch = network(), 0.1 * torch.randn(3, 1, 5000)
    torch.testing.assert_close(deep_filter(batch)[1:2], deep_filter(batch[1:2]), atol=1e-5, rtol=0)


def test_silence_stays_silent_and_has_a_finite_gradient():
    deep_filter, silence = network(), torch.zeros(1, 1, 4096, requires_grad=True)
    made = deep_filter(silence)
    made.square().sum().backward()
    assert made.abs().max() < 1e-6 and torch.isfinite(silence.grad).all()


def test_what_is_no_waveform_is_refused():
    for wrong in (torch.zeros(1, 1, 0), torch.zeros(1, 4096), torch.zeros(1, 2, 4096)):
        with pytest.raises(SpeechlabError, match=r"\(batch, 1, samples\)"):
            network()(wrong)
