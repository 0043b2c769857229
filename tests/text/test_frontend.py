"""Tokens: edges, phones, punctuation; inline phonemes, lexicon; what cannot be read is reported."""

import time
from pathlib import Path

import pytest

from speechlab.errors import SpeechlabError
from speechlab.text.english.frontend import EnglishFrontend
from speechlab.text.frontend import for_language, load_lexicon
from speechlab.text.symbols import PAD, SymbolTable, english_symbols, is_phone

frontend = EnglishFrontend()
DATA = Path(__file__).parent / "data"


def test_a_sentence_becomes_edges_phones_and_marks():
    assert " ".join(frontend("Hello, world!").symbols) == "^ h @ l 'oU , w '3: l d ! $"


def test_words_know_their_tokens():
    text = frontend("One of the dogs barked, I think.")
    assert [word.text for word in text.words] == ["One", "of", "the", "dogs", "barked", "I", "think"]
    covered = [at for word in text.words for at in range(word.start, word.end)]
    assert covered == [at for at, symbol in enumerate(text.symbols) if is_phone(symbol)]
    assert all(word.end > word.start for word in text.words)  # although the engine says "of the" as one


@pytest.mark.parametrize(
    ("text", "marks"),
    [
        ("What?! No... yes.", ["?", "…", "."]),
        ("...so it (really) began - late -- or never", [",", ",", "-", "-"]),
        ('"Stop," he said; "wait: now!"', [",", ";", ":", "!"]),
        ("No marks at all", []),
        ("A twenty-five-year-old well-known dog's", []),
    ],
)
def test_marks_that_meet_become_the_strongest(text, marks):
    symbols = frontend(text).symbols
    assert [symbol for symbol in symbols[1:-1] if not is_phone(symbol)] == marks
    assert all(is_phone(a) or is_phone(b) for a, b in zip(symbols[1:-1], symbols[2:-1], strict=False))


def test_inline_phonemes_are_said_as_written_and_keep_their_neighbours_context():
    joined, apart = frontend("Say the [[dZ'If]] file."), frontend("Say the [[dZ 'I f]] file.")
    assert joined.symbols == apart.symbols
    assert [joined.symbols[word.start : word.end] for word in joined.words][1:3] == [["D", "@2"], ["dZ", "'I", "f"]]


def test_the_lexicon_overrides_the_engine(tmp_path):
    path = tmp_path / "lexicon.txt"
    path.write_text("# names\nKubernetes\tk,u:b@n'EtIs\nnginx 'EndZIn 'Eks\n", encoding="utf-8")
    respelled = EnglishFrontend(load_lexicon(path))("We run kubernetes here.")
    word = respelled.words[2]
    assert respelled.symbols[word.start : word.end] == ["k", ",u:", "b", "@", "n", "'E", "t", "I", "s"]
    assert word.text == "kubernetes"
    path.write_text("Kubernetes\n", encoding="utf-8")
    with pytest.raises(SpeechlabError, match="line 1"):
        load_lexicon(path)


@pytest.mark.parametrize(
    "content", [b"w\xff\t@", b"\xff\xfew\0", b"w\t" + b"q" * 50, b"w", b"\xed\xa0\x80 @", b"w\t\0", b"caf\xe9 k"]
)
def test_a_lexicon_that_cannot_be_used_is_one_line(tmp_path, content):
    (tmp_path / "lexicon.txt").write_bytes(content)
    with pytest.raises(SpeechlabError) as caught:
        EnglishFrontend(load_lexicon(tmp_path / "lexicon.txt"))
    assert "\n" not in str(caught.value)
    for path in (tmp_path, tmp_path / "none", "a\0b"):
        with pytest.raises(SpeechlabError, match="cannot be read"):
            load_lexicon(path)


@pytest.mark.parametrize("inline", ["[[qqq]]", "[[]]", "[[h@ l"])
def test_malformed_inline_phonemes_are_refused(inline):
    with pytest.raises(SpeechlabError):
        frontend(f"Say {inline} now")


def test_unknown_characters_are_reported_with_their_position():
    text = frontend("Hi 中 there 🎉!")
    assert text.unknown == [("中", 3), ("🎉", 11)]
    assert [word.text for word in text.words] == ["Hi", "there"]


@pytest.mark.parametrize("text", ["", "  \n", "...", "Привет", "🎉🎉"])
def test_nothing_to_read_is_an_error(text):
    with pytest.raises(SpeechlabError, match="nothing to read"):
        frontend(text)


def test_the_symbol_table_numbers_symbols_and_survives_a_checkpoint():
    table = english_symbols()
    assert table.symbols[0] == PAD and len(set(table.to_list())) == len(table)
    assert SymbolTable(table.to_list()) == table
    ids = table.ids(frontend("Vision measures.").symbols)
    assert [table.to_list()[number] for number in ids] == frontend("Vision measures.").symbols
    with pytest.raises(SpeechlabError, match="'ц' at position 1"):
        table.ids(["h", "ц"])


def test_real_transcripts_give_only_known_symbols(shared_data):
    for corpus, step in (("kathleen", 3), ("ljspeech-mini", 40)):
        name = "metadata_full.csv" if corpus == "ljspeech-mini" else "metadata.csv"
        lines = (shared_data / corpus / name).read_text(encoding="utf-8").splitlines()
        for line in lines[::step]:
            text = frontend(line.split("|")[2])
            assert not text.unknown
            english_symbols().ids(text.symbols)


def test_languages_have_a_frontend_each():
    assert for_language("ru")("Привет, мир!").symbols[-3:] == ["r", "!", "$"]
    with pytest.raises(SpeechlabError, match="choose en or ru"):
        for_language("tlh")


HOMOGRAPHS = [line.split("\t") for line in (DATA / "en_homographs.tsv").read_text(encoding="utf-8").splitlines()[1:]]


@pytest.mark.parametrize(("sentence", "word", "phonemes"), HOMOGRAPHS, ids=lambda value: value[:40])
def test_homographs_are_told_by_the_words_around_them(sentence, word, phonemes):
    assert _said(sentence, word) == phonemes


@pytest.mark.parametrize(
    ("text", "word", "phonemes"),
    [
        ("CPUs", "Us", "j'u:z"),
        ("FAQs", "Qs", "kj'u:z"),
        ("FAQs", "A", "'eI"),
        ("AT&T", "A", "'eI"),
        ("at 9 a.m. sharp", "AM", ",eI'Em"),
        ("THIS IS IT", "it", "It"),
        ("Once upon a time", "a", "a#"),
    ],
)
def test_letters_are_named_and_words_are_not(text, word, phonemes):
    assert _said(text, word) == phonemes


def test_what_is_spoken_gives_the_tokens_again():
    """The embedded corpus is rendered from it, so its timings are of the tokens."""
    text = frontend("Close the door, he read it with FAQs.")
    assert frontend(text.spoken).symbols == text.symbols


@pytest.mark.parametrize("unit", ["I", "x", "a@", "5'", "number ", "XIV ", "e\u0301"])
def test_no_text_of_ten_thousand_characters_takes_long(unit):
    start = time.process_time()
    frontend((unit * 10_000)[:10_000])
    assert time.process_time() - start < 5  # s


def _said(sentence: str, word: str) -> str:
    text = frontend(sentence)
    found = next(said for said in text.words if said.text.lower() == word.lower())
    return "".join(text.symbols[found.start : found.end])
