"""LibriTTS-R (Koizumi and others, arXiv:2305.18802): books read aloud and restored by a network, 24 kHz.

Clean speech for FINALLY's first two stages, degraded in training. Speakers of the parts differ.
"""

from pathlib import Path

from speechlab.audio.files import find_audio
from speechlab.config import PairsConfig
from speechlab.data.archives import Archive, get_archive, require_count
from speechlab.data.corpora.base import TRAIN, VALIDATION
from speechlab.data.pairs.base import Pair, PairSet, in_hash_order
from speechlab.paths import data_root

SITES = ("https://www.openslr.org", "https://us.openslr.org", "https://openslr.elda.org")
ARCHIVES = {
    name: Archive(
        name, tuple(f"{site}/resources/141/{name.replace('-', '_')}.tar.gz" for site in SITES), md5, only="*.wav"
    )
    for name, md5 in (
        ("train-clean-100", "6df668d8f5f33e70876bfa33862ad02b"),
        ("train-clean-360", "382eb3e64394b3da6a559f864339b22c"),
        ("test-clean", "4d373d453eb96c0691e598061bbafab7"),
    )
}
N_SPEAKERS = {"train-clean-100": 247, "train-clean-360": 904, "test-clean": 39}
LARGER = "train-clean-360"  # used where it is there
CITATION = "Y. Koizumi and others, LibriTTS-R: A Restored Multi-Speaker Text-to-Speech Corpus, Interspeech 2023"


def load_libritts_r(config: PairsConfig) -> PairSet:
    """Load LibriTTS-R from ``config.path``, or from SPEECHLAB_DATA, where it is downloaded at first (9.6 GB).

    Training takes train-clean-100 and, where it lies beside it (``speechlab corpus get libritts-r-360``, 28 GB more),
    train-clean-360; validation takes test-clean, as FINALLY's recipe does.

    Raises:
        SpeechlabError: a speaker is missing, or the download failed.
    """
    folder = folder_of(config.path)
    parts = ["train-clean-100", *([LARGER] if (folder / LARGER).is_dir() else []), "test-clean"]
    pairs = [pair for part in parts for pair in pairs_of(part, folder)]
    return PairSet("augmented_libritts-r", tuple(in_hash_order(pairs)), "CC BY 4.0", CITATION)


def folder_of(path: str = "") -> Path:
    """Folder of the parts."""
    return Path(path) if path else data_root() / "LibriTTS_R"


def pairs_of(part: str, folder: Path) -> list[Pair]:
    """Clean recordings of one part; their names begin with the speaker's number."""
    paths = find_audio(get_archive(ARCHIVES[part], folder))
    split = VALIDATION if part == "test-clean" else TRAIN
    pairs = [Pair(path.stem, path, None, path.stem.partition("_")[0], split) for path in paths]
    require_count(N_SPEAKERS[part], len({pair.speaker for pair in pairs}), f"speakers of {part}", folder)
    return pairs
