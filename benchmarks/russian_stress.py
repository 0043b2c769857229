"""How often is the stress of a Russian word where a reader puts it? Right / tried, ours and espeak-ng's own.

    python benchmarks/russian_stress.py --corpus FOLDER [--cases ru_open.tsv] [--show]

Five sets: the hand-made homographs of tests/text/russian_sentences.tsv; in the folder of the corpus ru-nsh, the words
that its reader marked with + in metadata.csv (asked without any mark), the words written there with ё (asked with е),
and the words whose stress its labels tell (phones.tsv, where a sentence has as many labelled vowels as letters for
them); and the cases of the kind "stress" of a file of hard inputs.
"""

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

from speechlab.text.russian.frontend import RussianFrontend
from speechlab.text.russian.normalisation import normalise
from speechlab.text.russian.stress import PIECES, VOWELS, engine_stress, place_stress

SENTENCES = Path(__file__).parents[1] / "tests" / "text" / "russian_sentences.tsv"
LABELS = {"a", "ay", "ae", "aa", "i", "ii", "o", "oo", "e", "ee", "u", "uu", "ur", "y", "yy"}  # vowels of phones.tsv
STRESSED = {"aa", "ii", "oo", "ee", "uu", "yy"}
Trial = tuple[str, int, int | None, str]  # word, index of the letter wanted, index found, its sentence


def placed(text: str) -> dict[int, tuple[str, int | None]]:
    """Number of each word to the word and the index of its stressed letter."""
    words = [word for word in place_stress(PIECES.findall(text)) if re.search("[а-яё]", word.text.lower())]
    return {number: (word.text, word.position) for number, word in enumerate(words)}


def asked(text: str, wanted: str) -> Iterator[Trial]:
    """Give the words that ``wanted``, the same words as ``text``, writes with ``+``."""
    found = placed(text)
    for number, word in enumerate(re.findall(r"[а-яё+]+(?:-[а-яё+]+)*", wanted.lower())):
        if "+" in word:
            yield word.replace("+", ""), word.index("+"), found[number][1], text


def homographs(half: str) -> Iterator[Trial]:
    """Give the homographs of a half of the hand-made set."""
    for line in SENTENCES.read_text(encoding="utf-8").splitlines()[1:]:
        of, kind, text, wanted = line.split("\t")
        if (of, kind) == (half, "homograph"):
            yield from asked(text, wanted)


def transcripts(corpus: Path) -> dict[str, str]:
    """Texts of the corpus by clip."""
    lines = (corpus / "metadata.csv").read_text(encoding="utf-8").splitlines()
    return dict(line.split("|", 1) for line in lines)


def marked(corpus: Path) -> Iterator[Trial]:
    """Give the words that the reader marked."""
    for text in transcripts(corpus).values():
        if "+" in text:
            yield from asked(text.replace("+", ""), text)


def written_with_yo(corpus: Path) -> Iterator[Trial]:
    """Give the words with ё, asked as people write them, and where ё came back."""
    for text in transcripts(corpus).values():
        bare = text.replace("+", "")
        if "ё" in bare.lower():
            found = re.findall("[а-яё]+", normalise(bare.replace("ё", "е").replace("Ё", "Е")).lower())
            for word, restored in zip(re.findall("[а-яё]+", bare.lower()), found, strict=True):
                if "ё" in word:
                    yield word, word.index("ё"), restored.find("ё"), bare


def labelled(corpus: Path) -> Iterator[Trial]:
    """Give the words of two vowels and more whose labels have one stress."""
    labels: dict[str, list[str]] = {}
    for line in (corpus / "phones.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        clip, *_, phone = line.split("\t")
        if phone in LABELS:
            labels.setdefault(clip, []).append(phone)
    for clip, text in transcripts(corpus).items():
        bare = text.replace("+", "")
        vowels = [letter for letter in bare.lower() if letter in VOWELS]
        if len(labels[clip]) != len(vowels):
            continue
        rest = iter(labels[clip])
        for word, position in placed(bare).values():
            letters = [at for at, letter in enumerate(word.lower()) if letter in VOWELS]
            stressed = [at for at in letters if next(rest) in STRESSED]
            if len(letters) > 1 and len(stressed) == 1:
                yield word.lower(), stressed[0], position, bare


def cases(path: Path) -> Iterator[Trial]:
    """Give the stress cases of a file of hard inputs, whose answers stand in brackets: [гл+аза]."""
    for line in path.read_text(encoding="utf-8").splitlines()[1:]:
        text, wanted, _, kind = line.split("\t")
        if "stress" in kind:
            word = wanted[wanted.rindex("[") + 1 :].strip("]")
            said = {found.text.lower(): found.plus.lower() for found in RussianFrontend()(text).stresses}
            place = word.index("+") if "+" in word else word.index("ё")
            answer = said.get(word.replace("+", ""), "")
            yield word.replace("+", ""), place, answer.find("+"), text


def report(name: str, trials: list[Trial], show: bool) -> None:
    """Print a line for a set, and the words that were missed."""
    right = sum(wanted == found for _, wanted, found, _ in trials)
    engine = sum(wanted == engine_stress(word) for word, wanted, *_ in trials)
    print(
        f"{name:32} {right:5} / {len(trials):5} = {right / len(trials):6.1%}   espeak-ng alone {engine:5}", flush=True
    )
    for word, wanted, found, text in trials if show else ():
        if wanted != found:
            print(f"    {word[:wanted]}+{word[wanted:]}, got letter {found}: {text[:110]}")


def main() -> None:
    """Measure what there is data for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, help="folder of ru-nsh")
    parser.add_argument("--cases", type=Path, help="file of hard inputs: input, expected, today, kind")
    parser.add_argument("--show", action="store_true", help="list what was missed")
    options = parser.parse_args()
    sets = {f"homographs, {half}": list(homographs(half)) for half in ("development", "held_out")}
    if options.corpus:
        sets["marked by the reader"] = list(marked(options.corpus))
        sets["е or ё"] = list(written_with_yo(options.corpus))
        sets["labelled words"] = list(labelled(options.corpus))
    if options.cases:
        sets["hard inputs"] = list(cases(options.cases))
    for name, trials in sets.items():
        report(name, trials, options.show)


if __name__ == "__main__":
    main()
