"""Russian dates, years and times of day: replacements for the rules of ``russian``."""

import re

from speechlab.text.russian.grammar import declension, noun_forms
from speechlab.text.russian.numbers import cardinal, case_before, form_after, join_range, ordinal
from speechlab.text.russian.words import MONTH_NAMES, MONTHS, SHORT_MONTHS, WEEKDAYS

MONTH = "|".join(MONTHS)
MONTH_FORM = rf"{MONTH}|(?:{'|'.join(month[:-1] for month in MONTHS)})(?:ь|е|ю|ём|ем|ом|у|й|)"
WEEKDAY = "|".join(WEEKDAYS)
REACH = 80  # characters
LAST_YEAR = 2200  # "3500 г." is a weight
YEARS = {"n": "годы", "a": "годы", "g": "годов", "d": "годам", "i": "годами", "p": "годах"}
Match = re.Match[str]


def before_of(match: Match) -> str:
    """Text up to a match, as far as a rule looks; more would make long texts slow."""
    start = max(match.start() - REACH, 0)
    return "\x00" * (start > 0) + match.string[start : match.start()]


def after_of(match: Match) -> str:
    """Text after a match, as far as a rule looks."""
    return match.string[match.end() : match.end() + REACH]


def before_range(match: Match) -> str:
    """Text up to a match or, where it ends a range ("30 апреля - 2 мая"), up to the range."""
    return re.sub(rf"(?<![\d.:])[\d.:]+(?:\s(?:{MONTH}))?(?:\sг(?:ода|\.))?\s?-\s?$", "", before_of(match))


def at_end(match: Match) -> bool:
    """Whether a dot here also ends the sentence; "В 1812 г. Наполеон" has only begun."""
    after = after_of(match).strip(" »)")
    if after and re.search(r"(?:^|[.!?]\s)\s*[А-ЯЁ][а-яё]*\s*$", before_of(match)):
        return False
    return match[0].endswith(".") and (not after or bool(re.match(r"\s+[А-ЯЁ]", after_of(match))))


def read_day(number: int, before: str) -> str:
    """Read a day of a month: "двенадцатое" after "сегодня" and "по", else in the case asked for, else genitive."""
    if re.search(r"\b(?:сегодня|завтра|вчера|было|на|по|это|наступило|-|—)\s*$", before.lower()):
        return ordinal(number, "n", "n")
    case = case_before(before, "g")
    return ordinal(number, case if case in "gdi" else "g", "n")


def read_days(match: Match) -> str:
    """Read "5-6" before a month: both days in one case."""
    before = before_of(match)
    return join_range(read_day(int(match[1]), before), read_day(int(match[2]), before))


def read_date(match: Match) -> str:
    """Read "12.05.2024"; two digits of a year are of this century."""
    day, month, year = int(match[1]), int(match[2]), int(match[3])
    if not (1 <= day <= 31 and 1 <= month <= 12):
        return match[0]
    year += 0 if len(match[3]) == 4 else 2000
    return f"{read_day(day, before_range(match))} {MONTHS[month - 1]} {ordinal(year, 'g')} года" + "." * at_end(match)


def read_year(match: Match) -> str:
    """Read "1998 г." in the case that the preposition asks for; without a sign of a date "200 г." stays, a weight."""
    before, year = before_of(match), int(match[1])
    after = after_of(match)
    of_month = re.search(rf"(?:^|[^а-яё])(?:{MONTH_FORM})\s*$", before.lower())
    of_era = re.match(r"\s?(?:до\s)?н\.\s?э", after)
    inside = re.search(r"\bво?\s*$", before.lower())
    if year > LAST_YEAR or (len(match[1]) < 4 and not (of_month or of_era or inside)):
        return match[0]
    word = re.search(r"([а-яё]{3,})\s$", before)  # "в начале 1998 г."
    of_noun = word and not case_before(before, "") and noun_forms(word[1])
    case = "g" if of_month or of_noun else "p" if inside else case_before(before)
    return f"{ordinal(year, case)} {form_after(1, 'год', case)}" + "." * at_end(match)


def read_birth(match: Match) -> str:
    """Read "1985 г. р." (year of birth)."""
    return f"{ordinal(int(match[1]), 'g')} года рождения" + "." * at_end(match)


def read_years(match: Match) -> str:
    """Read "1941-1945 гг.", "(1941-1945)" and "1941-1945 годов": a noun written out says the case."""
    before = before_of(match)
    case = "p" if re.search(r"\bво?\s*$", before.lower()) else case_before(before)
    case = next((of for of, noun in YEARS.items() if noun == match[3]), case)
    years = join_range(ordinal(int(match[1]), case), ordinal(int(match[2]), case))
    return f"{years} {YEARS[case]}" + "." * at_end(match)


def read_time(match: Match) -> str:
    """Read "9:05"; what is no time of day, as two numbers ("3:1")."""
    hour, minute = int(match[1]), int(match[2])
    if hour > 24 or minute > 59 or len(match[2]) < 2:
        return f"{cardinal(hour)} {cardinal(minute)}"
    asked = case_before(before_range(match))
    case = asked if asked in "gd" else "n"
    if hour == minute == 0:
        return "ноль ноль ноль ноль"
    zero = "ноль " if minute < 10 else ""
    tail = "ноль ноль" if minute == 0 else zero + cardinal(minute, "n" if zero else case)
    return f"{cardinal(hour, case)} {tail}"


def read_weekdays(match: Match) -> str:
    """Read "в пн. и ср." and "с пн по пт" in the case that the preposition asks for."""
    case = case_before(before_of(match))
    form = "ngdaip".index(case)
    named = lambda day: declension(WEEKDAYS[day[1].lower()])[1][form]  # noqa: E731
    days = re.sub(rf"({WEEKDAY})\b\.?", named, match[0], flags=re.I)
    return re.sub(r"\s?-\s?", " - ", days) + "." * at_end(match)


def read_short_month(match: Match) -> str:
    """Read "5 янв." as a day of it, "янв. 2020" and "в янв. 2020" as a month."""
    month = SHORT_MONTHS.index(match[2].lower()[:3])
    if match[1].strip().isdigit():
        return match[1] + MONTHS[month] + "." * at_end(match)
    inside = match[1].strip().lower() in ("в", "о")
    return match[1] + (f"{MONTHS[month][:-1]}е" if inside else MONTH_NAMES[month])
