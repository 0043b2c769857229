"""Folders of recordings: what is in them, and a copy at one sample rate, as training expects it."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from speechlab.audio.decoders import read_header, require_file
from speechlab.audio.io import AUDIO_SUFFIXES, probe, read_audio, write_audio
from speechlab.audio.loudness import peak_db, rms_db
from speechlab.errors import SpeechlabError
from speechlab.files import remove_leftovers, require_space

if TYPE_CHECKING:
    import pandas as pd

N_THREADS = 2  # decoding and soxr release the interpreter's lock
SILENCE_DB = -60.0  # peaks below are called silence
SHORT_S = 0.1  # seconds; shorter clips hold no word
CLIPPED_SHARE = 1e-4  # of all samples at full scale, from which a clip is called clipped
FULL_SCALE = 32_767 / 32_768
LOOKED_AT = 50  # files by which the length of many is estimated
TYPICAL_RATE = 16_000  # bytes per second, of a file whose header does not say how long it is


def find_audio(folder: str | Path) -> list[Path]:
    """List the audio files of a folder and its sub-folders, by suffix, sorted; hidden ones are left out.

    Raises:
        SpeechlabError: there is no such folder, or no audio in it.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise SpeechlabError(f"there is no folder {folder}")
    inside = ((path, path.relative_to(folder).parts) for path in folder.rglob("*"))
    paths = [
        path
        for path, parts in inside
        if path.suffix.lower() in AUDIO_SUFFIXES and not any(part.startswith(".") for part in parts) and path.is_file()
    ]
    if not paths:
        raise SpeechlabError(f"{folder} holds no audio files ({', '.join(sorted(AUDIO_SUFFIXES))})")
    return sorted(paths)


