"""Splitting long texts: nothing lost, nothing too long, positions true, abbreviations left whole."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speechlab.text.split import PARAGRAPH_PAUSE_S, SENTENCE_PAUSE_S, split_sentences

LINES = (Path(__file__).parent / "data" / "sentence_ends.tsv").read_text(encoding="utf-8").splitlines()[1:]
CASES = [(language, sentences.split("|")) for language, sentences in (line.split("\t") for line in LINES)]


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("Dr. Smith paid $3.50. He left!", ["Dr. Smith paid $3.50.", "He left!"]),
        ('"Why?" asked J. K. Brown. No.', ['"Why?"', "asked J. K. Brown.", "No."]),
        ("It is so... maybe. So do I. Then", ["It is so... maybe.", "So do I.", "Then"]),
        ("No end", ["No end"]),
        ("1. Buy milk.\n2. Go home", ["1. Buy milk.", "2. Go home"]),
        ("# Title\nText goes\non.\n- one\n- two", ["# Title", "Text goes\non.", "- one", "- two"]),
        ("It ended. iPhone sales rose.", ["It ended.", "iPhone sales rose."]),
        (" \n\n ", []),
    ],
)
def test_sentences_end_where_a_reader_stops(text, pieces):
    assert [piece.text for piece in split_sentences(text)] == pieces


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("ends", [False, True], ids=["that end no sentence", "that end one"])
def test_of_sixty_abbreviations_nearly_all_are_told(language, ends):
    wrong, tried = [], 0
    for sentences in [sentences for name, sentences in CASES if name == language and (len(sentences) > 1) == ends]:
        tried += 1
        found = [piece.text for piece in split_sentences(" ".join(sentences), language)]
        wrong += [found] * (found != sentences)
    assert tried >= 60 and len(wrong) <= 0.05 * tried, wrong


@pytest.mark.parametrize("language", ["en", "ru"])
@given(text=st.text('abИ Я.,;!?\n\t1-#…"', max_size=400), max_characters=st.integers(1, 60))
def test_nothing_is_lost_nothing_is_too_long_and_positions_are_true(language, text, max_characters):
    pieces = split_sentences(text, language, max_characters)
    assert "".join("".join(piece.text for piece in pieces).split()) == "".join(text.split())
    assert all(0 < len(piece.text) <= max_characters for piece in pieces)
    assert all(piece.text == text[piece.start : piece.end] for piece in pieces)
    assert all(first.end <= second.start for first, second in zip(pieces[:-1], pieces[1:], strict=True))


def test_paragraphs_pause_longer_and_the_end_does_not():
    pauses = [piece.pause_s for piece in split_sentences("One. Two.\n\nThree.")]
    assert pauses == [SENTENCE_PAUSE_S, PARAGRAPH_PAUSE_S, 0.0]


def test_a_book_splits_quickly_at_commas_first():
    pieces = split_sentences("one two three, four five six " * 4000, max_characters=100)
    assert all(piece.text.endswith(",") for piece in pieces[:-1])


def test_english_text_needs_no_russian_module():
    """Neither to split nor to read: the Russian side brings a network and a dictionary."""
    code = (
        "import sys; from speechlab.text.frontend import for_language;"
        "from speechlab.text.split import split_sentences;"
        "[for_language('en')(s.text) for s in split_sentences('Dr. Brown left. He read it.')];"
        "print([name for name in sys.modules if 'russian' in name or 'silero' in name or 'pymorphy' in name])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


if __name__ == "__main__":  # right / tried
    right, tried = Counter(), Counter()
    for language, sentences in CASES:
        kind = f"{language}, {'ends one' if len(sentences) > 1 else 'ends none'}"
        tried[kind] += 1
        found = [piece.text for piece in split_sentences(" ".join(sentences), language)]
        right[kind] += found == sentences
        if found != sentences:
            print(found)
    print({kind: f"{right[kind]} / {tried[kind]}" for kind in tried})
