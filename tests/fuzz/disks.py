"""Disks that are full or may not be written, and everything that writes: it says so in one line, and leaves nothing."""

import contextlib
import json
import os
import random
import subprocess
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import numpy as np

from speechlab.errors import SpeechlabError
from tests.fuzz.mutate import Input

SPEECH = np.random.default_rng(0).uniform(-0.5, 0.5, 22_050).astype(np.float32)


@contextlib.contextmanager
def small_disk(folder: Path, n_bytes: int) -> Iterator[Path]:
    """Mount a file system in memory of a few pages; it is gone afterwards.

    Raises:
        PermissionError: mounting is not permitted here.
    """
    folder.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={n_bytes},nr_inodes=200", "tmpfs", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise PermissionError("there is no command to mount a file system") from error
    if done.returncode:
        raise PermissionError(f"no small file system can be mounted here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False)


@cache
def may_mount() -> str:
    """Say why no small disk can be made; empty where it can."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        try:
            with small_disk(Path(folder) / "disk", 8_192):
                return ""
        except PermissionError as error:
            return str(error)


def write_recording(folder: Path) -> None:
    """Write a recording at once."""
    from speechlab.audio.io import write_audio

    write_audio(folder / "a.wav", SPEECH, 22_050)


def write_in_blocks(folder: Path) -> None:
    """Write a recording as an enhancer does."""
    from speechlab.audio.streaming import AudioWriter

    with AudioWriter(folder / "a.wav", 22_050, 1, len(SPEECH)) as writer:
        for block in np.split(SPEECH[:, None], 10):
            writer.write(block)


def write_features(folder: Path) -> None:
    """Write the features of a recording."""
    from speechlab.data.storage import write_tensors

    write_tensors(folder / "a.safetensors", {"mel": np.zeros((80, 400), np.float32)}, {"audio": "x"})


def write_checkpoint(folder: Path) -> None:
    """Write a checkpoint as a training does, which waits where the disk refuses."""
    import torch

    from speechlab.checkpoints import write_checkpoint
    from speechlab.files import cannot_write

    values = {"weight": torch.zeros(20_000)}
    try:
        write_checkpoint(folder / "checkpoints" / "step-0000001", values, {"model": "aligner"}, {"step": 1, **values})
    except OSError as error:
        raise cannot_write(folder, error) from None


def resample(folder: Path) -> None:
    """Resample a folder of recordings."""
    from speechlab.audio.files import resample_folder

    resample_folder(folder.parent / "source", folder / "resampled", 8_000)


def unpack(folder: Path) -> None:
    """Unpack an archive."""
    from speechlab.download import extract

    extract(folder.parent / "source" / "a.zip", folder / "unpacked")


def write_scores(folder: Path) -> None:
    """Append to the journal of a scoring."""
    from speechlab.metrics.items import Item
    from speechlab.metrics.journal import Journal
    from speechlab.metrics.measure import Measurement

    with Journal(folder / "items.jsonl") as journal:
        for number in range(400):
            item = Item(str(number), folder.parent / "source" / "a.wav")
            journal.append("k", item, "stoi", "1", Measurement({"stoi": 0.5}, {}))


def write_card(folder: Path) -> None:
    """Write what lies beside recordings."""
    from speechlab.training.logs import write_json

    write_json(folder / "origin.json", {"numbers": list(range(20_000))})


WRITERS: tuple[Callable[[Path], None], ...] = (
    write_recording, write_in_blocks, write_features, write_checkpoint, resample, unpack, write_scores, write_card,
)  # fmt: skip


def disk(rng: random.Random) -> Input:
    """A size of a disk, whether it may be written, and what is to be written on it."""
    import io
    import zipfile

    import soundfile as sf

    wave, pack = io.BytesIO(), io.BytesIO()
    sf.write(wave, SPEECH, 22_050, format="WAV")
    with zipfile.ZipFile(pack, "w") as archive:
        archive.writestr(zipfile.ZipInfo("a.txt"), bytes(80_000))
    plan = {"size": 4_096 * rng.randrange(1, 40), "writer": rng.randrange(len(WRITERS)), "readable": rng.random() < 0.2}
    source = {"source/a.wav": wave.getvalue(), "source/b.wav": wave.getvalue(), "source/a.zip": pack.getvalue()}
    return {"plan.json": json.dumps(plan).encode(), **source}


def write_on(folder: Path) -> None:
    """Write on the disk that was asked for; nothing temporary may be left, whatever happens."""
    plan = json.loads((folder / "plan.json").read_text(encoding="utf-8"))
    with small_disk(folder / "disk", plan["size"]) as place:
        if plan["readable"]:
            subprocess.run(["mount", "-o", "remount,ro", str(place)], check=False)
        try:
            WRITERS[plan["writer"]](place)
        except SpeechlabError as error:
            assert any(word in str(error) for word in ("disk", "cannot write")), str(error)
            raise
        finally:
            left = [name for _, _, names in os.walk(place) for name in names if name.endswith((".tmp", ".partial"))]
            assert not left, left
