"""VCTK: 109 English speakers, about 400 sentences each, 44 h, 48 kHz; clean speech for bandwidth extension.

Split as HiFi++ does (arXiv:2203.13086; VCTK_split of SamsungLabs/hifi_plusplus), whose lists are those of version 0.80:
sentences 001 to 008 of six speakers for validation, sentences from 009 on of the others for training, so that the two
share neither speakers nor sentences; the test list names four files of the validation list. Here p232 and p257 are left
out of training too: they are the speakers of VoiceBank-DEMAND's test set, which their lists would give away.
"""

import re
from dataclasses import replace
from pathlib import Path

from speechlab.audio.files import find_audio
from speechlab.config import PairsConfig
from speechlab.data.archives import Archive, get_archive, require_all
from speechlab.data.corpora.base import TEST, TRAIN, VALIDATION
from speechlab.data.pairs.base import Pair, PairSet, in_hash_order
from speechlab.errors import SpeechlabError
from speechlab.paths import data_root

ARCHIVE = Archive(
    "wav48_silence_trimmed",
    (
        "https://datashare.ed.ac.uk/bitstream/handle/10283/3443/VCTK-Corpus-0.92.zip",
        "https://datashare.is.ed.ac.uk/bitstream/handle/10283/3443/VCTK-Corpus-0.92.zip",
    ),
    "f96258be9fdc2cbff6559541aae7ea4f59df3fcaf5cf963aae5ca647357e359c",  # as torchaudio has it; 11,747,302,977 bytes
    only="*_mic1.flac",  # the microphone of version 0.80; p280 and p315 have no other
)
CITATION = (
    "J. Yamagishi, C. Veaux, K. MacDonald, CSTR VCTK Corpus, University of Edinburgh, https://doi.org/10.7488/ds/2645"
)
LICENCE = "CC BY 4.0 (version 0.92), ODC-By 1.0 (version 0.80)"

NUMBERS = (
    *range(225, 235), *range(236, 242), *range(243, 289), *range(292, 296), *range(297, 309), *range(310, 319), 323,
    326, 329, 330, *range(333, 337), *range(339, 342), 343, 345, 347, 351, *range(360, 365), 374, 376,
)  # fmt: skip
HELD_OUT = ("p361", "p362", "p363", "p364", "p374", "p376")
UNUSED = ("p315", "p232", "p257")  # the first is in no list of HiFi++, since it has no transcripts
SPEAKERS = tuple(f"p{number}" for number in NUMBERS if f"p{number}" not in UNUSED)
SHARED_SENTENCES = 8  # the first so many are kept out of training, whoever reads them
TEST_LIST = ("p362_001", "p362_007", "p376_002", "p376_007")


def load_vctk(config: PairsConfig) -> PairSet:
    """Load VCTK from ``config.path``, or from SPEECHLAB_DATA, where it is downloaded at the first use (11.7 GB).

    Either version's layout is understood. Nothing is degraded yet: ``degradation.band_hz`` limits the band.

    Raises:
        SpeechlabError: a speaker is missing, or the download failed.
    """
    folder = Path(config.path) if config.path else data_root() / "VCTK"
    found = find_sentences(folder)
    if not found:
        get_archive(ARCHIVE, folder)
        found = find_sentences(folder)
    require_all(SPEAKERS, {name.partition("_")[0] for name in found}, "speakers", folder)
    pairs = [Pair(name, path, None, name.partition("_")[0], split_of(name)) for name, path in found.items()]
    pairs = in_hash_order(pair for pair in pairs if pair.split)
    tests = [replace(pair, split=TEST) for pair in pairs if pair.id in TEST_LIST]
    return PairSet("vctk", (*pairs, *tests), LICENCE, CITATION)


def find_sentences(folder: Path) -> dict[str, Path]:
    """Map names of version 0.80 (p225_001) to files of either version, by name."""
    try:
        paths = find_audio(folder)
    except SpeechlabError:  # nothing there yet
        return {}
    names = ((re.fullmatch(r"(p\d+_\d+)(_mic1)?", path.stem), path) for path in paths)
    return {name[1]: path for name, path in names if name}


def split_of(name: str) -> str:
    """Give the split of a sentence such as p225_001; empty where it is in none."""
    speaker, _, number = name.partition("_")
    is_shared = int(number) <= SHARED_SENTENCES
    if speaker in HELD_OUT:
        return VALIDATION if is_shared else ""
    return "" if is_shared or speaker not in SPEAKERS else TRAIN
