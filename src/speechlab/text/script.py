"""A script: a text, plain or SSML, as lines to say one by one, each with its way to say it and the silence after it.

Sentences are found by ``split_sentences``. Beyond that, a line break pauses where the writer meant it: before the items
of a list, after a heading, and where the next word would have fitted on the line, as in verses and addresses.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace

from speechlab.errors import SpeechlabError
from speechlab.text.split import (
    CLAUSE_PAUSE_S,
    PARAGRAPH_PAUSE_S,
    SENTENCE_PAUSE_S,
    Sentence,
    split_sentences,
)
from speechlab.text.ssml import Run, is_ssml, parse_ssml

BLANK_LINES = re.compile(r"\n[^\S\n]*\n\s*")
HEADING = re.compile(r"[ \t]*#{1,6}[ \t]")
ITEM = re.compile(r"[ \t]*(?:[-*+•·–—>|]|\d{1,3}[.)])[ \t]")
SHORT_LINE = 50  # characters; no text is wrapped so narrow
LONGEST_PAUSE_S = 60.0
ENDS_SENTENCE = re.compile(r"[.!?…][\"'”’»)\]]*\s*\Z")


@dataclass(frozen=True)
class Pauses:
    """Silence in seconds after each kind of piece, besides what the punctuation itself makes."""

    sentence: float = SENTENCE_PAUSE_S
    clause: float = CLAUSE_PAUSE_S  # where a long sentence is cut
    line: float = SENTENCE_PAUSE_S  # of a list or a poem
    heading: float = PARAGRAPH_PAUSE_S
    paragraph: float = PARAGRAPH_PAUSE_S

    def __post_init__(self) -> None:
        for item in fields(self):
            if not 0 <= getattr(self, item.name) <= LONGEST_PAUSE_S:
                raise SpeechlabError(f"the pause of a {item.name} is {getattr(self, item.name):g} s; 0 to 60 can be")


DEFAULT_PAUSES = Pauses()


@dataclass(frozen=True)
class Line(Sentence):
    """A sentence, or a part of one, and the way to say it; without text it is a silence."""

    pace: float = 1.0  # factors on what the whole script is said with
    pitch: float = 1.0
    gain_db: float = 0.0
    paragraph: int = 0  # counted from 0


def parse_pauses(settings: Mapping[str, str]) -> Pauses:
    """Read pauses as a command line gives them, such as ``{"sentence": "0.3"}``.

    Raises:
        SpeechlabError: no pause has that name, or its length is no number of seconds.
    """
    known, values = [item.name for item in fields(Pauses)], {}
    for name, text in settings.items():
        if name not in known:
            raise SpeechlabError(f"there is no pause of a {name!r}; known are {', '.join(known)}")
        try:
            values[name] = float(text)
        except ValueError:
            raise SpeechlabError(f"the pause of a {name} is {text!r}; give seconds, such as {name}=0.5") from None
    return Pauses(**values)


def read_script(text: str, language: str = "en", pauses: Pauses = DEFAULT_PAUSES) -> list[Line]:
    """Turn a text, plain or SSML, into the lines to say; after the last there is no pause, unless a tag asks for it.

    Raises:
        SpeechlabError: the text has a tag that is not known, or its tags do not fit together.
    """
    if is_ssml(text):
        return from_runs(parse_ssml(text, language), language, pauses)
    lines = [line for number, part in enumerate(paragraphs(text)) for line in in_lines(*part, language, pauses, number)]
    return [*lines[:-1], replace(lines[-1], pause_s=0.0)] if lines else []


def paragraphs(text: str) -> Iterator[tuple[str, int]]:
    """Give the paragraphs of a text, with the position of each; blank lines part them."""
    start = 0
    for blank in BLANK_LINES.finditer(text):
        if text[start : blank.start()].strip():
            yield text[start : blank.start()], start
        start = blank.end()
    if text[start:].strip():
        yield text[start:], start


def in_lines(paragraph: str, start: int, language: str, pauses: Pauses, number: int = 0) -> Iterator[Line]:
    """Split a paragraph that begins at ``start``: at the line breaks that are meant, and at sentence ends."""
    of_kind = {SENTENCE_PAUSE_S: pauses.sentence, CLAUSE_PAUSE_S: pauses.clause, 0.0: 0.0}
    parts = list(meant_lines(paragraph))
    for at, (part, offset) in enumerate(parts):
        sentences = split_sentences(part, language)
        last = pauses.paragraph if at == len(parts) - 1 else pauses.line
        if HEADING.match(part):
            last = max(last, pauses.heading)
        for sentence in sentences:
            pause_s = last if sentence is sentences[-1] else of_kind[sentence.pause_s]
            yield Line(sentence.text, pause_s, start + offset + sentence.start, paragraph=number)


def meant_lines(paragraph: str) -> Iterator[tuple[str, int]]:
    """Cut a paragraph at the line breaks that are more than the end of the writer's window, with each position."""
    lines = paragraph.split("\n")
    width = max(SHORT_LINE, *map(len, lines))
    part, start = lines[0], 0
    for previous, line in zip(lines, lines[1:], strict=False):
        first_word = line.split(maxsplit=1)[0] if line.strip() else ""
        fitted = len(previous.rstrip()) + 1 + len(first_word) <= width
        if fitted or ITEM.match(line) or HEADING.match(line) or HEADING.match(previous):
            yield part, start
            start += len(part) + 1
            part = line
        else:
            part = f"{part}\n{line}"
    yield part, start


def from_runs(runs: list[Run], language: str, pauses: Pauses) -> list[Line]:
    """Turn runs of SSML into lines; a break stands in place of the pause that its sentence would have had."""
    lines: list[Line] = []
    number, asked = 0, False
    for run in joined(runs):
        text = " ".join(run.text.split())
        is_said = any(character.isalnum() for character in text)
        if is_said:
            said = in_lines(text, 0, language, pauses, number)
            found = [replace(line, pace=run.pace, pitch=run.pitch, gain_db=run.gain_db) for line in said]
            last_s = pauses.sentence if ENDS_SENTENCE.search(text) else 0.0
            lines += [*found[:-1], replace(found[-1], pause_s=last_s)]
        number += run.ends == "p"
        wanted = {"p": pauses.paragraph, "s": pauses.sentence}.get(run.ends) if run.break_s is None else run.break_s
        if not lines and run.break_s:
            lines.append(Line("", run.break_s))
        elif lines and wanted is not None:
            lines[-1] = replace(lines[-1], pause_s=wanted if is_said else max(wanted, lines[-1].pause_s))
        if is_said or wanted is not None:
            asked = run.break_s is not None
    if lines and not asked:  # no tag asks for silence at the end
        lines[-1] = replace(lines[-1], pause_s=0.0)
    return lines


def joined(runs: list[Run]) -> Iterator[Run]:
    """Join neighbouring runs that are said alike and have nothing between them: a sentence stays whole."""
    held: Run | None = None
    for run in runs:
        way = (run.pace, run.pitch, run.gain_db)
        if held and (held.pace, held.pitch, held.gain_db) == way and held.break_s is None and not held.ends:
            held = replace(run, text=held.text + run.text)
            continue
        if held:
            yield held
        held = run
    if held:
        yield held
