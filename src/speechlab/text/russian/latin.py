"""Latin words in a Russian text: known names, letters where all are capitals, else as they sound."""

import re

from speechlab.text.russian.numbers import cardinal
from speechlab.text.russian.words import TABLES

LONGEST_SPELLED = 5  # letters; a longer word in capitals is a word
KNOWN, SOUNDS = TABLES.pairs("Latin words"), TABLES.pairs("Latin sounds")
NAMES = dict(zip(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    ["эй", "би", "си", "ди", "и", "эф", "джи", "эйч", "ай", "джей", "кей", "эл", "эм", "эн", "оу", "пи", "кью", "ар",
     "эс", "ти", "ю", "ви", "дабл-ю", "экс", "уай", "зед"], strict=True,
))  # fmt: skip
ELEMENTS = TABLES.pairs("elements")  # of chemistry
FORMULA = rf"(?=[A-Za-z]*(?:\d|[a-z][A-Z]))(?:(?:{'|'.join(sorted(ELEMENTS, key=len, reverse=True))})\d{{0,3}}){{2,9}}"
ENDS = [  # pattern, reading: what a word's beginning or end, or a silent e after a vowel and a consonant, sounds as
    (r"are$", "эр"), (r"a(?=[bcdfgklmnpstvz]es?$)", "ей"), (r"(?<=[a-z])i(?=[bcdfgklmnprstvz]es?$)", "ай"),
    (r"o(?=[bcdfgklmnpstz]es?$)", "оу"), (r"(?<=[a-z])u(?=[bcdfgklmnrst]es?$)", "ю"), (r"(?<=..)ce(?=s?$)", "с"),
    (r"(?<=..)ge$", "дж"), (r"(?<=[а-яa-z][^aeiouy])e$", ""), (r"^e(?![aeuw])", "э"), (r"^y(?=e)", ""),
    (r"^w(?=[aeio])", "у"),
]  # fmt: skip
_SOUND = re.compile("|".join(SOUNDS))


def read_latin(match: re.Match[str]) -> str:
    """Read a word: "Google" is "гугл", "USB" "ю-эс-би", "Slack" "слак"."""
    word = match[0]
    if known := KNOWN.get(word.lower()):
        return known
    if not word.isalpha():  # "Coca-Cola" is known as a whole, "Wi-Max" by its parts
        return re.sub("[A-Za-z]+", read_latin, word)
    if len(word) == 1 or (word.isupper() and len(word) <= LONGEST_SPELLED):
        return "-".join(NAMES[letter] for letter in word.upper())
    word = word.lower()
    for pattern, sound in ENDS:
        word = re.sub(pattern, sound, word)
    return _SOUND.sub(lambda letters: SOUNDS[letters[0]], word)


def read_formula(match: re.Match[str]) -> str:
    """Read "CO2" element by element: "цэ о два"."""
    if re.sub(r"\d", "", match[0]).lower() in KNOWN or not re.search("[HO]|[a-z]", match[0]):  # "PHP8", "PS5"
        return match[0]
    parts = re.findall(r"[A-Z][a-z]?|\d+", match[0])
    return " ".join(ELEMENTS[part] if part in ELEMENTS else cardinal(int(part)) for part in parts)
