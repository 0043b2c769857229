"""VoiceBank-DEMAND (Valentini-Botinhao and others, SSW 2016): noisy and clean speech in pairs, 48 kHz.

The 28-speaker version: 11,572 pairs to train on, of which two speakers are kept for validation, and 824 pairs of two
other speakers, in other noises, for the test. ``vctk-demand`` is that test set alone, as FINALLY's recipe uses it.
"""

from dataclasses import replace
from pathlib import Path

from speechlab.audio.files import find_audio
from speechlab.config import PairsConfig
from speechlab.data.archives import Archive, get_archive, require_all, require_count
from speechlab.data.corpora.base import TEST, TRAIN, VALIDATION
from speechlab.data.pairs.base import Pair, PairSet, in_hash_order
from speechlab.paths import data_root

SITE = "https://datashare.ed.ac.uk"
ARCHIVES = {
    name: Archive(
        name,
        (f"{SITE}/bitstream/handle/10283/2791/{name}.zip", f"{SITE}/bitstreams/{place}/download"),
        md5,  # as the archive's page has it
        only="*.wav",
    )
    for name, place, md5 in (
        ("clean_trainset_28spk_wav", "245452b6-6235-44b6-a6f9-e7eb19797769", "d2d5a45ec32f8fcbf201bde0447e20ba"),
        ("noisy_trainset_28spk_wav", "ecb5a102-bb00-46d3-8af5-40c79823b837", "1fca9e8bafb8cd069f6653c6d92f9e9c"),
        ("clean_testset_wav", "dec213d3-bf57-4777-9663-c24bdce92d5e", "34eb1c0ba7ef667e9b966866c542fc16"),
        ("noisy_testset_wav", "13c1bfbf-14a6-41db-9b41-8f7310f01ad5", "fb1b86caa31e8ba5b506c0c64da9aab5"),
    )
}
N_PAIRS = {"trainset_28spk": 11_572, "testset": 824}
HELD_OUT = ("p226", "p287")  # of the training set: the usual choice, a man and a woman, 770 pairs
LICENCE = "CC BY 4.0"
CITATION = (
    "C. Valentini-Botinhao, Noisy speech database for training speech enhancement algorithms and TTS models,"
    " University of Edinburgh, 2017, https://doi.org/10.7488/ds/2117"
)


def load_voicebank(config: PairsConfig) -> PairSet:
    """Load all pairs from ``config.path``, or from SPEECHLAB_DATA, where they are downloaded at first (5.6 GB).

    Raises:
        SpeechlabError: a file is missing or has no counterpart, or the download failed.
    """
    training = in_hash_order(
        replace(pair, split=VALIDATION) if pair.speaker in HELD_OUT else pair
        for pair in pairs_of("trainset_28spk", TRAIN, config)
    )
    return PairSet("voicebank", (*training, *pairs_of("testset", TEST, config)), LICENCE, CITATION)


def load_vctk_demand(config: PairsConfig) -> PairSet:
    """Load the test set alone (0.3 GB), to measure by; as validation it has the same pairs, in another order."""
    tests = pairs_of("testset", TEST, config)
    validation = in_hash_order(replace(pair, split=VALIDATION) for pair in tests)
    return PairSet("vctk-demand", (*tests, *validation), LICENCE, CITATION)


def pairs_of(part: str, split: str, config: PairsConfig) -> list[Pair]:
    """Pair the recordings of one part by their names, in the order of these."""
    folder = Path(config.path) if config.path else data_root() / "VoiceBank-DEMAND"
    sides = []
    for kind in ("clean", "noisy"):
        unpacked = get_archive(ARCHIVES[f"{kind}_{part}_wav"], folder)
        sides.append({path.stem: path for path in find_audio(unpacked)})
        require_count(N_PAIRS[part], len(sides[-1]), f"recordings of {unpacked.name}", folder)
    clean, noisy = sides
    require_all(clean, noisy, f"noisy counterparts of {part}", folder)
    return [Pair(name, clean[name], noisy[name], name.partition("_")[0], split) for name in sorted(clean)]
