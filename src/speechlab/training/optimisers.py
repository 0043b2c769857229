"""Optimisers, made from an experiment's settings; ``speechlab.registry`` has their names."""

from collections.abc import Iterable

import torch
from torch import nn

from speechlab.config import OptimiserConfig


def adamw(parameters: Iterable[nn.Parameter], config: OptimiserConfig) -> torch.optim.Optimizer:
    """Adam with decoupled weight decay (arXiv:1711.05101)."""
    return torch.optim.AdamW(parameters, **adaptive(config))


def adam(parameters: Iterable[nn.Parameter], config: OptimiserConfig) -> torch.optim.Optimizer:
    """Adam (arXiv:1412.6980); the weight decay is added to the gradient."""
    return torch.optim.Adam(parameters, **adaptive(config))


def radam(parameters: Iterable[nn.Parameter], config: OptimiserConfig) -> torch.optim.Optimizer:
    """Rectified Adam (arXiv:1908.03265), which warms up by itself; the weight decay is added to the gradient."""
    return torch.optim.RAdam(parameters, **adaptive(config))


def sgd(parameters: Iterable[nn.Parameter], config: OptimiserConfig) -> torch.optim.Optimizer:
    """Gradient descent; the first of the betas is its momentum."""
    return torch.optim.SGD(parameters, config.learning_rate, config.betas[0], weight_decay=config.weight_decay)


def adaptive(config: OptimiserConfig) -> dict[str, object]:
    """Arguments that Adam and its kin share."""
    return {
        "lr": config.learning_rate, "betas": tuple(config.betas), "eps": config.epsilon,
        "weight_decay": config.weight_decay,
    }  # fmt: skip
