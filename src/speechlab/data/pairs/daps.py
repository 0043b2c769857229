"""DAPS (Mysore, IEEE Signal Processing Letters 2015): twenty speakers read five scripts in a studio, 44.1 kHz.

Its 100 clean recordings, minutes long each, are for FINALLY's third stage; the device versions are not unpacked.
"""

from pathlib import Path

from speechlab.audio.files import find_audio
from speechlab.config import PairsConfig
from speechlab.data.archives import Archive, get_archive, require_all
from speechlab.data.corpora.base import TRAIN, VALIDATION
from speechlab.data.pairs.base import Pair, PairSet
from speechlab.paths import data_root

ARCHIVE = Archive(
    "clean",
    ("https://zenodo.org/records/4660670/files/daps.tar.gz?download=1",),
    "303c130b7ce2e02b59c7ca5cd595a89c",
    only="*/clean/*.wav",
)
SPEAKERS = tuple(f"{sex}{number}" for sex in "fm" for number in range(1, 11))
NAMES = tuple(f"{speaker}_script{number}_clean" for speaker in SPEAKERS for number in range(1, 6))
HELD_OUT = ("f10", "m10")
REPEATS = 1000  # crops of each recording in an epoch, as in FINALLY's recipe
CITATION = (
    "G. J. Mysore, Can we automatically transform speech recorded on common consumer devices in real-world environments"
    " into professional production quality speech?, IEEE Signal Processing Letters 22(8), 2015"
)


def load_daps(config: PairsConfig) -> PairSet:
    """Load DAPS' clean part from ``config.path``, or from SPEECHLAB_DATA, where it is downloaded at first (21 GB).

    Raises:
        SpeechlabError: one of the 100 recordings is missing, or the download failed.
    """
    folder = Path(config.path) if config.path else data_root() / "DAPS"
    found = {path.stem: path for path in find_audio(get_archive(ARCHIVE, folder))}
    require_all(NAMES, found, "recordings", folder)
    speakers = {name: name.partition("_")[0] for name in NAMES}
    pairs = (
        Pair(name, found[name], None, speakers[name], VALIDATION if speakers[name] in HELD_OUT else TRAIN)
        for name in NAMES
    )
    return PairSet("augmented_daps", tuple(pairs), "CC BY-NC 4.0", CITATION, REPEATS)
