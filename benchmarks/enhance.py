"""How much memory and time does enhancement take? A long file through the Enhancer.

    python benchmarks/enhance.py --model denoise-16k [--minutes 60] [--speech FOLDER]

Prints the peak memory above the idle process (model loaded, nothing heard yet), real-time factors (the median of three
clips of 30 s, and the long file's), and how far the pieces are from the whole on 60 s: the level of the error, in dB of
the whole, away from the ends, and the log-spectral distance at the seams and elsewhere. Without a folder of speech the
input is noise that comes and goes; ``--model new`` takes a HiFi++ of the paper's size with random weights.
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
from speechlab.checkpoints import write_checkpoint
from speechlab.config import AudioSpec, to_dict
from speechlab.metrics.log_spectra import full_band_spec, log_spectrum
from speechlab.metrics.timing import real_time_factor
from speechlab.models import build
from speechlab.pipelines.enhancer import HIFIPP, Enhancer

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


def in_pieces_and_whole(enhancer: Enhancer, audio: Audio) -> tuple[Audio, Audio]:
    """Enhance a recording as a long one and at once."""
    pieces = enhancer.enhance(audio)
    windows, enhancer.windows = enhancer.windows, replace(enhancer.windows, length=2**30)
    whole = enhancer.enhance(audio)
    enhancer.windows = windows
    return pieces, whole


def error_level(pieces: Audio, whole: Audio) -> float:
    """Level in dB of what enhancement in pieces adds to that of the whole, away from the ends."""
    inside = slice(ENDS_S * whole.sample_rate, -ENDS_S * whole.sample_rate)
    error, reference = (pieces.waveform - whole.waveform)[inside], whole.waveform[inside]
    return 10 * np.log10(np.mean(error.astype(np.float64) ** 2) / np.mean(reference.astype(np.float64) ** 2) + 1e-20)


def distances(enhancer: Enhancer, pieces: Audio, whole: Audio) -> tuple[np.ndarray, np.ndarray]:
    """Log-spectral distance of pieces and whole in dB per frame: at the seams, and elsewhere."""
    spectra = [log_spectrum(audio.waveform, audio.sample_rate) for audio in (pieces, whole)]
    distance = (spectra[0] - spectra[1]).square().mean(0).sqrt().numpy()
    windows, hop = enhancer.windows, full_band_spec(whole.sample_rate).hop_length
    seconds = (np.arange(len(distance)) + 0.5) * hop / whole.sample_rate
    starts = windows.starts(round(whole.duration_s * enhancer.sample_rate))[1:]
    since = [seconds - start / enhancer.sample_rate for start in starts]
    seams = np.any([(after >= 0) & (after < windows.overlap / enhancer.sample_rate) for after in since], axis=0)
    return distance[seams], distance[~seams]


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
    pieces, whole = in_pieces_and_whole(enhancer, Audio(beginning, 16_000))
    seams, elsewhere = distances(enhancer, pieces, whole)
    print(f"{whole.duration_s:.0f} s in pieces: error {error_level(pieces, whole):.1f} dB of the whole", flush=True)
    print(f"log-spectral distance: {seams.mean():.2f} dB at the seams ({len(seams)} frames), "
          f"{elsewhere.mean():.2f} dB elsewhere", flush=True)  # fmt: skip


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
