"""What is attempted: by target, how its input is made and who gets it; and what counts as broken."""

import random
import resource
import shutil
import signal
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from speechlab.errors import SpeechlabError
from tests.fuzz import disks, mutate, tables, texts
from tests.fuzz.mutate import Input, require_one_line

LONGEST_S, MOST_MB = 5.0, 400  # of processor time for one input, and of memory above what was there before
HANGS_S = 30.0  # of processor time after which an input is given up
Target = tuple[Callable[[random.Random], Input], Callable[[Path], None]]
TARGETS: dict[str, Target] = {
    "audio": (mutate.audio, mutate.read_sound),
    "checkpoint": (mutate.checkpoint, mutate.load_checkpoint),
    "overrides": (mutate.overrides, mutate.load),
    "lexicon": (mutate.lexicon, mutate.read_lexicon),
    "archive": (mutate.archive, mutate.unpack),
    "metadata": (tables.metadata, tables.load_corpus),
    "textgrid": (tables.textgrid, tables.read_textgrid),
    "journal": (tables.journal, tables.read_journal),
    "text": (texts.text, texts.read_aloud),
    "note": (mutate.note, mutate.take_note),
    "message": (texts.message, texts.answer),
    "disk": (disks.disk, disks.write_on),
}
CASES = {
    "audio": "audio",
    "checkpoint": "ckpt",
    "overrides": "cfg",
    "lexicon": "lex",
    "metadata": "meta",
    "text": "text",
}
"""Folders of inputs that broke it once, by target; files of ``top`` go to the target of their suffix."""
TOP = {".m4a": "audio", ".wav": "audio", ".flac": "audio", ".mov": "audio", ".yaml": "overrides", ".txt": "text"}


class Hang(BaseException):
    """An input has taken too long."""


def give_up(number: int, frame: object) -> None:
    """End an attempt by an exception that nothing catches."""
    raise Hang


def attempt(target: str, files: Input, folder: Path) -> str:
    """Give files to a target; give what broke, or an empty text where they were taken or refused in one line."""
    shutil.rmtree(folder, ignore_errors=True)
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    former = signal.signal(signal.SIGVTALRM, give_up)
    signal.setitimer(signal.ITIMER_VIRTUAL, HANGS_S)
    try:
        TARGETS[target][1](folder)
    except SpeechlabError as error:
        try:
            require_one_line(error)
        except AssertionError as problem:
            return f"not one line: {problem}"
    except Hang:
        return f"took more than {HANGS_S:.0f} s"
    except Exception:
        return traceback.format_exc()
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, former)
    grown, seconds = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, time.process_time() - started
    if seconds > LONGEST_S:
        return f"took {seconds:.1f} s"
    return f"took {grown / 1024:.0f} MB" if grown / 1024 > MOST_MB else ""


def files_of(number: int, target: str) -> Input:
    """The input that a number stands for."""
    return TARGETS[target][0](random.Random(f"{target} {number}"))


def cases(folder: Path, target: str) -> dict[str, Input]:
    """Read the inputs of a folder of cases that are for one target, by name."""
    found = {}
    inside = folder / CASES.get(target, "none")
    for case in sorted(inside.iterdir()) if inside.is_dir() else ():
        files = (file for file in case.rglob("*") if file.is_file())
        found[f"{inside.name}/{case.name}"] = {file.relative_to(case).as_posix(): file.read_bytes() for file in files}
    for file in sorted((folder / "top").glob("*")):
        if TOP.get(file.suffix) == target:
            name = {"overrides": "x.yaml", "text": "text.txt"}.get(target, file.name)
            found[f"top/{file.name}"] = {name: file.read_bytes()}
    return found


def warm_up(folder: Path, targets: list[str] | None = None) -> None:
    """Let targets import what they need, which is no memory of an input's."""
    for target in targets or usable():
        for number in range(3):
            attempt(target, files_of(number, target), folder)


def usable() -> list[str]:
    """Targets that can be attempted here: small disks need a permission."""
    return [target for target in TARGETS if target != "disk" or not disks.may_mount()]
