from dataclasses import replace
from itertools import pairwise

import pytest
import torch

from speechlab.audio.griffin_lim import (
    REPORT_002_SPEC,
    CoquiScale,
    analyse,
    griffin_lim,
    mel_to_magnitude,
    mel_to_waveform,
    spectral_convergence,
    synthesise,
)
from speechlab.audio.mel import MelSpectrogram, mel_filters
from speechlab.config import AudioSpec
from speechlab.errors import SpeechlabError

SPEC = AudioSpec()
SMALL = AudioSpec(sample_rate=8_000, n_fft=256, win_length=256, hop_length=64, n_mels=40, f_max=4_000.0)
CENTRED = replace(SMALL, win_length=200, centring=True)


def voice_like(spec: AudioSpec, frames: int = 64) -> torch.Tensor:
    """A gliding harmonic sound in a little noise, (2, 1, frames * hop_length)."""
    samples = frames * spec.hop_length
    time = torch.arange(samples) / spec.sample_rate
    phase = 2 * torch.pi * (120 * time + 20 * time.square())
    sound = sum(torch.sin(k * phase) / k for k in range(1, 12)) * torch.hann_window(samples) * 0.2
    noise = 0.005 * torch.randn(samples, generator=torch.Generator().manual_seed(1))
    return torch.stack([sound + noise, sound.flip(0) + noise])[:, None]


@pytest.mark.parametrize("spec", [SPEC, SMALL, CENTRED], ids=["vocoder", "small", "centred"])
def test_overlap_add_inverts_the_analysis(spec):
    signal = voice_like(spec, 20).squeeze(1)  # (2, samples)
    usable = (signal.shape[1] - spec.n_fft) // spec.hop_length * spec.hop_length + spec.n_fft
    back = synthesise(analyse(signal, spec), spec)
    assert back.shape == (2, usable)
    inside = slice(spec.padding, usable - spec.padding)
    assert torch.allclose(back[:, inside], signal[:, inside], atol=1e-5)


