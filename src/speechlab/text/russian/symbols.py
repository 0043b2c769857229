"""Symbol tables of Russian: espeak-ng's Russian phones, and letters.

Which phones exist was read off the engine's published phoneme table and off all our Russian texts.
"""

from functools import lru_cache

from speechlab.text.symbols import END, PAD, PUNCTUATION, START, STRESSES, SymbolTable, is_phone

_VOWELS = '@ a a# A V V# e E E# E2 E3 i I I# I2 I3 I^ y Y o O u u# u" 8 ja ju'
_CONSONANTS = (
    "@- p b t t; d d; k g f v s s; z z; S S; Z Z; x Q m m; n n; n_ N l l; r r; r/ R R4 j w h ts ts; dz dz; tS tS; "
    "dZ dZ; p; b; f; v; k; g; x; ʲ ʔ"
)
LETTERS = "абвгдеёжзийклмнопрстуфхцчшщъыьэюя"
STRESS = "+"
GRAPHEME_MARKS = " .,!?…:;-–—«»()"
_VARIANTS = {
    "A": "a a#", "V": "V# @", "e": "E E# E2 E3", "i": "I I# I2 I3 I^", "y": "Y", "o": "O 8", "u": 'u# u"', "j": "ʲ",
    "n": "n_", "r": "R R4 r/", "": "@-",
}  # fmt: skip
_PLAIN = {variant: plain for plain, variants in _VARIANTS.items() for variant in variants.split()}


@lru_cache(maxsize=1)
def russian_symbols() -> SymbolTable:
    """Give the one table of Russian phone models: padding, edges, punctuation, consonants, vowels by stress."""
    vowels = [stress + vowel for vowel in _VOWELS.split() for stress in STRESSES]
    return SymbolTable((PAD, START, END, *PUNCTUATION, *_CONSONANTS.split(), *vowels))


@lru_cache(maxsize=1)
def russian_graphemes() -> SymbolTable:
    """Give the table of Russian letter models: lower case, ``+`` before the stressed vowel, marks.

    The blank between tokens is not in it: models put it after the last symbol.
    """
    return SymbolTable((PAD, START, END, *GRAPHEME_MARKS, STRESS, *LETTERS))


def plain_phone(symbol: str) -> str:
    """Name the sound of a token without stress and shade, as a listener would write it; "" for a pause.

    Phone errors are counted on these, as on the 39 phones of TIMIT (K.-F. Lee and H.-W. Hon, 1989): which of five kinds
    of "i" the engine chose is not what makes speech understood. The vowel-like opening of an "r" (``@-``) is none.
    """
    bare = symbol.lstrip("',") if is_phone(symbol) else ""
    return _PLAIN.get(bare, bare)
