"""Russian amounts, ranges, ranks, fractions and phone numbers: replacements for the rules of ``russian``.

A range is read in one case, asked for by what stands before it: "до 5-10 %" is "до пяти-десяти процентов".
"""

import re

from speechlab.text.russian.dates import MONTH, after_of, at_end, before_of
from speechlab.text.russian.grammar import declension
from speechlab.text.russian.numbers import (
    SUFFIXES,
    cardinal,
    case_before,
    counted,
    decimal,
    form_after,
    join_range,
    ordinal,
    read,
    read_pair,
    simple_fraction,
)
from speechlab.text.russian.words import SCALES, SMALL_MONEY, UNITS

Match = re.Match[str]
STEMS = {1: "одно", 90: "девяносто", 100: "сто", 1000: "тысяче"}  # of compound words, where they are no genitive


def digits(written: str) -> str:
    """Read a whole number; one with zeros before it digit by digit, "05" as "ноль пять"."""
    if len(written) > 1 and written[0] == "0":
        return " ".join(cardinal(int(digit)) for digit in written)
    return cardinal(int(written))


def _number(written: str) -> tuple[int, str]:
    whole, _, fraction = written.replace(" ", "").replace(".", ",").partition(",")
    return int(whole), fraction


def _bare(written: str, case: str, gender: str) -> str:
    whole, fraction = _number(written)
    return decimal(str(whole), fraction, case) if fraction else cardinal(whole, case, gender)


def _ranged(first: str | None, last: str, case: str, noun: str) -> str:
    return join_range(_bare(first, case, declension(noun)[0]), last) if first else last


def read_unit(match: Match) -> str:
    """Read a number or a range with a scale and a unit: "3,2 млрд руб.", "5-10 %"."""
    first, written, scale, unit = match.groups()
    noun, after, adjective = UNITS[unit]
    before = before_of(match)
    away = re.search(r"\bв\s*$", before.lower()) and re.match(r"\s+(?:от|к)\b", after_of(match))
    case = "p" if away else case_before(before)
    amount = _amount(written, scale, noun, case, adjective)
    amount = _ranged(first, amount, case, _scale_name(scale) if scale else noun)
    return amount + (f" {after}" if after else "") + "." * at_end(match)


def read_money(match: Match) -> str:
    """Read "$5", "$1.5 млн" and "€10-15"."""
    sign, first, written, scale = match.groups()
    noun, case = UNITS[sign][0], case_before(before_of(match))
    return _ranged(first, _amount(written, scale, noun, case), case, _scale_name(scale) if scale else noun)


def _scale_name(scale: str) -> str:
    return next(name for key, name in SCALES.items() if scale.startswith(key) or scale.startswith(name[:-1]))


def _amount(written: str, scale: str | None, noun: str, case: str, adjective: str = "") -> str:
    whole, fraction = _number(written)
    if scale:
        return f"{_scale(whole, fraction, _scale_name(scale), case)} {form_after(5, noun, 'n', adjective)}"
    if len(fraction) == 2 and noun in SMALL_MONEY:
        small = f" {counted(int(fraction), SMALL_MONEY[noun], case)}" if int(fraction) else ""
        return counted(whole, noun, case) + small
    if fraction:
        return f"{decimal(str(whole), fraction, case)} {form_after(1, noun, 'g', adjective)}"
    return counted(whole, noun, case, adjective)


def _scale(whole: int, fraction: str, name: str, case: str) -> str:
    if fraction:
        return f"{decimal(str(whole), fraction, case)} {form_after(1, name, 'g')}"
    return counted(whole, name, case)


def read_scaled(match: Match) -> str:
    """Read "2 млн жителей" and "2-3 млн"."""
    name, case = SCALES[match[3]], case_before(before_of(match))
    return _ranged(match[1], _scale(*_number(match[2]), name, case), case, name)


def read_rank(match: Match) -> str:
    """Read "5-го"; "2-х" and "5-ти" are counts in the genitive, "90-х" a decade."""
    number, suffix = int(match[1]), match[2]
    before, after = before_of(match).lower(), after_of(match)
    if suffix in ("ти", "и") or (suffix == "х" and number < 5):
        return cardinal(number, "g")
    if suffix == "мя" or (suffix == "ю" and re.search(r"\b(?:со?|между|над|перед)\s*$", before)):
        return cardinal(number, "i")
    gender, case, *plural = tuple(SUFFIXES[suffix])
    if suffix == "е" and number % 10 == 0:
        of_one = re.match(rf"\s+(?:{MONTH}|числ|\w+[оеё]\b)", after) and not re.match(r"\s+(?:годы|гг)", after)
        plural = [] if of_one or number % 100 == 0 and number < 1000 else ["+"]
    if suffix == "м" and case_before(before) == "i":
        case = "i"
    if suffix == "м" and re.search(r"\bпо\s*$|\bк\s*$", before):
        case, plural = ("d", ["+"]) if number % 10 == 0 else ("p", plural)  # "к 70-м", years
    after_preposition = re.search(r"\b(?:в|на|из|с|до|от|к|по)\s*$", before)
    if suffix == "й" and after_preposition and re.match(r"\s+\w+[аяойей]+\b", after):
        gender, case = "f", "g"
    return ordinal(number, case, gender, bool(plural))


