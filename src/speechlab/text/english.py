"""English normalisation: from what people type to words and punctuation that can be read aloud.

After the cleaners used with LJ Speech (spec 2.1): transliteration to ASCII, numbers, abbreviations, white space; with
money, times, dates, units, fractions, ranges, decades, Roman numerals and initials on top. Capitals are kept, unlike
there: the phonemiser reads "US" and "us" differently. Decimals are read digit by digit, and a number with a thousands
comma is never a year. Characters that cannot be read are left out here; the frontend reports them.
"""

import re
import unicodedata
from collections.abc import Callable

from speechlab.text import numbers

LETTERS = {
    "ß": "ss", "æ": "ae", "Æ": "Ae", "œ": "oe", "Œ": "Oe", "ø": "o", "Ø": "O", "đ": "d", "ł": "l", "Ł": "L", "þ": "th",
    "ð": "d",
}  # fmt: skip
TYPOGRAPHY = {
    "’": "'", "‘": "'", "ʼ": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "–": "-", "—": " -- ", "−": "-",
    "‐": "-", "‑": "-", "…": "...", "½": " 1/2", "¼": " 1/4", "¾": " 3/4", "×": " times ", "÷": " divided by ",
    "²": " squared", "³": " cubed",
}  # fmt: skip
SYMBOLS = {
    "&": " and ", "@": " at ", "+": " plus ", "=": " equals ", "%": " percent ", "°": " degrees ", "#": " number ",
    "/": " slash ",
}  # fmt: skip
PUNCTUATION = set(",.!?;:-'\"()[]")
READABLE = {*LETTERS, *TYPOGRAPHY, *SYMBOLS, *PUNCTUATION, *numbers.CURRENCIES, "¢"}

TITLES = {  # their dot never ends a sentence
    "mrs": "Missus", "mr": "Mister", "ms": "Ms", "dr": "Doctor", "st": "Saint", "maj": "Major", "gen": "General",
    "drs": "Doctors", "rev": "Reverend", "lt": "Lieutenant", "hon": "Honorable", "sgt": "Sergeant", "capt": "Captain",
    "col": "Colonel", "ft": "Fort", "prof": "Professor", "gov": "Governor", "sen": "Senator", "mt": "Mount",
    "messrs": "Messieurs", "vs": "versus", "approx": "approximately", "dept": "department",
}  # fmt: skip
ENDINGS = {  # their dot also ends a sentence before a capital or at the end
    "co": "Company", "jr": "Junior", "sr": "Senior", "esq": "Esquire", "ltd": "Limited", "inc": "Incorporated",
    "corp": "Corporation", "etc": "et cetera", "ave": "Avenue", "blvd": "Boulevard",
}  # fmt: skip
PLACES = {"st": "Street", "dr": "Drive"}  # after a name, unless a name follows too: "Main St."
_MONTHS = "January February March April May June July August September October November December"
MONTHS = _MONTHS.split()
MONTH_ABBREVIATIONS = {month[:3]: month for month in MONTHS if month != "May"} | {"Sept": "September"}
UNITS = {
    "km/h": "kilometer per hour", "mph": "mile per hour", "km": "kilometer", "cm": "centimeter", "mm": "millimeter",
    "m": "meter", "kg": "kilogram", "mg": "milligram", "g": "gram", "lb": "pound", "lbs": "pound", "oz": "ounce",
    "ft": "foot", "mi": "mile", "yd": "yard", "khz": "kilohertz", "mhz": "megahertz", "ghz": "gigahertz",
    "hz": "hertz", "kb": "kilobyte", "mb": "megabyte", "gb": "gigabyte", "tb": "terabyte", "ms": "millisecond",
    "sec": "second", "min": "minute", "hr": "hour", "hrs": "hour", "kw": "kilowatt", "db": "decibel",
    "ml": "milliliter", "l": "liter", "°c": "degree Celsius", "°f": "degree Fahrenheit", "°": "degree",
}  # fmt: skip
NUMBERED = "Chapter|Part|Act|Scene|Volume|Book|War|Type|Class|Phase|Section|Article|Appendix|Title|Stage|Level"
RULERS = (
    "Henry|George|Louis|Edward|Charles|James|William|Elizabeth|Richard|Philip|Frederick|Napoleon|Nicholas|Pius|Paul|"
    "Catherine"
)
NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
MONTH = "|".join([*MONTHS, *MONTH_ABBREVIATIONS])
UNIT = "|".join(sorted(map(re.escape, UNITS), key=len, reverse=True))
NEAR = 40  # characters; a word before that decides is not longer
CAPITAL, NOTHING_MORE = re.compile(r"\s+[A-Z]"), re.compile(r"[ \"')]*+\Z")
ANOTHER_ENDING = re.compile(rf"\s+(?:{'|'.join(ENDINGS)})\.", re.I)


