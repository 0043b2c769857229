"""Files written whole or not at all, with one line where the disk refuses, and no leftovers of dead processes."""

import contextlib
import errno
import hashlib
import json
import os
import platform
import re
import shutil
import sys
import tempfile
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from speechlab.errors import SpeechlabError

REASONS = {
    errno.ENOSPC: "the disk is full; free space and run again",
    errno.EDQUOT: "your quota of disk space is used up; free space and run again",
    errno.EROFS: "the disk can only be read; choose another folder",
    errno.EACCES: "it is not allowed; choose another folder, or change its permissions",
    errno.EPERM: "it is not allowed; choose another folder, or change its permissions",
}
"""What the usual refusals of a disk mean, and what to do."""
HELD_S = (0.05, 0.1, 0.2, 0.4, 0.8, 1.5)  # seconds between tries to rename what another program holds
WORTH_SAYING = 100e6  # bytes: work that needs more says so before it begins
LEFTOVER = re.compile(r"\..+\.([0-9a-f]{8})-(\d+)\.(tmp|partial)")  # machine and process that it is of


def write_atomically(path: Path, content: bytes) -> None:
    """Write under a temporary name in the same folder, then rename; a reader never sees half a file.

    Raises:
        SpeechlabError: the disk refuses; what was there before is untouched.
    """
    temporary = temporary_name(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(content)
        move(temporary, path)
    except OSError as error:
        remove(temporary)
        raise cannot_write(path, error, len(content)) from error


def move(source: Path, target: Path) -> None:
    """Rename a file or folder, over a file that is there; on Windows a virus scanner may hold it for a moment.

    Raises:
        OSError: the system refuses, there for three seconds.
    """
    for wait_s in HELD_S if os.name == "nt" else ():
        try:
            source.replace(target)
            return
        except PermissionError:
            time.sleep(wait_s)
    source.replace(target)


def sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_json(path: Path, value: object) -> None:
    """Replace a JSON file in one step."""
    write_atomically(path, (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode())


def read_object(path: Path) -> dict[str, Any]:
    """Read a JSON object; empty where there is none."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return values if isinstance(values, dict) else {}


def short_hash(value: object) -> str:
    """Twelve hexadecimal digits that stand for a JSON value; they name a folder."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:12]


def temporary_name(path: Path, suffix: str = ".tmp") -> Path:
    """Name a file or folder of this process beside a path, hidden, and found again by ``remove_leftovers``."""
    return path.with_name(f".{path.name[:100]}.{machine()}-{os.getpid()}{suffix}")


@contextlib.contextmanager
def scratch_folder(what: str) -> Iterator[Path]:
    """Make a folder for a moment, in the system's place for such; those of processes that were killed go first."""
    place = Path(tempfile.gettempdir())
    remove_leftovers(place)
    folder = Path(tempfile.mkdtemp(f".{machine()}-{os.getpid()}.tmp", f".speechlab-{what}-", place))
    try:
        yield folder
    finally:
        remove(folder)


def machine() -> str:
    """Eight digits that stand for this machine: on a shared disk, another's processes are not to be judged here."""
    return f"{zlib.crc32(platform.node().encode()):08x}"


def cannot_write(path: Path, error: OSError, n_bytes: int = 0) -> SpeechlabError:
    """Say in one line why a file could not be written, and what to do."""
    size = f" ({n_bytes / 1e6:.1f} MB)" if n_bytes else ""
    reason = REASONS.get(error.errno) or error.strerror or str(error) or type(error).__name__
    return SpeechlabError(f"cannot write {path}{size}: {reason}")


def require_space(what: str, folder: Path, n_bytes: float) -> None:
    """Look before long work whether its files will fit, and say how much they need where that is much.

    Args:
        what: the work, which begins the sentence.
        n_bytes: that it is going to write, as far as can be told.

    Raises:
        SpeechlabError: less is free where the folder is, or will be.
    """
    free = free_bytes(folder)
    if n_bytes > free:
        raise SpeechlabError(
            f"{what} needs about {n_bytes / 1e6:,.0f} MB in {folder}, where {free / 1e6:,.0f} MB are free; free"
            " space or choose another folder"
        )
    if n_bytes >= WORTH_SAYING:
        needed = f"{what} needs about {n_bytes / 1e9:.1f} GB; {free / 1e9:,.1f} GB are free in {folder}"
        print(needed, file=sys.stderr, flush=True)


def free_bytes(folder: Path) -> float:
    """Tell how many bytes are free where a folder is, or will be; infinity where the system does not tell."""
    folder = folder.absolute()
    place = next((path for path in (folder, *folder.parents) if path.exists()), folder)
    try:
        return shutil.disk_usage(place).free
    except OSError:
        return float("inf")


def remove(path: Path) -> None:
    """Remove a file or folder; what the disk does not let go stays."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
        return
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return  # the folder itself may be the problem; whoever wrote to it says so


def remove_leftovers(folder: Path) -> int:
    """Remove temporary files and folders of processes that are no more, directly in a folder; count them."""
    count = 0
    for item in folder.glob(".*") if folder.is_dir() else ():
        found = LEFTOVER.fullmatch(item.name)
        if found and found[1] == machine() and not is_alive(int(found[2])):
            remove(item)
            count += 1
    return count


def is_alive(process: int) -> bool:
    """Tell whether a process runs; where that cannot be told, yes."""
    if os.name == "nt":  # os.kill would end it
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True
