"""Any folder of recordings: LJ Speech's layout (metadata.csv), or a text file beside each recording.

LJ layout: ``metadata.csv`` with ``id|text`` or ``id|raw text|normalised text`` a line, UTF-8, no header, no quoting;
audio in ``wavs/`` or in the folder itself. Pairs: ``name.wav`` with ``name.txt`` (or ``name.lab``), at any depth; the
name of a sub-folder is the speaker. A recording without a transcript is kept: a vocoder needs none.
"""

from pathlib import Path

from speechlab.audio.io import AUDIO_SUFFIXES, probe
from speechlab.config import CorpusConfig
from speechlab.data.corpora.base import Corpus, Utterance, corpora, with_validation
from speechlab.errors import SpeechlabError

PREFERRED = (".wav", ".flac")  # where one name has several files, these are taken before lossy ones


def read_metadata(path: Path) -> list[tuple[str, str]]:
    """Read ``(id, text)`` of every line of an LJ Speech ``metadata.csv``; the last column is the text.

    Raises:
        SpeechlabError: not UTF-8, a line without ``|``, or an id given twice; the message has the line's number.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise SpeechlabError(f"{path} is not UTF-8 (byte {error.start}); save it as UTF-8") from None
    rows: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        columns = line.split("|")  # never the csv module: transcripts contain lone quotes
        id = Path(columns[0].strip()).name.removesuffix(".wav")
        if len(columns) < 2 or not id:
            raise SpeechlabError(f"{path}, line {number}: expected 'id|text' or 'id|raw|normalised', got {line[:60]!r}")
        if id in rows:
            raise SpeechlabError(f"{path}, line {number}: the id {id!r} appears a second time; every id must be unique")
        rows[id] = columns[-1].strip()
    return list(rows.items())


def find_audio(folder: Path, recursive: bool) -> dict[str, Path]:
    """Map each recording's name without suffix, relative to the folder, to its path; sorted by name."""
    paths = folder.rglob("*") if recursive else folder.glob("*")
    found = [path for path in paths if path.suffix.lower() in AUDIO_SUFFIXES and not path.name.startswith(".")]
    rank = {suffix: order for order, suffix in enumerate(PREFERRED)}
    audio: dict[str, Path] = {}
    for path in sorted(found, key=lambda path: (rank.get(path.suffix.lower(), len(rank)), path.as_posix())):
        audio.setdefault(path.relative_to(folder).with_suffix("").as_posix(), path)
    return dict(sorted(audio.items()))


def from_metadata(folder: Path) -> list[Utterance]:
    """Utterances of a folder in LJ layout, in the order of its ``metadata.csv``."""
    audio_folder = folder / "wavs" if (folder / "wavs").is_dir() else folder
    audio = find_audio(audio_folder, recursive=False)
    rows = read_metadata(folder / "metadata.csv")
    # a missing file stays in the list under its expected name: feature extraction reports it with all other bad ones
    return [Utterance(id, audio.get(id, audio_folder / f"{id}.wav"), text) for id, text in rows]


def from_pairs(folder: Path) -> list[Utterance]:
    """Utterances of a folder of recordings with a .txt or .lab file beside each, in order of their names."""
    audio_folder = folder / "wavs" if (folder / "wavs").is_dir() else folder
    utterances = []
    for name, path in find_audio(audio_folder, recursive=True).items():
        transcripts = [path.with_suffix(suffix) for suffix in (".txt", ".lab")]
        text = next((item.read_text(encoding="utf-8-sig").strip() for item in transcripts if item.is_file()), "")
        speaker = name.split("/")[0] if "/" in name else ""
        utterances.append(Utterance(name.replace("/", "-"), path, " ".join(text.split()), speaker))
    return utterances


@corpora.register("folder")
def load_folder(config: CorpusConfig) -> Corpus:
    """Load any folder in LJ layout or of recordings with text files; ``config.path`` says where it is."""
    if not config.path:
        raise SpeechlabError(
            "the corpus 'folder' needs corpus.path=FOLDER: a metadata.csv with wavs/, or wav + txt files"
        )
    folder = Path(config.path)
    if not folder.is_dir():
        raise SpeechlabError(
            f"corpus.path={folder} is not a folder; give one with metadata.csv and wavs/, or wav + txt files"
        )
    utterances = from_metadata(folder) if (folder / "metadata.csv").is_file() else from_pairs(folder)
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