def is_readable(character: str) -> bool:
    """Whether a character has a sound or a meaning here; invisible ones count as readable."""
    if character in READABLE or character.isspace() or unicodedata.category(character) in ("Cf", "Mn"):
        return True
    plain = unicodedata.normalize("NFKD", character)
    return plain[0].isascii() and plain[0].isalnum()


def normalise(text: str) -> str:
    """Write everything out in words: "Dr. Smith paid $3.50" is "Doctor Smith paid three dollars and fifty cents"."""
    text = " ".join(_to_ascii(text).split())
    for pattern, replacement in RULES:
        text = pattern.sub(replacement, text)
    return " ".join(text.split())


def _to_ascii(text: str) -> str:
    characters = []
    for character in text:
        if character in TYPOGRAPHY or character in LETTERS:
            characters.append(TYPOGRAPHY.get(character) or LETTERS[character])
        elif character.isspace():
            characters.append(" ")
        elif character in READABLE:
            characters.append(character)
        elif unicodedata.category(character) not in ("Cf", "Mn"):  # invisible ones vanish, unknown ones part words
            plain = unicodedata.normalize("NFKD", character) if is_readable(character) else " "
            characters.append("".join(c for c in plain if c.isascii()))
    return "".join(characters)


def _at_end(match: re.Match[str]) -> bool:
    return bool(NOTHING_MORE.match(match.string, match.end()))


def _abbreviation(match: re.Match[str]) -> str:
    """Expand a title, company or place; the dot stays where it also ends the sentence."""
    key, text, end = match[1].lower(), match.string, match.end()
    at_end = _at_end(match)
    before_capital = bool(CAPITAL.match(text, end))
    after_name = bool(re.search(r"[A-Z][a-z]+ $", text[max(match.start() - NEAR, 0) : match.start()]))
    if key in PLACES and after_name and not before_capital:
        return PLACES[key] + ("." if at_end else "")
    if key in ENDINGS:
        before_capital = before_capital and not ANOTHER_ENDING.match(text, end)
        return ENDINGS[key] + ("." if at_end or before_capital else "")
    return TITLES[key] + ("." if at_end else "")


def _initials(match: re.Match[str]) -> str:
    """Join "U.S." to "US", which is spelled; keep the last dot at the end of the text."""
    at_end = _at_end(match)
    letters = re.sub(r"[^A-Za-z]", "", match[0]).upper()
    return letters + ("." if at_end else " " if match[0].endswith(" ") else "")


def _half_day(match: re.Match[str]) -> str:
    ends = _at_end(match) or CAPITAL.match(match.string, match.end())
    name = f"{match[1].upper()}M"
    return name + ("." if match[0].endswith(".") and ends else "")


def _time(match: re.Match[str]) -> str:
    hour, minute = int(match[1]), int(match[2])
    if hour > 24 or minute > 59:
        return match[0].replace(":", " to ")
    return numbers.time_of_day(hour, minute, bool(match[3])) + (f" {match[3]}" if match[3] else "")


def _iso_date(match: re.Match[str]) -> str:
    written_year, month, day = (int(part) for part in match.groups())
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return match[0]
    return f"{MONTHS[month - 1]} {numbers.ordinal(day)}, {numbers.year(written_year)}"


def _month_day(match: re.Match[str]) -> str:
    month = MONTH_ABBREVIATIONS.get(match[1], match[1])
    return f"{month} {numbers.ordinal(int(match[2]))}" if 1 <= int(match[2]) <= 31 else match[0]


def _unit(match: re.Match[str]) -> str:
    name = UNITS[match[2].lower()]
    name = name if match[1] == "1" else numbers.plural(name)
    ends = match[3] and _at_end(match)
    return f"{numbers.quantity(match[1])} {name}" + ("." if ends else "")


def _phone_number(match: re.Match[str]) -> str:
    return ", ".join(numbers.digits(part) for part in re.findall(r"\d+", match[0]))


def _mixed_fraction(match: re.Match[str]) -> str:
    part = numbers.fraction(int(match[2]), int(match[3]))
    if not match[1]:
        return part
    return f"{numbers.cardinal(int(match[1]))} and {re.sub(r'^one ', 'a ', part)}"


def _rule(pattern: str, replacement: Callable[[re.Match[str]], str] | str, flags: int = 0) -> tuple:
    return re.compile(pattern, flags), replacement


