"""Any folder of recordings: a metadata file (``metadata.csv`` as LJ Speech's), or a text file beside each recording.

Metadata: ``id|text``, ``id|raw text|normalised text`` and what ``metadata.py`` tells more; recordings at any depth,
usually in ``wavs/``. Pairs: ``name.wav`` with ``name.txt`` (or ``name.lab``), at any depth; the name of a sub-folder is
the speaker. A recording without a transcript is kept: a vocoder needs none.
"""

import warnings
from collections import Counter
from pathlib import Path

from speechlab.audio.io import AUDIO_SUFFIXES, probe
from speechlab.config import CorpusConfig
from speechlab.data.corpora.base import Corpus, Utterance, with_validation
from speechlab.data.corpora.metadata import read_metadata, read_rows, require_unique, split_lines, stem_of
from speechlab.data.corpora.recordings import Recordings, files_below, plain
from speechlab.encodings import read_text, read_texts
from speechlab.errors import SpeechlabError

__all__ = ["describe_licence", "first_sample_rate", "from_metadata", "from_pairs", "load_folder", "read_metadata"]

METADATA = "metadata.csv"
TABLES = (".csv", ".tsv", ".txt", ".list", ".lst", ".psv")  # what metadata files are called
TRANSCRIPTS = (".txt", ".lab")
MAX_TABLE = 200_000_000  # bytes: a file that is larger is no metadata


def find_metadata(folder: Path, recordings: Recordings) -> Path | None:
    """Find the file that names the recordings: ``metadata.csv``, or the only one whose lines do.

    Raises:
        SpeechlabError: several files name recordings.
    """
    if not folder.is_dir():
        return None
    tables = [path for path in sorted(folder.iterdir()) if path.suffix.lower() in TABLES and path.is_file()]
    if usual := [path for path in tables if path.name.lower() == METADATA]:
        return usual[0]
    beside = {plain(Path(name).name) for name in recordings.paths}
    tables = [path for path in tables if plain(path.stem) not in beside and names_recordings(path, recordings)]
    if named := [path for path in tables if path.stem.lower() == "metadata"]:
        tables = named
    if len(tables) > 1:
        names = ", ".join(path.name for path in tables)
        raise SpeechlabError(f"{folder} has {len(tables)} files that name recordings ({names}); call one {METADATA}")
    return tables[0] if tables else None


def names_recordings(path: Path, recordings: Recordings) -> bool:
    """Tell whether most lines of a file name a recording and say something about it."""
    if path.stat().st_size > MAX_TABLE:
        return False
    try:
        text, _ = read_text(path)
    except (SpeechlabError, OSError):
        return False
    lines = [line for line in split_lines(text, recordings.__contains__) if len(line.cells) > 1]
    named = sum(any(cell in recordings for cell in line.cells) for line in lines)
    return named > 0 and named >= len(lines) / 2


def from_metadata(
    folder: Path, path: Path | None = None, text_column: str = "", recordings: Recordings | None = None
) -> list[Utterance]:
    """Utterances of a folder with a metadata file, in the order of its lines.

    Args:
        path: the file; none takes ``metadata.csv``.
        recordings: of the folder, where they are known already.
    """
    recordings, path = recordings or Recordings(folder), path or folder / METADATA
    rows = read_rows(path, recordings.__contains__, text_column)
    names = [recordings.find(row.audio) for row in rows]
    stems = [stem_of(row.audio) for row in rows]
    # speakers whose clips have the same numbers: the folder tells them apart
    if max(Counter(stem for stem, _ in set(zip(stems, names, strict=True))).values()) > 1:
        stems = [name.replace("/", "-") if name else stem for name, stem in zip(names, stems, strict=True)]
    require_unique(stems, rows, path)
    # a missing file stays in the list under its expected name: feature extraction reports it with all other bad ones
    expected = folder / "wavs" if (folder / "wavs").is_dir() else folder
    return [
        Utterance(id, recordings.paths[name] if name else expected / f"{id}.wav", row.text, row.speaker)
        for id, name, row in zip(stems, names, rows, strict=True)
    ]


