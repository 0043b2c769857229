"""``speechlab voice new NAME``: recordings become a voice with a name, by one command that can be stopped any time.

Three trainings in a chain, each a run of its own (``NAME-aligner``, ``NAME-acoustic``, ``NAME-vocoder``): which phone
is where; text to mel, which starts from the bundled voice; mel to sound, which starts from the bundled vocoder. What
was decided stands in one file, ``voice.yaml`` in the voice's folder, so that the same command goes on with it.
"""

import argparse
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from speechlab.errors import SpeechlabError
from speechlab.files import write_atomically

if TYPE_CHECKING:
    import numpy as np

    from speechlab.config import Experiment
    from speechlab.data.corpora import Corpus

STAGES = ("aligner", "acoustic", "vocoder")
WHAT = {"aligner": "which phone is where", "acoustic": "text to mel", "vocoder": "mel to sound"}
BASES = {
    "en": {"aligner": "kathleen-aligner", "acoustic": "kathleen-fastspeech2", "vocoder": "readers-vocos"},
    "ru": {"aligner": "ru-nsh-aligner", "acoustic": "ru-nsh-fastspeech2", "vocoder": "readers-vocos"},
}
VOCODER = "readers-vocos"  # bundled; it knows several readers, and is what a new voice speaks through at first
FILE = "voice.yaml"
SENTENCES = {"en": "This is my own voice.", "ru": "Это мой собственный голос."}
LEAST_CLIPS, LEAST_MINUTES, GOOD_MINUTES = 10, 0.3, 30.0
COMPARED = 40  # recordings beside which the voice's global variance is measured
TIMED_STEPS, TIMED_CLIPS = 4, 24  # of a forecast
OTHER_LANGUAGE = 0.5  # share of texts in another script from which the language is a mistake


@dataclass
class Plan:
    """What ``voice.yaml`` holds: from which recordings a voice comes, and what its trainings differ in."""

    name: str
    recordings: str
    language: str
    profile: str
    changes: dict[str, list[str]] = field(default_factory=lambda: {stage: [] for stage in STAGES})

    def experiment(self, stage: str, extra: Sequence[str] = ()) -> "Experiment":
        """Give the experiment of one stage."""
        from speechlab.experiments import load_experiment
        from speechlab.training import runs_root

        common = ["corpus.name=folder", f"corpus.path={self.recordings}", f"corpus.language={self.language}"]
        own = {
            "aligner": [],
            "acoustic": [f"aligner={runs_root() / self.run('aligner')}", *self.warm_start()],
            "vocoder": [f"initial={VOCODER}"],
        }
        changes = [*common, *own[stage], *self.changes.get(stage, []), *extra]
        return load_experiment(BASES[self.language][stage], self.profile, changes)

    def warm_start(self) -> list[str]:
        """Begin from the bundled voice of the language, where that is a model of the same kind and size."""
        from speechlab.apps.bundled import card_of, voice_for
        from speechlab.checkpoints import find_folder

        if self.profile == "smoke":  # of another size
            return ["initial="]
        bundled = voice_for(self.language)
        same = card_of(find_folder(bundled) / "acoustic").get("model") == "fastspeech2"
        return [f"initial={bundled}/acoustic"] if same else []  # else what the experiment itself names

    def run(self, stage: str) -> str:
        """Name of the run of a stage."""
        return f"{self.name}-{stage}"

    def write(self, folder: Path) -> None:
        """Write ``voice.yaml``."""
        import yaml

        about = "# A voice of one's own: speechlab voice new NAME goes on with it.\n"
        content = about + yaml.safe_dump(vars(self), allow_unicode=True, sort_keys=False)
        write_atomically(folder / FILE, content.encode())


def read_plan(folder: Path) -> Plan | None:
    """Read ``voice.yaml``; none where there is no such file.

    Raises:
        SpeechlabError: it is not what ``Plan.write`` writes.
    """
    import yaml

    if not (folder / FILE).is_file():
        return None
    try:
        plan = Plan(**yaml.safe_load((folder / FILE).read_text(encoding="utf-8")))
        check_plan(plan)
    except (yaml.YAMLError, TypeError, ValueError, OSError) as error:
        raise SpeechlabError(f"{folder / FILE} cannot be read ({' '.join(str(error).split())}); remove it") from None
    return plan


