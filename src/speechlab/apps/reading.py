"""How a text will be said, to be read before it is heard: its words, their stress, its phones and its sentence ends."""

import argparse
import json
import os
import re
import sys
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from speechlab.encodings import read_text
from speechlab.errors import SpeechlabError
from speechlab.text.frontend import for_language, load_lexicon
from speechlab.text.phonemes import EspeakFrontend, PhonemeText
from speechlab.text.split import split_sentences

CYRILLIC_SHARE = 0.2  # of a text's letters; below it a foreign name stands in an English text
MARKS = re.compile("\\+(?=[аеёиоуыэюя])|\u0301", re.IGNORECASE)  # stress that the writer gave
STANDARD_INPUT = "-"


class Reading(NamedTuple):
    """What a text becomes on its way to a voice."""

    text: str
    language: str
    normalised: str  # words and punctuation, without marks of stress
    stressed: str  # with + before stressed vowels; in English the same
    sentences: list[str]
    phones: list[str]
    unknown: list[tuple[str, int]]  # characters that nobody can read, and their positions in the text

    def as_json(self) -> dict[str, Any]:
        """Give the fields that ``--json`` prints."""
        fields = ("text", "normalised", "stressed", "sentences")
        return {name: getattr(self, name) for name in fields} | {"phones": " ".join(self.phones)}

    def __str__(self) -> str:
        """Lay the reading out for a person."""
        rows = {"language": self.language, "words": self.normalised}
        if self.stressed != self.normalised:
            rows["stress"] = self.stressed
        rows["phones"] = " ".join(self.phones)
        rows |= {f"sentence {number}": sentence for number, sentence in enumerate(self.sentences, 1)}
        if self.unknown:
            rows["not read"] = ", ".join(f"{character!r} at position {at}" for character, at in self.unknown)
        return "\n".join(f"{name:<12}{value}" for name, value in rows.items())


def read(text: str, language: str | None = None, lexicon: Mapping[str, str] | None = None) -> Reading:
    """Say how a text will be read.

    Args:
        language: "en" or "ru"; none guesses it from the letters.
        lexicon: a person's own words, as ``load_lexicon`` reads them.

    Raises:
        SpeechlabError: there is nothing to read in the text.
    """
    language = language or guess_language(text)
    frontend = for_language(language, lexicon) if lexicon else frontend_of(language)
    found = frontend(text)
    normalised = MARKS.sub("", found.normalised)
    stressed = with_stress(normalised, found) if language == "ru" else normalised
    return Reading(text, language, normalised, stressed, sentences_of(text, language), found.symbols, found.unknown)


def guess_language(text: str) -> str:
    """Tell Russian from English by the script of the letters; Russian text may hold many Latin names."""
    letters = [character for character in text if character.isalpha()]
    n_cyrillic = sum("\u0400" <= character <= "\u04ff" for character in letters)
    return "ru" if n_cyrillic and n_cyrillic >= CYRILLIC_SHARE * len(letters) else "en"


@lru_cache
def frontend_of(language: str) -> EspeakFrontend:
    """Give the frontend of a language, made once."""
    return for_language(language)


def sentences_of(text: str, language: str) -> list[str]:
    """Split a text where a voice pauses between sentences; long ones are not cut here."""
    return [sentence.text for sentence in split_sentences(text, language, max_characters=len(text) + 1)]


def with_stress(normalised: str, found: PhonemeText) -> str:
    """Put ``+`` before the stressed vowel of every content word whose stress is known."""
    parts, position = [], 0
    for word in found.stresses:
        at = normalised.find(word.text, position)
        if at >= 0:
            parts += [normalised[position:at], word.plus if word.shows_stress else word.text]
            position = at + len(word.text)
    return "".join([*parts, normalised[position:]])


def run(options: argparse.Namespace) -> int:
    """Print the reading of a text, or of every line of it; a line that cannot be read says why."""
    given = " ".join(options.text)
    lexicon = load_lexicon(options.lexicon) if options.lexicon else None
    if not options.lines:
        reading = read(whole_text(given), options.language, lexicon)
        print(in_json(reading.as_json()) if options.json else reading)
        return 0
    lines = standard_input_lines() if given == STANDARD_INPUT else iter(re.split(r"\r\n|\r|\n", whole_text(given)))
    for number, line in enumerate(lines):
        try:
            reading = read(line, options.language, lexicon)
            shown = in_json(reading.as_json()) if options.json else "\n" * bool(number) + str(reading)
        except SpeechlabError as error:
            message = " ".join(str(error).split())
            shown = in_json({"text": line, "error": message}) if options.json else f"\n{line}: {message}"
        print(shown, flush=True)
    return 0


def whole_text(given: str) -> str:
    """Give the text that the arguments mean: standard input, a file, or themselves."""
    if given == STANDARD_INPUT:
        return sys.stdin.buffer.read().decode("utf-8-sig", "replace")
    is_name = given.strip() and "\0" not in given and len(os.fsencode(given)) <= 255  # the longest that a file has
    if not is_name or not Path(given).is_file():
        return given
    return read_text(Path(given))[0]


def standard_input_lines() -> Iterator[str]:
    """Give the lines of standard input, UTF-8 whatever the console's encoding, as they arrive."""
    for number, line in enumerate(sys.stdin.buffer):
        text = line.decode("utf-8", "replace").rstrip("\r\n")
        yield text.removeprefix("\ufeff") if number == 0 else text


def in_json(value: dict[str, Any]) -> str:
    """Write one line of JSON; a console that cannot show every letter gets escapes, which lose nothing."""
    unicode = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    return json.dumps(value, ensure_ascii=not unicode)
