"""Does a training that is killed lose anything? kill -9 at random moments, over every recipe, at tiny sizes.

    python benchmarks/kills.py [--kills 1000] [--minutes 60] [--recipes vocos,glowtts] [--folder FOLDER] [--seed 0]

Each recipe is trained once undisturbed. Then it is trained again and again, and killed: mostly after a random amount of
processor time, in every third attempt while a checkpoint is being written. A training that reaches its last step is
compared with the undisturbed one, every number of every step and every weight, bit for bit; and the next one begins.

Counted are: numbers or weights that differ; the most steps that one kill lost, which may be no more than lie between
two checkpoints; temporary files of killed processes that the next start left behind; processes of a killed training
that run 5 s later. Python and PyTorch are imported once and every training is a fork (Linux only). The last lines are
the table; with --output FILE it goes there too, as CSV.
"""

import argparse
import contextlib
import os
import random
import re
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from importlib import import_module
from pathlib import Path

import pandas as pd
import torch

from speechlab.checkpoints import STATE, WEIGHTS, newest_checkpoint
from speechlab.config import CorpusConfig, DegradationConfig, Experiment, PairsConfig
from speechlab.data.embedded.rendering import EmbeddedCorpus, EmbeddedVoice
from speechlab.experiments import load_experiment
from speechlab.files import LEFTOVER
from speechlab.training import train
from speechlab.training.logs import read_log
from speechlab.training.recipes import glowtts

import_module("speechlab.training.engine")  # here, and not in every fork
STEPS, CHECKPOINT_EVERY = 12, 3
ORPHAN_S = 5.0  # after which no process of a killed training may run
TIMED = ("time", "steps_per_second")  # numbers of a log that no two runs share
LOOK_S = 0.004  # between two looks at a training
PATIENCE_S = 600.0  # for one attempt: longer is a hang, and counted
SEGMENT = 4096  # samples


@dataclass
class Count:
    """What the kills of one recipe did."""

    recipe: str
    kills: int = 0
    during_a_write: int = 0
    finished: int = 0  # trainings that were compared with the undisturbed one
    unequal: int = 0  # of them, in a number or a weight
    most_steps_lost: int = 0
    leftovers: int = 0
    orphans: int = 0
    failed: int = 0  # attempts that ended by themselves otherwise than well, or hung


def make_corpus(folder: Path) -> Path:
    """Render twelve sentences, in LJ Speech's layout."""
    spoken = EmbeddedCorpus(folder / "rendered", "en", [EmbeddedVoice("en-us", 10, 2)])
    corpus = folder / "corpus"
    if not corpus.is_dir():
        (corpus / "wavs").mkdir(parents=True)
        for item in spoken.utterances:
            (corpus / "wavs" / f"{item.id}.wav").write_bytes(item.audio_path.read_bytes())
        lines = [f"{item.id}|{item.text}\n" for item in spoken.utterances]
        (corpus / "metadata.csv").write_text("".join(lines), encoding="utf-8")
    return corpus


def tiny(name: str, corpus: Path, **sizes) -> Experiment:
    """Make a smoke experiment whose steps take milliseconds.

    Args:
        sizes: fields of the experiment; a dictionary changes fields of a part.
    """
    experiment = load_experiment(name)
    known = {field.name for field in fields(experiment)}
    if "corpus" in known:
        sizes["corpus"] = CorpusConfig(name="folder", path=str(corpus), n_validation=2)
    if "data" in known:
        sizes["data"] = PairsConfig(clean=(str(corpus / "wavs"),), n_validation=1)
        sizes["degradation"] = DegradationConfig(codec_probability=0, effects=0, room_probability=0)
    training = {"steps": STEPS, "checkpoint_every": CHECKPOINT_EVERY, "batch_size": 2, "log_every": 1, "n_threads": 1}
    training |= {"validate_every": 6, "render_every": STEPS, "precision": "fp32", "ema_decay": 0.9}
    parts = {"training": training, "optimiser": {"schedule": "constant", "warmup_steps": 0}, **sizes}
    changed = {
        key: replace(getattr(experiment, key), **value) if isinstance(value, dict) else value
        for key, value in parts.items()
    }
    return replace(experiment, name=f"kills-{name}", **changed)


