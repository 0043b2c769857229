"""Downloads against a local server that misbehaves, and archives that try to leave their folder."""

import hashlib
import io
import os
import subprocess
import sys
import tarfile
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from speechlab import download
from speechlab.config import CorpusConfig
from speechlab.data import archives
from speechlab.data.corpora import TEST, VALIDATION, ljspeech, load_corpus
from speechlab.download import extract, fetch
from speechlab.errors import SpeechlabError
from speechlab.files import machine

CONTENT = np.random.default_rng(0).bytes(300_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Server:
    """A web server on this machine whose faults a test chooses."""

    def __init__(self):
        self.content, self.cuts, self.ranges, self.requests = CONTENT, 0, True, []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                server.answer(self)

            def log_message(self, *arguments):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.http.serve_forever, args=(0.01,), daemon=True).start()

    def answer(self, request):
        header = request.headers.get("Range", "")
        self.requests.append((request.path, header))
        if request.path != "/file":
            request.send_error(404)
            return
        start = int(header.removeprefix("bytes=").rstrip("-")) if header and self.ranges else 0
        if start >= len(self.content):
            request.send_error(416)
            return
        body = self.content[start:]
        request.send_response(206 if start else 200)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        if self.cuts:
            self.cuts -= 1
            body = body[: len(body) // 3]
        request.wfile.write(body)
        request.close_connection = True

    def url(self, path="/file"):
        return f"http://127.0.0.1:{self.http.server_port}{path}"


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(download, "WAIT_S", 0.01)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    server = Server()
    yield server
    server.http.shutdown()
    server.http.server_close()


def test_a_cut_connection_is_continued_where_it_ended(server, tmp_path):
    server.cuts = 3
    path = fetch([server.url()], SHA256, tmp_path / "sub" / "file")
    assert path.read_bytes() == CONTENT
    starts = [header for _, header in server.requests]
    assert starts == ["", "bytes=100000-", "bytes=166666-", "bytes=211110-"]
    assert [item.name for item in path.parent.iterdir()] == ["file"]


def test_what_an_interrupted_run_got_is_continued(server, tmp_path):
    (tmp_path / "file.part").write_bytes(CONTENT[:250_000])
    fetch([server.url()], SHA256, tmp_path / "file")
    assert server.requests == [("/file", "bytes=250000-")]


def test_a_server_that_cannot_continue_is_read_from_the_start(server, tmp_path):
    server.ranges, server.cuts = False, 1
    assert fetch([server.url()], SHA256, tmp_path / "file").read_bytes() == CONTENT


def test_a_complete_partial_file_only_wants_its_name(server, tmp_path):
    (tmp_path / "file.part").write_bytes(CONTENT)
    assert fetch([server.url()], SHA256, tmp_path / "file").read_bytes() == CONTENT


def test_a_file_that_is_there_is_not_downloaded_again(server, tmp_path):
    (tmp_path / "file").write_bytes(CONTENT)
    fetch([server.url()], SHA256, tmp_path / "file")
    assert server.requests == []


def test_a_mirror_takes_over(server, tmp_path):
    urls = ["http://127.0.0.1:9/file", server.url("/gone"), server.url()]
    assert fetch(urls, SHA256, tmp_path / "file").read_bytes() == CONTENT


def test_wrong_content_is_refused_and_thrown_away(server, tmp_path):
    server.content = b"<html>please log in</html>"
    with pytest.raises(SpeechlabError, match="SHA-256"):
        fetch([server.url()], SHA256, tmp_path / "file")
    assert list(tmp_path.iterdir()) == []


def test_no_address_answers(server, tmp_path):
    with pytest.raises(SpeechlabError, match=r"404.*put the file at"):
        fetch([server.url("/gone")], SHA256, tmp_path / "file")


def tar_of(path, **files):
    """Write a bzip2 tar archive; a value that is TarInfo goes in as it is."""
    with tarfile.open(path, "w:bz2") as pack:
        for name, content in files.items():
            info = content if isinstance(content, tarfile.TarInfo) else tarfile.TarInfo(name)
            info.size = 0 if isinstance(content, tarfile.TarInfo) else len(content)
            pack.addfile(info, None if isinstance(content, tarfile.TarInfo) else io.BytesIO(content))
    return path


@pytest.mark.parametrize(
    "name", ["../outside", "/tmp/speechlab-outside", "a/../../outside", "C:\\outside", "..\\outside"]
)
@pytest.mark.parametrize("kind", ["tar", "zip"])
def test_a_path_that_leaves_the_folder_is_refused(tmp_path, name, kind):
    archive = tmp_path / f"archive.{kind}"
    if kind == "tar":
        tar_of(archive, **{"good": b"x", name: b"evil"})
    else:
        with zipfile.ZipFile(archive, "w") as pack:
            pack.writestr("good", "x")
            pack.writestr(name, "evil")
    with pytest.raises(SpeechlabError, match="leaves its folder"):
        extract(archive, tmp_path / "out")
    assert [item.name for item in tmp_path.iterdir()] == [archive.name]


def test_a_link_is_refused(tmp_path):
    link = tarfile.TarInfo("link")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc"
    with pytest.raises(SpeechlabError, match="link"):
        extract(tar_of(tmp_path / "archive.tar", link=link), tmp_path / "out")


def test_a_truncated_archive_leaves_nothing(tmp_path):
    archive = tar_of(tmp_path / "archive.tar", one=CONTENT)
    archive.write_bytes(archive.read_bytes()[:150_000])
    with pytest.raises(SpeechlabError, match="damaged"):
        extract(archive, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_lj_speech_is_downloaded_checked_unpacked_and_split_by_chapter(server, tmp_path, monkeypatch):
    ids = ["LJ001-0001", "LJ002-0001", "LJ003-0001", "LJ004-0001"]
    files = {f"LJSpeech-1.1/wavs/{id}.wav": b"RIFF" for id in ids}
    files["LJSpeech-1.1/metadata.csv"] = "".join(f'{id}|Dr. "X"|Doctor "X"\n' for id in ids).encode()
    server.content = tar_of(tmp_path / "archive", **files).read_bytes()
    sha256 = hashlib.sha256(server.content).hexdigest()
    server.cuts = 1
    monkeypatch.setattr(ljspeech, "URLS", (server.url("/gone"), server.url()))
    monkeypatch.setattr(ljspeech, "SHA256", sha256)
    monkeypatch.setenv("SPEECHLAB_DATA", str(tmp_path / "data"))
    corpus = load_corpus(CorpusConfig("ljspeech"))
    assert [item.split for item in corpus.utterances] == [TEST, TEST, VALIDATION, "train"]
    assert corpus["LJ003-0001"].text == 'Doctor "X"'
    assert all(item.audio_path.is_file() for item in corpus.utterances)
    n_requests = len(server.requests)
    load_corpus(CorpusConfig("ljspeech"))
    assert len(server.requests) == n_requests
    assert [item.name for item in (tmp_path / "data").iterdir()] == ["LJSpeech-1.1"]


def test_the_chapter_split_of_all_13100_clips(shared_data):
    lines = (shared_data / "ljspeech-mini" / "metadata_full.csv").read_text(encoding="utf-8").splitlines()
    splits = [ljspeech.CHAPTERS.get(line[:5], "train") for line in lines]
    assert [splits.count(name) for name in ("train", "validation", "test")] == [12_229, 348, 523]


def damaged_zip(folder):
    zip_of(folder, content=CONTENT)
    data = bytearray((folder / "archive").read_bytes())
    data[60:90] = bytes(30)
    return data


def zip_of(folder, content=b"x", method=zipfile.ZIP_DEFLATED, name="a.txt"):
    with zipfile.ZipFile(folder / "archive", "w", method) as pack:
        pack.writestr(name, content)
    return bytearray((folder / "archive").read_bytes())


def encrypted_zip(folder):
    data = zip_of(folder)
    for signature, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.find(signature) + at] |= 1
    return data


def zip_of_unknown_method(folder):
    data = zip_of(folder)
    for signature, at in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        data[data.find(signature) + at] = 77
    return data


def cut_tar(folder):
    return bytearray(tar_of(folder / "archive", one=CONTENT).read_bytes()[:-500])


def zip_bomb(folder):
    return zip_of(folder, bytes(600_000_000))


def file_and_folder_of_one_name(folder):
    with zipfile.ZipFile(folder / "archive", "w") as pack:
        pack.writestr("a", "x")
        pack.writestr("a/b", "x")
    return bytearray((folder / "archive").read_bytes())


ODD_ARCHIVES = {
    damaged_zip: "is damaged",
    encrypted_zip: "encrypted",
    zip_of_unknown_method: "unknown kind",
    cut_tar: "is damaged",
    zip_bomb: "unpacks to more than",
    file_and_folder_of_one_name: "could not unpack",
    lambda folder: zip_of(folder, name="a" * 300): "could not unpack",
    lambda folder: bytearray(b"BZh9" + bytes(1000)): "is damaged",
    lambda folder: bytearray(b"\x1f\x8b\x08" + bytes(range(256))): "is damaged",
    lambda folder: bytearray(b"\xfd7zXZ\0" + bytes(range(256))): "is damaged",
    lambda folder: bytearray(): "is damaged",
}


@pytest.mark.parametrize("make", ODD_ARCHIVES)
def test_an_archive_that_cannot_be_unpacked_is_one_line_and_leaves_nothing(tmp_path, make):
    (tmp_path / "archive").write_bytes(make(tmp_path))
    with pytest.raises(SpeechlabError, match=ODD_ARCHIVES[make]) as caught:
        extract(tmp_path / "archive", tmp_path / "out")
    assert "\n" not in str(caught.value)
    assert [item.name for item in tmp_path.iterdir()] == ["archive"]


def test_what_a_killed_process_left_is_removed_when_the_next_one_unpacks(tmp_path):
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True)
    leftover, alive = (
        tmp_path / f".out.{machine()}-{int(gone.stdout)}.tmp",
        tmp_path / f".out.{machine()}-{os.getppid()}.tmp",
    )
    for folder in (leftover, alive):
        (folder / "half").mkdir(parents=True)
    extract(tar_of(tmp_path / "archive.tar", one=b"1"), tmp_path / "out")
    assert not leftover.exists() and alive.exists()


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://127.0.0.1/x", "data:,x"])
def test_a_download_is_redirected_to_the_web_only(tmp_path, target, monkeypatch):
    class Redirect(BaseHTTPRequestHandler):
        def do_GET(self):  # noqa: N802 (the library's name)
            self.send_response(302)
            self.send_header("Location", target)
            self.end_headers()

        def log_message(self, *arguments):
            return

    monkeypatch.setattr(download, "ATTEMPTS", 1)
    with ThreadingHTTPServer(("127.0.0.1", 0), Redirect) as site:
        threading.Thread(target=site.serve_forever, args=(0.01,), daemon=True).start()
        with pytest.raises(SpeechlabError, match="could not download"):
            download.fetch([f"http://127.0.0.1:{site.server_port}/a"], None, tmp_path / "a")
        with pytest.raises(SpeechlabError, match="begins with https"):
            download.fetch(["file:///etc/passwd"], None, tmp_path / "a")
        site.shutdown()
    assert not list(tmp_path.iterdir())


