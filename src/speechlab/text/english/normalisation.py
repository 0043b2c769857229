"""English normalisation: from what people type to words and punctuation that can be read aloud.

After the cleaners used with LJ Speech: transliteration to ASCII, numbers, abbreviations, white space; with
the forms people write on top, each kind a table and a few rules: addresses and Markdown, dates and times, money and
measures, names and acronyms. Capitals are kept, unlike there: the phonemiser reads "US" and "us" differently. Decimals
are read digit by digit, and a number with a thousands comma is never a year. Characters that cannot be read are left
out here; the frontend reports them. Every pattern takes time in proportion to the text.
"""

import html
import re
import unicodedata

from speechlab.text.english import numbers
from speechlab.text.english.amounts import NUMBER
from speechlab.text.english.amounts import RULES as AMOUNTS
from speechlab.text.english.dates import RULES as DATES
from speechlab.text.english.dates import read_numeric_dates
from speechlab.text.english.markup import ADDRESSES, MARKUP
from speechlab.text.english.markup import NUMBERS as DIGIT_STRINGS
from speechlab.text.english.names import RULES as NAMES
from speechlab.text.english.names import lower_shouting
from speechlab.text.english.words import CURRENCIES, LETTERS, PUNCTUATION, SIGNS, TYPOGRAPHY, Match, Rule, rule
from speechlab.text.split import sentence_spans

READABLE = {*LETTERS, *TYPOGRAPHY, *PUNCTUATION, "¢", *"".join([*SIGNS, *CURRENCIES])}


def is_readable(character: str) -> bool:
    """Whether a character has a sound or a meaning here; invisible ones count as readable."""
    if character in READABLE or character.isspace() or unicodedata.category(character) in ("Cf", "Mn"):
        return True
    plain = unicodedata.normalize("NFKD", character)
    return plain[0].isascii() and plain[0].isalnum()


def normalise(text: str, day_first: bool = False) -> str:
    """Write everything out in words: "Dr. Smith paid $3.50" is "Doctor Smith paid three dollars and fifty cents".

    Args:
        day_first: read 3/4/2025 as the third of April; else, as in America, as March fourth.
    """
    text = re.sub(r"&#?\w{1,8};", lambda entity: html.unescape(entity[0]), text)
    text = re.sub(r"(?<=\d)×(?=\d)(?!10[\^⁰-⁹²³])", "x", text)
    text = re.sub(r"(?<=\w)\[\d{1,3}\]|(?<=[.,;!?\"”])[¹²³⁰⁴-⁹]+", "", text)  # of footnotes
    sentences = [_read(_to_ascii(text[start:end]), day_first) for start, end in sentence_spans(text, "en")]
    sentences = [sentence for sentence in sentences if sentence]
    closed = [sentence if sentence[-1] in ".!?,;:\"')]-" else f"{sentence}." for sentence in sentences[:-1]]
    return " ".join([*closed, *sentences[-1:]])


def _read(sentence: str, day_first: bool) -> str:
    text = lower_shouting(_apply([*MARKUP, *ADDRESSES], " ".join(sentence.split())))
    if re.search(r"\d", text):
        text = _apply(DIGIT_STRINGS, read_numeric_dates(text, day_first))
        text = _apply([*DATES, *AMOUNTS, *NAMES, *NUMBERS], text)
    else:
        text = _apply([*DATES, *NAMES], text)
    return " ".join(_apply(SIGNS_LEFT, text).split())


def _apply(rules: list[Rule], text: str) -> str:
    for pattern, replacement in rules:
        text = pattern.sub(replacement, text)
    return text


def _to_ascii(text: str) -> str:
    characters = []
    for character in text:
        if character in TYPOGRAPHY or character in LETTERS:
            characters.append(TYPOGRAPHY.get(character) or LETTERS[character])
        elif character.isspace():
            characters.append(" ")
        elif character in READABLE:
            characters.append(character)
        elif unicodedata.category(character) not in ("Cf", "Mn"):  # invisible ones vanish, unknown ones part words
            plain = unicodedata.normalize("NFKD", character) if is_readable(character) else " "
            plain = " " + plain.replace("\u2044", "/") if "\u2044" in plain else plain  # one character: "1/2"
            characters.append("".join(c for c in plain if c.isascii()))
    return "".join(characters)


def _mixed_fraction(match: Match) -> str:
    part = numbers.fraction(int(match[2]), int(match[3]))
    if not match[1]:
        return part
    return f"{numbers.count(match[1])} and {re.sub(r'^one ', 'a ', part)}"


NUMBERS: list[Rule] = [
    rule(r"(?<![\w,])(\d[\d,]*+)(?<!,)(?:st|nd|rd|th)\b", lambda m: numbers.ordinal_of(m[1])),
    rule(r"(?<![\w'.])'?(\d{1,4})'?s\b", lambda m: numbers.decade(m[1])),
    rule(r"(?:\b(\d++)[ -])?\b(\d{1,3})/(\d{1,3})\b(?!/)", _mixed_fraction),
    rule(rf"(?<=\d)\s?-\s?(?={NUMBER})", " to "),
    rule(rf"(?<![\w.])-(?={NUMBER})", " minus "),
    rule(r"(\d)(?=[A-Za-z])|([A-Za-z])(?=\d)", r"\1\2 "),
    rule(r"(?<!\d)(\d{1,3}(?:,\d{3})++|\d*+)\.(\d++)", lambda m: numbers.decimal(m[1], m[2])),
    rule(r"\d{1,3}(?:,\d{3})++(?!\d)|\d++", lambda m: numbers.integer(m[0])),
]  # fmt: skip
SIGNS_LEFT: list[Rule] = [
    rule(r"(?<=[a-z])\.(?=[a-z])", " dot "),
    *[rule(re.escape(sign), word) for sign, word in sorted(SIGNS.items(), key=lambda pair: -len(pair[0]))],
    rule(f"[{re.escape(''.join(c for c in ''.join(CURRENCIES) if not c.isalpha()))}¢]", " "),
    rule(r"(?<!\s)\s++(?=[,.!?;:](?!\.))", ""),
]  # fmt: skip
