"""A report in one HTML file: text, tables, figures and players, nothing outside it, no kernel needed."""

from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from speechlab.audio.io import Audio
from speechlab.display.figures import Plot
from speechlab.display.page import Html, data_uri, escape, whole_page, write_page
from speechlab.display.player import player

PICTURES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp"}


def write_report(path: str | Path, title: str, sections: Mapping[str, Any], subtitle: str = "") -> Path:
    """Write a page with one section per heading.

    Args:
        sections: heading to an item or a list of items: text (paragraphs divided by empty lines), a figure, a pandas
            table, an ``Audio``, a mapping of names to ``Audio`` (compared in one player), a picture's path,
            or anything that a notebook would show as HTML.

    Returns:
        The page's path.
    """
    body = "\n".join(
        f"<section><h2>{escape(head)}</h2>\n{write_items(items)}</section>" for head, items in sections.items()
    )
    return write_page(path, whole_page(title, body, subtitle))


def write_items(items: Any) -> str:
    """Markup of one item or of several."""
    several = items if isinstance(items, Sequence) and not isinstance(items, str) else [items]
    return "\n".join(write_item(item) for item in several)


def write_item(item: Any) -> str:
    """Markup of one item, by its kind."""
    if isinstance(item, str):
        return "".join(f"<p>{escape(paragraph)}</p>" for paragraph in item.strip().split("\n\n"))
    if isinstance(item, Audio):
        return player(item).markup
    if isinstance(item, Mapping) and item and all(isinstance(value, Audio) for value in item.values()):
        return player(item).markup
    if isinstance(item, Plot):
        return f'<img src="{item.uri("png")}" alt="figure">'
    if isinstance(item, Figure):
        return write_figure(item)
    if isinstance(item, Path):
        return f'<img src="{data_uri(item.read_bytes(), PICTURES[item.suffix.lower()])}" alt="{escape(item.stem)}">'
    if isinstance(item, pd.DataFrame):
        return f'<div class="table">{item.to_html(border=0, index_names=False)}</div>'
    if isinstance(item, Html):
        return item.markup
    if hasattr(item, "_repr_html_"):
        return item._repr_html_()
    return f"<pre>{escape(item)}</pre>"


def write_figure(figure: Figure) -> str:
    """Render a figure that is not a ``Plot``, on its own ground."""
    buffer = BytesIO()
    figure.savefig(buffer, format="png", bbox_inches="tight")
    return f'<img src="{data_uri(buffer.getvalue(), "image/png")}" alt="figure">'