def read_decade(match: Match) -> str:
    """Write the noun after "1990-е гг." and "в 1990-х гг." out, in the case of the rank."""
    of_place = re.search(r"\b(?:во?|о|об|на)\s*$", before_of(match).lower())
    noun = "годы" if match[2] == "е" else "годах" if of_place else "годов"
    return f"{match[1]}-{match[2]} {noun}" + "." * at_end(match)


def read_compound(match: Match) -> str:
    """Read "3-комнатный" as one word, "10-15-летний" as "десяти-пятнадцатилетний"."""
    first = f"{read_stem(int(match[1]))}-" if match[1] else ""
    return first + read_stem(int(match[2])) + match[3]


def read_stem(number: int) -> str:
    """Give a number as the first part of a word: "трёх", "сто"."""
    words = cardinal(number, "g").replace("девяноста", "девяносто")
    words = re.sub(r"\bста\b", "сто", re.sub(r"\bодного$", "одно", words))
    return STEMS.get(number) or words.replace(" ", "")


PERCENT_ENDINGS = {
    "й": "ый",
    "я": "ая",
    "е": "ые",
    "го": "ого",
    "му": "ому",
    "ю": "ую",
    "м": "ом",
    "х": "ых",
    "ми": "ыми",
}


def read_percent_adjective(match: Match) -> str:
    """Read "100%-ный" and "5%-й раствор"; "5% м" is none."""
    if not match[2] and "-" not in match[0]:
        return match[0]
    return f"{read_stem(int(match[1]))}процентн{PERCENT_ENDINGS.get(match[3], match[3])}"


def read_ratio(match: Match) -> str:
    """Read "масштаб 1:100" as "один к ста"; a score is read without "к"."""
    ratio = f"{cardinal(int(match[2]))} к {cardinal(int(match[3]), 'd')}"
    return f"{match[1]} {ratio}" if match[1] else ratio


def read_range(match: Match) -> str:
    """Read "2-3 дня" as "два-три", "15 000-20 000" and "2,5-3" in words too."""
    written, before = [part.replace(" ", "") for part in match.groups()], before_of(match)
    if not all(part.isdigit() for part in written):
        numbers, case = map(_number, written), case_before(before)
        return " - ".join(decimal(str(whole), part, case) if part else cardinal(whole, case) for whole, part in numbers)
    if any(part[0] == "0" and len(part) > 1 for part in written):
        return join_range(*map(digits, written))
    first, last = map(int, written)
    return read_pair(first, last, before, after_of(match))


def read_whole(match: Match) -> str:
    """Read a number that no other rule took."""
    written = match[0].replace(" ", "")
    if len(written) > 1 and written[0] == "0":
        return digits(written)
    return read(int(written), before_of(match), after_of(match))


def read_phone_number(match: Match) -> str:
    """Read a phone number part by part."""
    plus = "плюс " if match[0].startswith("+") else ""
    return plus + ", ".join(digits(part.lstrip("+")) for part in match.groups() if part)


def read_fraction(match: Match) -> str:
    """Read "3/4", "5 1/2 часов", "1/2 кг"; what is no part of a whole ("24/7", "120/80") as "на"."""
    whole, numerator, denominator = (int(part) if part else 0 for part in match.groups()[:3])
    if denominator == 0 or denominator > 100:
        return f"{match[1] or ''} {cardinal(numerator)} дробь {cardinal(denominator)} {match[4] or ''}".strip()
    if numerator >= denominator and numerator >= 10:
        return f"{match[1] or ''} {cardinal(numerator)} на {cardinal(denominator)} {match[4] or ''}".strip()
    noun, after, adjective = UNITS[match[4]] if match[4] else ("", "", "")
    before = before_of(match)
    takes = re.search(r"\b(?:возьмите|на|за|добавьте|съел\w*|выпил\w*)\s*$", before.lower())
    case = "a" if numerator == 1 and takes else case_before(before)
    if whole and (numerator, denominator) == (1, 2):
        gender = declension(noun)[0] if noun else "f" if re.match(r"\s\w+[ыи]\b", after_of(match)) else "m"
        half = whole == 1 and case in "na"
        said = {"f": "полторы"}.get(gender, "полтора") if half else f"{cardinal(whole, case, gender)} с половиной"
        named = form_after(2 if half else whole, noun, case, adjective) if noun else ""
    else:
        said = simple_fraction(numerator, denominator, case, whole)
        named = form_after(1, noun, "g", adjective) if noun else ""
    return " ".join(part for part in (said, named, after) if part)
