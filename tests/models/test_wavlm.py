"""WavLM's wrapper on a tiny network: level, rate and padding do not matter, and nothing of it is trained."""

import pytest
import torch

from speechlab.audio.resample import resample_tensor
from speechlab.errors import SpeechlabError
from speechlab.models.wavlm import WavLM, normalise

FEATURES = ("conv", "conv_ln", "layer1", "layer2", "last")


@pytest.fixture(scope="module")
def wavlm():
    return WavLM.tiny()


@pytest.fixture
def waveform():
    return 0.1 * torch.randn(2, 1, 8192, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("samples, frames", [(3, 1), (400, 1), (8192, 25), (16_000, 49), (16_384, 50), (32_768, 102)])
def test_frames_are_those_of_wavlm(wavlm, samples, frames):
    assert wavlm(torch.randn(1, 1, samples), feature="conv").shape == (1, 32, frames)
    assert wavlm(torch.randn(1, 1, samples)).shape == (1, wavlm.channels, frames)


def test_the_features_are_where_they_say(wavlm, waveform):
    network, seen = wavlm.network, {}
    places = {
        "conv": network.feature_extractor,
        "conv_ln": network.feature_projection.layer_norm,
        "layer1": network.encoder.layers[0],
        "layer2": network.encoder.layers[1],
        "last": network.encoder.layer_norm,
    }

    def note(name):
        return lambda _, __, output: seen.update({name: output[0] if isinstance(output, tuple) else output})

    handles = [module.register_forward_hook(note(name)) for name, module in places.items()]
    wavlm(waveform)
    for handle in handles:
        handle.remove()
    for name in FEATURES:
        expected = seen[name] if name == "conv" else seen[name].transpose(1, 2)
        torch.testing.assert_close(wavlm(waveform, feature=name), expected)
    with pytest.raises(SpeechlabError, match="layer3.*layer1...layer2"):
        wavlm(waveform, feature="layer3")


@pytest.mark.parametrize("feature", FEATURES)
def test_gain_and_offset_do_not_matter(wavlm, waveform, feature):
    changed = wavlm(3.7 * waveform - 0.3, feature=feature)
    torch.testing.assert_close(changed, wavlm(waveform, feature=feature), rtol=0, atol=1e-3)


def test_the_input_is_normalised_over_real_samples_only(waveform):
    mask = torch.arange(8192) < torch.tensor([[8192], [3000]])
    normal = normalise(5 + waveform.squeeze(1), mask)
    for item, length in zip(normal, (8192, 3000), strict=True):
        assert item[:length].mean().item() == pytest.approx(0, abs=1e-5)
        assert item[:length].std(correction=0).item() == pytest.approx(1, abs=1e-4)
        assert not item[length:].any()


@pytest.mark.parametrize("feature", FEATURES)
@pytest.mark.parametrize("sample_rate", [16_000, 48_000, 44_100])
def test_padding_does_not_change_an_item(wavlm, waveform, feature, sample_rate):
    samples = 6000 * sample_rate // 16_000
    short = torch.randn(1, 1, samples, generator=torch.Generator().manual_seed(1))
    long = torch.randn(1, 1, 2 * samples, generator=torch.Generator().manual_seed(2))
    batch = torch.cat([torch.nn.functional.pad(short, (0, samples), value=0.0), long])
    alone = wavlm(short, sample_rate, feature)
    together = wavlm(batch, sample_rate, feature, lengths=torch.tensor([samples, 2 * samples]))
    torch.testing.assert_close(together[:1, :, : alone.shape[-1]], alone, rtol=0, atol=1e-4)
    torch.testing.assert_close(together[1:], wavlm(long, sample_rate, feature), rtol=0, atol=1e-4)


def test_another_rate_is_resampled_first(wavlm, waveform):
    wide = torch.randn(1, 1, 24_576, generator=torch.Generator().manual_seed(3))
    torch.testing.assert_close(wavlm(wide, 48_000), wavlm(resample_tensor(wide, 48_000, 16_000)))
    assert wavlm(wide, 48_000).shape[-1] == 25


@pytest.mark.parametrize("feature", FEATURES)
def test_the_gradient_passes_through_and_stays_nowhere(waveform, feature):
    wavlm = WavLM.tiny().train()
    assert not any(module.training for module in wavlm.modules())
    for signal in (waveform, torch.zeros_like(waveform)):
        signal = signal.requires_grad_()
        wavlm(signal, 48_000, feature).square().sum().backward()
        assert signal.grad.isfinite().all()
    assert waveform.grad.abs().sum() > 0
    assert all(parameter.grad is None and not parameter.requires_grad for parameter in wavlm.parameters())


def test_tiny_is_always_the_same_and_leaves_the_random_numbers_alone(wavlm, waveform):
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    other = WavLM.tiny()
    assert torch.equal(torch.rand(1), expected)
    assert torch.equal(other(waveform), wavlm(waveform))


def test_a_folder_is_loaded_whole_or_refused(wavlm, waveform, tmp_path):
    wavlm.network.save_pretrained(tmp_path)
    loaded = WavLM.load(tmp_path)
    assert torch.equal(loaded(waveform), wavlm(waveform))
    with pytest.raises(SpeechlabError, match="speechlab weights get wavlm-large"):
        WavLM.load(tmp_path / "nowhere")
    config = wavlm.network.config.__class__.from_pretrained(tmp_path)
    config.num_hidden_layers = 3
    config.save_pretrained(tmp_path)
    with pytest.raises(SpeechlabError, match=r"not hold a whole WavLM: encoder\.layers\.2"):
        WavLM.load(tmp_path)
    (tmp_path / "config.json").write_text("{", encoding="utf-8")
    with pytest.raises(SpeechlabError, match="cannot be read as WavLM"):
        WavLM.load(tmp_path)
