"""Time travel: hear and see how the same clips sounded after so many training steps, without a kernel."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from speechlab.audio.io import Audio, read_audio
from speechlab.display.figures import COLOURS, Plot, style_axes
from speechlab.display.page import Html, asset, escape, whole_page, write_page
from speechlab.display.player import LEFT, RIGHT, WIDTH, render_versions, write_player
from speechlab.display.plots import curves_of, draw_metric, read_log
from speechlab.errors import SpeechlabError

PAGE_STEPS = 24  # per clip, about 50 kB each
MAIN_METRICS = ("validation", "mel_l1", "mel", "loss")  # parts of names, the most telling first


def time_travel(run_dir: str | Path, path: str | Path | None = None) -> Path:
    """Write the page of a run: a slider over its training steps changes sound and picture at the same point.

    Args:
        run_dir: folder with ``renders/index.json``.
        path: where to write; ``None`` is ``time_travel.html`` in the run folder.

    Returns:
        The page's path.
    """
    run_dir = Path(run_dir)
    steps = read_renders(run_dir)
    names = list(steps[max(steps)])
    players = [step_player(run_dir, steps, name, PAGE_STEPS, group="clips").markup for name in names]
    tabs = "".join(f'<button type="button">{escape(name)}</button>' for name in names) if len(names) > 1 else ""
    body = (
        f'<style>{asset("timeline.css")}</style>\n<nav class="clips" aria-label="clips">{tabs}</nav>\n'
        + "\n".join(f'<section class="clip">{markup}</section>' for markup in players)
        + f"\n{curve_with_marker(run_dir)}\n<script>{asset('timeline.js')}</script>"
    )
    subtitle = (
        f"Steps {min(steps)} to {max(steps)} of the training {run_dir.name!r}: move the slider while a clip plays."
    )
    return write_page(path or run_dir / "time_travel.html", whole_page("Hear it learn", body, subtitle))


def show_time_travel(run_dir: str | Path, n_steps: int = 6) -> Html:
    """Show a few steps of the first clip in a notebook; ``time_travel`` writes the whole page.

    Args:
        n_steps: how many, the first and the last among them; each adds about 50 kB to the notebook.
    """
    run_dir = Path(run_dir)
    steps = read_renders(run_dir)
    name = next(iter(steps[max(steps)]))
    return step_player(run_dir, steps, name, n_steps, title=f"{name}: from step {min(steps)} to {max(steps)}")


def read_renders(run_dir: Path) -> dict[int, dict[str, str]]:
    """Map each rendered step to its clips' files, relative to the folder of renders."""
    index = run_dir / "renders" / "index.json"
    entries = json.loads(index.read_text(encoding="utf-8")) if index.is_file() else []
    steps = {int(entry["step"]): entry["items"] for entry in entries if entry["items"]}
    if not steps:
        raise SpeechlabError(f"nothing was rendered in {run_dir} yet; train on, or set training.render_every lower")
    return dict(sorted(steps.items()))


def spread(steps: Sequence[int], n_steps: int) -> list[int]:
    """Choose steps, more of the early ones, where a training changes most; always the first and the last."""
    if len(steps) <= n_steps:
        return list(steps)
    places = np.round((len(steps) - 1) * np.linspace(0, 1, max(2, n_steps)) ** 1.6).astype(int)
    return [steps[place] for place in np.unique(places)]


def step_player(
    run_dir: Path, steps: dict[int, dict[str, str]], name: str, n_steps: int, title: str | None = None, group: str = ""
) -> Html:
    """Make the player of one clip over training steps; levels stay as they are, for they are learned too."""
    having = [step for step in steps if name in steps[step]]
    sounds: dict[str, Audio] = {}
    for step in spread(having, n_steps):
        path = run_dir / "renders" / steps[step][name]
        if path.is_file():
            sounds[f"step {step}"] = read_audio(path)
    if not sounds:
        raise SpeechlabError(f"the clips named in {run_dir / 'renders' / 'index.json'} are gone; render them again")
    versions = render_versions(sounds, match_levels=False)
    return write_player(versions, title, slider="training step", group=group, first=versions[-1].name)


def curve_with_marker(run_dir: Path) -> str:
    """Draw the most telling metric of the run, with a line that the page moves to the chosen step."""
    if not (run_dir / "log.jsonl").is_file():
        return ""
    curves = {name: curve for name, curve in curves_of(read_log(run_dir)).items() if len(curve[0]) > 1}
    names = [name for part in MAIN_METRICS for name in curves if part in name]
    if not names:
        return ""
    steps, values = curves[names[0]]
    plot = Plot(WIDTH, 1.9, layout=None)
    axes = plot.add_axes((LEFT, 0.24, RIGHT - LEFT, 0.62))
    draw_metric(axes, steps, values, names[0])
    axes.set_xlim(0, max(steps))
    axes.set_xlabel("step")
    style_axes(axes, names[0], grid=True)
    return (
        f'<div class="curve" data-axes="{LEFT} {RIGHT}" data-last="{max(steps)}">'
        f'<img src="{plot.uri("png")}" alt="{escape(names[0])} over training steps" width="900">'
        f'<div class="marker" style="border-color: {COLOURS[1]}"></div></div>'
    )
