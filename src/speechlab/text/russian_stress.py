"""Where the stress of Russian words lies, and how sure that is.

In the order of trust: a mark in the text (``+`` before the vowel, U+0301 after it), the user's lexicon, ё, a word of
one vowel, the context of a homograph (``russian_homographs``), the engine's own dictionary. The engine ignores U+0301
and reads ``+`` aloud, so a stress that is not its own is given to it as phonemes: the vowel that loses the stress is
reduced, the one that takes it is full, the consonants stay.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from speechlab.errors import SpeechlabError
from speechlab.text.espeak import engine
from speechlab.text.russian_homographs import HOMOGRAPHS

MARK = "\u0301"
VOWELS = "аеёиоуыэюя"
CONFIDENCE = {  # rough odds that a reader would agree; the last three are guesses, not measured
    "mark": 1.0, "lexicon": 1.0, "ё": 0.99, "one vowel": 1.0, "context": 0.9, "engine": 0.85, "homograph": 0.6,
    "none": 0.0,
}  # fmt: skip
FULL = {"а": "A", "я": "A", "о": "o", "е": "e", "э": "E", "ё": "8", "и": "i", "ы": "y", "у": "u", "ю": 'u"'}
REDUCED = {"а": "V", "я": "V", "о": "V", "е": "i", "э": "E#", "ё": "8", "и": "I", "ы": "y", "у": "u", "ю": 'u"'}
HARD = "жшц"  # after them е and и sound э and ы


@dataclass(frozen=True)
class StressedWord:
    """A word without marks, the index of its stressed vowel among its letters, and why it is there."""

    text: str
    position: int | None  # none where the word has no stress of its own ("в", "на" as the engine says it)
    source: str  # a key of CONFIDENCE

    @property
    def confidence(self) -> float:
        """How sure the place is, 0 to 1."""
        return CONFIDENCE[self.source]

    @property
    def marked(self) -> str:
        """The word with U+0301 after its stressed vowel."""
        if self.position is None:
            return self.text
        return self.text[: self.position + 1] + MARK + self.text[self.position + 1 :]

    @property
    def plus(self) -> str:
        """The word with ``+`` before its stressed vowel."""
        return self.text if self.position is None else self.text[: self.position] + "+" + self.text[self.position :]


def unmark(word: str) -> tuple[str, int | None]:
    """Split a word with ``+`` or U+0301 into the word and the index of its stressed vowel; the last mark counts.

    Raises:
        SpeechlabError: a mark is not at a vowel.
    """
    bare, position = "", None
    for index, character in enumerate(word):
        if character not in (MARK, "+"):
            bare += character
            continue
        vowel = bare[-1:] if character == MARK else word[index + 1 : index + 2]
        if vowel.lower() not in VOWELS or not vowel:
            raise SpeechlabError(f"the stress mark at position {index} of {word!r} is not at a vowel; write з+амок")
        position = len(bare) - (character == MARK)
    return bare, position


def place_stress(words: Sequence[str], lexicon: Mapping[str, str] | None = None) -> list[StressedWord]:
    """Find the stress of every word of a sentence; words may carry marks, and their neighbours tell homographs apart.

    Args:
        lexicon: the user's words in lower case, spelled with a mark: {"замок": "зам+ок"}.
    """
    bare = [unmark(word) for word in words]
    lower = [word.lower() for word, _ in bare]
    return [
        StressedWord(word, position, "mark") if position is not None else _place(word, lower, index, lexicon or {})
        for index, (word, position) in enumerate(bare)
    ]


def _place(word: str, sentence: Sequence[str], index: int, lexicon: Mapping[str, str]) -> StressedWord:
    lower = sentence[index]
    if lower in lexicon:
        return StressedWord(word, unmark(lexicon[lower])[1], "lexicon")
    if "ё" in lower and "-" not in lower:
        return StressedWord(word, lower.rindex("ё"), "ё")
    vowels = [at for at, letter in enumerate(lower) if letter in VOWELS]
    if lower in HOMOGRAPHS:
        context = " ".join([*sentence[:index], "@", *sentence[index + 1 :]])
        for spelled, pattern in HOMOGRAPHS[lower]:
            if not pattern or re.search(rf"(?<!\w)(?:{pattern})", context):
                return StressedWord(word, spelled.index("+"), "context" if pattern else "homograph")
    position = engine_stress(lower)
    if position is None:
        return StressedWord(word, None, "one vowel" if len(vowels) <= 1 else "none")
    return StressedWord(word, position, "one vowel" if len(vowels) == 1 else "engine")


def save_stress(path: str | Path, words: Sequence[StressedWord]) -> None:
    """Write words into a lexicon's file, which is made where there is none; what it says of other words stays.

    The file is that of ``speechlab.text.frontend.load_lexicon``: a word, a tab, the word with ``+`` before its vowel.

    Raises:
        SpeechlabError: a word has no stress.
    """
    for word in words:
        if word.position is None:
            raise SpeechlabError(f"{word.text!r} has no stress to save; put + before one of its vowels")
    spelled = {word.text.lower(): word.plus.lower() for word in words}
    path = Path(path)
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    kept = [line for line in lines if line.split()[:1] == [] or line.split()[0].lower() not in spelled]
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".part")
    entries = [f"{word}\t{value}" for word, value in spelled.items()]
    partial.write_text("\n".join([*kept, *entries]) + "\n", encoding="utf-8")
    partial.replace(path)


@lru_cache(maxsize=20_000)
def engine_stress(word: str, voice: str = "ru") -> int | None:
    """Index of the letter that the engine stresses in a word said alone; none if it stresses none or drops vowels."""
    vowels = [at for at, letter in enumerate(word) if letter in VOWELS]
    spoken = [phone for phone in _phones(word, voice) if _is_vowel(phone)]
    stressed = [at for at, phone in enumerate(spoken) if phone.startswith("'")]
    return vowels[stressed[-1]] if stressed and len(spoken) == len(vowels) else None


@lru_cache(maxsize=20_000)
def move_stress(word: str, position: int, voice: str = "ru") -> tuple[str, ...] | None:
    """Give the phones of a word with its stress on the letter ``position``, or none if they are the engine's own.

    Raises:
        SpeechlabError: the engine says another number of vowels than the word has, so its phones cannot be matched.
    """
    word = word.lower()
    if engine_stress(word, voice) == position:
        return None
    phones = list(_phones(word, voice))
    letters = [at for at, letter in enumerate(word) if letter in VOWELS]
    spoken = [at for at, phone in enumerate(phones) if _is_vowel(phone)]
    if len(letters) != len(spoken):
        raise SpeechlabError(f"the stress of {word!r} cannot be moved: the engine says it otherwise than it is spelled")
    for at, index in zip(letters, spoken, strict=True):
        if at == position:
            phones[index] = "'" + _vowel(word, at, phones[index], FULL)
        elif phones[index].startswith("'"):
            phones[index] = _vowel(word, at, phones[index], REDUCED, after_stress=at > position)
    spoken_alone = engine().speak(f"[[{'|'.join(phones)}]]", voice).phones  # the engine's own rules for neighbours
    return tuple(label for label, _, _ in spoken_alone if not label.startswith("_"))


def _vowel(word: str, at: int, phone: str, table: Mapping[str, str], after_stress: bool = False) -> str:
    letter, previous, plain = word[at], word[at - 1 : at], phone.lstrip("',")
    if plain in ("ja", "ju"):  # the glide is part of the phone
        return plain
    if previous and previous in HARD and letter in "еи":
        return "y" if table is REDUCED or letter == "и" else "E"
    if table is REDUCED and letter in "ая":
        return ("a#" if at == len(word) - 1 else "V") if after_stress else "a"
    if table is REDUCED and letter == "е" and at == len(word) - 1:
        return "I"
    return table[letter]


def _is_vowel(phone: str) -> bool:
    plain = phone.lstrip("',")
    return plain != "@-" and (plain[:1] in tuple("aAeEiIoOuUVyY8@") or plain in ("ja", "ju"))


def _phones(word: str, voice: str) -> tuple[str, ...]:
    return tuple(phone for clause in engine().phonemes(word, voice) for group in clause for phone in group)
