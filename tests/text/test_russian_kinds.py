"""Kinds of Russian shorthand, several members of each; readings that were right stay right; time grows with length."""

import time
from pathlib import Path

import pytest

from speechlab.errors import SpeechlabError
from speechlab.text.russian import normalise
from speechlab.text.russian_frontend import RussianFrontend

REGRESSION = [
    line.split("\t")
    for line in (Path(__file__).parent / "data" / "ru_regression.tsv").read_text(encoding="utf-8").splitlines()[1:]
]
KINDS = {
    "a count agrees with its noun": {
        "1 дверь": "одна дверь", "в 31 доме": "в тридцати одном доме", "к 1 окну": "к одному окну",
        "увидел 2 медведей": "увидел двух медведей", "увидел 2 дома": "увидел два дома", "из 1 письма": "из одного письма",
        "в 5 и 6 классах": "в пятом и шестом классах", "5-6 классы": "пятый-шестой классы", "к 20 числу": "к двадцатому числу",
    },
    "dates": {
        "15/05/2026": "пятнадцатого мая две тысячи двадцать шестого года", "3 февр.": "третье февраля",
        "чт, 5 мая": "четверг, пятое мая", "10-15 янв.": "десятого-пятнадцатого января",
        "в июне 2020": "в июне две тысячи двадцатого", "сезон 2021/22": "сезон две тысячи двадцать первый двадцать второй",
        "в 10:15:30": "в десять пятнадцать тридцать", "80-е": "восьмидесятые", "20-е число": "двадцатое число",
    },
    "units": {
        "3 шт.": "три штуки.", "5 об/мин": "пять оборотов в минуту", "24 В": "двадцать четыре вольта", "2 ТБ": "два терабайта",
        "50 мг/кг": "пятьдесят миллиграммов на килограмм", "4 сут.": "четверо суток.", "2 ст. л. сахара": "две столовых ложки сахара",
        "500 руб./шт.": "пятьсот рублей за штуку.", "3 л. назад": "три лет назад",
    },
    "money": {"$5K": "пять тысяч долларов", "20 USD": "двадцать долларов", "2 грн": "две гривны", "€2M": "два миллиона евро"},
    "signs": {
        "10%-20%": "десять-двадцать процентов", "10 - 5 = 5": "десять минус пять равно пять", "≈7": "примерно семь",
        "8:4=2": "восемь разделить на четыре равно два", "50%-ный": "пятидесятипроцентный", "д.7, кв.3": "дом семь, квартира три",
    },
    "acronyms": {
        "НЛО": "эн-эл-о", "МГИМО": "МГИМО", "АЭС": "а-э-эс", "НАТО": "НАТО", "ОГЭ": "о-гэ-э", "ТАСС": "ТАСС", "КАК ДЕЛА": "КАК ДЕЛА",
        "МГЮА": "эм-гэ-ю-а", "ВНИМАНИЕ": "ВНИМАНИЕ",
    },
    "abbreviations": {
        "гос. дума": "государственная дума", "оз. Селигер": "озеро Селигер", "тов. Петров": "товарищ Петров", "ф-ка": "фабрика",
        "нем. язык": "немецкий язык", "м/ф": "мультфильм", "ст. 5": "статья пять", "бул. Мира": "бульвар Мира",
    },
    "Roman numerals": {"XX столетие": "двадцатое столетие", "II-й": "второй", "MCMXC": "тысяча девятьсот девяносто"},
    "addresses and files": {
        "ya@mail.ru": "я собака мейл точка ру", "отчёт.pdf": "отчёт точка пэ-дэ-эф", "#лето": "хэштег лето",
        "**Важно:** [сюда](http://a.ru)": "Важно: сюда", "- хлеб\n- сыр": "хлеб сыр", "v3.1": "ви три точка один",
    },
}  # fmt: skip
REPEATED = [
    "1", ".", "XIV ", "1.", "%", "г. ", "-", "5-", "1/2 ", "3 ", "[", "(", "№", "$5 ", "10:", " ", "\n", "а\u0301", "а", "a", "в/",
]  # fmt: skip


@pytest.mark.parametrize(("text", "reading"), [pair for kind in KINDS.values() for pair in kind.items()])
def test_members_of_a_kind_are_read_as_people_read_them(text, reading):
    assert normalise(text) == reading


@pytest.mark.parametrize(("text", "reading"), REGRESSION)
def test_what_was_read_right_stays_right(text, reading):
    assert normalise(text) == reading


@pytest.mark.parametrize("unit", REPEATED)
def test_time_grows_with_the_length_of_a_text(unit):
    def seconds(length: int) -> float:
        best = float("inf")
        for _ in range(2):
            started = time.process_time()
            normalise((unit * length)[:length])
            best = min(best, time.process_time() - started)
        return best

    normalise(unit * 10)
    short, long = seconds(2_000), seconds(4_000)
    assert long <= 2.5 * short + 0.05


@pytest.mark.parametrize("text", ["а" * 20_000, "a" * 10_000, "1" * 3_000, "XIV " * 500, "%" * 1_000])
def test_the_frontend_reads_what_nobody_would_write(text):
    frontend = RussianFrontend()
    frontend("Раз.")
    started = time.process_time()
    try:
        assert frontend(text).symbols
    except SpeechlabError as error:
        assert "nothing to read" in str(error)
    assert time.process_time() - started < 12
