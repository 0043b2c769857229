"""Corpora: layouts, splits, order and the errors of a folder that is not one."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from speechlab.config import CorpusConfig
from speechlab.data.corpora import TRAIN, VALIDATION, load_corpus
from speechlab.errors import SpeechlabError


def record(path: Path, sample_rate: int = 16_000) -> Path:
    """Write a tenth of a second of noise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.random.default_rng(0).normal(0, 0.1, sample_rate // 10), sample_rate)
    return path


def lj_layout(folder: Path, names: list[str]) -> Path:
    for name in names:
        record(folder / "wavs" / f"{name}.wav")
    lines = [f'{name}|Text 1 "of {name}|text one of {name}' for name in names]
    (folder / "metadata.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def test_lj_layout_takes_the_last_column_and_keeps_the_order_of_the_file(tmp_path):
    corpus = load_corpus(CorpusConfig("folder", str(lj_layout(tmp_path, ["b", "a", "c"]))))
    assert [utterance.id for utterance in corpus.utterances] == ["b", "a", "c"]
    assert corpus["a"].text == "text one of a"
    assert corpus["a"].audio_path == tmp_path / "wavs" / "a.wav"
    assert corpus.sample_rate == 16_000


def test_pairs_take_the_speaker_from_the_folder_and_allow_a_missing_transcript(tmp_path):
    for name in ("ann/one", "ann/two", "bob/one"):
        record(tmp_path / f"{name}.flac")
    (tmp_path / "ann/one.txt").write_text("\ufeffHello,\n  world.\n", encoding="utf-8")
    (tmp_path / "bob/one.lab").write_text("good day", encoding="utf-8")
    corpus = load_corpus(CorpusConfig("folder", str(tmp_path)))
    seen = [(utterance.id, utterance.text, utterance.speaker) for utterance in corpus.utterances]
    assert seen == [("ann-one", "Hello, world.", "ann"), ("ann-two", "", "ann"), ("bob-one", "good day", "bob")]


def test_one_name_in_two_formats_is_one_utterance(tmp_path):
    record(tmp_path / "a.flac"), record(tmp_path / "a.wav")
    corpus = load_corpus(CorpusConfig("folder", str(tmp_path)))
    assert [utterance.audio_path.name for utterance in corpus.utterances] == ["a.wav"]


def test_the_validation_split_barely_moves_when_a_file_is_added(tmp_path):
    names = [f"clip{number:03}" for number in range(100)]
    config = CorpusConfig("folder", str(lj_layout(tmp_path, names)), n_validation=10)
    before = {utterance.id for utterance in load_corpus(config).split(VALIDATION)}
    lj_layout(tmp_path, [*names, "another"])
    corpus = load_corpus(config)
    after = {utterance.id for utterance in corpus.split(VALIDATION)}
    assert len(before) == len(after) == 10
    assert len(before - after) <= 1
    assert len(corpus.split(TRAIN)) == 91


def test_the_first_utterances_of_every_split_are_kept(tmp_path):
    config = CorpusConfig("folder", str(lj_layout(tmp_path, [f"c{number:02}" for number in range(50)])), n_utterances=5)
    corpus = load_corpus(config)
    assert len(corpus.split(TRAIN)) == len(corpus.split(VALIDATION)) == 5


@pytest.mark.parametrize(
    ("lines", "message"),
    [("a|x\na|y\n", "second time"), ("a|x\nno separator\n", "line 2"), ("a|x\n|y\n", "line 2")],
)
def test_a_wrong_metadata_line_is_named(tmp_path, lines, message):
    record(tmp_path / "wavs" / "a.wav")
    (tmp_path / "metadata.csv").write_text(lines, encoding="utf-8")
    with pytest.raises(SpeechlabError, match=message):
        load_corpus(CorpusConfig("folder", str(tmp_path)))


def test_metadata_in_an_encoding_that_cannot_be_told_is_refused(tmp_path):
    record(tmp_path / "wavs" / "a.wav")
    (tmp_path / "metadata.csv").write_bytes("a|Grüße aus Köln\n".encode("latin-1"))
    with pytest.raises(SpeechlabError, match="UTF-8 .*byte 4 is 0xfc"):
        load_corpus(CorpusConfig("folder", str(tmp_path)))


@pytest.mark.parametrize("path", ["", "nowhere"])
def test_a_folder_that_is_not_there_is_refused(path):
    with pytest.raises(SpeechlabError, match="corpus.path"):
        load_corpus(CorpusConfig("folder", path))


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(SpeechlabError, match="no recordings"):
        load_corpus(CorpusConfig("folder", str(tmp_path)))


def test_real_folders_load(shared_data):
    corpus = load_corpus(CorpusConfig("folder", str(shared_data / "kathleen")))
    assert (len(corpus), len(corpus.split(VALIDATION)), corpus.sample_rate) == (922, 40, 22_050)
    assert all(utterance.audio_path.is_file() and utterance.text for utterance in corpus.utterances)


TEXTS = [
    "The cat sat on the mat.",
    'He said "no", twice.',
    "Rain fell; all day.",
    "Birds, they sing at dawn.",
    "A dog ran.",
]
RUSSIAN = ["Старый дом стоял у реки.", "Мы пили чай на веранде.", "Зимой там лежал снег.", "Он ушёл рано утром.", "Да."]
IDS = [f"clip{number}" for number in range(5)]
PAIRS = list(zip(IDS, TEXTS, strict=True))


def corpus_of(
    folder: Path, lines: list[str], name="metadata.csv", encoding="utf-8", end="\n", wavs="wavs", suffix=".wav"
):
    """Make a folder of five recordings with a metadata file of these lines, and load it."""
    for id in IDS:
        record(folder / wavs / f"{id}.wav")
        if suffix != ".wav":
            (folder / wavs / f"{id}.wav").rename(folder / wavs / f"{id}{suffix}")
    (folder / name).write_bytes((end.join(lines) + end).encode(encoding))
    return load_corpus(CorpusConfig("folder", str(folder)))


@pytest.mark.parametrize(
    ("lines", "more"),
    [
        ([f"{id}|{text}" for id, text in PAIRS], {}),
        ([f"{id}|{text}" for id, text in PAIRS], {"encoding": "utf-8-sig", "end": "\r\n\r\n  \r\n"}),
        ([f"{id}|{text}" for id, text in PAIRS], {"encoding": "utf-16"}),
        ([f"{id}|{text}" for id, text in PAIRS], {"end": "\r"}),
        ([f"{id}|speaker{n % 2}|{text}" for n, (id, text) in enumerate(PAIRS)], {}),
        (["audio_file|text|speaker_name", *(f"wavs/{id}.wav|{text}|ann" for id, text in PAIRS)], {}),
        (["id|text", *(f"{id}|{text}" for id, text in PAIRS)], {}),
        ([f"wavs/{id}.wav|0|{text}" for id, text in PAIRS], {}),
        (["file,text", *('{}.wav,"{}"'.format(id, text.replace('"', '""')) for id, text in PAIRS)], {}),
        ([f"{id}.wav,{text}" for id, text in PAIRS], {}),
        ([f"{id}\t{text}" for id, text in PAIRS], {"name": "list.tsv"}),
        (["path\tsentence\tage", *(f"{id}.mp3\t{text}\t" for id, text in PAIRS)], {"name": "validated.tsv"}),
        ([f'"{id}"|"{text}"' for id, text in PAIRS], {}),
        ([f" {id} | {text} " for id, text in PAIRS], {"name": "metadata.txt"}),
        ([f"{id}.mp3|{text}" for id, text in PAIRS], {"suffix": ".WAV"}),
        ([f"{id}|{text}" for id, text in PAIRS], {"wavs": "wavs/a/b"}),
        ([f"C:\\voice\\wav\\{id}.wav|{text}" for id, text in PAIRS], {"wavs": "wav"}),
        ([f"{text}|wavs/{id}.wav" for id, text in PAIRS], {}),
        ([f"{id}|{text.upper()}|{text}" for id, text in PAIRS], {}),
    ],
    ids=["plain", "bom, blank lines", "utf-16", "mac", "piper", "coqui", "header", "vits", "comma", "comma, no quotes",
         "tabs", "common voice", "quoted", "blanks", "any suffix", "sub-folders", "windows", "reversed", "two forms"],
)  # fmt: skip
def test_metadata_as_people_have_it_gives_the_same_corpus(tmp_path, recwarn, lines, more):
    corpus = corpus_of(tmp_path, lines, **more)
    assert [(item.id, item.text) for item in corpus.utterances] == PAIRS
    assert all(item.audio_path.is_file() for item in corpus.utterances)
    assert any("read as utf-16" in str(warning.message) for warning in recwarn) == (more.get("encoding") == "utf-16")


def test_speakers_are_kept(tmp_path):
    corpus = corpus_of(tmp_path, [f"{id}|speaker{n % 2}|{text}" for n, (id, text) in enumerate(PAIRS)])
    assert [item.speaker for item in corpus.utterances] == ["speaker0", "speaker1"] * 2 + ["speaker0"]


def test_a_separator_inside_a_text_is_part_of_it(tmp_path):
    corpus = corpus_of(tmp_path, ["clip0|this | and that", *(f"{id}|{text}" for id, text in PAIRS[1:])])
    assert corpus["clip0"].text == "this | and that" and corpus["clip1"].text == TEXTS[1]


@pytest.mark.parametrize("odd", ["\u2028", "\x0c", "\x0b", "\x85"])
def test_what_word_processors_put_inside_a_line_ends_none(tmp_path, odd):
    corpus = corpus_of(tmp_path, [f"clip0|One,{odd} two.", *(f"{id}|{text}" for id, text in PAIRS[1:])])
    assert corpus["clip0"].text == "One, two." and len(corpus) == 5
    record(tmp_path / "pairs" / "a.wav").with_suffix(".txt").write_text(f"One,{odd} two.", encoding="utf-8")
    assert load_corpus(CorpusConfig("folder", str(tmp_path / "pairs")))["a"].text == "One, two."


@pytest.mark.parametrize("encoding", ["cp1251", "koi8-r", "cp866"])
def test_a_russian_code_page_is_read_and_said(tmp_path, encoding):
    with pytest.warns(UserWarning, match=f"read as {encoding}"):
        corpus = corpus_of(tmp_path, [f"{id}|{text}" for id, text in zip(IDS, RUSSIAN, strict=True)], encoding=encoding)
    assert [item.text for item in corpus.utterances] == RUSSIAN
    for id, text in zip(IDS, RUSSIAN, strict=True):
        record(tmp_path / "pairs" / f"{id}.wav").with_suffix(".TXT").write_bytes(text.encode(encoding))
    with pytest.warns(UserWarning, match=f"read as {encoding}"):
        corpus = load_corpus(CorpusConfig("folder", str(tmp_path / "pairs")))
    assert [item.text for item in corpus.utterances] == RUSSIAN


def test_quotes_of_windows_in_an_english_text_are_read(tmp_path):
    with pytest.warns(UserWarning, match="read as cp1252"):
        corpus = corpus_of(
            tmp_path, ["clip0|It’s “good”", *(f"{id}|{text}" for id, text in PAIRS[1:])], encoding="cp1252"
        )
    assert corpus["clip0"].text == "It’s “good”"


def test_one_transcript_that_cannot_be_read_does_not_stop_the_others(tmp_path):
    for id, text in PAIRS:
        record(tmp_path / f"{id}.wav").with_suffix(".txt").write_text(text, encoding="utf-8")
    (tmp_path / "clip3.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.warns(UserWarning, match="1 of 5 transcripts cannot be read.*clip3"):
        corpus = load_corpus(CorpusConfig("folder", str(tmp_path)))
    assert [bool(item.text) for item in corpus.utterances] == [True, True, True, False, True]


@pytest.mark.parametrize(
    ("lines", "meant"),
    [
        ([f"{id}|{text}" if id < "clip2" else f"{id}|{text}|{text}" for id, text in PAIRS], ["2 columns", "3 columns"]),
        ([f"{id}|{text}" for id, text in PAIRS[:3]] + ["clip3", "clip4"], ["line 4", "line 5", "columns"]),
        ([f"{id}|the reader" for id in IDS], ["5 of 5", "same text", "line 1", "line 2", "line 3"]),
        ([f"{id}|{text}|{russian}" for (id, text), russian in zip(PAIRS, RUSSIAN, strict=True)], ["more than one"]),
        ([f"{id}|{n}|{n + 1}" for n, id in enumerate(IDS)], ["no column looks like the text"]),
        ([f"{id}|{text}" for id, text in [*PAIRS, PAIRS[0]]], ["line 6", "after line 1"]),
        ([""], ["is empty"]),
        (["id|text"], ["nothing below"]),
    ],
    ids=["unequal", "too few", "one text", "two texts", "no text", "twice", "empty", "header alone"],
)
def test_metadata_that_cannot_be_understood_is_refused_in_one_line(tmp_path, lines, meant):
    with pytest.raises(SpeechlabError) as error:
        corpus_of(tmp_path, lines)
    message = str(error.value)
    assert len(message.splitlines()) == 1 and all(word in message for word in meant), message


def test_the_column_of_the_text_may_be_given_by_number_or_by_name(tmp_path):
    lines = ["id|english|russian", *(f"{i}|{a}|{b}" for (i, a), b in zip(PAIRS, RUSSIAN, strict=True))]
    for id in IDS:
        record(tmp_path / "wavs" / f"{id}.wav")
    (tmp_path / "metadata.csv").write_text("\n".join(lines[1:]), encoding="utf-8")
    for column, texts in (("2", TEXTS), ("3", RUSSIAN)):
        corpus = load_corpus(CorpusConfig("folder", str(tmp_path), text_column=column))
        assert [item.text for item in corpus.utterances] == texts
    for wrong in ("0", "4", "english", "²"):
        with pytest.raises(SpeechlabError, match="is no column of .*line 1"):
            load_corpus(CorpusConfig("folder", str(tmp_path), text_column=wrong))
    lines[0] = "id|text|russian"
    (tmp_path / "metadata.csv").write_text("\n".join(lines), encoding="utf-8")
    corpus = load_corpus(CorpusConfig("folder", str(tmp_path), text_column="russian"))
    assert [item.text for item in corpus.utterances] == RUSSIAN


def test_two_files_that_name_recordings_are_asked_about(tmp_path):
    with pytest.raises(SpeechlabError, match=r"2 files that name recordings \(train.txt, val.txt\)"):
        for name in ("train.txt", "val.txt"):
            corpus_of(tmp_path, [f"{id}|{text}" for id, text in PAIRS], name=name)
        load_corpus(CorpusConfig("folder", str(tmp_path)))


def test_folders_tell_equal_numbers_of_two_speakers_apart(tmp_path):
    for speaker in ("ann", "bob"):
        record(tmp_path / "wavs" / speaker / "001.wav")
    (tmp_path / "metadata.csv").write_text("ann/001|Hello there.\nbob/001|Good day.\n", encoding="utf-8")
    corpus = load_corpus(CorpusConfig("folder", str(tmp_path)))
    assert [(item.audio_path.parent.name, item.text) for item in corpus.utterances] == [
        ("ann", "Hello there."),
        ("bob", "Good day."),
    ]
    (tmp_path / "metadata.csv").write_text("001|Hello there.\n", encoding="utf-8")
    with pytest.raises(SpeechlabError, match="'001' is the name of 2 recordings"):
        load_corpus(CorpusConfig("folder", str(tmp_path)))


@pytest.mark.skipif(not hasattr(Path, "symlink_to") or __import__("os").name == "nt", reason="links need rights there")
def test_links_to_files_and_folders_are_followed_and_circles_are_not(tmp_path):
    for id, text in PAIRS:
        record(tmp_path / "elsewhere" / f"{id}.wav").with_suffix(".txt").write_text(text, encoding="utf-8")
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "ann").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "back").symlink_to(corpus)
    (corpus / "one.wav").symlink_to(tmp_path / "elsewhere" / "clip0.wav")
    found = load_corpus(CorpusConfig("folder", str(corpus)))
    assert [(item.id, item.text) for item in found.utterances] == [(f"ann-{id}", text) for id, text in PAIRS] + [
        ("one", "")
    ]


def test_names_of_other_systems_are_found_in_any_unicode_form_and_case(tmp_path):
    record(tmp_path / "wavs" / "И\u0306 1.WAV")  # as macOS spells it
    (tmp_path / "metadata.csv").write_text("\u0439 1.wav|Hello there.\n", encoding="utf-8")
    assert load_corpus(CorpusConfig("folder", str(tmp_path))).utterances[0].audio_path.is_file()


@pytest.mark.filterwarnings("ignore:.*not UTF-8")
def test_mutated_metadata_ends_in_a_corpus_or_in_one_line(tmp_path):
    rng = np.random.default_rng()  # others each time
    for id in IDS:
        record(tmp_path / "wavs" / f"{id}.wav")
    for separator in "|\t,;":
        for encoding in ("utf-8", "utf-16", "cp1251"):
            for _ in range(12):
                texts = [*RUSSIAN, *TEXTS]
                rng.shuffle(texts)
                content = bytearray("\n".join(f"{a}{separator}{b}" for a, b in zip(IDS, texts, strict=False)), encoding)
                for _ in range(rng.integers(1, 20)):
                    at = int(rng.integers(len(content)))
                    content[at : at + int(rng.integers(3))] = rng.choice(list(b'\0|\t,;"\n\r\x85 a\xff'), 2).tolist()
                (tmp_path / "metadata.csv").write_bytes(content)
                try:
                    load_corpus(CorpusConfig("folder", str(tmp_path)))
                except SpeechlabError as error:
                    assert len(str(error).splitlines()) == 1, bytes(content)