def check_plan(plan: Plan) -> None:
    """Raise a ValueError where the fields of a plan are of wrong kinds."""
    texts = (plan.name, plan.recordings, plan.language, plan.profile)
    if not all(isinstance(text, str) for text in texts) or plan.language not in BASES:
        raise ValueError("name, recordings, language and profile are words")
    if not isinstance(plan.changes, Mapping) or set(plan.changes) - set(STAGES):
        raise ValueError(f"changes are lists under {', '.join(STAGES)}")


def new_voice(options: argparse.Namespace) -> None:
    """Check the recordings, say what to expect, train the chain or go on with it, and let the voice speak.

    Raises:
        SpeechlabError: the name or the recordings are of no use, or the voice was begun from other recordings.
    """
    from speechlab.data.corpora import load_corpus
    from speechlab.training import run_name, runs_root

    folder = runs_root() / run_name(options.name)
    plan = plan_of(options, folder)
    corpus = load_corpus(plan.experiment("vocoder").corpus)
    for line in check(corpus, plan.language):
        print(line, flush=True)
    if options.hours:
        fit_to_hours(plan, options.hours)
    for line in forecast(plan) if options.plan or not folder.is_dir() else ():
        print(line, flush=True)
    if options.plan:
        return
    plan.write(folder)
    train_chain(plan, folder)


def plan_of(options: argparse.Namespace, folder: Path) -> Plan:
    """Take the plan that was begun, or make one from the arguments.

    Raises:
        SpeechlabError: the arguments do not fit what was begun, or no recordings are named.
    """
    from speechlab.checkpoints import bundled_names

    begun = read_plan(folder)
    if begun is None:
        if folder.exists() or options.name in bundled_names():
            raise SpeechlabError(f"{options.name} is already the name of something else; choose another")
        if not options.recordings:
            raise SpeechlabError(f"no voice {options.name} has been started; name your recordings: --recordings FOLDER")
        recordings = str(Path(options.recordings).resolve())
        language = options.language or language_of(recordings)
        plan = Plan(options.name, recordings, language, options.profile or usual_profile())
        plan.changes = changes_of(options.overrides)
        return plan
    given = {"recordings": options.recordings and str(Path(options.recordings).resolve()),
             "language": options.language, "profile": options.profile}  # fmt: skip
    for key, value in given.items():
        if value and value != getattr(begun, key):
            raise SpeechlabError(
                f"{options.name} was started with {key} {getattr(begun, key)}, not {value}; choose another name"
            )
    if options.overrides and changes_of(options.overrides) != begun.changes:
        raise SpeechlabError(f"{options.name} was started with other settings; change them in {folder / FILE}")
    return begun


def usual_profile() -> str:
    """Sizes of the bundled voices; a GPU trains them in its own precision."""
    import torch

    return "gpu" if torch.cuda.is_available() else "full"


def changes_of(overrides: Sequence[str]) -> dict[str, list[str]]:
    """Sort ``STAGE.key=value`` by stage.

    Raises:
        SpeechlabError: a change names no stage.
    """
    changes: dict[str, list[str]] = {stage: [] for stage in STAGES}
    for override in overrides:
        stage, _, change = override.partition(".")
        if stage not in changes:
            raise SpeechlabError(f"expected STAGE.key=value with a stage of {', '.join(STAGES)}, got {override!r}")
        changes[stage].append(change)
    return changes


def language_of(recordings: str) -> str:
    """Tell the language of transcripts by their letters."""
    from speechlab.apps.reading import guess_language
    from speechlab.config import CorpusConfig
    from speechlab.data.corpora import load_corpus

    corpus = load_corpus(CorpusConfig(name="folder", path=recordings))
    return guess_language(" ".join(item.text for item in corpus.utterances))


