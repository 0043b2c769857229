"""Datasets that degrade nothing: speech for mel inversion, and recordings to be enhanced."""

from dataclasses import replace
from pathlib import Path

from speechlab.audio.files import find_audio
from speechlab.config import PairsConfig
from speechlab.data.corpora.base import TEST
from speechlab.data.pairs.base import Pair, PairSet
from speechlab.data.pairs.folders import load_folders
from speechlab.data.pairs.vctk import load_vctk
from speechlab.errors import SpeechlabError


def load_mel_dataset(config: PairsConfig) -> PairSet:
    """Pair clean speech with itself, for a vocoder such as ``hifi++_gen``: of ``config.clean``, else of VCTK."""
    clean = load_folders(replace(config, noisy="")) if config.clean else load_vctk(config)
    return replace(clean, pairs=tuple(replace(pair, noisy=pair.clean) for pair in clean.pairs))


def load_finally_dataset(config: PairsConfig) -> PairSet:
    """Take recordings to enhance: all of a folder, at any depth, or those that a text file lists, one a line.

    There is no clean one; the recording itself stands in its place. Listed paths count from the list's folder.

    Raises:
        SpeechlabError: no path was given, nothing is there, or a listed file is missing.
    """
    if not config.path:
        raise SpeechlabError("the dataset 'finally_dataset' needs data.path=FOLDER of recordings, or a list of files")
    path = Path(config.path)
    root = path.parent if path.is_file() else path
    files = listed(path) if path.is_file() else find_audio(path)
    pairs = (Pair(name_of(file, root), file, file, split=TEST) for file in files)
    return PairSet(path.stem, tuple(pairs), "unknown", "")


def listed(path: Path) -> list[Path]:
    """Read a list of recordings."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise SpeechlabError(f"{path} is not a list of files; give a text file, or a folder of recordings") from None
    files = [path.parent / line.strip() for line in lines if line.strip()]
    missing = [file for file in files if not file.is_file()]
    if missing or not files:
        raise SpeechlabError(f"{path} lists {len(files)} files, of which {len(missing)} are missing: {missing[:3]}")
    return files


def name_of(file: Path, root: Path) -> str:
    """Name a recording by its path within a folder, where it lies in it."""
    inside = file.relative_to(root) if file.is_relative_to(root) else file
    return inside.with_suffix("").as_posix()
