"""Noises, rooms and microphones for ``degradation.noises``, ``rooms`` and ``microphones``, as in FINALLY's recipe.

An experiment names them, or folders of one's own; ``speechlab corpus get dns-noise`` and so on fetch each of them.
"""

import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

from speechlab.audio.io import probe
from speechlab.config import DEGRADERS, DegradationConfig
from speechlab.data.archives import Archive, get_archive, note, read_notes
from speechlab.data.pairs import libritts_r
from speechlab.download import fetch
from speechlab.errors import SpeechlabError
from speechlab.paths import data_root
from speechlab.registry import Registry

sources = Registry("source of degradations")
"""Functions ``() -> Path`` that give a folder of recordings, downloading it where that has not been done."""

DNS = "https://dnschallengepublic.blob.core.windows.net/dns5archive/V5_training_dataset"
NOISES = ("audioset_000", "audioset_001", "freesound_000", "freesound_001")
ROOMS = Archive(
    "impulse_responses",
    (f"{DNS}/datasets_fullband.impulse_responses_000.tar.bz2",),
    None,
    only="*/SLR26/*.wav",  # simulated rooms at 48 kHz
)
MICROPHONES = "http://xaudia.com/MicIRP/IR"
MICROPHONE_NAMES = (
    "IR_AKGD12", "IR_AKG_FaultyD12", "Altec_639", "Altec_670A", "Altec_670B", "American_R331", "Amperite_RA",
    "IR_Astatic77", "B&O_BM2", "B&O_BM6", "Beomic_1000", "BBCmarconi_B", "IR_BeyerM500Stock", "Beyer_M360",
    "Beyer_M260", "Coles_4038", "IR_Crystal", "Doremi_", "EV_RE20_Flat", "EV_RE20_HPF", "EMI_ribbon",
    "FilmIndustries_M8", "IR_FosterDynamicDF1", "IR_Meazzi", "IR_GaumontKalee", "GEC_bigdynamic", "GEC_2373",
    "Grampian_GR2", "IR_Lomo52A5M", "IR_MelodiumRM6", "Melodium_Model12", "Melodium_42B_1", "IR_OktavaMD57",
    "IR_OktavaML16", "IR_OktavaMK18Silver", "IR_OktavaMK18_Overload", "Oktava_ML19", "RCA_KU3a_1", "IR_RCAKU3a",
    "RCA_PB90", "RCA_74B", "RCA_77DX_1", "RCA_77DX_2", "RCA_44BX_1", "RCA_44BX_2", "RCA_varacoustic_fig8",
    "IR_ResloDynamic", "IR_ResloURA", "IR_ResloCR600", "Reslo_RB250", "Reslo_RB_RedLabel", "Reslo_SR1",
    "Reslo_RV", "Reslo_VMC2", "IR_Shure510C", "Shure315_flat", "Shure315_HPF", "Sony_C37Fet", "IR_STC4035",
    "IR_STC4033_Cardioid", "IR_STC4033_Ribbon", "IR_STC4033_Pressure", "Telefunken_M201", "Toshiba_TypeG",
    "Toshiba_BK5", "Toshiba_TypeK_flat", "Toshiba_TypeK_HPF",
)  # fmt: skip
MOST_MISSING = 3  # microphones that may be gone from the site
SUBSTITUTES = ("simulated", "left out")  # for want of recordings


@sources.register("dns-noise")
def get_dns_noise() -> Path:
    """Noises of the fifth Deep Noise Suppression challenge, 48 kHz: a part of AudioSet and all of Freesound (18 GB)."""
    folder = data_root() / "dns-noise"
    for name in NOISES:
        url = f"{DNS}/noise_fullband/datasets_fullband.noise_fullband.{name}.tar.bz2"
        get_archive(Archive(name, (url,), None, only="*.wav"), folder)
    return folder


@sources.register("dns-rooms")
def get_dns_rooms() -> Path:
    """Simulated room impulse responses of the same challenge, 48 kHz (OpenSLR 26; 0.3 GB)."""
    return get_archive(ROOMS, data_root() / "dns-rooms")


@sources.register("micirp")
def get_micirp() -> Path:
    """Impulse responses of old microphones (http://micirp.blogspot.com; 67 small files).

    A file that the site no longer has is named and passed over.

    Raises:
        SpeechlabError: more than a few files could not be downloaded.
    """
    folder, problems = data_root() / "micirp", []
    n_here = sum((folder / f"{name}.wav").is_file() for name in MICROPHONE_NAMES)
    if n_here >= max(len(MICROPHONE_NAMES) - MOST_MISSING, 1):
        return folder  # those that the site no longer had are not asked for again
    for name in MICROPHONE_NAMES:
        file = folder / f"{name}.wav"
        if file.is_file():
            continue
        try:
            fetch((f"{MICROPHONES}/{quote(name)}.wav",), read_notes(folder).get(file.name), file)
            probe(file)
            note(file)
        except SpeechlabError as error:
            file.unlink(missing_ok=True)  # no recording, such as a page that asks to log in
            problems.append(str(error))
            print(f"left out: {error}", file=sys.stderr)
            if len(problems) > MOST_MISSING:
                raise SpeechlabError(f"{len(problems)} microphones could not be downloaded, such as: {error}") from None
    return folder


@sources.register("libritts-r-360")
def get_libritts_r_360() -> Path:
    """Get the larger training part of the dataset ``augmented_libritts-r`` (28 GB)."""
    return get_archive(libritts_r.ARCHIVES[libritts_r.LARGER], libritts_r.folder_of())


def folders_of(names: Iterable[str]) -> tuple[str, ...]:
    """Replace the names of sources among folders by where these are, fetching what has not been fetched yet.

    A folder of that name goes first; anything else stays as it is, and whoever opens it says what is wrong with it.
    """
    return tuple(str(sources[name]()) if is_source(name) else name for name in names)


def is_source(name: str) -> bool:
    """Tell a source's name from a folder's."""
    return name in sources and not Path(name).is_dir()


def with_folders(config: DegradationConfig) -> DegradationConfig:
    """Give the same degradations with folders in place of the names of sources."""
    return replace(config, **{kind: folders_of(getattr(config, kind)) for kind in DEGRADERS})


def described(config: DegradationConfig) -> dict[str, str]:
    """Say of what noises, rooms and microphones are made: of which recordings, simulated, or left out."""

    def by(names: tuple[str, ...], probability: float, otherwise: str) -> str:
        return (", ".join(Path(name).name for name in names) or otherwise) if probability else "none"

    spoilt = config.noise_probability or config.room_probability  # else the band alone is limited
    return {
        "noises": by(config.noises, config.noise_probability, SUBSTITUTES[0]),
        **({"babble": by(config.babble, config.noise_probability, "")} if config.babble else {}),
        "rooms": by(config.rooms, config.room_probability, SUBSTITUTES[0]),
        "microphones": by(config.microphones, spoilt and config.microphone_probability, SUBSTITUTES[1]),
    }
