"""What a checkpoint says of itself, held to a schema, and the network that it describes, built only if its weights fit.

A checkpoint may come from anybody. Nothing in its card is used before its type and range are known, and nothing is
allocated for a network whose shapes are not those of the weights that are there.
"""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from speechlab.config import (
    AlignerSizes,
    AudioSpec,
    DeepFilterSizes,
    Factor,
    FastSpeechSizes,
    GlowTTSSizes,
    HiFiPPSizes,
    Items,
    Number,
    Range,
    Share,
    Width,
    bounds_of,
    broken_bounds,
)
from speechlab.errors import SpeechlabError, did_you_mean
from speechlab.registry import models
from speechlab.text.symbols import PAD

FACTORIES = (torch.empty, torch.zeros, torch.ones, torch.full, torch.randn, torch.rand, torch.eye, torch.arange)
SPARE = 2**24  # numbers beyond thrice the weights' that a network may take while it is built: windows, tables
MAX_JSON = 8 * 2**20  # bytes of a card or a list of checksums: a few kilobytes are usual


@dataclass(frozen=True)
class Card:
    """The schema of ``card.json``: what of it the program reads. A card may say more, and a part of this."""

    name: str
    model: str  # registered name
    role: str  # vocoder or enhancer
    code: str  # module that registers the model, where it is not speechlab's; never imported because a card says so
    sizes: dict  # what the model is built from
    audio: dict  # an AudioSpec
    symbols: Annotated[list, Items(1, 65_536)]
    language: str
    frontend: str  # of the text: phonemes, where it does not say
    blank: Number  # of Glow-TTS: number of the symbol between two tokens
    noise_scale: Factor
    pace: Annotated[float, Range(0.3, 3.0)]  # of a voice: at which its lengths are its reader's
    global_variance: Annotated[list, Items(1, 1_024)]  # of a voice: factors on the deviation of its cepstrum
    dry: Share
    task: str
    wavlm: str
    vocoder: str  # of a voice: name of the vocoder that it shares with others
    licence: str
    steps: int | dict  # of a voice, those of its parts
    metrics: dict
    data: dict
    experiment: dict


SIZES = {
    "n_symbols": Width,
    "n_mels": bounds_of(AudioSpec)["n_mels"],
    **{
        name: kind
        for schema in (AlignerSizes, DeepFilterSizes, FastSpeechSizes, GlowTTSSizes, HiFiPPSizes)
        for name, kind in bounds_of(schema).items()
    },
}
"""Ranges of the sizes that experiments know too; others are numbers below a million."""
NEEDED = ("model", "sizes", "audio", "symbols")  # are never null
OTHER_SIZE = Range(-1e6, 1e6)
TYPES = {dict: "a group", list: "a list", str: "text", int: "a whole number", float: "a number"}


def read_json(path: Path) -> Any:
    """Read a small JSON file from anywhere.

    Raises:
        ValueError: it is none, too large, or nested too deeply.
        OSError: it cannot be read.
    """
    if path.stat().st_size > MAX_JSON:
        raise ValueError(f"{path.name} has more than {MAX_JSON} bytes")
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except RecursionError:
        raise ValueError(f"{path.name} is nested too deeply") from None


def read_card(path: Path) -> dict[str, Any]:
    """Read a card and hold it to the schema.

    Raises:
        SpeechlabError: it is no card, and the message says why.
    """
    try:
        card = read_json(path)
    except (OSError, ValueError) as error:
        raise SpeechlabError(f"{path} is not a card ({' '.join(str(error).split())}); fetch it again") from None
    for problem in wrong_in(card):
        raise SpeechlabError(f"{path} is not a card that can be used ({problem}); fetch it again")
    return card


def wrong_in(card: Any) -> Iterator[str]:
    """Give what in a card is not as the schema says."""
    if not isinstance(card, dict):
        yield f"it holds {type(card).__name__}, not a group of facts"
        return
    for name, kind in bounds_of(Card).items():
        if name in card:
            yield from wrong_value(name, kind, card[name])
    if isinstance(card.get("sizes"), dict):
        yield from wrong_sizes(card["sizes"])
    if isinstance(card.get("audio"), dict):
        yield from wrong_audio(card["audio"])
    yield from wrong_together(card)


def wrong_value(name: str, kind: Any, value: Any) -> Iterator[str]:
    """Give what is wrong with the type or the range of one value; what nobody knows may be null."""
    if value is None and name not in NEEDED:
        return
    options = [(option, getattr(option, "__origin__", option)) for option in getattr(kind, "__args__", ()) or (kind,)]
    if hasattr(kind, "__metadata__"):
        options = [(kind, kind.__origin__)]
    for option, plain in options:
        if isinstance(value, (int, float) if plain is float else plain) and not isinstance(value, bool):
            yield from (f"{name} {problem}" for problem in broken_bounds(option, value))
            return
    yield f"{name} is {' or '.join(TYPES[plain] for _, plain in options)}, got {shown(value)}"


def wrong_sizes(sizes: dict) -> Iterator[str]:
    """Give what no model can be built from."""
    for name, value in sizes.items():
        items = value if isinstance(value, list) else [value]
        if len(items) > 64:
            yield f"sizes.{name} is a list of more than 64"
        for item in items:
            is_number = isinstance(item, int | float)
            if not isinstance(item, bool | str | None) and not (is_number and item in OTHER_SIZE):
                yield f"sizes.{name} holds {shown(item)}"
        if name in SIZES and isinstance(value, int | float | list):
            yield from (f"sizes.{name} {problem}" for problem in problems_of(SIZES[name], value))


