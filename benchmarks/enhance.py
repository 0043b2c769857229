"""How much memory and time does enhancement take? A long file through the Enhancer.

    python benchmarks/enhance.py --model denoise-16k [--minutes 60] [--speech FOLDER]

Prints the peak memory above the idle process (model loaded, nothing heard yet), real-time factors (the median of three
clips of 30 s, and the long file's), and how far the pieces are from the whole on 60 s: the level of the error, in dB of
the whole, away from the ends. Without a folder of speech the input is noise that comes and goes; ``--model new`` takes
a HiFi++ of the paper's size with random weights.
"""

import argparse
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from speechlab.audio.files import find_audio
from speechlab.audio.io import Audio, read_audio
from speechlab.audio.resample import resample
from speechlab.audio.streaming import AudioWriter, read_beginning
from speechlab.config import AudioSpec, to_dict
from speechlab.metrics.timing import real_time_factor
from speechlab.models import build
from speechlab.pipelines.enhancer import HIFIPP, Enhancer
from speechlab.training.checkpoints import write_checkpoint

RATE = 48_000  # Hz, of the long file, as phones record
CLIP_S, WHOLE_S, ENDS_S = 30, 60, 3


def resident_mb() -> float:
    """Memory of this process in MB."""
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1000
    raise SystemExit("this benchmark reads /proc/self/status, which only Linux has")


class Peak:
    """Highest memory of this process in MB while the block runs, looked at every 10 ms."""

    def __enter__(self) -> "Peak":
        self.mb, self.done = resident_mb(), threading.Event()
        self.watcher = threading.Thread(target=self.watch)
        self.watcher.start()
        return self

    def watch(self) -> None:
        """Look until told to stop."""
        while not self.done.wait(0.01):
            self.mb = max(self.mb, resident_mb())

    def __exit__(self, *_: object) -> None:
        self.done.set()
        self.watcher.join()


def speech(folder: str | None) -> Iterator[np.ndarray]:
    """Give clips (samples,) at 48 kHz without end: those of a folder, or noise that comes and goes."""
    rng = np.random.default_rng(0)
    files = find_audio(folder) if folder else []
    while True:
        for file in files:
            yield read_audio(file, RATE).waveform
        if not files:
            loudness = 0.05 + 0.15 * np.sin(np.pi * np.arange(4 * RATE) / RATE) ** 2
            yield (loudness * rng.standard_normal(4 * RATE)).clip(-1, 1).astype(np.float32)


def write_long(path: Path, seconds: float, folder: str | None) -> None:
    """Write a mono file of that length."""
    left = round(seconds * RATE)
    with AudioWriter(path, RATE, 1, left) as writer:
        for clip in speech(folder):
            writer.write(clip[:left, None])
            left -= min(len(clip), left)
            if not left:
                return


def new_model(folder: Path) -> Path:
    """Write a HiFi++ of the paper's size with random weights."""
    torch.manual_seed(0)
    card = {"model": HIFIPP, "sizes": {}, "audio": to_dict(AudioSpec(sample_rate=16_000)), "task": "denoising"}
    write_checkpoint(folder, build(HIFIPP).state_dict(), card)
    return folder


def error_in_pieces(enhancer: Enhancer, audio: Audio) -> float:
    """Level in dB of what enhancement in pieces adds to that of the whole, away from the ends."""
    pieces = enhancer.enhance(audio).waveform
    windows, enhancer.windows = enhancer.windows, replace(enhancer.windows, length=2**30)
    whole = enhancer.enhance(audio).waveform
    enhancer.windows = windows
    inside = slice(ENDS_S * audio.sample_rate, -ENDS_S * audio.sample_rate)
    error, reference = (pieces - whole)[inside], whole[inside]
    return 10 * np.log10(np.mean(error.astype(np.float64) ** 2) / np.mean(reference.astype(np.float64) ** 2) + 1e-20)


def measure(model: str, minutes: float, folder: str | None, temporary: Path) -> None:
    """Measure and print."""
    write_long(temporary / "long.wav", 60 * minutes, folder)
    enhancer = Enhancer.load(new_model(temporary / "new") if model == "new" else model)
    print(f"{model} on {enhancer.device}, {torch.get_num_threads()} threads, PyTorch {torch.__version__}", flush=True)
    beginning = resample(read_beginning(temporary / "long.wav", WHOLE_S).waveform, RATE, 16_000)
    idle = resident_mb()
    with Peak() as peak:
        done = enhancer.enhance_file(temporary / "long.wav", temporary / "out.wav")
    print(f"{minutes:g} min: real-time factor {done.seconds / done.duration_s:.3f}, "
          f"memory {peak.mb - idle:.0f} MB above the idle {idle:.0f} MB", flush=True)  # fmt: skip
    clip = Audio(beginning[: CLIP_S * 16_000], 16_000)
    factor = real_time_factor(enhancer.enhance, clip)
    print(f"{clip.duration_s:.0f} s: real-time factor {factor:.3f}, median of 3", flush=True)
    error_db = error_in_pieces(enhancer, Audio(beginning, 16_000))
    print(f"{len(beginning) / 16_000:.0f} s in pieces: error {error_db:.1f} dB of the whole", flush=True)


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="denoise-16k")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--speech", metavar="FOLDER", help="recordings to fill the file with")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        measure(options.model, options.minutes, options.speech, Path(temporary))


if __name__ == "__main__":
    main()
