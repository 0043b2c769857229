"""Checkpoints: folders written whole or not at all, with checksums inside; the newest valid one is used.

``step-N/`` holds ``model.safetensors`` (what inference needs), ``card.json`` (what the model is) and ``state.pt`` (what
resuming needs besides). A folder is written under a temporary name, flushed to the disk and renamed, so that a process
killed at any moment leaves the earlier ones as they were.
"""

import errno
import hashlib
import json
import os
import re
import shutil
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from speechlab.config import AudioSpec
from speechlab.data.links import is_link, unpack_link
from speechlab.errors import SpeechlabError
from speechlab.files import temporary_name
from speechlab.training import runs_root
from speechlab.training.cards import need, network_of, read_card, read_json
from speechlab.training.identity import variants

WEIGHTS, CARD, STATE, CHECKSUMS = "model.safetensors", "card.json", "state.pt", "checksums.json"


class Checkpoint(NamedTuple):
    """A checkpoint that was read and found whole."""

    path: Path
    weights: dict[str, Tensor]
    card: dict[str, Any]
    state: dict[str, Any] | None

    @property
    def weights_hash(self) -> str:
        """First 16 digits of the weights' SHA-256."""
        return sha256(self.path / WEIGHTS)[:16]

    @property
    def audio(self) -> AudioSpec:
        """The analysis that the model was made for; raises where the card does not say it."""
        return AudioSpec(**self.need("audio"))

    def need(self, name: str) -> Any:
        """Give a part of the card, or raise a SpeechlabError where it is not there."""
        return need(self.path, self.card, name)

    def network(self) -> nn.Module:
        """Build the network with its weights, in eval mode; raises unless card and weights fit each other."""
        return network_of(self.path, self.card, self.weights)


def write_checkpoint(folder: Path, weights: dict[str, Tensor], card: dict[str, Any], state: dict | None = None) -> None:
    """Write a checkpoint folder in one step: it exists whole, or not at all.

    Raises:
        OSError: the disk is full or cannot be written; nothing that was there is touched.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = temporary_name(folder)
    shutil.rmtree(temporary, ignore_errors=True)
    try:
        temporary.mkdir()
        tensors = {name: value.detach().cpu().contiguous() for name, value in weights.items()}
        store(temporary / WEIGHTS, lambda path: save_file(tensors, path))
        (temporary / CARD).write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        if state is not None:
            store(temporary / STATE, lambda path: torch.save(state, path))
        sums = {item.name: sha256(item) for item in sorted(temporary.iterdir())}
        (temporary / CHECKSUMS).write_text(json.dumps(sums, indent=2) + "\n", encoding="utf-8")
        for item in temporary.iterdir():
            flush(item)
        if folder.exists():  # only a damaged one can be in the way: a valid one would have been resumed from
            folder.rename(folder.with_name(f"{folder.name}.damaged-{os.getpid()}"))
        temporary.rename(folder)
        flush(folder.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def store(path: Path, write: Callable[[Path], None]) -> None:
    """Call a library's writer; what it makes of a full disk becomes the ``OSError`` that it is."""
    try:
        write(path)
    except (SafetensorError, RuntimeError) as error:
        found = re.search(r"os error (\d+)", str(error))  # PyTorch only says that it could not write
        number = int(found[1]) if found else errno.ENOSPC if shutil.disk_usage(path.parent).free < 2**20 else errno.EIO
        raise OSError(number, str(error).splitlines()[0], str(path)) from error


def read_checkpoint(folder: Path, with_state: bool = False) -> Checkpoint:
    """Read a checkpoint folder.

    Args:
        with_state: also verify every checksum and read what resuming needs.

    Raises:
        SpeechlabError: something is missing, damaged, or is not what its name says.
    """
    folder = Path(folder)
    if not (folder / WEIGHTS).is_file() or not (folder / CARD).is_file():
        raise SpeechlabError(f"{folder} is not a checkpoint: it needs {WEIGHTS} and {CARD}")
    try:
        if (folder / CHECKSUMS).is_file():
            verify(folder, names=None if with_state else (WEIGHTS, CARD))
        card = read_card(folder / CARD)
        weights = load_file(folder / WEIGHTS)
        state = torch.load(folder / STATE, map_location="cpu", weights_only=True) if with_state else None
    except SpeechlabError:
        raise
    except Exception as error:  # whatever safetensors, pickle and PyTorch make of damaged bytes
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise SpeechlabError(f"the checkpoint {folder} is damaged ({reason}); use another or fetch it again") from error
    for name, value in weights.items():
        if value.is_floating_point() and not torch.isfinite(value.float()).all():
            raise SpeechlabError(f"the weights in {folder} hold NaN or infinity ({name}); use another checkpoint")
    return Checkpoint(folder, weights, card, state)


def add_to_card(folder: Path, values: Mapping[str, Any]) -> None:
    """Put values into the card of a checkpoint, or of a voice, which has no checksums of its own."""
    card, sums = folder / CARD, folder / CHECKSUMS
    content = read_card(card) | dict(values)
    card.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    if sums.is_file():
        known = json.loads(sums.read_text(encoding="utf-8")) | {CARD: sha256(card)}
        sums.write_text(json.dumps(known, indent=2) + "\n", encoding="utf-8")