def check(corpus: "Corpus", language: str) -> Iterator[str]:
    """Say what the recordings are like, and what they lack.

    Raises:
        SpeechlabError: a voice cannot be made of them.
    """
    from speechlab.apps.reading import guess_language
    from speechlab.data.report import report_corpus

    texts = [item.text for item in corpus.utterances if item.text.strip()]
    if not texts:
        raise SpeechlabError(f"{corpus.name} has no transcripts; put NAME.txt beside each NAME.wav, or a metadata.csv")
    foreign = [text for text in texts if guess_language(text) != language]
    if len(foreign) > OTHER_LANGUAGE * len(texts):
        raise SpeechlabError(f"{len(foreign)} of {len(texts)} texts are not in {language}, such as {foreign[0][:40]!r}")
    report = report_corpus(corpus, n_jobs=1)
    table = report.measurements
    minutes = float(table["duration_s"].sum()) / 60
    unreadable = int((table["problem"] != "").sum())
    size = f"{len(corpus)} recordings, {minutes:.1f} minutes, {corpus.sample_rate} Hz"
    yield f"{size}, {len(texts)} with a text, language {language}"
    yield f"level {table['level_db'].median():.0f} dB, {table['snr_db'].median():.0f} dB above the noise (medians)"
    for kind, count in Counter(report.findings["finding"]).most_common():
        first = report.findings[report.findings["finding"] == kind].iloc[0]
        yield f"  {count} x {kind}, such as {first['id']}: {first['note']}"
    if len(texts) - unreadable < LEAST_CLIPS or minutes < LEAST_MINUTES:
        raise SpeechlabError(
            f"{len(texts)} clips, {minutes:.1f} minutes, are not enough for a voice; it takes at least"
            f" {LEAST_CLIPS} clips, and {GOOD_MINUTES:.0f} minutes for a good one"
        )
    if foreign:
        yield f"  {len(foreign)} texts are not in {language}, such as {foreign[0][:40]!r}"
    yield expectation(minutes, language)


def expectation(minutes: float, language: str) -> str:
    """Say what a voice of so many minutes can be, by what is known of the bundled one."""
    from speechlab.apps.bundled import card_of, voice_for
    from speechlab.checkpoints import find_folder

    name = voice_for(language)
    card = card_of(find_folder(name))
    known = 60 * float((card.get("data") or {}).get("hours") or 0)
    scores = card.get("scores") or {}
    missed = [(scores.get(system) or {}).get("wer_whisper_base") for system in ("text to speech", "natural")]
    heard = ", and a recogniser mistakes {:.0f} % of its words ({:.0f} % of natural ones)" if all(missed) else ""
    heard = heard.format(*(rate["value"] for rate in missed)) if heard else ""
    less = f"yours are {minutes / known:.0%} of it; " if known else ""
    advice = (
        "" if minutes >= GOOD_MINUTES else f"record up to {GOOD_MINUTES:.0f} minutes for a voice that reads anything"
    )
    return f"the bundled {name} learned from {known:.0f} minutes{heard}; {less}{advice}".rstrip("; ")


def forecast(plan: Plan) -> Iterator[str]:
    """Time a few real steps of each training on a few of the recordings, and say how long all will take here."""
    total = 0.0
    for stage, seconds, steps in timed(plan):
        total += seconds * steps
        yield f"{stage} ({WHAT[stage]}): {steps} steps of {seconds:.2f} s, {in_time(seconds * steps)}"
    yield f"about {in_time(total)} in total on this machine; you can stop and start it again at any time"


def timed(plan: Plan) -> Iterator[tuple[str, float, int]]:
    """Give seconds a step and steps of every stage."""
    from speechlab.training import train
    from speechlab.training.logs import read_log

    with tempfile.TemporaryDirectory() as folder:
        few = [f"corpus.n_utterances={TIMED_CLIPS}", "training.log_every=1"]
        few += [f"training.{name}_every=1000000" for name in ("render", "validate", "checkpoint")]
        for stage in STAGES:
            extra = [*few, *([f"aligner={Path(folder) / 'aligner'}"] if stage == "acoustic" else [])]
            steps = plan.experiment(stage).training.steps
            if stage == "vocoder":  # most of its steps have discriminators, and take longer
                extra.append("generator_only_steps=0")
            short = plan.experiment(stage, [*extra, f"training.steps={TIMED_STEPS}"])
            run = train(short, Path(folder) / stage)
            times = [record["time"] for record in read_log(run.run_dir) if "time" in record][:TIMED_STEPS]
            yield stage, (times[-1] - times[0]) / max(len(times) - 1, 1), steps


