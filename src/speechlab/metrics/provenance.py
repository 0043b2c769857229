"""Where a score comes from: everything that another person needs to repeat it."""

import json
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import speechlab


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


def checkpoint_of(recordings: Any) -> str | None:
    """Find the hash of the weights that made a folder of recordings: named in it or in the folder above.

    That is the entry ``checkpoint`` of ``origin.json``, which ``speechlab say`` and ``vocode`` leave beside what they
    make, or the weights' entry of a checkpoint's ``checksums.json``.
    """
    if not isinstance(recordings, str | Path):
        return None
    folder = Path(recordings).resolve()
    for place in (folder, folder.parent):
        for name, entry in (("origin.json", "checkpoint"), ("checksums.json", "model.safetensors")):
            try:
                found = json.loads((place / name).read_text(encoding="utf-8")).get(entry)
            except (OSError, ValueError, AttributeError):
                continue
            if isinstance(found, str):
                return found
    return None
