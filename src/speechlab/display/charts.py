"""Small charts of the lessons: distributions, points against a diagonal, the mel filters, a vocoder's inside."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from speechlab.config import AudioSpec
from speechlab.display.figures import COLOUR_MAP, COLOURS, INK, Plot, style_axes, style_legend, to_numpy


def show_histograms(
    values: Mapping[str, Any], label: str, limits: tuple[float, float] | None = None, n_bins: int = 60
) -> Plot:
    """Draw distributions over one another, each as a share of its own size, with a line at its median.

    Args:
        values: name to numbers.
        label: what they are, with the unit.
        limits: of the axis; ``None`` spans all values.
    """
    arrays = {name: to_numpy(array).reshape(-1) for name, array in values.items()}
    low, high = limits or (min(a.min() for a in arrays.values()), max(a.max() for a in arrays.values()))
    edges = np.linspace(low, high, n_bins + 1)
    plot = Plot(9, 2.6)
    axes = plot.subplots()
    for colour, (name, array) in zip(COLOURS, arrays.items(), strict=False):
        weights = np.full(len(array), 100.0 / len(array))
        axes.hist(array, edges, weights=weights, color=colour, alpha=0.5, label=name)
        axes.axvline(float(np.median(array)), color=colour, linewidth=1.5)
    axes.set_xlim(low, high)
    axes.set_xlabel(label)
    axes.set_ylabel("% of all")
    style_axes(axes, grid=True)
    if len(arrays) > 1:
        style_legend(axes)
    return plot


def show_lines(values: Mapping[str, Any], x_label: str, y_label: str, marks: Mapping[str, float] | None = None) -> Plot:
    """Draw sequences of numbers over their index on common axes.

    Args:
        values: name to numbers.
        marks: name to a number that is drawn as a level line.
    """
    plot = Plot(9, 2.8)
    axes = plot.subplots()
    for name, level in (marks or {}).items():
        axes.axhline(level, color=INK, linewidth=0.8, linestyle="--")
        axes.annotate(name, (1, level), xycoords=("axes fraction", "data"), xytext=(-4, 3), textcoords="offset points",
                      ha="right", color=INK, fontsize=9)  # fmt: skip
    for colour, (name, numbers) in zip(COLOURS, values.items(), strict=False):
        axes.plot(to_numpy(numbers), color=colour, linewidth=1.5, label=name)
    axes.margins(y=0.12)
    axes.set_xlabel(x_label)
    axes.set_ylabel(y_label)
    style_axes(axes, grid=True)
    style_legend(axes)
    return plot


def show_points(x: Any, y: Any, x_label: str, y_label: str) -> Plot:
    """Draw pairs of numbers of one unit as points, and the diagonal on which both agree."""
    x, y = to_numpy(x).reshape(-1), to_numpy(y).reshape(-1)
    top = float(np.percentile(np.concatenate([x, y]), 99.8))
    plot = Plot(4.2, 3.8)
    axes = plot.subplots()
    axes.plot([0, top], [0, top], color=INK, linewidth=0.8)
    axes.scatter(x, y, s=6, color=COLOURS[0], alpha=0.35, linewidths=0)
    axes.set_xlim(0, top)
    axes.set_ylim(0, top)
    axes.set_xlabel(x_label)
    axes.set_ylabel(y_label)
    style_axes(axes, grid=True)
    return plot


def show_filters(filters: Any, spec: AudioSpec, every: int = 4) -> Plot:
    """Draw every so many of the mel filters (n_mels, bins) over Hz."""
    weights = to_numpy(filters)
    frequencies = np.linspace(0, spec.sample_rate / 2, weights.shape[1])
    plot = Plot(9, 2.4)
    axes = plot.subplots()
    for number, row in enumerate(weights[::every]):
        inside = np.flatnonzero(row)
        reach = slice(max(inside[0] - 1, 0), inside[-1] + 2)
        axes.plot(frequencies[reach], row[reach], color=COLOURS[number % 3], linewidth=1.2)
    axes.set_xlim(0, spec.sample_rate / 2)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("Hz")
    axes.set_ylabel("weight")
    style_axes(axes, f"every {every}th of {len(weights)} filters", grid=True)
    return plot


def show_stages(stages: Sequence[tuple[str, int, float]]) -> Plot:
    """Draw a generator's stages as boxes: height for channels, and how many values a second each channel has.

    Args:
        stages: (name, channels, values per second), from input to output.
    """
    plot = Plot(9, 2.6)
    axes = plot.subplots()
    widest = max(channels for _, channels, _ in stages)
    for place, (_, channels, rate) in enumerate(stages):
        height = 0.12 + 0.88 * np.log(channels + 1) / np.log(widest + 1)
        axes.bar(place, height, width=0.62, color=COLOURS[place % len(COLOURS)], alpha=0.75)
        axes.text(place, height + 0.03, f"{channels} x {rate:,.0f}/s", ha="center", va="bottom", fontsize=8, color=INK)
        if place:
            axes.annotate("", (place - 0.33, 0.06), (place - 0.67, 0.06), arrowprops={"arrowstyle": "->", "color": INK})
    axes.set_xticks(range(len(stages)), [name for name, _, _ in stages])
    axes.set_ylim(0, 1.2)
    axes.set_yticks([])
    axes.set_ylabel("channels (log)")
    style_axes(axes)
    return plot


def show_score_maps(maps: Mapping[str, tuple[Any, Any]], spec: AudioSpec, n_samples: int) -> Plot:
    """Draw what discriminators say of a real and of a generated waveform, moment by moment: 1 is real, 0 is not.

    Each discriminator has its own colour scale, common to both waveforms: young ones are all near 0.5. The first and
    last tenth of a map, which hear the padding, do not enter it.

    Args:
        maps: name of a discriminator to its last feature maps for both, (1, 1, positions) or (1, 1, rows, period).
        n_samples: of the waveforms.
    """
    end_s = n_samples / spec.sample_rate
    plot = Plot(9, 0.6 + 1.15 * len(maps))
    grid = np.atleast_2d(plot.subplots(len(maps), 2, sharex=True))
    for row, (name, pair) in zip(grid, maps.items(), strict=True):
        pictures = [np.atleast_2d(to_numpy(scores)[0, 0].T) for scores in pair]  # (period, rows) or (1, positions)
        edge = pictures[0].shape[1] // 10 + 1
        inner = [picture[:, edge:-edge] if picture.shape[1] > 2 * edge else picture for picture in pictures]
        low, high = np.percentile(np.concatenate(inner, axis=1), [1, 99])
        for axes, which, picture in zip(row, ("real", "generated"), pictures, strict=True):
            extent = (0, end_s, -0.5, len(picture) - 0.5)
            scale = {"vmin": low, "vmax": max(high, low + 1e-3), "cmap": COLOUR_MAP}
            image = axes.imshow(picture, aspect="auto", origin="lower", extent=extent, interpolation="nearest", **scale)
            axes.set_yticks([])
            style_axes(axes, f"{name}, {which}: mean {picture.mean():.3f}")
        bar = plot.colorbar(image, ax=list(row), aspect=8, pad=0.01)
        bar.ax.tick_params(colors=INK, labelsize=8)
    for axes in grid[-1]:
        axes.set_xlabel("seconds")
    return plot
