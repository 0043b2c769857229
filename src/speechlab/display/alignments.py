"""Alignments over the steps of a training: a path from nowhere that becomes the diagonal of speech."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from speechlab.config import AudioSpec
from speechlab.display.figures import COLOURS, Plot, style_axes, style_legend
from speechlab.display.timeline import spread
from speechlab.errors import SpeechlabError


def read_alignments(run_dir: str | Path) -> dict[int, dict[str, dict[str, list]]]:
    """Map each rendered step to the alignments of its recordings: ``symbols``, ``durations``, and ``true`` if known."""
    path = Path(run_dir) / "renders" / "alignments.json"
    entries = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []
    if not entries:
        raise SpeechlabError(f"the run {run_dir} holds no alignments; only GlowTTS trainings keep some, as they render")
    return {int(entry["step"]): entry["items"] for entry in entries}


def show_alignments(run_dir: str | Path, spec: AudioSpec, n_steps: int = 4, name: str | None = None) -> Plot:
    """Draw how one recording was aligned after so many steps, beside its true timings where these are known.

    Args:
        n_steps: how many, the first and the last among them.
        name: of the recording; None takes the first.
    """
    steps = read_alignments(run_dir)
    name = name or next(iter(steps[max(steps)]))
    having = [step for step in steps if name in steps[step]]
    if not having:
        raise SpeechlabError(f"no alignment of {name!r} was kept; there are {', '.join(steps[max(steps)])}")
    chosen = spread(sorted(having), n_steps)
    plot = Plot(9, 3.2)
    row = np.atleast_1d(plot.subplots(1, len(chosen), sharex=True, sharey=True))
    for axes, step in zip(row, chosen, strict=True):
        draw_paths(axes, steps[step][name], spec)
        style_axes(axes, f"step {step}")
        axes.set_xlabel("seconds")
    row[0].set_ylabel("token")
    style_legend(row[0])
    return plot


def draw_paths(axes: Axes, alignment: Mapping[str, Sequence[Any]], spec: AudioSpec) -> None:
    """Draw the found path of tokens over time, and the true one beneath it."""
    for kind, label, colour in (("true", "true", COLOURS[1]), ("durations", "found", COLOURS[0])):
        if kind in alignment:
            ends_s = np.cumsum([0.0, *alignment[kind]]) / spec.frame_rate
            axes.stairs(np.arange(len(alignment[kind])), ends_s, baseline=None, color=colour, label=label)
