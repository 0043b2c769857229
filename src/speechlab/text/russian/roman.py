"""Russian ranks written in Roman numerals: centuries, parts of books, rulers; replacements for ``normalisation``."""

import re

from speechlab.text.russian.dates import at_end, before_of
from speechlab.text.russian.grammar import declension, noun_forms
from speechlab.text.russian.numbers import case_before, form_after, join_range, ordinal
from speechlab.text.russian.words import RANKED, TABLES

ROMAN = r"[IVXLХ]{1,12}"
ADJECTIVES = {  # ending: gender, case, plural
    "ая": "fn", "ую": "fa", "ой": "fg", "ый": "mn", "ский": "mn", "ого": "mg", "ому": "md", "ым": "mi", "ское": "nn",
    "ские": "mn+", "ых": "mg+", "ских": "mg+",
}  # fmt: skip
ADJECTIVE = rf"[А-ЯЁа-яё][а-яё]+(?:{'|'.join(ADJECTIVES)})"
NO_NAMES = TABLES.words("before no name")
VALUES = {"I": 1, "V": 5, "X": 10, "Х": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
RULER = re.compile(r"[А-ЯЁ][а-яё]+ $")
Match = re.Match[str]


def value(written: str) -> int:
    """Value of a Roman numeral; Х may be Cyrillic."""
    values = [VALUES[letter] for letter in written]
    return sum(-a if a < b else a for a, b in zip(values, [*values[1:], 0], strict=True))


def _asked(before: str) -> str:
    """Case of centuries: after "в" prepositional, after another word its own or the genitive, at a start nominative."""
    if re.search(r"\bво?\s*$", before.lower()):
        return "p"
    return case_before(before, "g" if re.search(r"[а-яё]\s*$", before.lower()) else "n")


def read_centuries(match: Match) -> str:
    """Read "XX в.", "XIX века", "XVIII-XIX вв.", "в XVIII и XIX веках": the ranks take the case of the noun."""
    first, joint, last, noun = match.groups()
    many, short = bool(joint) or noun == "вв.", not noun.startswith("век")
    _, *numbers = declension("век")
    found = [case for case, form in zip("ngdaip", numbers[many or noun not in numbers[0]], strict=True) if form == noun]
    case = _asked(before_of(match)) if short else (found or ["ngdaip"[numbers[0].index(noun)]])[0]
    if noun == "век" and case_before(before_of(match)) == "a":
        case = "a"
    if short:
        noun = form_after(5 if many else 1, "век", case) + "." * at_end(match)
        noun = noun.replace("веков", "века") if many and case in "na" else noun
    last = ordinal(value(last), case)
    if not first:
        return f"{last} {noun}"
    first = ordinal(value(first), case)
    return f"{join_range(first, last) if joint.strip() == '-' else first + joint + last} {noun}"


def read_quarter(match: Match) -> str:
    """Read "III кв. 2023 г.", a quarter of a year."""
    case = {"": "n", "a": "p" if re.search(r"\b[вВ]\s*$", before_of(match)) else "a"}.get(
        asked := case_before(before_of(match), ""), asked
    )
    return f"{ordinal(value(match[1]), case)} {form_after(1, 'квартал', case)}"


def read_after(match: Match) -> str:
    """Read "Глава I", "в томе V", "Петра I": the rank takes gender and case of the word before it."""
    noun, number = match[1], value(match[2])
    is_ranked = any(form.noun in RANKED for form in noun_forms(noun.lower()))
    if not (is_ranked or noun[0].isupper()) or noun.lower() in NO_NAMES:
        return match[0]
    return f"{noun} {_rank(number, noun, before_of(match)) or ordinal(number)}"


def read_before(match: Match) -> str:
    """Read "II том" and "XX съезде" up to the noun; after a name the numeral is a ruler's."""
    forms = noun_forms(match[2].lower())
    is_ranked = any(form.noun in RANKED for form in forms)
    counted = match[2] in ("лет", "человек") or (forms[:1] and forms[0].plural)
    if not is_ranked and (counted or RULER.search(before_of(match)) or len(match[1]) == 1):
        return match[0]
    return _rank(value(match[1]), match[2], before_of(match)) or match[0]


def read_pair_before(match: Match) -> str:
    """Read "I и II тома", "в IX-XI классах": two ranks in the singular, in the case of the noun."""
    noun, before = match[4].lower(), before_of(match)
    forms = [form for form in noun_forms(noun) if form.noun in RANKED]
    if not forms:
        return match[0]
    form = next((form for form in forms if form.plural), forms[0])
    case = form.case
    if any(not other.plural and other.case == "g" for other in forms) and re.search(r"[а-яё]\s*$", before.lower()):
        case = case_before(before, "g")  # "инвалиды I и II группы"
    first, last = (ordinal(value(written), case, form.gender or "m") for written in match.group(1, 3))
    return join_range(first, last) if match[2].strip() == "-" else f"{first}{match[2]}{last}"


def read_before_adjective(match: Match) -> str:
    """Read "II Мировая" up to the adjective."""
    ending = max((ending for ending in ADJECTIVES if match[2].endswith(ending)), key=len)
    gender, case, *plural = tuple(ADJECTIVES[ending])
    return ordinal(value(match[1]), case, gender, bool(plural))


def _rank(number: int, noun: str, before: str) -> str:
    """Give a rank in gender and case of a noun in the singular; "" where it is none."""
    forms = [form for form in noun_forms(noun.lower()) if not form.plural]
    if not forms:
        return ""
    if noun == "Карла":  # rather Karl's than a dwarf
        forms = [form for form in forms if form.case == "g"]
    is_name = noun[0].isupper() and not any(form.noun in RANKED for form in forms)
    allowed = {"a": "pa", "": "ngdaip" if is_name else "n"}.get(asked := case_before(before, ""), asked)
    form = next((form for form in forms if form.case in allowed), forms[0])
    living = form.case == "a" and form.gender != "f" and form.animate
    return ordinal(number, "g" if living else form.case, form.gender or "m")
