"""Reading takes time in proportion to the text, whatever the text is."""

import contextlib
import random
import time

import pytest

from speechlab.errors import SpeechlabError
from speechlab.text.english import normalisation as english
from speechlab.text.russian import normalisation as russian
from speechlab.text.russian.frontend import RussianFrontend
from speechlab.text.split import split_sentences

pytestmark = pytest.mark.slow

REPEATED = {
    "dots": ".", "dots apart": ". ", "marks": "?!", "digits": "7", "grouped digits": "1,", "decimals": "1.",
    "commas": ",", "letters": "a", "capitals": "A", "Roman numerals": "XIV ", "one long numeral": "I",
    "quotes": '"', "apostrophes": "'", "closing quotes": '."', "brackets": "[", "closing brackets": "]]",
    "dollars": "$", "amounts": "$5 ", "emoji": "🎉", "combining marks": "e\u0301", "blanks": " ", "lines": "\n",
    "titles": "Dr. ", "companies": "Co. ", "initials": "A.", "hyphens": "-", "numbers with hyphens": "1-",
    "slashes": "1/", "times": "1:", "phone numbers": "555-", "stars": "*", "lowered lines": "_", "hashes": "#",
    "backslashes": "\\", "at signs": "a@", "addresses": "www.a.", "sentences": "He ran. ", "ampersands": "A&",
    "percents": "5%-", "times of day": "5 p.m. ", "for example": "e.g. ", "days": "Mon-", "powers": "2^",
    "entities": "&amp;", "half characters": "½", "small twos": "²", "footnotes": "a[1]", "sizes in inches": '10" x ',
    "parts of units": "1/2 in ", "small change": "5c ", "appendices": "App. ", "rulers": "Henry V and ", "hours": "1h ",
    "ports": "a:80", "books": "ISBN 1-", "numerals and a name": "XX Ab ",
}  # fmt: skip
RUSSIAN = {
    "letters": "а", "one long word": "абвгде", "numbers": "1 ", "items": "12.", "ranges": "2-", "at signs": "a@",
    "decimals": "1.", "percents": "%", "numerals": "XIV ", "stressed": "а\u0301", "number signs": "№", "years": "5 г. ",
    "brackets": "[", "slashes": "в/", "amounts": "$5 ", "times": "10:", "blanks": " ", "abbreviations": "и т. д. ",
    "pluses": "+", "hyphens": "ж-", "weekdays": "пн-", "Latin": "a", "digits": "1",
    "numbered signs": "№5 ", "formulas": "CO2", "hydrogen": "H", "short adjectives": "мл. науч. ",
    "contractions": "кол-",
    "so called": "т. н. ", "scales": "1:100 ", "percent adjectives": "5%-й ", "years inside": "в 2000 ",
    "pairs of numerals": "XX и ", "codes": "код 123", "cards": "1234 ", "entities": "&amp;", "streets": "на ул. ",
}  # fmt: skip


@pytest.mark.parametrize("unit", REPEATED.values(), ids=REPEATED)
def test_twice_the_text_takes_twice_the_time(unit):
    for read in (split_sentences, english.normalise):
        assert any(_is_linear(read, unit) for _ in range(5)), f"{read.__name__} of {unit!r}"


@pytest.mark.parametrize("unit", RUSSIAN.values(), ids=RUSSIAN)
def test_twice_the_russian_text_takes_twice_the_time(unit):
    russian.normalise("Раз, два, 3 дома")  # the network and the dictionary are loaded
    assert any(_is_linear(russian.normalise, unit) for _ in range(5))


@pytest.mark.parametrize("unit", ["а", "a", "1", "XIV ", "%", "№ ", "а\u0301", "слово "])
def test_the_russian_frontend_reads_what_nobody_would_write(unit):
    frontend = RussianFrontend()
    frontend("Раз.")
    assert _seconds(frontend, unit, 10_000, tries=1) < 4  # s; 1 s on an idle core


@pytest.mark.parametrize("normalise", [english.normalise, russian.normalise])
def test_random_texts_are_read(normalise):
    chance = random.Random(0)
    for _ in range(100):
        text = "".join(chance.choices("[]VXaж1 .,-+:/%$№\u0301\u200b\u0000中ß①", k=chance.randint(1, 60)))
        normalise(text)  # benchmarks/random_texts.py reads many longer ones


def _is_linear(read, unit: str) -> bool:
    once, twice = _seconds(read, unit, 5_000), _seconds(read, unit, 10_000)
    return twice <= 2.5 * max(once, 0.004) and twice < 2  # s; below that the clock tells nothing


def test_a_paragraph_of_five_thousand_sentences_is_split_in_a_second():
    assert _seconds(split_sentences, "He saw Dr. Brown. ", 18 * 5_000) < 1  # s; a quarter of it on an idle core


def test_a_word_of_twenty_thousand_characters_is_cut():
    pieces = split_sentences("a" * 20_000)
    assert "".join(piece.text for piece in pieces) == "a" * 20_000


def test_the_leader_of_a_table_of_contents_is_a_pause():
    assert english.normalise("Chapter One" + "." * 70 + "5") == "Chapter One... five"
    assert english.normalise("Index . . . . . . . 12") == "Index... twelve"


def _seconds(read, unit: str, length: int, tries: int = 1) -> float:
    text = (unit * (length // len(unit) + 1))[:length]
    times = []
    for _ in range(tries):
        start = time.process_time()
        with contextlib.suppress(SpeechlabError):
            read(text)
        times.append(time.process_time() - start)
    return min(times)
