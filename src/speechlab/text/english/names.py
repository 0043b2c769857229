"""English names and shortened words: abbreviations, initials, Roman numerals, acronyms and words in capitals."""

import re

from speechlab.text.english import numbers
from speechlab.text.english.words import (
    AS_WORDS,
    BEFORE_NUMBER,
    BEFORE_YEAR,
    CAPITAL_ONLY,
    COMMON,
    CROWNED,
    NUMBERED,
    PLACES,
    RANKED,
    RULERS,
    SHORTENED,
    SLASHED,
    SPELLED,
    STATES,
    TITLES,
    UNDOTTED,
    Match,
    at_end,
    rule,
)

NEAR = 40  # characters; a word before that decides is not longer
_ROMAN = r"(?=[IVXLC])(?:C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})(?![A-Za-su-z])"
_SMALL_ROMAN = r"(?:x{0,3}(?:ix|iv|v?i{1,3}|v)|x{1,3})"
_AFTER_NAME = re.compile(r"(?<!^)\b[A-Z][a-z]+ $")
_NAME_BEFORE = re.compile(r"(?<=\s)[A-Z]\w+ $")
_KEYS = "|".join(sorted({*TITLES, *PLACES, *SHORTENED, *(state.lower() for state in STATES)}, key=len, reverse=True))
_CAPITALS = re.compile(r"\b[A-Z][A-Z']*\b")


def _abbreviation(match: Match) -> str:
    """Write a title, place or short word out; the dot stays where it also ends the sentence."""
    written, key = match[1], match[1].lower()
    text, start, end = match.string, match.start(), match.end()
    ends = at_end(match)
    dot = "." if match[0].endswith(".") and ends else ""
    if (key in CAPITAL_ONLY and written[0].islower()) or (key in ("min", "max") and ends):
        return match[0]
    if key in PLACES:
        after_name = bool(re.search(r"[A-Z0-9][\w']* $", text[max(start - NEAR, 0) : start]))
        before_name = bool(re.match(r" [A-Z]", text[end : end + 2]))
        if key not in TITLES or (after_name and not before_name):
            return PLACES[key] + dot
    if written in STATES and (written not in _WORDS_TOO or text[max(start - 2, 0) : start] == ", "):
        return STATES[written] + dot
    word = SHORTENED.get(key) if key == "ft" or key not in TITLES else TITLES[key]
    word = TITLES[key] if key == "ft" and re.match(" [A-Z]", text[end : end + 2]) else word
    if word is None:
        return match[0]
    return (word.capitalize() if written[0].isupper() and word[0].islower() and key in SHORTENED else word) + dot


def _undotted_title(match: Match) -> str:
    """Read "St Paul's" and "Mr Smith" as with a dot, "Main St Station" not."""
    before = match.string[max(match.start() - NEAR, 0) : match.start()]
    return match[0] if _NAME_BEFORE.search(before) and match[1] in ("St", "Dr") else TITLES[match[1].lower()]


def _numbered_word(match: Match) -> str:
    word = BEFORE_NUMBER[match[1].lower()]
    is_name = match[1][0].isupper() and len(match[1]) > 1 and not match[1].lower().startswith("no")
    return f"{word.capitalize() if is_name else word} "


def _initials(match: Match) -> str:
    """Join "U.S." to "US", which is spelled; keep apart what would be read as a word, "A.A."; keep a dot at the end."""
    letters = re.sub(r"[^A-Za-z]", "", match[0]).upper()
    if letters in SPELLED - _KEPT or (
        len(letters) < 4 and re.search("^[AEIO]|^[^AEIOU]?[AEIO]", letters) and letters not in _KEPT
    ):
        letters = " ".join(letters)
    return letters + ("." if at_end(match) else " " if match[0][-1].isspace() else "")


_WORDS_TOO = {"Mass", "Wash", "Pa", "Ill", "Miss", "Ore", "Mo", "La", "Ga", "Md", "Va", "Vt"}
_KEPT = {"AD", "US", "UK", "UN", "DC", "PM", "AM", "ID", "OK"}


_PLAYED = re.compile(r" [a-z]+(?:ed|ay|ave|ad|as|m)?\b")


def _cardinal_of(match: Match) -> str:
    return numbers.cardinal(_value(match[0]))


def _doctor(match: Match) -> str:
    dot = "." if match[0].endswith(".") and at_end(match) else ""
    return ("PHD" if "." in match[0] else "PhD") + dot


def _value(numeral: str) -> int:
    return numbers.roman(numeral.upper())


