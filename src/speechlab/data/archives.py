"""Archives of published datasets: fetched once, held to a hash, unpacked into a folder of their own."""

import json
import sys
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from speechlab.download import extract, fetch
from speechlab.errors import SpeechlabError
from speechlab.files import sha256, write_atomically

NOTES = "hashes.json"  # SHA-256 of what was downloaded without a published hash to hold it to


@dataclass(frozen=True)
class Archive:
    """One archive to download, and what of it is wanted."""

    name: str  # of the folder that it becomes, within the dataset's folder
    urls: tuple[str, ...]  # the last part of the first one is the archive's file name
    digest: str | None  # published SHA-256 or MD5; None: nobody published one
    only: str = "*"  # which files to unpack, with a shell's wildcards

    @property
    def file_name(self) -> str:
        """Name of the archive itself."""
        return self.urls[0].partition("?")[0].rpartition("/")[2]


def get_archive(archive: Archive, folder: Path) -> Path:
    """Give the folder of an unpacked archive, which is downloaded where that has not been done, and then deleted.

    Without a published hash, that of the first archive that could be unpacked is kept in ``hashes.json`` beside it,
    and later downloads are held to that; it guards against later changes, not against a wrong first download.

    Raises:
        SpeechlabError: no address gave the archive, its hash is wrong, it is damaged, or the disk is full.
    """
    unpacked = folder / archive.name
    if unpacked.is_dir():
        return unpacked
    print(f"downloading {archive.file_name} to {folder}", file=sys.stderr, flush=True)
    expected = archive.digest or read_notes(folder).get(archive.file_name)
    file = fetch(archive.urls, expected, folder / archive.file_name)
    extract(file, unpacked, archive.only)
    if expected is None:
        found = note(file)
        print(f"{file.name}: no published hash is known; recorded {found}, and will hold it to that", file=sys.stderr)
    file.unlink()  # gigabytes that are not needed again
    return unpacked


def note(file: Path) -> str:
    """Record the hash of a downloaded file beside it, and give it."""
    found = sha256(file)
    notes = json.dumps({**read_notes(file.parent), file.name: found}, indent=1, sort_keys=True)
    write_atomically(file.parent / NOTES, f"{notes}\n".encode())
    return found


def read_notes(folder: Path) -> dict[str, str]:
    """Read the recorded hashes, by file name; none where nothing was recorded yet."""
    path = folder / NOTES
    try:
        notes = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    except (ValueError, RecursionError):
        notes = None
    if not isinstance(notes, dict):
        raise SpeechlabError(f"{path} is no table of hashes any more; delete it, and the hashes are recorded anew")
    return notes


def require_all(expected: Iterable[str], found: Collection[str], what: str, folder: Path) -> None:
    """Raise unless everything expected was found; the message counts and names what is missing."""
    expected = list(expected)
    missing = [name for name in expected if name not in found]
    if missing:
        names = ", ".join(missing[:5]) + (" ..." if len(missing) > 5 else "")
        raise incomplete(folder, f"{len(expected) - len(missing)} of {len(expected)} {what}; missing: {names}")


def require_count(expected: int, found: int, what: str, folder: Path) -> None:
    """Raise unless as many were found as the dataset is known to have."""
    if found != expected:
        raise incomplete(folder, f"{found:,} of {expected:,} {what}")


def incomplete(folder: Path, what: str) -> SpeechlabError:
    """Describe a dataset of which not all is there."""
    return SpeechlabError(
        f"{folder} holds {what}; delete it and run again to download it anew, or train on what is there:"
        f" data.name=folders data.clean=[{folder}]"
    )
