"""Russian normalisation: from what people type to words that can be read aloud, stress marks kept.

Order (spec 2.6): NFC, quotes and dashes unified, Latin, dates and times, money and units, ranks, other numbers,
abbreviations, signs, ё. A stress mark, ``+`` before a vowel or U+0301 after it, comes out as U+0301. Characters that
cannot be read are left out here; the frontend reports them.
"""

import re
import unicodedata
from collections.abc import Callable

from speechlab.text.russian_dates import (
    MONTH,
    at_end,
    before_of,
    read_century,
    read_date,
    read_day,
    read_ruler,
    read_time,
    read_year,
    read_years,
)
from speechlab.text.russian_numbers import (
    SUFFIXES,
    cardinal,
    case_before,
    counted,
    decimal,
    form_after,
    ordinal,
    read,
    simple_fraction,
)
from speechlab.text.russian_words import (
    ABBREVIATIONS,
    LATIN_NAMES,
    LATIN_SOUNDS,
    LATIN_WORDS,
    LETTER_NAMES,
    SCALES,
    SMALL_MONEY,
    SPELLED,
    SYMBOLS,
    UNITS,
    YO,
)

STRESS = "\u0301"
VOWELS = "аеёиоуыэюя"
TYPOGRAPHY = {
    "„": "«", "“": "«", "”": "»", '"': " ", "–": "-", "—": " — ", "−": "-", "‐": "-", "‑": "-", "…": "...", "’": "'",
    "\u00a0": " ", "\u202f": " ", "½": " 1/2", "¼": " 1/4", "¾": " 3/4",
}  # fmt: skip
PUNCTUATION = set(",.!?;:-'()[]«»…+")
UNIT = "|".join(sorted(map(re.escape, UNITS), key=len, reverse=True))
SCALE = "|".join([*SCALES, *("тысяч[аиу]?", "миллион(?:а|ов)?", "миллиард(?:а|ов)?")])
ROMAN = r"[IVXLХ]+"
Match = re.Match[str]


def is_readable(character: str) -> bool:
    """Whether a character has a sound or a meaning here; invisible ones count as readable."""
    if character in TYPOGRAPHY or character in SYMBOLS or character in PUNCTUATION or character.isspace():
        return True
    if unicodedata.category(character) in ("Cf", "Mn"):
        return True
    plain = unicodedata.normalize("NFKD", character)[0]
    return character.lower() in "абвгдеёжзийклмнопрстуфхцчшщъыьэюя" or (plain.isascii() and plain.isalnum())


def normalise(text: str) -> str:
    """Write everything out in words: "в 1998 г." is "в тысяча девятьсот девяносто восьмом году"."""
    text = _unify(text)
    for pattern, replacement in RULES:
        text = pattern.sub(replacement, text)
    text = re.sub(rf"[а-яёА-ЯЁ{STRESS}]+", _restore_yo, text)
    return re.sub(r"\s+", " ", re.sub(r"\s+(?=[,.!?;:»)])", "", text)).strip()


def _unify(text: str) -> str:
    text = re.sub(rf"\+(?=([{VOWELS}]))([{VOWELS}])", rf"\2{STRESS}", unicodedata.normalize("NFC", text), flags=re.I)
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


def _restore_yo(match: Match) -> str:
    word = YO.get(match[0].lower())
    if not word:
        return match[0]
    return word if match[0].islower() else word.upper() if match[0].isupper() and len(word) > 1 else word.capitalize()


def _number(written: str) -> tuple[int, str]:
    whole, _, fraction = written.replace(" ", "").replace(".", ",").partition(",")
    return int(whole), fraction


def _unit(match: Match) -> str:
    """Read a number with a scale and a unit: "3,2 млрд руб." """
    noun, after, *adjective = UNITS[match[3]]
    case = case_before(before_of(match))
    return _amount(match[1], match[2], noun, case, adjective[0] if adjective else "") + (
        f" {after}" if after else "") + "." * at_end(match)  # fmt: skip


def _amount(written: str, scale: str | None, noun: str, case: str, adjective: str = "") -> str:
    whole, fraction = _number(written)
    if scale:
        name = next((name for key, name in SCALES.items() if scale.startswith(key) or scale.startswith(name[:-1])))
        size = f"{decimal(str(whole), fraction, case)} {form_after(1, name, 'g')}" if fraction else counted(
            whole, name, case)  # fmt: skip
        return f"{size} {form_after(5, noun, 'n', adjective)}"
    if len(fraction) == 2 and noun in SMALL_MONEY:
        small = f" {counted(int(fraction), SMALL_MONEY[noun], case)}" if int(fraction) else ""
        return counted(whole, noun, case) + small
    if fraction:
        return f"{decimal(str(whole), fraction, case)} {form_after(1, noun, 'g', adjective)}"
    return counted(whole, noun, case, adjective)


def _scaled(match: Match) -> str:
    """Read "2 млн жителей"."""
    whole, fraction = _number(match[1])
    name, case = SCALES[match[2]], case_before(before_of(match))
    if fraction:
        return f"{decimal(str(whole), fraction, case)} {form_after(1, name, 'g')}"
    return counted(whole, name, case)


