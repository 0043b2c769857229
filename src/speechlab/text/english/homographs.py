"""English words that are written alike and said otherwise, told by the words around them.

espeak-ng tells most of them itself (after "to", "the", "will", a pronoun). Here is what it gets wrong: commands ("Close
the door."), the past of "read", "wound" and "dove", the metal, the fish, the bow of a ship. Where nothing decides,
the engine's reading stays. A letter of an acronym is named, and never an article.
"""

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from speechlab.text.tables import read_tables


class Context(NamedTuple):
    """What stands around a word, in lower case; empty at the edges of its clause."""

    before: tuple[str, str]  # the word before the last, the last
    after: tuple[str, str]
    words: frozenset[str]  # of the sentence


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


TABLES = read_tables("english/homographs.tsv")
DETERMINERS, SUBJECTS, LINKS, BE, PAST, AUXILIARY, PLURALS, NOT_NAMES, CATCH, MUSIC, METAL, SHIP, SMALL = (
    frozenset(TABLES.words(name))
    for name in (
        "determiners", "subjects", "links", "be", "past", "auxiliary", "plurals", "not names", "catch", "music",
        "metal", "ship", "small",
    )
)  # fmt: skip
OBJECTS = DETERMINERS.union(TABLES.words("objects"))


def _command(c: Context) -> bool:
    """A verb with its object, at the beginning of a clause or after a word that a verb follows."""
    return c.after[0] in OBJECTS and (not c.before[1] or c.before[1] in LINKS)


def _read_past(c: Context) -> bool:
    """He, she and one thing "reads" today, so "he read" was then; with others the sentence must say so."""
    second, last = c.before
    asked = second in AUXILIARY or last in AUXILIARY or last in NOT_NAMES
    if asked or c.after[0] == "":
        return False
    if last in ("he", "she", "it", "who"):
        return "did" not in c.words and "does" not in c.words
    if last in SUBJECTS or last in PLURALS:
        return bool(c.words & (PAST - {"when", "before", "after", "just", "once"}))
    goes_on = c.after[0] in OBJECTS or c.after[0] in ("about", "from", "aloud", "out")
    return bool(last) and goes_on and not last.endswith("s") and (second in DETERMINERS or last not in LINKS | BE)


def _metal(c: Context) -> bool:
    if c.before[1] in ("of", "contains", "contain", "containing", "molten", "melted"):
        return c.after[0] in ("", "in", "and", "or", "is", "was", "on", "from")
    if c.after[0] == "in":
        return bool(c.words & _set("water paint blood soil pipes petrol gasoline air toys"))
    takes = c.after[0] in METAL and (
        c.before[1] in ("a", "the", "some") or c.after[0] not in ("and", "is", "was", "has")
    )
    return takes or (not c.before[1] and c.after[0] in ("is", "was", "melts", "has"))


def _wound_past(c: Context) -> bool:
    around = c.after[0] in ("up", "around", "round", "down", "through", "its", "tightly")
    return c.before[1] in ("he", "she", "it") or (around and c.before[1] not in ("a", "this", "my", "his", "her"))


def _dove_past(c: Context) -> bool:
    into = c.after[0] in ("into", "off", "under", "headfirst", "underwater", "straight", "deep")
    return c.before[1] in SUBJECTS or (into and c.before[1] not in ("a", "white"))


def _desert(c: Context) -> bool:
    return c.before[1] in LINKS and c.after[0] in OBJECTS


def _fish(c: Context) -> bool:
    return (c.after[0] in CATCH or bool(c.words & CATCH)) and not c.words & MUSIC


def _bow_down(c: Context) -> bool:
    second, last = c.before
    head = c.after[0] in DETERMINERS | {"her"} and c.after[1] in ("head", "heads", "knee")
    small = last in _set("deep low slight polite final formal little ship's boat's starboard port")
    of_ship = c.after[0] == "of" and bool(c.words & SHIP)
    takes = last == "a" and second in ("take", "takes", "took", "taking", "taken") and c.after[0] not in ("and", "from")
    return head or small or of_ship or takes or (c.after[0] == "down" and last not in DETERMINERS)


def _quarrel(c: Context) -> bool:
    angry = c.before[1] in _set("terrible huge blazing heated furious diplomatic political almighty bitter")
    return angry or (c.before == ("had", "a") and c.after[0] in ("", "with", "about", "over"))


def _number(c: Context) -> bool:
    return c.after[0] == "than" and c.before[1] in BE | {"even", "much", "far", "growing", "any"}


def _tiny(c: Context) -> bool:
    return c.after[0] in SMALL or c.before[1] in ("very", "extremely", "most")


def _rip(c: Context) -> bool:
    torn = bool(c.words & _set("fabric shirt paper cloth jeans dress muscle curtain sleeve ligament sail"))
    phrase = c.after[0] in _set("up down apart off out through away open") and c.before[1] not in DETERMINERS
    worn = c.after[0] in ("in", "along") and (torn or not c.before[1] or c.after[1] in DETERMINERS)
    return _command(c) or phrase or c.before == ("wear", "and") or worn


