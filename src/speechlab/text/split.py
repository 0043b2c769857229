"""Long texts, sentence by sentence: models learned from seconds of speech, and a listener wants to hear soon."""

import re
from dataclasses import dataclass

SENTENCE_PAUSE_S, CLAUSE_PAUSE_S, PARAGRAPH_PAUSE_S = 0.35, 0.15, 0.8  # silence added after each kind of piece

# A dot ends no sentence after these, nor after a single capital.
ABBREVIATIONS = {
    "mr", "mrs", "ms", "dr", "drs", "st", "maj", "gen", "rev", "lt", "hon", "sgt", "capt", "col", "ft", "prof", "gov",
    "sen", "mt", "messrs", "vs", "approx", "dept", "no", "nos", "pp", "p", "fig", "vol", "e.g", "i.e", "jan", "feb",
    "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec",
}  # fmt: skip
SENTENCE_END = re.compile(r"(?<![.!?…])[.!?…]++[\"'”’)\]]*+(?=\s)")
NEAR = 40  # characters before a dot that can make an abbreviation
CLAUSE_END = re.compile(r"[,;:–—](?=\s)|\s-+(?=\s)")


@dataclass(frozen=True)
class Sentence:
    """A piece of a text and the silence to leave after it."""

    text: str
    pause_s: float


def split_sentences(text: str, max_characters: int = 300) -> list[Sentence]:
    """Split a text at sentence ends; what is still too long, at commas and the like, and then between words.

    Args:
        max_characters: the longest piece; a single word beyond it is cut.

    Returns:
        Pieces in order, which together hold every word; after the last there is no pause.
    """
    sentences = []
    for paragraph in re.split(r"\n\s*\n", text):
        pieces = [piece for sentence in _sentences(paragraph) for piece in _shortened(sentence, max_characters)]
        if pieces:
            sentences += [*pieces[:-1], Sentence(pieces[-1].text, PARAGRAPH_PAUSE_S)]
    return [*sentences[:-1], Sentence(sentences[-1].text, 0.0)] if sentences else []


def _sentences(paragraph: str) -> list[str]:
    text, found, start = " ".join(paragraph.split()), [], 0
    for match in SENTENCE_END.finditer(text):
        near = text[max(match.end() - NEAR, start) : match.end()]
        if not _is_abbreviation(near, text[match.end() : match.end() + 2].lstrip()):
            found.append(text[start : match.end()].strip())
            start = match.end()
    return [sentence for sentence in [*found, text[start:].strip()] if sentence]


def _is_abbreviation(before: str, after: str) -> bool:
    if not before.endswith(".") or before.endswith(".."):
        return before.endswith(("...", "…")) and after[:1].islower()
    word = before[:-1].split()[-1].lstrip("\"'([“‘") if before[:-1].split() else ""
    single_capital = len(word) == 1 and word.isalpha() and word != "I"
    return word.lower() in ABBREVIATIONS or single_capital or after[:1].islower()


def _shortened(sentence: str, max_characters: int) -> list[Sentence]:
    """Cut a sentence into pieces that fit, at the last place of the best kind within reach."""
    pieces = []
    while len(sentence) > max_characters:
        inside = sentence[: max_characters + 1]
        clause_ends = [match.end() for match in CLAUSE_END.finditer(inside) if match.end() <= max_characters]
        late = [end for end in clause_ends if end >= max_characters // 4]
        cut = late[-1] if late else inside.rfind(" ")
        cut = cut if cut > 0 else max_characters
        pieces.append(Sentence(sentence[:cut].strip(), CLAUSE_PAUSE_S if late else 0.0))
        sentence = sentence[cut:].strip()
    return [*pieces, Sentence(sentence, SENTENCE_PAUSE_S)] if sentence else pieces
