"""What pymorphy3 knows of a Russian noun after a number: gender, case, number, and whether it lives; adjectives.

The dictionary (OpenCorpora) is loaded at the first number before a word.
"""

from dataclasses import dataclass
from functools import lru_cache

CASES = {"nomn": "n", "gent": "g", "gen2": "g", "datv": "d", "accs": "a", "ablt": "i", "loct": "p", "loc2": "p"}
GENDERS = {"masc": "m", "femn": "f", "neut": "n"}
LONGEST_WORD = 40  # letters
ADJECTIVE_ENDINGS = {  # by gender, "+" in the plural; n g d a i p
    "m": "ый ого ому ый ым ом", "f": "ая ой ой ую ой ой", "n": "ое ого ому ое ым ом", "+": "ые ых ым ые ыми ых",
}  # fmt: skip
SOFT = {"ы": "и", "о": "е", "а": "я", "у": "ю"}


@dataclass(frozen=True)
class Form:
    """One thing that a word may be; ``gender`` is m, f, n or "" (a plural without one), ``case`` one of n g d a i p."""

    gender: str
    case: str
    plural: bool
    animate: bool


@lru_cache(maxsize=20_000)
def noun_forms(word: str) -> tuple[Form, ...]:
    """Give what a noun in lower case may be, the likeliest first; none for another word, or an unknown one."""
    if len(word) > LONGEST_WORD:
        return ()
    parses = [parse for parse in _analyser().parse(word) if parse.tag.POS == "NOUN" and "Abbr" not in parse.tag]
    return tuple(
        Form(GENDERS.get(tag.gender or "", ""), CASES.get(tag.case or "", "n"), tag.number == "plur",
             tag.animacy == "anim")
        for tag in (parse.tag for parse in parses)
    )  # fmt: skip


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
    if adjective == "средний":
        ending = SOFT[ending[0]] + ending[1:]
    elif stem[-1] in "кгхшщжч":
        is_softened = ending[0] == "ы" or (ending[0] == "о" and stem[-1] in "шщжч")
        ending = SOFT[ending[0]] + ending[1:] if is_softened else ending
    return stem + ending


@lru_cache(maxsize=1)
def _analyser():  # noqa: ANN202 (an optional type of a package that is imported late)
    import pymorphy3

    return pymorphy3.MorphAnalyzer(lang="ru")
