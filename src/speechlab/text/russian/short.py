"""What Russians write short: contractions, titles, addresses, acronyms, weekdays, web addresses, marks of Markdown.

Each table says what stands in the text and what is read; the rules of ``russian`` use them in that order.
"""

import re

from speechlab.text.russian.grammar import adjective_form, is_word, noun_forms
from speechlab.text.russian.words import LETTER_NAMES, SPELLED

# ruff: noqa: E501, SIM905 (tables; word lists read better as text)

Match = re.Match[str]
CONTRACTED = {  # with a hyphen or a slash: the whole word is known by its ends
    "кол-во": "количество", "кол-ва": "количества", "кол-ве": "количестве", "кол-вом": "количеством",
    "ин-т": "институт", "ин-та": "института", "ин-те": "институте", "ун-т": "университет", "ун-та": "университета",
    "ун-те": "университете", "д-р": "доктор", "д-ра": "доктора", "д-ру": "доктору", "б-р": "бульвар", "о-ва": "острова",
    "о-ве": "острове", "о-вов": "островов", "г-на": "господина", "г-ну": "господину", "г-жи": "госпожи", "г-жу": "госпожу",
    "г-да": "господа", "з-д": "завод", "з-да": "завода", "ф-ка": "фабрика", "б-ка": "библиотека", "к-т": "комитет",
    "изд-во": "издательство", "изд-ва": "издательства", "о-во": "общество", "об-во": "общество", "т-во": "товарищество",
    "пр-во": "правительство", "пр-ва": "правительства", "пр-т": "проспект", "пр-та": "проспекта", "пр-кт": "проспект",
    "м-р": "мистер", "м-с": "миссис", "р-на": "района", "р-не": "районе", "р-ны": "районы", "р-р": "раствор",
    "ж-л": "журнал", "ср-во": "средство", "ср-ва": "средства", "хоз-во": "хозяйство", "м-н": "магазин",
    "л-т": "лейтенант", "п-ов": "полуостров", "в-во": "вещество", "в-ва": "вещества", "т-ра": "температура",
    "об-ва": "общества", "отд-ние": "отделение", "стр-во": "строительство", "гос-во": "государство", "гос-ва": "государства",
    "рук-ль": "руководитель", "пом-к": "помощник", "нач-к": "начальник", "с-з": "северо-запад", "ю-в": "юго-восток",
    "в/ч": "воинская часть", "а/я": "абонентский ящик", "х/б": "хэ-бэ", "к/ф": "кинофильм", "б/у": "бэ у", "м/ф": "мультфильм",
    "т/с": "телесериал", "д/ф": "документальный фильм", "х/ф": "художественный фильм", "р/с": "расчётный счёт", "к/с": "корреспондентский счёт",
    "л/с": "лицевой счёт", "а/м": "автомобиль", "д/з": "домашнее задание", "д/с": "детский сад", "т/х": "теплоход",
    "и/о": "исполняющий обязанности", "ж/б": "железобетонный", "ч/б": "чёрно-белый", "з/п": "зарплата", "з/ч": "запчасти",
    "н/д": "нет данных", "в/о": "высшее образование", "ф/к": "футбольный клуб", "п/о": "почтовое отделение",
    "с/с": "сельсовет", "м/у": "между", "к/т": "кинотеатр", "л/д": "листов дела", "б/н": "без номера",
    "с/х": "сельское хозяйство", "а/д": "автодорога", "г/н": "госномер", "п/п": "пэ-пэ",
}  # fmt: skip
ADJECTIVES = {  # short for an adjective that agrees with the noun after it
    "гос": "государственный", "ген": "генеральный", "англ": "английский", "рус": "русский", "русск": "русский",
    "нем": "немецкий", "фр": "французский", "франц": "французский", "исп": "испанский", "итал": "итальянский",
    "лат": "латинский", "греч": "греческий", "кит": "китайский", "яп": "японский", "укр": "украинский", "амер": "американский",
    "ж.-д": "железнодорожный", "ж.д": "железнодорожный", "ж/д": "железнодорожный", "с/х": "сельскохозяйственный", "мл": "младший",
    "сев": "северный", "юж": "южный", "зап": "западный", "вост": "восточный", "муз": "музыкальный", "мед": "медицинский",
    "тех": "технический", "экон": "экономический", "полит": "политический", "нац": "национальный", "гор": "городской",
    "рос": "российский", "росс": "российский", "сов": "советский", "физ": "физический", "хим": "химический", "нар": "народный",
    "засл": "заслуженный", "худ": "художественный", "жен": "женский", "муж": "мужской", "соц": "социальный", "воен": "военный",
    "центр": "центральный", "междунар": "международный", "ст": "старший", "гл": "главный", "обл": "областной", "муниц": "муниципальный",
    "юр": "юридический", "эл": "электронный", "техн": "технический", "дет": "детский", "нач": "начальный", "ср": "средний",
    "уч": "учебный", "адм": "административный", "жел": "железный", "общ": "общий", "осн": "основной", "доп": "дополнительный",
}  # fmt: skip
CONTRACTION = rf"(?<![\w/-])(?:{'|'.join(sorted(map(re.escape, CONTRACTED), key=len, reverse=True))})(?![\w/-])"
_SHORT_ADJECTIVE = "|".join(
    re.escape(key).replace(r"\.", r"\.\s?") for key in sorted(ADJECTIVES, key=len, reverse=True)
)
DESCRIBED = rf"(?<![\w-])({_SHORT_ADJECTIVE})\.?(?:(?<=\.)|(?<=/д)|(?<=/х))\s((?-i:[а-яё]{{3,30}}))(?![\w.])"
NAME, DIGIT = r"(?=\s?[«А-ЯЁ])", r"(?=\s?\d)"
SHORT = [  # pattern before its dot, reading, what must follow
    ("п. п", "подпункт", DIGIT), ("пп", "пункты", DIGIT), ("п", "пункт", DIGIT), ("ч", "часть", DIGIT), ("ст", "статья", DIGIT),
    ("с", "страница", DIGIT), ("гр", "группа", DIGIT), ("доб", "добавочный", DIGIT), ("вн", "внутренний", DIGIT),
    ("эт", "этаж", DIGIT), ("оф", "офис", DIGIT), ("под", "подъезд", DIGIT), ("вып", "выпуск", DIGIT),
    ("макс", "максимум", DIGIT), ("мин", "минимум", DIGIT), ("прибл", "приблизительно", DIGIT), ("разд", "раздел", DIGIT),
    ("каб", "кабинет", DIGIT), ("ауд", "аудитория", DIGIT), ("илл", "иллюстрация", DIGIT), ("ил", "иллюстрация", DIGIT), ("прим", "примечание", DIGIT),
    ("ст. м", "станция метро", NAME), ("м", "метро", NAME), ("ш", "шоссе", NAME), ("бул", "бульвар", NAME), ("о", "остров", NAME),
    ("оз", "озеро", NAME), ("р", "река", NAME), ("с", "село", NAME), ("дер", "деревня", NAME), ("пос", "посёлок", NAME),
    ("п", "посёлок", NAME), ("ст", "станция", NAME), ("гр", "гражданин", NAME), ("гр-н", "гражданин", NAME), ("тов", "товарищ", NAME),
    ("доц", "доцент", NAME), ("св", "святой", NAME), ("авт", "автор", NAME), ("инж", "инженер", NAME), ("респ", "республика", NAME),
    ("кап", "капитан", NAME), ("полк", "полковник", NAME), ("лейт", "лейтенант", NAME), ("серж", "сержант", NAME), ("май", "майор", NAME),
    ("ген", "генерал", NAME), ("адм", "адмирал", NAME), ("зал", "залив", NAME), ("хр", "хребет", NAME), ("обл", "область", NAME),
    ("туп", "тупик", NAME), ("мкр", "микрорайон", ""), ("мкрн", "микрорайон", ""), ("пр", "проспект", NAME), ("пр-д", "проезд", ""),
    ("мн. ч", "множественное число", ""), ("ед. ч", "единственное число", ""), ("муж. р", "мужской род", ""), ("жен. р", "женский род", ""),
    ("чел", "человек", ""), ("экз", "экземпляров", ""), ("зав", "заведующий", ""), ("зам", "заместитель", ""), ("пом", "помощник", ""),
    ("нач", "начальник", ""), ("дир", "директор", ""), ("преп", "преподаватель", ""), ("соавт", "соавторы", ""), ("сост", "составитель", ""),
    ("худ", "художник", NAME), ("реж", "режиссёр", NAME), ("илл", "иллюстрация", ""), ("разг", "разговорное", ""), ("устар", "устаревшее", ""),
    ("букв", "буквально", ""), ("иностр", "иностранный", ""), ("сокр", "сокращённо", ""), ("спец", "специальный", ""), ("т. о", "таким образом", ""), ("и. о", "исполняющий обязанности", ""), ("б. г", "без года", ""), ]  # fmt: skip
