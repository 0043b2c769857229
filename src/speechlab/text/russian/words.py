"""Tables of Russian that the rules read: ``words.tsv`` beside this module, the calendar, letters."""

from speechlab.text.tables import read_tables

TABLES = read_tables("russian/words.tsv")
MONTHS, MONTH_NAMES = TABLES.words("months"), TABLES.words("month names")
SHORT_MONTHS, WEEKDAYS = TABLES.words("short months"), TABLES.pairs("weekdays")
UNITS = {unit: (noun, *[*rest, "", ""][:2]) for unit, noun, *rest in TABLES.entries("units")}
"""Short for a unit: its noun, what follows it, an adjective before it."""
UNITS |= {
    f"{unit}/{under}": (UNITS[unit][0], f"{UNITS[unit][1]} {per}".strip(), UNITS[unit][2])
    for unit in TABLES.words("over a bar")
    for under, per in TABLES.pairs("per").items()
    if f"{unit}/{under}" not in UNITS
}
SCALES = {"тыс": "тысяча", "млн": "миллион", "млрд": "миллиард", "трлн": "триллион"}
SMALL_MONEY = {"рубль": "копейка", "доллар": "цент", "евро": "цент"}
RANKED = {*TABLES.words("ranked")}  # what has a number: a singular after one makes it a rank, "на 5 этаже"
LETTER_NAMES = TABLES.pairs("letter names")
SYMBOLS = {sign: f" {word} " for sign, word in TABLES.pairs("symbols").items()}