def in_time(seconds: float) -> str:
    """Write a time as people say it."""
    minutes = seconds / 60
    if minutes < 2:
        return f"{seconds:.0f} seconds"
    return f"{minutes:.0f} minutes" if minutes < 90 else f"{minutes / 60:.1f} hours"


def fit_to_hours(plan: Plan, hours: float) -> None:
    """Cut the steps of text to mel and of the vocoder so that all fits into so many hours here.

    Raises:
        SpeechlabError: the aligner alone takes longer.
    """
    took = {stage: (seconds, steps) for stage, seconds, steps in timed(plan)}
    aligner = took["aligner"][0] * took["aligner"][1]
    rest = sum(took[stage][0] * took[stage][1] for stage in STAGES[1:])
    share = (3600 * hours - aligner) / rest
    if share <= 0:
        raise SpeechlabError(f"the aligner alone takes {in_time(aligner)} here; give more than {hours:g} hours")
    for stage in STAGES[1:] if share < 1 else ():
        steps = max(round(took[stage][1] * share), 1)
        plan.changes[stage] = [*plan.changes[stage], f"training.steps={steps}"]
        if stage == "vocoder":
            alone = round(plan.experiment(stage).generator_only_steps * share)
            plan.changes[stage].append(f"generator_only_steps={alone}")


def train_chain(plan: Plan, folder: Path) -> None:
    """Train what is not trained yet; the voice speaks as soon as there is text to mel, and better at the end."""
    from speechlab.training import runs_root, train

    for number, stage in enumerate(STAGES, 1):
        print(f"{number} of {len(STAGES)}: {WHAT[stage]}, {runs_root() / plan.run(stage)}", flush=True)
        train(plan.experiment(stage), runs_root() / plan.run(stage))
        if stage != "aligner":
            vocoder = VOCODER if stage == "acoustic" else runs_root() / plan.run("vocoder")
            speak(plan, folder, vocoder)


def readings(corpus: "Corpus", sample_rate: int, n_utterances: int = COMPARED) -> dict[str, "np.ndarray"]:
    """Load some training utterances, spread over the corpus, without damaged ones: text to waveform."""
    import numpy as np

    from speechlab.data.waveforms import load_waveform

    items = [item for item in corpus.split("train") if item.text.strip()]
    chosen = np.linspace(0, len(items) - 1, min(n_utterances, len(items)), dtype=int)
    loaded = {}
    for item in (items[at] for at in chosen):
        try:
            loaded[item.text] = load_waveform(item.audio_path, sample_rate, corpus.config)
        except SpeechlabError:  # the check of the recordings has named it, and training leaves it out
            continue
    return loaded


def speak(plan: Plan, folder: Path, vocoder: str | Path) -> None:
    """Put the voice together anew, and let it say a sentence."""
    from speechlab.checkpoints import CARD, add_to_card
    from speechlab.data.corpora import load_corpus
    from speechlab.pipelines.export import export_voice
    from speechlab.pipelines.voice import Voice, measure_global_variance
    from speechlab.training import runs_root

    about = {"name": plan.name, "description": f"a voice of one's own, {plan.profile} profile"}
    with tempfile.TemporaryDirectory(dir=folder) as place:
        made = export_voice(runs_root() / plan.run("acoustic"), vocoder, Path(place) / "voice", about)
        for part in made.iterdir():  # a bundled vocoder is named in the card, and no folder
            if part.is_dir():
                replace_folder(part, folder / part.name)
        write_atomically(folder / CARD, (made / CARD).read_bytes())
    voice = Voice.load(folder)
    read = readings(load_corpus(plan.experiment("vocoder").corpus), voice.spec.sample_rate)
    add_to_card(folder / "acoustic", {"global_variance": measure_global_variance(voice, read)})
    Voice.load(folder).say(SENTENCES[plan.language]).save(folder / "sample.wav")
    print(f'{folder / "sample.wav"}; speechlab say "{SENTENCES[plan.language]}" --voice {plan.name}', flush=True)


def replace_folder(new: Path, old: Path) -> None:
    """Put a folder in place of another; killed in between, the same command makes it again."""
    from speechlab.files import remove

    remove(old)
    new.replace(old)