def experiments(corpus: Path) -> dict[str, Experiment]:
    """List every recipe at a tiny size, in the order in which they need one another."""
    speech = dict(channels=16, encoder_layers=1, decoder_layers=1, filter_channels=32, predictor_channels=16)
    flow = dict(channels=16, encoder_layers=1, filter_channels=32, predictor_channels=16, n_flows=2, flow_channels=16,
                flow_layers=1)  # fmt: skip
    unet = dict(channels=16, spectral_widths=(4, 4, 4, 4, 4), spectral_depth=1, wave_widths=(4, 4, 8, 8), wave_depth=1,
                mask_widths=(4, 4, 4, 4), mask_depth=1)  # fmt: skip
    judged = dict(segment_length=SEGMENT, generator_only_steps=4)
    judges = dict(discriminator=dict(names=("mpd",), width=0.03))
    vocos = dict(channels=16, intermediate_channels=32, n_layers=1)
    stages = dict(segment_length=SEGMENT, initial="")
    few = dict(discriminator=dict(filters=2, n_ffts=(512, 256)))
    aligner = "kills-embedded-aligner"
    return {
        "aligner": tiny("embedded-aligner", corpus),
        "fastspeech": tiny("embedded-fastspeech", corpus, model=speech, aligner=aligner),
        "fastspeech2": tiny("embedded-fastspeech2", corpus, model=speech, aligner=aligner),
        "glowtts": tiny("embedded-ru-glowtts", corpus, model=flow),
        "hifigan": tiny("embedded-hifigan", corpus, model=dict(preset="v2"), **judged, **judges),
        "vocos": tiny("embedded-vocos", corpus, model=vocos, **judged, discriminator=dict(width=0.03)),
        "hifi++": tiny("embedded-denoise", corpus, model=unet, **judged, **judges),
        "finally-stage1": tiny("embedded-finally-stage1", corpus, **stages),
        "finally-stage2": tiny("embedded-finally-stage2", corpus, **stages, **few),
        "finally-stage3-pretrain": tiny("embedded-finally-stage3-pretrain", corpus, **stages),
        "finally-stage3": tiny("embedded-finally-stage3", corpus, **{**stages, "segment_length": 2 * SEGMENT}, **few),
    }


