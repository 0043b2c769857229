"""The page and OpenAI's interface: what is asked is done, what is too large or wrong is refused, nothing is left."""

import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

pytest.importorskip("fastapi")
pytest.importorskip("uvicorn")
import httpx

from speechlab.apps.server import LOCAL, MOST_CHARACTERS, PCM_RATE, make_app
from speechlab.audio.io import encode, read_audio, write_audio

LIMIT_MB = 2


@pytest.fixture(scope="module")
def app():
    return make_app(limit_mb=LIMIT_MB, hosts=(*LOCAL, "testserver"))


@pytest.fixture(scope="module")
def client(app):
    """The server on a port of its own, as a browser meets it."""
    import uvicorn

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=600) as client:
        yield client
    server.should_exit = True
    thread.join()
    assert not app.state.uploads.folder.exists()  # nothing is left


def noisy(seconds=1.0, rate=16_000):
    noise = np.random.default_rng(0).normal(0, 0.05, round(seconds * rate))
    return (noise + 0.3 * np.sin(2 * np.pi * 220 * np.arange(len(noise)) / rate)).astype(np.float32)


def send(client, content, name):
    return client.post("/api/files", params={"name": name}, content=content)


def test_a_text_becomes_speech_with_subtitles(client, tmp_path):
    made = client.post("/api/say", json={"text": "Hello there. You are welcome.", "pace": 1.2, "form": "flac"}).json()
    path = tmp_path / "speech.flac"
    path.write_bytes(client.get(f"/api/files/{made['id']}").content)
    assert read_audio(path).duration_s == pytest.approx(made["seconds"], abs=0.02)
    assert made["srt"].count("-->") == 2 and made["vtt"].startswith("WEBVTT")
    assert client.get(f"/api/files/{made['id']}/play").headers["content-type"] == "audio/mpeg"


@pytest.mark.parametrize("suffix", [".m4a", ".wav", ".mp3"])
def test_a_recording_comes_back_clean_in_its_own_format(client, tmp_path, suffix):
    sent = send(client, encode(noisy(), 16_000, suffix), f"my memo{suffix}").json()
    assert sent["seconds"] == pytest.approx(1.0, abs=0.1)
    made = client.post(f"/api/clean/{sent['id']}").json()
    assert made["name"] == f"my memo-clean{suffix}"
    path = tmp_path / made["name"]
    path.write_bytes(client.get(f"/api/files/{made['id']}").content)
    assert read_audio(path).duration_s == pytest.approx(1.0, abs=0.1)
    client.delete(f"/api/files/{sent['id']}")
    assert client.get(f"/api/files/{sent['id']}").status_code == 400


def test_what_is_too_large_is_refused_before_and_while_it_comes(client, app):
    before = set(app.state.uploads.folder.iterdir())

    def endless():
        for _ in range(LIMIT_MB + 1):
            yield bytes(1_000_000)

    assert send(client, endless(), "a.wav").status_code == 413
    with socket.create_connection((client.base_url.host, client.base_url.port)) as raw:  # 2 GB are announced, none sent
        raw.sendall(b"POST /api/files?name=a.wav HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2000000000\r\n\r\n")
        assert b" 413 " in raw.recv(4096)
    assert set(app.state.uploads.folder.iterdir()) == before


def test_what_is_no_recording_is_refused_by_its_own_name(client, app):
    before = set(app.state.uploads.folder.iterdir())
    answer = send(client, b"just a text, and no sound at all", "../../memo.wav")
    assert answer.status_code == 400 and "memo.wav" in answer.json()["error"]["message"]
    assert str(app.state.uploads.folder) not in answer.text
    assert set(app.state.uploads.folder.iterdir()) == before


@pytest.mark.parametrize(
    "body",
    [
        {"text": ""},
        {"text": "word " * MOST_CHARACTERS},
        {"text": "Hello.", "voice": "nobody"},
        {"text": "Hello.", "voice": "../../etc"},
        {"text": "Hello.", "pace": 99},
        {"text": "Hello.", "form": "exe"},
        {"text": "a <b>c</b>"},
        {"words": "Hello."},
        [],
    ],
    ids=lambda body: json.dumps(body)[:40],
)
def test_a_mistake_is_a_sentence(client, body):
    answer = client.post("/api/say", json=body)
    assert answer.status_code == 400 and answer.json()["error"]["message"]


