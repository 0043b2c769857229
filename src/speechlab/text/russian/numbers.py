"""Russian words for numbers, in the case and gender that their neighbours ask for.

The words themselves come from num2words; here is how a case is chosen: the form of the noun that follows, then the
preposition or verb before. Where a number and the noun after it cannot agree as a count ("на 5 этаже"), the number is
a rank.
"""

import re
from functools import lru_cache

from num2words import num2words

from speechlab.text.russian.grammar import adjective_form, declension, is_adjective, noun_forms
from speechlab.text.russian.words import RANKED, TABLES

LETTERS = "абвгдеёжзийклмнопрстуфхцчшщъыьэюя"
LARGEST = 10**15  # what lies above is read digit by digit
PREPOSITIONS = {word: case for case, words in TABLES.entries("prepositions") for word in words.split()}
SUFFIXES = TABLES.pairs("rank endings")  # gender, case, plural
PART_OF_LAW = re.compile(r"\s(?:статьи|части|пункта|главы|раздела)\s\d")  # "пункт 5 статьи 10"
PAY = re.compile("(?:за|о|у|вы|при)?(?:плати|плачу|купи|трати|стои|взя|отда|брос)")  # what it costs is an accusative


@lru_cache(maxsize=20_000)
def cardinal(number: int, case: str = "n", gender: str = "m", animate: bool = False) -> str:
    """Spell a count; ``case`` is one of n g d a i p, ``gender`` of m f n. "Одна" is left out before thousands."""
    if number >= LARGEST:
        return " ".join(num2words(int(digit), lang="ru") for digit in str(number))
    words = num2words(number, lang="ru", case=case, gender=gender, animate=animate)
    return re.sub(r"^(?:одна|одну|одной) (тысяч\w+)", r"\1", words.replace("тысячы", "тысячи"))


@lru_cache(maxsize=5_000)
def ordinal(number: int, case: str = "n", gender: str = "m", plural: bool = False) -> str:
    """Spell a rank."""
    if number >= LARGEST:
        return cardinal(number)
    words = num2words(number, lang="ru", to="ordinal", case=case, gender=gender, plural=plural, animate=False)
    return re.sub(r"^одна (тысяча )", r"\1", words)


def decimal(whole: str, fraction: str, case: str = "n") -> str:
    """Read "2,5" as "две целых пять десятых"; more than three digits after the comma are read one by one."""
    if len(fraction) > 3:
        return f"{cardinal(int(whole))} и {' '.join(cardinal(int(digit)) for digit in fraction)}"
    parts = ("десятая", "сотая", "тысячная")[len(fraction) - 1]
    return f"{_share(int(whole), 'целая', case)} {_share(int(fraction), parts, case)}"


def simple_fraction(numerator: int, denominator: int, case: str = "n", whole: int = 0) -> str:
    """Read "3/4" as "три четвёртых", "2 3/4" as "две целых три четвёртых"."""
    before = f"{_share(whole, 'целая', case)} " if whole else ""
    return before + _share(numerator, ordinal(denominator, "n", "f"), case)


def join_range(first: str, last: str) -> str:
    """Join the ends of a range: a hyphen between single words, else a dash, for which the engine pauses."""
    return f"{first} - {last}" if " " in first else f"{first}-{last}"


def counted(number: int, noun: str, case: str = "n", adjective: str = "") -> str:
    """Give a number with its noun in the right form: 21 рубль, 3 рубля, 5 рублей; в 5 рублях."""
    words = cardinal(number, case, declension(noun)[0])
    return " ".join(part for part in (words, form_after(number, noun, case, adjective)) if part)


def form_after(number: int, noun: str, case: str = "n", adjective: str = "") -> str:
    """Give the form of a noun after a number, with an adjective in -ый or -ий before it if given."""
    gender, one, many = declension(noun)
    index, kind = "ngdaip".index(case), kind_of(number)
    if kind == "one":
        form, described = one[index], (case, gender)
    elif case in "na":
        form = (one if kind == "few" else many)[1]
        described = ("n" if kind == "few" and gender == "f" else "g", "+")
    else:
        form, described = many[index], (case, "+")
    return f"{adjective_form(adjective, *described)} {form}" if adjective else form


def kind_of(number: int) -> str:
    """Tell how a noun follows a number: as after 1 ("one"), after 2 to 4 ("few") or after 5 ("many")."""
    if number % 100 in (11, 12, 13, 14):
        return "many"
    return {1: "one", 2: "few", 3: "few", 4: "few"}.get(number % 10, "many")


def case_before(before: str, default: str = "n") -> str:
    """Case that the words before a number ask for; ``before`` is the text up to it, a sign of the number included."""
    return _case_before(before[-60:].lstrip(LETTERS) if len(before) > 60 else before, default)


