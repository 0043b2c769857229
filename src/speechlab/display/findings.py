"""What stands out in a corpus, with a player at the place where it is heard."""

from typing import TYPE_CHECKING

import numpy as np

from speechlab.audio.io import read_audio
from speechlab.display.page import Html, escape, sound_uri
from speechlab.errors import SpeechlabError

if TYPE_CHECKING:
    import pandas as pd

MARGIN_S = 0.3  # heard before and after the place
LONGEST_S = 4.0  # of one player


def show_findings(findings: "pd.DataFrame", per_kind: int = 2) -> Html:
    """Show the worst findings of every kind as a table, each with the stretch of sound it is about.

    Args:
        findings: of a ``CorpusReport``; the worst of each kind come first.
    """
    rows = findings.groupby("finding", sort=False).head(per_kind)
    if rows.empty:
        return Html("<p>Nothing stands out.</p>")
    left = 'style="text-align: left"'
    heads = "".join(f"<th {left}>{name}</th>" for name in ("finding", "clip", "how much", "what it is", "listen"))
    lines = []
    for row in rows.itertuples():
        amount = f"{row.value:.3g} {row.unit}".strip() if row.unit else ""
        cells = (escape(row.finding), escape(row.id), escape(amount), escape(row.note), excerpt(row))
        lines.append("<tr>" + "".join(f"<td {left}>{cell}</td>" for cell in cells) + "</tr>")
    return Html(f"<table><thead><tr>{heads}</tr></thead><tbody>{''.join(lines)}</tbody></table>")


def excerpt(row) -> str:
    """Sound of one finding as an ``<audio>`` element, empty where the file cannot be read."""
    try:
        audio = read_audio(row.audio_path)
    except SpeechlabError:
        return ""
    end_s = row.end_s if np.isfinite(row.end_s) else audio.duration_s
    first = int(max(row.start_s - MARGIN_S, 0) * audio.sample_rate)
    last = int(min(end_s + MARGIN_S, row.start_s + LONGEST_S) * audio.sample_rate)
    piece = audio.waveform[first:last]
    return f'<audio controls preload="none" src="{sound_uri(piece, audio.sample_rate)}"></audio>' if len(piece) else ""
