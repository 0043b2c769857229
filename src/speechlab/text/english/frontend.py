"""From English text to tokens: phonemes of espeak-ng, homographs by the words around them."""

from collections.abc import Mapping

from speechlab.text.english.homographs import said
from speechlab.text.english.normalisation import is_readable, normalise
from speechlab.text.phonemes import PIECES, EspeakFrontend, _Clause
from speechlab.text.symbols import english_symbols


class EnglishFrontend(EspeakFrontend):
    """English text to tokens of ``english_symbols()``.

    Args:
        lexicon: phonemes of words that the engine gets wrong; ``load_lexicon`` reads them from a file.
        voice: the engine's accent; the symbol table is that of en-us.
    """

    def __init__(self, lexicon: Mapping[str, str] | None = None, voice: str = "en-us"):
        super().__init__(voice, english_symbols(), lexicon)

    def _normalise(self, text: str) -> str:
        return normalise(text)

    def _is_readable(self, character: str) -> bool:
        return is_readable(character)

    def _clauses(self, normalised: str) -> list[_Clause]:
        """Split into clauses, and choose the phonemes of homographs and letters by the words around them."""
        clauses = super()._clauses(normalised)
        for clause in clauses:
            plain = {at for at, (word, name) in enumerate(zip(clause.words, clause.names, strict=True)) if word == name}
            chosen = {at: phones for at, phones in said(clause.names).items() if at in plain}
            clause.chosen = {at: self._inline(phones, clause.names[at]) for at, phones in chosen.items()}
        return clauses

    def _spoken(self, normalised: str) -> str:
        clauses = self._clauses(normalised)
        if not any(clause.chosen for clause in clauses):
            return normalised
        words = iter(clause.chosen.get(at, name) for clause in clauses for at, name in enumerate(clause.names))
        is_word = lambda piece: piece.startswith("[[") or piece[0].isalnum()  # noqa: E731
        return PIECES.sub(lambda piece: next(words) if is_word(piece[0]) else piece[0], normalised)
