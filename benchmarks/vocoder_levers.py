"""What should a few minutes of one CPU core be spent on? One vocoder recipe, one lever changed at a time.

    python benchmarks/vocoder_levers.py --corpus FOLDER,FOLDER [--steps 300] [--clips 12] [--runs FOLDER]

Every lever gets the time of so many steps of ``source`` on one thread: steps of both are taken in turn and timed, so
that a busy machine slows both, and the lever gets as many steps as fit. Those of the first group start from nothing and
have no discriminators unless they say so; those of the second go on from the first group's ``source`` for as long
again. Judged are held-out clips: mel L1 (natural logarithms of magnitude), wide-band PESQ and DistillMOS, with
intervals of 95 % over clips. A training that was begun is continued. Writes
results/tables/vocoder_levers/levers.csv, and results/figures/vocoder_levers.png with the validation curves.
"""

import argparse
import json
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch

import speechlab
from speechlab.audio.io import Audio
from speechlab.checkpoints import find_checkpoint, write_checkpoint
from speechlab.data.corpora import load_corpus
from speechlab.data.waveforms import load_waveform
from speechlab.experiments import load_experiment
from speechlab.lab import find_root
from speechlab.metrics.intervals import bootstrap
from speechlab.metrics.spectral import mel_l1
from speechlab.pipelines.vocoder import Vocoder
from speechlab.registry import trainers
from speechlab.training import train
from speechlab.training.engine import Engine
from speechlab.training.logs import read_log

ALONE, AGAINST = "generator_only_steps=1000000", "generator_only_steps=0"
START = "source"  # the second group goes on from here
FROM_NOTHING = {
    "Vocos": [ALONE, "model.name=vocos_gen"],
    START: [ALONE],
    "source, discriminators from the first step": [AGAINST],
    "source, crops of half the length, twice as many": [ALONE, "segment_length=8192", "training.batch_size=8"],
}
GOING_ON = {
    "then alone": [ALONE],
    "then MPD 1/8 and MRD 1/4": [AGAINST],
    "then MRD 1/4": [AGAINST, *(f"discriminator.{what}" for what in ("names=[mrd]", "widths=[0.25]", "weights=[0.1]"))],
    "then MPD 1/4 and MRD 1/2": [AGAINST, "discriminator.widths=[0.25, 0.5]"],
}
WARM_UP, TIMED = 2, 9  # steps
N_VALIDATIONS = 6
JUDGE_RATE = 16_000  # Hz


def experiment_of(overrides: list[str], corpus: str):
    """The recipe of the bundled vocoder for all readers, on one thread, with a lever changed."""
    common = [f"corpus.path={corpus}", "training.n_threads=1", "training.n_workers=0", "optimiser.warmup_steps=20"]
    held_out = ["validation.metrics=[]", "corpus.n_validation=12"]
    quiet = ["training.render_every=1000000", "optimiser.learning_rate=1e-3"]
    return load_experiment("readers-vocos", "full", [*common, *held_out, *quiet, *overrides])