def _after_name(match: Match) -> str:
    """Read "Louis XIV" and "Pope Francis I" as ranks, "Apollo XIII" and "GTA V" as numbers."""
    title, name, numeral = match[1] or "", match[2], match[3]
    number = numbers.roman(numeral)
    alone = len(numeral) == 1
    if name in RULERS or title:
        if alone and numeral == "I" and not title and not _RULES_ON.match(match.string, match.end()):
            return match[0]
        if alone and (match.string[match.end() : match.end() + 1] == "." and not at_end(match) or numeral in "LC"):
            return match[0]  # an initial
        also = f"{match[4]}{numbers.ordinal(numbers.roman(match[5]))}" if match[5] else ""
        return f"{title}{name} the {numbers.ordinal(number)}{also}"
    is_number = numeral == "V" or (numeral == "X" and name in ("Fantasy", "OS", "Apollo", "Bowl"))
    if (
        (alone and not (is_number and match.string[match.end() : match.end() + 1] != "."))
        or name in ("An", "The", "A", "I")
        or numeral == "XL"
    ):
        return match[0]
    also = f"{match[4]}{numbers.cardinal(numbers.roman(match[5]))}" if match[5] else ""
    return f"{title}{name} {numbers.cardinal(number)}{also}"


_STAGED = ("act", "scene", "page", "canto", "chapter", "volume", "book")
_RULES_ON = re.compile(r"[,;:)]|'s| of\b| and (?!I\b)[A-Z]|[.!?]?[\"']?\Z")


def _ranked(match: Match) -> str:
    last = numbers.ordinal(_value(match[2])) + match[3]
    return f"{numbers.ordinal(_value(match[1]))} to {last}" if match[1] else last


def _long_roman(match: Match) -> str:
    """Read a lone numeral of four letters or more, most often a year."""
    return numbers.integer(str(numbers.roman(match[0])))


def _plural_acronym(match: Match) -> str:
    if match[1] in AS_WORDS:
        return match[0]
    return f"{' '.join(match[1])}s"


def _acronym(match: Match) -> str:
    return " ".join(match[0]) if match[0] in SPELLED else match[0]


def lower_shouting(text: str) -> str:
    """Write what is shouted small: two or more words in capitals together, most of them plain words."""
    return _SHOUTED.sub(_shouted, text)


_SHOUTED = re.compile(r"\b[A-Z][A-Z']*(?:[,:;]? [A-Z][A-Z']*)+\b(?!\.\w)")


def _shouted(match: Match) -> str:
    words = _CAPITALS.findall(match[0])
    plain = [word for word in words if word.lower() in COMMON or len(word) > 5]
    longer = [word for word in words if len(word) > 1]
    if len(longer) < 2 or 2 * len(plain) < len(words):
        return match[0]
    return _CAPITALS.sub(_small, match[0])


def _small(match: Match) -> str:
    word = match[0]
    is_acronym = word not in {"AM", "IT", "US", "WHO", "MAY"} and (word in SPELLED or not re.search("[AEIOUY]", word))
    kept = word == "I" or word.startswith("I'") or (is_acronym and word.lower() not in COMMON)
    return word if kept else word.lower()


def _numbered_parts(match: Match) -> str:
    name, plural, first, joint, second = match.groups()
    if name[0].islower() and len(first) == 1 and not second:  # "the part I play"
        return match[0]
    if (
        first == "I"
        and re.match(r" [a-z]+(?:ed|s|ay|ave|ad|as|m)?\b", match.string[match.end() : match.end() + 12])
        and name == "Part"
    ):
        return match[0]
    words = f"{name}{plural} {numbers.cardinal(_value(first))}"
    return words + (f"{joint.replace('-', ' to ')}{numbers.cardinal(_value(second))}" if second else "")