def problems_of(kind: Any, value: Any) -> Iterator[str]:
    """Give broken bounds, and values that cannot be compared with any."""
    try:
        yield from broken_bounds(kind, value)
    except TypeError:
        yield f"got {shown(value)}"


def wrong_audio(audio: dict) -> Iterator[str]:
    """Give why no AudioSpec can be made."""
    for name, kind in bounds_of(AudioSpec).items():
        value = audio.get(name)
        if name in audio and not isinstance(value, kind if kind in (bool, str) else int | float):
            yield f"audio.{name} is no {'text' if kind is str else 'number'}, got {shown(value)}"
            return
    try:
        AudioSpec(**audio)
    except (SpeechlabError, TypeError) as error:
        yield f"audio: {error}"


def wrong_factors(factors: Any, n_mels: Any) -> Iterator[str]:
    """Give why the cepstrum of a mel cannot be scaled."""
    if not isinstance(factors, list) or len(factors) != n_mels:
        yield f"global_variance is no list of one factor for each of {shown(n_mels)} bands"
    elif wrong := [one for one in factors if type(one) not in (int, float) or not 0 <= one <= 10]:
        yield f"global_variance holds {shown(wrong[0])}, not a factor from 0 to 10"


def wrong_together(card: dict) -> Iterator[str]:
    """Give the parts of a card that do not fit each other."""
    sizes, audio, symbols = card.get("sizes"), card.get("audio"), card.get("symbols", [PAD])
    sizes, audio = (part if isinstance(part, dict) else {} for part in (sizes, audio))
    n_symbols = sizes.get("n_symbols")
    if isinstance(symbols, list):
        if not all(isinstance(symbol, str) for symbol in symbols):
            yield "symbols are texts"
        elif symbols[:1] != [PAD] or len(set(symbols)) != len(symbols):
            yield f"its symbols do not begin with {PAD}, or name one twice"
        elif isinstance(n_symbols, int) and max(len(symbols), (card.get("blank") or 0) + 1) > n_symbols:
            yield f"it names {len(symbols)} symbols for a model of {n_symbols}"
    if (factors := card.get("global_variance")) is not None:
        yield from wrong_factors(factors, audio.get("n_mels"))
    if "n_mels" in sizes and "n_mels" in audio and sizes["n_mels"] != audio["n_mels"]:
        yield f"sizes.n_mels is {shown(sizes['n_mels'])} and audio.n_mels {shown(audio['n_mels'])}"


def shown(value: Any) -> str:
    """Show a value in an error, shortened."""
    text = ascii(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def network_of(path: Path, card: Mapping[str, Any], weights: Mapping[str, Tensor]) -> nn.Module:
    """Build the network that a card describes, with its weights, in eval mode.

    Not much more memory is taken than the weights have, whatever the sizes say.

    Raises:
        SpeechlabError: the card lacks the model, no such model can be built, or the weights are not its.
    """
    from speechlab.models import build

    name, sizes = need(path, card, "model"), need(path, card, "sizes")
    if name not in models:
        code = str(card.get("code", ""))
        file = f"{code}.py" if code.isidentifier() and code != "__main__" else "FILE"
        raise SpeechlabError(
            f"{path} holds a {shown(name)}, which is none of speechlab's models{did_you_mean(name, models)}; where you"
            f" have and trust the code that registers it, add --import {file}"
        )
    allowed = 3 * sum(value.numel() for value in weights.values()) + SPARE
    try:
        with Allocations(allowed):
            network = build(name, **sizes)
    except Exception as error:  # whatever PyTorch makes of sizes that fit nothing
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        raise SpeechlabError(f"no {shown(name)} can be built from the sizes in the card of {path} ({reason})") from None
    expected, found = ({key: tuple(value.shape) for key, value in part.items()}
                       for part in (network.state_dict(), weights))  # fmt: skip
    for key in [*expected, *found]:
        if expected.get(key) != found.get(key):
            raise SpeechlabError(
                f"the weights in {path} are not those of the {name} in its card: {key[:80]} is"
                f" {found.get(key, 'not there')}, expected {expected.get(key, 'nothing')}; use a whole checkpoint"
            )
    network.load_state_dict({key: value.float() if value.is_floating_point() else value
                             for key, value in weights.items()})  # fmt: skip
    return network.eval()


class Allocations(TorchFunctionMode):
    """While a network is built, refuse tensors of more numbers, all together, than its weights could fill."""

    def __init__(self, allowed: int):
        super().__init__()
        self.left = allowed

    def __torch_function__(self, function, types, args=(), kwargs=None):
        """Count what a function that makes a tensor is asked for, before it makes it."""
        if function in FACTORIES:
            sizes = args[0] if args and isinstance(args[0], list | tuple) else args
            self.left -= math.prod(size for size in sizes if isinstance(size, int))
            if self.left < 0:
                raise ValueError("it would be larger than the weights that are there")
        return function(*args, **(kwargs or {}))


def need(path: Path, card: Mapping[str, Any], name: str) -> Any:
    """Give a part of a card that has to be there."""
    if name not in card:
        raise SpeechlabError(f"the card of {path} does not say its {name}; use a checkpoint that is whole")
    return card[name]
