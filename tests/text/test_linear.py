"""Reading takes time in proportion to the text, whatever the text is."""

import time

import pytest

from speechlab.text.english import normalise
from speechlab.text.split import split_sentences

REPEATED = {
    "dots": ".", "dots apart": ". ", "marks": "?!", "digits": "7", "grouped digits": "1,", "decimals": "1.",
    "commas": ",", "letters": "a", "capitals": "A", "Roman numerals": "XIV ", "one long numeral": "I",
    "quotes": '"', "apostrophes": "'", "closing quotes": '."', "brackets": "[", "closing brackets": "]]",
    "dollars": "$", "amounts": "$5 ", "emoji": "🎉", "combining marks": "e\u0301", "blanks": " ", "lines": "\n",
    "titles": "Dr. ", "companies": "Co. ", "initials": "A.", "hyphens": "-", "numbers with hyphens": "1-",
    "slashes": "1/", "times": "1:", "phone numbers": "555-", "stars": "*", "lowered lines": "_", "hashes": "#",
    "backslashes": "\\", "at signs": "a@", "addresses": "www.a.", "sentences": "He ran. ", "ampersands": "A&",
    "percents": "5%-", "times of day": "5 p.m. ", "for example": "e.g. ", "days": "Mon-", "powers": "2^",
}  # fmt: skip


@pytest.mark.parametrize("unit", REPEATED.values(), ids=REPEATED)
def test_twice_the_text_takes_twice_the_time(unit):
    for read in (split_sentences, normalise):
        assert any(_is_linear(read, unit) for _ in range(3)), f"{read.__name__} of {unit!r}"


def _is_linear(read, unit: str) -> bool:
    once, twice = _seconds(read, unit, 5_000), _seconds(read, unit, 10_000)
    return twice <= 2.5 * max(once, 0.004) and twice < 2  # s; below that the clock tells nothing


def test_a_paragraph_of_twenty_thousand_sentences_is_split_in_a_second():
    assert _seconds(split_sentences, "He saw Dr. Brown. ", 18 * 20_000) < 1  # s


def test_a_word_of_twenty_thousand_characters_is_cut():
    pieces = split_sentences("a" * 20_000)
    assert "".join(piece.text for piece in pieces) == "a" * 20_000


def test_the_leader_of_a_table_of_contents_is_a_pause():
    assert normalise("Chapter One" + "." * 70 + "5") == "Chapter One... five"
    assert normalise("Index . . . . . . . 12") == "Index... twelve"


def _seconds(read, unit: str, length: int) -> float:
    text = (unit * (length // len(unit) + 1))[:length]
    times = []
    for _ in range(2):
        start = time.process_time()
        read(text)
        times.append(time.process_time() - start)
    return min(times)