READ_CAPITALS = set(  # acronyms that are read as words though they look spelled
    "НАТО ГОСТ ВУЗ МИД ЦУМ ГУМ ТАСС МХАТ БАМ РАН СПИД ОМОН ЮНЕСКО ЗАГС ФИФА УЕФА НАСА МАГАТЭ ОПЕК ОСАГО КАСКО БРИКС СНИЛС ЖЭК ГЭС ТЭЦ "
    "СМИ ФСИН МРОТ НИИ ДОСААФ СОБЕС РОНО ВАК ЦИК ТЮЗ АСЕАН ИКАО МОК ВАДА РУСАДА САМБО ИГИЛ ЗИЛ ВАЗ ГАЗ УАЗ КАМАЗ ТЭФИ ЧОП СИЗО ГУЛАГ ОБЭП "
    "ДОТ КОИБ ОКАТО СНИП САНПИН ЕГАИС ГЛОНАСС ВИЧ ИМХО АСУ ОРВИ УЗИ БАД ПАСЕ СМЕРШ".split()
)  # fmt: skip
SPELLED_WORDS = set(
    "МГУ ОБЖ ОС ОРТ УК ИП ИИ АО ИТ ЕС ЭВМ ТО ЖК СУ МО ОЗУ ПЗУ АТС АД ИД РОЭ ОАЭ ЭМИ ОПГ ЕГЭ ОГЭ МЧС СМС ООО АПЛ АЭС УФО".split()
)
DOMAINS = {
    "ru": "ру", "com": "ком", "org": "орг", "net": "нет", "рф": "эр-эф", "su": "су", "by": "бай", "ua": "юэй", "kz": "кей-зет", "io": "ай-о",
    "edu": "эду", "gov": "гов", "info": "инфо", "me": "ми", "tv": "тиви", "biz": "биз", "dev": "дев", "app": "апп", "eu": "еу", "de": "де",
    "uk": "ю-кей", "ai": "эй-ай", "онлайн": "онлайн", "москва": "москва",
}  # fmt: skip
EXTENSIONS = {
    "txt": "тэ-экс-тэ", "doc": "док", "docx": "докс", "pdf": "пэ-дэ-эф", "jpg": "джей-пег", "jpeg": "джей-пег", "png": "пэ-эн-гэ", "gif": "гиф",
    "mp3": "эм-пэ-три", "mp4": "эм-пэ-четыре", "avi": "ави", "exe": "экзе", "zip": "зип", "rar": "рар", "xls": "экс-эл-эс", "xlsx": "экс-эл-эс-экс",
    "csv": "цэ-эс-вэ", "html": "аш-тэ-эм-эль", "py": "пай", "js": "джей-эс", "json": "джейсон", "xml": "экс-эм-эль", "ppt": "пэ-пэ-тэ", "pptx": "пэ-пэ-тэ-экс",
    "wav": "вав", "flac": "флак", "iso": "исо", "apk": "апк", "ini": "ини", "log": "лог", "md": "эм-дэ", "bat": "бат", "dll": "дэ-эл-эл", "psd": "пэ-эс-дэ",
}  # fmt: skip
MARKUP: list[tuple[str, str]] = [  # Markdown and lists: their signs are silent, their words and numbers are kept
    (r"(?m)^[ \t]*(?:-{3,}|\*{3,}|_{3,}|`{3}\w*)[ \t]*$", ""),
    (r"(?m)^[ \t]{0,3}#{1,6}[ \t]+", ""),
    (r"(?m)^[ \t]{0,6}[-*+•·▪–][ \t]+(?=\S)(?!\d)", ""),
    (r"(?m)^[ \t]{0,3}>[ \t]?", ""),
    (r"!?\[([^\[\]\n]{1,300})\]\([^()\s]{1,300}\)", r"\1"),
    (r"\*\*|__|~~|`", ""),
    (r"(?<![\w*])\*(?=[^\s*])([^*\n]{1,300})\*(?!\w)", r"\1"),
    (r"(?<![\w_])_(?=[^\s_])([^_\n]{1,300})_(?!\w)", r"\1"),
]


