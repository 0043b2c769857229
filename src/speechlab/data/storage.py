"""Files of the feature cache: whole or absent, stamped with what they were made from."""

import csv
import hashlib
import io
import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from speechlab.errors import SpeechlabError
from speechlab.files import write_atomically


@dataclass(frozen=True)
class Quarantined:
    """An utterance that could not be used, and why."""

    id: str
    audio_path: str
    layer: str  # acoustic or linguistic
    reason: str


def file_state(path: Path) -> dict:
    """Size and time of a file: as long as they stay, its hash is not computed again."""
    if not path.is_file():
        raise SpeechlabError(f"{path} does not exist")
    status = path.stat()
    return {"bytes": status.st_size, "modified": status.st_mtime_ns}


def text_hash(text: str) -> str:
    """SHA-256 of a text."""
    return hashlib.sha256(text.encode()).hexdigest()


def safe_name(id: str) -> str:
    """Spell an id so that every file system takes it, Windows' too; different ids stay different."""
    reserved = r"^(con|prn|aux|nul|com\d|lpt\d)$"  # devices, whatever the suffix
    spelled = re.sub(r'[<>:"/\\|?*%\x00-\x1f]|\.$', lambda match: f"%{ord(match[0]):02X}", id)
    return f"%{ord(id[0]):02X}{id[1:]}" if re.match(reserved, id, re.IGNORECASE) else spelled


def write_tensors(path: Path, tensors: dict[str, np.ndarray], stamp: dict) -> None:
    """Write arrays and their stamp to one safetensors file, whole or not at all."""
    from safetensors.numpy import save

    arrays = {name: np.ascontiguousarray(array) for name, array in tensors.items()}
    write_atomically(path, save(arrays, metadata={"stamp": json.dumps(stamp, ensure_ascii=False)}))


def read_tensors(path: Path, advice: str) -> tuple[dict[str, np.ndarray], dict]:
    """Read arrays and their stamp.

    Raises:
        SpeechlabError: the file is missing or damaged; the message ends with the advice.
    """
    from safetensors import safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            names = file.keys()
            return {name: file.get_tensor(name) for name in names}, json.loads(file.metadata()["stamp"])
    except Exception as error:  # whatever is made of damaged bytes
        raise SpeechlabError(f"no features in {path} ({error}); {advice}") from None


def read_header(path: Path) -> dict:
    """Read the stamp of a feature file and its number of frames; empty if the file is missing or damaged."""
    from safetensors import safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            header = json.loads(file.metadata()["stamp"])
            names = file.keys()
            frames = file.get_slice("mel").get_shape()[1] if "mel" in names else None
            return header | {"frames": frames}
    except Exception:  # whatever is made of damaged bytes
        return {}


def write_quarantine(folder: Path, rows: list[Quarantined]) -> None:
    """Write ``quarantine.csv``: one line per unusable utterance; only a header when all is well."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, ["id", "audio_path", "layer", "reason"])
    writer.writeheader()
    writer.writerows(asdict(row) for row in rows)
    write_atomically(folder / "quarantine.csv", text.getvalue().encode())


def read_quarantine(folder: Path) -> list[Quarantined]:
    """Read ``quarantine.csv``; empty where there is none."""
    path = folder / "quarantine.csv"
    if not path.is_file():
        return []
    names = Quarantined.__dataclass_fields__
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        rows = list(csv.DictReader(line.replace("\0", "") for line in file))
    return [Quarantined(**row) for row in rows if row.keys() == names.keys() and None not in row.values()]
