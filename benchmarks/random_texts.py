"""Read random texts: ``python benchmarks/random_texts.py [--texts N] [--seed N]``, both languages.

Letters of several scripts, digits, marks, combining characters and pieces of what people write, up to 150 characters
a text and up to 10,000 in one of thirty (lengths are log-uniform: as many between 10 and 100 as between 100 and 1,000),
go through the splitter, the normaliser and the frontend. What raises anything but ``SpeechlabError``, or takes over 2 s
of the processor, is printed with its text; every thousand texts the count is; the exit status says if anything failed.
"""

import argparse
import random
import sys
import time
import traceback
from collections.abc import Callable

from speechlab.errors import SpeechlabError
from speechlab.text.english import normalisation as english
from speechlab.text.frontend import for_language
from speechlab.text.russian import normalisation as russian
from speechlab.text.split import split_sentences

LONGEST, USUAL, LONG_SHARE = 10_000, 150, 0.03  # characters; the share of texts that may be longer than usual
SLOW = 2.0  # seconds of the processor
ALPHABETS = [
    "abcdefghijklmnopqrstuvwxyzABCXYZ", "абвгдеёжзийклмнопрстуфхцчшщъыьэюяАБВГД", "0123456789", "IVXLCDMХ",
    " .,!?;:-'\"()[]{}«»„“”…–—/\\*_#@&%+=<>^~|`$€£₽№°§±×÷²½", "\u0301\u0300\u0308\u0327\u20e3\ufe0f\u200b\u200d\u00ad",
    " \t\n\r\u2028\u00a0\x0b\x0c\x00", "αβγδאבجדकख中文日本語한국어ไทย", "🎉👍🏽🇷🇺ﬁﬀⅣ①Ａｂ٣१ǅß", "aаoоcсxх1.",
]  # fmt: skip
WRITTEN = [
    "12.05.2024", "10:30", "1 000 000", "3,5 млн руб.", "$5K", "5-го", "1990-е гг.", "XIV в.", "и т. д.", "ул. ", "г. ",
    "№ 5", "1/2 кг", "+7 (900) 123-45-67", "http://a.ru/b?c=1", "a.b@c.com", "file.txt", "[[", "]]", "[[a]]", "з+амок",
    "НЛО", "кол-во", "в пн. и ср.", "5 p.m.", "Dr. ", "U.S.", "AT&T", "5'6\"", "1.5M", "2^10", "Henry VIII", "10%-20%",
    "e.g. ", "3:2", "-5 °C", "20-й", "18:00-20:00", "v1.2.3", "#tag", "@user",
    "**b**", "\n- ", "\n1. ", "Wi-Fi", "слово ",
]  # fmt: skip


def random_text(chance: random.Random) -> str:
    """Give a text of 1 to ``USUAL`` characters, a few of 1 to ``LONGEST``; lengths are log-uniform."""
    length, text = int((LONGEST if chance.random() < LONG_SHARE else USUAL) ** chance.random()), ""
    while len(text) < length:
        kind = chance.random()
        if kind < 0.3:
            text += chance.choice(WRITTEN)
        elif kind < 0.4:
            text += chr(chance.choice([chance.randrange(1, 0xD800), chance.randrange(0xE000, 0x110000)]))
        else:
            unit = "".join(chance.choices(chance.choice(ALPHABETS), k=chance.randint(1, 8)))
            text += unit * (1 if kind < 0.9 else chance.randint(2, 40)) + " " * (chance.random() < 0.4)
    return text[:length]


def main() -> None:
    """Read the texts and print what failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    chance, failed, slowest = random.Random(options.seed), 0, {}
    frontends = {language: for_language(language) for language in ("en", "ru")}
    for frontend, word in zip(frontends.values(), ("one", "раз 2 дома"), strict=True):
        frontend(word)  # loads what is loaded at the first text
    readers: dict[str, Callable] = {"normalise en": english.normalise, "normalise ru": russian.normalise}
    readers |= {f"split {language}": lambda text, of=language: split_sentences(text, of) for language in frontends}
    readers |= {f"frontend {language}": frontend for language, frontend in frontends.items()}
    for number in range(options.texts):
        text = random_text(chance)
        for name, read in readers.items():
            started = time.process_time()
            try:
                read(text)
            except SpeechlabError:
                pass
            except Exception:
                failed += 1
                print(f"{name} of {text!r}:\n{traceback.format_exc(limit=-3)}", flush=True)
            seconds = time.process_time() - started
            slowest[name] = max(slowest.get(name, 0.0), seconds)
            if seconds > SLOW:
                failed += 1
                print(f"{name} took {seconds:.1f} s for {text!r}", flush=True)
        if (number + 1) % 1000 == 0:
            print(f"{number + 1} texts, {failed} failures", flush=True)
    print(f"{failed} failures in {options.texts} texts; slowest, s:", {k: round(v, 2) for k, v in slowest.items()})
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
