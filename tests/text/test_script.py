"""A script keeps the text's words and their places, and its pauses are those of the text, the tags and the caller."""

import pytest

from speechlab.errors import SpeechlabError
from speechlab.text.script import Pauses, parse_pauses, read_script
from speechlab.text.ssml import is_ssml
from speechlab.text.subtitles import Cue, in_srt, in_vtt, parse_subtitles

TEXT = """# The Road

It was long. It was hard, and it went on and on through a wood of
which nobody knew the end. Then it ended.

- one stone
- two stones

Roses are red,
Violets are blue.
"""
PAUSES = Pauses(sentence=0.1, clause=0.2, line=0.3, heading=0.4, paragraph=0.5)


def test_lines_are_pieces_of_the_text_and_hold_all_of_it():
    lines = read_script(TEXT)
    assert all(TEXT[line.start : line.end] == line.text for line in lines)
    assert " ".join(" ".join(line.text for line in lines).split()) == " ".join(TEXT.split())


def test_each_kind_of_end_has_its_pause():
    found = {" ".join(line.text.split())[:14]: line.pause_s for line in read_script(TEXT, pauses=PAUSES)}
    assert found == {
        "# The Road": 0.5,  # a heading that is a paragraph: the longer of both
        "It was long.": 0.1,
        "It was hard, a": 0.1,
        "Then it ended.": 0.5,
        "- one stone": 0.3,
        "- two stones": 0.5,
        "Roses are red,": 0.3,
        "Violets are bl": 0.0,  # the end of the text
    }


def test_text_that_is_only_wrapped_is_joined():
    words = "word " * 60
    wrapped = "\n".join(words[at : at + 70].strip() for at in range(0, 300, 70))
    assert len(read_script(wrapped)) == 1


def test_paragraphs_are_counted():
    assert [line.paragraph for line in read_script("One cat.\n\nTwo dogs. Three birds.\n\n\n\nFour.")] == [0, 1, 1, 2]


def test_pauses_are_read_and_held_to_bounds():
    assert parse_pauses({"sentence": "0.3"}) == Pauses(sentence=0.3)
    for settings, named in (
        ({"word": "1"}, "word"),
        ({"line": "x"}, "'x'"),
        ({"line": "-1"}, "-1"),
        ({"line": "nan"}, "nan"),
    ):
        with pytest.raises(SpeechlabError, match=named):
            parse_pauses(settings)


def lines_of(text, language="en"):
    return [(line.text, line.pause_s) for line in read_script(text, language, PAUSES)]


def test_a_break_stands_in_place_of_a_pause():
    assert lines_of('<break time="200ms"/>One. <break time="1.5s"/>Two<break strength="none"/> three. Four.') == [
        ("", 0.2), ("One.", 1.5), ("Two", 0.0), ("three.", 0.1), ("Four.", 0.0),
    ]  # fmt: skip
    assert lines_of('One.<break time="2s"/>') == [("One.", 2.0)]


def test_sentences_and_paragraphs_of_tags_pause():
    assert lines_of("<speak><p>One</p><p><s>Two</s><s>Three</s></p></speak>") == [
        ("One", 0.5), ("Two", 0.1), ("Three", 0.0),
    ]  # fmt: skip


def test_prosody_multiplies_and_is_left_again():
    inner = '<prosody rate="50%">a <prosody rate="200%" pitch="+12st" volume="-6dB">b</prosody> c</prosody> d'
    assert [(line.text, line.pace, line.pitch, line.gain_db) for line in read_script(inner)] == [
        ("a", 0.5, 1.0, 0.0), ("b", 1.0, 2.0, -6.0), ("c", 0.5, 1.0, 0.0), ("d", 1.0, 1.0, 0.0),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("tagged", "language", "said"),
    [
        ('the <sub alias="World Wide Web">WWW</sub>.', "en", "the World Wide Web."),
        ('<phoneme alphabet="espeak" ph="h@l\'oU">x</phoneme> you', "en", "[[h@l'oU]] you"),
        ('<say-as interpret-as="characters">abc</say-as>', "en", "A, B, C"),
        ('<say-as interpret-as="digits">2024</say-as>', "en", "2 0 2 4"),
        ('<say-as interpret-as="ordinal">22</say-as>', "en", "22nd"),
        ('<say-as interpret-as="ordinal">3</say-as>', "ru", "3-й"),
        ("<s>a &lt; b &amp; c</s>", "en", "a < b & c"),
    ],
)
def test_words_are_said_as_the_tags_ask(tagged, language, said):
    assert [line.text for line in read_script(tagged, language)] == [said]


@pytest.mark.parametrize(
    "text",
    [
        "a <b>bold</b> word",
        '<audio src="x.wav"/>',
        "<emphasis>a</emphasis>",
        "<speak><unheard-of>a</unheard-of></speak>",
        "<prosody rate='warp'>a</prosody>",
        "<prosody rate='900%'>a</prosody>",
        "<prosody contour='x'>a</prosody>",
        "<break time='1h'/>a",
        "<break time='3600s'/>a",
        "<phoneme ph='abc'>a</phoneme>",
        "<say-as interpret-as='song'>a</say-as>",
        "<s>a",
        "<s>a</p>",
        "<!DOCTYPE a [<!ENTITY b 'c'>]><speak>&b;</speak>",
        "<s>a < b</s>",
    ],
)
def test_other_tags_are_refused_and_not_read_aloud(text):
    with pytest.raises(SpeechlabError):
        read_script(text)


@pytest.mark.parametrize("text", ["a < b", "x <= y and y > z", "Vector<int> is a type", "I <3 you", "<name>"])
def test_what_only_looks_like_a_tag_is_text(text):
    assert not is_ssml(text) and read_script(text)


CUES = [Cue(0.0, 1.25, "One & two."), Cue(1.5, 3661.999, "Three < four.")]


@pytest.mark.parametrize("write", [in_srt, in_vtt])
def test_subtitles_are_read_as_they_were_written(write):
    assert parse_subtitles(write(CUES)) == CUES


def test_subtitles_are_read_as_people_write_them():
    text = (
        "1\r\n0:0:1,5 --> 0:0:2,25\r\n{\\an8}<i>Hello</i>\r\nyou\r\n2\r\n00:03.000 --> 00:04.000 align:start\r\nBye\r\n"
    )
    assert parse_subtitles(text.replace("\r\n", "\n")) == [Cue(1.5, 2.25, "Hello you"), Cue(3.0, 4.0, "Bye")]
    with pytest.raises(SpeechlabError, match="no cue"):
        parse_subtitles("words")
    with pytest.raises(SpeechlabError, match="before it begins"):
        parse_subtitles("00:03.000 --> 00:02.000\nx")
