"""Where a result comes from: everything that another person needs to repeat it."""

import json
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import speechlab
from speechlab.files import write_json

ORIGIN = "origin.json"  # beside recordings that were made here


def resampler() -> str:
    """Name what ``speechlab.audio.resample`` resamples with."""
    return f"soxr {version('soxr')} VHQ"


def code_and_machine() -> dict[str, Any]:
    """Name the code and the machine that compute, and when."""
    return {
        "speechlab": speechlab.__version__,
        "git_commit": git_commit(),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "resampler": resampler(),
    }


def git_commit() -> str:
    """Commit of the code that runs, with ``-dirty`` where files differ from it; empty outside a repository."""
    command = ["git", "-C", str(Path(__file__).parent)]
    command += ["describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        options = dict(capture_output=True, text=True, encoding="utf-8", timeout=5, check=True)
        return subprocess.run(command, **options).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""


def write_origin(folder: Path, checkpoint: str) -> None:
    """Keep beside recordings the hash of the weights that made them: ``speechlab score`` repeats it."""
    write_json(folder / ORIGIN, {"checkpoint": checkpoint, "made_by": f"speechlab {speechlab.__version__}"})


def checkpoint_of(recordings: Any) -> str | None:
    """Find the hash of the weights that made a folder of recordings.

    ``speechlab say``, ``vocode`` and ``enhance`` leave it beside what they make.
    """
    if not isinstance(recordings, str | Path):
        return None
    try:
        return str(json.loads((Path(recordings) / ORIGIN).read_text(encoding="utf-8"))["checkpoint"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