def test_notes_of_hashes_that_are_damaged_are_one_line(tmp_path):
    (tmp_path / "hashes.json").write_text("[1", encoding="utf-8")
    with pytest.raises(SpeechlabError, match="no table of hashes"):
        archives.read_notes(tmp_path)


@pytest.mark.parametrize(
    "address",
    [
        "https://drive.google.com/file/d/1a_B-c/view?usp=sharing",
        "https://drive.google.com/uc?id=1a_B-c",
        "https://drive.google.com/open?usp=drive_link&id=1a_B-c",
    ],
)
def test_a_file_of_google_drive_is_fetched_by_its_id_and_held_to_its_hash(tmp_path, monkeypatch, address):
    import gdown

    asked = []

    def drive(id, output, **options):
        asked.append(id)
        Path(output).write_bytes(CONTENT)

    monkeypatch.setattr(gdown, "download", drive)
    assert fetch([address], SHA256, tmp_path / "file").read_bytes() == CONTENT and asked == ["1a_B-c"]
    with pytest.raises(SpeechlabError, match="wrong content"):
        fetch([address], SHA256[::-1], tmp_path / "other")
    assert not list(tmp_path.glob("other*"))


def test_what_google_drive_refuses_is_one_line(tmp_path, monkeypatch):
    import gdown

    def refused(**options):
        raise RuntimeError("Cannot retrieve the file.\nYou may need to change its permission")

    monkeypatch.setattr(gdown, "download", refused)
    with pytest.raises(SpeechlabError, match="Cannot retrieve the file. You may need") as error:
        fetch(["https://drive.google.com/uc?id=x"], None, tmp_path / "file")
    assert "\n" not in str(error.value)
