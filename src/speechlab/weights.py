"""Weights of other people's networks: listed in ``checkpoints/registry.yaml``, fetched by name, held to their hashes.

Nothing here asks the network except :func:`get_weights`, which a person calls.
"""

import hashlib
import json
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from speechlab.errors import SpeechlabError
from speechlab.files import sha256, write_atomically
from speechlab.paths import bundled_root, data_root
from speechlab.registry import Registry

REGISTRY = bundled_root() / "registry.yaml"
HUB = "https://huggingface.co/{repo}/resolve/{revision}/{file}"
NOTES = "hashes.json"  # what each file's hash was when it was last computed, and the size and time it had then


@dataclass(frozen=True)
class WeightsFile:
    """One file: where it can be had and, where that is known, its hash."""

    name: str
    urls: tuple[str, ...]
    sha256: str | None
    n_bytes: int | None = None


@dataclass(frozen=True)
class WeightsEntry:
    """All files that one network needs, by whom they may be used, and what for."""

    name: str
    purpose: str
    licence: str
    files: tuple[WeightsFile, ...]


def load_registry() -> Registry:
    """Give the list of all weights that can be fetched: name to :class:`WeightsEntry`.

    Raises:
        SpeechlabError: the list is not there.
    """
    return read_registry(REGISTRY)


@lru_cache(maxsize=4)
def read_registry(path: Path) -> Registry:
    """Read such a list, once per process."""
    import yaml

    if not path.is_file():
        raise SpeechlabError(f"the list of weights is not at {path}; install speechlab again")
    registry = Registry("set of weights")
    for name, row in yaml.safe_load(path.read_text(encoding="utf-8")).items():
        files = tuple(
            WeightsFile(
                file["name"],
                tuple(file.get("urls") or [HUB.format(file=file["name"], **row["hub"])]),
                file["sha256"],
                file.get("bytes"),
            )
            for file in row["files"]
        )
        registry[name] = WeightsEntry(name, row["purpose"], row["licence"], files)
    return registry


def weights_root() -> Path:
    """Folder of all fetched weights: ``weights`` under SPEECHLAB_DATA, or under ``data`` here."""
    return data_root() / "weights"


def is_here(name: str) -> bool:
    """Tell whether all files of the weights are in the cache."""
    return all((weights_root() / name / file.name).is_file() for file in load_registry()[name].files)


def find_weights(name: str) -> Path:
    """Find weights in the cache, without asking the network, and see that they are what they were.

    Returns:
        The folder that holds the files.

    Raises:
        SpeechlabError: a file is missing or changed; names the command that gets it.
    """
    entry, folder = load_registry()[name], weights_root() / name
    missing = [file.name for file in entry.files if not (folder / file.name).is_file()]
    if missing:
        raise SpeechlabError(f"the weights {name} are not here ({missing[0]} is missing): speechlab weights get {name}")
    for file in entry.files:
        checked_hash(name, file)
    return folder


def weights_hash(name: str) -> str:
    """Twelve digits that stand for the weights in a table of scores.

    They are the first of the only file's SHA-256 or, of several files, of the SHA-256 of all their hashes in a row.
    """
    hashes = [checked_hash(name, file) for file in load_registry()[name].files]
    whole = hashes[0] if len(hashes) == 1 else hashlib.sha256("".join(hashes).encode()).hexdigest()
    return whole[:12]


def get_weights(name: str) -> Path:
    """Download what the cache lacks; an interrupted download is continued.

    Returns:
        The folder that holds the files.

    Raises:
        SpeechlabError: no such name, no connection, a wrong hash, or a full disk.
    """
    from speechlab.download import fetch

    entry, folder = load_registry()[name], weights_root() / name
    folder.mkdir(parents=True, exist_ok=True)
    for file in entry.files:
        target = folder / file.name
        if file.sha256 is None and not target.is_file():
            forget(f"{name}/{file.name}")  # what was recorded of a file that is gone may have been the wrong one
        fetch(file.urls, file.sha256, target)
        checked_hash(name, file)
    return folder


def checked_hash(name: str, file: WeightsFile) -> str:
    """Give a file's hash, if it is the registry's or, where that has none, the one that was recorded first.

    A file whose size and time are as recorded is not read again.

    Raises:
        SpeechlabError: the file is not the one it should be.
    """
    path, key = weights_root() / name / file.name, f"{name}/{file.name}"
    notes = read_notes()
    note = notes.get(key, {})
    status = path.stat()
    state = {"bytes": status.st_size, "modified_ns": status.st_mtime_ns}
    if {field: note.get(field) for field in state} != state:
        found, expected = sha256(path), file.sha256 or note.get("sha256")
        if expected is None:
            print(f"{key}: no published hash is known; recorded {found}, and will hold it to that", file=sys.stderr)
        elif found != expected:
            raise SpeechlabError(
                f"{path} has SHA-256 {found[:12]}..., expected {expected[:12]}...; delete it, then:"
                f" speechlab weights get {name}"
            )
        note = {"sha256": found, **state}
        with alone():
            write_notes({**read_notes(), key: note})
    if file.sha256 and note["sha256"] != file.sha256:
        raise SpeechlabError(
            f"{path} was recorded with another SHA-256 than {file.sha256[:12]}..., which is known by now; delete it,"
            f" then: speechlab weights get {name}"
        )
    return note["sha256"]


def forget(key: str) -> None:
    """Drop what was recorded of a file."""
    with alone():
        write_notes({other: note for other, note in read_notes().items() if other != key})


def alone():
    """Hold the lock of the records: several processes may check weights at once."""
    from filelock import FileLock

    return FileLock(weights_root() / f".{NOTES}.lock")


def read_notes() -> dict[str, dict]:
    """Read the recorded hashes; none where nothing was recorded yet."""
    path = weights_root() / NOTES
    try:
        notes = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    except (ValueError, RecursionError):
        return {}  # each file's hash is computed again
    return {key: note for key, note in notes.items() if isinstance(note, dict)} if isinstance(notes, dict) else {}


def write_notes(notes: dict[str, dict]) -> None:
    """Record hashes, whole or not at all."""
    path = weights_root() / NOTES
    write_atomically(path, (json.dumps(notes, indent=1, sort_keys=True) + "\n").encode())
