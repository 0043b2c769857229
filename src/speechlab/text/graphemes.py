"""Letters as a model's tokens, in upper and lower case as they are written: what report 002 let its model read."""

from collections.abc import Callable, Mapping
from functools import lru_cache

from speechlab.errors import SpeechlabError
from speechlab.text.frontend import for_language
from speechlab.text.phonemes import PhonemeText, Word
from speechlab.text.symbols import PAD, SymbolTable

LETTERS = {"en": "abcdefghijklmnopqrstuvwxyz", "ru": "абвгдеёжзийклмнопрстуфхцчшщъыьэюя"}
MARKS = " !\"'(),-.:;?…«»—–"
FRONTENDS = ("phonemes", "graphemes", "stressed_graphemes")


@lru_cache(maxsize=4)
def cased_symbols(language: str) -> SymbolTable:
    """Give the table of a language's letter models: padding, marks, and letters in both cases.

    Raises:
        SpeechlabError: the letters of the language are not known.
    """
    if language not in LETTERS:
        raise SpeechlabError(f"no letters of the language {language!r} are known; choose {' or '.join(LETTERS)}")
    return SymbolTable((PAD, *MARKS, *LETTERS[language], *LETTERS[language].upper()))


class CasedGraphemes:
    """Text to letters, without tokens for its edges.

    Args:
        language: en or ru.
    """

    def __init__(self, language: str):
        self.symbols = cased_symbols(language)
        self.normalise: Callable[[str], str]
        self.is_readable: Callable[[str], bool]
        if language == "ru":
            from speechlab.text.russian import normalisation as russian

            self.normalise, self.is_readable = russian.normalise, russian.is_readable
        else:
            from speechlab.text.english import normalisation as english

            self.normalise, self.is_readable = english.normalise, english.is_readable

    def __call__(self, text: str) -> PhonemeText:
        """Turn a text into letters and marks; numbers are written out, and what is neither letter nor mark is left out.

        Raises:
            SpeechlabError: there is nothing to read in the text.
        """
        normalised = self.normalise(text).replace("...", "…").strip()
        symbols = [character for character in normalised if character in self.symbols and character != PAD]
        words, start = [], None
        for at, symbol in enumerate([*symbols, " "]):
            if symbol.isalpha() and start is None:
                start = at
            elif not symbol.isalpha() and start is not None:
                words.append(Word("".join(symbols[start:at]), start, at))
                start = None
        if not words:
            raise SpeechlabError(f"there is nothing to read in {text[:60]!r}; give a text with at least one word")
        unknown = [(character, at) for at, character in enumerate(text) if not self.is_readable(character)]
        return PhonemeText(text, normalised, symbols, words, unknown, normalised)


def make_frontend(name: str, language: str, lexicon: Mapping[str, str] | None = None):
    """Give the front end of a name for a language: ``phonemes``, ``graphemes`` or ``stressed_graphemes``.

    Args:
        lexicon: of phonemes, or of Russian stresses; letters as they are written have none.

    Raises:
        SpeechlabError: there is no such front end, or it cannot do what is asked.
    """
    if name == "phonemes":
        return for_language(language, lexicon)
    if name == "graphemes":
        if lexicon:
            raise SpeechlabError("this voice reads letters as they are written and has no use for a lexicon")
        return CasedGraphemes(language)
    if name == "stressed_graphemes" and language == "ru":
        from speechlab.text.russian.frontend import RussianGraphemes

        return RussianGraphemes(lexicon)
    raise SpeechlabError(f"there is no text front end {name!r} for {language!r} (known: {', '.join(FRONTENDS)})")
