"""HiFi++: sizes, shapes, any length, and a beginning that does not hear how long the rest is."""

import pytest
import torch
import torch.nn.functional as F

from speechlab.errors import SpeechlabError
from speechlab.models import build

TINY = dict(
    channels=32,
    spectral_widths=(2, 3),
    spectral_depth=1,
    wave_widths=(3, 4),
    wave_depth=1,
    mask_widths=(3, 4),
    mask_depth=1,
)


def count(module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.fixture(scope="module")
def vocoder():
    torch.manual_seed(0)
    return build("hifi++_gen", **TINY).eval()


@pytest.fixture(scope="module")
def enhancer():
    torch.manual_seed(0)
    return build("a2a_hifi++_gen", **TINY).eval()


def noise(samples: int, seed: int = 0) -> torch.Tensor:
    """Waveform, (1, 1, samples)."""
    return 0.3 * torch.randn(1, 1, samples, generator=torch.Generator().manual_seed(seed))


def test_sizes_are_the_published_ones():
    with torch.device("meta"):
        vocoder, enhancer = build("hifi++_gen"), build("a2a_hifi++_gen")
    assert (count(vocoder), count(enhancer)) == (1_706_082, 1_706_170)
    parts = {name: count(part) for name, part in enhancer.named_children()}
    assert parts == {
        "spectral_unet": 489_252,
        "upsampler": 873_160,
        "wave_unet": 240_356,
        "wave_skip": 80,
        "mask_net": 103_096,
        "mask_skip": 80,
        "head": 58,
        "mel": 0,
        "mix": 88,
    }
    gains = sum(value.numel() for name, value in enhancer.named_parameters() if name.endswith("original0"))
    assert count(enhancer) - gains == 1_699_713


@torch.no_grad()
def test_shapes_inside_are_the_published_ones():
    enhancer = build("a2a_hifi++_gen").eval()
    shapes = {}

    def note(name):
        return lambda module, inputs, output: shapes.update({name: tuple(output.shape[1:])})

    for name, part in enhancer.named_modules():
        part.register_forward_hook(note(name))
    assert enhancer(noise(8192)).shape == (1, 1, 8192)
    assert shapes["mel"] == (80, 32)
    assert shapes["spectral_unet.net"] == (8, 528, 32) and shapes["spectral_unet"] == (128, 32)
    stages = [shapes[f"upsampler.stages.{index}"] for index in range(4)]
    assert stages == [(64, 256), (32, 2048), (16, 4096), (8, 8192)]
    assert shapes["mask_net.net"] == (8, 512, 32) and shapes["mask_net"] == (8, 8192)


@torch.no_grad()
@pytest.mark.parametrize("samples", [1, 255, 257, 4095, 4096, 5003])
def test_any_length_comes_back(enhancer, samples):
    enhanced = enhancer(noise(samples))
    assert enhanced.shape == (1, 1, samples)
    assert enhanced.isfinite().all()


@torch.no_grad()
@pytest.mark.parametrize("frames", [1, 15, 16, 37])
def test_any_mel_gives_a_hop_a_frame(vocoder, frames):
    assert vocoder(torch.randn(2, 80, frames) - 4).shape == (2, 1, 256 * frames)


@torch.no_grad()
@pytest.mark.parametrize("name", ["hifi++_gen", "a2a_hifi++_gen"])
@pytest.mark.parametrize("length", [1, 19, 32])
def test_reference_lengths_come_back_too(name, length):
    generator = build(name, **TINY, reference_lengths=True).eval()
    mel, waveform = torch.randn(1, 80, length) - 4, noise(100 * length + 1)
    if name == "hifi++_gen":
        assert generator(mel).shape == (1, 1, 256 * length)
    else:
        assert generator(waveform).shape == waveform.shape


@torch.no_grad()
def test_padding_is_silence(enhancer, vocoder):
    waveform, mel = noise(5003), torch.randn(1, 80, 19) - 4
    silent = F.pad(waveform, (0, 2 * 4096 - 5003))
    torch.testing.assert_close(enhancer(waveform), enhancer(silent)[..., :5003])
    floor = F.pad(mel, (0, 13), value=-11.512925)
    torch.testing.assert_close(vocoder(mel), vocoder(floor)[..., : 19 * 256])


@torch.no_grad()
@pytest.mark.parametrize("samples", [20_001, 28_672, 33_000])
def test_the_beginning_depends_on_no_length(enhancer, samples):
    whole = noise(40_000)
    torch.testing.assert_close(enhancer(whole[..., :samples])[..., :8000], enhancer(whole)[..., :8000])


@torch.no_grad()
def test_a_piece_on_the_frame_grid_sounds_as_in_the_whole(enhancer):
    whole = noise(12 * 4096)
    piece = enhancer(whole[..., 4096:])
    torch.testing.assert_close(piece[..., 16_000:28_000], enhancer(whole)[..., 4096 + 16_000 : 4096 + 28_000])


@torch.no_grad()
def test_output_stays_in_range_for_any_input(enhancer):
    torch.manual_seed(0)
    loud = build("a2a_hifi++_gen", **TINY)
    for parameter in loud.parameters():
        parameter.mul_(3)
    assert 0.99 < loud(100 * noise(4096)).abs().max() <= 1
    for waveform in (torch.zeros(1, 1, 4096), torch.ones(1, 1, 4096)):
        assert enhancer(waveform).abs().max() <= 1


def test_gradients_of_silence_are_finite():
    torch.manual_seed(0)
    enhancer = build("a2a_hifi++_gen", **TINY)
    silence = torch.zeros(1, 1, 4096, requires_grad=True)
    enhancer(silence).square().mean().backward()
    gradients = [silence.grad, *(parameter.grad for parameter in enhancer.parameters())]
    assert all(gradient.isfinite().all() for gradient in gradients)


def test_skips_start_as_identities_and_learn():
    torch.manual_seed(0)
    enhancer = build("a2a_hifi++_gen", **TINY)
    optimiser = torch.optim.SGD(enhancer.parameters(), lr=0.1)
    vocoder = build("hifi++_gen", **TINY)
    for skip in (enhancer.wave_skip, vocoder.wave_skip, vocoder.mask_skip):
        torch.testing.assert_close(skip.weight[..., 0], torch.eye(2))
    assert vocoder.head.weight.std() < 0.02
    enhancer(noise(4096)).square().mean().backward()
    optimiser.step()
    assert not torch.equal(enhancer.wave_skip.weight[..., 0], torch.eye(2))


@torch.no_grad()
def test_the_enhancer_starts_by_letting_its_input_pass():
    torch.manual_seed(0)
    waveform = noise(8192)
    passed = build("a2a_hifi++_gen")(waveform)
    assert (passed * waveform).sum() / (passed.norm() * waveform.norm()) > 0.95  # the sign too
    assert 0.7 < passed.norm() / waveform.norm() < 1.4


@torch.no_grad()
def test_half_precision_stays_near(enhancer):
    waveform = noise(4096)
    with torch.autocast("cpu", torch.bfloat16):
        half = enhancer(waveform).float()
    assert (half - enhancer(waveform)).abs().max() < 0.02 * enhancer(waveform).abs().max()


@pytest.mark.parametrize("shape", [(1, 1, 0), (1, 4096), (1, 2, 4096)])
def test_what_is_no_waveform_is_refused(enhancer, shape):
    with pytest.raises(SpeechlabError, match="a waveform must be"):
        enhancer(torch.zeros(shape))


def test_same_scale_discriminators_hear_the_raw_waveform():
    with torch.device("meta"):
        assert count(build("ssd")) == 3 * 9_874_306
    torch.manual_seed(0)
    outputs = build("ssd", width=1 / 16)(noise(2048))
    assert [output.scores.shape for output in outputs] == [(1, 32)] * 3
    assert [len(output.features) for output in outputs] == [8] * 3
    assert not torch.equal(outputs[0].scores, outputs[1].scores)
