"""``make bench``: how fast the parts are on this machine, one table. Medians of several runs; sizes, not tests."""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch

from speechlab.audio.griffin_lim import mel_to_waveform
from speechlab.audio.mel import MelSpectrogram
from speechlab.config import AudioSpec, CorpusConfig
from speechlab.data.corpora import load_corpus
from speechlab.data.features import extract_acoustic
from speechlab.layers.alignment import monotonic_alignment
from speechlab.models import build

SPEC = AudioSpec()
SECONDS = 4.0
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


def median_of(work: Callable[[], object], runs: int = 3) -> float:
    """Median time of a few runs in seconds, after one to warm up."""
    times = []
    for _ in range(runs + 1):
        started = time.perf_counter()
        work()
        if DEVICE == "cuda":
            torch.cuda.synchronize()
        times.append(time.perf_counter() - started)
    return statistics.median(times[1:])


def imports() -> list[tuple[str, str]]:
    """Time what a person waits for before anything happens."""
    rows = []
    for what, code in (("import speechlab", "import speechlab"), ("speechlab --help", "import speechlab.apps.cli")):
        seconds = median_of(lambda code=code: subprocess.run([sys.executable, "-c", code], check=True))
        rows.append((what, f"{seconds:.2f} s"))
    return rows


def signal_processing() -> list[tuple[str, str]]:
    """Time mel analysis and Griffin-Lim on one clip."""
    waveform = torch.randn(1, 1, int(SECONDS * SPEC.sample_rate)) * 0.1
    analyse = MelSpectrogram(SPEC)
    mel = analyse(waveform)
    return [
        ("mel spectrogram", real_time(median_of(lambda: analyse(waveform)))),
        ("Griffin-Lim, 60 iterations", real_time(median_of(lambda: mel_to_waveform(mel, SPEC), runs=1))),
    ]


def features() -> list[tuple[str, str]]:
    """Time mel, pitch and energy of the embedded corpus into an empty cache."""
    corpus = load_corpus(CorpusConfig(n_utterances=120))
    with tempfile.TemporaryDirectory() as cache:
        started = time.perf_counter()
        store = extract_acoustic(corpus, SPEC, cache=Path(cache))
        seconds = time.perf_counter() - started
        speech = sum(store.frames.values()) / SPEC.frame_rate  # read from the files in that folder
    return [("features with pitch, all cores", f"{speech / seconds:.0f} x real time")]


@torch.inference_mode()
def models() -> list[tuple[str, str]]:
    """Time text to mel, mel to waveform, and alignment."""
    frames = int(SECONDS * SPEC.frame_rate)
    mel = torch.randn(1, SPEC.n_mels, frames, device=DEVICE)
    rows = []
    for preset in ("v1", "v2", "v3"):
        generator = build("hifigan_gen", preset=preset).eval().fold().to(DEVICE)
        rows.append((f"HiFi-GAN {preset.upper()}", real_time(median_of(lambda generator=generator: generator(mel)))))
    acoustic = build("fastspeech2", n_symbols=100).eval().to(DEVICE)
    tokens = torch.randint(1, 100, (1, 60), device=DEVICE)
    lengths, durations = torch.tensor([60], device=DEVICE), torch.full((1, 60), frames // 60, device=DEVICE)
    rows.append(("FastSpeech 2, paper's size", real_time(median_of(lambda: acoustic(tokens, lengths, durations)))))
    scores = torch.log_softmax(torch.randn(16, frames, 60), dim=2)
    sizes = torch.full((16,), 60), torch.full((16,), frames)
    seconds = median_of(lambda: monotonic_alignment(scores, *sizes))
    rows.append(("monotonic search, batch of 16", f"{1000 * seconds:.1f} ms"))
    return rows


def real_time(seconds: float) -> str:
    """Say how many times faster than the sound's own length it was."""
    return f"{SECONDS / seconds:.1f} x real time"


if __name__ == "__main__":
    where = torch.cuda.get_device_name() if DEVICE == "cuda" else f"CPU, {torch.get_num_threads()} threads"
    print(f"{where}, PyTorch {torch.__version__}, {SECONDS:.0f} s clips", flush=True)
    for part in (imports, signal_processing, features, models):
        for name, number in part():
            print(f"{name:32} {number:>18}", flush=True)