def verify(folder: Path, names: tuple[str, ...] | None = None) -> None:
    """Compare the files of a checkpoint with its checksums."""
    sums = read_json(folder / CHECKSUMS)
    if not isinstance(sums, dict) or not all(Path(name).name == name for name in sums):
        raise SpeechlabError(f"the checkpoint {folder} is damaged: {CHECKSUMS} is no table of files and their hashes")
    for name in names or sums:
        if not (folder / name).is_file() or sha256(folder / name) != sums.get(name):
            raise SpeechlabError(f"the checkpoint {folder} is damaged: {name} does not match its checksum")


def newest_checkpoint(folder: Path, report=print) -> Checkpoint | None:
    """Find the newest checkpoint under ``folder`` that is whole; damaged ones are reported and passed over."""
    steps = [item for item in Path(folder).glob("step-*") if item.name.removeprefix("step-").isdigit()]
    for candidate in sorted(steps, key=step_of, reverse=True):
        try:
            return read_checkpoint(candidate, with_state=True)
        except SpeechlabError as error:
            report(f"passed over: {error}")
    return None


def bundled_roots() -> list[Path]:
    """Folders of weights by name: ``checkpoints`` here, and the one that comes with the code."""
    return [Path("checkpoints"), Path(__file__).parents[3] / "checkpoints"]


def bundled_names() -> list[str]:
    """Names of the weights that are at hand."""
    found = {item.name for root in bundled_roots() for item in root.glob("*") if item.is_dir()}
    return sorted(name for name in found if not name.startswith("."))


def find_folder(name: str | Path) -> Path:
    """Find a folder of weights by its path, as a bundled one, or as a run.

    Raises:
        SpeechlabError: there is none; the message lists what is bundled.
    """
    if not str(name):
        raise SpeechlabError(f"the name of the weights is empty; give one of {', '.join(bundled_names())}, or a folder")
    for place in (Path(name), *(root / name for root in bundled_roots()), runs_root() / name):
        if place.is_dir():
            return place
    runs = variants(str(name), runs_root())
    if len(runs) == 1:
        warnings.warn(f"there is no run {name}; its only variant {runs[0].name} is taken", stacklevel=2)
        return runs[0]
    if runs:
        known = ", ".join(run.name for run in runs)
        raise SpeechlabError(f"there is no run {name}, but {len(runs)} of it with other settings: {known}; name one")
    raise SpeechlabError(
        f"no weights are called {str(name)!r} (bundled: {', '.join(bundled_names()) or 'none'}); "
        f"give one of these, a folder, or a run that was trained: speechlab train {name}"
    )


def fetched(name: str) -> str:
    """Give the folder of an archive of weights behind a link, fetched where it was not; a name stays as it is.

    Only for names that a person gives on the command line: a name in a card, which anybody may have written, is never
    followed to the network.

    Raises:
        SpeechlabError: the link leads to nothing, or to no weights of ours.
    """
    if not is_link(name):
        return name
    folder = unpack_link(name)
    places = (path.parent for path in sorted(folder.rglob(CARD), key=lambda path: len(path.parts)))
    found = next((place for place in places if (place / WEIGHTS).is_file() or (place / "acoustic").is_dir()), None)
    if found is None:
        raise SpeechlabError(
            f"{name[:80]} holds no checkpoint of ours: expected an archive with {WEIGHTS} and {CARD}; other people's"
            " weights are turned into one by speechlab import"
        )
    return str(folder if (folder / "checkpoints").is_dir() else found)


def find_checkpoint(name: str | Path) -> Checkpoint:
    """Read the checkpoint of a folder, or the newest of a run with what resuming needs, given by path or name."""
    folder = find_folder(name)
    if (folder / "checkpoints").is_dir():
        newest = newest_checkpoint(folder / "checkpoints")
        if newest is None:
            raise SpeechlabError(
                f"the run {folder} has no whole checkpoint yet; train it first: speechlab train {name}"
            )
        return newest
    return read_checkpoint(folder)


def remove_old(folder: Path, keep: int) -> None:
    """Delete all but the ``keep`` newest checkpoints, and what interrupted writes left behind."""
    steps = [item for item in folder.glob("step-*") if item.name.removeprefix("step-").isdigit()]
    for old in sorted(steps, key=step_of)[:-keep]:
        shutil.rmtree(old, ignore_errors=True)
    for leftover in folder.glob(".step-*.tmp"):
        shutil.rmtree(leftover, ignore_errors=True)


def step_of(folder: Path) -> int:
    """Training step in a checkpoint folder's name."""
    return int(folder.name.removeprefix("step-"))


def sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def flush(path: Path) -> None:
    """Force a file, or on POSIX a folder's entries, to the disk."""
    if os.name == "nt" and path.is_dir():
        return  # Windows cannot open folders; its renames are journalled
    descriptor = os.open(path, os.O_RDONLY if os.name != "nt" else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
