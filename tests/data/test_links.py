"""Links to Drive, Yandex Disk and the web: fetched once, held to a hash, unpacked safely; none from a card."""

import hashlib
import io
import json
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
import soundfile

from speechlab import checkpoints, download
from speechlab.apps.cli import main, parse
from speechlab.apps.fetching import fetched
from speechlab.data import links
from speechlab.data.links import fetch_link, parse_link, unpack_link
from speechlab.errors import SpeechlabError

NUMBER = "1AbCdEfGhIjKlMnOpQrStUvWxYz012345"
PAGE = b"<!DOCTYPE html><html>Sign in</html>"


class Site:
    """Drive, Yandex Disk and a plain site at once, on this machine."""

    def __init__(self):
        self.files, self.requests = {}, []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                site.answer(self)

            def log_message(self, *arguments):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.http.serve_forever, args=(0.01,), daemon=True).start()

    def answer(self, request):
        parts = urlsplit(request.path)
        query = parse_qs(parts.query)
        self.requests.append(request.path)
        name = {"/uc": query.get("id", [""])[0], "/api": query.get("public_key", [""])[0]}.get(
            parts.path, parts.path[1:]
        )
        if name not in self.files:
            return request.send_error(404)
        body = self.files[name]
        if parts.path == "/api":
            body = json.dumps({"href": f"{self.url(name)}?filename={name}"}).encode()
        request.send_response(200)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)
        request.close_connection = True

    def url(self, name=""):
        return f"http://127.0.0.1:{self.http.server_port}/{name}"


@pytest.fixture
def site(monkeypatch, tmp_path):
    site = Site()
    monkeypatch.setattr(download, "WAIT_S", 0.01)
    monkeypatch.setattr(links, "DRIVE", site.url()[:-1])
    monkeypatch.setattr(links, "YANDEX", site.url("api"))
    monkeypatch.setenv("SPEECHLAB_DATA", str(tmp_path / "data"))
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "127.0.0.1")
    yield site
    site.http.shutdown()
    site.http.server_close()