def from_pairs(folder: Path) -> list[Utterance]:
    """Utterances of a folder of recordings with a .txt or .lab file beside each, in order of their names."""
    folder = folder / "wavs" if (folder / "wavs").is_dir() else folder
    recordings, files = Recordings(folder), {}
    for path in files_below(folder):
        if path.suffix.lower() in TRANSCRIPTS:
            files.setdefault((plain(path.relative_to(folder).with_suffix("").as_posix()), path.suffix.lower()), path)
    beside = {
        name: next((files[plain(name), suffix] for suffix in TRANSCRIPTS if (plain(name), suffix) in files), None)
        for name in recordings.paths
    }
    texts, encoding, unreadable = read_texts(path for path in beside.values() if path)
    tell_about(texts, encoding, unreadable)
    utterances = []
    for name, path in recordings.paths.items():
        text = " ".join(texts.get(beside[name], "").split())
        utterances.append(Utterance(name.replace("/", "-"), path, text, name.split("/")[0] if "/" in name else ""))
    twice = [id for id, count in Counter(item.id for item in utterances).items() if count > 1]
    if twice:
        raise SpeechlabError(f"two recordings of {folder} would both be called {twice[0]!r}; rename one of them")
    return utterances


def tell_about(texts: dict[Path, str], encoding: str, unreadable: list[Path]) -> None:
    """Say which transcripts are not UTF-8.

    Raises:
        SpeechlabError: not one can be read.
    """
    if encoding:
        warnings.warn(f"some transcripts are not UTF-8; they were read as {encoding}", stacklevel=3)
    if unreadable and not texts:
        raise SpeechlabError(
            f"none of {len(unreadable)} transcripts can be read, the first being {unreadable[0]}: neither UTF-8 nor"
            " anything unmistakable; save them as UTF-8"
        )
    if unreadable:
        warnings.warn(
            f"{len(unreadable)} of {len(unreadable) + len(texts)} transcripts cannot be read and are left out, the"
            f" first being {unreadable[0]}; save them as UTF-8",
            stacklevel=3,
        )


def load_folder(config: CorpusConfig) -> Corpus:
    """Load any folder with a metadata file or of recordings with text files; ``config.path`` says where it is."""
    if not config.path:
        raise SpeechlabError(
            "the corpus 'folder' needs corpus.path=FOLDER: a metadata.csv with wavs/, or wav + txt files"
        )
    folder = Path(config.path)
    if not folder.is_dir():
        raise SpeechlabError(
            f"corpus.path={folder} is not a folder; give one with metadata.csv and wavs/, or wav + txt files"
        )
    recordings = Recordings(folder)
    metadata = find_metadata(folder, recordings)
    utterances = from_metadata(folder, metadata, config.text_column, recordings) if metadata else from_pairs(folder)
    if not utterances:
        raise SpeechlabError(f"{folder} has no metadata.csv and no recordings ({', '.join(sorted(AUDIO_SUFFIXES))})")
    return Corpus(
        name=folder.resolve().name,
        utterances=with_validation(utterances, config.n_validation),
        licence=describe_licence(folder),
        citation="",
        sample_rate=first_sample_rate(utterances),
        config=config,
    )


def describe_licence(folder: Path) -> str:
    """Say which licence files lie in the folder: the words are for the reader of a model card."""
    names = sorted(path.name for path in folder.glob("LICEN[CS]E*"))
    return f"see {', '.join(names)} of the corpus" if names else "unknown"


def first_sample_rate(utterances: list[Utterance]) -> int:
    """Sample rate in Hz of the first recording that can be read."""
    for utterance in utterances:
        try:
            return probe(utterance.audio_path).sample_rate
        except SpeechlabError:
            continue  # feature extraction will list it
    raise SpeechlabError(
        f"none of {len(utterances)} recordings can be read, the first being {utterances[0].audio_path}"
    )
