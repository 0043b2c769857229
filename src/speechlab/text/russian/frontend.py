"""From Russian text to tokens: phonemes of espeak-ng with our stress, or letters.

A word whose stress is not the engine's goes to it as ``[[...]]``, so ``RussianText.spoken``, said by the engine, gives
exactly the tokens of the text; the embedded corpus is rendered from it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from speechlab.errors import SpeechlabError
from speechlab.text.phonemes import EspeakFrontend, PhonemeText, Word, _Clause
from speechlab.text.russian.normalisation import is_readable, normalise
from speechlab.text.russian.stress import GIVEN, PIECES, StressedWord, move_stress, place_stress, unmark
from speechlab.text.russian.symbols import russian_graphemes, russian_symbols
from speechlab.text.symbols import END, START

LONGEST_CLAUSE = 250  # letters
OF_ENGINE = ("one vowel", "engine", "none")  # espeak-ng knows these, and how they lean on their neighbours


@dataclass
class RussianText(PhonemeText):
    """What a Russian text became, with the stress of every word that is not given as phonemes."""

    stresses: list[StressedWord] = field(default_factory=list)


class RussianFrontend(EspeakFrontend):
    """Russian text to tokens of ``russian_symbols()``.

    Args:
        lexicon: a word's stress ("замок": "зам+ок") or, in espeak-ng's mnemonics, its phonemes.
    """

    pieces = PIECES

    def __init__(self, lexicon: Mapping[str, str] | None = None, voice: str = "ru"):
        self.stresses, phonemes = _split_lexicon(lexicon or {})
        super().__init__(voice, russian_symbols(), phonemes)

    def __call__(self, text: str) -> RussianText:
        """Turn a text into tokens; ``з+амок`` and U+0301 give a word's stress, ``[[z'amok]]`` its phonemes.

        Raises:
            SpeechlabError: there is nothing to read, or a stress mark or inline phonemes are malformed.
        """
        found = super().__call__(text)
        return RussianText(**vars(found), stresses=place_stress(PIECES.findall(found.normalised), self.stresses))

    def _normalise(self, text: str) -> str:
        return normalise(text, self.stresses)

    def _is_readable(self, character: str) -> bool:
        return is_readable(character)

    def _spoken(self, normalised: str) -> str:
        words = iter([word for clause in self._clauses(normalised) for word in clause.words])
        return PIECES.sub(lambda piece: next(words) if _is_word(piece[0]) else piece[0], normalised).translate(
            {ord(mark): " " for mark in "«»"}
        )

    def _clauses(self, normalised: str) -> list[_Clause]:
        """Split into clauses, and give words whose stress is not the engine's as phonemes."""
        clauses = [part for clause in super()._clauses(normalised) for part in _parts(clause)]
        placed = iter(place_stress(PIECES.findall(normalised), self.stresses))
        for clause in clauses:
            for index, (word, name) in enumerate(zip(clause.words, clause.names, strict=True)):
                if name.startswith("[["):
                    continue
                stressed = next(placed)
                clause.names[index] = stressed.text
                clause.words[index] = self._said(stressed, word)
        return clauses

    def _said(self, stressed: StressedWord, word: str) -> str:
        if stressed.text.lower() in self.lexicon:
            return self.lexicon[stressed.text.lower()]
        if word.startswith("[[") or stressed.source in OF_ENGINE:
            return stressed.text
        try:
            phones = move_stress(stressed.text, stressed.position, self.voice)
        except SpeechlabError:
            if stressed.source in GIVEN:  # what a person wants and cannot be said is an error
                raise
            return stressed.text
        return f"[[{'|'.join(phones)}]]" if phones else stressed.text


class RussianGraphemes:
    """Russian text to letters, tokens of ``russian_graphemes()``.

    Args:
        lexicon: the stress of words, {"замок": "зам+ок"}.
        stress: put ``+`` before stressed vowels; without it these are the letters of report 002, in lower case.
    """

    def __init__(self, lexicon: Mapping[str, str] | None = None, stress: bool = True):
        self.stresses, _ = _split_lexicon(lexicon or {})
        self.stress, self.symbols = stress, russian_graphemes()

    def __call__(self, text: str) -> RussianText:
        """Turn a text into letters between a start and an end token; "..." becomes one mark.

        Raises:
            SpeechlabError: there is nothing to read in the text.
        """
        normalised = normalise(text, self.stresses)
        pieces = list(PIECES.finditer(normalised.lower()))
        stresses = iter(place_stress([piece[0] for piece in pieces], self.stresses))
        symbols, words, said, end = [START], [], [], 0
        for piece in pieces:
            symbols += [" "] * (piece.start() > end and end > 0)
            end = piece.end()
            if not _is_word(piece[0]):
                symbols += [mark for mark in piece[0].replace("...", "…") if mark in self.symbols]
                continue
            said.append(next(stresses))
            written = said[-1].plus if self.stress else said[-1].text
            words.append(Word(said[-1].text, len(symbols), len(symbols) + len(written)))
            symbols += written
        if not words:
            raise SpeechlabError(f"there is nothing to read in {text[:60]!r}; give a text with at least one word")
        unknown = [(character, at) for at, character in enumerate(text) if not is_readable(character)]
        return RussianText(text, normalised, [*symbols, END], words, unknown, normalised, said)


def _parts(clause: _Clause) -> list[_Clause]:
    """Cut a clause that would take the engine long, between words; nobody says 250 letters in one breath."""
    if sum(map(len, clause.words)) <= LONGEST_CLAUSE:
        return [clause]
    parts, length = [_Clause([], [])], 0
    for word, name in zip(clause.words, clause.names, strict=True):
        if length > LONGEST_CLAUSE - len(word) and parts[-1].words:
            parts.append(_Clause([], []))
            length = 0
        parts[-1].words.append(word)
        parts[-1].names.append(name)
        length += len(word)
    parts[-1].mark = clause.mark
    return parts


def _is_word(piece: str) -> bool:
    return piece.startswith("[[") or piece[0].isalnum()


def _split_lexicon(lexicon: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Tell stress, spelled in Russian letters, from phonemes; check that it is the same word."""
    stresses, phonemes = {}, {}
    for word, value in lexicon.items():
        if not re.search("[а-яё]", value.lower()):
            phonemes[word] = value
            continue
        bare, position = unmark(value.lower())
        if position is None or bare != word.lower():
            raise SpeechlabError(f"the lexicon spells {word!r} as {value!r}; write the word with + before one vowel")
        stresses[word.lower()] = value.lower()
    return stresses, phonemes
