"""What the Telegram bot was asked, what it has answered, and what its users chose: kept on disk, in SQLite.

An update is written down before Telegram is told that it came, and an answer is marked before it is sent and after it
arrived, so that a process killed at any moment goes on where it was. One doubt cannot be removed: killed between the
two marks, nobody knows whether the answer arrived, and Telegram has no way to ask. Such an answer is not sent twice;
its user is told to ask again if it is not there.
"""

import json
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

REPLY, SAY, CLEAN, STRESS = "reply", "say", "clean", "stress"
WORK = (SAY, CLEAN, STRESS)
"""Kinds of jobs that take time and wait in one queue; a reply is a text that is sent at once."""
MAX_ATTEMPTS = 2  # at one part; a job during which the process died so often is not tried again
DAY_S = 24 * 3600
KEPT_S = 7 * DAY_S  # Telegram offers an update again for a day at most
SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
    update_id INTEGER PRIMARY KEY, chat_id INTEGER NOT NULL, message_id INTEGER NOT NULL, user_id INTEGER NOT NULL,
    language TEXT NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL, received REAL NOT NULL,
    state TEXT NOT NULL DEFAULT 'waiting', parts_done INTEGER NOT NULL DEFAULT 0, attempts INTEGER NOT NULL DEFAULT 0,
    doubtful INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS jobs_by_state ON jobs (state, update_id);
