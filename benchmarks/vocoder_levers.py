"""What should a few minutes of one CPU core be spent on? One vocoder recipe, one lever changed at a time.

    python benchmarks/vocoder_levers.py --corpus FOLDER,FOLDER [--minutes 6] [--clips 12] [--runs FOLDER]

Every lever gets the same process time on one thread: its steps are as many as fit, by a few that are timed first. Those
of the first group start from nothing and have no discriminators unless they say so; those of the second go on from the
first group's ``source`` for as long again. Judged are held-out clips: mel L1 (natural logarithms of magnitude),
wide-band PESQ and DistillMOS, with intervals of 95 % over clips. A training that is finished is not run again. Writes
results/tables/vocoder_levers/levers.csv, and results/figures/vocoder_levers.png with the validation curves.
"""

import argparse
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
import torch

import speechlab
from speechlab.audio.io import Audio
from speechlab.data.corpora import load_corpus
from speechlab.data.waveforms import load_waveform
from speechlab.experiments import load_experiment
from speechlab.lab import find_root
from speechlab.metrics.intervals import bootstrap
from speechlab.metrics.spectral import mel_l1
from speechlab.metrics.timing import real_time_factor
from speechlab.pipelines.vocoder import Vocoder
from speechlab.training import train
from speechlab.training.logs import read_log

ALONE, AGAINST = "generator_only_steps=1000000", "generator_only_steps=0"
START = "source"  # the second group goes on from here
FROM_NOTHING = {
    "Vocos": [ALONE, "model.name=vocos_gen"],
    START: [ALONE],
    "source, no STFT loss": [ALONE, "stft_weight=0"],
    "source, no average of weights": [ALONE, "training.ema_decay=0"],
    "source, constant learning rate": [ALONE, "optimiser.schedule=constant"],
    "source, crops of half the length, twice as many": [ALONE, "segment_length=8192", "training.batch_size=8"],
    "source, discriminators from the first step": [AGAINST],
}
GOING_ON = {
    "then alone": [ALONE],
    "then MPD 1/8 and MRD 1/4": [AGAINST],
    "then MPD 1/4 and MRD 1/2": [AGAINST, "discriminator.widths=[0.25, 0.5]"],
    "then MRD 1/4": [AGAINST, "discriminator.names=[mrd]", "discriminator.widths=[0.25]"],
    "then MS-STFT 1/4": [AGAINST, "discriminator.names=[ms-stft_disc]", "discriminator.widths=[0.25]"],
}
TIMED = (4, 4, 24)  # steps of short trainings: the first warms up, the others' difference is the time of 20 steps
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


def steps_that_fit(experiment, minutes: float) -> int:
    """Count the steps of so many minutes of process time."""
    took = []
    for steps in TIMED:
        with tempfile.TemporaryDirectory() as folder:
            start = time.process_time()
            train(replace(of_length(experiment, steps), name="timed"), Path(folder) / "run")
            took.append(time.process_time() - start)
    return round(60 * minutes * (TIMED[2] - TIMED[1]) / (took[2] - took[1]))


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
    speed = f"{real_time_factor(vocoder.vocode, clips[0]):.4f}"
    return {"mel_l1": str(bootstrap(distances))} | heard | {"real_time_factor": speed}


def curve(run_dir: Path, minutes: float) -> tuple[list[float], list[float]]:
    """Minutes and the validation's mel L1."""
    rows = [row for row in read_log(run_dir) if "validation/mel_l1" in row]
    last = rows[-1]["step"]
    return [minutes * row["step"] / last for row in rows], [row["validation/mel_l1"] for row in rows]


def draw(curves: dict[str, tuple[list[float], list[float]]], path: Path, minutes: float) -> None:
    """One panel a group, against minutes of process time."""
    figure, panels = plt.subplots(1, 2, figsize=(11, 4), sharey=False, layout="constrained")
    for panel, group in zip(panels, (FROM_NOTHING, GOING_ON), strict=True):
        for name in group:
            if name in curves:
                panel.plot(*curves[name], marker="o", label=name)
        panel.set(xlabel="minutes of one core", ylabel="mel L1, held-out clips", xlim=(0, None))
        panel.legend(fontsize=8)
    panels[0].set(title="from nothing", yscale="log")
    panels[1].set(title=f"after {minutes:g} minutes of '{START}'")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150)


def main() -> None:
    """Train, judge and write, lever by lever."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", required=True, metavar="FOLDERS", help="separated by commas")
    parser.add_argument("--minutes", type=float, default=6.0, help="of process time for each training")
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
            overrides = [*overrides, f"initial={options.runs / START}"]
        experiment = experiment_of(overrides, options.corpus)
        if not run_dir.exists():
            train(of_length(experiment, steps_that_fit(experiment, options.minutes)), run_dir)
        curves[name] = curve(run_dir, options.minutes)
        steps = max(row["step"] for row in read_log(run_dir))
        rows.append({"lever": name, "steps": steps} | judge(run_dir, experiment, options.clips))
        print(rows[-1], flush=True)
        pd.DataFrame(rows).to_csv(results / "tables/vocoder_levers/levers.csv", index=False)
        draw(curves, results / "figures/vocoder_levers.png", options.minutes)


if __name__ == "__main__":
    main()
