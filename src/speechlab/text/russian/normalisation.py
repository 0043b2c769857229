"""Russian normalisation: from what people type to words that can be read aloud, stress marks kept.

Order: NFC, quotes and dashes unified, compounds and phone numbers, dates and times, money and units, ranks,
other numbers, abbreviations, Latin, signs, ё. A stress mark, ``+`` before a vowel or U+0301 after it, comes out as
U+0301. Characters that cannot be read are left out here; the frontend reports them.
"""

import html
import re
import unicodedata
from collections.abc import Callable, Collection

from speechlab.text.russian import counts, dates, latin, roman, short
from speechlab.text.russian.numbers import SUFFIXES, cardinal, case_before, counted, decimal, ordinal
from speechlab.text.russian.stress import MARK as STRESS
from speechlab.text.russian.stress import restore_yo
from speechlab.text.russian.words import LETTER_NAMES, MONTHS, SCALES, SYMBOLS, UNITS

VOWELS = "аеёиоуыэюя"
TYPOGRAPHY = {
    "„": "«", "“": "«", "”": "»", '"': " ", "–": "-", "—": " — ", "−": "-", "‐": "-", "‑": "-", "…": "...", "’": "'",
    "\u00a0": " ", "\u202f": " ", "½": " 1/2", "¼": " 1/4", "¾": " 3/4",
}  # fmt: skip
PUNCTUATION = set(",.!?;:-'()[]«»…+")
APART = {  # units that may be the beginning of something else: "в 10 с Петром", "их 5 т. е. мало"
    "В": r"В(?!\s+[А-ЯЁ«])", "А": r"А(?=[,.;)]|\s*$|\s+[а-яё])", "Н": r"Н(?=[,.;)]|\s*$)",
    "с": r"(?:(?<=\d)с|с(?!\s+[\w«]|\.\w))", "т": r"т(?!\.\s?[едкнпр]\.)", "зуб": r"зуб(?=\.)",
}  # fmt: skip
UNIT = "|".join(APART.get(unit, re.escape(unit)) for unit in sorted(UNITS, key=len, reverse=True))
SCALE = "|".join([*SCALES, *("тысяч[аиу]?", "миллион(?:а|ов)?", "миллиард(?:а|ов)?")])
SUFFIX = "|".join(sorted([*SUFFIXES, "ти", "мя"], key=len, reverse=True))
Match = re.Match[str]
Rule = tuple[re.Pattern[str], Callable[[Match], str] | str]


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
    text = re.sub(r"&#?\w{1,8};", lambda entity: html.unescape(entity[0]), text)
    text = re.sub(r"\n{3,}", "\n\n", re.sub(r"[ \t]{2,}", " ", text))
    for pattern, replacement in MARKED:
        text = pattern.sub(replacement, text)
    text = _unify(text)
    for pattern, replacement in RULES:
        text = pattern.sub(replacement, text)
    return restore_yo(re.sub(r" (?=[,.!?;:»)])", "", re.sub(r"\s+", " ", text)).strip(), keep)


def _unify(text: str) -> str:
    text = re.sub(rf"\+(?=([{VOWELS}]))([{VOWELS}])", rf"\2{STRESS}", unicodedata.normalize("NFC", text), flags=re.I)
    text = re.sub(r"(?<=[\dIVXХ%])—(?=[\dIVXХ])", "-", text)  # of a range, not of a sentence
    text = re.sub(r"[⅐-⅞]", lambda part: " " + unicodedata.normalize("NFKD", part[0]).replace("\u2044", "/"), text)
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
    return re.sub(r"([^\W\d_]{60})(?=[^\W\d_])", r"\1 ", re.sub(" {2,}", " ", "".join(characters)))


def _school_years(match: Match) -> str:
    """Read "2023/24 учебный год": two ranks in the case of what follows."""
    after = dates.after_of(match).lower()
    case = "p" if re.match(r"\s\w+ом", after) else "g" if re.match(r"\s\w+ого", after) else "n"
    return f"{ordinal(int(match[1]), case)} {ordinal(int(match[2]), case)}"


