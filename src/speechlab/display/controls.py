"""Sliders for pace, pitch and energy that speak again when moved, and five settings spoken in advance."""

import time
from collections.abc import Callable
from typing import Any

from speechlab.audio.io import Audio
from speechlab.display.page import Html, escape, uri_content
from speechlab.display.player import player, render_versions
from speechlab.errors import SpeechlabError

Speak = Callable[[float, float, float], Audio]  # pace, pitch, energy: factors, 1 is the voice's own

RANGES = {"pace": (0.5, 2.0), "pitch": (0.6, 1.6), "energy": (0.4, 2.0)}
FIVE_SETTINGS = {  # pace, pitch, energy
    "as it is": (1.0, 1.0, 1.0),
    "slow": (0.75, 1.0, 1.0),
    "fast": (1.4, 1.0, 1.0),
    "low": (1.0, 0.8, 1.0),
    "high": (1.0, 1.25, 1.0),
}


def show_settings(speak: Speak, title: str = "Five settings") -> Html:
    """Speak with five settings in advance, so that the page says something without a kernel.

    Levels are not matched: the settings may change them.
    """
    return player({name: speak(*setting) for name, setting in FIVE_SETTINGS.items()}, title, match_levels=False)


def sliders(speak: Speak) -> Any:
    """Make sliders that call ``speak(pace, pitch, energy)`` when one is let go, and play what comes back.

    Returns:
        An ipywidgets box; its children are the three sliders, the picture, the sound and a line of text.
    """
    import ipywidgets

    width = {"max_width": "900px", "width": "100%"}
    controls = [
        ipywidgets.FloatSlider(1.0, min=low, max=high, step=0.05, description=name, continuous_update=False)
        for name, (low, high) in RANGES.items()
    ]
    picture = ipywidgets.Image(format="webp", layout=width)
    sound = ipywidgets.Audio(autoplay=False, loop=False, layout=width)
    message = ipywidgets.HTML()

    def speak_again(*_: Any) -> None:
        started = time.perf_counter()
        try:
            audio = speak(*(slider.value for slider in controls))
            (version,) = render_versions({"spoken": audio})
        except SpeechlabError as error:
            message.value = f"<b>{escape(error)}</b>"
            return
        picture.value = uri_content(version.picture)
        sound.format = version.sound[len("data:audio/") : version.sound.index(";")]
        sound.value = uri_content(version.sound)
        message.value = f"{version.duration_s:.1f} s of speech, ready after {time.perf_counter() - started:.2f} s"

    speak_again()
    sound.autoplay = True  # from the first move on; opening a notebook must not speak
    for slider in controls:
        slider.observe(speak_again, "value")
    return ipywidgets.VBox([*controls, picture, sound, message])


def show_controls(speak: Speak) -> Any:
    """Display the five settings, then the sliders: with a kernel one plays with these, without it those remain."""
    from IPython.display import display

    display(show_settings(speak))
    return sliders(speak)
