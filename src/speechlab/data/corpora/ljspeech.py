"""LJ Speech 1.1: 13,100 clips, about 24 h, one female reader, 22,050 Hz, public domain.

Split by chapter as in FastSpeech 2 (arXiv:2006.04558): LJ003 for validation, LJ001 and LJ002 for the test, so that
acoustic model, aligner and vocoder share their test clips. It gives 12,229 / 348 / 523 (the paper: 12,228 / 349 / 523).
"""

from dataclasses import replace
from pathlib import Path

from speechlab.config import CorpusConfig
from speechlab.data.corpora.base import TEST, TRAIN, VALIDATION, Corpus
from speechlab.data.corpora.folder import from_metadata
from speechlab.download import extract, fetch
from speechlab.paths import data_root

NAME = "LJSpeech-1.1"
SHA256 = "be1a30453f28eb8dd26af4101ae40cbf2c50413b1bb21936cbcdc6fae3de8aa5"  # of the archive, 2,748,572,632 bytes
URLS = (
    "https://data.keithito.com/data/speech/LJSpeech-1.1.tar.bz2",
    "http://data.keithito.com/data/speech/LJSpeech-1.1.tar.bz2",  # for networks that break TLS; the hash protects
    "https://web.archive.org/web/2020id_/https://data.keithito.com/data/speech/LJSpeech-1.1.tar.bz2",
)
CITATION = "Keith Ito and Linda Johnson, The LJ Speech Dataset, 2017, https://keithito.com/LJ-Speech-Dataset/"
CHAPTERS = {"LJ003": VALIDATION, "LJ001": TEST, "LJ002": TEST}


def load_ljspeech(config: CorpusConfig) -> Corpus:
    """Load LJ Speech from ``config.path``, or from SPEECHLAB_DATA, where it is downloaded at the first use (2.7 GB)."""
    folder = Path(config.path) if config.path else data_root() / NAME
    if not (folder / "metadata.csv").is_file():
        download_ljspeech(folder)
    utterances = tuple(
        replace(item, split=CHAPTERS.get(item.id[:5], TRAIN)) for item in from_metadata(folder, text_column="3")
    )
    return Corpus("ljspeech", utterances, "public domain", CITATION, 22_050, config)


def download_ljspeech(folder: Path) -> None:
    """Download the archive beside the folder, check it, and unpack its one folder as ``folder``."""
    archive = fetch(URLS, SHA256, folder.parent / f"{NAME}.tar.bz2")
    unpacked = extract(archive, folder.with_name(f"{folder.name}.unpacked"))
    (unpacked / NAME).rename(folder)
    unpacked.rmdir()
    archive.unlink()  # 2.7 GB that are not needed again
