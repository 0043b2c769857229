"""Russian normalisation: from what people type to words that can be read aloud, stress marks kept.

Order (spec 2.6): NFC, quotes and dashes unified, compounds and phone numbers, dates and times, money and units, ranks,
other numbers, abbreviations, Latin, signs, ё. A stress mark, ``+`` before a vowel or U+0301 after it, comes out as
U+0301. Characters that cannot be read are left out here; the frontend reports them.
"""

import re
import unicodedata
from collections.abc import Callable, Collection

from speechlab.text.russian_counts import (
    digits,
    read_compound,
    read_decade,
    read_fraction,
    read_money,
    read_phone_number,
    read_range,
    read_rank,
    read_scaled,
    read_unit,
    read_whole,
)
from speechlab.text.russian_dates import (
    MONTH,
    at_end,
    before_of,
    before_range,
    read_birth,
    read_date,
    read_day,
    read_days,
    read_time,
    read_year,
    read_years,
)
from speechlab.text.russian_numbers import SUFFIXES, cardinal, case_before, decimal, ordinal
from speechlab.text.russian_roman import (
    ADJECTIVE,
    PART,
    ROMAN,
    read_before_adjective,
    read_before_part,
    read_before_parts,
    read_centuries,
    read_century,
    read_part,
    read_ruler,
    roman,
)
from speechlab.text.russian_stress import MARK as STRESS
from speechlab.text.russian_stress import restore_yo
from speechlab.text.russian_words import (
    ABBREVIATIONS,
    LATIN_NAMES,
    LATIN_SOUNDS,
    LATIN_WORDS,
    LETTER_NAMES,
    MONTHS,
    SCALES,
    SPELLED,
    SYMBOLS,
    UNITS,
)

VOWELS = "аеёиоуыэюя"
TYPOGRAPHY = {
    "„": "«", "“": "«", "”": "»", '"': " ", "–": "-", "—": " — ", "−": "-", "‐": "-", "‑": "-", "…": "...", "’": "'",
    "\u00a0": " ", "\u202f": " ", "½": " 1/2", "¼": " 1/4", "¾": " 3/4",
}  # fmt: skip
PUNCTUATION = set(",.!?;:-'()[]«»…+")
APART = {  # units that may be the beginning of something else: "в 10 с Петром", "их 5 т. е. мало"
    "с": r"(?:(?<=\d)с|с(?!\s+[\w«]|\.\w))", "т": r"т(?!\.\s?[едкнпр]\.)",
}  # fmt: skip
UNIT = "|".join(APART.get(unit, re.escape(unit)) for unit in sorted(UNITS, key=len, reverse=True))
SCALE = "|".join([*SCALES, *("тысяч[аиу]?", "миллион(?:а|ов)?", "миллиард(?:а|ов)?")])
SUFFIX = "|".join(sorted([*SUFFIXES, "ти", "мя"], key=len, reverse=True))
Match = re.Match[str]


def is_readable(character: str) -> bool:
    """Whether a character has a sound or a meaning here; invisible ones count as readable."""
    if character in TYPOGRAPHY or character in SYMBOLS or character in PUNCTUATION or character.isspace():
        return True
    if unicodedata.category(character) in ("Cf", "Mn"):
        return True
    plain = unicodedata.normalize("NFKD", character)[0]
    return character.lower() in "абвгдеёжзийклмнопрстуфхцчшщъыьэюя" or (plain.isascii() and plain.isalnum())


def normalise(text: str, keep: Collection[str] = ()) -> str:
    """Write everything out in words: "в 1998 г." is "в тысяча девятьсот девяносто восьмом году".

    Args:
        keep: words in lower case that stay without ё.
    """
    text = _unify(text)
    for pattern, replacement in RULES:
        text = pattern.sub(replacement, text)
    return restore_yo(re.sub(r"\s+", " ", re.sub(r"\s+(?=[,.!?;:»)])", "", text)).strip(), keep)


def _unify(text: str) -> str:
    text = re.sub(rf"\+(?=([{VOWELS}]))([{VOWELS}])", rf"\2{STRESS}", unicodedata.normalize("NFC", text), flags=re.I)
    text = re.sub(r"(?<=[\dIVXХ%])\s?—\s?(?=[\dIVXХ])", "-", text)  # of a range, not of a sentence
    characters = []
    for character in text:
        if character in TYPOGRAPHY:
            characters.append(TYPOGRAPHY[character])
        elif character == STRESS or (is_readable(character) and unicodedata.category(character) not in ("Cf", "Mn")):
            known = character in SYMBOLS or re.match("[а-яё]", character, re.I)
            plain = character if known else unicodedata.normalize("NFKD", character)[0]
            characters.append(" " if character.isspace() else plain)
        elif not is_readable(character):
            characters.append(" ")
    return "".join(characters)


