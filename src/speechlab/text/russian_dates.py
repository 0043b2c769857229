"""Russian dates, years, centuries, rulers and times of day: replacements for the rules of ``russian``."""

import re

from speechlab.text.russian_numbers import cardinal, case_before, form_after, ordinal
from speechlab.text.russian_words import MONTHS

MONTH = "|".join(MONTHS)
Match = re.Match[str]


def before_of(match: Match) -> str:
    """Text up to a match."""
    return match.string[: match.start()]


def at_end(match: Match) -> bool:
    """Whether a dot here also ends the sentence."""
    after = match.string[match.end() :].strip(" »)")
    return match[0].endswith(".") and (not after or bool(re.match(r"\s+[А-ЯЁ]", match.string[match.end() :])))


def roman(written: str) -> int:
    """Value of a Roman numeral; Х may be Cyrillic."""
    values = [{"I": 1, "V": 5, "X": 10, "Х": 10, "L": 50}[letter] for letter in written]
    return sum(-a if a < b else a for a, b in zip(values, [*values[1:], 0], strict=True))


def read_day(number: int, before: str) -> str:
    """Read a day of a month: "двенадцатое" after "сегодня" and "по", else in the case asked for, else genitive."""
    if re.search(r"\b(?:сегодня|завтра|вчера|было|на|по|это|наступило|-|—)\s*$", before.lower()):
        return ordinal(number, "n", "n")
    case = case_before(before, "g")
    return ordinal(number, case if case in "gdi" else "g", "n")


def read_date(match: Match) -> str:
    """Read "12.05.2024"; two digits of a year are of this century."""
    day, month, year = int(match[1]), int(match[2]), int(match[3])
    if not (1 <= day <= 31 and 1 <= month <= 12):
        return match[0]
    year += 0 if len(match[3]) == 4 else 2000
    return f"{read_day(day, before_of(match))} {MONTHS[month - 1]} {ordinal(year, 'g')} года" + "." * at_end(match)


def read_year(match: Match) -> str:
    """Read "1998 г." in the case that the preposition asks for."""
    before, year = before_of(match), int(match[1])
    of_month = re.search(rf"(?:{MONTH})\s*$", before.lower())
    case = "g" if of_month else "p" if re.search(r"\bво?\s*$", before.lower()) else case_before(before)
    return f"{ordinal(year, case)} {form_after(1, 'год', case)}" + "." * at_end(match)


def read_years(match: Match) -> str:
    """Read "1941-1945 гг."."""
    case = "p" if re.search(r"\bво?\s*$", before_of(match).lower()) else case_before(before_of(match))
    first, last = ordinal(int(match[1]), case), ordinal(int(match[2]), case)
    noun = {"n": "годы", "a": "годы", "g": "годов", "d": "годам", "i": "годами", "p": "годах"}[case]
    return f"{first} - {last} {noun}" + "." * at_end(match)


def read_century(match: Match) -> str:
    """Read "XX в.", "XIX века"."""
    number = roman(match[1]) if not match[1].isdigit() else int(match[1])
    written, before = match[2], before_of(match).lower()
    if written == "в.":
        case = "p" if re.search(r"\bво?\s*$", before) else case_before(before, "g")
        return f"{ordinal(number, case)} {form_after(1, 'век', case)}" + "." * at_end(match)
    if written == "вв.":
        case = "p" if re.search(r"\bво?\s*$", before) else "g"
        return f"{ordinal(number, case)} {'веках' if case == 'p' else 'веков'}" + "." * at_end(match)
    return read_rank_before(number, written)


def read_rank_before(number: int, noun: str) -> str:
    """Read a Roman number before the noun "век", in the noun's case."""
    cases = {"век": "n", "века": "g", "веку": "d", "веком": "i", "веке": "p"}
    plural = {"веков": "g", "веках": "p", "веками": "i", "векам": "d"}
    return f"{ordinal(number, cases.get(noun) or plural.get(noun, 'n'))} {noun}"


def read_ruler(match: Match) -> str:
    """Read "Петра I": the rank takes the case of the name."""
    name, number = match[1], roman(match[2])
    gender = "f" if re.search(r"(?:ина|ета|ны|ты|рия|ины|еты|рии)$", name) else "m"
    ends = {"а": "g", "я": "g", "ы": "g", "и": "g", "у": "d", "ю": "d", "ом": "i", "ем": "i"}
    case = "n" if gender == "f" and name.endswith(("а", "я")) else next(
        (ends[e] for e in ("ом", "ем", "а", "я", "ы", "и", "у", "ю") if name.endswith(e)), "n")  # fmt: skip
    return f"{name} {ordinal(number, case, gender)}"


def read_time(match: Match) -> str:
    """Read "9:05"; what is no time of day, as two numbers ("3:1")."""
    hour, minute = int(match[1]), int(match[2])
    if hour > 24 or minute > 59 or len(match[2]) < 2:
        return f"{cardinal(hour)} {cardinal(minute)}"
    case = "g" if case_before(before_of(match)) == "g" else "n"
    zero = "ноль " if minute < 10 else ""
    tail = "ноль ноль" if minute == 0 else zero + cardinal(minute, "n" if zero else case)
    return f"{cardinal(hour, case)} {tail}"
