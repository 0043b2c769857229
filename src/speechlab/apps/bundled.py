"""What folders of weights are for: voices speak, enhancers clean, and a person may have named the one for the other."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from speechlab.errors import SpeechlabError

NOUNS = {"voice": "a voice", "enhancer": "an enhancer"}


def card_of(folder: Path) -> dict[str, Any]:
    """Read the card of a folder, or of a run's newest checkpoint; it is empty where there is none that can be read."""
    from speechlab.checkpoints import CARD, read_card

    cards = (folder / CARD, *sorted(folder.glob(f"checkpoints/step-*/{CARD}"), reverse=True))
    card = next((card for card in cards if card.is_file()), None)
    try:
        return read_card(card) if card else {}
    except SpeechlabError:  # cut short, or not a card: whoever loads the folder says so
        return {}


def speaks(folder: Path) -> bool:
    """Whether a folder holds a voice: acoustic model and vocoder, or a Glow-TTS, which Griffin-Lim makes audible."""
    card = card_of(folder)
    return bool(card) and ((folder / "acoustic").is_dir() or card.get("model") == "glowtts")


def enhances(folder: Path) -> bool:
    """Whether a folder holds an enhancer."""
    from speechlab.pipelines.enhancer import windows_of

    return windows_of(card_of(folder)) is not None


KINDS: dict[str, Callable[[Path], bool]] = {"voice": speaks, "enhancer": enhances}


def bundled(kind: str) -> list[str]:
    """Names of the bundled voices, or enhancers; those that are no more than a demonstration come last."""
    from speechlab.checkpoints import bundled_names, find_folder

    names = [name for name in bundled_names() if KINDS[kind](find_folder(name))]
    return sorted(names, key=lambda name: ("demo" in name, name))


def voice_for(language: str) -> str:
    """Name the first of the bundled voices that read a language.

    Raises:
        SpeechlabError: there is none.
    """
    from speechlab.checkpoints import find_folder

    names = [name for name in bundled("voice") if card_of(find_folder(name)).get("language", "en") == language]
    if not names:
        raise SpeechlabError(f"no voice for the language {language!r} is bundled; name one: --voice NAME")
    return names[0]


def is_here(name: str) -> bool:
    """Whether anything of this name is at hand."""
    from speechlab.checkpoints import find_folder

    try:
        find_folder(name)
    except SpeechlabError:
        return False
    return True


def require(name: str, kind: str) -> None:
    """See that what a person named as a voice, or an enhancer, can be one; loading it shows whether it is.

    Raises:
        SpeechlabError: the name is empty, nothing has it, or it is that of the other kind.
    """
    from speechlab.checkpoints import find_folder

    names = ", ".join(bundled(kind))
    advice = f"give {f'one of these: {names}; or ' if names else ''}a folder, or a run that was trained"
    if not name.strip():
        raise SpeechlabError(f"the name of the {kind} is empty; {advice}")
    try:
        folder = find_folder(name)
    except SpeechlabError:  # which would offer both kinds
        raise SpeechlabError(f"no {kind} is called {name!r}; {advice}") from None
    for other, is_one in KINDS.items():
        if other != kind and is_one(folder):
            raise SpeechlabError(f"{name!r} holds {NOUNS[other]}, not {NOUNS[kind]}; {advice}")