def start(experiment: Experiment, run_dir: Path, said: Path) -> int:
    """Fork a process, in a session of its own, that trains; what it prints is kept in a file."""
    process = os.fork()
    if process:
        return process
    try:
        os.setsid()
        output = os.open(said, os.O_CREAT | os.O_TRUNC | os.O_WRONLY)
        os.dup2(output, 1)
        os.dup2(output, 2)
        train(experiment, run_dir)
        said.with_suffix(".modules").write_text("\n".join(sys.modules), encoding="utf-8")
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def processor_seconds(process: int) -> float:
    """Processor time that a process has taken."""
    _, _, rest = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")
    user, system = rest.split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def sessions() -> Iterator[int]:
    """Session of every process that runs and is no zombie."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            _, _, rest = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")
        except OSError:
            continue  # it has just ended
        state, _, _, session = rest.split()[:4]
        if state != "Z":
            yield int(session)


def kill_when(process: int, is_time: Callable[[], bool]) -> bool | None:
    """Kill a training when it is time; True if it was killed, False if it ended well before, None if otherwise."""
    started = time.monotonic()
    while True:
        ended, status = os.waitpid(process, os.WNOHANG)
        if ended:
            return None if status else False
        if time.monotonic() - started > PATIENCE_S:
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
            return None
        if is_time():
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
            return True
        time.sleep(LOOK_S)


def temporary_of(places: list[Path], processes: set[int]) -> list[Path]:
    """Find temporary files and folders of these processes."""
    found = [item for place in places for item in place.rglob(".*") if LEFTOVER.fullmatch(item.name)]
    return [item for item in found if int(LEFTOVER.fullmatch(item.name)[2]) in processes]


def outcome(run_dir: Path) -> tuple[list[dict], dict[str, torch.Tensor]]:
    """Give every number of every step, and every weight of every network, the averaged ones among them."""
    numbers = [{key: value for key, value in record.items() if key not in TIMED} for record in read_log(run_dir)]
    newest = newest_checkpoint(run_dir / "checkpoints")
    weights = {f"{WEIGHTS} {name}": value for name, value in newest.weights.items()}
    for network, values in newest.state["networks"].items():
        weights |= {f"{STATE} {network} {name}": value for name, value in values.items()}
    return numbers, weights


def equal(first: tuple, second: tuple) -> bool:
    """Compare two outcomes bit for bit."""
    (numbers, weights), (others, theirs) = first, second
    same = weights.keys() == theirs.keys() and all(torch.equal(value, theirs[key]) for key, value in weights.items())
    return same and numbers == others


class Assault:
    """The kills of one recipe.

    Args:
        folder: of its runs.
        places: folders to search for leftovers besides.
    """

    def __init__(self, recipe: str, experiment: Experiment, folder: Path, places: list[Path], rng: random.Random):
        self.experiment, self.folder, self.places, self.rng = experiment, folder, places, rng
        self.count, self.killed = Count(recipe), set()
        self.watched: deque[tuple[float, int]] = deque()  # when a training was killed, and its session
        self.run_dir, self.said = folder / "killed", folder / f"{recipe}.txt"

    def undisturbed(self, run_dir: Path) -> float:
        """Train without a kill, unless that was done in this folder before; gives the processor time of a training.

        The first training imports what the recipe needs, which the later forks find imported: a second one is timed.
        """
        if not (run_dir / "config.json").is_file():
            self.timed(run_dir)
        for name in self.said.with_suffix(".modules").read_text(encoding="utf-8").split():
            with contextlib.suppress(Exception):  # one that cannot be imported here is left to the forks
                import_module(name)
        self.expected = outcome(run_dir)
        known = self.folder / "seconds"
        if not known.is_file():
            known.write_text(str(self.timed(self.run_dir)), encoding="utf-8")
            self.compare()
        return float(known.read_text(encoding="utf-8"))

    def timed(self, run_dir: Path) -> float:
        """Train to the end; gives the processor time that it took."""
        process, seconds = start(self.experiment, run_dir, self.said), 0.0

        def look() -> bool:
            nonlocal seconds
            seconds = processor_seconds(process)
            return False

        if kill_when(process, look) is None:
            sys.exit(f"{self.count.recipe} cannot be trained:\n{self.said.read_text(encoding='utf-8')}")
        return seconds

    def attempt(self, seconds: float) -> None:
        """Go on with a training and kill it, or compare it where it comes to its end."""
        writes = self.rng.random() < 1 / 3
        process = start(self.experiment, self.run_dir, self.said)
        moment, wait = self.rng.uniform(0.05, 1.05) * seconds, self.rng.uniform(0, 3) * LOOK_S
        checkpoints = self.run_dir / "checkpoints"

        def is_time() -> bool:
            if not writes:
                return processor_seconds(process) >= moment
            if not temporary_of([checkpoints], {process}):
                return False
            time.sleep(wait)
            return True

        try:
            was_killed = kill_when(process, is_time)
        except KeyboardInterrupt:
            os.kill(process, signal.SIGKILL)
            raise
        during = bool(temporary_of([checkpoints], {process}))
        self.judge_start(process)
        if was_killed is None:
            self.count.failed += 1
            print(f"{self.count.recipe}: {self.said.read_text(encoding='utf-8')[-2000:]}", flush=True)
        elif was_killed:
            self.count.kills += 1
            self.count.during_a_write += during
            self.killed.add(process)
            self.watched.append((time.monotonic(), process))
        else:
            self.compare()
        self.look_for_orphans()

    def judge_start(self, process: int) -> None:
        """Count what this start has found lost, and what it has left behind of those before, if it came so far."""
        said = self.said.read_text(encoding="utf-8", errors="replace")
        if found := re.search(r"\((\d+) steps lost\)", said):
            self.count.most_steps_lost = max(self.count.most_steps_lost, int(found[1]))
            left = temporary_of([self.run_dir, *self.places], self.killed - {process})
            self.count.leftovers += len(left)
            for item in left:
                print(f"left behind: {item}", flush=True)

    def compare(self) -> None:
        """Compare a training that came to its end with the undisturbed one, and make room for the next."""
        self.count.finished += 1
        if not equal(outcome(self.run_dir), self.expected):
            self.count.unequal += 1
            self.run_dir.rename(self.folder / f"unequal-{self.count.unequal}")
            return
        shutil.rmtree(self.run_dir)

    def look_for_orphans(self, wait: bool = False) -> None:
        """Count processes that a killed training has left, once their time is over."""
        while self.watched and (wait or time.monotonic() - self.watched[0][0] >= ORPHAN_S):
            killed, session = self.watched.popleft()
            time.sleep(max(killed + ORPHAN_S - time.monotonic(), 0))
            self.count.orphans += list(sessions()).count(session)


def main() -> int:
    """Kill; print the table, and give 1 where a kill was seen."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=1000, help="of all recipes together")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="after which no more are made")
    parser.add_argument("--recipes", help="with commas; all unless given")
    parser.add_argument("--folder", type=Path, help="for corpus and runs; a temporary one unless given")
    parser.add_argument("--output", type=Path, help="a CSV file for the table")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    options = parser.parse_args()
    if options.folder is None:
        with tempfile.TemporaryDirectory() as folder:
            return assault(options, Path(folder))
    return assault(options, options.folder)


