"""The report of one training run: what was trained on what, how it went, how it sounds, and what it cost."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from speechlab.checkpoints import newest_checkpoint
from speechlab.display.health import findings_table, headline, read_findings
from speechlab.display.page import Html, escape
from speechlab.display.plots import LONGEST_GAP_S, curves_of, read_log, show_curves
from speechlab.display.report import write_report
from speechlab.display.timeline import PAGE_STEPS, read_renders, step_player
from speechlab.errors import SpeechlabError

N_CLIPS = 3


def write_run_report(run_dir: str | Path, path: str | Path | None = None, scores: pd.DataFrame | None = None) -> Path:
    """Write one HTML page about a run, readable without a kernel.

    Args:
        run_dir: folder of the run, with at least one checkpoint.
        path: where to write; None is ``report.html`` in the run folder.
        scores: what ``speechlab.score`` said of the run's output, if it was measured.

    Returns:
        The page's path.
    """
    run_dir = Path(run_dir)
    checkpoint = newest_checkpoint(run_dir / "checkpoints", print)
    if checkpoint is None:
        raise SpeechlabError(f"there is no whole checkpoint in {run_dir}; train first, then write its report")
    card, rows = checkpoint.card, read_log(run_dir)
    sections: dict[str, Any] = {"In short": facts(card, rows, checkpoint.weights_hash)}
    findings = read_findings(run_dir)
    sections["How it went"] = [
        Html(headline(findings, rows) + findings_table(findings)),
        show_curves(rows),
    ]
    if (run_dir / "renders" / "index.json").is_file():
        sections["Hear it learn"] = players(run_dir)
    if scores is not None:
        sections["Scores"] = [scores, as_json(scores.attrs.get("provenance", {}))]
    sections["Configuration"] = as_json(card["experiment"])
    return write_report(
        path or run_dir / "report.html", f"Training {run_dir.name}", sections, f"{card['model']}, step {card['steps']}"
    )


def facts(card: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], weights: str) -> pd.DataFrame:
    """Model, data with hash and licence, cost in time, last numbers: one row each."""
    data = card.get("data", {})
    named = {
        "model": card["model"],
        "steps": card["steps"],
        "training time": cost_in_time(rows),
        "data": data.get("corpus"),
        "utterances": data.get("n_training"),
        "data hash": data.get("hash"),
        "data licence": data.get("licence"),
        "citation": data.get("citation"),
        "weights, SHA-256": weights,
        "git commit": card.get("git_commit"),
        "PyTorch": card.get("torch"),
    }
    last = {
        name: f"{values[-1]:.4g} (step {steps[-1]})"
        for name, (steps, values) in curves_of(rows).items()
        if name.startswith("validation/")
    }
    shown = {name: str(value) for name, value in {**named, **last}.items() if value not in (None, "")}
    return pd.DataFrame.from_dict(shown, orient="index", columns=[""])


def cost_in_time(rows: Sequence[Mapping[str, Any]]) -> str:
    """Wall time spent training; pauses between a stop and its resumption are not counted."""
    times = sorted(row["time"] for row in rows)
    spent = sum(b - a for a, b in zip(times[:-1], times[1:], strict=True) if b - a < LONGEST_GAP_S)
    return f"{spent / 3600:.1f} h" if spent >= 3600 else f"{spent / 60:.1f} min"


def players(run_dir: Path) -> list[Html]:
    """A player over the training steps for each of the first clips."""
    steps = read_renders(run_dir)
    names = list(steps[max(steps)])[:N_CLIPS]
    return [step_player(run_dir, steps, name, PAGE_STEPS // 2, title=name, group=name) for name in names]


def as_json(values: Mapping[str, Any]) -> Html:
    """Nested settings, folded until one opens them."""
    text = json.dumps(values, indent=2, ensure_ascii=False, default=str)
    return Html(f"<details><summary>as JSON</summary><pre>{escape(text)}</pre></details>")
