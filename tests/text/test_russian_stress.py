"""Russian stress by the network: what it may not disturb, what wins over it, and what the engine is told of it."""

import ast
import gzip
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from speechlab.text.espeak import engine
from speechlab.text.russian import accent
from speechlab.text.russian import stress as russian_stress
from speechlab.text.russian.frontend import RussianFrontend
from speechlab.text.russian.normalisation import normalise
from speechlab.text.russian.stress import MARK, VOWELS, engine_stress, move_stress, place_stress

TEXTS = [
    "Старый замок стоял на горе, а замок на двери был новым.",
    "Мы ждали два часа, около сорока человек.",
    "Все ушли, а он всё ещё берёт атлас со стола.",
    "Вечером мы были дома; новые дома стоят у реки.",
]
WITNESS = Path(os.environ.get("SPEECHLAB_DATA", Path(__file__).parents[3] / "shared" / "data")) / "ru-nsh/stress.tsv.gz"
frontend = RussianFrontend()


def run(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout


def test_english_loads_no_network():
    code = "import sys; from speechlab.text.frontend import for_language as f; f('en')('Hello'); print(*sys.modules)"
    assert not [name for name in run(code).split() if name.startswith(("silero", "pymorphy", "torch.package"))]


def test_tokens_depend_on_nothing_but_the_text_and_the_network_leaves_torch_as_it_was():
    said = [frontend(text).symbols for text in TEXTS]
    code = (
        "import torch; torch.set_num_threads(3); torch.manual_seed(5); state = torch.get_rng_state()\n"
        "from speechlab.text.russian.frontend import RussianFrontend as F\n"
        f"print([F()(text).symbols for text in {TEXTS[::-1]}])\n"
        "print(torch.get_num_threads(), torch.is_grad_enabled(), bool((state == torch.get_rng_state()).all()))"
    )
    tokens, settings = run(code).splitlines()
    assert ast.literal_eval(tokens)[::-1] == said and settings.split() == ["3", "True", "True"]
    for cache in (accent._accent_part, accent._accent_word):
        cache.cache_clear()
    with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16):
        assert [frontend(text).symbols for text in TEXTS] == said


def test_a_sentence_is_stressed_alike_alone_and_in_a_text():
    together = [word.plus for word in frontend(" ".join(TEXTS)).stresses]
    assert together == [word.plus for text in TEXTS for word in frontend(text).stresses]


def test_trust_falls_from_the_mark_to_the_network():
    lexicon = {"замок": "з+амок", "часа": "ч+аса"}
    placed = place_stress(["зам+ок", "замок", "два", "часа"], lexicon)
    assert [(word.plus, word.source) for word in placed if word.text != "два"] == [
        ("зам+ок", "mark"), ("з+амок", "lexicon"), ("ч+аса", "lexicon"),
    ]  # fmt: skip
    assert [word.plus for word in place_stress(["два", "часа"])] == ["дв+а", "час+а"]


@pytest.mark.parametrize(
    ("text", "word"),
    [(f"{numeral} {form}", spelled) for numeral in ("два", "три", "четыре", "оба")
     for form, spelled in (("часа", "час+а"), ("ряда", "ряд+а"), ("шага", "шаг+а"), ("шара", "шар+а"))]
    + [("без часа", "ч+аса"), ("до ряда", "р+яда"), ("сорок", "с+орок"), ("сорок три", "с+орок"),
       ("у сорока домов", "сорок+а"), ("стая сорок", "сор+ок"), ("в прошлом году", "год+у"), ("к 2020 году", "г+оду"),
       ("на мосту", "мост+у"), ("Платье моей сестры", "сестр+ы"), ("трехэтажный", "трёхэт+ажный"),
       ("о чем-то", "ч+ём-то"), ("кто-нибудь", "кт+о-нибудь"), ("по-русски", "по-р+усски")],
)  # fmt: skip
def test_what_the_network_alone_misses_is_right(text, word):
    assert word in [stressed.plus for stressed in frontend(text).stresses]


