"""FINALLY's losses: zero at identity, worse with more noise, finite wherever a training step may come by."""

import numpy as np
import pytest
import torch

from speechlab.audio.io import read_audio
from speechlab.audio.resample import resample_tensor
from speechlab.errors import SpeechlabError
from speechlab.losses.enhancement import FEATURE_WEIGHT, lmos, make_pesq, pesq, si_sdr, utmos
from speechlab.losses.spectral import stft_magnitude
from speechlab.metrics.si_sdr import si_sdr as metric
from speechlab.models.wavlm import WavLM

RATES = pytest.mark.parametrize("sample_rate", [16_000, 48_000])


@pytest.fixture(scope="module")
def wavlm():
    return WavLM.tiny()


@pytest.fixture(scope="module")
def distance():
    return make_pesq()


def speechlike(sample_rate, batch=2):
    """Draw harmonics that come and go over a faint noise, (batch, 1, samples), half a second."""
    time = torch.arange(sample_rate // 2) / sample_rate
    pitches = torch.linspace(110, 190, batch).view(-1, 1, 1)
    phase = 2 * torch.pi * pitches * time + torch.sin(20 * time)
    voice = sum((n * phase).sin() / n for n in range(1, 30)) * (0.02 + torch.sin(9 * time) ** 4)
    return 0.1 * (voice + 0.1 * torch.randn(voice.shape, generator=torch.Generator().manual_seed(9)))


def noisy(clean, snr_db):
    noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(0))
    return clean + noise * clean.std() / 10 ** (snr_db / 20)


def total(estimate, reference, wavlm, sample_rate=16_000):
    return sum(lmos(estimate, reference, wavlm, sample_rate).values())


@RATES
def test_lmos_is_zero_at_identity_and_grows_with_noise(wavlm, sample_rate):
    clean = speechlike(sample_rate)
    assert total(clean, clean, wavlm, sample_rate).item() == 0
    for name in ("lmos_features", "lmos_spectrum"):
        losses = [lmos(noisy(clean, snr_db), clean, wavlm, sample_rate)[name].item() for snr_db in (20, 10, 5, 0)]
        assert losses[0] > 0 and losses == sorted(losses)


def test_lmos_is_the_formula_of_the_paper(wavlm):
    clean, estimate = speechlike(48_000), noisy(speechlike(48_000), 5)
    at_16_khz = [wavlm(resample_tensor(waveform, 48_000, 16_000), feature="conv") for waveform in (estimate, clean)]
    losses = lmos(estimate, clean, wavlm, 48_000)
    assert losses["lmos_features"].item() == pytest.approx(100 * (at_16_khz[0] - at_16_khz[1]).square().mean().item())
    window = torch.hann_window(1024)
    spectra = [torch.stft(x.squeeze(1), 1024, 256, window=window, return_complex=True).abs() for x in (estimate, clean)]
    assert losses["lmos_spectrum"].item() == pytest.approx((spectra[0] - spectra[1]).abs().mean().item(), rel=1e-3)
    assert FEATURE_WEIGHT == 100


def test_lmos_hears_a_gain_and_what_lies_above_8_khz_by_the_spectrum_only(wavlm):
    clean = speechlike(48_000)
    softer = lmos(0.5 * clean, clean, wavlm, 48_000)
    assert softer["lmos_features"] < 1e-3 < softer["lmos_spectrum"]
    whistle = 0.1 * torch.sin(2 * torch.pi * 15_000 * torch.arange(24_000) / 48_000)
    brighter = lmos(clean + whistle, clean, wavlm, 48_000)
    worse = lmos(noisy(clean, 10), clean, wavlm, 48_000)
    assert brighter["lmos_features"] < 0.01 * worse["lmos_features"]
    assert brighter["lmos_spectrum"] > 0.1 * worse["lmos_spectrum"]


@pytest.mark.parametrize("feature", ["conv", "conv_ln", "layer1"])
def test_lmos_teaches_the_estimate_only(wavlm, feature):
    clean = speechlike(16_000).requires_grad_()
    estimate = (0.9 * clean.detach()).requires_grad_()
    sum(lmos(estimate, clean, wavlm, 16_000, feature).values()).backward()
    assert estimate.grad.isfinite().all() and estimate.grad.abs().sum() > 0
    assert clean.grad is None
    assert all(parameter.grad is None for parameter in wavlm.parameters())


def cases():
    clean = speechlike(16_000)
    silence, padded = torch.zeros_like(clean), clean.clone()
    padded[..., 4000:] = 0
    return {
        "silence for silence": (silence, silence),
        "silence for speech": (silence, clean),
        "speech for silence": (clean, silence),
        "identical": (clean, clean),
        "constant": (silence + 0.5, clean),
        "padded": (padded, padded.roll(7, -1)),
    }


@pytest.mark.parametrize("name", cases())
def test_values_and_gradients_are_finite_everywhere(wavlm, distance, name):
    estimate, reference = cases()[name]
    estimate = estimate.clone().requires_grad_()
    loss = total(estimate, reference, wavlm) + pesq(estimate, reference, distance, 16_000)
    loss.backward()
    assert loss.isfinite() and loss >= 0
    assert estimate.grad.isfinite().all()


