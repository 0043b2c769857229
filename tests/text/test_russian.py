"""Russian text: a hand-made set in two halves, fixed before the rules; stress, tokens, letters, odd characters."""

import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speechlab.data.embedded import rendering as embedded
from speechlab.data.embedded.rendering import EmbeddedCorpus, EmbeddedVoice
from speechlab.errors import SpeechlabError
from speechlab.text.espeak import engine
from speechlab.text.frontend import for_language
from speechlab.text.russian.frontend import RussianFrontend, RussianGraphemes
from speechlab.text.russian.normalisation import is_readable, normalise
from speechlab.text.russian.numbers import counted, ordinal
from speechlab.text.russian.stress import RULES, engine_stress, move_stress, place_stress, unmark
from speechlab.text.russian.symbols import russian_graphemes, russian_symbols

LINES = (Path(__file__).parent / "russian_sentences.tsv").read_text(encoding="utf-8").splitlines()[1:]
SENTENCES = [line.split("\t") for line in LINES]  # half, kind, text, expected
HALVES = ("development", "held_out")
frontend = RussianFrontend()


def letters(text: str) -> str:
    return re.sub(r"[^а-я]", "", text.lower().replace("ё", "е"))


def words_of(text: str) -> list[str]:
    return re.findall(r"[а-яё+]+", text.lower())


@pytest.mark.parametrize("half", HALVES)
def test_numbers_dates_and_abbreviations_are_read_as_people_read_them(half):
    rows = [row for row in SENTENCES if row[0] == half and row[1] != "homograph"]
    right, total = Counter(), Counter(row[1] for row in rows)
    for _, kind, text, expected in rows:
        right[kind] += letters(normalise(text)) == letters(expected)
    print(f"{half}:", ", ".join(f"{kind} {right[kind]} of {total[kind]}" for kind in total))
    assert sum(right.values()) / len(rows) >= 0.95


@pytest.mark.parametrize("half", HALVES)
def test_homographs_are_stressed_better_than_by_the_engine(half):
    ours, engines, total = 0, 0, 0
    for _, _, text, expected in (row for row in SENTENCES if row[:2] == [half, "homograph"]):
        placed = place_stress(words_of(text))
        for stressed, word in zip(placed, words_of(expected), strict=True):
            if "+" in word:
                total += 1
                ours += stressed.plus == word
                engines += engine_stress(word.replace("+", "")) == word.index("+")
    print(f"{half}: homographs {ours} of {total}, the engine {engines} of {total}")
    assert ours > engines and ours / total > 0.85


def test_the_set_is_large_and_its_halves_share_no_sentence():
    texts = {half: {row[2] for row in SENTENCES if row[0] == half} for half in HALVES}
    assert len(SENTENCES) >= 120 and not texts["development"] & texts["held_out"]


@given(st.text(max_size=60) | st.text("0123456789 .,:/-%№°$₽кгмXVтдне", max_size=25))
@settings(max_examples=300, deadline=None)
def test_any_text_becomes_letters_and_marks(text):
    normalised = normalise(text)
    assert not re.search(r"[0-9A-Za-z$%№₽]", normalised) and normalised == normalised.strip()


def test_nouns_and_ranks_take_their_forms():
    assert [counted(n, "рубль") for n in (1, 2, 5, 11, 21)] == [
        "один рубль", "два рубля", "пять рублей", "одиннадцать рублей", "двадцать один рубль",
    ]  # fmt: skip
    assert counted(21, "минута", "a") == "двадцать одну минуту" and counted(5, "час", "i") == "пятью часами"
    assert ordinal(3, "a", "f") == "третью"


@pytest.mark.parametrize("text", ["з+амок", "за\u0301мок"])
def test_both_ways_to_write_stress_mean_the_same(text):
    said, other = frontend(f"Это {text}."), frontend(f"Это зам+ок, а не {text}.")
    word = said.words[1]
    assert said.symbols[word.start : word.end] == ["z", "'A", "m", "V", "k"] and word.text == "замок"
    assert [(item.text, item.position, item.confidence) for item in said.stresses][1] == ("замок", 1, 1.0)
    assert [item.position for item in other.stresses if item.text == "замок"] == [3, 1]


def test_a_misplaced_mark_is_refused():
    with pytest.raises(SpeechlabError, match="not at a vowel"):
        unmark("зам+к")
    with pytest.raises(SpeechlabError, match="spells 'замок'"):
        RussianFrontend({"замок": "дом+ок"})


def test_the_lexicon_moves_stress_or_gives_phonemes():
    respelled = RussianFrontend({"Творог": "тв+орог", "Колаб": "k'olap"})
    text = respelled("Творог и колаб.")
    first, _, last = text.words
    assert text.symbols[first.start : first.end][:3] == ["t", "v", "'o"]
    assert text.symbols[last.start : last.end] == ["k", "'o", "l", "a", "p"]


def test_confidence_says_where_stress_came_from():
    text = frontend("Он повесил замок, а ребенок ещё спит.")
    sources = {item.text: item.source for item in text.stresses}
    assert sources["замок"] == "context" and sources["ребёнок"] == "ё" and sources["спит"] == "one vowel"
    assert sources["повесил"] == "network" and frontend("Прошло два часа.").stresses[2].source == "rule"
    assert all(0 < item.confidence <= 1 for item in text.stresses)


def test_every_word_of_a_rule_can_be_said_so():
    for form, (spelled, _) in RULES.items():
        phones = move_stress(form, spelled.index("+"))
        russian_symbols().ids(["ʲ" if phone == ";" else phone for phone in phones or ()])
        assert phones is None or sum(phone.startswith("'") for phone in phones) == 1, spelled


def test_unknown_characters_are_reported_with_their_position():
    text = frontend("Привет 中, друг 🎉!")
    assert text.unknown == [("中", 7), ("🎉", 15)] == RussianGraphemes()("Привет 中, друг 🎉!").unknown
    assert not any(map(is_readable, "中🎉\x00")) and all(map(is_readable, "Ёжик№5«»—…°₽~+\u0301a"))
    with pytest.raises(SpeechlabError, match="nothing to read"):
        frontend("🎉🎉")


def test_all_sentences_give_known_tokens_and_are_said_as_read():
    for *_, text, _ in SENTENCES[::4]:
        read = frontend(text)
        russian_symbols().ids(read.symbols)
        russian_graphemes().ids(RussianGraphemes()(text).symbols)
        assert read.words[-1].end <= len(read.symbols) and engine().speak(read.spoken, "ru").phones


def test_letters_carry_stress_where_it_is_wanted():
    text = "Привет. Это тест модели..."
    assert "".join(RussianGraphemes()(text).symbols) == "^прив+ет. +это т+ест мод+ели…$"
    assert "".join(RussianGraphemes(stress=False)(text).symbols) == "^привет. это тест модели…$"


def test_the_embedded_corpus_speaks_the_frontend_s_tokens(tmp_path, monkeypatch):
    voices = (EmbeddedVoice("ru", 10, 2, 150), EmbeddedVoice("ru+f3", 4, 1, 150))
    monkeypatch.setattr(embedded, "VOICES", {"ru": voices})
    corpus = EmbeddedCorpus(tmp_path, language="ru")
    assert len(corpus) == 17 and isinstance(for_language("ru"), RussianFrontend)
    for utterance in corpus.utterances:
        assert utterance.symbols == frontend(utterance.text).symbols
        assert all(token.end > token.start for token in utterance.tokens)
        russian_symbols().ids(utterance.symbols)
