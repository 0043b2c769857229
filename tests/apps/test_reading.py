"""A reading can be seen: words, stress, phones and sentence ends, for a person or a line at a time for a program."""

import io
import json
import time

import pytest

from speechlab.apps import cli
from speechlab.apps.reading import guess_language, read
from speechlab.errors import SpeechlabError

KEYS = ["text", "normalised", "stressed", "sentences", "phones"]


def lines_of(capsys, monkeypatch, given: bytes, *options: str) -> list[dict]:
    """Read standard input line by line, and give the objects that were printed."""
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(given), encoding="ascii"))
    assert cli.main(["read", "-", "--lines", "--json", *options]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.split("\n")[:-1]]


def test_a_person_sees_words_stress_phones_and_sentences(capsys):
    assert cli.main(["read", "Корова дала", "молоко. Оно белое!"]) == 0
    out = capsys.readouterr().out
    rows = dict(line.split(maxsplit=1) for line in out.split("\n") if line)
    assert rows["words"] == "Корова дала молоко. Оно белое!"
    assert "молок+о" in rows["stress"] and rows["phones"].startswith("^ ") and rows["phones"].endswith(" $")
    assert "sentence 1  Корова дала молоко." in out and "sentence 2  Оно белое!" in out


def test_english_words_have_no_marks_and_numbers_are_words():
    found = read("Dr. Smith paid $3.50.")
    assert found.normalised == found.stressed == "Doctor Smith paid three dollars and fifty cents."
    assert found.language == "en" and found.sentences == ["Dr. Smith paid $3.50."]


def test_sentences_end_by_the_abbreviations_of_their_language():
    assert read("Проф. Иванов живёт на ул. Ленина. Он дома.").sentences == [
        "Проф. Иванов живёт на ул. Ленина.", "Он дома.",
    ]  # fmt: skip
    assert read("Rep. Jones came at 5 p.m. Monday. He left.").sentences == [
        "Rep. Jones came at 5 p.m. Monday.",
        "He left.",
    ]


def test_a_mark_of_the_writer_is_a_stress_and_no_word():
    for text in ("Это з+амок.", "Это за\u0301мок."):
        found = read(text)
        assert found.normalised == "Это замок." and "з+амок." in found.stressed
        assert "зам+ок" not in found.stressed


def test_every_line_is_one_object_with_the_same_keys(capsys, monkeypatch):
    text = "\ufeffПервая строка.\nДва слова. Три\u2028слова здесь!\r\nThird line\n"
    rows = lines_of(capsys, monkeypatch, text.encode(), "--language", "ru")
    assert [list(row) for row in rows] == [KEYS] * 3
    assert [row["text"] for row in rows] == ["Первая строка.", "Два слова. Три\u2028слова здесь!", "Third line"]
    assert len(rows[1]["sentences"]) == 2 and rows[0]["stressed"].replace("+", "") == rows[0]["normalised"]


def test_a_line_with_nothing_to_read_says_why_and_the_next_is_read(capsys, monkeypatch):
    rows = lines_of(capsys, monkeypatch, "one\n\n☃\na [[h@l\ntwo\n".encode())
    assert ["error" in row for row in rows] == [False, True, True, True, False]
    assert all(set(row) == {"text", "error"} and "\n" not in row["error"] for row in rows if "error" in row)


def test_bytes_that_are_no_text_end_nothing(capsys, monkeypatch):
    rows = lines_of(capsys, monkeypatch, b"\xff\xfe\x00\nHello.\n", "--language", "en")
    assert len(rows) == 2 and rows[1]["normalised"] == "Hello."


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Hello", "en"),
        ("Привет", "ru"),
        ("Установите Visual Studio Code", "ru"),
        ("Dostoevsky (Достоевский) was born in Moscow and wrote many long novels there", "en"),
        ("2024", "en"),
    ],
)
def test_the_language_is_told_by_the_script(text, language):
    assert guess_language(text) == language


def test_nothing_to_read_is_one_line_and_status_2(capsys):
    assert cli.main(["read", "☃"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    with pytest.raises(SpeechlabError, match="nothing to read"):
        read("")


def test_a_console_without_cyrillic_gets_escapes_that_lose_nothing(monkeypatch):
    bytes_written = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(bytes_written, encoding="cp1252", write_through=True))
    assert cli.main(["read", "Привет.", "--json"]) == 0
    assert json.loads(bytes_written.getvalue())["text"] == "Привет."


def test_a_lexicon_of_ones_own_is_read(tmp_path, capsys):
    (tmp_path / "words.txt").write_text("замок зам+ок\n", encoding="utf-8")
    assert cli.main(["read", "Старый замок.", "--json", "--lexicon", str(tmp_path / "words.txt")]) == 0
    assert "зам+ок" in json.loads(capsys.readouterr().out)["stressed"]


def test_a_file_is_read_as_say_does(tmp_path, capsys):
    (tmp_path / "a text.txt").write_text("\ufeffOne line.\nAnother.\n", encoding="utf-8")
    assert cli.main(["read", str(tmp_path / "a text.txt"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["sentences"] == ["One line.", "Another."]
    (tmp_path / "odd.txt").write_bytes(b"\xff\xfe\xfd")
    assert cli.main(["read", str(tmp_path / "odd.txt")]) == 2


def test_a_thousand_short_lines_take_seconds():
    read("Warm up.")
    started = time.process_time()
    for number in range(1000):
        read(f"Line number {number} is short.", "en")
    assert time.process_time() - started < 10