@RATES
def test_pesq_takes_nothing_off_at_identity_and_more_with_more_noise(distance, sample_rate):
    clean = speechlike(sample_rate)
    assert pesq(clean, clean, distance, sample_rate).item() == pytest.approx(0, abs=1e-6)
    losses = [pesq(noisy(clean, snr_db), clean, distance, sample_rate).item() for snr_db in (20, 10, 5, 0)]
    assert losses[0] > 0 and losses == sorted(losses)


def test_pesq_ranks_noise_on_real_speech(distance, shared_data):
    path = sorted((shared_data / "kathleen").rglob("*.flac"))[0]
    clean = torch.from_numpy(read_audio(path, 16_000).waveform).view(1, 1, -1)
    losses = [pesq(noisy(clean, snr_db), clean, distance, 16_000).item() for snr_db in (20, 10, 5, 0)]
    assert losses[0] > 0 and losses == sorted(losses)


def test_a_step_down_the_gradient_of_pesq_takes_less_off(distance):
    clean = speechlike(16_000)
    estimate = noisy(clean, 10).requires_grad_()
    before = pesq(estimate, clean, distance, 16_000)
    before.backward()
    step = 1e-3 * estimate.grad / estimate.grad.abs().max()
    assert pesq(estimate.detach() - step, clean, distance, 16_000) < before


def test_pesq_at_48_khz_is_that_of_the_resampled_waveforms(distance):
    clean, estimate = speechlike(48_000), noisy(speechlike(48_000), 10)
    narrow = [resample_tensor(waveform, 48_000, 16_000) for waveform in (estimate, clean)]
    assert pesq(estimate, clean, distance, 48_000).item() == pesq(*narrow, distance, 16_000).item()


def test_pesq_passes_over_an_item_that_cannot_be_judged(distance):
    clean = speechlike(16_000)
    estimate = noisy(clean, 10)
    whole = pesq(estimate[:1], clean[:1], distance, 16_000).item()
    estimate[1] = float("nan")
    estimate.requires_grad_()
    loss = pesq(estimate, clean, distance, 16_000)
    loss.backward()
    assert loss.item() == pytest.approx(whole / 2, rel=1e-4)
    assert estimate.grad.isfinite().all() and estimate.grad[0].abs().sum() > 0 and not estimate.grad[1].any()


def test_pesq_refuses_a_waveform_of_too_few_frames(distance):
    with pytest.raises(SpeechlabError, match="at least 5376 samples"):
        pesq(torch.ones(1, 1, 5375), torch.ones(1, 1, 5375), distance, 16_000)
    assert pesq(speechlike(16_000)[..., :5376], speechlike(16_000)[..., :5376], distance, 16_000).isfinite()


def test_a_batch_taken_in_parts_gives_the_same_values_and_gradients(wavlm, distance):
    clean = speechlike(16_000, batch=4)
    estimate = noisy(clean, 10).requires_grad_()
    for loss in (lambda x, y: total(x, y, wavlm), lambda x, y: pesq(x, y, distance, 16_000)):
        whole = loss(estimate, clean)
        parts = sum(loss(*pair) for pair in zip(estimate.split(1), clean.split(1), strict=True)) / 4
        assert whole.item() == pytest.approx(parts.item(), rel=1e-5)
        gradients = [torch.autograd.grad(value, estimate)[0] for value in (whole, parts)]
        assert (gradients[0] - gradients[1]).abs().max() < 1e-5 * gradients[0].abs().max()


@RATES
def test_a_better_opinion_lowers_utmos(sample_rate):
    def predictor(waveform):  # quieter is better
        assert waveform.shape == (2, 8000)
        return 5 - waveform.square().mean(1)

    clean = speechlike(sample_rate).requires_grad_()
    loss = utmos(clean, predictor, sample_rate)
    assert -5 < loss.item() < utmos(2 * clean, predictor, sample_rate).item()
    loss.backward()
    assert (clean - clean.grad).square().sum() < clean.square().sum()


def test_the_magnitude_of_silence_has_a_finite_gradient():
    silence = torch.zeros(1, 1, 4096, requires_grad=True)
    stft_magnitude(silence, 1024, 256, 1024).sum().backward()
    assert silence.grad.isfinite().all()


def test_si_sdr_is_the_metric_with_a_minus_and_deaf_to_gain():
    clean = speechlike(16_000)
    for snr_db in (20, 0):
        estimate = noisy(clean, snr_db)
        measured = np.mean(
            [metric(*(signal[0].numpy() for signal in pair)) for pair in zip(estimate, clean, strict=True)]
        )
        assert si_sdr(estimate, clean).item() == pytest.approx(-measured, abs=1e-2)
        assert si_sdr(0.1 * estimate, clean).item() == pytest.approx(-measured, abs=1e-2)


@pytest.mark.parametrize("level", [0.0, 1e-8, 1.0])
def test_si_sdr_and_its_gradient_are_finite_for_copies_and_silence(level):
    clean = level * speechlike(16_000)
    for estimate in (clean.clone(), torch.zeros_like(clean), -clean):
        estimate.requires_grad_()
        si_sdr(estimate, clean).backward()
        assert estimate.grad.isfinite().all()
