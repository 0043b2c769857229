"""A player for one sound or several versions of it: picture, moving cursor, instant change of version at one point.

What it writes is a plain list of ``<img>`` over ``<audio>`` with everything inside, which plays in a notebook not yet
trusted and in exported pages; where scripts run, ``static/player.js`` turns the list into the player.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.ticker import MaxNLocator

from speechlab.display.figures import COLOUR_MAP, COLOURS, Plot, style_axes, to_numpy
from speechlab.display.page import Html, asset, escape, sound_uri
from speechlab.errors import SpeechlabError

WIDTH, HEIGHT = 9.0, 2.6  # inches
LEFT, RIGHT = 0.066, 0.982  # where the time axis lies, fractions of the picture's width
DYNAMIC_RANGE_DB = 80.0
COLUMNS = 900  # spectrogram columns, about the pixels there are
TOP_HZ = 11_025.0  # higher bands are cut from the picture unless the sound is full-band


@dataclass(frozen=True)
class Version:
    """One sound of a player, ready to be written.

    Args:
        note: a remark after the name, such as the gain that matched its level.
        extra: HTML below its picture, such as phones to click.
    """

    name: str
    picture: str  # data URI
    sound: str  # data URI
    duration_s: float
    note: str = ""
    extra: str = ""


def player(audio: Any, title: str | None = None, match_levels: bool = True) -> Html:
    """Show a sound, or several versions of one, to be heard and compared.

    Args:
        audio: an ``Audio`` or a mapping of names to ``Audio``; versions may differ in sample rate and length.
        match_levels: play all versions equally loud (BS.1770), because the louder one always seems better.
    """
    versions = dict(audio) if isinstance(audio, Mapping) else {title or "audio": audio}
    return write_player(render_versions(versions, match_levels), title)


def compare(versions: Mapping[str, Any], title: str | None = None) -> Html:
    """Show versions of one sound side by side, level-matched, with instant A/B: ``player`` for a mapping."""
    return player(versions, title)


def render_versions(sounds: Mapping[str, Any], match_levels: bool = True) -> list[Version]:
    """Draw and encode every sound on one time axis and one colour scale."""
    if not sounds:
        raise SpeechlabError("there is nothing to play: the mapping of versions is empty")
    waveforms = {name: as_waveform(sound, name) for name, sound in sounds.items()}
    rates = {name: int(sound.sample_rate) for name, sound in sounds.items()}
    gains = level_gains(waveforms, rates) if match_levels and len(sounds) > 1 else dict.fromkeys(sounds, 1.0)
    heard = {name: waveform * gains[name] for name, waveform in waveforms.items()}
    end_s = max(len(heard[name]) / rates[name] for name in heard)
    spectrograms = {name: spectrogram(heard[name], rates[name], end_s) for name in heard}
    peak = max(float(decibels.max()) for decibels in spectrograms.values())
    top_hz = min(max(rates.values()) / 2, 24_000.0 if min(rates.values()) >= 44_100 else TOP_HZ)
    ready = []
    for name, waveform in heard.items():
        picture = draw_sound(waveform, rates[name], spectrograms[name], peak, end_s, top_hz)
        note = f"level {20 * np.log10(gains[name]):+.1f} dB" if abs(gains[name] - 1) > 0.01 else ""
        sound = sound_uri(waveform, rates[name])
        ready.append(Version(str(name), picture.uri(), sound, len(waveform) / rates[name], note))
    return ready


def as_waveform(sound: Any, name: str) -> np.ndarray:
    """Samples (samples,) of an ``Audio``, or a clear error."""
    if not hasattr(sound, "waveform") or not hasattr(sound, "sample_rate"):
        raise SpeechlabError(f"{name!r} is a {type(sound).__name__}; a player takes Audio(waveform, sample_rate)")
    waveform = to_numpy(sound.waveform)
    waveform = waveform.reshape(-1) if waveform.size == waveform.shape[-1] else waveform
    if waveform.ndim != 1 or not len(waveform):
        raise SpeechlabError(f"{name!r} must be one channel of samples and not empty, got shape {waveform.shape}")
    return np.nan_to_num(waveform, posinf=0.0, neginf=0.0)


def level_gains(waveforms: Mapping[str, np.ndarray], rates: Mapping[str, int]) -> dict[str, float]:
    """Factor per version that makes all equally loud without clipping any; silence keeps its own level.

    The common loudness is that of the first version, or lower where another would have to exceed full scale.
    """
    from speechlab.audio.loudness import loudness

    levels = {name: float(loudness(waveform, rates[name])) for name, waveform in waveforms.items()}
    sounding = {name: level for name, level in levels.items() if np.isfinite(level) and level > -60.0}
    if not sounding:
        return dict.fromkeys(waveforms, 1.0)
    room = {name: level - 20 * np.log10(np.abs(waveforms[name]).max()) for name, level in sounding.items()}
    target = min(next(iter(sounding.values())), *(level - 0.1 for level in room.values()))
    return {name: 10 ** ((target - sounding[name]) / 20) if name in sounding else 1.0 for name in waveforms}


def spectrogram(waveform: np.ndarray, sample_rate: int, end_s: float) -> np.ndarray:
    """Decibels (n_fft // 2 + 1, columns) of Hann windows of about 30 ms, enough columns for the picture's pixels."""
    n_fft = 2 ** int(np.round(np.log2(0.035 * sample_rate)))
    hop_length = max(int(end_s * sample_rate / COLUMNS), n_fft // 16, 1)
    padded = np.pad(waveform, n_fft // 2)
    windows = np.lib.stride_tricks.sliding_window_view(padded, n_fft)[::hop_length]
    magnitude = np.abs(np.fft.rfft(windows * np.hanning(n_fft).astype(np.float32), axis=1)).T
    return 20 * np.log10(magnitude / n_fft + 1e-7)


def draw_sound(
    waveform: np.ndarray, sample_rate: int, decibels: np.ndarray, peak: float, end_s: float, top_hz: float
) -> Plot:
    """Draw the waveform over its spectrogram; the time axis lies at the fixed ``LEFT`` and ``RIGHT``."""
    plot = Plot(WIDTH, HEIGHT, layout=None)
    upper = plot.add_axes((LEFT, 0.80, RIGHT - LEFT, 0.19))
    lower = plot.add_axes((LEFT, 0.135, RIGHT - LEFT, 0.645))
    draw_envelope(upper, waveform, sample_rate)
    upper.set_xlim(0, end_s)
    upper.axis("off")
    lower.imshow(decibels, origin="lower", aspect="auto", cmap=COLOUR_MAP, vmin=peak - DYNAMIC_RANGE_DB, vmax=peak,
                 extent=(0, len(waveform) / sample_rate, 0, sample_rate / 2), interpolation="antialiased")  # fmt: skip
    lower.set_xlim(0, end_s)
    lower.set_ylim(0, top_hz)
    lower.xaxis.set_major_locator(MaxNLocator(nbins=12, steps=[1, 2, 5, 10]))
    lower.yaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 4, 5, 10]))
    lower.set_ylabel("Hz", labelpad=2)
    style_axes(lower)
    ticks = [tick for tick in lower.get_xticks() if 0 <= tick <= end_s]
    lower.set_xticks(ticks, [f"{tick:g} s" for tick in ticks])
    return plot


