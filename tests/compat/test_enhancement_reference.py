"""Reference configurations of HiFi++ and FINALLY that are refused, and the sizes that are read off them."""

import pytest
import torch

from speechlab.compat import load_reference
from speechlab.compat.hifipp import finally_sizes, hifipp_sizes, layer_names
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


def reference_state(enhancer) -> dict[str, torch.Tensor]:
    """Name an enhancer's parameters as the reference does."""
    names, state = layer_names(enhancer), {}
    for name, value in enhancer.state_dict().items():
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
    loaded = load_reference("hifipp-a2a", {"state_dict": reference_state(enhancer), "step": 3}, TINY)
    assert not loaded.training
    torch.testing.assert_close(loaded(waveform), enhancer(waveform))


def test_a_parameter_too_many_or_too_few_is_named(enhancer):
    state = reference_state(enhancer)
    with pytest.raises(SpeechlabError, match="spectralunet.extra"):
        load_reference("hifipp-a2a", state | {"spectralunet.extra": torch.zeros(1)}, TINY)
    del state["conv_post.bias"]
    with pytest.raises(SpeechlabError, match="head.bias"):
        load_reference("hifipp-a2a", state, TINY)
    with pytest.raises(SpeechlabError, match="not those of a hifipp-mel"):
        load_reference("hifipp-mel", reference_state(enhancer), TINY)


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
