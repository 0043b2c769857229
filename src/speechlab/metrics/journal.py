"""Measurements on the disk as they are made, so that a run killed at any moment goes on where it stopped."""

import errno
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

import speechlab
from speechlab.files import cannot_write
from speechlab.metrics.items import Item, content_hash
from speechlab.metrics.measure import Measurement
from speechlab.metrics.table import RULES
from speechlab.provenance import git_commit, resampler

MOST_REMEMBERED = 20_000  # measurements, some 10 MB

_remembered: dict[str, Measurement] = {}  # in this process, without a file; the oldest first


class Journal:
    """A JSON line per item and metric, appended and flushed as soon as it is known; without a path, only remembered.

    What a notebook scores twice, such as the recordings beside each new system, is so measured once.

    A measurement is found again by what it was made from: name and content of the item, name and version of the metric,
    our own version and rules, and the resampler. One that ended in an unforeseen exception is not: it is tried again.
    """

    def __init__(self, path: Path | None):
        self.path = path
        self.known: dict[str, Measurement] = {}
        self.commits: dict[str, str] = {}  # of the code that measured, by key
        self.used: set[str] = set()  # commits behind what was found or appended
        self.commit = git_commit()
        self.file = None

    def __enter__(self) -> "Journal":
        if self.path is None:
            self.known = _remembered
            return self
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise cannot_write(self.path, error) from error
        written = self.path.read_text(encoding="utf-8", errors="replace") if self.path.exists() else ""
        for line in written.splitlines():
            if found := read_entry(line):
                key, measurement, commit = found
                self.known[key], self.commits[key] = measurement, commit
        try:
            self.file = self.path.open("ab", buffering=0)  # nothing is kept back that could fail at the end
        except OSError as error:
            raise cannot_write(self.path, error) from error
        if written and not written.endswith("\n"):
            self.write("")
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self.file is not None:
            self.file.close()

    def write(self, line: str) -> None:
        """Append a line.

        Raises:
            SpeechlabError: the disk refuses.
        """
        data = f"{line}\n".encode()
        try:
            if self.file.write(data) < len(data):
                raise OSError(errno.ENOSPC, "")
        except OSError as error:
            raise cannot_write(self.path, error) from error

    def keys(self, item: Item, versions: Mapping[str, str]) -> dict[str, str]:
        """Keys of an item's measurements by metrics of these versions."""
        content = [item.id, content_hash(item.estimate), content_hash(item.reference), item.text]
        content += [resampler(), speechlab.__version__, RULES]
        return {
            name: hashlib.sha256(json.dumps([name, version, *content]).encode()).hexdigest()
            for name, version in versions.items()
        }

    def find(self, key: str) -> Measurement | None:
        """Return a finished measurement."""
        found = self.known.get(key)
        if found is None or not found.final:
            return None
        self.used.add(self.commits.get(key, self.commit))
        return found

    def append(self, key: str, item: Item, metric: str, version: str, measurement: Measurement) -> None:
        """Write a measurement down."""
        self.used.add(self.commit)
        if self.file is None:
            remember(key, measurement)
            return
        entry = {"git_commit": self.commit, "id": item.id, "metric": metric, "version": version, "key": key}
        self.write(json.dumps(entry | {"measurement": measurement._asdict()}, allow_nan=False))


def remember(key: str, measurement: Measurement) -> None:
    """Keep a measurement until this process ends, or ``MOST_REMEMBERED`` newer ones have come."""
    _remembered[key] = measurement
    if len(_remembered) > MOST_REMEMBERED:
        _remembered.pop(next(iter(_remembered)), None)


def read_entry(line: str) -> tuple[str, Measurement, str] | None:
    """Read a line: key, measurement, and the commit that made it; none where a kill has cut it, or the disk damaged."""
    try:
        entry = json.loads(line)
        key, measurement, commit = entry["key"], Measurement(**entry["measurement"]), entry["git_commit"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    tables = isinstance(measurement.values, dict) and isinstance(measurement.reasons, dict)
    if not (tables and isinstance(key, str) and isinstance(commit, str)):
        return None
    whole = all(value is None or isinstance(value, int | float) for value in measurement.values.values())
    return (key, measurement, commit) if whole else None