def _rank(match: Match) -> str:
    """Read "5-го"; "2-х" and "5-ти" are counts in the genitive, "90-х" a decade."""
    number, suffix = int(match[1]), match[2]
    if suffix in ("ти", "и") or (suffix == "х" and number < 5):
        return cardinal(number, "g")
    if suffix == "мя":
        return cardinal(number, "i")
    gender, case, *plural = SUFFIXES[suffix]
    if suffix == "е" and number % 10 == 0 and re.match(r"\s+(?:годы|гг)", match.string[match.end() :]):
        plural = ["+"]
    if suffix == "м" and case_before(before_of(match)) == "i":
        case = "i"
    if suffix == "м" and re.search(r"\bпо\s*$|\bк\s*$", before_of(match)):
        case = "p"
    after_preposition = re.search(r"\b(?:в|на|из|с|до|от|к|по)\s*$", before_of(match))
    if suffix == "й" and after_preposition and re.match(r"\s+\w+[аяойей]+\b", match.string[match.end() :]):
        gender, case = "f", "g"
    return ordinal(number, case, gender, bool(plural))


def _compound(match: Match) -> str:
    """Read "3-комнатный" as one word."""
    number = int(match[1])
    joined = {1: "одно", 90: "девяносто", 100: "сто", 1000: "тысяче"}.get(number)
    joined = joined or re.sub(r"сто(?=.)", "сто", cardinal(number, "g")).replace(" ", "")
    return joined + match[2]


def _range(match: Match) -> str:
    """Read "2-3 дня" as "два-три"."""
    before, after = before_of(match), match.string[match.end() :]
    return f"{read(int(match[1]), before, after)}-{read(int(match[2]), before, after)}"


def _whole(match: Match) -> str:
    written = match[0].replace(" ", "")
    if len(written) > 1 and written[0] == "0":
        return " ".join(cardinal(int(digit)) for digit in written)
    return read(int(written), before_of(match), match.string[match.end() :])


def _phone_number(match: Match) -> str:
    plus = "плюс " if (match[1] or "").startswith("+") else ""
    return plus + ", ".join(cardinal(int(part)) for part in match.groups() if part)


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
RULES: list[tuple[re.Pattern[str], Callable[[Match], str] | str]] = [
    # dates, years, centuries, times
    _rule(r"\b(\d{1,2})\.(\d{1,2})\.(\d{4}|\d\d)\b(?:\s?г\.)?", read_date),
    _rule(r"\b(\d{4})\s?-\s?(\d{4})\s?(?:гг\.|годах|годы|годов)", read_years),
    _rule(r"\b(\d{3,4})\s?г\.", read_year),
    _rule(rf"\b({ROMAN})\s?(вв\.|в\.|век[а-я]*)", read_century),
    _rule(rf"\b([А-ЯЁ][а-яё]+) ({ROMAN})\b", read_ruler),
    _rule(rf"\b(\d{{1,2}})(?=\s(?:{MONTH})\b)", lambda m: read_day(int(m[1]), before_of(m))),
    _rule(rf"\b(?<=с )(\d{{1,2}})(?=\sпо\s\w+\s(?:{MONTH}))", lambda m: ordinal(int(m[1]), "g")),
    _rule(r"(?<![\d:])(\d{1,2}):(\d{1,2})(?!\d)", read_time),
    _rule(r"(?:(\+?\d)[ -]?\(?(\d{3})\)?[ -])?\b(\d{3})-(\d\d)-(\d\d)\b", _phone_number),
    _rule(r"\b\d+(?:\.\d+){2,}\b", lambda m: " точка ".join(cardinal(int(part)) for part in m[0].split("."))),
    # money, units, scales, signs
    _rule(r"№\s?(\d+)", lambda m: f"номер {cardinal(int(m[1]))}"),
    _rule(r"(?<![\w.])-(?=\d)", " минус "),
    _rule(rf"({NUMBER})\s?(?:({SCALE})\.?\s)?\s?({UNIT})(?!\w)\.?", _unit),
    _rule(rf"([$€£])\s?({NUMBER})(?:\s?(тыс|млн|млрд|трлн)\b\.?)?",
          lambda m: _amount(m[2], m[3], UNITS[m[1]][0], case_before(before_of(m)))),
    _rule(rf"({NUMBER})\s?({'|'.join(SCALES)})\b\.?", _scaled),
    # ranks, ranges, fractions, other numbers
    _rule(rf"\b(\d+)-({'|'.join(sorted([*SUFFIXES, 'ти', 'мя'], key=len, reverse=True))})(?!\w)", _rank),
    _rule(r"\b(\d+)-([а-яё]{4,})", _compound),
    _rule(r"\b(\d+)/(\d+)\b", lambda m: simple_fraction(int(m[1]), int(m[2]), "a" if m[1] == "1" and re.search(
        r"\b(?:возьмите|на|за|добавьте|съел\w*|выпил\w*)\s*$", before_of(m).lower()) else case_before(before_of(m)))),
    _rule(r"(?<!\w)((?:рис|стр|гл|табл|д|кв|корп)\.\s?)(\d+)", lambda m: m[1] + cardinal(int(m[2]))),
    _rule(r"\b(\d+)\s?-\s?(\d+)\b", _range),
    _rule(r"\b(\d+)[,.](\d+)\b", lambda m: decimal(m[1], m[2], case_before(before_of(m)))),
    _rule(r"\d{1,3}(?: \d{3})+(?!\d)|\d+", _whole),
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
