"""English tables: characters, abbreviations, calendar, units, money, numbered things, rulers, acronyms."""

import re
from collections.abc import Callable

from speechlab.text.tables import read_tables

Match = re.Match[str]
Rule = tuple[re.Pattern[str], Callable[[Match], str] | str]

LETTERS = {
    "ß": "ss", "æ": "ae", "Æ": "Ae", "œ": "oe", "Œ": "Oe", "ø": "o", "Ø": "O", "đ": "d", "ł": "l", "Ł": "L", "þ": "th",
    "ð": "d", "Ω": "ohms", "\u2126": "ohms",
}  # fmt: skip
TYPOGRAPHY = {
    "’": "'", "‘": "'", "ʼ": "'", "′": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "″": '"', "–": "-",
    "—": " -- ", "−": "-", "‐": "-", "‑": "-", "…": "...", "×": " times ", "÷": " divided by ", "²": "^2", "³": "^3",
    "≈": "~", "≤": "<=", "≥": ">=", "≠": "!=", "→": "->", "№": "No. ", "µ": "u", "μ": "u", "·": " ", "•": " ",
    "®": " ", "™": " ", "†": " ", "∞": " infinity ", "√": " square root of ", "π": " pi ", "‰": " per mille ",
} | {power: f"^{digit}" for digit, power in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")}  # fmt: skip
SIGNS = {  # read where no rule before took them
    "&&": " and ", "||": " or ",
    "!=": " not equals ", "==": " equals ", "<=": " is less than or equal to ", ">=": " is greater than or equal to ",
    "->": " to ", "=>": " to ", "&": " and ", "@": " at ", "+": " plus ", "=": " equals ", "%": " percent ",
    "°": " degrees ", "#": " number ", "/": " slash ", "\\": " backslash ", "^": " to the power of ",
    "±": " plus or minus ", "~": " ", "§": " section ", "©": " copyright ", "<": " is less than ",
    ">": " is greater than ", "*": " ", "_": " ", "`": " ", "|": ", ", "{": ", ", "}": ", ",
}  # fmt: skip
PUNCTUATION = set(",.!?;:-'\"()[]")

TABLES = read_tables("english/words.tsv")
TITLES, PLACES, SHORTENED = TABLES.pairs("titles"), TABLES.pairs("places"), TABLES.pairs("shortened")
"""Written before a name, after one ("Main St."), anywhere."""
UNDOTTED = "|".join(TABLES.words("undotted"))
BEFORE_NUMBER, BEFORE_YEAR = TABLES.pairs("before number"), TABLES.pairs("before year")
CAPITAL_ONLY = {*TABLES.words("capital only")}  # small, they are words
STATES, SLASHED = TABLES.pairs("states"), TABLES.pairs("slashed")

_MONTHS = "January February March April May June July August September October November December"
MONTHS = _MONTHS.split()
SHORT_MONTHS = {month[:3]: month for month in MONTHS if month != "May"} | {"Sept": "September"}
_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday"
DAYS = _DAYS.split()
SHORT_DAYS = {day[:3]: day for day in DAYS} | {
    "Tues": "Tuesday",
    "Thur": "Thursday",
    "Thurs": "Thursday",
    "Weds": "Wednesday",
}
MONTH = "|".join([*MONTHS, *SHORT_MONTHS])

CURRENCIES = {sign: (large, "".join(small)) for sign, large, *small in TABLES.entries("currencies")}
"""Names of the whole and of the hundredth."""
SCALES, UNITS = TABLES.pairs("scales"), TABLES.pairs("units")
AMBIGUOUS_UNITS = {*TABLES.words("ambiguous units")}  # only glued or alone
PER = {unit for unit, name in UNITS.items() if unit == name}  # a price is per these, and nothing is counted in them
NUMBERED, CROWNED, RANKED = ("|".join(TABLES.words(name)) for name in ("numbered", "crowned", "ranked"))
RULERS, COMMON = {*TABLES.words("rulers")}, {*TABLES.words("common")}
AS_WORDS = {*TABLES.words("as words")}
SPELLED = {*TABLES.words("spelled")} - AS_WORDS
EXTENSIONS, DOMAINS = "|".join(TABLES.words("extensions")), "|".join(TABLES.words("domains"))


def rule(pattern: str, replacement: Callable[[Match], str] | str, flags: int = 0) -> Rule:
    """Compile one rule."""
    return re.compile(pattern, flags), replacement


def at_end(match: Match) -> bool:
    """Whether nothing more is said after a match."""
    return bool(_NOTHING_MORE.match(match.string, match.end()))


_NOTHING_MORE = re.compile(r"[ \"')]*+\Z")
