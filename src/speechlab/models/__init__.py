"""Models by name; each is one file per paper and is imported when it is first built."""

from typing import Any

import torch
from torch import nn
from torch.nn.utils.parametrize import is_parametrized, remove_parametrizations

from speechlab.registry import models


def build(name: str, /, **sizes: Any) -> nn.Module:
    """Build a registered model from plain sizes.

    Raises:
        SpeechlabError: no model has this name; the nearest names are given.
    """
    return models[name](**sizes)


def fold(network: nn.Module) -> nn.Module:
    """Replace weight norm by plain weights, in place, for inference and export."""
    with torch.enable_grad():  # without it the folded weights would no longer be parameters
        for module in network.modules():
            if is_parametrized(module, "weight"):
                remove_parametrizations(module, "weight")
    return network