NAMES = "|".join([*TITLES, *ENDINGS])
RULES: list[tuple[re.Pattern[str], Callable[[re.Match[str]], str] | str]] = [
    _rule(r"(?<![.\s])\s?\.(?:\s?\.){3,}+", "... "),  # the leader of a table of contents
    # Latin and letters
    _rule(r"\be\.\s?g\.,?", "for example,", re.I),
    _rule(r"\bi\.\s?e\.,?", "that is,", re.I),
    _rule(r"\bPh\.\s?D\b\.?", "PHD"),
    _rule(r"\b([ap])\.\s?m\b\.?", _half_day, re.I),
    _rule(r"(?<=\d)\s?([ap])m\b", lambda m: " " + _half_day(m), re.I),
    # dates, times and numbers in groups
    _rule(r"\b(\d{4})-(\d\d)-(\d\d)\b", _iso_date),
    _rule(r"(?<!\w)(?:\+?1[ -])?(?:\(\d{3}\) ?|\d{3}-)?\d{3}-\d{4}\b", _phone_number),
    _rule(r"\b(\d{1,2}):(\d\d)(?::\d\d)?(?:\s+(AM|PM))?(?!\d)", _time),
    _rule(r"\b(\d+):(?=\d)", r"\1 to "),
    _rule(rf"\b({MONTH})\.? (\d{{1,2}})(?:st|nd|rd|th)?\b(?![:/%,]\d|\.\d)", _month_day),
    _rule(r"\b(" + "|".join(MONTH_ABBREVIATIONS) + r")\.(?=[ ,])", lambda m: MONTH_ABBREVIATIONS[m[1]]),
    _rule(rf"([$€£])\s?({NUMBER}|\.\d+)(?:\s?(hundred|thousand|million|billion|trillion)\b)?",
          lambda m: f" {numbers.money(m[1], m[2], m[3] or '')} ".rstrip()),
    _rule(rf"(?<![\d.,])({NUMBER})\s?¢", lambda m: f"{numbers.quantity(m[1])} {'cent' if m[1] == '1' else 'cents'}"),
    _rule(r"\b(?:No\.|#)\s?(?=\d)", "number "),
    _rule(r"\bno\.\s(?=\d)", "number "),
    _rule(r"\bNos\.\s?(?=\d)", "numbers "),
    _rule(r"\b(?:pp\.|p\.)\s?(?=\d)", "page "),
    _rule(r"(?<![\w,])(\d[\d,]*+)(?<!,)(?:st|nd|rd|th)\b", lambda m: numbers.ordinal(int(m[1].replace(",", "")))),
    _rule(r"(?<![\w'])'?(\d0|\d{2}0|\d{3}0)'?s\b", lambda m: numbers.decade(m[1])),
    _rule(r"(?:\b(\d+)[ -])?\b(\d{1,3})/(\d{1,3})\b(?!/)", _mixed_fraction),
    _rule(rf"(?<=\d)\s?-\s?(?={NUMBER})", " to "),
    _rule(rf"(?<![\w.])-(?={NUMBER})", " minus "),
    _rule(rf"\b({NUMBER})\s?({UNIT})(?![\w'])(\.?)(?=[\s,;:!?)\"-]|$)", _unit, re.I),
    _rule(r"(\d)(?=[A-Za-z])|([A-Za-z])(?=\d)", r"\1\2 "),
    _rule(r"\b(\d+)\.(\d+)\.(?=\d)", lambda m: f"{numbers.decimal(m[1], m[2])} point "),  # version 1.2.3
    _rule(r"(?<!\d)(\d{1,3}(?:,\d{3})+|\d*)\.(\d+)", lambda m: numbers.decimal(m[1], m[2])),
    _rule(r"\d{1,3}(?:,\d{3})+(?!\d)|\d+", lambda m: numbers.integer(m[0])),
    # Roman numerals, abbreviations, initials
    _rule(rf"\b({NUMBERED}) ([IVXLC]+)\b", lambda m: f"{m[1]} {numbers.cardinal(numbers.roman(m[2]))}"),
    _rule(
        rf"\b({RULERS}) ([IVX]{{2,}}|[VX](?!\.)|I(?=[,;:]| of))\b",  # a single letter may be an initial, or "I"
        lambda m: f"{m[1]} the {numbers.ordinal(numbers.roman(m[2]))}",
    ),
    _rule(rf"\b({NAMES})\.(?!\w)", _abbreviation, re.I),
    _rule(r"\b(?:[A-Za-z]\.\s?){2,}(?![a-z])", _initials),
    _rule(r"\b([A-HJ-Z])\.(?= [A-Z])", r"\1"),
    # symbols
    _rule(r"\band/or\b", "and or"),
    _rule(r"(?<=[a-z])\.(?=[a-z])", " dot "),
    *[_rule(re.escape(symbol), word) for symbol, word in SYMBOLS.items()],
    _rule(r"[$€£¢]", " "),
    _rule(r"(?<!\s)\s++(?=[,.!?;:](?!\.))", ""),
]  # fmt: skip
