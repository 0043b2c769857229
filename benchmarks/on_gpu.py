"""Train on a GPU that can be had for minutes only: pack here, train there, take weights and logs back.

    python benchmarks/on_gpu.py pack --data FOLDER [--packed .gpu] [--megabytes 55]
    python benchmarks/on_gpu.py train [--packed .gpu] --minutes 8 --to FOLDER

``pack`` writes what the two trainings need into one small folder: speech and noises as Vorbis (until the megabytes are
used up, half of them for noises, rooms and the first reader), and the bundled weights to go on from. ``train`` runs the
vocoder of all readers and the denoiser at the same time, each in a process of its own, against discriminators of full
width and with large batches; when the minutes are over both are stopped by SIGTERM, which leaves a checkpoint, and
their weights, cards and logs are copied, a few files of less than 16 MB each. ``--rehearse`` does the same with tiny
batches and narrow discriminators, to see on a CPU that all of it works. What comes back is continued with
``initial=FOLDER``, or judged by ``benchmarks/voices.py`` and ``benchmarks/held_out_pairs.py`` like any other weights.

Packing needs no GPU. Training needs PyTorch, lightning, librosa, soundfile, soxr, pyworld, pyloudnorm, omegaconf and
torch-pesq; espeak-ng is not needed, as neither of the two reads text.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import soundfile

from speechlab.audio.files import find_audio
from speechlab.audio.io import read_audio
from speechlab.checkpoints import find_folder

SPEECH = {"kathleen": 22_050, "ljspeech-mini": 22_050, "vctk-48k": 22_050, "ru-nsh": 16_000}  # Hz; in this order
NOISES = ("noise-esc10", "noise-snsd")
COMPRESSION = 0.6  # of Vorbis: about 40 kbit/s of speech
STARTS = {"vocoder": "readers-vocos", "denoiser": "denoise-16k"}
GRACE_S = 60  # for the last step and its checkpoint
OVERRIDES = {
    "vocoder": ["training.batch_size=16", "generator_only_steps=0", "discriminator.widths=[1.0, 1.0]",
                "optimiser.learning_rate=3e-4"],
    "denoiser": ["training.batch_size=32", "generator_only_steps=0", "discriminator.width=1.0",
                 "optimiser.learning_rate=5e-4"],
}  # fmt: skip
REHEARSED = {
    "vocoder": ["training.batch_size=1", "discriminator.widths=[0.05, 0.05]", "segment_length=4096"],
    "denoiser": ["training.batch_size=1", "discriminator.width=0.05", "segment_length=8192"],
}


def pack(data: Path, target: Path, megabytes: float) -> None:
    """Write speech, noises, rooms and weights; the first reader and the noises whole, others until there is no room."""
    shutil.rmtree(target, ignore_errors=True)
    for name in (*NOISES, "rir/16k"):
        for path in find_audio(data / name):
            write(path, target / "noise" / name.replace("/", "-") / f"{path.stem}.ogg", 16_000)
    for name in STARTS.values():
        shutil.copytree(find_folder(name), target / "weights" / name)
    for name, rate in SPEECH.items():
        packed, full = set(), False
        for number, path in enumerate(find_audio(data / name)):
            if full := number % 20 == 0 and size_mb(target) > megabytes:
                print(f"{target} is full: {number} recordings of {name}, and what comes after it is left out")
                break
            write(path, target / "speech" / name / "wavs" / f"{path.stem}.ogg", rate)
            packed.add(path.stem)
        lines = (data / name / "metadata.csv").read_text(encoding="utf-8").splitlines(keepends=True)
        there = [line for line in lines if Path(line.partition("|")[0].partition(",")[0]).stem in packed]
        (target / "speech" / name / "metadata.csv").write_text("".join(there), encoding="utf-8")
        if full:
            return


def write(source: Path, target: Path, rate: int) -> None:
    """Store a recording as Vorbis."""
    target.parent.mkdir(parents=True, exist_ok=True)
    waveform = read_audio(source, rate).waveform
    soundfile.write(target, np.clip(waveform, -1, 1), rate, "VORBIS", compression_level=COMPRESSION)


def size_mb(folder: Path) -> float:
    """Size of all files in it."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def commands(packed: Path, rehearse: bool) -> dict[str, list[str]]:
    """The two trainings, by the name of their runs."""
    speech = sorted(path for path in (packed / "speech").iterdir())
    noises = [str(packed / "noise" / name) for name in NOISES]
    folders = ", ".join(str(path / "wavs") for path in speech)
    common = ["--profile", "full", "training.steps=1000000", "training.checkpoint_every=500",
              "training.validate_every=500", "training.render_every=1000000", "training.log_every=20",
              "optimiser.schedule=constant", "training.n_workers=6"]  # fmt: skip
    made = {
        "vocoder": ["readers-vocos", f"corpus.path={','.join(map(str, speech))}"],
        "denoiser": ["folders-denoise", f"data.clean=[{folders}]", f"degradation.noises=[{', '.join(noises)}]",
                     f"degradation.babble=[{folders}]", f"degradation.rooms=[{packed / 'noise' / 'rir-16k'}]"],
    }  # fmt: skip
    return {
        name: [sys.executable, "-m", "speechlab", "train", *words, *common, *OVERRIDES[name],
               f"initial={packed / 'weights' / STARTS[name]}", *(REHEARSED[name] if rehearse else ()), "--name", name]
        for name, words in made.items()
    }  # fmt: skip


def train(packed: Path, minutes: float, target: Path, rehearse: bool) -> None:
    """Run both for so many minutes, stop them, and copy what they made."""
    runs = target / "runs"
    runs.mkdir(parents=True, exist_ok=True)
    environment = os.environ | {"SPEECHLAB_RUNS": str(runs), "SPEECHLAB_DATA": str(packed / "features")}
    processes = {}
    for name, command in commands(packed, rehearse).items():
        with (target / f"{name}.log").open("w", encoding="utf-8") as log:
            processes[name] = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=environment)
    end = time.monotonic() + 60 * minutes
    while time.monotonic() < end and any(process.poll() is None for process in processes.values()):
        time.sleep(1)
    for name, process in processes.items():
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(GRACE_S)
        print((target / f"{name}.log").read_text(encoding="utf-8")[-1000:])
        newest = max((runs / name / "checkpoints").glob("step-*"), default=None)
        if newest is None:
            raise SystemExit(f"{name} ended without a checkpoint; see {target / name}.log")
        for file in ("model.safetensors", "card.json", "checksums.json"):
            shutil.copy(newest / file, target / f"{name}-{file}")
        shutil.copy(runs / name / "log.jsonl", target / f"{name}-log.jsonl")
    shutil.rmtree(runs)


def main() -> None:
    """Pack or train."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("pack", "train"))
    parser.add_argument("--data", type=Path, help="folder of the corpora, for pack")
    parser.add_argument("--packed", type=Path, default=Path(".gpu"))
    parser.add_argument("--megabytes", type=float, default=55.0, help="that the packed folder may take")
    parser.add_argument("--minutes", type=float, default=8.0)
    parser.add_argument("--to", type=Path, help="for weights and logs, of train")
    parser.add_argument("--rehearse", action="store_true")
    options = parser.parse_args()
    if options.what == "pack":
        pack(options.data, options.packed, options.megabytes)
        print(f"{size_mb(options.packed):.0f} MB in {options.packed}")
    else:
        train(options.packed.resolve(), options.minutes, options.to.resolve(), options.rehearse)


if __name__ == "__main__":
    main()
