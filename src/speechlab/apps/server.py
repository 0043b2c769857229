"""``speechlab serve``: a page to speak, clean and measure on, and speech for programs that know OpenAI's interface.

One process, one model at a time: requests wait for one another, and a fast page beats two slow ones. Only this computer
is answered unless another address is named. Uploads are held to a size, and deleted after half an hour and at the end.
"""

import argparse
import asyncio
import contextlib
import re
import secrets
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np

from speechlab.errors import SpeechlabError

if TYPE_CHECKING:
    from fastapi import FastAPI

    from speechlab.pipelines.voice import Voice

PAGE = Path(__file__).parent / "static" / "serve.html"
LIFE_S = 1800.0  # of an upload
LIMIT_MB = 500
MOST_UPLOADS = 40  # kept at once
MOST_CHARACTERS = 20_000  # of a text, a quarter of an hour
TYPES = {
    "wav": "audio/wav", "flac": "audio/flac", "mp3": "audio/mpeg", "ogg": "audio/ogg", "opus": "audio/ogg",
    "m4a": "audio/mp4", "aac": "audio/mp4", "pcm": "audio/pcm",
}  # fmt: skip
OPENAI_VOICES = {"alloy", "ash", "ballad", "coral", "echo", "fable", "nova", "onyx", "sage", "shimmer", "verse"}
OPENAI_MODELS = ("tts-1", "tts-1-hd", "gpt-4o-mini-tts")
PCM_RATE = 24_000  # Hz, of OpenAI's "pcm"
METRICS = ("dnsmos", "wb_pesq", "stoi", "si_sdr")
LOCAL = ("127.0.0.1", "localhost", "::1", "[::1]")


class TooLarge(SpeechlabError):
    """An upload is larger than the limit."""


@dataclass
class Upload:
    """A file that came in, or was made of one."""

    path: Path
    name: str  # as the person calls it
    born: float = field(default_factory=time.monotonic)


class Uploads:
    """Files of this server in a folder of their own, forgotten after a while and at the end."""

    def __init__(self, limit_mb: int):
        self.folder, self.limit = Path(tempfile.mkdtemp(prefix="speechlab-")), limit_mb * 1_000_000
        self.files: dict[str, Upload] = {}

    def new(self, name: str) -> tuple[str, Upload]:
        """Name a file to be written."""
        self.forget_old()
        if len(self.files) >= MOST_UPLOADS:
            raise SpeechlabError("too many files are being processed; try again in a few minutes")
        id, plain = secrets.token_hex(8), re.sub(r"[^\w. -]", "_", Path(name.replace("\\", "/")).name)[-100:] or "file"
        upload = Upload(self.folder / f"{id}{Path(plain).suffix.lower()}", plain)
        self.files[id] = upload
        return id, upload

    def find(self, id: str) -> Upload:
        """Give a file that is here."""
        if id not in self.files:
            raise SpeechlabError("this file is no longer here; choose it again")
        return self.files[id]

    def forget(self, id: str) -> None:
        """Delete a file, and what was made to preview it."""
        if upload := self.files.pop(id, None):
            for path in self.folder.glob(f"{upload.path.stem}*"):
                path.unlink(missing_ok=True)

    def forget_old(self) -> None:
        """Delete what nobody came back for."""
        for id in [id for id, upload in self.files.items() if time.monotonic() - upload.born > LIFE_S]:
            self.forget(id)

    def close(self) -> None:
        """Delete everything."""
        shutil.rmtree(self.folder, ignore_errors=True)


class Models:
    """Voices and the enhancer, each loaded when it is first asked for, one at work at a time."""

    def __init__(self, enhancer: str):
        self.enhancer_name, self.voices, self._enhancer = enhancer, {}, None
        self.lock = threading.Lock()

    def names(self) -> list[dict[str, Any]]:
        """List voices with their languages and whether pitch and energy can be set."""
        from speechlab.apps.bundled import bundled, card_of
        from speechlab.checkpoints import find_folder

        found = []
        for name in bundled("voice"):
            folder = find_folder(name)
            steered = card_of(folder / "acoustic").get("model") != "glowtts"
            found.append({"name": name, "language": card_of(folder).get("language") or "en", "steered": steered})
        return found

    def voice(self, name: str | None, text: str) -> "Voice":
        """Give a voice by name, or one for the language of a text; the lock is held."""
        from speechlab.apps.bundled import require, voice_for
        from speechlab.apps.reading import guess_language
        from speechlab.pipelines.voice import Voice

        name = name or voice_for(guess_language(text))
        if name not in self.voices:
            if not re.fullmatch(r"[\w.-]+", name) or name.startswith("."):
                raise SpeechlabError(f"no voice is called {name[:60]!r}")  # a page names no folders of the machine
            require(name, "voice")
            self.voices[name] = Voice.load(name)
        return self.voices[name]

    def enhancer(self) -> Any:
        """Give the enhancer; the lock is held."""
        from speechlab.pipelines.enhancer import Enhancer

        self._enhancer = self._enhancer or Enhancer.load(self.enhancer_name)
        return self._enhancer


