"""The gradient study as one figure: per cause, the gradient norm and the likelihood with and without its remedy."""

import textwrap
from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from studies.gradients import Trace, remedies

from speechlab.display.figures import COLOURS, INK, Plot, style_axes, style_legend

PANEL_WIDTH = 105  # characters of the line about the health panel


def show_gradient_study(traces: Mapping[str, tuple[Trace, Trace]]) -> Plot:
    """Draw a panel per cause: gradient norm before clipping on the left, negative log-likelihood on the right.

    Args:
        traces: name of the cause to its run and the remedied one, as ``studies.gradients.study`` gives.
    """
    plot = Plot(9, 2.1 * len(traces))
    rows = np.atleast_2d(plot.subplots(len(traces), 2, sharex=True))
    limits = [shared_limits(traces, name) for name in ("gradient_norm", "likelihood")]
    for row, (name, pair) in zip(rows, traces.items(), strict=True):
        labels = (name, remedies().get(name, "remedied"))
        for axes, what, (low, high) in zip(row, ("gradient_norm", "likelihood"), limits, strict=True):
            draw_pair(axes, [getattr(trace, what) for trace in pair], labels)
            axes.set_ylim(low, high)
        row[0].set_yscale("log")
        row[0].set_ylabel("gradient norm")
        row[1].set_ylabel("L_mle, nats a bin")
        mark_findings(row[0], pair[0])
        said = f"{name}. Health panel: {pair[0].health}; with the remedy: {pair[1].health}"
        style_axes(row[0], "\n".join(textwrap.wrap(said, PANEL_WIDTH)), grid=True)
        style_axes(row[1], grid=True)
        style_legend(row[1])
    for axes in rows[-1]:
        axes.set_xlabel("optimiser step")
    return plot


def shared_limits(traces: Mapping[str, tuple[Trace, Trace]], what: str) -> tuple[float, float]:
    """Limits of one quantity for all panels, so that they can be compared; they span 99.5 % of the finite values."""
    values = np.concatenate([getattr(trace, what) for pair in traces.values() for trace in pair])
    values = values[np.isfinite(values)]
    if not len(values):
        return 0.1, 10.0
    low, high = np.percentile(values, [0.25, 99.75])
    if what == "gradient_norm":
        return low / 1.3, high * 1.3
    return low - 0.05 * (high - low) - 1e-3, high + 0.05 * (high - low)


def draw_pair(axes: Axes, pair: Any, labels: tuple[str, str]) -> None:
    """Draw the cause over the remedy; single steps are gaps where they were skipped."""
    styles = ((COLOURS[1], 1.4, 3), (COLOURS[0], 1.2, 2))
    for values, label, (colour, width, order) in zip(pair, labels, styles, strict=True):
        axes.plot(np.arange(1, len(values) + 1), values, color=colour, linewidth=width, label=label, zorder=order)


def mark_findings(axes: Axes, trace: Trace) -> None:
    """Put a line at every step at which the health panel spoke up."""
    for finding in trace.findings:
        axes.axvline(finding.step, color=INK, linewidth=0.8, linestyle=":")
