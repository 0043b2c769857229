"""Metrics by name as curves of a training: how good what a recipe makes sounds, on clips that it does not know."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from speechlab.audio.io import Audio
from speechlab.metrics.base import Metric
from speechlab.metrics.items import Item
from speechlab.metrics.measure import describe, measure
from speechlab.registry import metrics


class Heard(NamedTuple):
    """A clip as a recipe makes it, with what it should be and what is said in it, where these are known."""

    estimate: Audio
    reference: Audio | None = None
    text: str | None = None


class Judges:
    """The metrics that a run asks while it trains.

    A metric that cannot be computed here, and a clip that has no value, are said once, and never end a training.

    Args:
        names: registered metrics.
        say: is told what is left out.

    Raises:
        SpeechlabError: no metric has such a name.
    """

    def __init__(self, names: tuple[str, ...], say: Callable[[str], None]):
        self.say, self.said = say, set()
        self.metrics: dict[str, type[Metric]] = {}
        for name in names:
            missing = describe(metrics[name]).missing
            if missing:
                say(f"validation metric {name} is left out: {missing}")
            else:
                self.metrics[name] = metrics[name]

    def __call__(self, clips: Mapping[str, Heard]) -> dict[str, float]:
        """Mean over clips of each output of each metric, by its name; one that no clip has a value of is absent."""
        values = defaultdict(list)
        for name, clip in clips.items():
            asked = {metric: kind for metric, kind in self.metrics.items() if not lacks(kind, clip)}
            for metric, found in measure(Item(name, *clip), asked).items():
                for output, value in found.values.items():
                    if value is None:
                        self.tell(f"validation: no {output} of {name}: {found.reasons[output]}", metric)
                    else:
                        values[output].append(value)
        return {output: float(np.mean(numbers)) for output, numbers in values.items()}

    def tell(self, line: str, metric: str) -> None:
        """Say something about a metric once."""
        if metric not in self.said:
            self.said.add(metric)
            self.say(line)


def lacks(metric: type[Metric], clip: Heard) -> bool:
    """Tell whether a metric needs what a clip does not have."""
    return (metric.needs_reference and clip.reference is None) or (metric.needs_text and clip.text is None)
