"""The network that knows Russian stress, ё and homographs: silero-stress 1.5 (MIT), which comes whole in its wheel.

It has two halves. One reads a single word, by its letters; the other decides between the readings of a homograph by
the words around it. Both are loaded at the first Russian sentence (1 s), run on the CPU and leave no trace in torch:
threads, gradients and random numbers are as they were.
"""

import contextlib
import re
from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache
from importlib import resources
from threading import Lock
from types import SimpleNamespace
from typing import Any

LONGEST_WORD = 40  # letters; the network's time grows with the square of a word's length
LONGEST_PIECE = 60  # words given at once; it looks 150 characters to either side of a homograph
SENTENCE_ENDS = frozenset((".", "!", "?", "…", "..."))
VOWELS = "аеёиоуыэюя"
UNSTRESSED = ("то", "либо", "нибудь", "ка", "таки", "де", "с")  # after a hyphen
COUNTED = re.compile("(?:тр|четыр)[её]х(?=[а-яё]{3,}$)", re.I)  # "трёхэтажный": its ё has no stress

_loading = Lock()


def accent(pieces: Sequence[str]) -> list[str]:
    """Spell each word with ё and a ``+`` before its stressed vowel; "замок" is "з+амок" or "зам+ок" by its sentence.

    Args:
        pieces: the words and punctuation marks of a text in order; words that carry a mark come back as they are.

    Returns:
        The pieces; those without Russian vowels, and words beyond ``LONGEST_WORD``, as they were.
    """
    return [accented for part in _parts(pieces) for accented in _accent_part(tuple(part))]


def is_homograph(word: str) -> bool:
    """Whether the network chooses the stress of a word, in lower case, by its neighbours."""
    solver = _network().homosolver
    return word in solver.homodict or word in solver.compiled_phrases


def _parts(pieces: Sequence[str]) -> Iterator[Sequence[str]]:
    """Cut at sentence ends, so that a sentence is read alike whatever stands before it, and where it grows too long."""
    start = 0
    for index, piece in enumerate(pieces, 1):
        if piece in SENTENCE_ENDS or index - start == LONGEST_PIECE or index == len(pieces):
            yield pieces[start:index]
            start = index


@lru_cache(maxsize=2_000)
def _accent_part(pieces: tuple[str, ...]) -> tuple[str, ...]:
    given = [piece if len(piece) <= LONGEST_WORD and "+" not in piece else "" for piece in pieces]
    network, known = _network(), given
    with _undisturbed():
        if any(is_homograph(part) for piece in given for part in piece.lower().split("-")):
            known = network.homosolver(" ".join(given)).split(" ")
        return tuple(_accent_word(known[index]) if given[index] else piece for index, piece in enumerate(pieces))


@lru_cache(maxsize=50_000)
def _accent_word(word: str) -> str:
    """Accent a word by its letters alone; of a word with hyphens the last part that can be stressed has the stress."""
    parts = word.split("-")
    stressed = max((at for at, part in enumerate(parts) if part.lower() not in UNSTRESSED), default=0)
    if len(parts) > 1:
        accented = [_accent_word(part) if len(part) > 2 else _name(part) for part in parts]
        return "-".join(part if at == stressed else part.replace("+", "") for at, part in enumerate(accented))
    if "+" in word or not any(letter in VOWELS for letter in word.lower()):
        return word
    if (counted := COUNTED.match(word)) and "+" in (rest := _accent_word(word[counted.end() :])):
        return re.sub("[её](?=х)", "ё", counted[0]) + rest
    return _network().accentor(word)


def _name(part: str) -> str:
    """Stress a part that may be the name of a letter ("эм-че-эс"): its е is no ё."""
    vowel = next((at for at, letter in enumerate(part) if letter.lower() in VOWELS), None)
    return part if vowel is None or "+" in part else f"{part[:vowel]}+{part[vowel:]}"


class _LazyPattern:
    """A pattern of the network's phrase book that is compiled when it is first searched."""

    def __init__(self, pattern: str, flags: int = 0):
        self._written = (pattern, flags)

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile(*self._written)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._compiled, name)


@lru_cache(maxsize=1)
def _load() -> Any:
    with _undisturbed():
        import torch.package

        class Importer(torch.package.PackageImporter):
            """Compiles no pattern while loading: the 2,340 phrases of homographs take 9 s, and few are ever met."""

            def import_module(self, name: str, package: Any = None) -> Any:
                return SimpleNamespace(_compile=_LazyPattern) if name == "re" else super().import_module(name, package)

        # torch.package runs the code inside the file. The file is part of an installed package, as trusted as any other
        # module of it; no file that a person gives is ever loaded so.
        with (resources.files("silero_stress.data") / "accentor.pt").open("rb") as file:
            network = Importer(file).load_pickle("accentor_models", "accentor")
        bert = network.homosolver.model.bert  # its embedding is stored as bytes
        embedding = bert.embeddings.word_embeddings.weight
        embedding.data = bert.scale * (embedding.data.clone() - bert.zero_point)
    return network


def _network() -> Any:
    with _loading:
        return _load()


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Run the network alike whatever the caller's settings are, and leave them: its code sets threads and gradients."""
    import torch

    threads = torch.get_num_threads()
    with torch.inference_mode(False), torch.no_grad(), torch.autocast("cpu", enabled=False), torch.device("cpu"):
        try:
            yield
        finally:
            if torch.get_num_threads() != threads:
                torch.set_num_threads(threads)
