"""RUSLAN from a local server: a tiny archive of the same layout, its splits, and what may go wrong."""

import io
import shutil
import zipfile

import numpy as np
import pytest
import soundfile

from speechlab import download
from speechlab.config import CorpusConfig
from speechlab.data.corpora import TRAIN, VALIDATION, load_corpus, ruslan
from speechlab.errors import SpeechlabError
from tests.test_download import Server

IDS = [f"{number:06}_RUSLAN" for number in range(10)]
TEXTS = [f'«Текст номер {number}», — сказал он: „да“ и " нет.' for number in range(10)]


def archive_of(ids, sample_rate: int = 44_100) -> bytes:
    """Zip a hundredth of a second of noise under each id, beside what does not belong there."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as pack:
        for id in ids:
            clip = io.BytesIO()
            soundfile.write(
                clip, np.random.default_rng(0).normal(0, 0.1, sample_rate // 100), sample_rate, format="WAV"
            )
            pack.writestr(f"RUSLAN/{id}.wav", clip.getvalue())
        pack.writestr("RUSLAN/.DS_Store", b"x")
    return file.getvalue()


@pytest.fixture
def servers(monkeypatch, tmp_path):
    """One server for the archive, one for the metadata; ten clips are all there are."""
    monkeypatch.setattr(download, "WAIT_S", 0.01)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("SPEECHLAB_DATA", str(tmp_path / "data"))
    archive, metadata = Server(), Server()
    archive.content = archive_of(IDS)
    metadata.content = "".join(f"{id}|{text} \r\n" for id, text in zip(IDS, TEXTS, strict=True)).encode()
    monkeypatch.setattr(ruslan, "N_CLIPS", len(IDS))
    monkeypatch.setattr(ruslan, "FILES", {ruslan.ARCHIVE: (archive.url(),), ruslan.METADATA: (metadata.url(),)})
    yield archive, metadata
    for server in (archive, metadata):
        server.http.shutdown()
        server.http.server_close()


def test_it_is_downloaded_unpacked_split_and_not_downloaded_again(servers, tmp_path):
    servers[0].cuts = 1
    corpus = load_corpus(CorpusConfig("ruslan", n_validation=2))
    assert [item.id for item in corpus.utterances] == IDS
    assert [item.text for item in corpus.utterances] == TEXTS  # quotation marks kept, ends stripped
    assert all(item.audio_path.is_file() for item in corpus.utterances)
    assert (len(corpus.split(TRAIN)), len(corpus.split(VALIDATION))) == (8, 2)
    assert corpus.sample_rate == 44_100 and corpus.licence.startswith("CC BY-NC-SA 4.0")
    folder = tmp_path / "data" / "RUSLAN"
    assert sorted(item.name for item in folder.iterdir()) == [
        "RUSLAN", "hashes.json", "metadata_RUSLAN_22200.csv", "metadata_train.txt", "metadata_val.txt",
    ]  # fmt: skip
    assert sorted(item.name for item in (folder / "RUSLAN").iterdir()) == [f"{id}.wav" for id in IDS]
    n_requests = [len(server.requests) for server in servers]
    again = load_corpus(CorpusConfig("ruslan", n_validation=5))  # the files hold the split
    assert again.utterances == corpus.utterances
    assert [len(server.requests) for server in servers] == n_requests


def test_splits_of_ones_own_are_used(servers, tmp_path):
    load_corpus(CorpusConfig("ruslan"))
    folder = tmp_path / "data" / "RUSLAN"
    (folder / "metadata_train.txt").write_text(f"RUSLAN/{IDS[3]}.wav|с+амый первый\n", encoding="utf-8")
    (folder / "metadata_val.txt").write_text(f"{IDS[1]}|второй\n", encoding="utf-8")
    corpus = load_corpus(CorpusConfig("ruslan"))
    seen = [(item.id, item.text, item.split) for item in corpus.utterances]
    assert seen == [(IDS[1], "второй", VALIDATION), (IDS[3], "с+амый первый", TRAIN)]
    (folder / "metadata_val.txt").write_text(f"{IDS[3]}|ещё раз\n", encoding="utf-8")
    with pytest.raises(SpeechlabError, match="in both"):
        load_corpus(CorpusConfig("ruslan"))
    (folder / "metadata_val.txt").write_text("elsewhere|нет\n", encoding="utf-8")
    with pytest.raises(SpeechlabError, match="1 clips that are not in RUSLAN/, the first being elsewhere"):
        load_corpus(CorpusConfig("ruslan"))


def test_a_web_page_instead_of_the_archive_is_said_and_thrown_away(servers, tmp_path):
    servers[0].content = b"\n<!DOCTYPE html><html><head><title>Google Drive - Quota exceeded</title></head></html>"
    with pytest.raises(SpeechlabError, match=r"web page instead of RUSLAN\.zip.*ruslan-corpus\.github\.io"):
        load_corpus(CorpusConfig("ruslan"))
    assert list((tmp_path / "data" / "RUSLAN").iterdir()) == []


def test_missing_clips_are_counted(servers, tmp_path):
    servers[0].content = archive_of(IDS[:7])
    with pytest.raises(SpeechlabError, match="7 of 10 clips"):
        load_corpus(CorpusConfig("ruslan"))
    servers[0].content = archive_of(IDS)
    load_corpus(CorpusConfig("ruslan"))
    (tmp_path / "data" / "RUSLAN" / "RUSLAN" / f"{IDS[0]}.wav").unlink()
    with pytest.raises(SpeechlabError, match="9 of 10 clips.*corpus.name=folder"):
        load_corpus(CorpusConfig("ruslan"))


def test_another_archive_than_the_first_one_is_refused(servers, tmp_path):
    load_corpus(CorpusConfig("ruslan"))
    shutil.rmtree(tmp_path / "data" / "RUSLAN" / "RUSLAN")
    servers[0].content = archive_of(IDS, 48_000)
    with pytest.raises(SpeechlabError, match="SHA-256"):
        load_corpus(CorpusConfig("ruslan"))


def test_metadata_that_is_cut_short_is_refused(servers):
    servers[1].content = servers[1].content[:200]
    with pytest.raises(SpeechlabError, match="of 10 lines"):
        load_corpus(CorpusConfig("ruslan"))
