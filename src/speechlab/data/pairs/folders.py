"""One's own recordings: folders of clean speech and, if there are any, of the same recordings degraded."""

from collections.abc import Sequence
from pathlib import Path

from speechlab.audio.files import find_audio
from speechlab.config import PairsConfig
from speechlab.data.corpora.folder import describe_licence
from speechlab.data.pairs.base import Pair, PairSet, keep_out
from speechlab.errors import SpeechlabError


def load_folders(config: PairsConfig) -> PairSet:
    """Take the recordings of ``config.clean``; a sub-folder's name is the speaker, a given folder is none.

    With ``config.noisy`` each recording is paired with that of the same name there; those without one are left out.

    Raises:
        SpeechlabError: no folder was given, or one twice, or it has no audio, no name appears in both, or several
            folders of clean recordings were given for one of noisy ones.
    """
    if not config.clean:
        raise SpeechlabError("the dataset 'folders' needs data.clean=[FOLDER]: recordings of clean speech")
    if config.noisy and len(config.clean) > 1:
        raise SpeechlabError(f"data.noisy belongs to one folder of clean recordings, got {len(config.clean)}")
    names = labels(config.clean)
    several = len(names) > 1
    pairs = [
        pair
        for folder, name in zip(config.clean, names, strict=True)
        for pair in pairs_of(Path(folder), config.noisy, f"{name}/" if several else "")
    ]
    if not pairs:
        raise SpeechlabError(f"no recording of {config.clean[0]} has a counterpart of the same name in {config.noisy}")
    licences = dict.fromkeys(describe_licence(Path(folder)) for folder in config.clean)
    return PairSet(", ".join(names), keep_out(pairs, config.n_validation), "; ".join(licences), "")


def pairs_of(clean: Path, noisy: str, prefix: str) -> list[Pair]:
    """Pair the recordings of one folder of clean speech; the prefix tells its ids and speakers from other folders'."""
    degraded = by_name(Path(noisy)) if noisy else {}
    return [
        Pair(f"{prefix}{name}", path, degraded.get(name), f"{prefix}{name.rpartition('/')[0]}" if "/" in name else "")
        for name, path in by_name(clean).items()
        if not noisy or name in degraded
    ]


def labels(folders: Sequence[str]) -> list[str]:
    """Name folders by their last part, or by two where one is not enough: ``wavs`` is the name of many.

    Raises:
        SpeechlabError: two of them cannot be told apart by that.
    """
    for n_parts in (1, 2):
        names = ["/".join(Path(folder).resolve().parts[-n_parts:]) for folder in folders]
        if len(set(names)) == len(names):
            return names
    again = next(name for name in names if names.count(name) > 1)
    raise SpeechlabError(f"data.clean has two folders called {again}; their recordings could not be told apart")


def by_name(folder: Path) -> dict[str, Path]:
    """Map each recording's path within the folder, without suffix, to its path."""
    return {path.relative_to(folder).with_suffix("").as_posix(): path for path in find_audio(folder)}
