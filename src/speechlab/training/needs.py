"""What an experiment needs before it can train, and those that it goes on from: recordings, weights, disk, hours.

It is looked at before the first step of the first of them, and named with the commands that fetch it.
"""

import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from speechlab.checkpoints import find_folder
from speechlab.config import DEGRADERS, CorpusConfig, Experiment, PairsConfig
from speechlab.data import sources
from speechlab.data.corpora import load_corpus
from speechlab.data.pairs import load_pairs
from speechlab.errors import SpeechlabError
from speechlab.experiments import CONFIGS, experiment_names, load_experiment
from speechlab.paths import data_root, runs_root
from speechlab.registry import metrics
from speechlab.training.identity import differences, own_settings, settings_of, stored_config
from speechlab.training.logs import read_log
from speechlab.weights import get_weights, is_here, load_registry

UNPACKED = 1.4  # bytes on the disk for each byte of an archive of recordings; LJ Speech's are 2.7 and 3.8 GB
GB = 1e9
FORERUNNERS = ("initial", "aligner", "acoustic_model")  # settings that name another run
ARCHIVES = (".part", ".zip", ".gz", ".bz2", ".json")  # what lies in a folder before anything is unpacked
COSTLY = ("recipe", "model.", "discriminator.", "training.batch_size", "training.accumulate", "segment_length")
LOSS_WEIGHTS = {"utmos": "utmosv2", "utmos_v1": "utmos-v1"}  # networks that losses ask, by the losses' names


class Download(NamedTuple):
    """Recordings that are downloaded: how many bytes, and what is in their folder when they are there."""

    n_bytes: float
    folder: str  # below SPEECHLAB_DATA
    parts: tuple[str, ...]


VOICEBANK = tuple(f"{kind}_{part}_wav" for kind in ("clean", "noisy") for part in ("trainset_28spk", "testset"))
DOWNLOADS = {  # sizes as their sites give them
    "ljspeech": Download(2.75 * GB, "LJSpeech-1.1", ("metadata.csv",)),
    "ruslan": Download(7 * GB, "RUSLAN", ()),
    "vctk": Download(11.75 * GB, "VCTK", ()),
    "voicebank": Download(5.6 * GB, "VoiceBank-DEMAND", VOICEBANK),
    "vctk-demand": Download(0.3 * GB, "VoiceBank-DEMAND", VOICEBANK[1::2]),
    "augmented_libritts-r": Download(9.6 * GB, "LibriTTS_R", ("train-clean-100", "test-clean")),
    "augmented_daps": Download(21 * GB, "DAPS", ("clean",)),
    "dns-noise": Download(18 * GB, "dns-noise", sources.NOISES),
    "dns-rooms": Download(0.3 * GB, "dns-rooms", ("impulse_responses",)),
    "micirp": Download(0.01 * GB, "micirp", ()),
}


class Need(NamedTuple):
    """Something that an experiment cannot do without."""

    name: str
    n_bytes: float | None  # to download; None: nobody says
    is_here: bool
    command: str  # that fetches it
    fetch: Callable[[], object]
    is_network: bool  # which only a person's command fetches; recordings are fetched by a training too


def needs_of(experiment: Experiment) -> list[Need]:
    """List what one experiment needs, each thing once."""
    names = dict.fromkeys((*recordings_of(experiment), *own_networks(experiment), *judges_of(experiment)))
    return [network(name) if name in load_registry() else recordings(name, experiment) for name in names]


def recordings_of(experiment: Experiment) -> Iterator[str]:
    """Name the downloaded corpora, datasets and degradations of an experiment; folders of one's own are none."""
    corpus, data = getattr(experiment, "corpus", None), getattr(experiment, "data", None)
    if corpus and not corpus.path:
        yield from (name for name in (corpus.name,) if name in DOWNLOADS)
    if data:
        own = "vctk" if data.name == "mel_dataset" and not data.clean else data.name
        yield from (name for name in ("" if data.path else own, data.validation) if name in DOWNLOADS)
        spoilt = experiment.degradation
        named = [name for kind in DEGRADERS for name in getattr(spoilt, kind)]
        yield from (name for name in named if sources.is_source(name))