@pytest.mark.parametrize("spec", [SPEC, SMALL, CENTRED], ids=["vocoder", "small", "centred"])
@pytest.mark.parametrize("frames", [1, 2, 31])
def test_every_frame_becomes_one_hop(spec, frames):
    waveform = griffin_lim(torch.rand(2, spec.n_fft // 2 + 1, frames), spec, n_iterations=2)
    assert waveform.shape == (2, 1, frames * spec.hop_length)
    assert waveform.isfinite().all()


def test_the_error_of_the_classic_algorithm_falls_at_every_iteration():
    magnitude = MelSpectrogram(SMALL).magnitude(voice_like(SMALL))
    errors = []
    for n_iterations in range(0, 40, 2):
        rebuilt = griffin_lim(magnitude, SMALL, n_iterations, momentum=0.0)
        errors.append(spectral_convergence(MelSpectrogram(SMALL).magnitude(rebuilt), magnitude).item())
    assert all(later <= earlier + 0.003 for earlier, later in pairwise(errors)), errors  # the cut edges wobble
    assert errors[-1] < 0.5 * errors[0]


def test_the_fast_variant_ends_lower():
    magnitude = MelSpectrogram(SMALL).magnitude(voice_like(SMALL))
    error = {}
    for momentum in (0.0, 0.99):
        rebuilt = griffin_lim(magnitude, SMALL, 60, momentum)
        error[momentum] = spectral_convergence(MelSpectrogram(SMALL).magnitude(rebuilt), magnitude).item()
    assert error[0.99] < 0.8 * error[0.0]


def test_the_result_lines_up_with_the_original():
    """A shift by half a hop, 32 samples, is what a wrong padding gives."""
    noise = torch.randn(1, 1, 64 * SMALL.hop_length, generator=torch.Generator().manual_seed(3))
    burst = torch.zeros_like(noise)
    burst[..., 1500:2500] = noise[..., 1500:2500]
    rebuilt = griffin_lim(MelSpectrogram(SMALL).magnitude(burst), SMALL, 100)
    time = torch.arange(burst.shape[-1])
    centre, expected = ((sound.square() * time).sum() / sound.square().sum() for sound in (rebuilt, burst))
    assert abs(centre - expected) < 8


def test_each_call_starts_from_the_same_phases_unless_told_otherwise():
    magnitude = MelSpectrogram(SMALL).magnitude(voice_like(SMALL, 8))
    state = torch.get_rng_state()
    first, second = griffin_lim(magnitude, SMALL, 3), griffin_lim(magnitude, SMALL, 3)
    assert torch.equal(first, second)
    assert torch.equal(torch.get_rng_state(), state)  # a rendering must not change the training around it
    other = griffin_lim(magnitude, SMALL, 3, generator=torch.Generator().manual_seed(7))
    assert not torch.allclose(first, other)


def test_silence_stays_silent_and_finite():
    assert griffin_lim(torch.zeros(1, 129, 10), SMALL).abs().max() == 0
    quiet = mel_to_waveform(torch.full((1, 40, 10), -11.5129), SMALL)
    assert quiet.isfinite().all() and quiet.abs().max() < 1e-3


def test_mel_inversion_gives_the_mel_back_and_is_never_negative():
    waveform = voice_like(SPEC, 32)
    mel = MelSpectrogram(SPEC)(waveform)
    magnitude = mel_to_magnitude(mel, SPEC)
    assert (magnitude >= 0).all()
    again = torch.matmul(mel_filters(SPEC), magnitude).clamp(min=SPEC.log_floor).log()
    assert (again - mel).abs().mean() < 0.05
    assert magnitude[:, 372:].abs().max() == 0  # no filter reaches above 8 kHz


def test_a_mel_becomes_sound_with_nearly_that_mel():
    waveform = voice_like(SPEC, 40)
    mel = MelSpectrogram(SPEC)(waveform)
    rebuilt = mel_to_waveform(mel, SPEC, power=1.0)
    assert rebuilt.shape == waveform.shape
    assert (MelSpectrogram(SPEC)(rebuilt) - mel).abs().mean() < 0.25


def test_power_keeps_the_level():
    waveform = voice_like(SPEC, 40)
    rebuilt = mel_to_waveform(MelSpectrogram(SPEC)(waveform), SPEC, power=1.5)
    assert 0.5 < (rebuilt.square().mean() / waveform.square().mean()).sqrt() < 2


def test_wrong_shapes_are_refused():
    with pytest.raises(SpeechlabError, match=r"expected magnitudes \(batch, 513, frames\), got \(1, 80, 10\)"):
        griffin_lim(torch.zeros(1, 80, 10), SPEC)
    with pytest.raises(SpeechlabError, match=r"expected a mel \(batch, 80, frames\)"):
        mel_to_waveform(torch.zeros(1, 513, 10), SPEC)
    with pytest.raises(SpeechlabError, match="momentum"):
        griffin_lim(torch.zeros(1, 513, 10), SPEC, momentum=1.0)


def test_the_scale_of_report_002_has_its_known_values():
    mel = torch.tensor([1e-9, 1e-4, 1e-3, 1e-2, 1.0, 10.0, 100.0], dtype=torch.float64)
    expected = torch.tensor([-4.0, -4.0, -2.4, -0.8, 2.4, 4.0, 4.0], dtype=torch.float64)
    assert torch.allclose(CoquiScale().encode(mel), expected, atol=1e-9)


def test_the_scale_of_report_002_round_trips_inside_its_range():
    mel = torch.logspace(-4, 1, 200, dtype=torch.float64)
    scale = CoquiScale()
    assert torch.allclose(scale.decode(scale.encode(mel)), mel, rtol=1e-9)
    scaled = torch.linspace(-4, 4, 100, dtype=torch.float64)
    assert torch.allclose(scale.encode(scale.decode(scaled)), scaled, atol=1e-9)


def test_the_front_end_of_report_002_makes_sound():
    waveform = voice_like(REPORT_002_SPEC, 20)
    scale = CoquiScale()
    stored = scale.encode(MelSpectrogram(REPORT_002_SPEC)(waveform).exp())
    assert stored.min() >= -4 and stored.max() <= 4
    rebuilt = mel_to_waveform(scale.decode(stored).log(), REPORT_002_SPEC, momentum=0.0, power=1.5)
    assert rebuilt.isfinite().all() and 0.01 < rebuilt.abs().max() < 2
