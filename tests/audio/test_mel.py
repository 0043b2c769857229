"""The mel front end against the constants and lengths of HiFi-GAN's."""

import pytest
import torch

from speechlab.audio.mel import MelSpectrogram, mel_filters
from speechlab.config import AudioSpec
from speechlab.errors import SpeechlabError

SPEC = AudioSpec()


def test_the_filter_bank_is_slaneys():
    filters = mel_filters(SPEC)
    assert filters.max().item() == pytest.approx(0.0264925, abs=1e-6)
    assert filters.sum().item() == pytest.approx(3.71369, abs=1e-4)
    assert filters[0].nonzero().flatten().tolist() == [1, 2, 3]
    assert filters[-1].nonzero().flatten()[[0, -1]].tolist() == [345, 371]
    assert mel_filters(SPEC, SPEC.sample_rate / 2)[-1].nonzero().flatten()[[0, -1]].tolist() == [471, 511]


def test_silence_lies_exactly_at_the_floor():
    mel = MelSpectrogram(SPEC)(torch.zeros(1, 1, 4096))
    assert mel.unique().tolist() == pytest.approx([-11.512925])


def test_frames_are_samples_divided_by_the_hop():
    analyse = MelSpectrogram(SPEC)
    lengths = torch.randint(1024, 60_000, (20,), generator=torch.Generator().manual_seed(0)).tolist()
    for samples in [8192, 32_768, 66_150, 66_304, 22_050, *lengths]:
        assert analyse(torch.zeros(1, 1, samples)).shape == (1, 80, samples // 256)


def test_one_tone_lights_the_filter_at_its_frequency():
    phase = 2 * torch.pi * 1000 * torch.arange(22_050) / 22_050
    mel = MelSpectrogram(SPEC)(phase.sin()[None, None])
    centre = (mel_filters(SPEC) * torch.linspace(0, 11_025, 513)).sum(1) / mel_filters(SPEC).sum(1)
    assert abs(centre[mel.mean(-1).argmax()].item() - 1000) < 60


def test_the_gradient_reaches_a_silent_waveform():
    waveform = torch.zeros(1, 1, 2048, requires_grad=True)
    MelSpectrogram(SPEC)(waveform).sum().backward()
    assert waveform.grad.isfinite().all()


def test_a_flat_waveform_is_refused():
    with pytest.raises(SpeechlabError, match="batch, 1, samples"):
        MelSpectrogram(SPEC)(torch.zeros(4096))
