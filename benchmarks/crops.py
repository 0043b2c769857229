"""What batch size and crop length do to a vocoder's training: steps a second, load, and quality for the same time.

    python benchmarks/crops.py [--experiment embedded-hifigan] [--batches 16,32,64] [--crops 3,10] [--minutes 5]

Report 000 found crops of 10 s too slow, went to 3 s and kept batches of 32; report 001 took crops of 8192 samples. Here
every pair trains for as many minutes as every other, from the same seed; key=value changes the experiment. Columns:
steps a second; seconds of speech heard each second; load, of the GPU where there is one, else of the cores that PyTorch
has; largest memory of the GPU; mel L1 of held-out clips at the end, which is quality for the time, not for the steps.
Writes crops.json to results/tables.
"""

import argparse
import json
import os
import tempfile
import time
from pathlib import Path

import torch

from speechlab.errors import SpeechlabError
from speechlab.experiments import load_experiment
from speechlab.lab import find_root
from speechlab.registry import trainers
from speechlab.training.engine import Engine
from speechlab.training.recipes.hifipp import GRID

WARM_UP_STEPS = 2  # not timed: the first steps of a device are slow


def main() -> None:
    """Train every pair for its time, print a row each, and keep the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--experiment", default="embedded-hifigan")
    parser.add_argument("--profile", default=os.environ.get("SPEECHLAB_PROFILE") or "smoke")
    parser.add_argument("--batches", default="16,32,64", help="sizes, with commas")
    parser.add_argument("--crops", default="3,10", help="lengths in seconds, with commas")
    parser.add_argument("--minutes", type=float, default=5.0, help="of training for each pair")
    parser.add_argument("overrides", nargs="*", metavar="key=value")
    options = parser.parse_args()
    rows = []
    for crop_s in map(float, options.crops.split(",")):
        for batch in map(int, options.batches.split(",")):
            try:
                rows.append(measured(options, batch, crop_s))
            except torch.OutOfMemoryError:
                torch.cuda.empty_cache()
                rows.append({"crop_s": crop_s, "batch": batch, "note": "out of memory"})
            print(json.dumps(rows[-1]), flush=True)
    folder = find_root() / "results" / "tables"
    folder.mkdir(parents=True, exist_ok=True)
    record = {"experiment": options.experiment, "profile": options.profile, "minutes": options.minutes, "rows": rows}
    (folder / "crops.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    print(f"the table is in {folder / 'crops.json'}")


def measured(options: argparse.Namespace, batch: int, crop_s: float) -> dict[str, float]:
    """Train with one batch size and crop length for the given time, and measure."""
    with tempfile.TemporaryDirectory() as folder:
        engine = make_engine(options, batch, crop_s, Path(folder) / "run")
        batches, loads = engine.batches(), []
        for engine.step in range(1, WARM_UP_STEPS + 1):
            engine.train_one(batches)
        first, started, cpu = engine.step, time.perf_counter(), time.process_time()
        while time.perf_counter() - started < 60 * options.minutes:
            engine.step += 1
            engine.train_one(batches)
            if torch.cuda.is_available():
                loads.append(torch.cuda.utilization())
        seconds, spent = time.perf_counter() - started, time.process_time() - cpu
        with engine.averaged():
            numbers = engine.recipe.validate()
        engine.close()
    rate = (engine.step - first) / seconds
    audio = engine.experiment.audio.sample_rate
    heard = rate * batch * engine.experiment.segment_length / audio
    load = sum(loads) / len(loads) if loads else 100 * spent / seconds / torch.get_num_threads()
    row = {"crop_s": crop_s, "batch": batch, "steps": engine.step, "steps_per_s": rate, "speech_s_per_s": heard,
           "load_percent": load, "mel_l1": numbers["mel_l1"]}  # fmt: skip
    if torch.cuda.is_available():
        row["gpu_gb"] = torch.cuda.max_memory_allocated() / 1e9
        torch.cuda.reset_peak_memory_stats()
    return {name: round(value, 3) for name, value in row.items()}


def make_engine(options: argparse.Namespace, batch: int, crop_s: float, folder: Path) -> Engine:
    """Make the engine of a vocoder experiment with such batches of such crops.

    Raises:
        SpeechlabError: the experiment trains no vocoder.
    """
    plain = load_experiment(options.experiment, options.profile, options.overrides)
    if not hasattr(plain, "segment_length"):
        raise SpeechlabError(f"{options.experiment} learns from whole utterances; name a vocoder's experiment")
    grid = GRID if hasattr(plain, "data") else plain.audio.hop_length
    segment = max(round(crop_s * plain.audio.sample_rate / grid), 1) * grid
    sizes = [f"training.batch_size={batch}", f"segment_length={segment}", "validation.metrics=[]"]
    experiment = load_experiment(options.experiment, options.profile, [*options.overrides, *sizes])
    return Engine(trainers[experiment.recipe](experiment), folder)


if __name__ == "__main__":
    main()
