"""HiFi++ and FINALLY, from the naming of the official HiFi++ code and of the frameworks that follow it."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from torch import Tensor, nn

from speechlab.compat import load_strictly
from speechlab.errors import SpeechlabError
from speechlab.models.finally_gan import Finally
from speechlab.models.hifipp import HiFiPP, HiFiPPEnhancer, HiFiPPVocoder

SIZES = {
    "channels": "hifi_upsample_initial_channel",
    "spectral_widths": "spectralunet_block_widths",
    "spectral_depth": "spectralunet_block_depth",
    "wave_widths": "waveunet_block_widths",
    "wave_depth": "waveunet_block_depth",
    "mask_widths": "spectralmasknet_block_widths",
    "mask_depth": "spectralmasknet_block_depth",
}
"""Our sizes and the reference's names of them."""

UPSAMPLE_SIZES = {
    "upsample_widths": "upsamplewaveunet_block_widths",
    "upsample_depth": "upsamplewaveunet_block_depth",
    "upsample_channels": "upsamplewaveunet_upsampler_features",
}
"""The same of the Upsample WaveUNet."""

FIXED = {
    "hifi_resblock": "1",
    "hifi_upsample_rates": [8, 8, 2, 2],
    "hifi_upsample_kernel_sizes": [16, 16, 4, 4],
    "hifi_resblock_kernel_sizes": [3, 7, 11],
    "hifi_resblock_dilation_sizes": [[1, 3, 5]] * 3,
    "hifi_conv_pre_kernel_size": 1,
    "use_spectralunet": True,
    "spectralunet_positional_encoding": True,
    "use_waveunet": True,
    "use_spectralmasknet": True,
    "use_skip_connect": True,
    "waveunet_input": "both",
    "norm_type": "weight",
    "upsamplewaveunet_upsample_factor": 3,
}
"""What the reference can vary and the papers do not."""

LAYERS = {
    "spectral_unet.unmel": "spectralunet.learnable_mel2linspec",
    "spectral_unet.flatten": "spectralunet.post_conv_2d.0",
    "spectral_unet.project": "spectralunet.post_conv_1d.0",
    "wave_skip": "waveunet_skip_connect",
    "mask_skip": "spectralmasknet_skip_connect",
    "mix": "waveunet_conv_pre",
    "head": "conv_post",
}
"""Single convolutions: our names and the reference's."""

PARAMETER = re.compile(r"(.+)\.(bias|weight|weight_g|weight_v|parametrizations\.weight\.original[01])")


def load_vocoder(state: dict[str, Tensor], config: dict[str, Any]) -> HiFiPPVocoder:
    """Load the generator that inverts mels."""
    vocoder = HiFiPPVocoder(**hifipp_sizes(config))
    return load_strictly(vocoder, rename(state, layer_names(vocoder)), "hifipp-mel")


def load_enhancer(state: dict[str, Tensor], config: dict[str, Any]) -> HiFiPPEnhancer:
    """Load the generator from waveform to waveform."""
    enhancer = HiFiPPEnhancer(**hifipp_sizes(config))
    return load_strictly(enhancer, rename(state, layer_names(enhancer)), "hifipp-a2a")


def load_finally(state: dict[str, Tensor], config: dict[str, Any]) -> Finally:
    """Load FINALLY's generator.

    Raises:
        SpeechlabError: the configuration leaves out the last convolution, so that 32 signals come out.
    """
    wide = any(name.startswith("upsamplewaveunet.") for name in state)
    generator = Finally(**finally_sizes(config, wide))
    return load_strictly(generator, rename(state, finally_names(generator)), "finally")


def hifipp_sizes(config: Mapping[str, Any]) -> dict[str, Any]:
    """Translate a configuration; what it leaves out is as published.

    Raises:
        SpeechlabError: it describes a network that we do not have.
    """
    for key, ours in FIXED.items():
        if config.get(key, ours) != ours:
            raise SpeechlabError(f"{key} is {config[key]!r} in the reference's configuration; only {ours!r} is known")
    channels = config.get("hifi_upsample_initial_channel")
    for key in ("hifi_input_channels", "spectralunet_out_channels"):
        if config.get(key, channels) != channels:
            raise SpeechlabError(f"{key} is {config[key]}; it must equal hifi_upsample_initial_channel, {channels}")
    sizes = {ours: config[theirs] for ours, theirs in SIZES.items() if theirs in config}
    order = {} if config.get("waveunet_before_spectralmasknet", True) else {"mask_first": True}
    return sizes | {"reference_lengths": True} | order


