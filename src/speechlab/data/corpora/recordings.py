"""The recordings of a folder, at any depth and through links, found by what a metadata file calls them."""

import os
import unicodedata
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path, PurePosixPath

from speechlab.audio.io import AUDIO_SUFFIXES
from speechlab.errors import SpeechlabError

PREFERRED = (".wav", ".flac")  # where one name has several files, these are taken before lossy ones
USUAL = ("wavs", "wav")  # folders of recordings; where a name is found twice, the one below them is meant


class Recordings:
    """Recordings by their names without suffix, relative to the folder; ``a/b/clip`` is found as ``clip`` too."""

    def __init__(self, folder: Path):
        self.folder = folder
        rank = {suffix: order for order, suffix in enumerate(PREFERRED)}
        found = [path for path in files_below(folder) if path.suffix.lower() in AUDIO_SUFFIXES]
        found.sort(key=lambda path: (rank.get(path.suffix.lower(), len(rank)), path.as_posix()))
        self.paths: dict[str, Path] = {}
        for path in found:
            self.paths.setdefault(path.relative_to(folder).with_suffix("").as_posix(), path)
        self.paths = dict(sorted(self.paths.items()))

    @cached_property
    def by_ending(self) -> dict[str, list[str]]:
        """Names by each of their endings, such as ``b/clip`` and ``clip`` of ``a/b/clip``."""
        endings: dict[str, list[str]] = {}
        for name in self.paths:
            parts = plain(name).split("/")
            for first in range(len(parts)):
                endings.setdefault("/".join(parts[first:]), []).append(name)
        return endings

    def find(self, written: str) -> str | None:
        """Give the name of the recording that a metadata file means, whatever folder or suffix it writes.

        Raises:
            SpeechlabError: several recordings are called so.
        """
        candidates = self.candidates(written)
        if len(candidates) > 1:
            usual = [name for name in candidates if PurePosixPath(name).parts[:1] in [(folder,) for folder in USUAL]]
            exact = [name for name in candidates if PurePosixPath(name).name == PurePosixPath(written).stem]
            candidates = next((kept for kept in (usual, exact) if len(kept) == 1), candidates)
        if len(candidates) > 1:
            shown = ", ".join(f"{name}" for name in candidates[:3])
            raise SpeechlabError(
                f"{written!r} is the name of {len(candidates)} recordings in {self.folder} ({shown}); write it with"
                " its folder"
            )
        return candidates[0] if candidates else None

    def candidates(self, written: str) -> list[str]:
        """Names that end as the written one does: the whole of it, or as much as there is below this folder."""
        path = plain(written.replace("\\", "/")).strip("/ ")
        stem, dot, suffix = path.rpartition(".")
        spelled = [path] if not dot or "/" in suffix else [path, stem]
        if f".{suffix}" in AUDIO_SUFFIXES:
            spelled.reverse()
        for name in spelled:
            parts = [part for part in name.split("/") if part not in ("", ".")]
            for first in range(len(parts)):  # an absolute path of another machine: its beginning is not here
                if found := self.by_ending.get("/".join(parts[first:])):
                    return found
        return []

    def __contains__(self, written: str) -> bool:
        return bool(self.candidates(written))


def plain(name: str) -> str:
    """Spell a name as every file system compares it: composed letters, small ones."""
    return unicodedata.normalize("NFC", name).casefold()


def files_below(folder: Path) -> Iterator[Path]:
    """Give the files at any depth, links followed, hidden ones left out; a link that leads back is followed once."""
    seen = set()
    for place, folders, names in os.walk(folder, followlinks=True):
        real = os.path.realpath(place)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(place, name) for name in sorted(names) if not name.startswith("."))
