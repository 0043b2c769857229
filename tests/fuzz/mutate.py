"""A seeded mutator of files, and what mutated files are given to; a whole number stands for an input for good."""

import bz2
import gzip
import io
import json
import lzma
import random
import tarfile
import zipfile
from functools import cache
from pathlib import Path

import numpy as np
import soundfile as sf

from speechlab.errors import SpeechlabError

NASTY = (b"\xff", b"\0", b"\xed\xa0\x80", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"NaN", b"1e999", b"-1", b"[" * 9)
VALUES = (None, -1, 0, 1, 10**9, 10**30, 0.5, float("nan"), float("inf"), "", "x", "\ud800", "a\0b", [], [[]], {}, True)
TEXTS = (
    "${x}",
    ".inf",
    ".nan",
    "1e400",
    "-1",
    "0",
    "[]",
    "{}",
    "\ud800",
    "' '",
    "!x",
    "99999999999",
    "null",
    "abc",
    "@",
)
Input = dict[str, bytes]  # files by name


@cache
def sounds() -> tuple[Input, ...]:
    """A short recording in every format that can be written here."""
    waveform = np.random.default_rng(0).uniform(-0.5, 0.5, 4_000)
    found = []
    for suffix, subtype in ((".wav", "PCM_16"), (".wav", "FLOAT"), (".wav", "IMA_ADPCM"), (".aiff", "PCM_16"),
                            (".aiff", "GSM610"), (".au", "PCM_16"), (".caf", "ALAC_16"), (".caf", "PCM_16"),
                            (".flac", "PCM_16"), (".ogg", "VORBIS"), (".mp3", "MPEG_LAYER_III")):  # fmt: skip
        buffer = io.BytesIO()
        sf.write(buffer, waveform, 16_000, format=suffix[1:].upper(), subtype=subtype)
        found.append({f"x{suffix}": buffer.getvalue()})
    found += [{f"x{suffix}": with_ffmpeg(suffix, codec)} for suffix, codec in ((".m4a", "aac"), (".webm", "libopus"))]
    return tuple(found)


def with_ffmpeg(suffix: str, codec: str, duration_s: float = 0.2, rate: int = 48_000) -> bytes:
    """A recording of noise as phones and browsers make it."""
    import av

    buffer = io.BytesIO()
    with av.open(buffer, "w", format={".m4a": "mp4"}.get(suffix, suffix[1:])) as container:
        stream = container.add_stream(codec, rate=rate, layout="mono")
        samples = np.random.default_rng(0).uniform(-0.5, 0.5, (1, round(duration_s * rate))).astype(np.float32)
        frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
        frame.sample_rate, frame.pts = rate, 0
        pieces = av.AudioResampler(
            stream.format, stream.layout, rate, frame_size=stream.codec_context.frame_size or None
        )
        for piece in pieces.resample(frame) + pieces.resample(None):
            container.mux(stream.encode(piece))
        container.mux(stream.encode(None))
    return buffer.getvalue()