@lru_cache(maxsize=5_000)
def _case_before(before: str, default: str) -> str:
    before = re.sub(r"(?:минус|плюс|[+±])\s*$", "", before)
    words = re.findall(r"[а-яё-]+(?=[\s(«]*$)|[а-яё-]+(?=\s+[а-яё-]+[\s(«]*$)", before.lower())
    last = words[-1] if words and re.search(r"[а-яё][\s(«]*$", before.lower()) else ""
    lacks = re.search(r"\b(?:не|нет)\s+хвата\w+\s*$", before.lower())
    if lacks or (last in ("с", "со") and default == "n"):
        return "g"
    if last and (case := PREPOSITIONS.get("_".join(words[-2:])) or PREPOSITIONS.get(last)):
        return case
    return "a" if default == "n" and PAY.match(last) else default


def read(number: int, before: str, after: str) -> str:
    """Read a whole number between two pieces of text: as a count or, where its noun says so, as a rank."""
    noun = _next_noun(after)
    if rank := _as_rank(number, before, noun):
        return rank
    case, gender = _case_of(number, before, noun), _gender(number, noun)
    return cardinal(number, case, gender)


def read_pair(first: int, last: int, before: str, after: str) -> str:
    """Read a range before a noun: both ends in the case and gender that the last one has."""
    noun = _next_noun(after)
    forms = noun_forms(noun)
    if any(form.plural and form.case == "n" for form in forms) and not any(form.case == "g" for form in forms):
        gender = _gender(5, noun)  # "5-6 классы": a count would ask for a genitive
        return join_range(ordinal(first, "n", gender), ordinal(last, "n", gender))
    if rank := _as_rank(last, before, noun):
        return join_range(_as_rank(first, before, noun) or cardinal(first, case_before(before)), rank)
    case, gender = _case_of(last, before, noun), _gender(last, noun)
    return join_range(cardinal(first, case, gender), cardinal(last, case, gender))


def _next_noun(after: str) -> str:
    words = re.match(r"[ \u00a0]+([а-яё]+)(?: ([а-яё]+))?", after[:80].lower())
    if not words or PART_OF_LAW.match(after):
        return ""
    described = words[2] and is_adjective(words[1])
    return words[2] if described else words[1]


def _as_rank(number: int, before: str, noun: str) -> str:
    forms = [form for form in noun_forms(noun) if form.noun in RANKED]
    asked, kind = case_before(before), kind_of(number)
    if not forms or any(form.plural and (form.case not in "na" or kind != "many") for form in forms):
        return ""
    forms = [form for form in forms if not form.plural]
    if not forms:
        return ""
    name = forms[0].noun
    cases = sorted({form.case for form in forms}, key="ngdaip".index)
    is_year = name == "год" and number >= 1000
    counts = (kind == "one" and set(cases) & set("na")) or (kind == "few" and "g" in cases and asked in "na")
    if not is_year and (
        counts
        or (
            kind == "one"
            and name
            not in (
                "этаж",
                "класс",
                "курс",
                "ряд",
                "глава",
                "том",
                "место",
                "урок",
                "число",
                "автобус",
                "трамвай",
                "троллейбус",
                "маршрут",
                "кабинет",
                "канал",
            )
        )
    ):
        return ""
    if asked == "a" and "p" in cases and "a" not in cases:
        asked = "p"
    return ordinal(number, asked if asked in cases else cases[0], forms[0].gender or "m")


def _case_of(number: int, before: str, noun: str) -> str:
    """Case of a count: one that the noun's form and the words before allow alike; a living object is a genitive."""
    asked, forms = case_before(before), noun_forms(noun)
    if kind_of(number) != "one":
        cases = [form.case for form in forms if form.plural]
        if cases and set(cases) <= set("dip") | ({"a"} if "p" in cases else set()):
            return cases[0]
        living = any(form.plural and form.animate and form.case == "g" for form in forms)
        counted = any(not form.plural and form.case == "g" for form in forms)
        return "g" if kind_of(number) == "few" and asked in "na" and living and not counted else asked
    cases = [form.case for form in forms if not form.plural]
    if not cases or asked in cases:
        return asked
    if asked == "a":  # "в" and "на" also ask for the prepositional
        return next((case for case in "pn" if case in cases), "a")
    return cases[0]


def _gender(number: int, noun: str) -> str:
    forms = noun_forms(noun)
    wanted = [form for form in forms if form.plural == (kind_of(number) != "one" and form.case != "g")] or forms
    few = [form for form in forms if not form.plural and form.case == "g"] if kind_of(number) == "few" else []
    return next((form.gender for form in [*few, *wanted] if form.gender), "m")


def _share(number: int, name: str, case: str) -> str:
    """Count parts: одна десятая, две десятых."""
    stem = re.sub(r"(?:ая|ья|яя)$", "", name)
    soft = name.endswith("ья")
    one = {"n": "ая", "a": "ую"}.get(case, "ой") if not soft else {"n": "ья", "a": "ью"}.get(case, "ьей")
    many = {"d": "ым", "i": "ыми"}.get(case, "ых") if not soft else {"d": "ьим", "i": "ьими"}.get(case, "ьих")
    return f"{cardinal(number, case, 'f')} {stem}{one if kind_of(number) == 'one' else many}"