def agreeing(adjective: str, noun: str, before: str = "") -> str:
    """Give an adjective in the gender, number and case that a noun in lower case has, the likeliest of them."""
    forms = noun_forms(noun)
    if not forms:
        return adjective
    is_place = re.search(r"(?:^|\s)(?:в|на|о|об|при)\s*$", before.lower())
    form = next((form for form in forms if is_place and form.case in "pa"), forms[0])
    gender = "+" if form.plural else form.gender or "m"
    return adjective_form(adjective, "g" if form.case == "a" and gender in "m+" and form.animate else form.case, gender)


def read_adjective(match: Match) -> str:
    """Read "гос. служба": the adjective agrees with the noun."""
    if not noun_forms(match[2]):
        return match[0]
    before = match.string[max(match.start() - 20, 0) : match.start()]
    word = agreeing(ADJECTIVES[match[1].lower().replace(". ", ".")], match[2], before)
    return f"{word.capitalize() if match[1][0].isupper() else word} {match[2]}"


def read_contracted(match: Match) -> str:
    """Write a contraction of the table out."""
    word = CONTRACTED[match[0].lower()]
    return word.capitalize() if match[0][0].isupper() else word


def read_capitals(match: Match) -> str:
    """Spell an acronym by its letters, read it as a word, or take it for a word that is shouted."""
    written = match[0]
    lower = written.lower()
    if written in SPELLED:
        return SPELLED[written]
    if written in READ_CAPITALS or len(written) > 6:
        return written
    if written not in SPELLED_WORDS:
        shouted = re.search(r"[А-ЯЁ]{3,}\W+$|^\W+[А-ЯЁ]{3,}", match.string[max(match.start() - 12, 0) : match.start()])
        if is_word(lower) and (len(written) > 2 or shouted):
            return written
        if _is_sayable(lower):
            return written
    return "-".join(LETTER_NAMES[letter] for letter in written)


