"""Vocos (gemelo-ai/vocos): generator and multi-resolution discriminator, from the authors' names."""

from typing import Any

from torch import Tensor, nn

from speechlab.compat import load_strictly, require
from speechlab.models.mrd import MultiResolutionDiscriminator
from speechlab.models.vocos import VocosGenerator

NAMES = {"dwconv": "depthwise", "pwconv1": "expand", "pwconv2": "project"}


def load_generator(state: dict[str, Tensor], config: dict[str, Any]) -> nn.Module:
    """Load backbone and head; what the reference keeps beside them (its mel analysis, windows) follows from the sizes.

    Sizes are read off the weights; the hop and the padding are not among them: a quarter of the transform and "same"
    unless the configuration says otherwise. The released 24 kHz model has padding "center".
    """
    renamed = dict(rename(name, value) for name, value in state.items() if name.startswith(("backbone.", "head.out.")))
    embed = require(renamed, "embed.weight", "vocos")
    expand = require(renamed, "blocks.0.expand.weight", "vocos")
    n_fft = len(require(renamed, "head.bias", "vocos")) - 2
    generator = VocosGenerator(
        n_mels=embed.shape[1],
        channels=embed.shape[0],
        intermediate_channels=expand.shape[0],
        n_layers=len([name for name in renamed if name.endswith(".expand.weight")]),
        n_fft=n_fft,
        hop_length=config.get("hop_length", n_fft // 4),
        padding=config.get("padding", "same"),
    )
    return load_strictly(generator, renamed, "vocos")


def rename(name: str, value: Tensor) -> tuple[str, Tensor]:
    """Give one parameter our name."""
    name = name.removeprefix("backbone.").replace("convnext.", "blocks.").replace("head.out.", "head.")
    name = name.replace("final_layer_norm", "final_norm").replace(".gamma", ".scale")
    for theirs, ours in NAMES.items():
        name = name.replace(f".{theirs}.", f".{ours}.")
    return name, value


def load_discriminator(state: dict[str, Tensor], config: dict[str, Any]) -> nn.Module:
    """Load the multi-resolution discriminator."""
    n_ffts = config.get("fft_sizes", (2048, 1024, 512))
    channels = len(require(state, "discriminators.0.band_convs.0.0.bias", "vocos-mrd"))
    windows = [name for name in state if name.endswith("spec_fn.window")]  # they follow from the sizes
    state = {name: value for name, value in state.items() if name not in windows}
    return load_strictly(MultiResolutionDiscriminator(n_ffts, channels), state, "vocos-mrd")
