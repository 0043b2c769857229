"""What is scored: recordings given as a folder, a mapping or a list, matched by name, and read where that makes sense.

A recording without a measurable content is refused here, for all metrics alike, with a reason.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from speechlab import encodings
from speechlab.audio.files import find_audio
from speechlab.audio.io import Audio, probe, read_audio
from speechlab.errors import SpeechlabError
from speechlab.files import sha256
from speechlab.metrics.base import Unmeasurable
from speechlab.metrics.checks import is_silent

MAX_ITEM_S = 600  # metrics are defined on utterances; an hour would take all memory and mean little
TEXT_SUFFIX = ".txt"
Source = Path | Audio
Sources = str | Path | Mapping[Any, Any] | Sequence[Any]
"""A folder, or a mapping or list of paths, ``Audio``, (array, sample_rate), or arrays of a rate given beside."""


@dataclass(frozen=True)
class Item:
    """One recording to score, with what it is compared with."""

    id: str
    estimate: Source
    reference: Source | None = None
    text: str | None = None


def collect(given: Sources, what: str, sample_rate: int | None = None) -> dict[str, Source]:
    """Name recordings by their path in the folder without suffix, by their key, or by their position.

    Args:
        what: such as ``estimates``, for messages.
        sample_rate: Hz, of arrays that come without one.

    Raises:
        SpeechlabError: it is none of these, or empty, or two files of a folder differ in their suffix only.
    """
    if isinstance(given, str | Path):
        return collect_folder(Path(given))
    if not isinstance(given, Mapping | Sequence):
        raise SpeechlabError(
            f"{what} came as {type(given).__name__}; give a folder, a mapping of names to recordings, or a list of them"
        )
    named = given.items() if isinstance(given, Mapping) else enumerate(given)
    found = {str(name): as_source(value, f"{what}[{name!r}]", sample_rate) for name, value in named}
    if not found:
        raise SpeechlabError(f"{what} is empty; give at least one recording")
    return found


def collect_folder(folder: Path) -> dict[str, Source]:
    """Name the recordings of a folder by their path in it, without suffix."""
    found: dict[str, Source] = {}
    for path in find_audio(folder):
        name = path.relative_to(folder).with_suffix("").as_posix()
        if name in found:
            raise SpeechlabError(f"{found[name]} and {path} have the same name; keep one of them")
        found[name] = path
    return found


def as_source(value: Any, what: str, sample_rate: int | None) -> Source:
    """Take what a person gives as one recording."""
    if isinstance(value, str | Path):
        return Path(value)
    if isinstance(value, Audio):
        return value
    if isinstance(value, tuple) and len(value) == 2 and np.ndim(value[1]) == 0:
        return Audio(np.asarray(value[0]), int(value[1]))
    if hasattr(value, "__array__") and sample_rate is not None:
        return Audio(np.asarray(value), sample_rate)
    raise SpeechlabError(
        f"{what} is {type(value).__name__}; give a path, an Audio, (array, sample_rate), or an array and sample_rate="
    )


def match(estimates: Mapping[str, Source], references: Mapping[str, Source], texts: Mapping[str, str]) -> list[Item]:
    """Put each estimate beside its reference and its text, sorted by name; what is not there is None.

    Raises:
        SpeechlabError: there are references, but not one for any estimate.
    """
    if references and not set(estimates) & set(references):
        raise SpeechlabError(
            f"no reference has the name of an estimate: these are called {min(estimates)!r} and so on, "
            f"the references {min(references)!r}; give both the same names"
        )
    items = []
    for name, estimate in sorted(estimates.items()):
        reference = references.get(name)
        text = texts.get(name) or text_beside(reference) or text_beside(estimate)
        items.append(Item(name, estimate, reference, text))
    return items


def text_beside(source: Source | None) -> str | None:
    """Read the .txt file of the same name in a recording's folder, where there is one."""
    if not isinstance(source, Path) or not source.with_suffix(TEXT_SUFFIX).is_file():
        return None
    return read_text(source.with_suffix(TEXT_SUFFIX))


def read_text(path: Path) -> str | None:
    """Read what is said, None where the file is blank."""
    return encodings.read_text(path)[0].strip() or None


def collect_texts(given: str | Path | Mapping[Any, str] | Sequence[str] | None) -> dict[str, str]:
    """Name texts as ``collect`` names recordings; a folder holds a .txt file for each."""
    if given is None:
        return {}
    if isinstance(given, str | Path):
        folder = Path(given)
        files = sorted(folder.rglob(f"*{TEXT_SUFFIX}"))
        if not files:
            raise SpeechlabError(f"{folder} holds no {TEXT_SUFFIX} files; name the folder of the texts")
        return {path.relative_to(folder).with_suffix("").as_posix(): read_text(path) or "" for path in files}
    named = given.items() if isinstance(given, Mapping) else enumerate(given)
    return {str(name): str(text) for name, text in named}


def read_source(source: Source, what: str) -> Audio:
    """Read a recording that metrics can be asked about: mono, finite, audible, not too long.

    Args:
        what: ``estimate`` or ``reference``, for the reason.

    Raises:
        Unmeasurable: it is none of this, or cannot be read. What is too long is told by its header alone.
    """
    if isinstance(source, Audio):
        audio = as_mono(source, what)
        require_duration(audio, what)
    else:
        try:
            require_duration(probe(source), what)
            audio = read_audio(source)
        except Unmeasurable:
            raise
        except (SpeechlabError, OSError) as error:
            raise Unmeasurable(f"the {what} cannot be read: {error}") from error
    if is_silent(audio.waveform):
        raise Unmeasurable(f"the {what} is silent: its peak is below -80 dB of full scale")
    return audio


def require_duration(recording: Any, what: str) -> None:
    """Refuse what lasts too long; the recording knows its ``duration_s``."""
    if recording.duration_s > MAX_ITEM_S:
        raise Unmeasurable(
            f"the {what} lasts {recording.duration_s / 60:.1f} min; metrics are defined on utterances, "
            f"cut it into pieces of at most {MAX_ITEM_S // 60} min"
        )


def as_mono(audio: Audio, what: str) -> Audio:
    """Check an array as ``read_audio`` checks a file, and make it float32 (samples,)."""
    samples = np.atleast_1d(np.asarray(audio.waveform))
    if samples.size == 0:
        raise Unmeasurable(f"the {what} is empty: it holds no samples")
    if samples.size != samples.shape[-1]:
        raise Unmeasurable(f"the {what} has the shape {samples.shape}; mono audio (samples,) is expected")
    if samples.dtype.kind != "f":
        raise Unmeasurable(f"the {what} holds {samples.dtype} samples; floats in [-1, 1] are expected")
    if audio.sample_rate <= 0:
        raise Unmeasurable(f"the {what} has a sample rate of {audio.sample_rate} Hz")
    finite = np.isfinite(samples.reshape(-1))
    if not finite.all():
        bad_s = int((~finite).argmax()) / audio.sample_rate
        raise Unmeasurable(f"the {what} holds NaN or infinity from {bad_s:.2f} s on")
    return Audio(samples.reshape(-1).astype(np.float32), audio.sample_rate)


def content_hash(source: Source | None) -> str:
    """SHA-256 of a file's bytes or of an array with its rate; empty where there is nothing."""
    if source is None:
        return ""
    if isinstance(source, Audio):
        samples = np.ascontiguousarray(source.waveform)
        header = f"{samples.dtype} {samples.shape} {source.sample_rate} Hz "
        return hashlib.sha256(header.encode() + samples.tobytes()).hexdigest()
    try:
        return sha256(source)
    except OSError:
        return ""  # reading it for a metric will say what is wrong