RULES = [
    # shortened words
    *[rule(rf"(?<![\w/]){written}(?![\w/])", words) for written, words in SLASHED.items()],
    rule(r"(?<![\w/])w/\s?(?=\w)", "with "),
    rule(r"\be\.\s?g\.,?", "for example,", re.I),
    rule(r"\bi\.\s?e\.,?", "that is,", re.I),
    rule(r"\bet al\.", "et al"),
    rule(r"\b(?:Ph\.\s?D|PhD)\b\.?", _doctor),
    rule(r"\b([BM])\.\s?(Sc|Ed|Phil|Eng|Tech)\b\.?", r"\1\2"),
    rule(r"(?<=[A-Za-z.] )v\.(?= [A-Z])", "versus"),
    rule(r"\bWW(I{1,2})\b", lambda m: f"World War {numbers.cardinal(len(m[1]))}"),
    rule(r"(?<=[a-z] )No (?=\d{1,3}\b)", "number "),
    rule(r"(?:(?<=\b[A-Z]{3})|(?<=\b[A-Z]{2}))/(?=[A-Z]{2,4}\b)|(?<=\b[A-Z])/(?=[A-Z]\b)", " "),
    rule(r"\b((?:19|20)\d\d)/(?=\d\d\b)", r"\1 "),
    rule(r"(?<=[a-z] )(Ave|Rd|Ln|St)(?=,|$)", lambda m: PLACES[m[1].lower()]),
    rule(r"\b(No|no|Nos|nos)\.\s?(?=\d)|#\s?(?=\d)", lambda m: f"{BEFORE_NUMBER[(m[1] or 'no').lower()]} "),
    rule(rf"(?<![\w.])({'|'.join(sorted(BEFORE_NUMBER, key=len, reverse=True))})"
         r"\.\s?(?=\d|[IVX]{2,5}\b|[VX]\b(?!\.))", _numbered_word, re.I),
    rule(r"\b([Nn])o\. of\b", r"\1umber of"),
    rule(rf"(?<![\w.])({'|'.join(BEFORE_YEAR)})\.\s?(?=\d{{3,4}}\b)", lambda m: f"{BEFORE_YEAR[m[1]]} "),
    rule(r"(?<![\w.])ext\.?\s?(\d{2,6})\b", lambda m: f"extension {numbers.digits(m[1])}", re.I),
    rule(r"(?<![\w.])p(p?)\.\s(?=[ivxl]+\b)", lambda m: "pages " if m[1] else "page "),
    rule(rf"(?<=pages )({_SMALL_ROMAN})-({_SMALL_ROMAN})\b",
         lambda m: f"{numbers.cardinal(_value(m[1]))} to {numbers.cardinal(_value(m[2]))}"),
    rule(r"(?<![\w.])(App|Apt|Fig|Rm|Ste|Bldg|Sec|Vol|Tab|Eq)\.\s?(?=[A-H]\b(?!\.))",
         lambda m: f"{ {**SHORTENED, **BEFORE_NUMBER}[m[1].lower()].capitalize()} "),
    # Roman numerals
    rule(rf"\b({NUMBERED}|{NUMBERED.title()})(s?) ({_ROMAN})"
         rf"(?:(,? (?:and|or|to|through) | ?- ?)({_ROMAN}))?\b(?!')", _numbered_parts),
    rule(rf"\b({NUMBERED}) ({_SMALL_ROMAN})\b(?!['.]\w)",
         lambda m: f"{m[1]} {numbers.cardinal(_value(m[2]))}" if len(m[2]) > 1 or m[1].lower() in _STAGED else m[0],
         re.I),
    rule(rf"\b(?:({_ROMAN})\s?-\s?)?({_ROMAN})( (?:{RANKED}))\b", lambda m: _ranked(m) if m[2] else m[0], re.I),
    rule(rf"\b({_ROMAN})(?:th|st|nd|rd)\b", lambda m: numbers.ordinal(numbers.roman(m[1]))),
    rule(rf"\b((?:{CROWNED}) )?([A-Z][A-Za-z]+) ({_ROMAN})\b(?!'(?!s\b))(?:( and )((?=[IVX]{{2}}){_ROMAN})\b)?",
         _after_name),
    rule(r"\b(?=[MDCLXVI]{4,})M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})(?![A-Z])\b", _long_roman),
    rule(r"\b(?:IV|VI|XX)\b(?!')", lambda m: " ".join(m[0])),  # a drip, an editor
    rule(rf"\b(?=[IVX]{{2}}){_ROMAN}\b(?!')", lambda m: _cardinal_of(m)),
    rule(rf"(?<![\w'-])(?=[ivx]{{2}}){_SMALL_ROMAN}(?![\w'-])", lambda m: _cardinal_of(m)),
    # titles, places, companies
    rule(rf"(?<![\w.])({_KEYS})\.(?!\w)", _abbreviation, re.I),
    rule(rf"(?<![\w.])({UNDOTTED})(?![\w.'])", _abbreviation, re.I),
    rule(r"(?<![\w.])(St|Dr|Mr|Mrs|Prof|Mt|Ft|Sgt|Capt|Lt)(?= [A-Z][a-z])", _undotted_title),
    # initials and acronyms
    rule(r"(?<![\w.])(?:[A-Za-z]\.\s?){2,6}(?![a-z])", _initials),
    rule(r"\b([A-HJ-Z])\.(?= [A-Z])", r"\1"),
    rule(r"\b([A-Z]{1,4})&(?=[A-Z]{1,4}s?\b)", lambda m: f"{' '.join(m[1])} and "),
    rule(r"\b([A-Z]{2,5})s\b", _plural_acronym),
    rule(rf"\b(?:{'|'.join(SPELLED - {'AM', 'AD', 'ID', 'EU', 'IT'})})\b", _acronym),
]  # fmt: skip
