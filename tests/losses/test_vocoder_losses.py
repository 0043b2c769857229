"""Adversarial and spectral losses at values known without computing."""

import pytest
import torch

from speechlab.audio.mel import MelSpectrogram
from speechlab.config import AudioSpec
from speechlab.errors import SpeechlabError
from speechlab.losses.acoustic import duration_loss, masked_mean, mel_l1
from speechlab.losses.adversarial import discriminator_loss, feature_loss, generator_loss
from speechlab.losses.spectral import mel_loss, multi_resolution_stft_loss


def judgements(value, n=8):
    return [(torch.full((2, 5), float(value)), [torch.full((2, 3), float(value))] * 2) for _ in range(n)]


def test_a_discriminator_that_says_nothing_pays_one_a_net():
    assert discriminator_loss(judgements(0), judgements(0)).item() == 8
    assert generator_loss(judgements(0)).item() == 8
    assert discriminator_loss(judgements(1), judgements(0)).item() == 0
    assert generator_loss(judgements(1)).item() == 0


def test_feature_loss_sums_maps_and_teaches_the_generator_only():
    real, fake = torch.ones(2, 3, requires_grad=True), torch.full((2, 3), 3.0, requires_grad=True)
    loss = feature_loss([(real, [real, real])], [(fake, [fake, fake])])
    assert loss.item() == 4
    loss.backward()
    assert real.grad is None
    assert fake.grad is not None


def test_relative_feature_loss_by_hand_does_not_grow_with_the_number_of_maps():
    real = torch.tensor([[1.0, -3.0], [10.0, 10.0]], requires_grad=True)  # mean magnitudes 2 and 10
    fake = torch.tensor([[2.0, -3.0], [10.0, 15.0]], requires_grad=True)  # mean differences 0.5 and 2.5
    small, fake_small = 0.01 * torch.ones(2, 4), 0.02 * torch.ones(2, 4)  # another map, relative difference 1
    once = feature_loss([(real, [real, small])], [(fake, [fake, fake_small])], mode="relative")
    assert once.item() == pytest.approx((0.25 + 1) / 2)
    eight = feature_loss([(real, [real, small])] * 8, [(fake, [fake, fake_small])] * 8, mode="relative")
    assert eight.item() == pytest.approx(once.item())
    assert feature_loss([(real, [real])], [(fake, [fake])]).item() == 1.5
    once.backward()
    assert real.grad is None
    assert fake.grad.abs().sum() > 0


def test_relative_feature_loss_is_zero_at_identity_the_mean_of_its_parts_and_finite():
    generator = torch.Generator().manual_seed(0)
    real, fake = (torch.randn(4, 3, 5, generator=generator) for _ in range(2))

    def loss(real, fake):
        return feature_loss([(real, [real])], [(fake, [fake])], mode="relative")

    assert loss(real, real).item() == 0
    assert loss(real, fake).item() == pytest.approx(
        (loss(real[:1], fake[:1]) + 3 * loss(real[1:], fake[1:])).item() / 4
    )
    assert loss(100 * real, 100 * fake).item() == pytest.approx(loss(real, fake).item(), rel=1e-4)
    silence = torch.zeros_like(real, requires_grad=True)
    loss(real, silence).backward()
    assert silence.grad.isfinite().all() and loss(silence, fake).isfinite()
    with pytest.raises(SpeechlabError, match="'mean'; choose sum or relative"):
        feature_loss([(real, [real])], [(fake, [fake])], mode="mean")


@pytest.fixture(scope="module")
def waveform():
    return torch.randn(2, 1, 8192, generator=torch.Generator().manual_seed(0)) * 0.1


def test_spectral_losses_vanish_on_equal_waveforms_and_know_a_gain(waveform):
    mel = MelSpectrogram(AudioSpec(), f_max=11_025.0)
    assert mel_loss(waveform, waveform, mel).item() == 0
    assert multi_resolution_stft_loss(waveform, waveform).item() == 0
    assert mel_loss(waveform * torch.e, waveform, mel).item() == pytest.approx(1.0, abs=0.01)  # nepers
    doubled = multi_resolution_stft_loss(2 * waveform, waveform).item()
    assert doubled == pytest.approx(1 + 0.6931, abs=0.01)  # convergence 1, ln 2


def test_spectral_losses_have_finite_gradients_on_silence(waveform):
    silence = torch.zeros_like(waveform, requires_grad=True)
    mel = MelSpectrogram(AudioSpec())
    (multi_resolution_stft_loss(silence, waveform) + mel_loss(silence, waveform, mel)).backward()
    assert silence.grad.isfinite().all()
    assert multi_resolution_stft_loss(waveform, torch.zeros_like(waveform)).isfinite()


def test_means_run_over_real_data_only():
    mask = torch.tensor([[True, True, False], [True, False, False]])
    values = torch.tensor([[1.0, 2.0, 100.0], [6.0, 100.0, float("nan")]])
    assert masked_mean(values, mask).item() == 3
    mel = torch.zeros(2, 4, 3)
    assert mel_l1(mel + 0.5, mel, mask).item() == 0.5
    durations = torch.tensor([[3, 0, 9], [7, 1, 1]])
    assert duration_loss(durations.float().log1p(), durations, mask).item() == 0