def own_networks(experiment: Experiment) -> Iterator[str]:
    """Name the weights that an experiment's model and losses ask for; without these there is no training."""
    losses = getattr(experiment, "losses", ())
    listed = {getattr(term, "name", term) for term in getattr(losses, "names", losses)}
    wavlm = getattr(experiment.model, "wavlm", "wavlm-large" if "lmos" in listed else "tiny")
    if wavlm != "tiny":
        yield wavlm
    if getattr(experiment, "utmos_weight", 0) and not listed:
        yield LOSS_WEIGHTS["utmos_v1"]
    yield from (LOSS_WEIGHTS[name] for name in sorted(listed & set(LOSS_WEIGHTS)))


def judges_of(experiment: Experiment) -> Iterator[str]:
    """Name the weights that an experiment's validation asks for."""
    yield from (metrics[name].weights for name in experiment.validation.metrics if metrics[name].weights)


def network(name: str) -> Need:
    """Describe weights of the registry."""
    sizes = [file.n_bytes for file in load_registry()[name].files]
    total = None if None in sizes else sum(sizes)
    return Need(name, total, is_here(name), f"speechlab weights get {name}", lambda: get_weights(name), True)


def recordings(name: str, experiment: Experiment) -> Need:
    """Describe a corpus, a dataset or a source of degradations."""
    download = DOWNLOADS[name]
    folder = data_root() / download.folder
    unpacked = (path for path in folder.iterdir() if path.suffix not in ARCHIVES) if folder.is_dir() else ()
    there = all((folder / part).exists() for part in download.parts) and any(unpacked)
    return Need(name, download.n_bytes, there, f"speechlab corpus get {name}", lambda: get(name, experiment), False)


def get(name: str, experiment: Experiment) -> Path | object:
    """Fetch recordings by name, and see that all are there."""
    if name in sources.sources:
        return sources.sources[name]()
    corpus = getattr(experiment, "corpus", None)
    if corpus and corpus.name == name:
        return load_corpus(CorpusConfig(name, language=corpus.language))
    return load_pairs(PairsConfig(name))


def forerunners(experiment: Experiment, profile: str) -> list[Experiment]:
    """List the experiments that have to be trained before this one, in order; those that are trained are left out."""
    found: dict[str, Experiment] = {}
    for key in FORERUNNERS:
        name = getattr(experiment, key, "")
        if name in experiment_names() and not is_trained(name):
            other = load_experiment(name, profile)
            found |= {each.name: each for each in (*forerunners(other, profile), other)}
    return list(found.values())


def followers(name: str, profile: str) -> list[Experiment]:
    """List the experiments that go on from this one's weights, and those that go on from them."""
    begins, found = re.compile(rf"^initial: {re.escape(name)}\s*(#|$)", re.MULTILINE), []
    for other in experiment_names():
        lines = (CONFIGS / "experiments" / f"{other}.yaml").read_text(encoding="utf-8")  # before each training: no YAML
        if begins.search(lines) and not is_trained(other):
            found += [load_experiment(other, profile), *followers(other, profile)]
    return found


def is_trained(name: str) -> bool:
    """Tell whether there are weights of this name, bundled or of a run."""
    try:
        return bool(find_folder(name))
    except SpeechlabError:
        return False


def all_needs(experiments: Iterable[Experiment]) -> dict[str, tuple[Need, list[str]]]:
    """List what several experiments need: by name, with the experiments that need it."""
    found: dict[str, tuple[Need, list[str]]] = {}
    for experiment in experiments:
        for need in needs_of(experiment):
            found.setdefault(need.name, (need, []))[1].append(experiment.name)
    return found


def disk_needed(missing: Iterable[Need]) -> float:
    """Estimate the bytes that missing things take while they are fetched: all unpacked, and one archive besides."""
    sizes = [(need.n_bytes or 0, 1.0 if need.is_network else UNPACKED) for need in missing]
    return sum(size * factor for size, factor in sizes) + max((size for size, _ in sizes), default=0)


def require_disk(missing: Iterable[Need]) -> None:
    """Raise where the disk has no room for what is missing."""
    missing, folder = list(missing), data_root()
    needed, free = disk_needed(missing), free_bytes(folder)
    if needed > free:
        names = ", ".join(need.name for need in missing)
        raise SpeechlabError(
            f"{names} take about {needed / GB:.0f} GB, and {folder.resolve()} has {free / GB:.0f} GB left; make room,"
            " or let SPEECHLAB_DATA name a folder on a larger disk"
        )


