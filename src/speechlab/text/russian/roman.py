"""Russian ranks written in Roman numerals: centuries, parts of books, rulers; replacements for ``russian``."""

import re

from speechlab.text.russian.dates import at_end, before_of
from speechlab.text.russian.numbers import case_before, form_after, join_range, ordinal

# ruff: noqa: SIM905 (word lists read better as text)

ROMAN = r"[IVXLХ]{1,12}"
NAMED = {  # what Roman numerals count, by gender: the beginnings of words
    "m": "том раздел акт этап тур класс курс съезд квартал пункт параграф уровень уровн тип сезон выпуск конгресс "
    "созыв чемпионат фестиваль конкурс отдел интернационал рейх форум саммит этап поход",
    "f": "глав част книг сцен стать групп категори степен фаз стади песн олимпиад сери",
    "n": "мест действи отделени явлени тысячелети столети",
}
PART = "|".join(rf"(?:{stems.replace(' ', '|')})[а-яё]{{0,3}}" for stems in NAMED.values())
ADJECTIVES = {  # ending: gender, case, plural
    "ая": "fn", "ую": "fa", "ой": "fg", "ый": "mn", "ский": "mn", "ого": "mg", "ому": "md", "ым": "mi", "ское": "nn",
    "ские": "mn+", "ых": "mg+", "ских": "mg+",
}  # fmt: skip
ADJECTIVE = rf"[А-ЯЁа-яё][а-яё]+(?:{'|'.join(ADJECTIVES)})"
QUEENS = "Екатерин|Елизавет|Мари|Анн|Маргарит|Изабелл|Виктори|Клеопатр|Софи|Беатрис|Кристин|Христин|Жозефин"
NO_NAMES = "на из от до по за при для со во об ко под над после перед между около это или но да как уже ещё".split()
PLURALS = {"века": "n", "веков": "g", "веках": "p", "веками": "i", "векам": "d"}
SINGULARS = {"век": "n", "века": "g", "веку": "d", "веком": "i", "веке": "p"}
Match = re.Match[str]


def roman(written: str) -> int:
    """Value of a Roman numeral; Х may be Cyrillic."""
    values = [{"I": 1, "V": 5, "X": 10, "Х": 10, "L": 50, "C": 100, "D": 500, "M": 1000}[letter] for letter in written]
    return sum(-a if a < b else a for a, b in zip(values, [*values[1:], 0], strict=True))


def _asked(before: str) -> str:
    """Case of centuries: after "в" prepositional, after another word its own or the genitive, at a start nominative."""
    if re.search(r"\bво?\s*$", before.lower()):
        return "p"
    return case_before(before, "g" if re.search(r"[а-яё]\s*$", before.lower()) else "n")


def read_century(match: Match) -> str:
    """Read "XX в.", "XIX века"."""
    number, written = roman(match[1]), match[2]
    if written.startswith("век"):
        case = SINGULARS.get(written) or PLURALS.get(written, "n")
        if written == "век" and case_before(before_of(match)) == "a":
            case = "a"
        return f"{ordinal(number, case)} {written}"
    case = _asked(before_of(match))
    return f"{ordinal(number, case)} {form_after(1 if written == 'в.' else 5, 'век', case)}" + "." * at_end(match)


def read_centuries(match: Match) -> str:
    """Read "XVIII-XIX вв.", "в XVIII и XIX веках": both in one case."""
    first, joint, last, written = roman(match[1]), match[2], roman(match[3]), match[4]
    case = _asked(before_of(match)) if written.startswith("в.") or written.startswith("вв") else (
        PLURALS.get(written) or SINGULARS.get(written, "n"))  # fmt: skip
    noun = next(form for form, of in PLURALS.items() if of == case.replace("a", "n"))
    noun = written if written.startswith("век") else noun
    first, last = ordinal(first, case), ordinal(last, case)
    joined = join_range(first, last) if joint.strip() == "-" else f"{first}{joint}{last}"
    return f"{joined} {noun}" + "." * at_end(match)


def read_part(match: Match) -> str:
    """Read "Глава I", "в томе V": the rank takes gender and case of what it counts."""
    return f"{match[1]} {_rank_of(roman(match[2]), match[1], before_of(match))}"


def read_before_parts(match: Match) -> str:
    """Read "I и II тома", "в IX-XI классах": two ranks in the singular, in the case of a noun in the plural."""
    noun, before = match[4].lower(), before_of(match)
    gender = next(g for g, stems in NAMED.items() if re.match(stems.replace(" ", "|"), noun))
    endings = {r"[ая]х": "p", r"[ая]м": "d", r"[ая]ми": "i", r"[аяыи]": "n"}
    case = next((case for ending, case in endings.items() if re.search(f"{ending}$", noun)), "g")
    if gender == "f" and case == "n" and re.search(r"[а-яё]\s*$", before.lower()):
        case = case_before(before, "g")  # "инвалиды I и II группы"
    first, last = (ordinal(roman(written), case, gender) for written in match.group(1, 3))
    return join_range(first, last) if match[2].strip() == "-" else f"{first}{match[2]}{last}"


def read_before_part(match: Match) -> str:
    """Read "II том" and "XX съезде" up to the noun."""
    return _rank_of(roman(match[1]), match[2], before_of(match))


def read_before_adjective(match: Match) -> str:
    """Read "II Мировая" up to the adjective."""
    ending = max((ending for ending in ADJECTIVES if match[2].endswith(ending)), key=len)
    gender, case, *plural = ADJECTIVES[ending]
    return ordinal(roman(match[1]), case, gender, bool(plural))


def _rank_of(number: int, noun: str, before: str) -> str:
    word = noun.lower()
    gender = next(g for g, stems in NAMED.items() if re.match(stems.replace(" ", "|"), word))
    if gender == "f":
        case = "n" if word.endswith(("а", "я", "ь")) else "a" if word.endswith(("у", "ю", "ью")) else "g"
        if word.endswith("ь") and case_before(before) == "a":
            case = "a"
        return ordinal(number, "g" if word.endswith("ью") else case, gender)
    if gender == "n" and word.endswith(("о", "ие")):
        return ordinal(number, "n", gender)
    return ordinal(number, _masculine_case(word), gender)


def _masculine_case(word: str) -> str:
    endings = {"ом": "i", "ем": "i", "а": "g", "я": "g", "у": "d", "ю": "d", "е": "p", "и": "p"}
    return next((case for ending, case in endings.items() if word.endswith(ending) and word != "том"), "n")


def read_ruler(match: Match) -> str:
    """Read "Петра I": the rank takes the case of the name."""
    name, number = match[1], roman(match[2])
    if name.lower() in NO_NAMES:
        return match[0]
    if re.match(QUEENS, name):
        case = "n" if name.endswith(("а", "я")) else "a" if name.endswith(("у", "ю")) else "g"
        return f"{name} {ordinal(number, case, 'f')}"
    return f"{name} {ordinal(number, _masculine_case(name.lower()))}"
