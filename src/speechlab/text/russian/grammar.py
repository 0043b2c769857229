"""What pymorphy3 knows of Russian words: gender, case, number of a noun, its forms, and whether it lives; adjectives.

The dictionary (OpenCorpora) is loaded at the first number before a word.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

CASES = {"nomn": "n", "gent": "g", "gen2": "g", "datv": "d", "accs": "a", "ablt": "i", "loct": "p", "loc2": "p"}
GENDERS = {"masc": "m", "femn": "f", "neut": "n"}
LONGEST_WORD = 40  # letters
ADJECTIVE_ENDINGS = {  # by gender, "+" in the plural; n g d a i p
    "m": "ый ого ому ый ым ом", "f": "ая ой ой ую ой ой", "n": "ое ого ому ое ым ом", "+": "ые ых ым ые ыми ых",
}  # fmt: skip
SOFT = {"ы": "и", "о": "е", "а": "я", "у": "ю"}
SERVANTS = {"PREP", "CONJ", "PRCL", "NPRO", "INTJ"}  # what is likeliest one of these is not taken for a rare noun
COMPOUND = re.compile("(.+-|тера|гига|мега|кило|гекто|деци|санти|милли|микро|нано|пико|электрон)(.+)")
AS_COUNTED = re.compile(r"(?:вольт|ватт|герц|байт|бит|ампер|люмен|люкс|карат|децибел|фарад)$|^(?:кило|мега)?ом$|^бар$")
OF_COUNTED = {"год": "лет", "человек": "человек"}  # genitive plural
INSIDE = {"год": "году", "ряд": "ряду"}  # prepositional


@dataclass(frozen=True)
class Form:
    """One thing that a word may be; ``gender`` is m, f, n or "" (a plural without one), ``case`` one of n g d a i p."""

    noun: str
    gender: str
    case: str
    plural: bool
    animate: bool


@lru_cache(maxsize=20_000)
def noun_forms(word: str) -> tuple[Form, ...]:
    """Give what a noun in lower case may be, the likeliest first; none for another word, or an unknown one."""
    if len(word) > LONGEST_WORD:
        return ()
    parses = _analyser().parse(word)
    if parses and parses[0].tag.POS in SERVANTS:
        return ()
    return tuple(
        Form(parse.normal_form, _gender(parse), CASES.get(parse.tag.case or "", "n"),
             parse.tag.number == "plur", parse.tag.animacy == "anim")
        for parse in parses if parse.tag.POS == "NOUN" and "Abbr" not in parse.tag
    )  # fmt: skip


def _gender(parse) -> str:  # noqa: ANN001 (an optional type of a package that is imported late)
    common = "f" if parse.normal_form[-1:] in ("а", "я") else ""  # "глава" may be a man
    return GENDERS.get(parse.tag.gender or "", common)


@lru_cache(maxsize=5_000)
def declension(noun: str) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """Give a noun's gender, its six singular and six plural forms (n g d a i p); an unknown one does not change."""
    parses = [p for p in _analyser().parse(noun) if p.tag.POS == "NOUN" and p.tag.case == "nomn"]
    if not _analyser().word_is_known(noun) and (parts := COMPOUND.fullmatch(noun)):
        gender, singular, plural = declension(parts[2])
        return gender, tuple(parts[1] + form for form in singular), tuple(parts[1] + form for form in plural)
    if not parses:
        return "m", (noun,) * 6, (noun,) * 6
    parse = max(parses, key=lambda parse: parse.tag.animacy == "inan" and "Name" not in parse.tag)
    one, many = ([_form(parse, case, number) for case in CASES if case not in ("gen2", "loc2")]
                 for number in ("sing", "plur"))  # fmt: skip
    one[5] = INSIDE.get(noun, one[5])
    many[1] = OF_COUNTED.get(noun) or (noun if AS_COUNTED.search(noun) else many[1])
    return _gender(parse) or "m", tuple(one), tuple(many)


def _form(parse, case: str, number: str) -> str:  # noqa: ANN001 (an optional type of a package imported late)
    inflected = parse.inflect({case, number})
    return inflected.word if inflected else parse.word


@lru_cache(maxsize=20_000)
def is_adjective(word: str) -> bool:
    """Whether the likeliest reading of a word in lower case is an adjective or a participle."""
    return len(word) <= LONGEST_WORD and _analyser().parse(word)[0].tag.POS in ("ADJF", "PRTF")


@lru_cache(maxsize=20_000)
def is_word(word: str) -> bool:
    """Whether a word in lower case is in the dictionary, other than as an abbreviation."""
    if len(word) > LONGEST_WORD or not _analyser().word_is_known(word):
        return False
    return any(not {"Abbr", "Name", "Surn", "Geox", "Orgn"} & parse.tag.grammemes for parse in _analyser().parse(word))


def adjective_form(adjective: str, case: str, gender: str) -> str:
    """Give an adjective, written in its nominative, in another case; ``gender`` is m, f, n or "+" in the plural."""
    stem, ending = adjective[:-2], ADJECTIVE_ENDINGS[gender].split()["ngdaip".index(case)]
    if adjective.endswith("ой") and ending == "ый":
        return adjective
    if adjective.endswith("ний"):
        ending = SOFT[ending[0]] + ending[1:]
    elif stem[-1] in "кгхшщжч":
        is_softened = ending[0] == "ы" or (ending[0] == "о" and stem[-1] in "шщжч")
        ending = SOFT[ending[0]] + ending[1:] if is_softened else ending
    return stem + ending


@lru_cache(maxsize=1)
def _analyser():  # noqa: ANN202 (an optional type of a package that is imported late)
    import pymorphy3

    return pymorphy3.MorphAnalyzer(lang="ru")