CREATE INDEX IF NOT EXISTS jobs_by_user ON jobs (user_id, received);
CREATE TABLE IF NOT EXISTS settings (user_id INTEGER PRIMARY KEY, value TEXT NOT NULL);
"""
DOUBT = "state = 'waiting', attempts = 0, parts_done = parts_done + 1 - doubtful, doubtful = 1 - doubtful"
"""After a part whose arrival is unknown its user is to be told; after such a telling, nothing more."""


@dataclass(frozen=True)
class Job:
    """One message of a user, and what is to be done for it."""

    update_id: int
    chat_id: int
    message_id: int
    user_id: int
    language: str  # of what the bot writes, en or ru
    kind: str
    body: dict[str, Any]  # what the kind needs
    parts_done: int = 0  # of an answer in several messages
    attempts: int = 0  # begun and not finished, at the next part
    doubtful: bool = False  # the part before may not have arrived, and the user is to be told


@dataclass
class Settings:
    """What one user chose."""

    voice: str = ""  # none: the one that suits each text
    pace: float = 1.0  # 2 is twice as fast
    stresses: dict[str, str] = field(default_factory=dict)  # a word in lower case to its spelling with +


class Journal:
    """The bot's memory; to be used by one process, and within it by one thread."""

    def __init__(self, path: Path):
        path.parent.mkdir(parents=True, exist_ok=True)
        self.database = sqlite3.connect(path, isolation_level=None)  # every statement is a transaction
        self.database.row_factory = sqlite3.Row
        self.database.execute("PRAGMA journal_mode = WAL")
        self.database.execute("PRAGMA synchronous = FULL")
        self.database.executescript(SCHEMA)

    def recover(self) -> int:
        """Settle what an earlier process left unfinished, forget what is old, and count the jobs that wait.

        An answer that was on its way becomes doubtful; a job that ended the process several times is given up.
        """
        run = self.database.execute
        run(f"UPDATE jobs SET {DOUBT} WHERE state = 'sending'")
        self.compact()
        run(
            "UPDATE jobs SET kind = ?, body = ?, parts_done = 0, attempts = 0"
            " WHERE state = 'waiting' AND attempts >= ?",
            (REPLY, json.dumps({"phrase": "failed"}), MAX_ATTEMPTS),
        )
        return self.waiting()

    def compact(self) -> None:
        """Forget what is old, and give its space back; to be called once a day."""
        run = self.database.execute
        now = time.time()  # a clock that was wrong, and was set right, leaves times far ahead
        run("DELETE FROM jobs WHERE state = 'answered' AND abs(received - ?) > ?", (now, KEPT_S))
        if run("PRAGMA freelist_count").fetchone()[0] > run("PRAGMA page_count").fetchone()[0] // 4:
            run("VACUUM")
        run("PRAGMA wal_checkpoint(TRUNCATE)")

    def change(self, job: Job, kind: str, body: dict[str, Any]) -> Job:
        """Put another kind and body in place of a job's, and give the new one."""
        self.database.execute(
            "UPDATE jobs SET kind = ?, body = ? WHERE update_id = ?", (kind, json.dumps(body), job.update_id)
        )
        return replace(job, kind=kind, body=body)

    def today(self, user_id: int) -> int:
        """Count the jobs that took work which a user gave during the last day."""
        marks = ", ".join("?" * len(WORK))
        query = f"SELECT count(*) FROM jobs WHERE user_id = ? AND abs(received - ?) < ? AND kind IN ({marks})"
        return self._number(query, user_id, time.time(), DAY_S, *WORK)

    def add(self, job: Job, settings: Settings | None = None) -> bool:
        """Write a job down with the settings that its message changed; false if its update was known already."""
        with self.database:
            self.database.execute("BEGIN")
            added = self.database.execute(
                "INSERT OR IGNORE INTO jobs (update_id, chat_id, message_id, user_id, language, kind, body, received)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (job.update_id, job.chat_id, job.message_id, job.user_id, job.language, job.kind,
                 json.dumps(job.body), time.time()),
            ).rowcount  # fmt: skip
            if added and settings is not None:
                value = json.dumps(asdict(settings))
                self.database.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", (job.user_id, value))
        return bool(added)

    def knows(self, update_id: int) -> bool:
        """Tell whether an update was written down before."""
        return self._number("SELECT count(*) FROM jobs WHERE update_id = ?", update_id) > 0

    def next(self, kinds: Sequence[str]) -> Job | None:
        """Give the oldest job of some kinds that waits."""
        marks = ", ".join("?" * len(kinds))
        query = f"SELECT * FROM jobs WHERE state = 'waiting' AND kind IN ({marks}) ORDER BY received, update_id LIMIT 1"
        row = self.database.execute(query, tuple(kinds)).fetchone()
        if row is None:
            return None
        values = {name: row[name] for name in row.keys() if name in Job.__dataclass_fields__}  # noqa: SIM118
        job = Job(**values | {"body": read_object(row["body"]), "doubtful": bool(row["doubtful"])})
        return job if job.body else self.change(job, REPLY, {"phrase": "failed"})  # damaged: it is given up

    def waiting(self, user_id: int | None = None) -> int:
        """Count jobs in the queue, the one being done included; of one user, or of all."""
        query = "SELECT count(*) FROM jobs WHERE state != 'answered' AND kind != ?"
        if user_id is None:
            return self._number(query, REPLY)
        return self._number(f"{query} AND user_id = ?", REPLY, user_id)

    def is_open(self, job: Job) -> bool:
        """Tell whether a job still waits for its answer."""
        return self._number("SELECT count(*) FROM jobs WHERE update_id = ? AND state != 'answered'", job.update_id) > 0

    def begin(self, job: Job) -> None:
        """Note that the next part of an answer is being made."""
        self._set(job, "attempts = attempts + 1")

    def sending(self, job: Job) -> None:
        """Note that a part is about to be sent: from here to the next mark nobody can know whether it arrived."""
        self._set(job, "state = 'sending'")

    def sent(self, job: Job) -> None:
        """Note that a part, or the telling of a doubt, has arrived."""
        self._set(job, "state = 'waiting', attempts = 0, parts_done = parts_done + 1 - doubtful, doubtful = 0")

    def doubt(self, job: Job) -> None:
        """Note that a part may or may not have arrived."""
        self._set(job, DOUBT)

    def release(self, job: Job) -> None:
        """Note that a part certainly did not arrive, and is to be sent again."""
        self._set(job, "state = 'waiting', attempts = 0")

    def answered(self, job: Job) -> None:
        """Close a job, and forget what its user wrote."""
        self._set(job, "state = 'answered', body = '{}'")

    def settings(self, user_id: int) -> Settings:
        """Give what a user chose, or the defaults."""
        row = self.database.execute("SELECT value FROM settings WHERE user_id = ?", (user_id,)).fetchone()
        known = read_object(row["value"]) if row else {}
        return Settings(**{name: known.get(name, value) for name, value in asdict(Settings()).items()})

    def close(self) -> None:
        """Close the database."""
        self.database.close()

    def _set(self, job: Job, changes: str) -> None:
        self.database.execute(f"UPDATE jobs SET {changes} WHERE update_id = ?", (job.update_id,))

    def _number(self, query: str, *values: Any) -> int:
        return self.database.execute(query, values).fetchone()[0]


def read_object(text: Any) -> dict[str, Any]:
    """Read a JSON object that was written down; empty where the disk has damaged it."""
    try:
        found = json.loads(text)
    except (ValueError, TypeError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
