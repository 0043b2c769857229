"""Tables of Russian that the rules read: ``words.tsv`` beside this module, the calendar, letters."""

from speechlab.text.tables import read_tables

TABLES = read_tables("russian/words.tsv")
MONTHS = [
    "января", "февраля", "марта", "апреля", "мая", "июня", "июля", "августа", "сентября", "октября", "ноября",
    "декабря",
]  # fmt: skip
MONTH_NAMES = [
    "январь", "февраль", "март", "апрель", "май", "июнь", "июль", "август", "сентябрь", "октябрь", "ноябрь",
    "декабрь",
]  # fmt: skip
SHORT_MONTHS = ["янв", "фев", "мар", "апр", "мая", "июн", "июл", "авг", "сен", "окт", "ноя", "дек"]
WEEKDAYS = dict(zip(
    ["пн", "вт", "ср", "чт", "пт", "сб", "вс"],
    ["понедельник", "вторник", "среда", "четверг", "пятница", "суббота", "воскресенье"],
    strict=True,
))  # fmt: skip
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
LETTER_NAMES = dict(zip(
    "АБВГДЕЁЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯ",
    ["а", "бэ", "вэ", "гэ", "дэ", "е", "ё", "жэ", "зэ", "и", "й", "ка", "эл", "эм", "эн", "о", "пэ", "эр", "эс", "тэ",
     "у", "эф", "ха", "цэ", "че", "ша", "ща", "ъ", "ы", "ь", "э", "ю", "я"], strict=True,
))  # fmt: skip
SYMBOLS = {sign: f" {word} " for sign, word in TABLES.pairs("symbols").items()}
