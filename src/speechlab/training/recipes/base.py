"""What every recipe offers the engine."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

import torch
from lightning.fabric import Fabric
from torch import Tensor, nn
from torch.utils.data import Dataset

from speechlab.audio.io import Audio
from speechlab.config import Experiment, OptimiserConfig
from speechlab.data.store import FeatureStore
from speechlab.registry import optimisers
from speechlab.training.validation import Heard


class Driver(Protocol):
    """What a recipe may ask of the engine that drives it."""

    step: int  # optimiser steps so far, the current one included
    fabric: Fabric
    modules: dict[str, nn.Module]  # the networks as they are, not as wrapped for several devices

    def autocast(self) -> AbstractContextManager:
        """Context of the run's reduced precision, for what happens outside a network's ``forward``."""

    def backward(self, loss: Tensor, names: list[str], gradient: Tensor | None = None) -> None:
        """Accumulate gradients of a loss; a non-finite one stops the step, naming the batch's files."""

    def update(self, name: str, names: list[str]) -> float:
        """Clip, step and clear one network's optimiser; returns the gradient norm before clipping."""

    def say(self, message: str) -> None:
        """Print once, whatever the number of processes."""


class Recipe(ABC):
    """A trainer: networks, data, one step, what to measure and what to render.

    Attributes:
        networks: by name; ``main`` is the one whose weights a checkpoint gives to inference.
        dataset: indexed by (epoch, index).
        store: its features, where it has any; it knows what was set aside and why.
        item_lengths: of the dataset's items, if batches are to be bucketed.
        forward_methods: of the networks, that training calls beside ``forward``.
    """

    main: str
    dataset: Dataset
    collate: Callable
    store: FeatureStore | None = None
    item_lengths: Sequence[int] | None = None
    forward_methods: frozenset[str] = frozenset()

    def __init__(self, experiment: Experiment):
        self.experiment = experiment
        self.networks: dict[str, nn.Module] = {}
        self.engine: Driver

    @abstractmethod
    def build(self, engine: Driver) -> None:
        """Make the networks and the data; the seed is set."""

    @abstractmethod
    def train_step(self, batches: Sequence[Any]) -> dict[str, float]:
        """Take one optimiser step over the given batches (several when gradients are accumulated)."""

    @abstractmethod
    def validate(self) -> dict[str, float]:
        """Measure on held-out data; the main network is in eval mode with averaged weights."""

    def render(self) -> dict[str, Audio]:
        """Say or resynthesise the same few things, to be compared over time."""
        return {}

    def heard(self, n_clips: int) -> dict[str, Heard]:
        """Make up to so many held-out clips, for ``validation.metrics`` to score, beside what they should be."""
        return {name: Heard(audio) for name, audio in list(self.render().items())[:n_clips]}

    def alignments(self) -> dict[str, dict[str, list]]:
        """Say which token lasts how long in the same few recordings, to be compared over time.

        Returns:
            By recording: ``symbols``, their ``durations`` in frames and, where they are known, the ``true`` ones.
        """
        return {}

    def card(self) -> dict[str, Any]:
        """Model name, sizes, vocabulary, data and licence."""
        return {}

    def inherit(self, networks: dict[str, dict[str, Tensor]]) -> dict[str, dict[str, Tensor]]:
        """Choose what to start from among another run's weights, by network; each must then fit to the last name."""
        return networks

    def optimiser_config(self, name: str) -> OptimiserConfig:
        """Optimiser settings of one network."""
        return self.experiment.optimiser

    def make_optimisers(self) -> dict[str, torch.optim.Optimizer]:
        """One optimiser per network, of the kind that its settings name."""
        made = {}
        for name, network in self.networks.items():
            config = self.optimiser_config(name)
            parameters = [parameter for parameter in network.parameters() if parameter.requires_grad]
            made[name] = optimisers[config.name](parameters, config)
        return made