def _close_verb(c: Context) -> bool:
    many = c.before[1].endswith("s") and c.before[1] not in BE | {"was", "is", "this", "as", "always"}
    return _command(c) or (many and c.after[0] in ("at", "early", "late", "for", "on", "soon", "down"))


def _turn(c: Context) -> bool:
    many = c.before[1].endswith("s") and c.after[0] in ("through", "around", "up", "down", "along", "their", "between")
    return _command(c) or many or (c.after[0] in ("up", "down") and c.before[1] in LINKS | {""})


def _on_air(c: Context) -> bool:
    return c.before[1] in _set(
        "go going goes went gone "
        "broadcast broadcasting streamed streaming shown recorded performed performing aired reporting"
    )


def _exist(c: Context) -> bool:
    """People live somewhere, or somehow."""
    somehow = c.after[0] in _set("long longer in with here there together alone well near by happily without forever")
    many = c.before[1] in PLURALS or (c.before[1].endswith("s") and c.before[1] not in BE | {"this", "as", "his"})
    return somehow and (many or not c.before[1])


def _by_many(c: Context) -> bool:
    return _command(c) or (c.before[1] in PLURALS and c.after[0] not in ("", "of", "in", "for", "is", "was"))


_NAMES = (
    "'eI b'i: s'i: d'i: 'i: 'Ef dZ'i: 'eItS 'aI dZ'eI k'eI 'El 'Em 'En 'oU p'i: kj'u: 'A@ 'Es t'i: j'u: v'i: "
    "d'Vb@Lju: 'Eks w'aI z'i:"
)
LETTERS = dict(zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", _NAMES.split(), strict=True))
PLURAL = {"F": "s", "H": "I2z", "S": "I2z", "X": "I2z"}  # "z" after the others

# word: phonemes, in espeak-ng's mnemonics, and when they are said
HOMOGRAPHS: dict[str, list[tuple[str, Callable[[Context], bool]]]] = {
    word: [(phones, _command)] for word, phones in TABLES.pairs("said otherwise as commands").items()
} | {
    "read": [("r'Ed", _read_past)],
    "lead": [("l'Ed", _metal)],
    "wound": [("w'aUnd", _wound_past)],
    "dove": [("d'oUv", _dove_past)],
    "desert": [("dI2z'3:t", _desert)],
    "bass": [("b'as", _fish)],
    "bow": [("b'aU", _bow_down)],
    "row": [("r'aU", _quarrel)],
    "number": [("n'Vm3", _number)],
    "minute": [("maIn'u:t", _tiny)],
    "tear": [("t'e@", _rip)],
    "close": [("kl'oUz", _close_verb)],
    "wind": [("w'aInd", _turn)],
    "live": [("l'aIv", _on_air), ("l'Iv", _exist)],
    "use": [("j'u:z", _by_many)],
    "excuse": [("Ekskj'u:z", lambda c: c.after[0] in ("me", "us", "him", "her", "my", "our", "the"))],
    "present": [("prI2z'Ent", lambda c: _command(c) and not c.before[1])],
    "perfect": [("p3f'Ekt", lambda c: _command(c) and c.after[0] != "it")],
}
ACRONYMS = {"AM": ",eI'Em", "AD": ",eId'i:"}  # the engine says "am" and "ad"
_LETTER, _LETTERS = re.compile(r"[A-Z]"), re.compile(r"([A-Z])s")


def said(words: Sequence[str]) -> dict[int, str]:
    """Give the phonemes of those words of a clause that the engine would not say so; letters as ``{A}``.

    Args:
        words: of one clause, as a person reads them.
    """
    small = [word.lower() for word in words]
    chosen = {}
    for at, word in enumerate(words):
        if small[at] in HOMOGRAPHS:
            edges = ["", "", *small, "", ""]
            context = Context((edges[at], edges[at + 1]), (edges[at + 3], edges[at + 4]), frozenset(small))
            phones = next((phones for phones, fits in HOMOGRAPHS[small[at]] if fits(context)), None)
        elif word in ACRONYMS:
            phones = ACRONYMS[word]
        else:
            phones = _letter_name(words, at)
        if phones:
            chosen[at] = phones
    return chosen


def _letter_name(words: Sequence[str], at: int) -> str | None:
    """Name the letters of "F A Qs"; an A beside other letters is one."""
    before, after = (words[at - 1] if at else ""), (words[at + 1] if at + 1 < len(words) else "")
    if (plural := _LETTERS.fullmatch(words[at])) and _LETTER.fullmatch(before):
        return f"{LETTERS[plural[1]]}{PLURAL.get(plural[1], 'z')}"
    if words[at] != "A":
        return None
    if before == "and" and at > 1:
        before = words[at - 2]
    if after == "and" and at + 2 < len(words):
        after = words[at + 2]
    beside = any(
        _LETTER.fullmatch(word) and word not in ("A", "I") or _LETTERS.fullmatch(word) for word in (before, after)
    )
    return LETTERS["A"] if beside or before == "A" or after == "A" else None
