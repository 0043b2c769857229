"""Where the stress of Russian words lies, and how sure that is.

In the order of trust: a mark in the text (``+`` before the vowel, U+0301 after it), the user's lexicon, a short table
of what the network misses (``RULES``), ё, a word of one vowel, the network (``accent``), which decides
homographs by their sentence. espeak-ng makes the phones. It ignores U+0301 and reads ``+`` aloud, so a stress that is
not its own is given to it as phonemes: the vowel that loses the stress is reduced, the one that takes it is full, the
consonants stay.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from speechlab.errors import SpeechlabError
from speechlab.text.espeak import engine
from speechlab.text.russian.accent import accent, is_homograph

MARK = "\u0301"
VOWELS = "аеёиоуыэюя"
CONFIDENCE = {  # share that was right on sentences marked by readers, see benchmarks/russian_stress.py
    "mark": 1.0, "lexicon": 1.0, "rule": 0.97, "ё": 0.99, "one vowel": 1.0, "network": 0.97, "context": 0.93,
    "engine": 0.85, "none": 0.0,
}  # fmt: skip
_LETTERS = "(?:[^\\W_]\u0301?)+"
PIECES = re.compile(rf"\[\[[^\[\]]*\]\]|{_LETTERS}(?:['\-]{_LETTERS})*|\.\.\.|--|[^\w\s]")
_NUMERAL = r"(?:дв[ае]|три|четыре|об[ае]|полтор[аы]|с половиной)"
_OF = r"(?:у|от|до|из|с|со|для|без|из-за|около|кроме|после|ради|против|нет|не)"
RULES: dict[str, tuple[str, re.Pattern[str]]] = {
    re.sub(r"\+", "", spelled).replace("ё", "е"): (spelled, re.compile(rf"(?<!\w)(?:{context})"))
    for spelled, context in {  # what the network misses: in the lower-case words around it the word itself is @
        "час+а": f"{_NUMERAL} @",
        "ряд+а": f"{_NUMERAL} @",
        "шаг+а": f"{_NUMERAL} @",
        "шар+а": f"{_NUMERAL} @",
        "с+орок": r"^(?!.*(?:ста[ияюе]|много|несколько|пара|пять|шесть|семь) @)",  # magpies come in flocks
        "стро+ю": "в @",
        "щав+ель": "@",
        "глаз+а": r"(?:его|её|их|мои|твои|свои|наши|ваши|эти|те|все) @|(?<!\w )@",
        "рук+и": r"не (?:подал|дал|протянул|поднял)\w*(?: \S+)? @",
        "стран+ы": r"(?:граждан|жител|президент|глав|столиц|территори|населени|регион|экономик|истори)\w* @",
        "сестр+ы": rf"(?:{_OF}|{_NUMERAL}|\w+[ое]й|дети|муж\w*|дом\w*|имя|подруг\w+) @",
        "ст+оит": r"(?:сколько|дорого|дёшево) @|@ (?:\S+ ){0,3}(?:рубл|доллар|евро|копе|дорого|дёшево|денег)",
        "+уже": "(?:намного|гораздо|чуть|немного) @|@ (?:чем|соседней|соседнего|соседних|остальных|прежней|прежнего)",
        "бер+ет": r"(?:\w+[ыи]й|мой|твой|свой|этот) @",
        "сч+ёта": rf"(?:{_OF}|остат\w+|номер\w*|пополнени\w+|\w+ого|[мтсв]\w+его) @",
        "вс+е": r"(?<!\w )@ (?:\w+ )?(?!если|или)\w\w+(?:[уюая]т|[уюая]тся|ли|лись)\b",
        "вс+ё-таки": "@",
        "ч+ём-то": "(?:о|об|в|на|при) @",
    }.items()
}
GIVEN = ("mark", "lexicon")  # stress by a person
SERVICE = """а и но да или либо что чтобы как если же ж ли ль бы б не ни то ведь лишь уж
в во к ко с со у о об обо от ото до по за из изо на над под подо при про для без через перед между ради из-за из-под"""
SERVICE_WORDS = frozenset(SERVICE.split())
"""Prepositions, conjunctions and particles."""
NEIGHBOURS = 5  # words to either side that a rule sees
FULL = {"а": "A", "я": "A", "о": "o", "е": "e", "э": "E", "ё": "8", "и": "i", "ы": "y", "у": "u", "ю": 'u"'}
HARD, SOFT = "жшц", "чщй"  # after the first е and и sound э and ы


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
    def shows_stress(self) -> bool:
        """Whether its stress is worth a mark for a reader: a preposition or particle leans on its neighbour."""
        given = self.source in GIVEN
        return self.position is not None and (given or self.text.lower() not in SERVICE_WORDS)

    @property
    def marked(self) -> str:
        """The word as it is printed: U+0301 after the stressed vowel, if it is a content word or a person marked it."""
        if self.position is None or not self.shows_stress:
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


def place_stress(pieces: Sequence[str], lexicon: Mapping[str, str] | None = None) -> list[StressedWord]:
    """Find the stress of every word of a text; words may carry marks, and their neighbours tell homographs apart.

    Args:
        pieces: words, and the punctuation marks between them where there are any: they help to tell.
        lexicon: the user's words in lower case, spelled with a mark: {"замок": "зам+ок"}.

    Returns:
        One for each piece that is a word.
    """
    bare = [unmark(piece) if piece[:1].isalnum() else (piece, None) for piece in pieces]
    accented = accent(["" if word.startswith("[[") else word for word, _ in bare])
    lower = [word.lower() for word, _ in bare]
    return [
        StressedWord(word, position, "mark")
        if position is not None
        else _place(word, lower, at, spelled, lexicon or {})
        for at, ((word, position), spelled) in enumerate(zip(bare, accented, strict=True))
        if word[:1].isalnum()
    ]


def _place(word: str, text: Sequence[str], at: int, accented: str, lexicon: Mapping[str, str]) -> StressedWord:
    lower = text[at]
    if lower in lexicon:
        return StressedWord(word, unmark(lexicon[lower])[1], "lexicon")
    if sum(letter in VOWELS for letter in lower) <= 1:
        return StressedWord(word, engine_stress(lower), "one vowel")
    if spelled := _by_rule(text, at):
        return StressedWord(word, spelled.index("+"), "rule")
    if "+" not in accented:
        position = engine_stress(lower)
        return StressedWord(word, position, "none" if position is None else "engine")
    position = accented.rindex("+") - accented.count("+") + 1
    source = "ё" if lower[position] == "ё" else "context" if is_homograph(lower) else "network"
    return StressedWord(word, position, source)


def _by_rule(text: Sequence[str], at: int) -> str:
    """Spell a word of a text in lower case as a rule says, with ``+``; "" if none does."""
    spelled, context = RULES.get(text[at], ("", None))
    around = [*text[max(at - NEIGHBOURS, 0) : at], "@", *text[at + 1 : at + 1 + NEIGHBOURS]]
    return spelled if context and context.search(" ".join(around)) else ""


def restore_yo(text: str, keep: Collection[str] = ()) -> str:
    """Write ё where it is meant, as the network reads the sentence; a word with a mark stays as its writer wanted it.

    Args:
        keep: words in lower case that stay as they are written, such as those of a lexicon.
    """
    found = list(PIECES.finditer(text))
    bare = [match[0].replace(MARK, "") for match in found]
    lower = [word.lower() for word in bare]
    restored, end = [], 0
    spelled = accent(["" if word.startswith("[[") else word for word in bare])
    for at, (match, word, accented) in enumerate(zip(found, bare, spelled, strict=True)):
        read = (_by_rule(lower, at) or accented).replace("+", "")
        as_written = MARK in match[0] or lower[at] in keep or not accented
        yo = [("ё" if c == "е" else "Ё") if r in "ёЁ" and c in "еЕ" else c for c, r in zip(word, read, strict=False)]
        restored += [text[end : match.start()], match[0] if as_written else "".join(yo)]
        end = match.end()
    return "".join([*restored, text[end:]])


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
    stressed = letters.index(position)
    for syllable, (at, index) in enumerate(zip(letters, spoken, strict=True)):
        if at == position:
            phones[index] = "'" + _full(word, at, phones[index])
        else:
            phones[index] = _reduced(word, at, phones[index], just_before=syllable == stressed - 1)
    spoken_alone = engine().speak(f"[[{'|'.join(phones)}]]", voice).phones  # the engine's own rules for neighbours
    return tuple(label for label, _, _ in spoken_alone if not label.startswith("_"))


def _full(word: str, at: int, phone: str) -> str:
    """Give a stressed vowel as the engine says it after the letter before; ``phone`` is what it said unstressed."""
    letter, previous, plain = word[at], word[at - 1 : at], phone.lstrip("',")
    if plain in ("ja", "ju"):  # the glide is part of the phone
        return plain
    if letter == "е" and plain.startswith("E"):  # of a foreign word: "антенна"
        return "E"
    if letter in "еи" and previous and previous in HARD:
        return "E" if letter == "е" else "y"
    if letter == "и" and at in (0, len(word) - 1):
        return "I"
    return "u#" if letter == "у" and previous and previous in SOFT else FULL[letter]


def _reduced(word: str, at: int, phone: str, just_before: bool) -> str:
    """Give an unstressed vowel as the engine says it there; ``just_before`` the stressed syllable it is less reduced.

    Read off the engine: these rules give its own phones for 99.9 % of the vowels of 16,000 words that it stresses
    right.
    """
    letter, previous, plain = word[at], word[at - 1 : at], phone.lstrip("',")
    first, last = at == 0, at == len(word) - 1
    if plain in ("ja", "ju"):
        return plain
    if letter in "ая":
        if last:
            return ",V" if phone == ",V" else "V" if letter == "я" or previous in SOFT else "a#"
        return "a" if just_before or first else "V"
    if letter == "о":
        return "V"
    if letter in "еи" and previous and previous in HARD:
        return "y"
    if letter == "е":
        hard, after_vowel = plain.startswith("E"), previous in VOWELS + "ьъ"
        return "E#" if hard else "I" if first or (last and after_vowel) else "i"
    if letter == "и":
        return "I" if first or last else "i"
    if letter == "э":
        return "E#"
    return _full(word, at, phone)


def _is_vowel(phone: str) -> bool:
    plain = phone.lstrip("',")
    return plain not in ("@-", "I^") and (plain[:1] in tuple("aAeEiIoOuUVyY8@") or plain in ("ja", "ju"))


def _phones(word: str, voice: str) -> tuple[str, ...]:
    return tuple(phone for clause in engine().phonemes(word, voice) for group in clause for phone in group)