def _is_sayable(lower: str) -> bool:
    """Whether an acronym can be said as a word: "НАТО", "ТАСС"; not "ИНН", "ЦСКА", "НКО"."""
    shape = "".join("v" if letter in "аеёиоуыэюя" else "c" for letter in lower)
    if "v" not in shape or len(shape) <= 2:
        return False
    if len(shape) == 3:
        return shape == "cvc"
    return not re.match(r"cc+v$|ccc|c+vv$|v?cccc|vcc$|vvv", shape) and not re.search(r"ccc$|vv$|^vv", shape)


def read_address(match: Match) -> str:
    """Read a web address or an e-mail: dots and signs by name, the words as they are."""
    text = re.sub(r"^https?://(?:www\.)?|^www\.", "", match[0].rstrip("/"))
    host, _, rest = text.partition("/")
    name, _, last = host.rpartition(".")
    said = f"{name}. {DOMAINS.get(last.lower(), last)}" if name else host
    said = said.replace(". ", " точка ").replace(".", " точка ").replace("@", " собака ").replace("-", " дефис ")
    tail = "".join(f" слэш {re.sub(r'[-_.?=&%#]+', ' ', part)}" for part in rest.split("/") if part)
    return f" {said.replace('_', ' подчёркивание ')}{tail} "


def read_file(match: Match) -> str:
    """Read the name of a file with its ending."""
    return f"{match[1].replace('_', ' ')} точка {EXTENSIONS[match[2].lower()]}"
