"""How many written forms are read right: ``python benchmarks/readings.py en [--cases FILE]``, a row per kind.

A case is a line of a table with the columns input, expected, (what was read before), kind. The expectation is the
spoken words; case and punctuation are ignored, a hyphen is a blank, and letters apart are letters together ("C P U" is
"CPU", so capitals are compared by their phonemes too). "one sentence, no pause inside" asks the splitter; "[read =
red]" asks how a word sounds, by one that sounds so.
"""

import argparse
import re
from collections import Counter
from pathlib import Path

from speechlab.text.frontend import for_language
from speechlab.text.split import split_sentences

CASES = Path(__file__).parents[1] / "tests" / "text" / "data"
ONE_SENTENCE = "one sentence, no pause inside"
SOUNDS = {  # respelled for readers, not for the engine
    "nummer": "n V m 3", "wownd": "w aU n d", "bass as in mass": "b a s", "pollish": "p 0 l I S",
    "di-ZERT": "d I z 3: t", "dohv": "d oU v", "tare": "t e@", "cloze": "k l oU z",
}  # fmt: skip
ALIKE = {"I2": "I", "@2": "@", "@L": "l", "t#": "t", "t2": "t", "a#": "@", "i:": "i", "r-": "r", "A@": "A:"}


def spoken_words(text: str) -> str:
    """Give what is compared of a reading."""
    text = re.sub(r"[-\s]+", " ", re.sub(r"\[.*?\]", "", text).lower())
    text = " ".join(re.sub(r"[^\w\s]", "", text).split())
    return re.sub(r"\b(\w) (?=\w\b|\ws\b)", r"\1", text)


def is_right(frontend, language: str, written: str, expected: str, kind: str = "") -> bool:
    """Whether a text is read as expected."""
    if expected.strip("[]").endswith(ONE_SENTENCE):
        return len(split_sentences(written, language)) == 1 and not re.search(r"[.!?] \w", frontend._normalise(written))
    same = spoken_words(frontend._normalise(written)) == spoken_words(expected)
    if same and "capital" in kind:
        return _bare(frontend(written).symbols) == _bare(frontend(expected).symbols)
    sound = re.search(r"\[(\w+) = (.*?)\]", expected)
    return same and (not sound or _sounds(frontend, written, *sound.groups()))


def _sounds(frontend, written: str, word: str, model: str) -> bool:
    text = frontend(written)
    found = next(said for said in text.words if said.text.lower() == word.lower())
    expected = SOUNDS[model].split() if model in SOUNDS else frontend(model).symbols[1:-1]
    return _bare(text.symbols[found.start : found.end]) == _bare(expected)


def _bare(phones: list[str]) -> list[str]:
    plain = [phone.lstrip("',") for phone in phones if phone != "ʲ"]
    return [ALIKE.get(phone, phone) for phone in plain]


def read_cases(path: Path) -> list[tuple[str, str, str]]:
    """Give input, expectation and kind of each line."""
    rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()[1:] if line.strip()]
    return [(row[0], row[1], row[-1] if len(row) > 2 else "all") for row in rows]


def main() -> None:
    """Print right / tried by kind, and what is read wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("language", choices=["en", "ru"])
    parser.add_argument("--cases", type=Path, help="default: the regression file of the language")
    parser.add_argument("--quiet", action="store_true", help="counts only")
    options = parser.parse_args()
    frontend, right, tried = for_language(options.language), Counter(), Counter()
    for written, expected, kind in read_cases(options.cases or CASES / f"{options.language}_regression.tsv"):
        tried[kind] += 1
        if is_right(frontend, options.language, written, expected, kind):
            right[kind] += 1
        elif not options.quiet:
            print(f"{written!r}: {frontend._normalise(written)!r}, expected {expected!r}")
    for kind in sorted(tried):
        print(f"{right[kind]:4} / {tried[kind]:4}  {kind}")
    print(f"{right.total():4} / {tried.total():4}  in all")


if __name__ == "__main__":
    main()
