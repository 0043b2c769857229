"""The weighted sum of named losses that an experiment lists."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from torch import Tensor

from speechlab.config import LossConfig
from speechlab.errors import SpeechlabError
from speechlab.registry import losses

JUDGEMENTS = {"real", "fake"}  # arguments that a discriminator's opinions are given by
DISCRIMINATOR = "disc_loss"  # weighs the discriminator's own step; no part of the generator's sum


class Objective:
    """Losses by name with their weights, each called with what its arguments ask for.

    Args:
        terms: names and weights.
        given: names of what a trainer hands over at each call: ``estimate``, ``reference`` and so on.
        tools: what else a loss may ask for, by argument, or by ``loss.argument`` where losses differ; each is made
            once, here.
        own: losses that a trainer computes in its own way, by name.

    Raises:
        SpeechlabError: a name is unknown or stands twice, or a loss asks for what this trainer does not have.
    """

    def __init__(
        self,
        terms: Sequence[LossConfig],
        given: Sequence[str],
        tools: Mapping[str, Callable[[], Any]],
        own: Mapping[str, Callable[..., Tensor]] | None = None,
    ):
        self.weights = {term.name: term.weight for term in terms}
        if len(self.weights) < len(terms):
            raise SpeechlabError(f"losses names one of {', '.join(self.weights)} twice; give each one weight")
        self.functions = {name: (own or {}).get(name) or losses.find(name) for name in self.weights}
        self.arguments, self.tools = {}, {}
        for name in self.functions:
            self.arguments[name], wanted = self.arguments_of(name, given, tools)
            self.tools[name] = {argument: tools[place]() for argument, place in wanted.items()}

    def arguments_of(
        self, name: str, given: Sequence[str], tools: Mapping[str, Any]
    ) -> tuple[list[str], dict[str, str]]:
        """Tell which arguments of a loss are handed over at each call, and which are tools, by their names."""
        handed, wanted = [], {}
        for argument, parameter in inspect.signature(self.functions[name]).parameters.items():
            place = next((place for place in (f"{name}.{argument}", argument) if place in tools), None)
            if argument in given:
                handed.append(argument)
            elif place:
                wanted[argument] = place
            elif parameter.default is inspect.Parameter.empty:
                known = sorted({*given, *(place for place in tools if "." not in place)})
                raise SpeechlabError(f"the loss {name} asks for {argument!r}; this trainer has {', '.join(known)}")
        return handed, wanted

    @property
    def is_judged(self) -> bool:
        """Whether a loss of the generator asks a discriminator."""
        return any(JUDGEMENTS & set(self.arguments[name]) for name in self.weights if name != DISCRIMINATOR)

    @property
    def discriminator_weight(self) -> float:
        """Factor on the discriminator's own loss."""
        return self.weights.get(DISCRIMINATOR, 1.0)

    def __call__(self, **given: Any) -> tuple[Tensor, dict[str, Tensor]]:
        """Give the weighted sum, and each loss without its weight by its name; one of several parts has these besides.

        A loss that wants judgements is left out where none are given: before the discriminators begin.
        """
        total, parts = 0.0, {}
        for name, function in self.functions.items():
            if name == DISCRIMINATOR or not set(self.arguments[name]) <= set(given):
                continue
            value = function(**{argument: given[argument] for argument in self.arguments[name]}, **self.tools[name])
            if isinstance(value, Mapping):
                parts |= value
                value = sum(value.values())
            parts[name] = value
            total = total + self.weights[name] * value
        return total, parts
