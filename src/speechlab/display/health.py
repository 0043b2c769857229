"""The health panel of a run: what is wrong, since when, what to try, and the curves it shows in."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from speechlab.display.figures import COLOURS, SHARP
from speechlab.display.page import Html, escape
from speechlab.display.plots import curves_of, read_log, show_curves
from speechlab.errors import SpeechlabError

COLOUR = {"error": "#e5484d", "warning": COLOURS[1]}
SIGNS = {"error": "✖", "warning": "▲"}
TELLING = ("validation", "loss", "mel_l1", "gradient_norm", "sharpness")  # parts of the names of curves to show
N_CURVES = 6


def show_health(run_dir: str | Path) -> Html:
    """Show the findings of a run and its most telling curves, with a line at every step that has a finding."""
    run_dir = Path(run_dir)
    if not run_dir.is_dir():
        raise SpeechlabError(f"there is no run folder {run_dir}; train first, or name another folder")
    findings = read_findings(run_dir)
    rows = read_log(run_dir) if (run_dir / "log.jsonl").is_file() else []
    return Html(f"<div>{headline(findings, rows)}{findings_table(findings)}{curves_picture(findings, rows)}</div>")


def read_findings(run_dir: Path) -> list[dict[str, Any]]:
    """Findings of a run, none where it has not been looked at yet."""
    path = run_dir / "health.json"
    return json.loads(path.read_text(encoding="utf-8"))["findings"] if path.is_file() else []


def headline(findings: Sequence[dict[str, Any]], rows: Sequence[dict[str, Any]]) -> str:
    """One line: how it stands, and how far the run has come."""
    last = max((row["step"] for row in rows), default=0)
    n_errors = sum(finding["level"] == "error" for finding in findings)
    if not findings:
        colour, text = COLOURS[2], "● Nothing looks wrong" if rows else "● Nothing was logged yet"
    elif n_errors:
        colour, text = COLOUR["error"], f"{SIGNS['error']} Something is wrong"
    else:
        colour, text = COLOUR["warning"], f"{SIGNS['warning']} Worth a look"
    return f'<p><b style="color: {colour}">{text}</b> after {last} steps.</p>'


def findings_table(findings: Sequence[dict[str, Any]]) -> str:
    """Findings that repeat are one row with their first and last step; errors come first."""
    grouped: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for finding in findings:
        grouped.setdefault((finding["level"], finding["try"]), []).append(finding)
    if not grouped:
        return ""
    left = 'style="text-align: left; vertical-align: top"'
    lines = []
    for (level, attempt), group in sorted(grouped.items(), key=lambda item: item[0][0] != "error"):
        first, last = group[0]["step"], group[-1]["step"]
        steps = f"{first}" if first == last else f"{first} to {last} ({len(group)} times)"
        colour, label = COLOUR.get(level, COLOURS[1]), f"{SIGNS.get(level, '')} {escape(level)}"
        sign = f'<span style="white-space: nowrap; color: {colour}">{label}</span>'
        cells = (sign, steps, escape(group[-1]["what"]), escape(attempt))
        lines.append("<tr>" + "".join(f"<td {left}>{cell}</td>" for cell in cells) + "</tr>")
    heads = "".join(f"<th {left}>{head}</th>" for head in ("", "step", "what is seen", "what to try"))
    table = f"<table><thead><tr>{heads}</tr></thead><tbody>{''.join(lines)}</tbody></table>"
    return f'<div class="table" style="margin-bottom: 1em">{table}</div>'


def curves_picture(findings: Sequence[dict[str, Any]], rows: Sequence[dict[str, Any]]) -> str:
    """The curves that tell most, in the order of ``TELLING``."""
    curves = {name for name, (steps, _) in curves_of(rows).items() if len(steps) > 1}
    telling = [name for part in TELLING for name in sorted(curves) if part in name]
    metrics = list(dict.fromkeys(telling))[:N_CURVES]
    if not metrics:
        return ""
    marks = {finding["step"]: COLOUR.get(finding["level"], COLOURS[1]) for finding in findings}
    return f'<img src="{show_curves(rows, metrics, marks).uri("png", SHARP)}" alt="training curves" width="900">'