def of_length(experiment, steps: int):
    """Plan a training of so many steps, its schedule included."""
    every = max(steps // N_VALIDATIONS, 1)
    training = replace(experiment.training, steps=steps, validate_every=every, checkpoint_every=steps, log_every=every)
    return replace(experiment, training=training)


class Stepper:
    """Takes steps of a training on one batch, and its time."""

    def __init__(self, experiment, folder: Path):
        self.engine = Engine(trainers[experiment.recipe](experiment), folder)
        self.batch, self.seconds = next(self.engine.batches()), []

    def step(self) -> None:
        """One more."""
        self.engine.step += 1
        start = time.process_time()
        self.engine.recipe.train_step([self.batch])
        self.seconds.append(time.process_time() - start)


def relative_time(experiment, corpus: str) -> float:
    """Time of a step beside that of one of ``source``: median of paired ratios."""
    with tempfile.TemporaryDirectory() as folder:
        pair = [Stepper(one, Path(folder) / str(number)) for number, one in
                enumerate((experiment, experiment_of(FROM_NOTHING[START], corpus)))]  # fmt: skip
        for _ in range(WARM_UP + TIMED):
            for stepper in pair:
                stepper.step()
    ratios = np.array(pair[0].seconds[WARM_UP:]) / np.array(pair[1].seconds[WARM_UP:])
    return float(np.median(ratios))


def generator_alone(run_dir: Path) -> Path:
    """A run's generator without its discriminators, which others may not have."""
    newest, target = find_checkpoint(run_dir), run_dir.with_name(f"{run_dir.name}-weights")
    if not target.exists():
        write_checkpoint(target, newest.weights, newest.card)
    return target


def planned(name: str, experiment, options: argparse.Namespace) -> int:
    """Steps that take as long as those of ``source``."""
    return options.steps if name == START else round(options.steps / relative_time(experiment, options.corpus))


def steps_of(run_dir: Path) -> int:
    """Steps that a run was planned for, so that it is continued; 0 where there is none."""
    config = run_dir / "config.json"
    return json.loads(config.read_text(encoding="utf-8"))["training"]["steps"] if config.is_file() else 0


def judge(run_dir: Path, experiment, n_clips: int) -> dict[str, object]:
    """Copies of held-out clips, scored; intervals as text."""
    vocoder, spec = Vocoder.load(run_dir), experiment.audio
    corpus, rate = load_corpus(experiment.corpus), spec.sample_rate
    clips = [
        Audio(load_waveform(item.audio_path, rate, corpus.config), rate)
        for item in corpus.split("validation")[:n_clips]
    ]
    copies = [vocoder.vocode(clip) for clip in clips]
    distances = [mel_l1(copy.waveform, clip.waveform, spec) for copy, clip in zip(copies, clips, strict=True)]
    scores = speechlab.score(copies, clips, "wb_pesq", n_jobs=1)
    scores = pd.concat([scores, speechlab.score(copies, metrics="distillmos", n_jobs=1)])
    heard = {name: "{mean:.2f} [{low:.2f}, {high:.2f}]".format(**row) for name, row in scores.iterrows()}
    return {"mel_l1": str(bootstrap(distances))} | heard


def curve(run_dir: Path) -> tuple[list[float], list[float]]:
    """Share of the time that has passed, and the validation's mel L1."""
    rows = [row for row in read_log(run_dir) if "validation/mel_l1" in row]
    last = rows[-1]["step"]
    return [row["step"] / last for row in rows], [row["validation/mel_l1"] for row in rows]


def draw(curves: dict[str, tuple[list[float], list[float]]], path: Path, steps: int) -> None:
    """One panel a group, against the time that all have alike."""
    figure, panels = plt.subplots(1, 2, figsize=(11, 4), sharey=False, layout="constrained")
    for panel, group in zip(panels, (FROM_NOTHING, GOING_ON), strict=True):
        for name in group:
            if name in curves:
                panel.plot(*curves[name], marker="o", label=name)
        panel.set(
            xlabel=f"time, in that of {steps} steps of '{START}'", ylabel="mel L1, held-out clips", xlim=(0, None)
        )
        panel.legend(fontsize=8)
    panels[0].set(title="from nothing", yscale="log")
    panels[1].set(title=f"after {steps} steps of '{START}'")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150)


def main() -> None:
    """Train, judge and write, lever by lever."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", required=True, metavar="FOLDERS", help="separated by commas")
    parser.add_argument("--steps", type=int, default=300, help="of 'source'; others get as many as take as long")
    parser.add_argument("--clips", type=int, default=12)
    parser.add_argument("--runs", type=Path, default=find_root() / "results/runs/levers")
    options = parser.parse_args()
    torch.set_num_threads(1)
    rows, curves = [], {}
    results = find_root() / "results"
    (results / "tables/vocoder_levers").mkdir(parents=True, exist_ok=True)
    for name, overrides in (FROM_NOTHING | GOING_ON).items():
        run_dir = options.runs / name.replace(" ", "_").replace("/", "-")
        if name in GOING_ON:
            overrides = [*overrides, f"initial={generator_alone(options.runs / START)}"]
        experiment = experiment_of(overrides, options.corpus)
        train(of_length(experiment, steps_of(run_dir) or planned(name, experiment, options)), run_dir)
        curves[name] = curve(run_dir)
        steps = max(row["step"] for row in read_log(run_dir))
        rows.append({"lever": name, "steps": steps} | judge(run_dir, experiment, options.clips))
        print(rows[-1], flush=True)
        pd.DataFrame(rows).to_csv(results / "tables/vocoder_levers/levers.csv", index=False)
        draw(curves, results / "figures/vocoder_levers.png", options.steps)


if __name__ == "__main__":
    main()