def free_bytes(folder: Path) -> int:
    """Bytes left on the disk of a folder, which need not be there yet."""
    there = next(place for place in (folder.resolve(), *folder.resolve().parents) if place.is_dir())
    return shutil.disk_usage(there).free


def require_needs(experiment: Experiment, say: Callable[[str], None]) -> None:
    """Look at what a training needs before it begins, and say what those that go on from it will need.

    Raises:
        SpeechlabError: weights are missing, each named with its command; or the disk is too small for the recordings.
    """
    missing = [need for need in needs_of(experiment) if not need.is_here]
    networks = [need for need in missing if need.name in own_networks(experiment)]  # a judge less ends nothing
    if networks:
        commands = " && ".join(need.command for need in networks)
        raise SpeechlabError(f"{experiment.name} needs {', '.join(need.name for need in networks)}: {commands}")
    require_disk(need for need in missing if not need.is_network)
    own = own_settings(experiment.name, settings_of(experiment))
    later = [] if own is None else followers(experiment.name, own[0])
    lacking = {name: users for name, (need, users) in all_needs(later).items() if not need.is_here}
    if lacking:
        wanted = "; ".join(f"{name} for {', '.join(users)}" for name, users in lacking.items())
        last = later[-1].name
        say(f"{experiment.name}: what goes on from it will need {wanted}: speechlab prepare {last} --profile {own[0]}")


def steps_per_second(experiment: Experiment) -> float | None:
    """Find how fast a training of this model went here, by the newest log; None where there was none."""
    wanted, found = settings_of(experiment), []
    for log in runs_root().glob("*/log.jsonl"):
        stored = stored_config(log.parent)
        changed = differences(stored.settings, wanted) if stored else {"recipe": ()}
        if not any(key.startswith(COSTLY) for key in changed):
            rates = [record["steps_per_second"] for record in read_log(log.parent) if "steps_per_second" in record]
            found += [(log.stat().st_mtime, rate) for rate in rates[-1:]]
    return max(found, default=(0, None))[1]


def report(experiment: Experiment, profile: str) -> str:
    """Write what an experiment and its forerunners need: names, sizes, commands, disk, and hours where known."""
    experiments = [*forerunners(experiment, profile), experiment]
    found = all_needs(experiments)
    lines = [f"{experiment.name} ({profile}): {' -> '.join(each.name for each in experiments)}"]
    for need, users in found.values():
        size = f"{need.n_bytes / GB:.2f} GB" if need.n_bytes else "? GB"
        lines.append(
            f"  {need.name:22} {size:>9}  {'here' if need.is_here else need.command}  (for {', '.join(users)})"
        )
    missing = [need for need, _ in found.values() if not need.is_here]
    lines.append(
        f"to fetch: {sum(need.n_bytes or 0 for need in missing) / GB:.2f} GB; on the disk about"
        f" {disk_needed(missing) / GB:.0f} GB, of {free_bytes(data_root()) / GB:.0f} GB free"
    )
    lines += [f"  {each.name}: {hours(each)}" for each in experiments]
    return "\n".join(lines)


def hours(experiment: Experiment) -> str:
    """Write how long a training takes here, by a former one of this model."""
    rate, steps = steps_per_second(experiment), experiment.training.steps
    if rate is None:
        return f"{steps:,} steps; not trained here yet, the log tells the hours within its first minute"
    return f"{steps:,} steps, about {steps / rate / 3600:.1f} hours at the {rate:.2g} steps a second of a run here"


def missing_needs(experiment: Experiment, profile: str) -> list[Need]:
    """List what an experiment and its forerunners need and is not here."""
    found = all_needs([*forerunners(experiment, profile), experiment])
    return [need for need, _ in found.values() if not need.is_here]


def prepare(experiment: Experiment, profile: str, say: Callable[[str], None] = print) -> list[str]:
    """Fetch what an experiment and its forerunners need and is not here; interrupted downloads are continued.

    Returns:
        Names of what was fetched.

    Raises:
        SpeechlabError: the disk is too small, or something could not be fetched.
    """
    missing = missing_needs(experiment, profile)
    require_disk(missing)
    for need in missing:
        say(f"fetching {need.name}")
        need.fetch()
    return [need.name for need in missing]
