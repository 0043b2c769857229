"""Two trainings side by side: what differs in their settings, their curves in one figure, the same clips."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from speechlab.audio.io import read_audio
from speechlab.display.figures import COLOURS, Plot, style_axes, style_legend
from speechlab.display.page import Html
from speechlab.display.player import compare
from speechlab.display.plots import curves_of, read_log, running_mean
from speechlab.display.report import write_report
from speechlab.display.timeline import read_renders
from speechlab.errors import SpeechlabError
from speechlab.training.identity import HARMLESS, stored_config
from speechlab.training.runs import LONGEST_GAP_S

MAX_CURVES = 9
N_CLIPS = 3


def settings_table(first: str | Path, second: str | Path) -> pd.DataFrame:
    """Lay out the settings in which two runs differ, a column each; those that change nothing learnt come last."""
    names, columns = names_of(first, second), []
    for folder in (first, second):
        stored = stored_config(Path(folder))
        if stored is None:
            raise SpeechlabError(f"{folder} is not a training run: it has neither config.json nor checkpoints")
        columns.append(stored.settings)
    before, after = columns
    keys = [key for key in {**before, **after} if before.get(key) != after.get(key)]
    keys.sort(key=lambda key: (key in HARMLESS, key))
    rows = {key: [before.get(key, "-"), after.get(key, "-")] for key in keys}
    return pd.DataFrame.from_dict(rows, orient="index", columns=names)


def show_comparison(first: str | Path, second: str | Path) -> Plot:
    """Draw the numbers that both runs logged over optimiser steps, validation first: one picture a number.

    Raises:
        SpeechlabError: they have no number in common.
    """
    logs = {
        name: curves_of(read_log(path)) for name, path in zip(names_of(first, second), (first, second), strict=True)
    }
    one, other = logs.values()
    shared = [name for name in one if name in other and name != "steps_per_second"]
    shared = [name for name in shared if len(np.unique(np.append(one[name][1], other[name][1]))) > 1]
    shared.sort(key=lambda name: (not name.startswith("validation/"), name.startswith("gradient_norm")))
    if not shared:
        raise SpeechlabError(f"{first} and {second} have no number in common; compare runs of one kind")
    shown = shared[:MAX_CURVES]
    columns = min(3, len(shown))
    n_rows = -(-len(shown) // columns)
    plot = Plot(9, 0.3 + 1.9 * n_rows)
    grid = np.atleast_1d(plot.subplots(n_rows, columns)).reshape(-1)
    for axes, metric in zip(grid, shown, strict=False):
        for colour, (name, curves) in zip(COLOURS, logs.items(), strict=False):
            steps, values = curves[metric]
            span = max(1, len(values) // 30)
            axes.plot(steps, values, color=colour, linewidth=0.6, alpha=0.25)
            axes.plot(steps, running_mean(values, span), color=colour, label=name, marker="." if span == 1 else "")
        style_axes(axes, metric, grid=True)
        axes.set_xlabel("step")
    for axes in grid[len(shown) :]:
        axes.set_visible(False)
    style_legend(grid[0])
    return plot


def show_against_minutes(runs: Mapping[str, str | Path], metrics: Mapping[str, str]) -> Plot:
    """Draw what runs logged over the minutes that they took, so that a cheap step counts for no more than a dear one.

    Args:
        runs: name to the folder of a run.
        metrics: title to the name of a number in their logs; one picture each.
    """
    plot = Plot(9, 3)
    grid = np.atleast_1d(plot.subplots(1, len(metrics)))
    for axes, (title, metric) in zip(grid, metrics.items(), strict=True):
        for colour, (name, folder) in zip(COLOURS, runs.items(), strict=False):
            records = read_log(folder)
            points = [(at, row[metric]) for at, row in zip(minutes_of(records), records, strict=True) if metric in row]
            minutes, values = zip(*points, strict=True)
            axes.plot(minutes, values, color=colour, label=name, marker="." if len(values) < 30 else "")
        style_axes(axes, title, grid=True)
        axes.set_ylim(bottom=0)
        axes.set_xlabel("minutes of training")
    style_legend(grid[0])
    return plot


def minutes_of(records: Sequence[Mapping[str, Any]]) -> np.ndarray:
    """When each record of a log was written, in minutes of training; pauses between runs are left out."""
    gaps = np.diff([record["time"] for record in records])
    first = gaps[:1]  # before the first record about as long as to the second
    return np.concatenate((first, gaps * (gaps < LONGEST_GAP_S))).cumsum() / 60


def shared_clips(first: str | Path, second: str | Path) -> list[Html]:
    """Players of the clips that both runs rendered, as each rendered them last."""
    found: dict[str, dict[str, Any]] = {}
    for name, folder in zip(names_of(first, second), (first, second), strict=True):
        try:
            steps = read_renders(Path(folder))
        except SpeechlabError:
            return []
        last = max(steps)
        for clip, file in steps[last].items():
            path = Path(folder) / "renders" / file
            if path.is_file():
                found.setdefault(clip, {})[f"{name}, step {last}"] = read_audio(path)
    return [compare(versions, clip) for clip, versions in found.items() if len(versions) == 2][:N_CLIPS]


def write_comparison(first: str | Path, second: str | Path, output: Path) -> list[Path]:
    """Write the figure of both runs' curves, and a page with their settings, curves and clips.

    Returns:
        The paths of the figure and the page.
    """
    plot = show_comparison(first, second)
    output.mkdir(parents=True, exist_ok=True)
    figure = output / "curves.png"
    figure.write_bytes(plot.encoded("png"))
    sections: dict[str, Any] = {"Settings that differ": settings_table(first, second), "Curves": plot}
    if clips := shared_clips(first, second):
        sections["The same clips"] = clips
    names = names_of(first, second)
    return [figure, write_report(output / "comparison.html", " and ".join(names), sections)]


def names_of(first: str | Path, second: str | Path) -> list[str]:
    """Name two runs by their folders, with a number where these are called the same."""
    names = [Path(folder).resolve().name for folder in (first, second)]
    return names if names[0] != names[1] else [f"{name} ({number})" for number, name in enumerate(names, 1)]
