"""Long texts, sentence by sentence: models learned from seconds of speech, and a listener wants to hear soon.

The one place that decides where a sentence ends. It reads the text as it was written, because there "p.m." and "Inc."
still show their dots, and gives each sentence with its position in it; a language then writes out each sentence as a
whole, so that no dot of an abbreviation is weighed twice. A language has a table of abbreviations for it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from speechlab.text.tables import read_tables

SENTENCE_PAUSE_S, CLAUSE_PAUSE_S, PARAGRAPH_PAUSE_S = 0.35, 0.15, 0.8  # silence added after each kind of piece

PARAGRAPH_END = re.compile(r"\n\s*\n|\Z")
SENTENCE_END = re.compile(r"(?<![.!?…])[.!?…]++[\"'”’»)\]*_`]*+(?=\s)")  # a text's own end needs no mark
LINE = re.compile(r"\n[ \t]*+(?=(?:[-*+•·–—>|]|#{1,6}|\d{1,3}[.)])[ \t])")  # of a list, a heading, a dialogue, a table
HEADING = re.compile(r"(?:\A|\n)[ \t]*+#{1,6}[ \t][^\n]*+")
CLAUSE_END = re.compile(r"[,;:–—](?=\s)|\s-+(?=\s)")
NEXT = re.compile(r"\s*+[\"'“‘«„(\[*_]*+([-–—&/=+](?=\s)|[.!?…]|[^\W_]*+)(\.?)")
LAST = re.compile(r"((?:(?<!\w)[^\W\d_]{1,2}\.\s?){0,4})([^\W_]++)\Z")
PREVIOUS = re.compile(r"([^\W_]++)[\s(«\"']*+\Z")
NUMBER = re.compile(r"\d\w*|[IVXLCХ]{2,}|[VXХ]")
LETTERED_PARTS = {*"BCDEFGH"}  # "App. B"
MARKS, SIGNS = {*".!?…"}, {*"-–—&/=+"}  # after which, at a dot's right, the sentence goes on
NEAR = 60  # characters before a dot that can make an abbreviation and the word before it


@dataclass(frozen=True)
class Sentence:
    """A piece of a text, ``text[start:end]`` of the reader's own, and the silence to leave after it."""

    text: str
    pause_s: float
    start: int = 0

    @property
    def end(self) -> int:
        """Position after its last character."""
        return self.start + len(self.text)


def split_sentences(text: str, language: str = "en", max_characters: int = 300) -> list[Sentence]:
    """Split a text at sentence ends; what is still too long, at commas and the like, and then between words.

    Args:
        language: whose abbreviations end no sentence, "en" or "ru".
        max_characters: the longest piece; a single word beyond it is cut.

    Returns:
        Pieces in order, which together hold every word; after the last there is no pause.
    """
    sentences, start = [], 0
    for paragraph in PARAGRAPH_END.finditer(text):
        spans = sentence_spans(text, language, start, paragraph.start())
        pieces = [piece for span in spans for piece in _shortened(text, *span, max_characters)]
        if pieces:
            sentences += [*pieces[:-1], Sentence(pieces[-1].text, PARAGRAPH_PAUSE_S, pieces[-1].start)]
        start = paragraph.end()
    return [*sentences[:-1], Sentence(sentences[-1].text, 0.0, sentences[-1].start)] if sentences else []


def sentence_spans(text: str, language: str, start: int = 0, end: int | None = None) -> list[tuple[int, int]]:
    """Give start and end of each sentence of ``text[start:end]``; lists, headings and dialogues end at their lines."""
    end, table = len(text) if end is None else end, _abbreviations(language)
    ends = [mark.end() for mark in SENTENCE_END.finditer(text, start, end) if _ends_sentence(text, start, mark, table)]
    ends += [line.start() for line in LINE.finditer(text, start, end)]
    ends += [heading.end() for heading in HEADING.finditer(text, start, end)]
    spans = []
    for cut in [*sorted(ends), end]:
        first, last = _stripped(text, start, cut)
        if first < last:
            spans.append((first, last))
        start = cut
    return spans


