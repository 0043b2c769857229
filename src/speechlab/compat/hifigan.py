"""HiFi-GAN's generator and discriminators, from the state dicts of jik876/hifi-gan."""

from typing import Any

from torch import Tensor

from speechlab.compat import load_strictly, require
from speechlab.errors import SpeechlabError
from speechlab.models import fold
from speechlab.models.hifigan import HiFiGANGenerator, MultiPeriodDiscriminator, MultiScaleDiscriminator

PRESETS = {(512, 1): "v1", (128, 1): "v2", (256, 2): "v3"}
"""(channels after the first convolution, type of residual block): preset."""


def load_generator(state: dict[str, Tensor], config: dict[str, Any]) -> HiFiGANGenerator:
    """Load V1, V2, V3 or a generator described by ``config``, with weight norm or with folded weights.

    Raises:
        SpeechlabError: the sizes are of no preset and there is no configuration.
    """
    kind = "hifigan-generator"
    channels = len(require(state, "conv_pre.bias", kind))
    folded = "conv_pre.weight" in state
    n_mels = require(state, "conv_pre.weight" if folded else "conv_pre.weight_v", kind).shape[1]
    if "upsample_rates" in config:
        generator = HiFiGANGenerator(
            n_mels=n_mels,
            residual_block=int(config["resblock"]),
            initial_channels=config["upsample_initial_channel"],
            upsample_rates=config["upsample_rates"],
            upsample_kernels=config["upsample_kernel_sizes"],
            residual_kernels=config["resblock_kernel_sizes"],
            dilations=config["resblock_dilation_sizes"],
        )
    else:
        block = 1 if any(".convs1." in name for name in state) else 2
        if (channels, block) not in PRESETS:
            raise SpeechlabError(
                f"a generator of {channels} channels with residual blocks of type {block} is none of V1, V2, V3;"
                " give the config.json that lies beside the checkpoint"
            )
        generator = HiFiGANGenerator.preset(PRESETS[channels, block], n_mels)
    if folded:
        fold(generator)
    return load_strictly(generator, state, kind)


def load_period_discriminator(state: dict[str, Tensor], config: dict[str, Any]) -> MultiPeriodDiscriminator:
    """Load the multi-period discriminator."""
    return load_strictly(MultiPeriodDiscriminator(), state, "hifigan-mpd")


def load_scale_discriminator(state: dict[str, Tensor], config: dict[str, Any]) -> MultiScaleDiscriminator:
    """Load the multi-scale discriminator; its first scale is spectrally normed, under the names of old PyTorch."""
    return load_strictly(MultiScaleDiscriminator(), rename_spectral_norm(state), "hifigan-msd")


def rename_spectral_norm(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Map old spectral norm to its parametrization; PyTorch does so by itself for weight norm only.

    Both norms have a ``weight_v``: that of spectral norm stands beside a ``weight_orig``, that of weight norm beside a
    ``weight_g``.
    """
    names = {"weight_orig": "original", "weight_u": "0._u", "weight_v": "0._v"}
    renamed = {}
    for name, value in state.items():
        layer, _, parameter = name.rpartition(".")
        if f"{layer}.weight_orig" in state and parameter in names:
            name = f"{layer}.parametrizations.weight.{names[parameter]}"
        renamed[name] = value
    return renamed
