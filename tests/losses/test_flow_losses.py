"""Losses of a flow against the densities they stand for."""

from types import SimpleNamespace

import pytest
import torch
from torch.distributions import Normal

from speechlab.layers.masks import length_mask
from speechlab.losses.flow import flow_losses, flow_negative_log_likelihood, log_duration_loss

FRAMES = torch.tensor([6, 4])


def test_the_likelihood_is_that_of_a_scaled_gaussian():
    mask = length_mask(FRAMES).unsqueeze(1)
    torch.manual_seed(0)
    mel, mean, scale = torch.randn(2, 3, 6) * mask, torch.randn(2, 3, 6) * mask, 2.5
    latent, log_det = scale * mel, 3 * FRAMES * torch.tensor(scale).log()  # the flow: multiply by 2.5
    loss = flow_negative_log_likelihood(latent, mean, log_det, FRAMES)
    densities = Normal(mean / scale, 1 / scale).log_prob(mel)
    assert loss.item() == pytest.approx(-densities[mask.expand_as(densities)].mean().item(), abs=1e-5)


def test_durations_are_compared_as_logarithms_over_real_tokens():
    durations = torch.tensor([[1, 4, 9], [2, 3, 0]])
    assert log_duration_loss(durations.clamp_min(1).log(), durations).item() == 0
    predicted = durations.clamp_min(1).log() + torch.tensor([[1.0, 0, -2], [0, 3, 0]])
    assert log_duration_loss(predicted, durations).item() == pytest.approx((1 + 4 + 9) / 5)


def test_half_precision_is_raised_before_sums():
    shape = (2, 80, 400)
    torch.manual_seed(0)
    output = SimpleNamespace(
        latent=torch.randn(shape).half(),
        latent_mean=torch.zeros(shape).half(),
        log_det=torch.tensor([3e4, 3e4]).half(),
        log_durations=torch.zeros(2, 4).half(),
        durations=torch.full((2, 4), 100),
    )
    losses = flow_losses(output)
    assert set(losses) == {"negative_log_likelihood", "duration"}
    for loss in losses.values():
        assert loss.dtype == torch.float32
        assert loss.isfinite()