def assault(options: argparse.Namespace, folder: Path) -> int:
    """Kill every recipe in turn, so that each has had its share whenever this is stopped."""
    os.environ |= {"SPEECHLAB_DATA": str(folder / "data"), "SPEECHLAB_RUNS": str(folder / "runs")}
    torch.set_num_threads(1)
    glowtts.GRIFFIN_LIM_ITERATIONS = 1
    known, rng = experiments(make_corpus(folder)), random.Random(options.seed)
    names = options.recipes.split(",") if options.recipes else list(known)
    chosen, seconds = {}, {}
    for name in dict.fromkeys(["aligner", *names]):  # the voices need it
        (folder / name).mkdir(parents=True, exist_ok=True)
        chosen[name] = Assault(name, known[name], folder / name, [folder / "data"], rng)
        seconds[name] = chosen[name].undisturbed(folder / "runs" / known[name].name)
        print(f"{name}: {seconds[name]:.1f} s of processor time undisturbed", flush=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    done, until = 0, time.monotonic() + 60 * options.minutes
    try:
        while done < options.kills and time.monotonic() < until:
            for name in names:
                chosen[name].attempt(seconds[name])
            done = sum(each.count.kills for each in chosen.values())
            print(f"{done} kills", flush=True)
    except KeyboardInterrupt:
        print("stopped")
    for name in names:
        chosen[name].look_for_orphans(wait=True)
    return report([chosen[name].count for name in names], options.output)


def report(counts: list[Count], output: Path | None) -> int:
    """Print the table of all recipes; give 1 where a kill was seen."""
    table = pd.DataFrame([vars(count) for count in counts]).set_index("recipe")
    table.loc["all"] = table.sum()
    table.loc["all", "most_steps_lost"] = table["most_steps_lost"].iloc[:-1].max()
    print(table.to_string())
    if output is not None:
        output.parent.mkdir(parents=True, exist_ok=True)
        table.to_csv(output)
    seen = table.loc["all", ["unequal", "leftovers", "orphans", "failed"]].any()
    return int(seen or table.loc["all", "most_steps_lost"] > CHECKPOINT_EVERY)


if __name__ == "__main__":
    sys.exit(main())