def _year_of_month(match: Match) -> str:
    """Read "в мае 2020" as "две тысячи двадцатого"; a number after another word is none of a year."""
    of_month = re.search(rf"(?:^|[^а-яё])(?:{dates.MONTH_FORM})\s$", dates.before_of(match).lower())
    return ordinal(int(match[1]), "g") if of_month else match[0]


def _both_ranks(match: Match) -> str:
    """Read "в 3 и 4 классах": two ranks in the singular."""
    case = {"х": "p", "м": "d", "и": "i"}[match[3][-1]]
    return f"{ordinal(int(match[1]), case)} и {ordinal(int(match[2]), case)} {match[3]}"


def _days(match: Match) -> str:
    """Read "3 сут.", which has no singular: двое суток."""
    number = int(match[1])
    said = {1: "одни", 2: "двое", 3: "трое", 4: "четверо"}.get(number) or cardinal(number)
    return f"{said} {'сутки' if number == 1 else 'суток'}" + "." * dates.at_end(match)


def _rule(pattern: str, replacement: Callable[[Match], str] | str, flags: int = 0) -> Rule:
    return re.compile(pattern, flags), replacement


MARKED: list[Rule] = [(re.compile(pattern), replacement) for pattern, replacement in short.MARKUP]
SHORT_MONTH = "янв|февр?|мар|апр|июн|июл|авг|сент?|окт|нояб?|дек"
DOMAIN, FILE = "|".join(short.DOMAINS), "|".join(short.EXTENSIONS)
THOUSANDS = dict.fromkeys("KkК", "тыс") | dict.fromkeys("MМm", "млн") | {"B": "млрд", "T": "трлн"}
NUMBER = r"\d{1,3}(?: \d{3})+(?:,\d+)?|\d+(?:[,.]\d+)?"
FIRST = rf"(?<![\d.,])(?:({NUMBER})\s?-\s?)?"  # of a range
RULES: list[Rule] = [
    # addresses and files, numbers of many digits
    _rule(r"(?:https?://|www\.)[^\s,;()«»]{2,200}[^\s,;()«».!?:]"
          r"|(?<![\w.@-])[\w.+-]{1,60}@[\w-]{1,60}(?:\.[\w-]{1,60}){1,4}\b"
          rf"|(?<![\w.@-])(?:[\w-]{{1,60}}\.){{1,4}}(?:{DOMAIN})\b(?:/[^\s,;()«»]{{0,200}})?(?![\w@])",
          short.read_address, re.I),
    _rule(rf"(?<![\w.])([\w-]{{1,60}})\.({FILE})\b", short.read_file, re.I),
    _rule(r"(?<!\w)#(?=[^\W\d])", "хэштег "),
    _rule(r"(?<!\w)[CС]#(?!\w)", "си шарп"),
    _rule(r"(?<!\w)\.NET\b", "дот нет"),
    _rule(r"(?<![\d.])\d{1,3}(?:\.\d{3}){2,4}(?![\d.])", lambda m: m[0].replace(".", "")),
    _rule(r"\d{19,}", lambda m: " ".join(map(cardinal, map(int, m[0])))),
    _rule(r"(?<!\w)[CС]\+\+", "си плюс плюс"),
    _rule(r"(?<!\w)[vV]\.?\s?(\d+)\.(\d+)\b(?!\.\d)",
          lambda m: f"ви {counts.digits(m[1])} точка {counts.digits(m[2])}"),
    # numbers with signs between them
    _rule(r"(?<![\d.:])(\d{1,2})\.([0-5]0|[0-5]5)(\s?-\s?\d{1,2})\.([0-5]0|[0-5]5)(?![\d.\w]|\s?[%°$€₽]|\s(?:[кмс]?м|к?г|т|л|руб|тыс|млн)\b)",
          r"\1:\2\3:\4"),
    _rule(r"\b(масштаб\w*|соотношени\w+|пропорци\w+|отношени\w+|курс\w*)\s(\d{1,9}):(\d{1,9})\b",
          counts.read_ratio, re.I),
    _rule(r"(?<![\d:])()(1):(\d{3,9})\b", counts.read_ratio),
    _rule(r"(?<=\d)\^2(?!\d)", " в квадрате "),
    _rule(r"(?<=\d)\^(\d{1,3})(?!\d)", lambda m: f" в {ordinal(int(m[1]), 'p', 'f')} степени "),
    _rule(r"(?<=\d)[кk](?!\w)|(?<=\d\d)К(?!\w)", " тыс"),
    _rule(r"\b(\d{1,2})\s?г\.(?=\s?\d{1,2}\s?мес)", lambda m: counted(int(m[1]), "год")),
    _rule(r"(?<![\d/.-])(\d{1,2})[/-](\d{1,2})[/-](\d{4})(?![\d/-])", r"\1.\2.\3"),
    _rule(r"(?<![\d:])(\d{1,2}):(\d\d):(\d\d)(?![\d:])", lambda m: " ".join(map(counts.digits, m.groups()))),
    _rule(r"([$€£₽])\s?(\d+(?:[.,]\d+)?)\s?([KkКMМBmT])(?!\w)", lambda m: f"{m[1]}{m[2]} {THOUSANDS[m[3]]}"),
    _rule(r"(\d)\s?%\s?-\s?(\d+(?:[.,]\d+)?\s?%)", r"\1-\2"),
    _rule(r"(?<=\d)\s?-\s?(?=\d+\s?=)", " минус "),
    _rule(r"(?<=\d)\s?(руб|р|долл|чел|шт|мес|коп)\.\s?/\s?(?=[а-я])", r" \1/"),
    # what is written short
    _rule(r"\b((?:дом\w{0,3}|школ\w{1,3}|класс\w{0,3}|поезд\w{0,3}|мест\w{1,3}|корпус\w{0,3}|автобус\w{0,3}|(?:д|кв|корп)\.|№)"
          r"\s?№?\s?\d{1,4})((?-i:[АБВГг]))(?!\w)", r"\1 «\2»", re.I),
    _rule(r"\b(\d{1,2})[ -]?[«\"]?([А-Е])[»\"]?\s(класс(е|а|у|ом)?)\b",
          lambda m: f"{ordinal(int(m[1]), {'е': 'p', 'а': 'g', 'у': 'd', 'ом': 'i'}.get(m[4], 'n'))} «{m[2]}» {m[3]}"),
    _rule(rf"\b({roman.ROMAN}) кв\.(?=\s?(?:\d|[а-яё]|$))", roman.read_quarter),
    _rule(r"(?<![\d/-])(\d{1,2})\s?эт\.", lambda m: f"{ordinal(int(m[1]))} этаж"),
    _rule(r"\b(\d)-к(?:омн)?\.?\s?кв\.", lambda m: f"{counts.read_stem(int(m[1]))}комнатная квартира"),
    _rule(r"(?<=\d-й )пол\.(?=\s[IVX\d])", "половине"),
    _rule(r"\b([Рр]од|[Уу]м)\.(?=\sв\s\d)", lambda m: m[1] + ("ился" if m[1].lower() == "род" else "ер")),
    _rule(rf"\b{latin.FORMULA}(?![\w])", latin.read_formula),
    _rule(r"(?<=\b[A-Z]{3})/(?=[A-Z]{2,4}\b)", " "),  # TCP/IP
    _rule(r"(?<=\b[вВ]\s)ср\.\s([а-яё]{3,30})", short.read_mean),
    _rule(r"(?<=\d)-(?:ти|и|х)\s(?=(?:км|кг|см|м|г|л)\b)", " "),
    _rule(r"\b(\d{1,3})-(?:х|ти|ми|и)[ -]?(?=((?:этаж|комнат|летн|дневн|час|местн|звёзд|звезд|крат|метр|литр|тонн|"
          r"месяч|недель|процент|знач|уровн|ступен|цилиндр|двер|спаль|миллион|минут|томн|полосн)[а-яё]{2,10}))",
          r"\1-"),
    _rule(r"(?<![\d,])(\d+),5-(?=[а-яё]{4,})",
          lambda m: f"{cardinal(int(m[1]), 'g')}споловиной" if m[1] != "1" else m[0]),
    _rule(r"№\s?№\s?", "номера "),
    _rule(r"(?<!\w)(д|кв|стр|рис|гл|табл|корп|оф|п|ст|с|эт|под|каб)\.(?=\d)", r"\1. "),
    _rule(r"(\d)\s?л\.(?=\s(?:назад|тому|спустя|подряд|со|стажа))", r"\1 лет"),
    _rule(r"\b(\d+)\s?сут\b\.?", _days),
    _rule(r"(?<=\d)\s?[*·]\s?(?=\d)", " умножить на "),
    _rule(r"(?<=\d)\s?:\s?(?=\d+\s?=)", " разделить на "),
    _rule(r"(?<=\d) : (?=\d)", ":"),  # a score
    _rule(rf"(?<!\w)(?:{dates.WEEKDAY})\b\.?(?:(?:\s?-\s?|,\s?|\s(?:и|или)\s)(?:{dates.WEEKDAY})\b\.?)+",
          dates.read_weekdays, re.I),
    _rule(rf"(?<!\w)(?:{dates.WEEKDAY})(?:\.,?|,)(?=\s\d)", lambda m: dates.read_weekdays(m).rstrip(",") + ",", re.I),
    _rule(rf"(?:(?<=\b[вс]\s)|(?<=\b(?:до|от|со|ко|по)\s))(?:{dates.WEEKDAY})\b\.?", dates.read_weekdays, re.I),
    _rule(r"(?<!\w)(?<!\d\s)(?:пн|вт|чт|пт|сб|вс)\b\.?", dates.read_weekdays),  # "ср." is more often "сравни"
    _rule(rf"\b(\d{{1,2}}\s)({SHORT_MONTH})\b\.?", dates.read_short_month, re.I),
    _rule(rf"((?:^|\bв\s|[^\w\s]\s|\bс\s)?)\b({SHORT_MONTH})\b\.?(?=\s\d{{4}}\b)", dates.read_short_month, re.I),
    _rule(r"\b(\d{4})/(\d{4}|\d\d)(?=\s?(?:уч|г\.|год|сезон))", _school_years),
    _rule(r"(?<=(?:год|зон)\s)(\d{4})/(\d{4}|\d\d)\b", _school_years),
    _rule(rf"(^|[.!?]\s|(?:ник|среда|верг|ница|бота|енье),\s)(\d{{1,2}})(?=\s(?:{dates.MONTH})(?:\s\d{{4}}(?:\sгода|\s?г\.)?)?"
          r"(?:\s?[.!?]?$|\s+[—-]\s+\D))", lambda m: m[1] + ordinal(int(m[2]), "n", "n"), re.I),  # an entry
    _rule(r"(?<=[а-яё]\s)(?<!\d\s)(\d{4})(?!\d|\s?г|[-/.,:]\d|\s?[а-яё]{2,}|\s?[%°₽$€])", _year_of_month),
    _rule(r"(?<=\b[вВ]\s)(1[5-9]\d\d|20[0-4]\d)(?=[,.;!?)]?\s*$|[,;!?)])", lambda m: ordinal(int(m[1]), "p")),
    _rule(r"(?<=\b(?:лето|лета|зима|зимы)\s)(\d{4})\b(?![-/])", lambda m: ordinal(int(m[1]), "g")),
    _rule(r"(?<=\b(?:летом|осень|осени|весна|весны|зимой)\s)(\d{4})\b(?![-/])", lambda m: ordinal(int(m[1]), "g")),
    _rule(rf"\b([IVXLCDM]{{1,12}})-({SUFFIX})(?!\w)", lambda m: f"{roman.value(m[1])}-{m[2]}"),
    _rule(r"\b1,5-(?=[а-яё]{4,})", "полутора"),
    _rule(r"(?<![\d,.])(\d+)\s?%-?(н?)(ый|ая|ое|ые|ого|ой|ому|ую|ым|ом|ых|ыми|й|я|е|го|му|ю|м|х|ми)\b",
          counts.read_percent_adjective),
    _rule(r"\b(\d{4})\s?-\s?(\d{4})-([ех])(?!\w)", r"\1-\3 \2-\3"),
    _rule(r"(?<=[Мм]ежду )(\d{1,9}) и (\d{1,9})(?=[.,;!?)]|$)",
          lambda m: f"{cardinal(int(m[1]), 'i')} и {cardinal(int(m[2]), 'i')}"),
    _rule(r"\b(\d{1,2}) и (\d{1,2}) ((?:класс|век|этаж|курс|мест|глав|част)(?:ах|ам|ами))\b", _both_ranks),
    _rule(short.OF_THE_WORLD, short.read_adjective, re.I),
    _rule(short.DESCRIBED, short.read_adjective, re.I),
    _rule(short.DESCRIBED, short.read_adjective, re.I),  # "мл. науч. сотрудник"
    _rule(short.SLASH, short.read_slashed, re.I),
    # what would be taken apart later
    _rule(r"\b(?:(\d+)-)?(\d+)-([а-яё]{4,})", counts.read_compound),
    _rule(r"/\s?мес\b\.?", " в месяц"),
    _rule(r"/\s?нед\b\.?", " в неделю"),
    _rule(r"\bок\.(?=\s?\d)", "около"),
    _rule(r"(?<=\d)\s?т\.\s?р\.", " тыс. руб."),
    _rule(r"(?<![\d,.])(\d{3,5})\s?[xх×]\s?(\d{3,5})(?![\d,.]|\s?\w)",
          lambda m: f"{cardinal(int(m[1]))} на {cardinal(int(m[2]))}"),
    _rule(r"(?<=\d)\s?(?:[xх]|×(?=\s?\d+\s?[смк]?м\b))\s?(?=\d)", " на "),
    _rule(r"\b(\d{4})-(\d\d)-(\d\d)\b", r"\3.\2.\1"),
    _rule(r"(\d[.:]\d\d(?:\d\d)?)\s?-\s?(?=\d{1,2}[.:]\d)", r"\1 - "),
    _rule(r"\b((?:пин-)?код\w{0,3}|индекс\w{0,2}|ИНН|ОГРН|БИК|СНИЛС)\s(\d{3,20})\b(?!\s\d)",
          lambda m: f"{m[1]} {' '.join(map(cardinal, map(int, m[2])))}"),
    _rule(r"(?<![\d-])\d{4}(?:[ -]\d{4}){3}(?![\d-])",
          lambda m: ", ".join(" ".join(map(cardinal, map(int, part))) for part in re.split("[ -]", m[0]))),
    _rule(r"(\+(?!7)\d{2,3})[ -]?\(?(\d{2,3})\)?[ -]?(\d{3})[ -]?(\d\d)[ -]?(\d\d)(?!\d)", counts.read_phone_number),
    _rule(r"(?<!\d)(8)[ -](800)[ -](\d{2,4})[ -](\d{2,4})(?:[ -](\d{2,4}))?(?!\d)", counts.read_phone_number),
    _rule(r"(\+\d|\b8)[ -]?\(?(\d{3})\)?[ -]?(\d{3})[ -]?(\d\d)[ -]?(\d\d)(?!\d)", counts.read_phone_number),
    _rule(r"(?<![\d.,-])(?:(?:(\+?\d)[ -]?)?\((\d{3,4})\)[ -]?|(\+?\d)[ -]?(\d{3})[ -])?"
          r"(\d{2,3})-(\d\d)-(\d\d)(?![\d-])", counts.read_phone_number),
    # dates, years, centuries, times
    _rule(r"\b(\d{1,2})\.(\d{1,2})\.(\d{4}|\d\d)\b(?:\s?г\.)?", dates.read_date),
    _rule(r"\b(\d{4})\s?-\s?(\d{4})\s?(гг?\.|год(?:ы|ов|ах|ам|ами)\b)", dates.read_years),
    _rule(r"(?<=\()(\d{4})\s?-\s?(\d{4})()(?=\))", dates.read_years),
    _rule(r"\b(\d+)-(е|х)\s?гг\.", counts.read_decade),
    _rule(r"(?<=\b[сС]\s)(\d{4})(?=\sпо\s\d{4}\b)", lambda m: ordinal(int(m[1]), "g")),
    _rule(r"\b(\d{4})\s?г\.\s?р\.", dates.read_birth),
    _rule(r"\b(\d{3,4}|\d{1,2}(?=\s?г\.\s(?:до )?н\.))\s?гг?\.", dates.read_year),
    _rule(rf"(?<=\b[сС]\s)({roman.ROMAN})(?=\sпо\s{roman.ROMAN}\b)", lambda m: ordinal(roman.value(m[1]), "g")),
    _rule(rf"\b(?:({roman.ROMAN})(\s?-\s?| и | или ))?({roman.ROMAN})\s?(вв?\.|век[а-я]*)", roman.read_centuries),
    _rule(rf"\b({roman.ROMAN})(\s?-\s?| и | или )({roman.ROMAN})(?=\s([А-ЯЁ]?[а-яё]{{3,}})\b)", roman.read_pair_before),
    _rule(rf"\b([А-ЯЁ]?[а-яё]{{2,30}}) ({roman.ROMAN})\b", roman.read_after),
    _rule(rf"\b({roman.ROMAN})(?=\s([А-ЯЁ]?[а-яё]{{3,30}})\b)", roman.read_before),
    _rule(rf"\b({roman.ROMAN})(?=\s({roman.ADJECTIVE})\b)", roman.read_before_adjective),
    _rule(rf"\b(\d{{1,2}})\s?-\s?(\d{{1,2}})(?=\s(?:{dates.MONTH})\b)", dates.read_days),
    _rule(rf"\b(\d{{1,2}})(?=\s(?:{dates.MONTH})\b)", lambda m: dates.read_day(int(m[1]), dates.before_range(m)), re.I),
    _rule(rf"(?:(?<=\b[сС]\s)|(?<=\b[сС]о\s))(\d{{1,2}})(?=\sпо\s\w+(?:\s\w+)?\s(?:{dates.MONTH}))",
          lambda m: ordinal(int(m[1]), "g")),
    _rule(r"\b(0[1-9])\.(0[1-9]|1[0-2])\b(?![.:]\d)",
          lambda m: f"{dates.read_day(int(m[1]), dates.before_of(m))} {MONTHS[int(m[2]) - 1]}"),
    _rule(r"(?<=\b(?:до|по|от)\s)([12]\d|3[01])\.(0[1-9]|1[0-2])\b(?![.:]\d|\s?[%°$€₽\w])",
          lambda m: f"{dates.read_day(int(m[1]), dates.before_of(m))} {MONTHS[int(m[2]) - 1]}"),
    _rule(r"\b([вВсС]|до|До)\s(\d{1,2})\.(00|15|30|45)\b(?!\.\d|\s?[%°$€₽])", r"\1 \2:\3"),
    _rule(r"(?<![\d:])(\d{1,2}):(\d{1,2})(?!\d)", dates.read_time),
    _rule(r"(верси\w+|[A-Za-z])\s(\d+)\.(\d+)\b(?!\.\d)",
          lambda m: f"{m[1]} {counts.digits(m[2])} точка {counts.digits(m[3])}", re.I),
    _rule(r"\b\d+(?:\.\d+){2,}\b", lambda m: " точка ".join(map(counts.digits, m[0].split(".")))),
    # money, units, scales, signs
    *short.abbreviations("number"),
    _rule(r"№\s?(\d+)(?=([^\W\d])?)", lambda m: f"номер {counts.digits(m[1])}{' ' * bool(m[2])}"),
    _rule(r"\b((?:(?:рис|табл|гл)\.|(?:рисун|таблиц|пункт|раздел|глав|стать|приложени)[а-яё]{0,4})\s)(\d+)\.(\d+)\b(?!\.\d)",
          lambda m: f"{m[1]}{counts.digits(m[2])} точка {counts.digits(m[3])}"),
    _rule(r"(?:(?<![\w.])|(?<=\.\.))-(?=\d)", " минус "),
    _rule(r"(?<!\w)((?:[Дд]ом|д\.|кв\.|корп\.)\s?\d+)/(?=\d)", r"\1 дробь "),
    _rule(rf"\b(?:(\d+) )?(\d+)/(\d+)\b(?:\s?({UNIT})(?!\w)\.?)?", counts.read_fraction),
    _rule(rf"{FIRST}({NUMBER})\s?(?:({SCALE})\.?\s)?\s?({UNIT})(?!\w)\.?", counts.read_unit),
    _rule(rf"([$€£₽])\s?{FIRST}({NUMBER})(?:\s?(тыс|млн|млрд|трлн)\b\.?)?", counts.read_money),
    _rule(rf"{FIRST}({NUMBER})\s?({'|'.join(SCALES)})\b\.?", counts.read_scaled),
    # ranks, ranges, other numbers
    _rule(rf"\b(\d+)-(?=\d+-({SUFFIX})(?!\w))", r"\1-\2-"),
    _rule(rf"\b(\d+)-({SUFFIX})(?!\w)", counts.read_rank),
    _rule(r"(?<=\d)(?=[^\W\d_])|(?<=[^\W\d_])(?=\d)", " "),
    _rule(r"(?<!\w)((?:рис|стр|гл|табл|д|кв|корп)\.\s?)(\d+)", lambda m: m[1] + cardinal(int(m[2]))),
    _rule(rf"(?<![\d.,])({NUMBER})\s?-\s?({NUMBER})\b", counts.read_range),
    _rule(r"\b(\d{1,3}(?: \d{3})+|\d+)[,.](\d+)\b",
          lambda m: decimal(m[1].replace(" ", ""), m[2], case_before(dates.before_of(m)))),
    _rule(r"\d{1,3}(?: \d{3})+(?!\d)|\d+", counts.read_whole),
    # abbreviations, initials, Latin
    *short.abbreviations("name", ""),
    _rule(short.DESCRIBED_SHORT, short.read_adjective, re.I),  # "нем. яз."
    _rule(short.CONTRACTION, short.read_contracted, re.I),
    _rule(r"\b[А-ЯЁ]\.\s?(?=[А-ЯЁ])", lambda m: f"{LETTER_NAMES[m[0][0]].capitalize()} "),
    _rule(rf"\b(?:[А-ЯЁ]{{2,}}|{'|'.join(word for word in short.SPELLED if not word.isupper())})\b",
          short.read_capitals),
    _rule(r"\b(?=[IVX]{2,}\b)X{0,3}(?:IX|IV|V?I{0,3})\b(?<=[IVX])", lambda m: cardinal(roman.value(m[0]))),
    _rule(r"\b(?=[MDCLXVI]{4,}\b)M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})\b(?<=[IVXLCDM])",
          lambda m: cardinal(roman.value(m[0]))),
    _rule(r"(?<=[a-z])(?=[A-Z]{2,}\b)", " "),
    _rule(r"(?<=[A-Za-z]{2}) ?& ?(?=[A-Za-z])|(?<=[A-Z])&(?=[A-Z])", " энд "),
    _rule(r"[A-Za-z]+(?:['-][A-Za-z]+)*", latin.read_latin),
    *[_rule(re.escape(symbol), word) for symbol, word in SYMBOLS.items()],
    _rule(r"\b([Оо]) (?=од[ин])", r"\1б "),
    _rule(r"\+", " плюс "),
    _rule(r"'", ""),
]  # fmt: skip