def estimate_samples(files: Sequence[Path], sample_rate: int | None = None) -> float:
    """Estimate how many samples, of all channels, many recordings have, from the headers of some.

    Args:
        sample_rate: Hz, to which they are going to be resampled; ``None``: as they are.
    """
    looked_at = files[:: max(len(files) // LOOKED_AT, 1)]
    total = 0.0
    for file in looked_at:
        try:
            header = read_header(require_file(file))
        except SpeechlabError:
            continue  # whoever reads it will say what is wrong
        seconds = file.stat().st_size / TYPICAL_RATE if header.samples is None else header.samples / header.sample_rate
        total += seconds * header.channels * (sample_rate or header.sample_rate)
    return total * len(files) / max(len(looked_at), 1)


def check_folder(path: str | Path, sample_rate: int | None = None) -> "pd.DataFrame":
    """Read every recording of a folder and name what is wrong with it.

    Args:
        path: the folder; sub-folders are included.
        sample_rate: Hz that every file should have; ``None`` takes the most frequent rate.

    Returns:
        A row per file: file, sample_rate, channels, subtype, duration_s, peak_db, rms_db (of full scale), problems
        (a sentence, empty where all is well).
    """
    import pandas as pd

    folder = Path(path)
    table = pd.DataFrame(for_each(find_audio(folder), lambda file: describe(file, folder)))
    table = table.astype({"sample_rate": "Int64", "channels": "Int64"})  # whole numbers even where some are missing
    rates = table["sample_rate"].dropna()
    if sample_rate is None and len(rates):
        sample_rate = int(rates.mode()[0])
    differs = (table["sample_rate"] != sample_rate).fillna(False)
    for row in table.index[differs.astype(bool)]:
        found = table.loc[row, "problems"]
        other = f"{table.loc[row, 'sample_rate']} Hz instead of {sample_rate}"
        table.loc[row, "problems"] = f"{other}; {found}" if found else other
    return table


def describe(path: Path, folder: Path) -> dict[str, object]:
    """Fill one row of ``check_folder``, but for the comparison of sample rates."""
    row: dict[str, object] = {"file": path.relative_to(folder).as_posix()}
    row |= dict.fromkeys(("sample_rate", "channels", "subtype", "duration_s", "peak_db", "rms_db"))
    try:
        info = probe(path)
        row |= {"sample_rate": info.sample_rate, "channels": info.channels, "subtype": info.subtype}
        row["duration_s"] = info.duration_s
        waveform = read_audio(path).waveform
    except SpeechlabError as error:
        return row | {"problems": str(error)}
    peak = peak_db(waveform)
    row |= {"peak_db": peak, "rms_db": rms_db(waveform)}
    amplitude = np.abs(waveform)
    findings = {
        f"{info.channels} channels": info.channels != 1,
        "silent": peak < SILENCE_DB,
        f"shorter than {SHORT_S} s": info.duration_s < SHORT_S,
        "clipped": float(np.mean(amplitude >= FULL_SCALE)) > CLIPPED_SHARE,
        f"samples reach {float(amplitude.max()):.3g}, beyond 1": float(amplitude.max()) > 1,
    }
    return row | {"problems": "; ".join(text for text, found in findings.items() if found)}


def resample_folder(src: str | Path, dst: str | Path, sample_rate: int) -> "pd.DataFrame":
    """Copy a folder of recordings as mono 16-bit wav files at one sample rate, under the same names.

    What is there already at that rate and length is skipped, so a stopped run continues. One broken file never
    stops the rest. Where resampling overshoots full scale the recording is scaled down instead of clipped.

    Returns:
        A row per file: file, status (``written``, ``skipped`` or ``failed``), note.

    Raises:
        SpeechlabError: no audio in the source, the destination lies in it, two files would get one name, or the disk
            is full.
    """
    import pandas as pd

    source, destination = Path(src), Path(dst)
    if destination.resolve().is_relative_to(source.resolve()):
        raise SpeechlabError(f"{destination} lies in {source}; choose a folder outside, so that no original is touched")
    files = find_audio(source)
    for folder in {(destination / file.relative_to(source)).parent for file in files}:
        remove_leftovers(folder)  # of a run that was killed
    targets: dict[Path, Path] = {}
    for file in files:
        target = (destination / file.relative_to(source)).with_suffix(".wav")
        if target in targets:
            raise SpeechlabError(f"{targets[target]} and {file} would both become {target}; rename one")
        targets[target] = file
    missing = [file for target, file in targets.items() if not target.exists()]
    require_space(f"resampling {source}", destination, 2 * estimate_samples(missing, sample_rate))
    return pd.DataFrame(for_each(list(targets), lambda target: convert(targets[target], target, sample_rate, source)))


def convert(file: Path, target: Path, sample_rate: int, source: Path) -> dict[str, str]:
    """Resample one file unless that was done already; a row of ``resample_folder``."""
    row = {"file": file.relative_to(source).as_posix(), "status": "skipped", "note": ""}
    try:
        if is_done(file, target, sample_rate):
            return row
        audio = read_audio(file, sample_rate)
    except SpeechlabError as error:
        return row | {"status": "failed", "note": str(error)}
    peak = float(np.abs(audio.waveform).max())
    write_audio(target, audio.waveform, sample_rate)  # a full disk ends the run: the next files would not fit either
    return row | {"status": "written", "note": f"scaled by {1 / peak:.4f} to fit 16 bits" if peak > 1 else ""}


def is_done(file: Path, target: Path, sample_rate: int) -> bool:
    """Tell whether the target is a newer, complete copy of the file in the wanted format."""
    if not target.is_file() or target.stat().st_mtime < file.stat().st_mtime:
        return False
    try:
        have, original = probe(target), probe(file)
    except SpeechlabError:
        return False
    same_length = abs(have.duration_s - original.duration_s) < 0.1  # headers of lossy formats are not exact
    return same_length and (have.sample_rate, have.channels, have.subtype) == (sample_rate, 1, "PCM_16")


def for_each(items: list, work: Callable) -> list:
    """Run one function over many files with a progress bar; results in order."""
    from tqdm import tqdm

    with ThreadPoolExecutor(N_THREADS) as pool:
        return list(tqdm(pool.map(work, items), total=len(items), unit="file", leave=False, disable=None))