def with_damage(rng: random.Random, data: bytes) -> bytes:
    """Change a few bytes, mostly near the beginning, where the headers are; or cut, repeat or insert some."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        at = rng.randrange(max(min(len(changed), rng.choice((16, 64, 300, 10**9))), 1))
        kind = rng.randrange(5)
        if kind == 0 and changed:
            changed[at] = rng.randrange(256)
        elif kind == 1:
            nasty = rng.choice(NASTY)
            changed[at : at + len(nasty)] = nasty
        elif kind == 2:
            changed = changed[: rng.randrange(len(changed) + 1)]
        elif kind == 3:
            changed[at:at] = rng.choice(NASTY)
        else:
            changed[at:at] = changed[at : at + rng.randrange(64)]
    return bytes(changed)


def audio(rng: random.Random) -> Input:
    """A damaged recording."""
    ((name, data),) = rng.choice(sounds()).items()
    return {name: with_damage(rng, data)}


def read_sound(folder: Path) -> None:
    """Read a recording in every way there is."""
    from speechlab.audio.io import probe, read_audio, read_excerpt
    from speechlab.audio.streaming import open_recording

    (path,) = (item for item in folder.iterdir() if item.is_file())
    for read in (probe, lambda path: read_audio(path, 22_050), lambda path: read_excerpt(path, 100, 100),
                 lambda path: sum(len(block) for block in open_recording(path).read())):  # fmt: skip
        try:
            read(path)
        except SpeechlabError as error:
            require_one_line(error)


LENGTHS = {b"mvhd": 16, b"mdhd": 16, b"tkhd": 20, b"stts": 12}  # boxes of an m4a and where in them a length stands


@cache
def long_note() -> bytes:
    """A recording that lasts longer than the bot takes."""
    return with_ffmpeg(".m4a", "aac", 320, 8_000)


def note(rng: random.Random) -> Input:
    """A long recording whose header says that it is short, or that it is what it is not."""
    changed = bytearray(long_note())
    for box, place in LENGTHS.items():
        at = changed.find(box) + 4 + place
        if rng.random() < 0.7:
            changed[at : at + 4] = rng.choice((rng.randrange(20_000), 0, 2**32 - 1, 2**31)).to_bytes(4, "big")
    return {"note.oga": bytes(changed)}


def take_note(folder: Path) -> None:
    """Judge the length of a voice note: what passes is short, whatever its header leaves of it."""
    from speechlab.apps.bot.speech import MAX_VOICE_S, require_short
    from speechlab.audio.io import read_audio

    require_short(folder / "note.oga")
    if (duration_s := read_audio(folder / "note.oga").duration_s) > MAX_VOICE_S + 1:
        raise AssertionError(f"a recording of {duration_s:.0f} s was taken for a short one")


@cache
def card() -> tuple[dict, bytes]:
    """Card and weights of a tiny aligner."""
    from safetensors.torch import save

    from speechlab.config import AudioSpec, to_dict
    from speechlab.models import build
    from speechlab.text.symbols import PAD

    sizes = {"n_symbols": 6, "n_mels": 8, "channels": 4, "key_kernel": 1, "temperature": 0.05}
    spec = to_dict(AudioSpec()) | {"n_mels": 8}
    weights = build("aligner", **sizes).state_dict()
    facts = {"model": "aligner", "sizes": sizes, "audio": spec, "symbols": [PAD, "^", "$", "a", "b"], "language": "en"}
    return facts | {"steps": 3, "metrics": {"loss": 1.0}, "blank": 5, "dry": 0.1}, save(weights)


def checkpoint(rng: random.Random) -> Input:
    """A checkpoint of which a value of the card, or bytes anywhere, are not what they were."""
    from speechlab.checkpoints import CARD, CHECKSUMS, WEIGHTS

    facts, weights = json.loads(json.dumps(card()[0])), card()[1]
    place = rng.choice([facts, facts["sizes"], facts["audio"]])
    if rng.random() < 0.7:
        key = rng.choice([*place, "odd"])
        place[key] = rng.choice(VALUES)
        if rng.random() < 0.2:
            del place[key]
    files = {CARD: json.dumps(facts).encode(), WEIGHTS: weights}
    if rng.random() < 0.2:
        files[CHECKSUMS] = json.dumps(rng.choice(VALUES)).encode()
    if rng.random() < 0.4:
        name = rng.choice([*files])
        files[name] = with_damage(rng, files[name])
    return files


def load_checkpoint(folder: Path) -> None:
    """Read a checkpoint and build its network; look at it as ``speechlab list`` does."""
    from speechlab.apps.bundled import enhances, speaks
    from speechlab.checkpoints import read_checkpoint
    from speechlab.training.align import load_aligner

    folder = folder / "m" if (folder / "m").is_dir() else folder
    speaks(folder), enhances(folder)
    for part in (folder, folder / "acoustic", folder / "vocoder"):
        if part.is_dir():
            try:
                load_aligner(read_checkpoint(part))
            except SpeechlabError as error:
                require_one_line(error)


def overrides(rng: random.Random) -> Input:
    """Some overrides of an experiment, or a damaged file of one."""
    from speechlab.config import EXPERIMENTS
    from speechlab.experiments import CONFIGS, _leaves, experiment_names

    name = rng.choice(experiment_names())
    if rng.random() < 0.3:
        return {"x.yaml": with_damage(rng, (CONFIGS / "experiments" / f"{name}.yaml").read_bytes())}
    keys = [key for key, _ in _leaves(rng.choice(list(EXPERIMENTS.values())))]
    given = [
        f"{rng.choice(keys)}{rng.choice(('=', '=', '==', ''))}{rng.choice(TEXTS)}" for _ in range(rng.choice((1, 3)))
    ]
    return {"overrides.txt": repr((name, given)).encode("utf-8", "surrogatepass")}


def load(folder: Path) -> None:
    """Load an experiment."""
    import ast

    from speechlab.experiments import load_experiment

    if (folder / "x.yaml").is_file():
        load_experiment(str(folder / "x.yaml"))
        return
    name, given = ast.literal_eval((folder / "overrides.txt").read_text(encoding="utf-8", errors="surrogatepass"))
    load_experiment(name, overrides=given)


def lexicon(rng: random.Random) -> Input:
    """A damaged lexicon."""
    return {"lex.txt": with_damage(rng, "kubernetes\tk,u:b@n'EtIs\n# words\nhello h@l'oU\nкот k'ot\n".encode())}


def read_lexicon(folder: Path) -> None:
    """Read a lexicon and use it."""
    from speechlab.text.english.frontend import EnglishFrontend
    from speechlab.text.frontend import load_lexicon

    EnglishFrontend(load_lexicon(folder / "lex.txt"))


def archive(rng: random.Random) -> Input:
    """A damaged archive."""
    buffer = io.BytesIO()
    if rng.random() < 0.5:
        method = rng.choice((0, 8, 12, 14))
        with zipfile.ZipFile(buffer, "w") as pack:
            for name, content in (("a/b.txt", b"x" * 3_000), ("c.txt", b"y")):
                pack.writestr(zipfile.ZipInfo(name), content, method)  # dated 1980, and not now
        return {"archive": with_damage(rng, buffer.getvalue())}
    with tarfile.open(fileobj=buffer, mode="w") as pack:
        info = tarfile.TarInfo("a/b.txt")
        info.size = 3_000
        pack.addfile(info, io.BytesIO(b"x" * 3_000))
    compress = rng.choice((bytes, lambda data: gzip.compress(data, mtime=0), bz2.compress, lzma.compress))
    return {"archive": with_damage(rng, compress(buffer.getvalue()))}


def unpack(folder: Path) -> None:
    """Unpack an archive, and see that nothing leaves its folder."""
    from speechlab.download import extract

    try:
        extract(folder / "archive", folder / "out")
    finally:
        assert {item.name for item in folder.iterdir()} <= {"archive", "out"}


def require_one_line(error: SpeechlabError) -> None:
    """Raise unless an error is one line that can be printed."""
    message = str(error)
    assert message.strip() and "\n" not in message and len(message) < 2_000, message[:500]
