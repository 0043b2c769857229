"""FastSpeech and FastSpeech 2, with Pre-LN and with Post-LN, on one reader: what report 003 compared.

    python benchmarks/report003.py --corpus kathleen/ [--profile full] [--steps 6000] [--vocoder readers-vocos]

Trains the aligner and the four models of report 003, which differ in nothing else, or goes on with them; lets each say
the same held-out sentences through one vocoder; and prints, beside the recordings, their steps, mel L1, correlation of
durations and predicted opinion with its interval. Writes report003.json and the clips to results/report003.
"""

import argparse
import json
from pathlib import Path

import speechlab
from speechlab.data.corpora import load_corpus
from speechlab.experiments import load_experiment
from speechlab.lab import find_root
from speechlab.training import train
from speechlab.training.logs import read_log

MODELS = tuple(f"report003-fastspeech{version}-{norm}" for version in ("", "2") for norm in ("pre", "post"))
NUMBERS = ("validation/mel_l1", "validation/duration_correlation")


def main() -> None:
    """Train, speak, score, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", required=True, help="folder of the recordings and their transcripts")
    parser.add_argument("--profile", default="full")
    parser.add_argument("--steps", type=int, help="of each of the four (default: their own)")
    parser.add_argument("--vocoder", default="readers-vocos")
    parser.add_argument("--sentences", type=int, default=10, help="held-out sentences to say")
    options = parser.parse_args()
    train(load_experiment("kathleen-aligner", options.profile, [f"corpus.path={options.corpus}"]))
    folder = find_root() / "results" / "report003"
    corpus = load_corpus(load_experiment(MODELS[0], options.profile, [f"corpus.path={options.corpus}"]).corpus)
    held_out = corpus.split("validation")[: options.sentences]
    rows = {"recorded": opinion({item.id: item.audio_path for item in held_out})}
    for name in MODELS:
        steps = [f"training.steps={options.steps}"] if options.steps else []
        result = train(load_experiment(name, options.profile, [f"corpus.path={options.corpus}", *steps]))
        clips = speak(result.run_dir, options.vocoder, held_out, folder / name)
        rows[name] = {"steps": result.step, **last_numbers(result.run_dir), **opinion(clips)}
        print(name, rows[name], flush=True)
    (folder / "report003.json").write_text(json.dumps(rows, indent=1), encoding="utf-8")
    print(json.dumps(rows, indent=1), f"clips and numbers are in {folder}", sep="\n")


def speak(run_dir: Path, vocoder: str, sentences: list, folder: Path) -> dict[str, Path]:
    """Say sentences by a trained model, into a file each; by the sentences' names."""
    voice = speechlab.Voice.load(run_dir, vocoder)
    folder.mkdir(parents=True, exist_ok=True)
    clips = {}
    for item in sentences:
        clips[item.id] = folder / f"{item.id}.wav"
        voice.say(item.text).save(clips[item.id])
    return clips


def opinion(clips: dict[str, Path]) -> dict[str, float]:
    """Mean predicted opinion, with its 95 % interval."""
    row = speechlab.score(clips, metrics=["distillmos"], n_jobs=1).loc["distillmos"]
    return {name: round(float(row[name]), 3) for name in ("mean", "low", "high")} | {"n": int(row["n"])}


def last_numbers(run_dir: Path) -> dict[str, float]:
    """The last validation of a run."""
    last = [record for record in read_log(run_dir) if NUMBERS[0] in record][-1]
    return {name.removeprefix("validation/"): round(last[name], 4) for name in NUMBERS}


if __name__ == "__main__":
    main()
