"""Pictures of feature spaces: how groups of sounds lie in them, how noise moves sounds away, and the two scores."""

from collections.abc import Mapping
from itertools import chain, cycle

import numpy as np
import pandas as pd

from speechlab.display.figures import COLOURS, INK, Plot, small_pictures, style_axes, style_legend

N_GROUPS = len(COLOURS)  # that are drawn, each in a colour of its own


def show_groups(spaces: Mapping[str, np.ndarray]) -> Plot:
    """Draw six of the groups of sounds in each space, in the plane in which they are spread most.

    Args:
        spaces: name to vectors, (groups, members, dimensions).
    """
    plot, rows = small_pictures(len(spaces), 2.4)
    for axes, (name, vectors) in zip(chain(*rows), spaces.items(), strict=True):
        for colour, points in zip(COLOURS, flat_map(some(vectors)), strict=False):
            axes.scatter(*points.T, s=14, color=colour, alpha=0.8, linewidths=0)
        axes.set_xticks([])
        axes.set_yticks([])
        style_axes(axes, name)
    return plot


def some(groups: np.ndarray) -> np.ndarray:
    """Take as many groups (groups, ...) as there are colours, from first to last, evenly spaced."""
    return groups[np.unique(np.linspace(0, len(groups) - 1, N_GROUPS).astype(int))]


def flat_map(vectors: np.ndarray) -> np.ndarray:
    """Project vectors (groups, members, dimensions) onto their two principal axes: (groups, members, 2)."""
    flat = vectors.reshape(-1, vectors.shape[-1]).astype(np.float64)
    left, lengths, _ = np.linalg.svd(flat - flat.mean(axis=0), full_matrices=False)
    return (left * lengths)[:, :2].reshape(*vectors.shape[:2], -1)


def show_distances(distances: Mapping[str, np.ndarray], snr_db: np.ndarray) -> Plot:
    """Draw how far the noisy sounds of six groups are from the middle of their clean group, over their SNR.

    Args:
        distances: name of a space to (groups, members); each group is drawn in a colour, relative to its mean.
        snr_db: (groups, members).
    """
    plot, rows = small_pictures(len(distances), 1.9)
    for axes, (name, groups) in zip(chain(*rows), distances.items(), strict=True):
        for colour, ratios, values in zip(COLOURS, some(snr_db), some(groups), strict=False):
            order = np.argsort(ratios)
            axes.plot(ratios[order], (values / values.mean())[order], "o-", color=colour, markersize=3, linewidth=0.8)
        style_axes(axes, name, grid=True)
        if axes in [row[0] for row in rows]:
            axes.set_ylabel("distance / mean")
        if axes in rows[-1]:
            axes.set_xlabel("SNR, dB")
    return plot


def show_probe(table: pd.DataFrame) -> Plot:
    """Draw what ``probe`` found: one point per space, the clustering score across, the SNR score up with its interval.

    The best place is the upper right corner; a space that knows nothing lies at the crossing of the grey lines.
    """
    plot = Plot(9, 3.6)
    axes = plot.subplots()
    for place in (axes.axhline, axes.axvline):
        place(0, color=INK, linewidth=0.8)
    for colour, marker, (name, row) in zip(cycle(COLOURS), cycle("os^Dv"), table.iterrows(), strict=False):
        across = row["adjusted Rand"]
        axes.plot([across, across], [row["low"], row["high"]], color=colour, linewidth=1.5, alpha=0.6)
        axes.plot(across, row["SNR score"], marker, color=colour, markersize=7, label=name)
    axes.set_xlim(-0.1, 1.08)
    axes.set_ylim(min(-0.3, table["low"].min() - 0.05), 1.08)
    axes.set_xlabel("same sounds together: adjusted Rand index")
    axes.set_ylabel("noise away: SNR score")
    style_axes(axes, grid=True)
    style_legend(axes)
    return plot
