"""Natural speech, and copies of it by Griffin-Lim and a vocoder: every metric that works here, with paired differences.

    python benchmarks/copy_synthesis.py --corpus FOLDER [--vocoder en-kathleen] [--clips 20]

Writes tables, one per system and one per pair of systems, and figure.png to results/tables/copy_synthesis.
"""

import argparse
from itertools import combinations

import pandas as pd

import speechlab
from speechlab.data.corpora import load_corpus
from speechlab.data.waveforms import load_waveform
from speechlab.display.scores import show_scores
from speechlab.experiments import load_experiment
from speechlab.lab import find_root
from speechlab.metrics.table import compared
from speechlab.metrics.timing import real_time_factor


def main() -> None:
    """Measure, print, and keep tables and figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", required=True, help="folder of the recordings")
    parser.add_argument("--experiment", default="kathleen-hifigan", help="whose held-out clips to take")
    parser.add_argument("--vocoder", default="en-kathleen")
    parser.add_argument("--clips", type=int, default=20)
    options = parser.parse_args()
    experiment = load_experiment(options.experiment, "full", [f"corpus.path={options.corpus}"])
    rate = experiment.audio.sample_rate
    held_out = load_corpus(experiment.corpus).split("validation")[: options.clips]
    natural = {
        item.id: speechlab.Audio(load_waveform(item.audio_path, rate, experiment.corpus), rate) for item in held_out
    }
    vocoders = {
        "griffin-lim": speechlab.Vocoder.griffin_lim(experiment.audio),
        options.vocoder: speechlab.Vocoder.load(options.vocoder),
    }
    copies = {name: {id: vocoder.vocode(audio) for id, audio in natural.items()} for name, vocoder in vocoders.items()}
    texts = {item.id: item.text for item in held_out}
    folder = find_root() / "results" / "tables" / "copy_synthesis"
    tables: dict[str, pd.DataFrame] = {}
    for name, clips in {"natural": natural, **copies}.items():
        tables[name] = speechlab.score(clips, natural, texts=texts, output=folder / name)
        print(f"\n{name}\n{tables[name][['mean', 'low', 'high', 'n', 'failures']].round(3).to_string()}", flush=True)
    for one, other in combinations(tables, 2):
        pairs = differences(tables[other], tables[one])
        pairs.to_csv(folder / f"{other} minus {one}.csv", encoding="utf-8")
        print(f"\n{other} minus {one}\n{pairs.round(4).to_string()}", flush=True)
    missing = tables["natural"].loc[tables["natural"]["version"] == "", "note"]
    print("\n" + "\n".join(f"{name}: {note}" for name, note in missing.items()))
    longest = max(natural.values(), key=lambda audio: audio.duration_s)
    for name, vocoder in vocoders.items():
        speed = real_time_factor(vocoder.vocode, longest)
        print(f"{name}: real-time factor {speed:.3f}, weights {vocoder.checkpoint}")
    (folder / "figure.png").write_bytes(show_scores(tables).encoded())


def differences(estimates: pd.DataFrame, baseline: pd.DataFrame) -> pd.DataFrame:
    """Compare two tables of the same items, clip by clip."""
    rows = {name: compared(values(estimates, name), values(baseline, name)) for name in estimates.index}
    columns = ["difference", "difference_low", "difference_high", "p", "pairs"]
    return pd.DataFrame.from_dict(rows, orient="index")[columns].query("pairs > 0")


def values(table: pd.DataFrame, metric: str) -> dict[str, float]:
    """Values of one metric by item."""
    items = table.attrs["items"]
    return {item["id"]: item["value"] for item in items if item["metric"] == metric and item["value"] is not None}


if __name__ == "__main__":
    main()