def test_two_files_are_measured(client):
    ids = [send(client, encode(noisy(3.0), 16_000, ".wav"), f"{name}.wav").json()["id"] for name in "ab"]
    rows = client.post("/api/score", json={"estimate": ids[0], "reference": ids[1]}).json()
    values = {row["name"]: row["value"] for row in rows}
    assert values["stoi"] == pytest.approx(1.0, abs=1e-3)


def test_other_pages_and_names_are_not_answered(client):
    assert client.get("/", headers={"host": "evil.example"}).status_code == 400
    assert client.post("/api/say", json={"text": "Hi."}, headers={"sec-fetch-site": "cross-site"}).status_code == 403


def test_models_and_voices_are_listed(client):
    models = client.get("/v1/models").json()
    assert models["object"] == "list" and {"tts-1", "en-kathleen"} <= {model["id"] for model in models["data"]}
    languages = {voice["language"] for voice in client.get("/api/about").json()["voices"]}
    assert languages == {"en", "ru"}


@pytest.mark.parametrize("form", ["mp3", "opus", "aac", "flac", "wav", "pcm"])
def test_openais_formats_hold_speech(client, tmp_path, form):
    body = {"model": "tts-1", "voice": "alloy", "input": "Hello there.", "response_format": form}
    content = client.post("/v1/audio/speech", json=body).content
    if form == "pcm":
        samples = np.frombuffer(content, "<i2").astype(np.float32) / 32_768
        write_audio(tmp_path / "a.wav", samples, PCM_RATE)
        path = tmp_path / "a.wav"
    else:
        path = tmp_path / f"a.{'m4a' if form == 'aac' else form}"
        path.write_bytes(content)
    audio = read_audio(path)
    assert 0.4 < audio.duration_s < 2 and np.abs(audio.waveform).max() > 0.05


def test_speech_is_streamed_before_all_of_it_is_made(client):
    body = {"input": "One cat. " * 12, "model": "en-kathleen", "voice": "nova", "response_format": "wav"}
    with client.stream("POST", "/v1/audio/speech", json=body) as answer:
        sizes = [len(chunk) for chunk in answer.iter_raw()]
    assert answer.status_code == 200 and len(sizes) >= 3
    assert sum(sizes) > 44


@pytest.mark.parametrize(
    "body",
    [
        {"input": ""},
        {"input": "Hi.", "response_format": "midi"},
        {"input": "Hi.", "voice": "nobody"},
        {"input": "Hi.", "speed": 9},
        {"input": "Hi.", "instructions": "be cheerful"},
    ],
    ids=str,
)
def test_openais_clients_get_an_error_of_their_form(client, body):
    answer = client.post("/v1/audio/speech", json=body)
    assert answer.status_code == 400 and set(answer.json()["error"]) == {"message", "type", "code", "param"}


def test_twenty_requests_at_once_are_answered_alike(client):
    with ThreadPoolExecutor(20) as pool:
        made = list(
            pool.map(
                lambda _: client.post("/v1/audio/speech", json={"input": "Hi.", "response_format": "wav"}), range(20)
            )
        )
    assert {answer.status_code for answer in made} == {200} and len({answer.content for answer in made}) == 1


def test_the_page_speaks_and_cleans_in_a_browser(client, tmp_path, chromium):
    playwright = pytest.importorskip("playwright.sync_api")
    write_audio(tmp_path / "memo.m4a", noisy(2.0), 16_000)
    with playwright.sync_playwright() as tool:
        browser = tool.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(locale="en-US")
        page.set_default_timeout(120_000)
        wrong = []
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto(str(client.base_url))
        page.fill("#text", "Hello there.")
        page.click("#speak")
        page.wait_for_selector("#say .result:not([hidden])")
        page.wait_for_function("document.querySelector('#say audio').duration > 0.4")
        with page.expect_download() as download:
            page.click("#say .download")
        assert download.value.suggested_filename == "speech.wav"
        page.screenshot(path=tmp_path / "say.png", full_page=True)
        page.fill("#text", " ")
        page.click("#speak")
        page.wait_for_function("document.querySelector('#say .error').textContent.includes('nothing to say')")
        page.click("#language")
        assert page.inner_text("#speak") == "Озвучить"
        page.click("[data-tab=clean]")
        page.set_input_files("#clean input[type=file]", tmp_path / "memo.m4a")
        page.wait_for_selector("#clean .result:not([hidden])")
        page.click("#before")
        page.wait_for_function("document.querySelector('#clean audio').duration > 1.5")
        page.screenshot(path=tmp_path / "clean.png", full_page=True)
        assert "memo-clean.m4a" in page.inner_text("#clean .download") and not wrong
        browser.close()
