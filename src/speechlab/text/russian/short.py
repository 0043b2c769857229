"""What Russians write short: abbreviations, contractions, acronyms, web addresses, marks of Markdown.

The tables are in ``words.tsv``. A noun that was written short stands in the case that its preposition asks for.
"""

import re
from collections import defaultdict
from collections.abc import Callable

from speechlab.text.russian.dates import after_of, at_end, before_of
from speechlab.text.russian.grammar import adjective_form, declension, is_word, noun_forms
from speechlab.text.russian.numbers import case_before
from speechlab.text.russian.words import LETTER_NAMES, TABLES, UNITS

Match = re.Match[str]
SPELLED = TABLES.pairs("spelled")
READ_CAPITALS, SPELLED_WORDS = {*TABLES.words("acronyms read as words")}, {*TABLES.words("acronyms spelled")}
DOMAINS, EXTENSIONS = TABLES.pairs("domains"), TABLES.pairs("extensions")
SLASHED, ADJECTIVES = TABLES.pairs("with a slash"), TABLES.pairs("adjectives")
CONTRACTED: dict[str, list[tuple[str, str]]] = defaultdict(list)
"""What a contraction begins with: its end, and the noun."""
for _short, _noun in TABLES.pairs("contracted").items():
    CONTRACTED[_short.partition("-")[0]].append((_short.partition("-")[2], _noun))
FOLLOWED = {"name": r"(?=\s?(?-i:[«А-ЯЁ]))", "number": r"(?=\s?\d)", "": ""}  # by what stands after the dot
CASES_OF = {"в": "p", "во": "p", "на": "p", "по": "d"}  # of a noun; a number's are others

SLASH = rf"(?<![\w/-])(?:{'|'.join(map(re.escape, SLASHED))})(?![\w/-])"
CONTRACTION = rf"(?<![\w/-])({'|'.join(CONTRACTED)})-([а-яё]{{1,6}})(?![\w/-])"
_SHORT_ADJECTIVE = "|".join(
    re.escape(key).replace(r"\.", r"\.\s?") for key in sorted(ADJECTIVES, key=len, reverse=True)
)
DESCRIBED = (
    rf"(?<![\w-])({_SHORT_ADJECTIVE})\.?(?:(?<=\.)|(?<=/д)|(?<=/х))"
    r"(\s(?:[а-яё]{2,30}[ыио]й\s)?«?)((?-i:[а-яё]{3,30}))(?![\w.])"
)
MARKUP: list[tuple[str, str]] = [  # Markdown and lists: their signs are silent, their words and numbers are kept
    (r"(?m)^[ \t]*(?:-{3,}|\*{3,}|_{3,}|`{3}\w*)[ \t]*$", ""),
    (r"(?m)^[ \t]{0,3}#{1,6}[ \t]+", ""),
    (r"(?m)^[ \t]{0,6}[-*+•·▪–][ \t]+(?=\S)(?!\d)", ""),
    (r"(?m)^[ \t]{0,3}>[ \t]?(?!\d)", ""),
    (r"!?\[([^\[\]\n]{1,300})\]\([^()\s]{1,300}\)", r"\1"),
    (r"\*\*|__|~~|`", ""),
    (r"(?<![\w*])\*(?=[^\s*])([^*\n]{1,300})\*(?!\w)", r"\1"),
    (r"(?<![\w_])_(?=[^\s_])([^_\n]{1,300})_(?!\w)", r"\1"),
    (r"(?<=\w)\[\d{1,3}\]|(?<=[.,;!?»])[¹²³⁰⁴-⁹]+", ""),  # of footnotes
]


def abbreviations(*kinds: str) -> list[tuple[re.Pattern[str], Callable[[Match], str]]]:
    """Give the rules for what is written short before a dot; ``kinds``: keys of ``FOLLOWED``; "" takes in "never"."""
    return [_abbreviations(kind) for kind in kinds]