def draw_envelope(axes: Any, waveform: np.ndarray, sample_rate: int) -> None:
    """Fill between the lowest and highest sample of every pixel column, at full height for the loudest."""
    step = max(1, len(waveform) // (2 * COLUMNS))
    whole = waveform[: len(waveform) // step * step].reshape(-1, step)
    seconds = (np.arange(len(whole)) + 0.5) * step / sample_rate
    axes.fill_between(seconds, whole.min(axis=1), whole.max(axis=1), color=COLOURS[0], linewidth=0.4)
    height = max(float(np.abs(waveform).max()), 1e-3)
    axes.set_ylim(-height, height)


def write_player(
    versions: Sequence[Version], title: str | None = None, slider: str = "", group: str = "", first: str = ""
) -> Html:
    """Write the list of pictures and sounds, with the script that makes it a player.

    Args:
        slider: what the versions are steps of; they are then chosen by a slider instead of buttons.
        group: players of one group on a page change version together.
        first: name of the version shown at first.
    """
    settings = {"axes": f"{LEFT} {RIGHT}", "slider": slider, "group": group, "first": first}
    attributes = "".join(f' data-{key}="{escape(value)}"' for key, value in settings.items() if value)
    label = escape(title or "player: " + ", ".join(version.name for version in versions[:9]))
    heading = f'<div class="title">{escape(title)}</div>' if title else ""
    figures = "\n".join(write_version(version, alone=len(versions) == 1) for version in versions)
    attributes += ' data-lm-suppress-shortcuts="true"'  # JupyterLab must leave the keys to the player
    return Html(
        f'<div class="speechlab-player" role="group" aria-label="{label}"{attributes}>\n'
        f"<style>{shorter(asset('player.css'))}</style>\n{heading}\n{figures}\n"
        f"<script>{shorter(asset('player.js'))}</script>\n</div>"
    )


def write_version(version: Version, alone: bool) -> str:
    """One version as a figure that needs no script."""
    note = f'<span class="note">{escape(version.note)}</span>' if version.note else ""
    caption = "" if alone else f"<figcaption><b>{escape(version.name)}</b>{note}</figcaption>"
    picture = f'<img src="{version.picture}" alt="waveform and spectrogram of {escape(version.name)}" width="900">'
    return (
        f'<figure data-name="{escape(version.name)}" data-duration="{version.duration_s:.4f}"'
        f' data-note="{escape(version.note)}">'
        f'{caption}<span class="picture">{picture}</span>{version.extra}'
        f'<audio controls preload="metadata" src="{version.sound}"></audio></figure>'
    )


def shorter(source: str) -> str:
    """Drop the indentation and whole-line comments of a script or style sheet: every player carries a copy."""
    lines = (line.strip() for line in source.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("//"))
