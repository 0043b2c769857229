"""Pictures of measurement: systems beside each other with intervals, metrics over a ladder, learning at a glance."""

from collections.abc import Mapping, Sequence
from itertools import chain, cycle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from speechlab.audio.io import Audio, read_audio
from speechlab.audio.mel import MelSpectrogram
from speechlab.config import AudioSpec
from speechlab.display.figures import COLOURS, INK, Plot, draw_mel, small_pictures, style_axes, style_legend
from speechlab.display.plots import LONGEST_GAP_S, colour_scale, read_log, running_mean
from speechlab.display.timeline import read_renders, spread
from speechlab.errors import SpeechlabError


def measured(tables: Mapping[Any, pd.DataFrame]) -> list[str]:
    """Names of the metrics that every table has a value of."""
    named = [set(table.index[table["n"] > 0]) for table in tables.values()]
    common = [name for name in next(iter(tables.values())).index if all(name in names for names in named)]
    if not common:
        raise SpeechlabError("there is no metric of which all tables have a value; score them with the same metrics")
    return common


def heading(table: pd.DataFrame, metric: str) -> str:
    """Name and unit of a metric, and an arrow that points where it is better."""
    unit = table.loc[metric, "unit"]
    arrow = "↑" if table.loc[metric, "better"] == "higher" else "↓"
    return f"{metric}{f', {unit}' if unit else ''} {arrow}"


def show_scores(tables: Mapping[str, pd.DataFrame], metrics: Sequence[str] | None = None) -> Plot:
    """Draw systems beside each other, one small picture per metric: the mean and its 95 % interval.

    Args:
        tables: name of a system to what ``speechlab.score`` said of it.
        metrics: which ones; None draws all that every system has a value of.
    """
    metrics = list(metrics or measured(tables))
    plot, rows = small_pictures(len(metrics), 0.75 + 0.22 * len(tables))
    names, first = list(tables), next(iter(tables.values()))
    for axes, metric in zip(chain(*rows), metrics, strict=True):
        for row, (colour, table) in enumerate(zip(cycle(COLOURS), tables.values(), strict=False)):
            mean, low, high = table.loc[metric, ["mean", "low", "high"]].astype(float)
            axes.plot([low, high], [row, row], color=colour, linewidth=2.2, solid_capstyle="round")
            axes.plot(mean, row, "o", color=colour, markersize=5)
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.margins(x=0.15)
        axes.set_yticks(range(len(names)), names if axes in [row[0] for row in rows] else [""] * len(names))
        style_axes(axes, heading(first, metric), grid=True)
    return plot


def show_ladder(tables: Mapping[float, pd.DataFrame], label: str, metrics: Sequence[str] | None = None) -> Plot:
    """Draw how metrics answer to a known degradation: the mean over it, the 95 % interval as a band.

    Args:
        tables: size of the degradation to what ``speechlab.score`` said of speech so degraded.
        label: what the size is, with its unit, such as ``"SNR, dB"``.
        metrics: which ones; None draws all that have a value at every size.
    """
    metrics = list(metrics or measured(tables))
    plot, rows = small_pictures(len(metrics), 1.6)
    sizes, first = list(tables), next(iter(tables.values()))
    for axes, metric in zip(chain(*rows), metrics, strict=True):
        ends = np.array([table.loc[metric, ["mean", "low", "high"]].astype(float) for table in tables.values()])
        axes.fill_between(sizes, ends[:, 1], ends[:, 2], color=COLOURS[0], alpha=0.25, linewidth=0)
        axes.plot(sizes, ends[:, 0], color=COLOURS[0], marker="o", markersize=3)
        axes.set_xticks(sizes)
        style_axes(axes, heading(first, metric), grid=True)
        if axes in rows[-1]:
            axes.set_xlabel(label)
    return plot


def show_learning(run_dir: str | Path, clip: str, recorded: Audio, spec: AudioSpec, n_steps: int = 3) -> Plot:
    """Draw waveform and mel of a held-out clip as recorded, and as the run rendered it after more and more steps.

    Args:
        run_dir: folder of a vocoder's run.
        clip: name of the rendered clip.
        recorded: the same clip as it was recorded, at the spec's rate.
        n_steps: how many moments of the training, the first and the last among them.
    """
    steps = read_renders(Path(run_dir))
    chosen = spread([step for step in steps if clip in steps[step]], n_steps)
    if not chosen:
        raise SpeechlabError(f"{run_dir} rendered no clip {clip!r}; it has {', '.join(steps[max(steps)])}")
    sounds = {"recorded": recorded.waveform}
    for step in chosen:
        path = Path(run_dir) / "renders" / steps[step][clip]
        sounds[f"step {step}"] = read_audio(path, spec.sample_rate).waveform
    shortest = min(len(waveform) for waveform in sounds.values())
    mels = {name: mel_of(waveform[:shortest], spec) for name, waveform in sounds.items()}
    scale = colour_scale(mels.values(), spec)
    plot = Plot(9, 0.4 + 1.25 * len(sounds))
    for row, (name, waveform) in zip(plot.subplots(len(sounds), 2, sharex=True), sounds.items(), strict=True):
        draw_waveform(row[0], waveform[:shortest], spec.sample_rate)
        style_axes(row[0], name)
        draw_mel(row[1], mels[name], spec, scale)
        row[1].set_xlim(0, shortest / spec.sample_rate)
        style_axes(row[1])
    for axes in row:
        axes.set_xlabel("seconds")
    return plot


def mel_of(waveform: np.ndarray, spec: AudioSpec) -> np.ndarray:
    """Log-mel (n_mels, frames) of samples (samples,)."""
    import torch

    return MelSpectrogram(spec)(torch.from_numpy(waveform)[None, None])[0].numpy()


def draw_waveform(axes: Axes, waveform: np.ndarray, sample_rate: int) -> None:
    """Draw the envelope of a waveform (samples,) over seconds."""
    width = max(len(waveform) // 800, 1)
    pieces = waveform[: len(waveform) // width * width].reshape(-1, width)
    seconds = np.arange(len(pieces)) * width / sample_rate
    axes.fill_between(seconds, pieces.min(1), pieces.max(1), color=COLOURS[0], linewidth=0)
    axes.axhline(0, color=INK, linewidth=0.5)
    axes.set_ylim(-1, 1)
    axes.set_yticks([-1, 0, 1])


def show_race(runs: Mapping[str, str | Path], metric: str, label: str = "") -> Plot:
    """Draw one metric of several runs, over optimiser steps and over seconds of training: who is ahead may differ.

    Args:
        runs: name to run folder.
        metric: as logged, such as ``mel_l1``.
    """
    plot = Plot(9, 2.6)
    left, right = plot.subplots(1, 2, sharey=True)
    for colour, (name, run_dir) in zip(cycle(COLOURS), runs.items(), strict=False):
        rows = [row for row in read_log(run_dir) if metric in row]
        values = np.array([row[metric] for row in rows])
        smooth = running_mean(values, max(1, len(values) // 6))
        gaps = np.diff([row["time"] for row in rows], prepend=rows[0]["time"])
        seconds = np.cumsum(np.where(gaps < LONGEST_GAP_S, gaps, 0.0))  # a pause is no training
        for axes, places in ((left, [row["step"] for row in rows]), (right, seconds)):
            axes.plot(places, values, color=colour, linewidth=0.8, alpha=0.3)
            axes.plot(places, smooth, color=colour, label=name)
    for axes, unit in ((left, "step"), (right, "seconds of training")):
        axes.set_xlabel(unit)
        style_axes(axes, label or metric, grid=True)
    style_legend(right)
    return plot
