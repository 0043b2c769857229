"""English dates and times of day: what is written with digits, slashes, dots and shortened names."""

import re

from speechlab.text.english import numbers
from speechlab.text.english.words import DAYS, MONTH, MONTHS, SHORT_DAYS, SHORT_MONTHS, Match, at_end, rule

NUMERIC_DATE = re.compile(r"(?<![\w/.-])(\d{1,2})([/.-])(\d{1,2})\2(\d{4}|\d\d)(?![\w/-]|\.\d)")
_PREPOSITION = re.compile(r"\b(?:on|by|until|till|from|since|before|after|to|of|the|and|between|for) $", re.I)
_SHORT_DAY = "|".join([*SHORT_DAYS, *DAYS])
_DAY = r"(\d{1,2})(?:st|nd|rd|th)?"
_CLOCK = r"\d{1,2}(?:[:.]\d\d)?"


def read_numeric_dates(text: str, day_first: bool) -> str:
    """Read "10/15/24" and the like; a number over 12 is the day, whatever the order."""

    def read(match: Match) -> str:
        first, separator, second, year = int(match[1]), match[2], int(match[3]), match[4]
        month, day = (second, first) if (day_first and second <= 12) or first > 12 else (first, second)
        if not (1 <= month <= 12 and 1 <= day <= 31) or (separator != "/" and len(year) < 4):
            return match[0]
        return _date(_whole_year(year), month, day)

    return NUMERIC_DATE.sub(read, text)


def _whole_year(written: str) -> int:
    return int(written) if len(written) == 4 else int(written) + (2000 if int(written) < 70 else 1900)


def _date(year: int, month: int, day: int) -> str:
    return f"{MONTHS[month - 1]} {numbers.ordinal(day)}, {numbers.year(year)}"


def _iso_date(match: Match) -> str:
    year, month, day = int(match[1]), int(match[3]), int(match[4])
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return match[0]
    return _date(year, month, day) + (f", {match[5]}" if match[5] else "")


def _month(written: str) -> str:
    return SHORT_MONTHS.get(written, written)


def _month_day(match: Match) -> str:
    days = [match[2], match[3]] if match[3] else [match[2]]
    if not all(1 <= int(day) <= 31 for day in days):
        return match[0]
    return f"{_month(match[1])} {' to '.join(numbers.ordinal(int(day)) for day in days)}"


def _day_month(match: Match) -> str:
    """ "28 September" is "twenty-eighth September", after a preposition "the twenty-eighth of September"."""
    days = [match[1], match[2]] if match[2] else [match[1]]
    if not all(1 <= int(day) <= 31 for day in days):
        return match[0]
    before = match.string[max(match.start() - 10, 0) : match.start()]
    words, month = " to ".join(numbers.ordinal(int(day)) for day in days), _month(match[3])
    year = f"{match[5].replace('-', ' ')}{match[6]}" if match[6] else "." if match[4] and at_end(match) else ""
    if not _PREPOSITION.search(before):
        return f"{words} {month}{year}"
    return f"{'' if before.lower().endswith('the ') else 'the '}{words} of {month}{year}"


def _month_year(match: Match) -> str:
    return f"{MONTHS[int(match[1]) - 1]} {match[2]}" if 1 <= int(match[1]) <= 12 else match[0]


def _short(match: Match) -> str:
    """Write out "Dec." and "Thurs."; "the Sun." is no day."""
    if match[1] == "Sun" and match.string[max(match.start() - 4, 0) : match.start()].lower() == "the ":
        return match[0]
    name = SHORT_MONTHS.get(match[1]) or SHORT_DAYS[match[1]]
    return name + ("." if match[0].endswith(".") and at_end(match) else "")


def _name(written: str) -> str:
    return SHORT_MONTHS.get(written) or SHORT_DAYS.get(written, written)


def _half_day(match: Match) -> str:
    return f" {match[1].upper()}M" + ("." if match[0].endswith(".") and at_end(match) else "")


def _time(match: Match) -> str:
    hour, minute, suffix = int(match[1]), int(match[2]), match[4]
    if hour > 24 or minute > 59:
        return match[0].replace(":", " to ")
    if match[3] and match[3] != "00":
        seconds = int(match[3])
        moment = f"{numbers.cardinal(hour)} {numbers.cardinal(minute) if minute else 'hundred'}"
        words = f"{numbers.time_of_day(hour, minute, True) if minute else moment} and {_counted(seconds, 'second')}"
    else:
        words = numbers.time_of_day(hour, minute, bool(suffix))
    return words + (f" {suffix}" if suffix else "")


