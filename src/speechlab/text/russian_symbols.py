"""Symbol tables of Russian: espeak-ng's Russian phones, and letters.

Which phones exist was read off the engine's published phoneme table and off all our Russian texts.
"""

from functools import lru_cache

from speechlab.text.symbols import END, PAD, PUNCTUATION, START, STRESSES, SymbolTable

_VOWELS = '@ a a# A V V# e E E# E2 E3 i I I# I2 I3 I^ y Y o O u u# u" 8 ja ju'
_CONSONANTS = (
    "@- p b t t; d d; k g f v s s; z z; S S; Z Z; x Q m m; n n; n_ N l l; r r; r/ R R4 j w h ts ts; dz dz; tS tS; "
    "dZ dZ; p; b; f; v; k; g; x; ʲ ʔ"
)
LETTERS = "абвгдеёжзийклмнопрстуфхцчшщъыьэюя"
STRESS = "+"
GRAPHEME_MARKS = " .,!?…:;-–—«»()"


@lru_cache(maxsize=1)
def russian_symbols() -> SymbolTable:
    """Give the one table of Russian phone models: padding, edges, punctuation, consonants, vowels by stress."""
    vowels = [stress + vowel for vowel in _VOWELS.split() for stress in STRESSES]
    return SymbolTable((PAD, START, END, *PUNCTUATION, *_CONSONANTS.split(), *vowels))


@lru_cache(maxsize=1)
def russian_graphemes() -> SymbolTable:
    """Give the table of Russian letter models (spec 2.6): lower case, ``+`` before the stressed vowel, marks.

    The blank between tokens is not in it: models put it after the last symbol.
    """
    return SymbolTable((PAD, START, END, *GRAPHEME_MARKS, STRESS, *LETTERS))