class _Endings:
    """What a language's file says of a dot after a word: which words it ends a sentence after, and before which."""

    def __init__(self, path: str):
        tables = read_tables(path)
        words = {name: {word.replace("_", " ") for word in tables.words(name)} for name in tables}
        self.never_end, self.may_end, self.starters = words["never end"], words["may end"], words["starters"]
        self.measures, self.before_number = words["measures"], words["before number"]
        self.lettered, self.words_of_one_letter = words["lettered"], words["words of one letter"]
        self.continued_by = dict.fromkeys(words["continued"], words["continued by"])
        self.known = words["known"].union(
            self.never_end, self.may_end, self.measures, self.before_number, self.continued_by
        )


@lru_cache(maxsize=2)
def _abbreviations(language: str) -> _Endings:
    return _Endings(f"{'russian' if language == 'ru' else 'english'}/sentence_ends.tsv")


def _ends_sentence(text: str, start: int, mark: re.Match[str], table: _Endings) -> bool:
    """Whether marks end a sentence: an abbreviation's dot does where the next word begins one."""
    following, dotted = NEXT.match(text, mark.end()).groups()  # type: ignore[union-attr]  # it fits any text
    if following in MARKS:  # marks apart, ". . ."
        return False
    goes_on = following in SIGNS or (
        following[:1].islower() and not following[1:2].isupper()
    )  # an iPhone may begin one
    dots = mark[0].rstrip("\"'”’»)]*_`")
    if dots != ".":
        return "!" in dots or "?" in dots or not goes_on
    before = text[max(start, mark.start() - NEAR) : mark.start()]
    if goes_on or not (last := LAST.search(before)):
        return not goes_on
    letters, word = last[1].replace(" ", ""), last[2]
    if word.isdigit():  # the number of an item at the beginning of a line ends nothing
        return bool(before[: last.start()].rpartition("\n")[2].strip())
    rest = before[: last.start()]
    if (key := _known(letters + word, table)) is None:
        key, rest = _known(word, table) or word, before[: last.start(2)]
    found = PREVIOUS.search(rest)
    previous = found[1] if found else ""
    key = f"{previous} {key}" if f"{previous} {key}" in table.known else key
    return _begins_one(following, bool(dotted), key, previous, table)


def _known(word: str, table: _Endings) -> str | None:
    """Give the word as the table spells it: "Cf" at a beginning is "cf", but "C" may be an initial."""
    forms = (word, word[0].lower() + word[1:]) if len(word) > 1 else (word,)
    return next((form for form in forms if form in table.known), None)


def _begins_one(following: str, dotted: bool, key: str, previous: str, table: _Endings) -> bool:
    """Whether a sentence begins with the word ``following`` after the abbreviation, initial or word ``key``."""
    starts = following in table.starters and not dotted  # a dot makes it an initial: "J. A. Brown"
    is_measure = key in table.measures and bool(NUMBER.fullmatch(previous))  # "5 m." is one, "m. Brown" is not
    if is_measure or key in table.before_number:
        return not NUMBER.fullmatch(following) and following not in LETTERED_PARTS
    if key in table.continued_by:
        return following not in table.continued_by[key]
    if key in table.may_end and (key not in table.never_end or NUMBER.fullmatch(previous)):
        return starts
    if len(key) == 1 and key.isupper() and (key not in table.words_of_one_letter or dotted and len(following) == 1):
        return starts or previous.lower() in table.lettered
    return key not in table.never_end


def _stripped(text: str, start: int, end: int) -> tuple[int, int]:
    """Leave blanks out at both ends; where there is nothing else, the end does not lie after the start."""
    piece = text[start:end]
    return start + len(piece) - len(piece.lstrip()), end - len(piece) + len(piece.rstrip())


def _shortened(text: str, start: int, end: int, max_characters: int) -> Iterator[Sentence]:
    """Cut a sentence into pieces that fit, at the last place of the best kind within reach."""
    while end - start > max_characters:
        inside = text[start : start + max_characters + 1]
        clause_ends = [match.end() for match in CLAUSE_END.finditer(inside) if match.end() <= max_characters]
        late = [at for at in clause_ends if at >= max_characters // 4]
        blanks = [at for at, character in enumerate(inside) if character.isspace()]
        cut = late[-1] if late else blanks[-1] if blanks else max_characters
        yield Sentence(inside[:cut].strip(), CLAUSE_PAUSE_S if late else 0.0, start)
        start, end = _stripped(text, start + cut, end)
    yield Sentence(text[start:end], SENTENCE_PAUSE_S, start)
