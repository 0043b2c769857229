"""Symbol tables: which tokens a model knows, and their numbers. A table is stamped into every checkpoint.

The English alphabet is espeak-ng's en-us mnemonics with the stress on the vowel (``,`` secondary, ``'`` primary). Two
mnemonics look like punctuation and are renamed: the linking glide ``;`` is ``ʲ`` and the glottal stop ``?`` is ``ʔ``.
Which phones exist was read off the engine: all 13,100 LJ Speech transcripts and 126,000 dictionary words.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache

from speechlab.errors import SpeechlabError

PAD, START, END = "_pad", "^", "$"
PUNCTUATION = (",", ".", "!", "?", ";", ":", "-", "…")
RENAMED = {";": "ʲ", "?": "ʔ", "i::": "i:"}

_VOWELS = (
    "@ @- @2 @5 @L 0 3 3: A: A@ A~ E I I# I2 O O: O2 O@ OI O~ U U@ V a a# aI aI3 aI@ aU aU@ aa e@ eI "
    "i i: i@ i@3 o o@ oU oU# u: n-"
)
_CONSONANTS = "p b t t2 t# d k g tS dZ f v T D s z S Z h x m n N l l# r r- j w ʲ ʔ"
ENGLISH_VOWELS, ENGLISH_CONSONANTS = tuple(_VOWELS.split()), tuple(_CONSONANTS.split())
STRESSES = ("", ",", "'")
_CLASSES = {
    "stop": "p b t t2 t# d k g ʔ",
    "affricate": "tS dZ",
    "fricative": "f v T D s z S Z h x",
    "nasal": "m n N",
    "approximant": "l l# r r- j w ʲ",
}
PHONE_CLASSES = {phone: name for name, phones in _CLASSES.items() for phone in phones.split()}


class SymbolTable:
    """A fixed order of symbols; number 0 is padding."""

    def __init__(self, symbols: Sequence[str]):
        self.symbols = tuple(symbols)
        self._numbers = {symbol: number for number, symbol in enumerate(self.symbols)}
        if not self.symbols or self.symbols[0] != PAD or len(self._numbers) != len(self.symbols):
            raise ValueError(f"a symbol table begins with {PAD!r} and names no symbol twice")

    def __len__(self) -> int:
        return len(self.symbols)

    def __contains__(self, symbol: str) -> bool:
        return symbol in self._numbers

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SymbolTable) and self.symbols == other.symbols

    def __hash__(self) -> int:
        return hash(self.symbols)

    def ids(self, symbols: Iterable[str]) -> list[int]:
        """Number each symbol.

        Raises:
            SpeechlabError: a symbol is not in the table; the message names it and its position.
        """
        numbers = []
        for position, symbol in enumerate(symbols):
            if symbol not in self._numbers:
                raise SpeechlabError(
                    f"symbol {symbol!r} at position {position} is not among the {len(self)} this model knows; "
                    "respell the word in the lexicon or inline as [[...]]"
                )
            numbers.append(self._numbers[symbol])
        return numbers

    def to_list(self) -> list[str]:
        """Give the symbols in order, for a checkpoint's card; ``SymbolTable(...)`` of it is the same table."""
        return list(self.symbols)


@lru_cache(maxsize=1)
def english_symbols() -> SymbolTable:
    """Give the one table of English models: padding, edges, punctuation, consonants, vowels with each stress."""
    vowels = [stress + vowel for vowel in ENGLISH_VOWELS for stress in STRESSES]
    return SymbolTable((PAD, START, END, *PUNCTUATION, *ENGLISH_CONSONANTS, *vowels))


def is_phone(symbol: str) -> bool:
    """Whether a symbol is a phone, rather than padding, an edge or punctuation."""
    return symbol not in (PAD, START, END) and symbol not in PUNCTUATION


def phone_class(symbol: str) -> str:
    """Name the class of a symbol of the English table: vowel, stop, affricate, fricative, nasal, approximant, pause."""
    return PHONE_CLASSES.get(symbol, "vowel") if is_phone(symbol) else "pause"
