"""Scaling a cepstrum's deviation does exactly that, and nothing else."""

import pytest
import torch

from speechlab.audio.global_variance import cepstral_deviation, cosine_basis, scale_deviation, sounding_frames


@pytest.fixture
def mel():
    return torch.randn(80, 200, generator=torch.Generator().manual_seed(0)).cumsum(dim=1)


@pytest.fixture
def factors():
    return torch.cat([torch.ones(1), torch.linspace(0.5, 2.5, 79)])  # 1 for the level


def test_the_cosine_transform_keeps_lengths():
    torch.testing.assert_close(cosine_basis(80) @ cosine_basis(80).T, torch.eye(80), atol=1e-6, rtol=0)


def test_each_coefficient_deviates_as_much_more_as_asked(mel, factors):
    after = cepstral_deviation(scale_deviation(mel, factors))
    torch.testing.assert_close(after, factors * cepstral_deviation(mel), rtol=1e-4, atol=1e-4)


def test_level_and_mean_stay(mel, factors):
    scaled = scale_deviation(mel, factors)
    torch.testing.assert_close(scaled.mean(dim=0), mel.mean(dim=0), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(
        sounding_frames(scaled).mean(dim=1), sounding_frames(mel).mean(dim=1), rtol=1e-4, atol=1e-4
    )


def test_ones_change_nothing_and_what_was_scaled_comes_back(mel, factors):
    torch.testing.assert_close(scale_deviation(mel, torch.ones(80)), mel)
    torch.testing.assert_close(scale_deviation(scale_deviation(mel, factors), 1 / factors), mel, rtol=1e-4, atol=1e-3)


def test_a_constant_or_a_single_frame_stays():
    for frames in (1, 7):
        flat = torch.linspace(-9, 0, 80)[:, None].repeat(1, frames)
        torch.testing.assert_close(scale_deviation(flat, torch.full((80,), 2.0)), flat)
