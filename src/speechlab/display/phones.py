"""An alignment to look at and to listen to: phones under the spectrogram, a click on one plays it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from speechlab.audio.io import Audio
from speechlab.config import AudioSpec
from speechlab.display.figures import to_numpy
from speechlab.display.page import Html, escape
from speechlab.display.player import LEFT, RIGHT, render_versions, write_player
from speechlab.errors import SpeechlabError


def alignment_view(
    waveform: Any, spec: AudioSpec, symbols: Sequence[str], durations: Any | Mapping[str, Any], title: str | None = None
) -> Html:
    """Show where each phone lies in a recording, and play it by itself when it is clicked.

    Args:
        waveform: samples at the spec's rate, (samples,) or (1, 1, samples), or an ``Audio``.
        symbols: phones in order.
        durations: mel frames per symbol, (symbols,); or names to several such arrays, to be compared under way.
    """
    samples = to_numpy(getattr(waveform, "waveform", waveform)).reshape(-1)
    alignments = durations if isinstance(durations, Mapping) else {title or "alignment": durations}
    versions = render_versions({"recording": Audio(samples, spec.sample_rate)})
    duration_s = versions[0].duration_s
    aligned = [
        replace(versions[0], name=str(name), extra=phone_row(symbols, frames, spec, duration_s))
        for name, frames in alignments.items()
    ]
    return write_player(aligned, title)


def phone_row(symbols: Sequence[str], durations: Any, spec: AudioSpec, duration_s: float) -> str:
    """Write the phones as buttons that lie under their part of the picture; phones of no frames are left out."""
    frames = to_numpy(durations).reshape(-1)
    if len(frames) != len(symbols):
        raise SpeechlabError(f"{len(symbols)} symbols need as many durations, got {len(frames)}")
    edges_s = np.minimum(np.concatenate([[0], np.cumsum(frames)]) / spec.frame_rate, duration_s)
    buttons = []
    for symbol, start, end in zip(symbols, edges_s[:-1], edges_s[1:], strict=True):
        if end <= start:
            continue
        left, width = LEFT + (RIGHT - LEFT) * start / duration_s, (RIGHT - LEFT) * (end - start) / duration_s
        label = f"{escape(symbol)}, {start:.3f} to {end:.3f} s ({1000 * (end - start):.0f} ms)"
        buttons.append(
            f'<button type="button" data-start="{start:.4f}" data-end="{end:.4f}" title="{label}" '
            f'style="left: {100 * left:.3f}%; width: {100 * width:.3f}%">{escape(symbol)}</button>'
        )
    return f'<div class="phones">{"".join(buttons)}</div>'
