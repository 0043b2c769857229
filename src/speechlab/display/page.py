"""HTML without external resources: fragments for notebooks, whole pages for files, data URIs for sound and pictures.

Colours come from the reader's theme: text inherits, lines are half-transparent grey, so light and dark pages both work.
"""

import base64
import html
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from io import BytesIO
from pathlib import Path

import numpy as np
import soundfile

from speechlab.errors import SpeechlabError
from speechlab.files import write_atomically

MP3_RATES = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)  # Hz; other rates go out as FLAC


@dataclass(frozen=True, repr=False)
class Html:
    """A piece of HTML that a notebook shows as it is."""

    markup: str

    def __repr__(self) -> str:
        return f"<{type(self).__name__}, {len(self.markup) / 1000:.0f} kB>"  # notebooks store this beside the markup

    def _repr_html_(self) -> str:
        return self.markup

    def __str__(self) -> str:
        return self.markup


@cache
def asset(name: str) -> str:
    """Text of a style sheet or script that comes with the package."""
    return files("speechlab.display").joinpath("static", name).read_text(encoding="utf-8")


def escape(text: object) -> str:
    """Make any text safe inside HTML and inside a quoted attribute."""
    return html.escape(str(text), quote=True)


def data_uri(content: bytes, media_type: str) -> str:
    """Put a file's content into the address itself, so that a page needs no other file."""
    return f"data:{media_type};base64,{base64.b64encode(content).decode('ascii')}"


def uri_content(uri: str) -> bytes:
    """Give back what ``data_uri`` put in."""
    return base64.b64decode(uri.split(",", 1)[1])


def sound_uri(waveform: np.ndarray, sample_rate: int) -> str:
    """Encode sound for an ``<audio>`` element, about 6 kB a second at 22 050 Hz.

    MP3 at high variable rate: every browser plays it and decodes it to the same length without delay, unlike Vorbis
    (absent from older Safari). Rates that MP3 lacks become FLAC.

    Args:
        waveform: (samples,); not finite values become silence, louder ones than 1 are clipped.
    """
    if waveform.ndim != 1 or not len(waveform):
        raise SpeechlabError(f"a sound to show must be (samples,) and not empty, got shape {waveform.shape}")
    clipped = np.clip(np.nan_to_num(waveform, posinf=0.0, neginf=0.0), -1, 1).astype(np.float32)
    buffer = BytesIO()
    if sample_rate in MP3_RATES:
        settings = {"subtype": "MPEG_LAYER_III", "bitrate_mode": "VARIABLE", "compression_level": 0.5}
        soundfile.write(buffer, clipped, sample_rate, format="MP3", **settings)
        return data_uri(buffer.getvalue(), "audio/mpeg")
    soundfile.write(buffer, clipped, sample_rate, format="FLAC", subtype="PCM_16")
    return data_uri(buffer.getvalue(), "audio/flac")


def whole_page(title: str, body: str, subtitle: str = "") -> str:
    """Wrap markup into a page that stands alone, in the reader's light or dark colours."""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{asset('page.css')}</style>\n</head>\n<body>\n<main>\n"
        f"<header><h1>{escape(title)}</h1>{f'<p>{escape(subtitle)}</p>' if subtitle else ''}</header>\n"
        f"{body}\n</main>\n</body>\n</html>\n"
    )


def write_page(path: str | Path, markup: str) -> Path:
    """Write a page through a temporary name, so that a reader never meets half of it."""
    path = Path(path)
    write_atomically(path, markup.encode())
    return path
