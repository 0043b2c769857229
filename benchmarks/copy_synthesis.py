"""Natural speech, and copies of it by Griffin-Lim and a vocoder: every metric that works here, with paired differences.

    python benchmarks/copy_synthesis.py --corpus FOLDER [--vocoder en-kathleen] [--clips 20]

Writes results/copy_synthesis/{natural,griffin-lim,VOCODER}/scores.csv and .json, and figure.png.
"""

import argparse

import pandas as pd

import speechlab
from speechlab.data.corpora import load_corpus
from speechlab.data.waveforms import load_waveform
from speechlab.display.scores import show_scores
from speechlab.experiments import load_experiment
from speechlab.lab import find_root

COLUMNS = ["mean", "low", "high", "n", "failures", "difference", "difference_low", "difference_high", "p"]


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
    folder = find_root() / "results" / "copy_synthesis"
    tables: dict[str, pd.DataFrame] = {}
    for name, clips in {"natural": natural, **copies}.items():
        baseline = copies["griffin-lim"] if name == options.vocoder else None
        tables[name] = speechlab.score(clips, natural, texts=texts, baseline=baseline, output=folder / name)
        print(f"\n{name}\n{tables[name][[c for c in COLUMNS if c in tables[name]]].round(3).to_string()}", flush=True)
    missing = tables["natural"].loc[tables["natural"]["n"] == 0, "note"]
    print("\n" + "\n".join(f"{name}: {note}" for name, note in missing.items()))
    show_scores({name: table for name, table in tables.items() if name != "natural"}).savefig(folder / "figure.png")


if __name__ == "__main__":
    main()
