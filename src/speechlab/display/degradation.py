"""A bench for degrading speech by four dials: room, noise, band, codec; and five settings heard in advance."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import cycle
from typing import Any

import numpy as np

from speechlab.audio.io import Audio
from speechlab.audio.resample import resample
from speechlab.data.augmentations import ImpulseResponse, Noise
from speechlab.data.augmentations.codec import mp3, of_length, opus, vorbis
from speechlab.display.figures import COLOURS, Plot, style_axes, style_legend, to_numpy
from speechlab.display.page import Html, escape, uri_content
from speechlab.display.player import player, render_versions
from speechlab.errors import SpeechlabError

CODECS: dict[str, Callable[[np.ndarray, int], np.ndarray]] = {
    "mp3, 16 kbit/s": partial(mp3, bit_rate=16_000),
    "mp3, 8 kbit/s": partial(mp3, bit_rate=8_000),
    "Opus, 6 kbit/s": partial(opus, bit_rate=6_000),
    "Vorbis, smallest": partial(vorbis, compression=1.0),
}
DIRECT_TO_REVERBERANT_DB = 0.0  # as far away as the direct sound and the room are equally loud


@dataclass(frozen=True)
class Setting:
    """What the four dials say; ``None`` is off."""

    reverberation_s: float | None = None  # time in which the room's sound falls by 60 dB
    snr_db: float | None = None
    band_hz: int | None = None  # nothing above is left
    codec: str | None = None  # one of ``CODECS``


OFF: dict[str, Any] = {"off": None}
DIALS: dict[str, tuple[str, dict[str, Any]]] = {  # field of a setting: name of the dial, and its places
    "reverberation_s": ("room", OFF | {f"{value} s": value for value in (0.2, 0.4, 0.6, 0.8, 1.2)}),
    "snr_db": ("noise", OFF | {f"{value} dB SNR": float(value) for value in (30, 20, 15, 10, 5, 0, -5)}),
    "band_hz": ("band", OFF | {f"to {value} Hz": value for value in (8000, 4000, 2000, 1000)}),
    "codec": ("codec", OFF | {name: name for name in CODECS}),
}
FIVE_SETTINGS = {
    "as it is": Setting(),
    "noise at 5 dB": Setting(snr_db=5.0),
    "a room of 0.8 s": Setting(reverberation_s=0.8),
    "up to 2 kHz": Setting(band_hz=2000),
    "all of it": Setting(reverberation_s=0.4, snr_db=10.0, band_hz=4000, codec="mp3, 8 kbit/s"),
}


def degrade(audio: Audio, setting: Setting, seed: int = 0, noises: str = "") -> Audio:
    """Degrade speech in the physical order: room, noise, band, codec. Length and alignment stay.

    Args:
        seed: of the room's tail and of the noise, each the same whatever the other dials say.
        noises: folder of recordings to take the noise from; empty: it is simulated.
    """
    waveform, rate = audio.waveform, audio.sample_rate
    of_room, of_noise = np.random.default_rng(seed).spawn(2)
    if setting.reverberation_s:
        seconds, ratio_db = (setting.reverberation_s,) * 2, (DIRECT_TO_REVERBERANT_DB,) * 2
        room = ImpulseResponse(reverberation_s=seconds, direct_to_reverberant_db=ratio_db)
        waveform = room.apply(waveform, rate, of_room)
    if setting.snr_db is not None:
        noise = Noise(folder=noises, snr_db=(setting.snr_db, setting.snr_db))
        waveform = noise.apply(waveform, rate, of_noise)
    if setting.band_hz and 2 * setting.band_hz < rate:
        narrow = resample(waveform, rate, 2 * setting.band_hz)
        waveform = of_length(resample(narrow, 2 * setting.band_hz, rate), len(waveform))
    if setting.codec:
        waveform = CODECS[setting.codec](waveform, rate)
    return Audio(waveform, rate)


def show_degradations(audio: Audio, seed: int = 0, noises: str = "", title: str = "Five settings") -> Html:
    """Degrade by five settings in advance, so that the page says something without a kernel; levels are as they are."""
    versions = {name: degrade(audio, setting, seed, noises) for name, setting in FIVE_SETTINGS.items()}
    return player(versions, title, match_levels=False)


def dials(audio: Audio, seed: int = 0, noises: str = "") -> Any:
    """Make four dials that degrade speech anew when one is let go, and show it before and after.

    Returns:
        An ipywidgets box: the four dials, picture and sound before, picture and sound after, and a line of text.
    """
    import ipywidgets

    width = {"max_width": "900px", "width": "100%"}
    controls = [
        ipywidgets.SelectionSlider(options=list(places), description=name, continuous_update=False)
        for name, places in DIALS.values()
    ]
    views = [(ipywidgets.Image(format="webp", layout=width), ipywidgets.Audio(autoplay=False, loop=False, layout=width))
             for _ in ("before", "after")]  # fmt: skip
    message = ipywidgets.HTML()

    def degrade_again(*_: Any) -> None:
        started = time.perf_counter()
        chosen = [places[control.value] for control, (_, places) in zip(controls, DIALS.values(), strict=True)]
        setting = Setting(**dict(zip(DIALS, chosen, strict=True)))
        try:
            sounds = {"before": audio, "after": degrade(audio, setting, seed, noises)}
        except SpeechlabError as error:
            message.value = f"<b>{escape(error)}</b>"
            return
        for (picture, sound), version in zip(views, render_versions(sounds, match_levels=False), strict=True):
            picture.value = uri_content(version.picture)
            sound.format = version.sound[len("data:audio/") : version.sound.index(";")]
            sound.value = uri_content(version.sound)
        message.value = f"above before, below after; ready after {time.perf_counter() - started:.2f} s"

    degrade_again()
    views[1][1].autoplay = True  # from the first move on; opening a notebook must not speak
    for control in controls:
        control.observe(degrade_again, "value")
    return ipywidgets.VBox([*controls, *views[0], *views[1], message])


def show_bench(audio: Audio, seed: int = 0, noises: str = "") -> Any:
    """Display the five settings, then the dials: with a kernel one plays with these, without it those remain."""
    from IPython.display import display

    display(show_degradations(audio, seed, noises))
    return dials(audio, seed, noises)


def show_lines(lines: Mapping[str, tuple[Any, Any]], x_label: str, y_label: str, square: bool = False) -> Plot:
    """Draw what a degradation does as lines: a decay over time, a curve of output over input, a spectrum.

    Args:
        lines: name to (x, y).
        square: as high as wide, for curves of output over input.
    """
    plot = Plot(4.2, 3.8) if square else Plot(9, 2.6)
    axes = plot.subplots()
    for colour, (name, (x, y)) in zip(cycle(COLOURS), lines.items(), strict=False):
        axes.plot(to_numpy(x), to_numpy(y), color=colour, linewidth=1.3, label=name)
    axes.margins(x=0)
    axes.set_xlabel(x_label)
    axes.set_ylabel(y_label)
    style_axes(axes, grid=True)
    style_legend(axes)
    return plot