def make_app(limit_mb: int = LIMIT_MB, hosts: tuple[str, ...] = LOCAL, enhancer: str = "denoise-16k") -> "FastAPI":
    """Build the server.

    Args:
        limit_mb: the largest upload.
        hosts: names under which it may be asked; others are refused, so that no web page can pose as this one.
        enhancer: name or folder of the model that cleans.
    """
    from fastapi import FastAPI
    from starlette.middleware.trustedhost import TrustedHostMiddleware

    uploads, models = Uploads(limit_mb), Models(enhancer)

    @contextlib.asynccontextmanager
    async def life(app: FastAPI):
        yield
        uploads.close()

    app = FastAPI(title="speechlab", lifespan=life, openapi_url=None)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(hosts))
    app.state.uploads, app.state.models = uploads, models
    add_guards(app)
    add_page(app, models, limit_mb)
    add_files(app, uploads)
    add_work(app, uploads, models)
    add_openai(app, models)
    return app


def add_guards(app: "FastAPI") -> None:
    """Answer mistakes with a sentence, and other people's pages with nothing."""
    from fastapi import Request
    from fastapi.exceptions import RequestValidationError
    from fastapi.responses import JSONResponse

    def in_words(message: str, status: int) -> JSONResponse:
        kind = "invalid_request_error" if status < 500 else "server_error"
        return JSONResponse({"error": {"message": message, "type": kind, "code": None, "param": None}}, status)

    @app.exception_handler(SpeechlabError)
    async def mistake(request: Request, error: SpeechlabError) -> JSONResponse:
        return in_words(" ".join(str(error).split()), 413 if isinstance(error, TooLarge) else 400)

    @app.exception_handler(RequestValidationError)
    async def malformed(request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"] if part != "body")
        return in_words(f"{place or 'the request'}: {first['msg']}", 400)

    @app.middleware("http")
    async def same_site(request: Request, call_next: Any) -> Any:
        if request.method != "GET" and request.headers.get("sec-fetch-site") == "cross-site":
            return in_words("requests from other web sites are not answered", 403)
        return await call_next(request)


def add_page(app: "FastAPI", models: Models, limit_mb: int) -> None:
    """Serve the page, and what it has to know."""
    from fastapi.responses import HTMLResponse

    @app.get("/", response_class=HTMLResponse)
    def page() -> str:
        return PAGE.read_text(encoding="utf-8")

    @app.get("/api/about")
    def about() -> dict[str, Any]:
        return {"voices": models.names(), "limit_mb": limit_mb, "most_characters": MOST_CHARACTERS}


def add_files(app: "FastAPI", uploads: Uploads) -> None:
    """Take files, give them back, play them, delete them."""
    from fastapi import Request
    from fastapi.responses import FileResponse

    @app.post("/api/files")
    async def take(request: Request, name: str) -> dict[str, Any]:
        stated = request.headers.get("content-length", "0")
        too_large = TooLarge(f"the file is larger than {uploads.limit // 1_000_000} MB; send a shorter one")
        if stated.isdigit() and int(stated) > uploads.limit:
            raise too_large
        id, upload = uploads.new(name)
        try:
            taken = 0
            with upload.path.open("wb") as file:
                async for chunk in request.stream():
                    taken += len(chunk)
                    if taken > uploads.limit:
                        raise too_large
                    file.write(chunk)
            info = await asyncio.to_thread(describe, upload)
        except BaseException:
            uploads.forget(id)
            raise
        return {"id": id, "name": upload.name, **info}

    @app.get("/api/files/{id}")
    def give(id: str) -> FileResponse:
        upload = uploads.find(id)
        return FileResponse(upload.path, filename=upload.name)

    @app.get("/api/files/{id}/play")
    def play(id: str) -> FileResponse:
        upload = uploads.find(id)
        return FileResponse(preview(upload), media_type=TYPES["mp3"])

    @app.delete("/api/files/{id}")
    def forget(id: str) -> None:
        uploads.forget(id)


def describe(upload: Upload) -> dict[str, Any]:
    """Look into a recording; its name in messages is the person's, not the server's."""
    from speechlab.audio.io import probe

    try:
        info = probe(upload.path)
    except SpeechlabError as error:
        raise SpeechlabError(str(error).replace(str(upload.path), upload.name)) from None
    return {"seconds": round(info.duration_s, 2), "sample_rate": info.sample_rate, "channels": info.channels}


def preview(upload: Upload) -> Path:
    """Make an mp3 of a whole recording, which every browser plays."""
    from speechlab.audio.streaming import AudioWriter, in_mono, open_recording, resample_blocks

    target = upload.path.with_name(f"{upload.path.stem}-play.mp3")
    if not target.is_file():
        recording = in_mono(open_recording(upload.path))
        rate = 44_100 if recording.sample_rate > 32_000 else 22_050
        with AudioWriter(target, rate, 1, 0) as writer:
            for block in resample_blocks(recording.read(), recording.sample_rate, rate):
                writer.write(block)
    return target


def add_work(app: "FastAPI", uploads: Uploads, models: Models) -> None:
    """Speak, clean and measure for the page."""
    from fastapi import Body

    progress: dict[str, float] = {}

    @app.post("/api/say")
    def say(
        text: Annotated[str, Body()],
        voice: Annotated[str | None, Body()] = None,
        pace: Annotated[float, Body()] = 1.0,
        pitch: Annotated[float, Body()] = 1.0,
        energy: Annotated[float, Body()] = 1.0,
        form: Annotated[str, Body()] = "wav",
    ) -> dict[str, Any]:
        from speechlab.audio.io import write_audio
        from speechlab.pipelines.timing import Timeline
        from speechlab.text.subtitles import in_srt, in_vtt

        require_text(text)
        if form not in ("wav", "mp3", "flac", "ogg", "m4a"):
            raise SpeechlabError(f"no format is called {form[:20]!r}")
        with models.lock:
            chosen, timeline, pieces = models.voice(voice, text), Timeline(), []
            for said in chosen.perform(script_of(text, chosen), pace, pitch, energy):
                timeline.add(said)
                pieces.append(said.audio.waveform)
        id, upload = uploads.new(f"speech.{form}")
        write_audio(upload.path, np.concatenate(pieces), chosen.spec.sample_rate)
        cues = {"srt": in_srt(timeline.sentences), "vtt": in_vtt(timeline.sentences)}
        return {"id": id, "name": upload.name, "seconds": round(timeline.now_s, 2), **cues}

    @app.post("/api/clean/{id}")
    def clean(id: str, dry: float | None = None) -> dict[str, Any]:
        from speechlab.apps.enhancing import enhance_like, names_of

        source = uploads.find(id)
        suffix = names_of([source.path], source.path.parent)[0].suffix
        made, target = uploads.new(f"{Path(source.name).stem}-clean{suffix}")
        try:
            with models.lock:
                done = enhance_like(models.enhancer(), source.path, target.path, dry,
                                    lambda share: progress.update({id: share}))  # fmt: skip
        except SpeechlabError as error:
            uploads.forget(made)
            raise SpeechlabError(str(error).replace(str(source.path), source.name)) from None
        finally:
            progress.pop(id, None)
        return {"id": made, "name": target.name, "seconds": round(done.seconds, 1), "notes": done.notes}

    @app.get("/api/progress/{id}")
    def how_far(id: str) -> dict[str, float]:
        return {"share": progress.get(id, 0.0)}

    @app.post("/api/score")
    def measure(estimate: Annotated[str, Body()], reference: Annotated[str | None, Body()] = None) -> list[dict]:
        return score_files(uploads.find(estimate), uploads.find(reference) if reference else None, models.lock)


def score_files(estimate: Upload, reference: Upload | None, lock: threading.Lock) -> list[dict[str, Any]]:
    """Measure one file, beside a reference where there is one: name, value, unit, and why there is none."""
    from speechlab.audio.io import read_audio, write_audio
    from speechlab.metrics.scoring import score

    with tempfile.TemporaryDirectory() as place, lock:
        folders = {"estimate": Path(place) / "estimate", "reference": Path(place) / "reference"}
        for (_, folder), upload in zip(folders.items(), (estimate, reference), strict=True):
            if upload:
                audio = read_audio(upload.path)
                write_audio(folder / "recording.wav", audio.waveform, audio.sample_rate)
        names = [name for name in METRICS if reference or name == "dnsmos"]
        table = score(folders["estimate"], folders["reference"] if reference else None, names, n_jobs=1)
    rows = table[(table["n"] > 0) | (table["failures"] > 0)]
    return [
        {"name": name, "value": None if row["mean"] != row["mean"] else round(float(row["mean"]), 3),
         "unit": str(row["unit"]), "better": str(row["better"])}
        for name, row in rows.iterrows()
    ]  # fmt: skip


def require_text(text: str) -> None:
    """Raise unless a text can be spoken for a page."""
    if not text.strip():
        raise SpeechlabError("there is nothing to say: the text is empty; write a word")
    if len(text) > MOST_CHARACTERS:
        raise SpeechlabError(f"the text has {len(text)} characters; at most {MOST_CHARACTERS} are accepted at once")


def script_of(text: str, voice: "Voice") -> list:
    """Turn a text into lines."""
    from speechlab.text.script import read_script

    return read_script(text, voice.language)


def add_openai(app: "FastAPI", models: Models) -> None:
    """Answer as OpenAI's speech interface does: other programs then read aloud with our voices.

    Its own voices' names (alloy, nova ...) stand for the voice of the text's language.
    """
    from fastapi import Body
    from fastapi.responses import StreamingResponse

    @app.get("/v1/models")
    def list_models() -> dict[str, Any]:
        names = [*OPENAI_MODELS, *(voice["name"] for voice in models.names())]
        models_of = [{"id": name, "object": "model", "created": 0, "owned_by": "speechlab"} for name in names]
        return {"object": "list", "data": models_of}

    @app.post("/v1/audio/speech")
    def speech(
        input: Annotated[str, Body()],
        model: Annotated[str, Body()] = "tts-1",
        voice: Annotated[str | None, Body()] = None,
        response_format: Annotated[str, Body()] = "mp3",
        speed: Annotated[float, Body()] = 1.0,
        instructions: Annotated[str | None, Body()] = None,
    ) -> StreamingResponse:
        require_text(input)
        if instructions:
            raise SpeechlabError("these voices do not support instructions; leave them out")
        if response_format not in ("mp3", "opus", "aac", "flac", "wav", "pcm"):
            raise SpeechlabError(f"no response_format is called {response_format[:20]!r}")
        name = None if voice is None or voice in OPENAI_VOICES else voice
        name = model if name is None and model not in OPENAI_MODELS else name
        pieces = spoken(models, input, name, speed)
        first = next(pieces)  # a mistake is said before the answer begins
        return StreamingResponse(encoded(first, pieces, response_format), media_type=TYPES[response_format])


def spoken(models: Models, text: str, name: str | None, pace: float) -> Iterator[Any]:
    """Say a text sentence by sentence; others are let in between two sentences."""
    with models.lock:
        voice = models.voice(name, text)
    pieces = voice.perform(script_of(text, voice), pace)
    while True:
        with models.lock:
            said = next(pieces, None)
        if said is None:
            return
        yield said.audio


def encoded(first: Any, rest: Iterator[Any], form: str) -> Iterator[bytes]:
    """Encode speech piece by piece where the format allows it, else as a whole."""
    from speechlab.apps.saying import wav_header
    from speechlab.audio.io import encode
    from speechlab.audio.resample import resample

    def pieces() -> Iterator[Any]:
        yield first
        yield from rest

    rate = first.sample_rate
    if form in ("wav", "pcm"):
        if form == "wav":
            yield wav_header(rate)
        for audio in pieces():
            waveform = audio.waveform if form == "wav" else resample(audio.waveform, rate, PCM_RATE)
            yield np.clip(np.round(waveform * 32_768), -32_768, 32_767).astype("<i2").tobytes()
    elif form == "mp3":  # its frames stand for themselves
        for audio in pieces():
            yield encode(audio.waveform, rate, ".mp3")
    else:
        whole = np.concatenate([audio.waveform for audio in pieces()])
        yield encode(whole, rate, {"aac": ".m4a"}.get(form, f".{form}"))


def serve(options: argparse.Namespace) -> None:
    """Run the server until it is stopped.

    Raises:
        SpeechlabError: FastAPI and uvicorn are not installed, or the port is taken.
    """
    try:
        import uvicorn

        app = make_app(options.limit, hosts_of(options.host), options.enhancer)
    except ImportError as error:
        raise SpeechlabError(f"{error.name} is missing; install it: pip install 'speechlab[web]'") from None
    where = "localhost" if options.host in LOCAL else options.host
    print(f"speechlab is at http://{where}:{options.port} (Ctrl-C stops)", flush=True)
    if options.host not in LOCAL:
        print("anybody who reaches this address can use it: there is no password", flush=True)
    try:
        uvicorn.run(app, host=options.host, port=options.port, log_level="warning", timeout_graceful_shutdown=5)
    except SystemExit as leaving:  # uvicorn's, of a port that is taken
        if leaving.code:
            raise SpeechlabError(f"port {options.port} cannot be used; name another: --port 8001") from None


def hosts_of(host: str) -> tuple[str, ...]:
    """Names under which the server may be asked: this computer's own, unless it is opened to others."""
    return LOCAL if host in LOCAL else ("*",)