def _abbreviation(reading: str, ends: bool) -> Callable[[Match], str]:
    def expand(match: Match) -> str:
        words = f"{match[0].split()[0]} города" if reading == "*города" else reading
        if reading == "*города" and match[0].lower().startswith("в "):
            words = match[0].split()[0] + " городе"
        first = words[0].upper() if match[0][0].isupper() else words[0]
        return first + words[1:] + ("." if ends and at_end(match) else "")

    return expand


def _capitals(match: Match) -> str:
    """Spell initials that nobody can read as a word; others, "НАТО", are words."""
    written = match[0]
    if written in SPELLED:
        return SPELLED[written]
    if len(written) <= 5 and not any(letter.lower() in VOWELS for letter in written):
        return "-".join(LETTER_NAMES[letter] for letter in written)
    return written


def _latin(match: Match) -> str:
    """Read a Latin word from the table, by its letters if all are capitals, else letter by letter as sounds."""
    word = match[0]
    if known := LATIN_WORDS.get(word.lower()):
        return known if word[0].islower() or len(word) > 1 else known.capitalize()
    if len(word) == 1 or (word.isupper() and len(word) <= 5):
        return "-".join(LATIN_NAMES[letter] for letter in word.upper())
    sounds, rest = "", word.lower()
    while rest:
        key, sound = next(((k, s) for k, s in LATIN_SOUNDS if rest.startswith(k)), (rest[0], ""))
        sounds, rest = sounds + sound.replace("Д", "дж"), rest[len(key) :]
    return sounds


def _rule(pattern: str, replacement: Callable[[Match], str] | str, flags: int = 0) -> tuple:
    return re.compile(pattern, flags), replacement


