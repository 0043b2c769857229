"""Splitting long texts: nothing lost, nothing too long, abbreviations left whole."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speechlab.text.split import PARAGRAPH_PAUSE_S, SENTENCE_PAUSE_S, split_sentences


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("Dr. Smith paid $3.50. He left!", ["Dr. Smith paid $3.50.", "He left!"]),
        ('"Why?" asked J. K. Brown. No.', ['"Why?"', "asked J. K. Brown.", "No."]),
        ("It is so... maybe. So do I. Then", ["It is so... maybe.", "So do I.", "Then"]),
        ("No end", ["No end"]),
        (" \n\n ", []),
    ],
)
def test_sentences_end_where_a_reader_stops(text, pieces):
    assert [piece.text for piece in split_sentences(text)] == pieces


def test_paragraphs_pause_longer_and_the_end_does_not():
    pauses = [piece.pause_s for piece in split_sentences("One. Two.\n\nThree.")]
    assert pauses == [SENTENCE_PAUSE_S, PARAGRAPH_PAUSE_S, 0.0]


@given(st.text("ab ,.;!?\n", max_size=400), st.integers(1, 60))
def test_nothing_is_lost_and_nothing_is_too_long(text, max_characters):
    pieces = [piece.text for piece in split_sentences(text, max_characters)]
    assert "".join("".join(pieces).split()) == "".join(text.split())
    assert all(0 < len(piece) <= max_characters for piece in pieces)


def test_a_book_splits_quickly_at_commas_first():
    pieces = split_sentences("one two three, four five six " * 4000, max_characters=100)
    assert all(piece.text.endswith(",") for piece in pieces[:-1])
