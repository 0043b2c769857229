"""FINALLY: sizes, both rates, any length, and WavLM's frames at their place in time."""

import pytest
import torch

from speechlab.errors import SpeechlabError
from speechlab.models import build

TINY = dict(
    wavlm_channels=6,
    channels=32,
    spectral_widths=(2, 3),
    spectral_depth=1,
    wave_widths=(3, 4),
    wave_depth=1,
    mask_widths=(3, 4),
    upsample_widths=(3, 4),
    upsample_depth=1,
    upsample_channels=4,
)
RATES = pytest.mark.parametrize("sample_rate", [16_000, 48_000])


def count(module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def tiny(**sizes):
    torch.manual_seed(0)
    return build("finally_gen", **{**TINY, **sizes}).eval()


def recording(samples: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """A waveform (1, 1, samples) and as many features as WavLM's convolutions would give."""
    generator = torch.Generator().manual_seed(seed)
    waveform = 0.3 * torch.randn(1, 1, samples, generator=generator)
    return waveform, torch.randn(1, 6, max(1, (samples - 80) // 320), generator=generator)


def test_sizes_are_the_published_ones():
    with torch.device("meta"):
        narrow, wide = build("finally_gen"), build("finally_gen", sample_rate=48_000)
        large = build("finally_gen", size="large", sample_rate=48_000)
        small = build("finally_gen", size="small", wavlm_channels=64)
    assert count(narrow) == 77_004_982
    unused = count(narrow.head)  # the reference keeps it at 48 kHz
    assert (unused, count(wide) + unused) == (226, 80_857_271)
    parts = {name: count(part) for name, part in wide.named_children()}
    assert parts == {
        "mel": 0,
        "spectral_unet": 4_503_508,
        "fusion": 43_273_216,
        "upsampler": 13_911_328,
        "mix": 1_120,
        "wave_unet": 10_330_176,
        "wave_skip": 1_088,
        "mask_net": 4_983_232,
        "mask_skip": 1_088,
        "wide_head": 3_852_289,
        "squash": 0,
    }
    assert count(large) == 144_415_734  # 143.7 M is the sum of the published parts, each rounded
    assert count(large.mask_net) == pytest.approx(16.714e6, rel=1e-4)
    assert count(small) < 3e6


@RATES
@torch.no_grad()
@pytest.mark.parametrize("samples", [1, 401, 4095, 5003])
def test_any_length_comes_back(sample_rate, samples):
    waveform, features = recording(samples)
    restored = tiny(sample_rate=sample_rate)(waveform, features)
    assert restored.shape == (1, 1, samples * sample_rate // 16_000)
    assert restored.isfinite().all() and restored.abs().max() <= 1


@RATES
@torch.no_grad()
def test_the_deep_variant_and_reference_lengths_come_back(sample_rate):
    waveform, features = recording(5003)
    for sizes in ({"deep": True}, {"reference_lengths": True}):
        restored = tiny(sample_rate=sample_rate, **sizes)(waveform, features)
        assert restored.shape == (1, 1, 5003 * sample_rate // 16_000)


@RATES
@torch.no_grad()
def test_the_beginning_depends_on_no_length(sample_rate):
    generator = tiny(sample_rate=sample_rate)
    waveform, features = recording(40_000)
    whole = generator(waveform, features)
    for samples in (20_001, 28_672):
        piece = generator(waveform[..., :samples], features[..., : (samples - 80) // 320])
        beginning = 8000 * sample_rate // 16_000
        torch.testing.assert_close(piece[..., :beginning], whole[..., :beginning])


def test_each_mel_frame_takes_the_nearest_wavlm_frame():
    generator = tiny()
    index = torch.arange(25.0).expand(1, 6, 25)
    aligned = generator.align(index, samples=8192, frames=48)[0, 0]
    centres = [320 * place + 200 for place in range(25)]
    for frame, chosen in enumerate(aligned.tolist()):
        distances = [abs(centre - (256 * frame + 128)) for centre in centres]
        assert distances[int(chosen)] == min(distances), frame


def test_the_features_matter_and_reach_the_loss():
    generator = tiny()
    waveform, features = recording(4096)
    features.requires_grad_()
    generator(waveform, features).square().mean().backward()
    assert features.grad.isfinite().all() and features.grad.abs().sum() > 0
    assert all(parameter.grad is not None for parameter in generator.parameters())


@torch.no_grad()
def test_half_precision_stays_near():
    generator = tiny(sample_rate=48_000)
    waveform, features = recording(4096)
    with torch.autocast("cpu", torch.bfloat16):
        half = generator(waveform, features).float()
    assert (half - generator(waveform, features)).abs().max() < 0.05


def test_what_does_not_fit_is_said():
    with pytest.raises(SpeechlabError, match="16000 or 48000 Hz, not at 24000"):
        build("finally_gen", sample_rate=24_000)
    with pytest.raises(SpeechlabError, match="small, base, large"):
        build("finally_gen", size="huge")
    waveform, features = recording(16_000)
    with pytest.raises(SpeechlabError, match="10 frames of WavLM features do not cover 16000 samples"):
        tiny()(waveform, features[..., :10])
    with pytest.raises(SpeechlabError, match="a waveform must be"):
        tiny()(waveform[0], features)
