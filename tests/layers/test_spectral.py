"""The blocks of HiFi++: un-melling, the mask that changes nothing, U-Nets, and how they start."""

import math

import pytest
import torch
from torch import nn

from speechlab.audio.mel import mel_filters
from speechlab.config import AudioSpec
from speechlab.layers.spectral import SpectralMaskNet, SpectralUNet, unmelling_matrix
from speechlab.layers.unet import SpectrogramUNet, WaveUNet
from speechlab.layers.upsampling import Upsampler


def test_each_bin_lies_between_two_mel_bands():
    matrix = unmelling_matrix(mel_filters(AudioSpec(sample_rate=16_000)))
    assert matrix.shape == (513, 80)
    expected = torch.ones(513)
    expected[:3] = torch.tensor([0.0, 0.0, 0.5])
    torch.testing.assert_close(matrix.sum(1), expected)
    assert ((matrix > 0).sum(1) <= 2).all() and matrix.min() >= 0
    torch.testing.assert_close(matrix.amax(0), torch.ones(80))


def test_a_smooth_spectrum_survives_mel_and_back():
    filters = mel_filters(AudioSpec(sample_rate=16_000))
    slope = torch.linspace(0, -6, 513)  # natural logarithm of the magnitudes
    mel = (filters @ slope.exp() / filters.sum(1)).log()
    assert (unmelling_matrix(filters) @ mel - slope)[8:500].abs().max() < 0.2


class Silent(nn.Module):
    """A network whose Softplus is one everywhere."""

    def forward(self, magnitude: torch.Tensor) -> torch.Tensor:
        return torch.full_like(magnitude, math.log(math.e - 1))


@pytest.mark.parametrize("samples", [4096, 256 * 13])
def test_a_mask_of_ones_changes_nothing(samples):
    torch.manual_seed(0)
    net = SpectralMaskNet(3, (2, 2), 1)
    net.net = Silent()
    hidden = torch.randn(2, 3, samples)
    error = net(hidden) - hidden
    assert 10 * torch.log10(hidden.square().mean() / error.square().mean()) > 80  # dB


@torch.no_grad()
def test_the_mask_keeps_phases_and_signs():
    torch.manual_seed(0)
    net = SpectralMaskNet(1, (4, 4), 1)
    hidden = torch.randn(1, 1, 4096)
    ratio = net.analyse(net(hidden))[..., 2:-2] / net.analyse(hidden)[..., 2:-2]
    assert (ratio.real > 0).float().mean() > 0.95  # overlapping frames disagree a little


@torch.no_grad()
@pytest.mark.parametrize("transposed", [False, True])
def test_a_wave_unet_follows_a_shift_of_its_grid(transposed):
    torch.manual_seed(0)
    net = WaveUNet(2, 3, (3, 4, 5), 1, transposed=transposed)
    signal = torch.randn(1, 2, 64 * 16)
    shifted = net(signal.roll(16, 2)).roll(-16, 2)
    torch.testing.assert_close(shifted[..., 256:-256], net(signal)[..., 256:-256])
    assert not torch.allclose(net(signal.roll(1, 2)).roll(-1, 2)[..., 256:-256], net(signal)[..., 256:-256])


@torch.no_grad()
def test_a_unet_without_residuals_is_its_skips_and_its_repetition():
    """Two resolutions written out by hand, repetition before the convolution."""
    torch.manual_seed(0)
    net = SpectrogramUNet(1, 1, (2, 3), depth=0)
    level = net.levels[0]
    picture = torch.randn(1, 1, 4, 6)
    stem = net.stem(picture)
    coarse = level.up(level.down(stem).repeat_interleave(2, 2).repeat_interleave(2, 3))
    torch.testing.assert_close(net(picture), net.head(level.merge(torch.cat((stem, coarse), 1))))


@torch.no_grad()
def test_the_reference_pads_frames_to_a_power_of_two():
    torch.manual_seed(0)
    filters = mel_filters(AudioSpec(sample_rate=16_000))
    ours = SpectralUNet(filters, 4, (2, 2, 2, 2, 2), 1)
    theirs = SpectralUNet(filters, 4, (2, 2, 2, 2, 2), 1, reference_lengths=True)
    theirs.load_state_dict(ours.state_dict())
    mel = torch.randn(1, 80, 19) - 4
    padded = torch.nn.functional.pad(mel, (0, 13))  # zeros, to 32 frames
    torch.testing.assert_close(theirs(mel), ours(padded)[..., :19])
    torch.testing.assert_close(theirs(padded), ours(padded))


@torch.no_grad()
def test_upsampling_starts_small_and_multiplies_frames():
    torch.manual_seed(0)
    upsampler = Upsampler(64)
    assert upsampler(torch.randn(2, 64, 3)).shape == (2, 4, 768)
    for stage in upsampler.stages:
        assert stage.up.weight.std().item() == pytest.approx(0.01, rel=0.25)
