"""Weights by name, against a local server: continued after a cut, held to their hashes, never fetched unasked."""

import hashlib
import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from speechlab import download, weights
from speechlab.apps import cli
from speechlab.errors import SpeechlabError

CONTENT = np.random.default_rng(0).bytes(200_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def server(monkeypatch):
    """Serve CONTENT on this machine; ``cuts`` answers are broken off after a third."""
    monkeypatch.setattr(download, "WAIT_S", 0.01)
    monkeypatch.setenv("no_proxy", "127.0.0.1")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            start = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
            http.starts.append(start)
            body = CONTENT[start:]
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            cut = len(http.starts) <= http.cuts
            self.wfile.write(body[: len(body) // 3] if cut else body)
            self.close_connection = True

        def log_message(self, *arguments):
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.starts, http.cuts = [], 0
    threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True).start()
    yield http
    http.shutdown()
    http.server_close()


@pytest.fixture
def registry(monkeypatch, tmp_path, server):
    """List the server's file once with its hash, once without one, and once with a wrong one."""
    row = "{{purpose: tests, licence: none, files: [{{name: a.bin, urls: ['{url}'], sha256: {sha256}}}]}}"
    url = f"http://127.0.0.1:{server.server_port}/a.bin"
    hashes = {"known": f"'{SHA256}'", "unknown": "null", "wrong": f"'{'0' * 64}'"}
    lines = [f"{name}: {row.format(url=url, sha256=sha256)}" for name, sha256 in hashes.items()]
    path = tmp_path / "registry.yaml"
    path.write_text("\n".join(lines), encoding="utf-8")
    monkeypatch.setattr(weights, "REGISTRY", path)
    monkeypatch.setenv("SPEECHLAB_DATA", str(tmp_path / "data"))
    return tmp_path / "data" / "weights"


@pytest.fixture
def offline(monkeypatch):
    """Fail whatever opens a connection."""

    def refuse(*_):
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.mark.parametrize("name", ["known", "unknown"])
def test_a_cut_download_is_continued_and_then_found(name, registry, server):
    server.cuts = 2
    folder = weights.get_weights(name)
    assert folder == registry / name == weights.find_weights(name)
    assert (folder / "a.bin").read_bytes() == CONTENT
    assert 0 < server.starts[1] < server.starts[2]
    assert weights.weights_hash(name) == SHA256[:12]


def test_a_wrong_hash_is_refused_and_leaves_nothing(registry):
    with pytest.raises(SpeechlabError, match="wrong content"):
        weights.get_weights("wrong")
    assert not weights.is_here("wrong")


def test_what_is_here_is_not_fetched_again(registry, server, offline):
    with pytest.raises(SpeechlabError, match="speechlab weights get known"):
        weights.find_weights("known")
    (registry / "known").mkdir(parents=True)
    (registry / "known" / "a.bin").write_bytes(CONTENT)  # put there by hand
    assert weights.get_weights("known") == weights.find_weights("known")
    assert not server.starts


def test_the_first_hash_of_an_unpublished_file_holds_from_then_on(registry, capsys):
    path = weights.get_weights("unknown") / "a.bin"
    assert SHA256 in capsys.readouterr().err
    assert json.loads((registry / "hashes.json").read_text(encoding="utf-8"))["unknown/a.bin"]["sha256"] == SHA256
    path.write_bytes(CONTENT[:-1])
    with pytest.raises(SpeechlabError, match=r"delete it, then: speechlab weights get unknown"):
        weights.find_weights("unknown")


def test_a_wrong_first_download_is_mended_by_deleting_it_and_fetching_again(registry):
    (registry / "unknown").mkdir(parents=True)
    (registry / "unknown" / "a.bin").write_bytes(b"<html>please log in</html>")
    weights.find_weights("unknown")  # nothing is known against it yet
    (registry / "unknown" / "a.bin").unlink()
    assert weights.get_weights("unknown") == weights.find_weights("unknown")
    assert weights.weights_hash("unknown") == SHA256[:12]


def test_a_hash_that_is_published_later_outranks_the_recorded_one(registry, tmp_path, monkeypatch):
    (registry / "unknown").mkdir(parents=True)
    (registry / "unknown" / "a.bin").write_bytes(b"<html>please log in</html>")
    weights.find_weights("unknown")
    listed = weights.REGISTRY.read_text(encoding="utf-8")
    later = tmp_path / "later.yaml"
    later.write_text(listed.replace("sha256: null", f"sha256: '{SHA256}'"), encoding="utf-8")
    monkeypatch.setattr(weights, "REGISTRY", later)
    with pytest.raises(SpeechlabError, match="delete it, then: speechlab weights get unknown"):
        weights.find_weights("unknown")


def test_a_changed_file_is_refused(registry):
    (weights.get_weights("known") / "a.bin").write_bytes(b"something else")
    with pytest.raises(SpeechlabError, match="expected"):
        weights.find_weights("known")


def test_the_command_line_fetches_lists_and_corrects(registry, capsys):
    assert cli.main(["weights", "get", "known"]) == 0
    assert SHA256[:12] in capsys.readouterr().out
    assert cli.main(["weights", "list"]) == 0
    states = {line.split()[0]: line.split()[1] for line in capsys.readouterr().out.splitlines()}
    assert states == {"known": "here", "unknown": "-", "wrong": "-"}
    assert cli.main(["weights", "get", "knwon"]) == 2
    assert "did you mean known" in capsys.readouterr().err


def test_every_row_of_the_real_list_can_be_read():
    for name, entry in weights.load_registry().items():
        assert entry.purpose and entry.licence and entry.files, name
        for file in entry.files:
            assert all(url.startswith("https://") for url in file.urls), (name, file.name)
            assert file.sha256 is None or len(bytes.fromhex(file.sha256)) == 32
