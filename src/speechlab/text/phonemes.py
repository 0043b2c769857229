"""From text to the tokens an acoustic model reads.

The sequence is ``^ phones , phones ... . $``: a start and an end token (the silence at the edges of a recording), the
phones of espeak-ng with their stress on the vowel, and one token per punctuation mark, which stands for its pause.
Nothing marks a boundary between words; ``PhonemeText.words`` knows where they are. Several marks in a row become the
strongest of them, brackets become commas, quotation marks vanish. Marks before the first word are dropped, since the
start token is there. Pauses that espeak-ng proposes inside a long clause are left out: they are its taste, not the
reader's.

The embedded corpus labels its sentences through this module, so its true timings match these tokens one for one.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from speechlab.errors import SpeechlabError
from speechlab.text.espeak import engine
from speechlab.text.symbols import END, RENAMED, START, SymbolTable, is_phone

INLINE = re.compile(r"\[\[([^\[\]\n]*+)\]\]")
PIECES = re.compile(r"\[\[[^\[\]\n]*+\]\]|[^\W_]{1,60}(?:['\-][^\W_]{1,60}){0,8}|\.\.\.|--|[^\w\s]")
MOST_WORDS, MOST_PHONES = 40, 500  # said at once: to find the words in what the engine fused takes time in their square
STRENGTH = ("-", ",", ";", ":", ".", "…", "!", "?")  # the later wins where several marks meet
MARKS = {"...": "…", "--": "-", "–": "-", "—": "-", "(": ",", ")": ",", "[": ",", "]": ","} | {m: m for m in STRENGTH}


@dataclass(frozen=True)
class Word:
    """A word and its tokens ``symbols[start:end]``."""

    text: str
    start: int
    end: int


@dataclass
class PhonemeText:
    """What a text became on its way to tokens."""

    text: str
    normalised: str
    symbols: list[str]
    words: list[Word]
    unknown: list[tuple[str, int]] = field(default_factory=list)  # characters nobody can read, position in ``text``
    spoken: str = ""  # what the engine says for these tokens; words whose stress was moved are ``[[...]]``


@dataclass
class _Clause:
    words: list[str]  # as espeak-ng reads them; inline phonemes as [[...]]
    names: list[str]  # as a person reads them
    mark: str = ""  # the punctuation that ends it
    chosen: dict[int, str] = field(default_factory=dict)  # phonemes of words that their neighbours decide

    def part(self, start: int, end: int) -> "_Clause":
        """Give some of its words, without the mark."""
        chosen = {at - start: phones for at, phones in self.chosen.items() if start <= at < end}
        return _Clause(self.words[start:end], self.names[start:end], chosen=chosen)


class EspeakFrontend:
    """The part that languages share; a language gives ``_normalise``, ``_is_readable`` and its voice."""

    pieces = PIECES

    def __init__(self, voice: str, symbols: SymbolTable | None, lexicon: Mapping[str, str] | None = None):
        self.voice = voice
        self.symbols = symbols
        self.lexicon = {word.lower(): self._inline(phones, word) for word, phones in (lexicon or {}).items()}

    def __call__(self, text: str) -> PhonemeText:
        """Turn a text into tokens.

        ``[[h@l'oU]]`` in the text gives phonemes directly; words of the lexicon get theirs.

        Raises:
            SpeechlabError: there is nothing to read in the text, or inline phonemes are malformed.
        """
        unknown = self._unknown(text)
        normalised = self._normalise_around_inline(text)
        symbols, words = [START], []
        for clause in self._clauses(normalised):
            for name, phones in zip(clause.names, self._phonemise(clause), strict=True):
                words.append(Word(name, len(symbols), len(symbols) + len(phones)))
                symbols += phones
            _add_mark(symbols, clause.mark)
        if not any(is_phone(symbol) for symbol in symbols):
            shown = ", ".join(f"{character!r} at {position}" for character, position in unknown[:5])
            raise SpeechlabError(
                f"there is nothing to read in {text[:60]!r}" + (f" (unknown: {shown})" if shown else "")
                + "; give a text with at least one word"
            )  # fmt: skip
        return PhonemeText(text, normalised, [*symbols, END], words, unknown, self._spoken(normalised))

    def _normalise(self, text: str) -> str:
        raise NotImplementedError

    def _is_readable(self, character: str) -> bool:
        raise NotImplementedError

    def _spoken(self, normalised: str) -> str:
        return normalised

    def _unknown(self, text: str) -> list[tuple[str, int]]:
        inside = {at for match in INLINE.finditer(text) for at in range(*match.span())}
        return [(c, at) for at, c in enumerate(text) if at not in inside and not self._is_readable(c)]

    def _normalise_around_inline(self, text: str) -> str:
        """Normalise what is not inline phonemes, and write the phonemes with ``|`` between them."""
        if (opening := INLINE.sub(lambda match: " " * len(match[0]), text).find("[[")) >= 0:
            raise SpeechlabError(f"[[ at position {opening} is never closed; inline phonemes end with ]]")
        parts, position = [], 0
        for match in INLINE.finditer(text):
            parts += [self._normalise(text[position : match.start()]), self._inline(match[1], match[0])]
            position = match.end()
        return " ".join(part for part in [*parts, self._normalise(text[position:])] if part)

    def _inline(self, phones: str, where: str) -> str:
        """Check phonemes written together, or apart with blanks or ``|``; the longest known label is read first."""
        labels, longest = [], 6
        for run in re.split(r"[\s|]+", phones.strip()):
            while run:
                fits = (n for n in range(min(longest, len(run)), 0, -1) if self._is_label(run[:n]))
                if not (length := next(fits, 0)):
                    raise SpeechlabError(f"{run!r} in {where!r} begins with no known phoneme; see the symbol table")
                labels.append(_spelled_for_engine(run[:length]))
                run = run[length:]
        if not labels:
            raise SpeechlabError(f"{where!r} holds no phonemes")
        return f"[[{'|'.join(labels)}]]"

    def _is_label(self, label: str) -> bool:
        name = RENAMED.get(label, label)
        return self.symbols is None or (name in self.symbols and is_phone(name))

    def _clauses(self, normalised: str) -> list[_Clause]:
        clauses = [_Clause([], [])]
        for piece in self.pieces.findall(normalised):
            clause = clauses[-1]
            if mark := MARKS.get(piece):
                clause.mark = _stronger(clause.mark, mark)
            elif piece.startswith("[[") or piece[0].isalnum():
                if clause.mark:
                    clauses.append(clause := _Clause([], []))
                clause.words.append(self.lexicon.get(piece.lower(), piece))
                clause.names.append(piece)
        return clauses

    def _phonemise(self, clause: _Clause) -> list[list[str]]:
        """Give each word of a clause its phones, as the engine says the words together."""
        if (middle := len(clause.words) // 2) >= MOST_WORDS // 2:
            return [*self._phonemise(clause.part(0, middle)), *self._phonemise(clause.part(middle, len(clause.words)))]
        text = " ".join(clause.words)
        if "[[" in text:  # only synthesis reads inline phonemes
            groups = _spoken_words(text, self.voice)
        else:
            groups = [word for part in engine().phonemes(text, self.voice) for word in part]
        if len(groups) != len(clause.words):
            alone = [self._alone(word) for word in clause.words]
            groups = _share_out(groups, alone) if sum(map(len, groups)) <= MOST_PHONES else list(map(list, alone))
        decided = [clause.chosen.get(at, word) for at, word in enumerate(clause.words)]
        given = [
            self._alone(word) if word.startswith("[[") else group for word, group in zip(decided, groups, strict=True)
        ]
        return [[RENAMED.get(phone, phone) for phone in group] for group in given]

    def _alone(self, word: str) -> tuple[str, ...]:
        return tuple(word[2:-2].split("|")) if word.startswith("[[") else _phones_alone(word, self.voice)


def _stronger(first: str, second: str) -> str:
    return max((first, second), key=lambda mark: STRENGTH.index(mark) if mark else -1)


def _add_mark(symbols: list[str], mark: str) -> None:
    """Append a clause's punctuation, unless nothing was said yet; marks that meet become one."""
    if not mark or len(symbols) == 1:
        return
    if is_phone(symbols[-1]):
        symbols.append(mark)
    else:
        symbols[-1] = _stronger(symbols[-1], mark)


def _spelled_for_engine(label: str) -> str:
    return {"ʲ": ";", "ʔ": "?"}.get(label, label)


def _spoken_words(text: str, voice: str) -> list[list[str]]:
    speech = engine().speak(text, voice)
    words = [[label for label, _, _ in speech.phones[first:last]] for _, first, last in speech.words]
    spoken = [[label for label in word if not label.startswith("_")] for word in words]
    return [word for word in spoken if word]


@lru_cache(maxsize=20_000)
def _phones_alone(word: str, voice: str) -> tuple[str, ...]:
    return tuple(phone for clause in engine().phonemes(word, voice) for group in clause for phone in group)


def _share_out(groups: list[list[str]], alone: list[tuple[str, ...]]) -> list[list[str]]:
    """Find the words inside groups that the engine fused, by aligning them with the words said alone.

    Edit distance with a cheap substitution between equal phones of different stress.
    """
    phones = [phone for group in groups for phone in group]
    models = [(phone, word) for word, word_phones in enumerate(alone) for phone in word_phones]
    costs = [[float(j) for j in range(len(models) + 1)]]
    for i, phone in enumerate(phones, 1):
        row, above = [float(i)], costs[-1]
        for j, (model, _) in enumerate(models, 1):
            row.append(min(above[j - 1] + _difference(phone, model), above[j] + 1.0, row[j - 1] + 1.0))
        costs.append(row)
    owners, i, j = [0] * len(phones), len(phones), len(models)
    while i > 0:
        if j > 0 and costs[i][j] == costs[i - 1][j - 1] + _difference(phones[i - 1], models[j - 1][0]):
            i, j = i - 1, j - 1
            owners[i] = models[j][1]
        elif j > 0 and costs[i][j] == costs[i][j - 1] + 1.0:
            j -= 1
        else:
            i -= 1
            owners[i] = models[j - 1][1] if j > 0 else 0
    return [[phone for phone, owner in zip(phones, owners, strict=True) if owner == word] for word in range(len(alone))]


def _difference(phone: str, model: str) -> float:
    if phone == model:
        return 0.0
    same_kind = (phone.lstrip(",'")[0] in "@aeiouAEIOUV03") == (model.lstrip(",'")[0] in "@aeiouAEIOUV03")
    return 0.5 if same_kind else 1.5