NUMBER = r"\d{1,3}(?: \d{3})+(?:,\d+)?|\d+(?:[,.]\d+)?"
FIRST = rf"(?:({NUMBER})\s?-\s?)?"  # of a range
RULES: list[tuple[re.Pattern[str], Callable[[Match], str] | str]] = [
    # what would be taken apart later
    _rule(r"\b(?:(\d+)-)?(\d+)-([а-яё]{4,})", read_compound),
    _rule(r"/\s?мес\b\.?", " в месяц"),
    _rule(r"\bок\.(?=\s?\d)", "около"),
    _rule(r"(?<=\d)\s?т\.\s?р\.", " тыс. руб."),
    _rule(r"(?<=\d)\s?(?:[xх]|×(?=\s?\d+\s?[смк]?м\b))\s?(?=\d)", " на "),
    _rule(r"\b(\d{4})-(\d\d)-(\d\d)\b", r"\3.\2.\1"),
    _rule(r"(\d[.:]\d\d(?:\d\d)?)\s?-\s?(?=\d{1,2}[.:]\d)", r"\1 - "),
    _rule(r"(\+\d|\b8)[ -]?\(?(\d{3})\)?[ -]?(\d{3})[ -]?(\d\d)[ -]?(\d\d)(?!\d)", read_phone_number),
    _rule(r"(?<![\d.,-])(?:(?:(\+?\d)[ -]?)?\((\d{3,4})\)[ -]?|(\+?\d)[ -]?(\d{3})[ -])?"
          r"(\d{2,3})-(\d\d)-(\d\d)(?![\d-])", read_phone_number),
    # dates, years, centuries, times
    _rule(r"\b(\d{1,2})\.(\d{1,2})\.(\d{4}|\d\d)\b(?:\s?г\.)?", read_date),
    _rule(r"\b(\d{4})\s?-\s?(\d{4})\s?(гг?\.|год(?:ы|ов|ах|ам|ами)\b)", read_years),
    _rule(r"(?<=\()(\d{4})\s?-\s?(\d{4})()(?=\))", read_years),
    _rule(r"\b(\d+)-(е|х)\s?гг\.", read_decade),
    _rule(r"(?<=\b[сС]\s)(\d{4})(?=\sпо\s\d{4}\b)", lambda m: ordinal(int(m[1]), "g")),
    _rule(r"\b(\d{4})\s?г\.\s?р\.", read_birth),
    _rule(r"\b(\d{3,4})\s?гг?\.", read_year),
    _rule(rf"\b({ROMAN})(\s?-\s?| и | или )({ROMAN})\s?(вв\.?|в\.|век[а-я]*)", read_centuries),
    _rule(rf"(?<=\b[сС]\s)({ROMAN})(?=\sпо\s{ROMAN}\b)", lambda m: ordinal(roman(m[1]), "g")),
    _rule(rf"\b({ROMAN})\s?(вв\.|в\.|век[а-я]*)", read_century),
    _rule(rf"\b((?i:{PART})) ({ROMAN})\b", read_part),
    _rule(rf"\b({ROMAN})(\s?-\s?| и | или )({ROMAN})(?=\s({PART})\b)", read_before_parts),
    _rule(rf"\b({ROMAN})(?=\s({PART})\b)", read_before_part),
    _rule(rf"\b({ROMAN})(?=\s({ADJECTIVE})\b)", read_before_adjective),
    _rule(rf"\b([А-ЯЁ][а-яё]+) ({ROMAN})\b", read_ruler),
    _rule(rf"\b(\d{{1,2}})\s?-\s?(\d{{1,2}})(?=\s(?:{MONTH})\b)", read_days),
    _rule(rf"\b(\d{{1,2}})(?=\s(?:{MONTH})\b)", lambda m: read_day(int(m[1]), before_range(m))),
    _rule(rf"(?:(?<=\b[сС]\s)|(?<=\b[сС]о\s))(\d{{1,2}})(?=\sпо\s\w+(?:\s\w+)?\s(?:{MONTH}))",
          lambda m: ordinal(int(m[1]), "g")),
    _rule(r"\b(0[1-9])\.(0[1-9]|1[0-2])\b(?![.:]\d)",
          lambda m: f"{read_day(int(m[1]), before_of(m))} {MONTHS[int(m[2]) - 1]}"),
    _rule(r"\b([вВсС]|до|До)\s(\d{1,2})\.(00|15|30|45)\b(?!\.\d|\s?[%°$€₽])", r"\1 \2:\3"),
    _rule(r"(?<![\d:])(\d{1,2}):(\d{1,2})(?!\d)", read_time),
    _rule(r"(верси\w+|[A-Za-z])\s(\d+)\.(\d+)\b(?!\.\d)",
          lambda m: f"{m[1]} {digits(m[2])} точка {digits(m[3])}", re.I),
    _rule(r"\b\d+(?:\.\d+){2,}\b", lambda m: " точка ".join(map(digits, m[0].split(".")))),
    # money, units, scales, signs
    _rule(r"№\s?(\d+)", lambda m: f"номер {digits(m[1])}"),
    _rule(r"(?:(?<![\w.])|(?<=\.\.))-(?=\d)", " минус "),
    _rule(r"(?<!\w)((?:[Дд]ом|д\.|кв\.|корп\.)\s?\d+)/(?=\d)", r"\1 дробь "),
    _rule(rf"\b(?:(\d+) )?(\d+)/(\d+)\b(?:\s?({UNIT})(?!\w)\.?)?", read_fraction),
    _rule(rf"{FIRST}({NUMBER})\s?(?:({SCALE})\.?\s)?\s?({UNIT})(?!\w)\.?", read_unit),
    _rule(rf"([$€£])\s?{FIRST}({NUMBER})(?:\s?(тыс|млн|млрд|трлн)\b\.?)?", read_money),
    _rule(rf"{FIRST}({NUMBER})\s?({'|'.join(SCALES)})\b\.?", read_scaled),
    # ranks, ranges, other numbers
    _rule(rf"\b(\d+)-(?=\d+-({SUFFIX})(?!\w))", r"\1-\2-"),
    _rule(rf"\b(\d+)-({SUFFIX})(?!\w)", read_rank),
    _rule(r"(?<=\d)(?=[^\W\d_])|(?<=[^\W\d_])(?=\d)", " "),
    _rule(r"(?<!\w)((?:рис|стр|гл|табл|д|кв|корп)\.\s?)(\d+)", lambda m: m[1] + cardinal(int(m[2]))),
    _rule(rf"(?<![\d.,])({NUMBER})\s?-\s?({NUMBER})\b", read_range),
    _rule(r"\b(\d+)[,.](\d+)\b", lambda m: decimal(m[1], m[2], case_before(before_of(m)))),
    _rule(r"\d{1,3}(?: \d{3})+(?!\d)|\d+", read_whole),
    # abbreviations, initials, Latin
    *[_rule(rf"(?<!\w)(?:{pattern})(?!\w)", _abbreviation(reading, ends), re.I)
      for pattern, reading, ends in ABBREVIATIONS],
    _rule(r"\b[А-ЯЁ]\.\s?(?=[А-ЯЁ])", lambda m: f"{LETTER_NAMES[m[0][0]].capitalize()} "),
    _rule(r"\b[А-ЯЁ]{2,}\b", _capitals),
    _rule(r"[A-Za-z]+(?:-[A-Za-z]+)*", lambda m: _latin(m) if m[0].lower() in LATIN_WORDS else re.sub(
        "[A-Za-z]+", _latin, m[0])),
    *[_rule(re.escape(symbol), word) for symbol, word in SYMBOLS.items()],
    _rule(r"\+", " плюс "),
    _rule(r"'", ""),
]  # fmt: skip
