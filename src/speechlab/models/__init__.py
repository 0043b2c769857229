"""Models by name; each is one file per paper and is imported when it is first built."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

import torch
from torch import nn
from torch.nn.utils.parametrize import is_parametrized, remove_parametrizations

from speechlab.registry import Registry

models: Registry = Registry("model")
"""Where each model is defined: ``module:class or classmethod``."""
models.update(
    {
        "hifigan_gen": "hifigan:HiFiGANGenerator.preset",
        "vocos_gen": "vocos:VocosGenerator",
        "source_vocos_gen": "source_vocos:SourceVocosGenerator",
        "mpd": "hifigan:MultiPeriodDiscriminator",
        "msd": "hifigan:MultiScaleDiscriminator",
        "mrd": "mrd:MultiResolutionDiscriminator",
        "ms-stft_disc": "ms_stft:MultiScaleSTFTDiscriminator",
        "fastspeech": "fastspeech:FastSpeech",
        "fastspeech2": "fastspeech:FastSpeech2",
        "glowtts": "glowtts:GlowTTS",
        "aligner": "aligner:Aligner",
        "hifi++_gen": "hifipp:HiFiPPVocoder",
        "a2a_hifi++_gen": "hifipp:HiFiPPEnhancer",
        "ssd": "hifipp:SameScaleDiscriminator",
        "finally_gen": "finally_gan:Finally.preset",
    }
)


def build(name: str, /, **sizes: Any) -> nn.Module:
    """Build a registered model from plain sizes.

    Raises:
        SpeechlabError: no model has this name; the nearest names are given.
    """
    module, _, path = models[name].partition(":")
    target: Callable[..., nn.Module] = import_module(f"speechlab.models.{module}")
    for attribute in path.split("."):
        target = getattr(target, attribute)
    return target(**sizes)


def fold(network: nn.Module) -> nn.Module:
    """Replace weight norm by plain weights, in place, for inference and export."""
    with torch.enable_grad():  # without it the folded weights would no longer be parameters
        for module in network.modules():
            if is_parametrized(module, "weight"):
                remove_parametrizations(module, "weight")
    return network