def _abbreviations(kind: str) -> tuple[re.Pattern[str], Callable[[Match], str]]:
    entries = [(*entry, "")[:3] for entry in TABLES.entries("abbreviations")]
    of_kind = (kind, "never") if kind == "" else (kind,)
    readings = {short: reading for short, reading, follows in entries if follows in of_kind}
    may_end = {short.replace(" ", "") for short, _, follows in entries if follows == ""}
    written = "|".join(re.escape(short).replace(r"\ ", r"\s?") for short in sorted(readings, key=len, reverse=True))
    readings = {short.replace(" ", ""): reading for short, reading in readings.items()}

    def expand(match: Match) -> str:
        key, before = re.sub(r"\s", "", match[1].lower()), before_of(match)
        after_number = re.search(r"\d\s?$", before)
        if (kind == "name" and len(key) < 3 and match[1][0].isupper()) or (after_number and key in UNITS):
            return match[0]
        reading = readings[key]
        said = in_case(reading, "g" if after_number and kind == "number" else asked_case(before, after_of(match)))
        dot = "." * (kind == "" and key in may_end and at_end(match))
        return (said[0].upper() + said[1:] if match[1][0].isupper() else said) + dot

    return re.compile(rf"(?<![\w-])({written})\.{FOLLOWED[kind]}", re.I), expand


def asked_case(before: str, after: str = "") -> str:
    """Case of a noun after a preposition; "с" asks for a genitive, before a name in the instrumental for that."""
    words = re.search(r"(?:^|[^\w-])([а-яё-]+)\s?$", before.lower())
    last = words[1] if words else ""
    if last in ("с", "со"):
        return "i" if re.match(r"\s?[А-ЯЁ][а-яё]+(?:[ыио]м|[ое]й)\b", after) else "g"
    return CASES_OF.get(last) or case_before(before, "") if last else ""


def in_case(reading: str, case: str) -> str:
    """Put the first noun of a reading, written in its nominative, in another case: "улица" is "улице"."""
    first, *rest = reading.split(" ", 1)
    if not case or not any(form.case == "n" and not form.plural for form in noun_forms(first)):
        return reading
    return " ".join([declension(first)[1]["ngdaip".index(case)], *rest])


def agreeing(adjective: str, noun: str, before: str = "") -> str:
    """Give an adjective in the gender, number and case that a noun in lower case has, the likeliest of them."""
    forms, asked = noun_forms(noun), asked_case(before)
    if not forms:
        return adjective
    wanted = {"p": "pa", "": "" if re.search(r"\w\s*$", before) else "n"}.get(asked, asked)
    form = next((form for form in forms if form.case in wanted), forms[0])
    gender = "+" if form.plural else form.gender or "m"
    case = "g" if form.case == "a" and gender in "m+" and form.animate else form.case
    first, *rest = reversed(adjective.split(" "))
    return " ".join([*reversed(rest), adjective_form(first, case, gender)])


def read_adjective(match: Match) -> str:
    """Read "гос. служба": the adjective agrees with the noun; "нач. отдела" is a person's office."""
    short, between, noun = match.groups()
    key, before, forms = short.lower().replace(". ", "."), before_of(match), noun_forms(noun)
    if not forms or (key in _OFFICES and not asked_case(before) and not any(form.case in "na" for form in forms)):
        return match[0]
    word = agreeing(ADJECTIVES[key], noun, before)
    return f"{word.capitalize() if short[0].isupper() else word}{between}{noun}"


_OFFICES = {"нач", "зам", "зав", "худ", "ген", "пом"}


def read_mean(match: Match) -> str:
    """Read "в ср. школе"; "в ср. утром" is a day of the week."""
    if not any(form.case == "p" for form in noun_forms(match[1])):
        return match[0]
    return f"{agreeing('средний', match[1], 'в ')} {match[1]}"


def read_contracted(match: Match) -> str:
    """Write a contraction out in the case that its end shows: "кол-ва" is "количества"."""
    for end, noun in CONTRACTED[match[1].lower()]:
        stem, (_, one, many) = noun.removesuffix(end), declension(noun)
        if form := next((form for form in (*one, *many) if form == stem + match[2].lower()), ""):
            return form.capitalize() if match[1][0].isupper() else form
    return match[0]


def read_slashed(match: Match) -> str:
    """Write "а/я" out."""
    return SLASHED[match[0].lower()]


def read_capitals(match: Match) -> str:
    """Spell an acronym by its letters, read it as a word, or take it for a word that is shouted."""
    written = match[0]
    lower = written.lower()
    if written in SPELLED:
        return SPELLED[written]
    if written in READ_CAPITALS or len(written) > 6:
        return written
    if written not in SPELLED_WORDS and written.isupper():
        shouted = re.search(r"[А-ЯЁ]{3,}\W+$|^\W+[А-ЯЁ]{3,}", match.string[max(match.start() - 12, 0) : match.start()])
        if is_word(lower) and (len(written) > 2 or shouted):
            return written
        if _is_sayable(lower):
            return written
    return "-".join(LETTER_NAMES[letter] for letter in written.upper())


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
