"""UTMOSv2 as a loss hears it: the package's spectrograms in tensors, and a gradient all the way to the waveform."""

import types

import numpy as np
import pytest
import torch

from speechlab.models.utmosv2 import N_DOMAINS, WINDOWS, DifferentiableUtmosV2, mel_image, tiled


@pytest.mark.parametrize("win_length", WINDOWS)
def test_the_images_are_those_of_librosa(win_length):
    librosa = pytest.importorskip("librosa")
    waveform = np.random.default_rng(0).standard_normal(22_400).astype(np.float32) * np.linspace(0, 0.3, 22_400)
    waveform = waveform.astype(np.float32)
    power = librosa.feature.melspectrogram(
        y=waveform, sr=16_000, n_fft=4096, hop_length=32, n_mels=512, win_length=win_length
    )
    expected = (librosa.power_to_db(power, ref=np.max) + 80) / 80
    found = mel_image(torch.from_numpy(waveform)[None], win_length)[0].numpy()
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() < 1e-3


def test_a_short_waveform_is_repeated():
    assert tiled(torch.arange(3.0)[None], 7).tolist() == [[0, 1, 2, 0, 1, 2, 0]]
    assert tiled(torch.arange(9.0)[None], 4).tolist() == [[0, 1, 2, 3]]


class Fold(torch.nn.Module):
    """Stands for the package's network: it adds up what it is given, and checks the shapes."""

    def __init__(self):
        super().__init__()
        self.scale = torch.nn.Parameter(torch.ones(()))

        def encoder(waveform, output_hidden_states):
            assert waveform.mean().abs() < 1e-5 and waveform.std().item() == pytest.approx(1, abs=1e-3)
            return types.SimpleNamespace(hidden_states=(waveform.unsqueeze(-1),))

        self.ssl = torch.nn.Module()
        self.ssl.encoder = types.SimpleNamespace(model=Encoder(encoder))

    def forward(self, heard, images, domain):
        assert heard.shape == (2, 48_000) and images.shape == (2, 8, 3, 512, 512) and domain.shape == (2, N_DOMAINS)
        (hidden,) = self.ssl.encoder(heard)
        loudest = hidden.square().mean((1, 2)) * heard.abs().mean(1)
        return (self.scale * (loudest + images.mean((1, 2, 3, 4)))).unsqueeze(1)


class Encoder(torch.nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, *arguments, **options):
        return self.function(*arguments, **options)


def test_a_gradient_reaches_the_waveform_and_no_weight():
    predictor = DifferentiableUtmosV2(Fold())
    waveform = (0.1 * torch.randn(2, 8_192, generator=torch.Generator().manual_seed(0))).requires_grad_()
    opinions = predictor(waveform)
    opinions.sum().backward()
    assert opinions.shape == (2,) and waveform.grad.abs().amax(1).min() > 0
    assert all(parameter.grad is None for parameter in predictor.parameters())