def _lap(match: Match) -> str:
    """Read a time that was run, "4:05.32"."""
    seconds = numbers.decimal(str(int(match[2])), match[3])
    return f"{_counted(int(match[1]), 'minute')} {seconds} seconds"


def _counted(number: int, noun: str) -> str:
    return f"{numbers.cardinal(number)} {noun}{'' if number == 1 else 's'}"


RULES = [
    # times
    rule(r"(?<![\w.:-])(\d{0,1}[1-9])s\b(?!')", lambda m: _counted(int(m[1]), "second")),
    rule(r"(?<=\d)h(?=[0-5]\d\b)", " hours "),
    rule(r"\b(noon|midnight)\s?-\s?(?=\d)|(?<=[ap]\.m\.)-(?=[a-z])", lambda m: f"{m[1] or ''} to ", re.I),
    rule(r"(?<=\dh )(\d{1,2})m\b|\b(\d{1,2})m(?= ?\d{1,2}s\b)", lambda m: f"{m[1] or m[2]} min"),
    rule(r"(?<=[ap]m)-(?=[a-z])", " to ", re.I),
    rule(rf"(?<![\d.:])({_CLOCK}(?:\s?[ap]\.?m\b\.?)?)\s?-\s?(?={_CLOCK}\s?[ap]\.?m\b)", r"\1 to ", re.I),
    rule(r"(?<![\d:.])(\d{1,2}:\d\d)\s?-\s?(?=\d{1,2}:\d\d(?!\d))", r"\1 to "),
    rule(r"(?<![\d.:])(\d{1,2})\.(\d\d)(?=\s?[ap]\.?m\b)", r"\1:\2", re.I),
    rule(r"(?<=\d)\s?([ap])\.?\s?m\b\.?", _half_day, re.I),
    rule(r"\b([ap])\.\s?m\b\.?", _half_day, re.I),
    # dates
    rule(r"\b(\d{4})([-/.])(\d\d?)\2(\d\d?)(?:T(\d\d:\d\d(?::\d\d)?)Z?)?(?![\w/-]|\.\d)", _iso_date),
    rule(r"(?<![\w/])(\d{1,2})/(\d{4})(?![\w/])", _month_year),
    rule(r"\b9/11\b", "nine eleven"),
    rule(rf"\b(\d{{1,2}})(?:\s?-\s?(\d{{1,2}}))?[ -]({MONTH})\b(\.)?(?:(,? |-)(\d{{4}})\b)?(?!\w)", _day_month),
    rule(rf"\b({MONTH})\.? {_DAY}(?:\s?-\s?{_DAY})?\b(?![:/%,]\d|\.\d)", _month_day),
    rule(rf"\b({_SHORT_DAY})\.?/({_SHORT_DAY})\b", lambda m: f"{_name(m[1])} and {_name(m[2])}"),
    rule(rf"\b({_SHORT_DAY}|{MONTH})\.?(?:\s?-\s?)({_SHORT_DAY}|{MONTH})\b(?!-)",
         lambda m: f"{_name(m[1])} to {_name(m[2])}"),
    rule(rf"\b({'|'.join([*SHORT_MONTHS, *SHORT_DAYS])})\.(?!\w)", _short),
    rule(rf"\b({'|'.join(SHORT_MONTHS)})(?= \d{{4}}\b)", _short),
    rule(rf"\b({'|'.join(SHORT_DAYS)})(?=,? (?:{'|'.join(MONTHS)}|\d|[a-z-]+(?:first|second|third|th)\b))", _short),
    rule(r"\b(Tues|Thurs?|Weds)\b(?!\.)", _short),
    # times, once the dates are gone
    rule(r"(?<![\d:])(\d{1,2}):(\d\d)\.(\d{1,3})(?!\d)", _lap),
    rule(r"(?<![\d:])(\d{1,2}):(\d\d)(?::(\d\d))?(?:\s+(AM|PM))?(?![\d:])", _time),
    rule(r"(?<![\d:])(\d++):(?=\d)", r"\1 to "),
]  # fmt: skip
