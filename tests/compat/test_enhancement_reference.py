"""Reference configurations of HiFi++ and FINALLY that are refused, and the sizes that are read off them."""

import pytest
import torch

from speechlab.compat import load_reference
from speechlab.compat.hifipp import finally_names, finally_sizes, hifipp_sizes, layer_names
from speechlab.errors import SpeechlabError
from speechlab.models import build

TINY = {
    "hifi_upsample_initial_channel": 32,
    "spectralunet_block_widths": [2, 3],
    "spectralunet_block_depth": 1,
    "waveunet_block_widths": [3, 4],
    "waveunet_block_depth": 2,
    "spectralmasknet_block_widths": [3, 4],
    "spectralmasknet_block_depth": 1,
}


def reference_state(generator, names) -> dict[str, torch.Tensor]:
    """Name a generator's parameters as the reference does."""
    state = {}
    for name, value in generator.state_dict().items():
        layer = max((layer for layer in names if name.startswith(f"{layer}.")), key=len)
        state[names[layer] + name.removeprefix(layer)] = value
    return state


@pytest.fixture(scope="module")
def enhancer():
    torch.manual_seed(0)
    return build("a2a_hifi++_gen", **hifipp_sizes(TINY)).eval()


@torch.no_grad()
def test_other_sizes_load_too(enhancer):
    waveform = 0.1 * torch.randn(1, 1, 3000)
    loaded = load_reference(
        "hifipp-a2a", {"state_dict": reference_state(enhancer, layer_names(enhancer)), "step": 3}, TINY
    )
    assert not loaded.training
    torch.testing.assert_close(loaded(waveform), enhancer(waveform))


@torch.no_grad()
@pytest.mark.parametrize("wide", [False, True])
def test_finally_of_other_sizes_loads_without_a_switch_for_its_rate(wide):
    torch.manual_seed(0)
    upsample = {"upsamplewaveunet_block_widths": [3, 4], "upsamplewaveunet_upsampler_features": 4}
    generator = build("finally_gen", **finally_sizes(TINY | upsample, wide)).eval()
    loaded = load_reference("finally", reference_state(generator, finally_names(generator)), TINY | upsample)
    waveform, features = 0.1 * torch.randn(1, 1, 3000), torch.randn(1, 1024, 9)
    torch.testing.assert_close(loaded(waveform, features), generator(waveform, features))


def test_a_parameter_too_many_or_too_few_is_named(enhancer):
    state = reference_state(enhancer, layer_names(enhancer))
    with pytest.raises(SpeechlabError, match="spectralunet.extra"):
        load_reference("hifipp-a2a", state | {"spectralunet.extra": torch.zeros(1)}, TINY)
    del state["conv_post.bias"]
    with pytest.raises(SpeechlabError, match="head.bias"):
        load_reference("hifipp-a2a", state, TINY)
    with pytest.raises(SpeechlabError, match="not those of a hifipp-mel"):
        load_reference("hifipp-mel", reference_state(enhancer, layer_names(enhancer)), TINY)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"waveunet_input": "hifi"}, "waveunet_input is 'hifi'"),
        ({"norm_type": "spectral"}, "only 'weight' is known"),
        ({"hifi_upsample_initial_channel": 128, "spectralunet_out_channels": 64}, "must equal"),
    ],
)
def test_networks_that_we_do_not_have_are_refused(setting, message):
    with pytest.raises(SpeechlabError, match=message):
        hifipp_sizes(setting)


def test_a_generator_of_many_signals_is_refused():
    with pytest.raises(SpeechlabError, match="use_conv_post is false"):
        finally_sizes({"use_conv_post": False}, wide=False)
    sizes = finally_sizes({"use_conv_post": False, "use_tanh": False}, wide=True)
    assert (sizes["sample_rate"], sizes["tanh"], sizes["spare_head"]) == (48_000, False, True)
