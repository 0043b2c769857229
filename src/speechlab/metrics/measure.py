"""One item asked of several metrics, as a worker process does it: a failure becomes a reason, never a number."""

import math
from collections.abc import Mapping
from functools import cache, cached_property
from typing import NamedTuple

import numpy as np

from speechlab.audio.io import Audio
from speechlab.audio.resample import resample
from speechlab.metrics.base import Metric, Unavailable, Unmeasurable
from speechlab.metrics.items import Item, read_source

CUT_SHARE, CUT_S = 0.1, 0.5  # of the reference, and seconds: what differs by no more than both is cut to the shorter


class Measurement(NamedTuple):
    """What one metric says of one item."""

    values: dict[str, float | None]  # by output; None where there is none
    reasons: dict[str, str]  # by output without value
    note: str = ""  # what was done to the audio before
    sample_rate: int | None = None  # Hz at which it was measured
    final: bool = True  # False after an unforeseen exception: worth another try


class Description(NamedTuple):
    """What a metric is here: its version, or why it cannot be computed."""

    version: str
    missing: str = ""


@cache
def prepared(metric_class: type[Metric]) -> Metric:
    """Make a metric and load what it needs, once per process."""
    metric = metric_class()
    metric.prepare()
    return metric


def describe(metric_class: type[Metric]) -> Description:
    """Prepare a metric and ask its version; whatever prevents that makes it unavailable, not the run."""
    try:
        return Description(prepared(metric_class).version)
    except Unavailable as error:
        return Description("", str(error))
    except Exception as error:
        return Description("", named(error))


def named(error: Exception) -> str:
    """Type and message of an exception, in one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())


class ItemAudio:
    """The audio of an item, read once for all metrics."""

    def __init__(self, item: Item):
        self.item = item

    @cached_property
    def estimate(self) -> Audio:
        """What is scored."""
        return read_source(self.item.estimate, "estimate")

    @cached_property
    def reference(self) -> Audio:
        """What it should be."""
        if self.item.reference is None:
            raise Unmeasurable("there is no reference of this name")
        return read_source(self.item.reference, "reference")

    def at(self, metric: Metric) -> tuple[np.ndarray, np.ndarray | None, int, str]:
        """Give estimate and reference as a metric wants them, the rate, and what was done to them.

        A metric without a rate of its own gets the reference's, or the estimate's where it needs no reference.
        """
        estimate, reference = self.estimate, self.reference if metric.needs_reference else None
        rate = metric.sample_rate or (reference or estimate).sample_rate
        notes = [note_of_level("estimate", estimate)]
        if reference is None:
            return at_rate(estimate, rate), None, rate, notes[0]
        notes.append(note_of_level("reference", reference))
        if estimate.sample_rate != reference.sample_rate:
            rates = f"{estimate.sample_rate} and {reference.sample_rate} Hz"
            notes.append(f"estimate and reference, of {rates}, are compared at {rate} Hz")
        pair = at_rate(estimate, rate), at_rate(reference, rate)
        if not metric.any_length:
            notes.append(note_of_length(*pair, rate))
            shorter = min(map(len, pair))
            pair = pair[0][:shorter], pair[1][:shorter]
        return *pair, rate, "; ".join(filter(None, notes))


def at_rate(audio: Audio, sample_rate: int) -> np.ndarray:
    """Resample; what only the filter's overshoot takes beyond full scale is clipped."""
    waveform = resample(audio.waveform, audio.sample_rate, sample_rate)
    if waveform is not audio.waveform and np.abs(audio.waveform).max() <= 1:
        return np.clip(waveform, -1, 1)
    return waveform


def note_of_level(what: str, audio: Audio) -> str:
    """Say that a recording passes full scale, where it does; it is measured as it is."""
    peak = float(np.abs(audio.waveform).max())
    return f"the {what} reaches {peak:.2f} of full scale" if peak > 1 else ""


def note_of_length(estimate: np.ndarray, reference: np.ndarray, sample_rate: int) -> str:
    """Say that the longer one is cut, where it is.

    Raises:
        Unmeasurable: the lengths are too different.
    """
    estimate_s, reference_s = len(estimate) / sample_rate, len(reference) / sample_rate
    durations = f"the estimate lasts {estimate_s:.2f} s, the reference {reference_s:.2f} s"
    difference = abs(len(estimate) - len(reference))
    if difference > min(CUT_SHARE * len(reference), CUT_S * sample_rate):
        raise Unmeasurable(f"{durations}: too different to be cut to the same length")
    return f"{durations}: cut to the shorter" if difference else ""


def measure(item: Item, chosen: Mapping[str, type[Metric]]) -> dict[str, Measurement]:
    """Ask each of the metrics, by name, about an item."""
    recordings = ItemAudio(item)
    return {name: measure_one(recordings, metric_class) for name, metric_class in chosen.items()}


def measure_one(recordings: ItemAudio, metric_class: type[Metric]) -> Measurement:
    """Ask one metric; whatever goes wrong is the reason why there is no value."""
    note, rate, final, outputs = "", None, True, metric_class.outputs
    try:
        metric = prepared(metric_class)
        text = recordings.item.text if metric.needs_text else None
        if metric.needs_text and text is None:
            raise Unmeasurable("there is no text of what is said")
        estimate, reference, rate, note = recordings.at(metric)
        result = metric.compute(estimate, reference, rate, text)
        values = dict(result) if isinstance(result, Mapping) else {outputs[0]: result}
        checked = {output: check(values.get(output), output) for output in outputs}
    except Unmeasurable as error:
        checked = dict.fromkeys(outputs, (None, " ".join(str(error).split())))
    except Exception as error:  # of whatever library: this item has no value, and the others go on
        checked, final = dict.fromkeys(outputs, (None, named(error))), False
    values = {output: value for output, (value, _) in checked.items()}
    reasons = {output: reason for output, (value, reason) in checked.items() if value is None}
    return Measurement(values, reasons, note, rate, final)


def check(value: float | None, output: str) -> tuple[float | None, str]:
    """Accept a finite number; anything else is a reason."""
    if value is None:
        return None, f"the metric gave no {output}"
    value = float(value)
    return (value, "") if math.isfinite(value) else (None, f"{output} is {value}, not a finite number")