def zipped(files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as pack:
        for name, content in files.items():
            pack.writestr(name, content)
    return buffer.getvalue()


def sha(content):
    return hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize(
    ("text", "kind", "place"),
    [
        (f"gdrive:{NUMBER}", "gdrive", NUMBER),
        (f"https://drive.google.com/file/d/{NUMBER}/view?usp=sharing", "gdrive", NUMBER),
        (f"https://drive.google.com/open?id={NUMBER}", "gdrive", NUMBER),
        (f"https://drive.google.com/uc?export=download&id={NUMBER}", "gdrive", NUMBER),
        ("https://disk.yandex.ru/d/abc", "yandex", "https://disk.yandex.ru/d/abc"),
        ("yandex:https://yadi.sk/d/abc", "yandex", "https://yadi.sk/d/abc"),
        ("https://example.org/a.zip", "web", "https://example.org/a.zip"),
    ],
)
def test_links_are_read_as_people_paste_them(text, kind, place):
    assert parse_link(text) == (kind, place, None)
    assert parse_link(f"{text}#{'AB' * 32}") == (kind, place, "ab" * 32)


@pytest.mark.parametrize(
    "text",
    ["gdrive:", "gdrive:../../x", "https://drive.google.com/drive/my-drive", "ftp://x/y", "gdrive:x#12", "file:///x"],
)
def test_what_is_no_link_to_a_file_is_refused_in_one_line(text):
    with pytest.raises(SpeechlabError) as caught:
        parse_link(text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", ["gdrive", "yandex", "web"])
def test_a_file_is_fetched_once_and_held_to_its_hash(site, kind):
    content = np.random.default_rng(0).bytes(3000)
    name, text = {
        "gdrive": (NUMBER, f"gdrive:{NUMBER}"),
        "yandex": ("mine", "yandex:mine"),
        "web": ("mine.bin", site.url("mine.bin")),
    }[kind]
    site.files[name] = content
    path = fetch_link(f"{text}#{sha(content)}")
    n_requests = len(site.requests)
    assert path.read_bytes() == content and n_requests
    assert fetch_link(text) == path and len(site.requests) == n_requests
    path.write_bytes(b"changed")
    with pytest.raises(SpeechlabError, match="expected"):
        fetch_link(text)


@pytest.mark.parametrize("kind", ["gdrive", "yandex", "web"])
def test_a_wrong_hash_a_page_and_a_link_that_is_not_public_are_told(site, kind):
    name, text = {
        "gdrive": (NUMBER, f"gdrive:{NUMBER}"),
        "yandex": ("mine", "yandex:mine"),
        "web": ("mine.bin", site.url("mine.bin")),
    }[kind]
    with pytest.raises(SpeechlabError):
        fetch_link(text)
    site.files[name] = PAGE
    with pytest.raises(SpeechlabError, match="a page of a site, not a file"):
        fetch_link(text)
    site.files[name] = b"other"
    with pytest.raises(SpeechlabError, match="expected"):
        fetch_link(f"{text}#{sha(b'right')}")
    site.files[name] = b"right"  # nothing of the wrong ones is in the way
    assert fetch_link(f"{text}#{sha(b'right')}").read_bytes() == b"right"


def test_an_archive_that_would_write_elsewhere_is_not_unpacked(site, tmp_path):
    site.files["evil.zip"] = zipped({"../../evil.txt": "x"})
    with pytest.raises(SpeechlabError, match="leaves its folder"):
        unpack_link(site.url("evil.zip"))
    assert not list(tmp_path.rglob("evil.txt"))


def test_a_checkpoint_behind_a_link_is_found_but_never_one_that_a_card_names(site):
    card = json.dumps({"model": "hifigan_gen"})
    site.files["mine.zip"] = zipped({"run/mine/card.json": card, "run/mine/model.safetensors": b"x"})
    folder = fetched(site.url("mine.zip"))
    assert folder.endswith("mine") and fetched("en-kathleen") == "en-kathleen"
    n_requests = len(site.requests)
    with pytest.raises(SpeechlabError, match="no weights are called"):
        checkpoints.find_folder(site.url("other.zip"))  # what a card's "vocoder" goes through
    assert len(site.requests) == n_requests
    site.files["empty.zip"] = zipped({"readme.md": "x"})
    with pytest.raises(SpeechlabError, match="holds no speechlab checkpoint"):
        fetched(site.url("empty.zip"))


def test_weights_get_takes_a_link(site, capsys):
    site.files[NUMBER] = b"weights"
    assert main(["weights", "get", f"gdrive:{NUMBER}#{sha(b'weights')}"]) == 0
    assert sha(b"weights") in capsys.readouterr().out
    assert main(["weights", "get", f"gdrive:{NUMBER}#{sha(b'others')}"]) == 2


def recording(seed):
    buffer = io.BytesIO()
    noise = np.random.default_rng(seed).standard_normal(16_000)
    soundfile.write(buffer, 0.1 * noise, 16_000, format="WAV")
    return buffer.getvalue()


def test_a_pasted_link_to_recordings_becomes_a_table(site, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    files = {f"homework/generated/clip{index}.wav": recording(index) for index in range(2)}
    site.files["homework.zip"] = zipped({**files, "__MACOSX/._x": "x"})
    (tmp_path / "truth.zip").write_bytes(zipped({f"truth/clip{index}.wav": recording(9) for index in range(2)}))
    arguments = ["--reference", "truth.zip", "--metrics", "si_sdr", "--jobs", "1"]
    assert main(["grade", site.url("homework.zip"), *arguments]) == 0
    said = capsys.readouterr().out
    assert "2 recordings" in said and "si_sdr" in said
    assert main(["grade", "truth.zip", "--metrics", "si_sdr"]) in (0, 1)


def test_transcripts_are_read_aloud_by_the_voice_that_is_graded(site, tmp_path, monkeypatch, capsys):
    from speechlab.apps import commands, saying

    monkeypatch.chdir(tmp_path)
    site.files["texts.zip"] = zipped({"transcriptions/one.txt": "Hello."})
    assert main(["grade", site.url("texts.zip")]) == 2
    assert "--voice" in capsys.readouterr().err
    asked = []
    monkeypatch.setattr(saying, "say", lambda options: asked.append(options))
    speech = tmp_path / "results" / "grade" / "speech"
    speech.mkdir(parents=True)
    (speech / "one.wav").write_bytes(recording(0))
    monkeypatch.setattr(commands, "run_score", lambda options: asked.append(options) or 0)
    assert main(["grade", site.url("texts.zip"), "--voice", "en-kathleen"]) == 0
    said, scored = asked
    assert said.voice == "en-kathleen" and said.text[0].endswith("transcriptions")
    assert (scored.folder, scored.texts) == ("results/grade/speech", said.text[0])
    for given, words in ((said, ["say", "x"]), (scored, ["score", "x"])):  # whatever options these commands get
        assert vars(given).keys() == vars(parse(words)).keys()