def test_yo_comes_back_where_it_is_meant_and_a_mark_or_a_lexicon_keeps_it_away():
    assert normalise("Еще ежик пьет мед.") == "Ещё ёжик пьёт мёд." and normalise("Импортеры") == "Импортёры"
    assert normalise("все\u0301") == "все\u0301" and normalise("мед", keep={"мед"}) == "мед"
    assert RussianFrontend({"мед": "м+ед"})("мед").normalised == "мед"


@pytest.mark.parametrize(
    "word", ["молоко", "переговоры", "учительница", "яблоко", "шестидесятый", "апельсин", "царьками"]
)
def test_every_vowel_of_a_word_can_be_stressed_and_is_reduced_elsewhere(word):
    for at in (at for at, letter in enumerate(word) if letter in VOWELS):
        phones = move_stress(word, at) or tuple(p for part in engine().phonemes(word, "ru") for w in part for p in w)
        vowels = [phone for phone in phones if russian_stress._is_vowel(phone)]
        place = [i for i, letter in enumerate(word) if letter in VOWELS].index(at)
        assert [i for i, phone in enumerate(vowels) if phone.startswith("'")] == [place]
        assert not {"o", "e", "E", "A"} & {phone for i, phone in enumerate(vowels) if i != place}


def test_the_reduced_vowels_are_the_engine_s_own():
    words = [
        "молоко",
        "хозяйка",
        "учительница",
        "объявление",
        "телевизор",
        "переговоры",
        "шестидесятые",
        "языковая",
        "целовать",
        "чучелу",
    ]
    for word in words:
        phones, stress = russian_stress._phones(word, "ru"), engine_stress(word)
        letters = [at for at, letter in enumerate(word) if letter in VOWELS]
        spoken = [phone for phone in phones if russian_stress._is_vowel(phone)]
        for number, (at, phone) in enumerate(zip(letters, spoken, strict=True)):
            before = number == letters.index(stress) - 1
            full, reduced = russian_stress._full(word, at, phone), russian_stress._reduced(word, at, phone, before)
            assert phone == ("'" + full if at == stress else reduced), (word, at)


@pytest.mark.parametrize("text", ["а" * 5_000, "за" * 3_000, f"за{MARK}" * 300, "замок " * 400])
def test_words_and_texts_of_any_length_are_stressed(text):
    assert place_stress(russian_stress.PIECES.findall(text.replace(MARK, "")))


@pytest.mark.skipif(not WITNESS.is_file(), reason="needs the dictionary of ru-nsh (shared/data/ru-nsh/stress.tsv.gz)")
def test_a_second_dictionary_agrees():
    with gzip.open(WITNESS, "rt", encoding="utf-8") as file:
        entries = [line.rstrip("\n").split("\t") for line in file][1:]
    known = [(word, int(vowel)) for word, _, vowel in entries if int(vowel) and "-" not in word][::400]
    differ = []
    for word, vowel in known:
        letters = [at for at, letter in enumerate(word) if letter in VOWELS]
        if len(letters) > 1 and place_stress([word])[0].position != letters[vowel - 1]:
            differ.append(word)
    print(f"{len(differ)} of {len(known)} differ:", " ".join(differ))
    assert len(differ) < 0.05 * len(known)


def test_a_printed_stress_is_that_of_a_content_word_or_one_that_a_person_gave():
    text = "Король жил в замке, а дверь закрыл на замок, и не он."
    read = frontend(text)
    marked = [word.text.lower() for word in read.stresses if MARK in word.marked]
    assert marked == ["король", "жил", "замке", "дверь", "закрыл", "замок", "он"]
    given = RussianFrontend({"и": "+и"})("Дом н+а горе и лес.")
    assert [word.text for word in given.stresses if MARK in word.marked] == ["Дом", "на", "горе", "и", "лес"]
