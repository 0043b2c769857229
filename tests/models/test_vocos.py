"""Vocos, the variant on a source, and the multi-resolution discriminator: lengths, inverses, chunks, known signals."""

import math

import pytest
import torch

from speechlab.audio.mel import MelSpectrogram
from speechlab.config import AudioSpec
from speechlab.models import build
from speechlab.models.source_vocos import PITCH_BINS, PitchEstimator, Source, SourceVocosGenerator
from speechlab.models.vocos import InverseSTFT, VocosGenerator

RATE, HOP = 22_050, 256


def count(module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def harmonics(frequency: float, samples: int) -> torch.Tensor:
    """A steady voice of falling harmonics, (1, 1, samples)."""
    time = torch.arange(samples, dtype=torch.float64) / RATE
    partials = [torch.sin(2 * math.pi * k * frequency * time) / k for k in range(1, int(8000 / frequency))]
    return (0.1 * torch.stack(partials).sum(0)).float()[None, None]


def test_the_published_sizes():
    released = VocosGenerator(n_mels=100, channels=512, intermediate_channels=1536, n_layers=8)
    assert count(released) == pytest.approx(13.5e6, rel=0.01)
    assert count(VocosGenerator()) == pytest.approx(3.58e6, rel=0.01)


@pytest.mark.parametrize("padding", ["same", "center"])
def test_the_inverse_transform_undoes_the_forward_one(padding):
    signal = torch.randn(2, HOP * 20)
    inverse = InverseSTFT(1024, HOP, padding)
    spectrum = torch.stft(
        torch.nn.functional.pad(signal, (inverse.cut, inverse.cut)), 1024, HOP, window=inverse.window,
        center=False, return_complex=True,
    )  # fmt: skip
    back = inverse(spectrum).squeeze(1)
    assert back.shape[-1] in (HOP * 20, HOP * 20 - HOP * (padding == "center"))
    inside = slice(1024, back.shape[-1] - 1024)
    torch.testing.assert_close(back[:, inside], signal[:, inside], atol=1e-5, rtol=0)


@torch.no_grad()
@pytest.mark.parametrize("name", ["vocos_gen", "source_vocos_gen"])
def test_frames_times_hop_samples_come_out(name):
    generator = build(name, channels=16, intermediate_channels=32, n_layers=2).eval()
    for frames in (1, 2, 7, 40):
        waveform = generator(torch.randn(2, 80, frames) - 4)
        assert waveform.shape == (2, 1, HOP * frames) and torch.isfinite(waveform).all()


@torch.no_grad()
def test_a_frame_hears_no_further_than_the_receptive_field():
    generator = VocosGenerator(channels=16, intermediate_channels=32, n_layers=2).eval()
    for parameter in generator.parameters():
        parameter.normal_(0, 0.3)
    mel = torch.randn(1, 80, 60) - 4
    changed = mel.clone()
    changed[..., 40:] += 1
    reach = (40 - generator.receptive_field) * HOP
    difference = (generator(mel) - generator(changed)).abs()[0, 0]
    assert difference[:reach].max() == 0 and difference[reach + HOP :].max() > 0


@torch.no_grad()
def test_pulses_have_unit_power_and_energy_at_the_harmonics_only():
    spec = AudioSpec()
    generator = SourceVocosGenerator(16, 32, 1)
    frequency = torch.full((1, 200), 210.0)
    pulses = Source(spec).pulses(generator.track_of(frequency, torch.ones(1, 200)))[0]
    assert pulses.square().mean() == pytest.approx(1, rel=0.05)
    power = torch.fft.rfft(pulses * torch.hann_window(len(pulses))).abs().square()
    hertz = torch.arange(len(power)) * RATE / len(pulses)
    near = ((hertz / 210 - (hertz / 210).round()).abs() * 210 < 5) & (hertz > 100)
    assert power[near].sum() / power.sum() > 0.999


@torch.no_grad()
def test_noise_is_the_same_at_the_same_place_of_a_recording():
    source, generator = Source(AudioSpec()), SourceVocosGenerator(16, 32, 1)
    whole = source.noises(generator.track_of(torch.full((1, 30), 100.0), torch.zeros(1, 30)))
    later = source.noises(generator.track_of(torch.full((1, 10), 100.0), torch.zeros(1, 10), first=20))
    assert torch.equal(whole[:, 20 * HOP :], later) and whole.square().mean() == pytest.approx(1, rel=0.1)


@torch.no_grad()
def test_a_chunk_continues_the_phases_of_the_chunk_before():
    torch.manual_seed(0)
    generator = SourceVocosGenerator(16, 32, 1).eval()
    generator.head.weight.normal_(0, 0.02)
    mel = MelSpectrogram(AudioSpec())(harmonics(180, HOP * 200))
    whole = generator(mel)
    first, second = generator.track(mel[..., :120]), generator.track(mel[..., 60:], 60)
    tail = generator(mel[..., 60:], second.following(first, 90))
    difference = (tail - whole[..., 60 * HOP :])[..., 30 * HOP :].abs().max()
    assert 20 * torch.log10(difference / whole.abs().max()) < -60


@torch.no_grad()
def test_before_any_training_the_band_above_the_mels_is_as_loud_as_their_last():
    torch.manual_seed(0)
    spec, generator = AudioSpec(), SourceVocosGenerator(16, 32, 1).eval()
    noise = 0.1 * torch.randn(1, 1, HOP * 300)
    heard = generator(MelSpectrogram(spec)(noise))[0]
    spectrum = torch.stft(heard, 1024, HOP, window=torch.hann_window(1024), return_complex=True).abs().mean(-1)[0]
    hertz = torch.arange(513) * RATE / 1024
    levels = [spectrum[(hertz > low) & (hertz < low + 1500)].max() for low in (6000, 7500, 9000)]
    assert max(levels) < 2 * min(levels)  # neither silent nor whistling at f_max


@torch.no_grad()
def test_before_any_training_the_magnitudes_are_the_mels():
    spec = AudioSpec()
    mel, generator = MelSpectrogram(spec), SourceVocosGenerator(16, 32, 1).eval()
    heard = mel(harmonics(200, HOP * 150))
    track = generator.track_of(torch.full((1, 150), 200.0), torch.ones(1, 150))
    difference = (mel(generator(heard, track)) - heard)[..., 10:-10].abs().mean()
    untrained = (mel(VocosGenerator(channels=16, intermediate_channels=32, n_layers=1)(heard)) - heard).abs().mean()
    assert difference < 1.0 < untrained


def test_decoding_the_target_of_the_pitch_loss_gives_the_pitch_within_five_cents():
    estimator = PitchEstimator(80, channels=8)
    pitch = torch.tensor([[70.0, 123.4, 210.0, 333.3, 480.0]])
    step = estimator.log2_hz[1] - estimator.log2_hz[0]
    distance = (estimator.log2_hz.view(1, -1, 1) - torch.log2(pitch).unsqueeze(1)) / step
    logits = -0.5 * distance.square()
    assert logits.shape == (1, PITCH_BINS, 5)
    cents = 1200 * torch.log2(estimator.decode(logits) / pitch)
    assert cents.abs().max() < 5
    assert estimator.loss(logits, torch.full((1, 5), 9.0), pitch) < estimator.loss(
        logits, torch.full((1, 5), 9.0), 1.2 * pitch
    )


@torch.no_grad()
def test_the_multi_resolution_discriminator_does_not_judge_loudness():
    discriminator = build("mrd", width=0.125).eval()
    waveform = harmonics(150, 8192)
    for loud, soft in zip(discriminator(waveform), discriminator(0.1 * waveform), strict=True):
        torch.testing.assert_close(loud.scores, soft.scores, atol=1e-3, rtol=1e-3)
        assert len(loud.features) == 5 * 4 + 1
