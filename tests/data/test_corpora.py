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


def test_metadata_in_another_encoding_is_refused(tmp_path):
    (tmp_path / "metadata.csv").write_bytes("a|Привет\n".encode("cp1251"))
    with pytest.raises(SpeechlabError, match="UTF-8"):
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
