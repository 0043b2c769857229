"""RUSLAN: 22,200 clips, more than 31 h, one male Russian reader (Gabdrakhmanov and others, arXiv:1906.11645).

Its licence is CC BY-NC-SA 4.0: models that learn from it, and what they say, are for non-commercial use under the same
licence. The folder holds ``RUSLAN/*.wav``, the authors' metadata, and the splits ``metadata_train.txt`` and
``metadata_val.txt``, ``id|text`` a line, which are written at the first use; put your own there to train by them.
"""

import shutil
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

from speechlab.config import CorpusConfig
from speechlab.data.archives import note, read_notes
from speechlab.data.corpora.base import TRAIN, VALIDATION, Corpus, Utterance, held_out
from speechlab.data.corpora.folder import first_sample_rate, read_metadata
from speechlab.download import extract, fetch
from speechlab.errors import SpeechlabError
from speechlab.files import write_atomically
from speechlab.paths import data_root

CLIPS = "RUSLAN"  # the folder of the clips, in the archive and beside the metadata
N_CLIPS = 22_200
PAGE = "https://ruslan-corpus.github.io/"
DRIVE = "https://drive.usercontent.google.com/download?export=download&confirm=t&id="  # t: large, and not scanned
FILES = {
    "RUSLAN.zip": (f"{DRIVE}1Y6vv--gcDx-S8DieSGaD7WnB86kZLgc_",),
    "metadata_RUSLAN_22200.csv": (f"{DRIVE}11TD_ZwIOo-Wo75GYv-OWWOS3ABmwmAdK",),
}
ARCHIVE, METADATA = FILES
SPLIT_FILES = {TRAIN: "metadata_train.txt", VALIDATION: "metadata_val.txt"}
LICENCE = "CC BY-NC-SA 4.0: models trained on it and what they say are non-commercial, under the same licence"
CITATION = (
    "L. Gabdrakhmanov, R. Garaev, E. Razinkov, RUSLAN: Russian Spoken Language Corpus for Speech Synthesis,"
    f" SPECOM 2019, arXiv:1906.11645, {PAGE}"
)


def load_ruslan(config: CorpusConfig) -> Corpus:
    """Load RUSLAN from ``config.path``, or from SPEECHLAB_DATA, where it is downloaded at the first use (7 GB).

    Raises:
        SpeechlabError: the download failed, clips are missing, or a split names a clip that is not there.
    """
    folder = Path(config.path) if config.path else data_root() / "RUSLAN"
    if not (folder / CLIPS).is_dir():
        download_clips(folder)
    found = {path.stem for path in (folder / CLIPS).glob("*.wav")}
    require_clips(len(found), folder)
    if not all((folder / name).is_file() for name in SPLIT_FILES.values()):
        write_splits(folder, config.n_validation)
    utterances = read_splits(folder)
    missing = [item.id for item in utterances if item.id not in found]
    if missing:
        raise SpeechlabError(
            f"{', '.join(SPLIT_FILES.values())} in {folder} name {len(missing)} clips that are not in {CLIPS}/, the"
            f" first being {missing[0]}; delete both files, and they are written anew"
        )
    return Corpus("ruslan", tuple(utterances), LICENCE, CITATION, first_sample_rate(utterances), config)


def download_clips(folder: Path) -> None:
    """Download the archive, unpack its clips as ``RUSLAN/``, and delete it."""
    archive = get_from_drive(ARCHIVE, folder)
    if not zipfile.is_zipfile(archive):
        archive.unlink()
        raise SpeechlabError(f"{archive.name} came damaged, or was replaced; run again to download it anew")
    shutil.rmtree(folder / "unpacked", ignore_errors=True)
    clips = sorted(extract(archive, folder / "unpacked", only="*.wav").rglob("*.wav"))
    if len(clips) == N_CLIPS:
        clips[0].parent.rename(folder / CLIPS)
        remember(archive)
    shutil.rmtree(folder / "unpacked", ignore_errors=True)
    archive.unlink()  # gigabytes that are not needed again, or not what they should be
    require_clips(len(clips), folder)


def get_from_drive(name: str, folder: Path) -> Path:
    """Download one of the files that the corpus's page links.

    Nobody has published their hashes: that of the first good download is kept in ``hashes.json``, and later ones are
    held to it.

    Raises:
        SpeechlabError: a web page came instead, as when the file's quota for the day is used up.
    """
    print(f"downloading {name} to {folder}", file=sys.stderr, flush=True)
    file = fetch(FILES[name], read_notes(folder).get(name), folder / name)
    with file.open("rb") as opened:
        beginning = opened.read(512).lstrip().lower()
    if beginning.startswith((b"<!doctype html", b"<html")):
        file.unlink()
        raise SpeechlabError(
            f"Google Drive gave a web page instead of {name}, as it does when the file was downloaded too often; run"
            f" again tomorrow, or get it with a browser from {PAGE} and put it at {file}"
        )
    return file


def remember(file: Path) -> None:
    """Record the hash of a downloaded file that was found good."""
    if file.name not in read_notes(file.parent):
        print(f"{file.name}: no published hash is known; recorded {note(file)}", file=sys.stderr)


def require_clips(found: int, folder: Path) -> None:
    """Raise unless all clips are there."""
    if found != N_CLIPS:
        raise SpeechlabError(
            f"{folder} holds {found:,} of {N_CLIPS:,} clips; delete {folder / CLIPS} and run again to download it anew,"
            f" or train on what is there: corpus.name=folder corpus.path={folder}"
        )


def write_splits(folder: Path, n_validation: int) -> None:
    """Split the authors' metadata by a hash of each id, and write the parts."""
    if not (folder / METADATA).is_file():
        get_from_drive(METADATA, folder)
    rows = read_metadata(folder / METADATA, text_column="2")  # no quoting: texts hold lone quotation marks
    if len(rows) != N_CLIPS:
        raise SpeechlabError(
            f"{folder / METADATA} has {len(rows):,} of {N_CLIPS:,} lines; delete it and run again to download it anew"
        )
    remember(folder / METADATA)
    validation = held_out((id for id, _ in rows), n_validation)
    for split, name in SPLIT_FILES.items():
        lines = [f"{id}|{text}\n" for id, text in rows if (id in validation) == (split == VALIDATION)]
        write_atomically(folder / name, "".join(lines).encode())


def read_splits(folder: Path) -> Sequence[Utterance]:
    """Read both splits, as one list in order of the ids.

    Raises:
        SpeechlabError: a clip is in both of them.
    """
    utterances: dict[str, Utterance] = {}
    for split, name in SPLIT_FILES.items():
        for id, text in read_metadata(folder / name, text_column="2"):
            if id in utterances:
                raise SpeechlabError(f"{id} is in both {' and '.join(SPLIT_FILES.values())} of {folder}")
            utterances[id] = Utterance(id, folder / CLIPS / f"{id}.wav", text, split=split)
    return [utterances[id] for id in sorted(utterances)]