def finally_sizes(config: Mapping[str, Any], wide: bool) -> dict[str, Any]:
    """Translate a configuration of FINALLY, ``wide`` with the Upsample WaveUNet, at 48 kHz.

    Raises:
        SpeechlabError: it describes a network that we do not have.
    """
    if not wide and not config.get("use_conv_post", True):
        raise SpeechlabError(
            "use_conv_post is false in the reference's configuration: such a generator gives many signals, as its last"
            " convolution was never trained; train it with use_conv_post"
        )
    if not config.get("waveunet_before_spectralmasknet", True):
        raise SpeechlabError(
            "waveunet_before_spectralmasknet is false in the reference's configuration: FINALLY has true"
        )
    sizes = {ours: config[theirs] for ours, theirs in UPSAMPLE_SIZES.items() if theirs in config}
    rate = {"sample_rate": 48_000 if wide else 16_000, "spare_head": wide, "tanh": config.get("use_tanh", not wide)}
    return hifipp_sizes(config) | sizes | rate


def layer_names(generator: HiFiPP | Finally) -> dict[str, str]:
    """Name every convolution that HiFi++ and FINALLY share: ours and the reference's."""
    names = LAYERS | upsampler_names(generator.upsampler)
    names |= unet_names(generator.spectral_unet.net, "spectral_unet.net", "spectralunet.net")
    names |= unet_names(generator.wave_unet, "wave_unet", "waveunet")
    return names | unet_names(generator.mask_net.net, "mask_net.net", "spectralmasknet.net")


def finally_names(generator: Finally) -> dict[str, str]:
    """Name every convolution of FINALLY: ours and the reference's."""
    names = layer_names(generator) | {"fusion.2": "pre_upsampler_proccessing.2"}
    names |= {f"fusion.0.{layer}": f"pre_upsampler_proccessing.0.{layer}" for layer in residual_layers()}
    if generator.sample_rate == 48_000:
        names |= unet_names(generator.wide_head.wave_unet, "wide_head.wave_unet", "upsamplewaveunet.waveunet")
        names["wide_head.triple"] = "upsamplewaveunet.upsample_block.0"
    return names


def residual_layers() -> Iterator[str]:
    """Name the six convolutions of a residual block of HiFi-GAN's type 1."""
    for convolutions in ("convs1", "convs2"):
        yield from (f"{convolutions}.{index}" for index in range(3))


def upsampler_names(upsampler: nn.Module) -> dict[str, str]:
    """Name the upsampler's convolutions; the reference lists its residual blocks without stages."""
    names = {"upsampler.pre": "hifi.conv_pre"}
    for index, stage in enumerate(upsampler.stages):
        names[f"upsampler.stages.{index}.up"] = f"hifi.ups.{index}"
        for branch in range(len(stage.branches)):
            ours = f"upsampler.stages.{index}.branches.{branch}"
            theirs = f"hifi.resblocks.{index * len(stage.branches) + branch}"
            names |= {f"{ours}.{layer}": f"{theirs}.{layer}" for layer in residual_layers()}
    return names


def unet_names(net: nn.Module, ours: str, theirs: str) -> dict[str, str]:
    """Name a U-Net's convolutions; in the reference each level lies inside the one before."""
    names = {f"{ours}.stem": f"{theirs}.net.0", f"{ours}.head": f"{theirs}.net.2"}
    outer = f"{theirs}.net.1"
    for index, level in enumerate(net.levels):
        mine, inner = f"{ours}.levels.{index}", f"{outer}.0.net"
        names |= {f"{mine}.down": f"{inner}.1", f"{mine}.up": f"{inner}.3.1", f"{mine}.merge": f"{outer}.1"}
        for depth in range(len(level.before)):
            names[f"{mine}.before.{depth}"] = f"{inner}.0.{depth}.net.1"
            names[f"{mine}.after.{depth}"] = f"{inner}.4.{depth}.net.1"
        outer = f"{inner}.2"
    return names | {f"{ours}.bottom.{depth}": f"{outer}.{depth}.net.1" for depth in range(len(net.bottom))}


def rename(state: Mapping[str, Tensor], names: Mapping[str, str]) -> dict[str, Tensor]:
    """Give the parameters our names; one that has none keeps its own, to be reported."""
    ours = {theirs: layer for layer, theirs in names.items()}
    renamed = {}
    for name, value in state.items():
        match = PARAMETER.fullmatch(name)
        layer, parameter = match.groups() if match else (name, "")
        renamed[f"{ours[layer]}.{parameter}" if layer in ours else name] = value
    return renamed
