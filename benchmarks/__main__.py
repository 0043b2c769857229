"""``make bench``: how fast the parts are on this machine, one table of medians; sizes, not tests.

Each part is also given as a ratio: its time over that of the same known work, the product of two matrices of
1024 x 1024, timed just before it in the same run. The ratio moves far less than the time between a busy and an idle
machine.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import torch

from speechlab.audio.griffin_lim import mel_to_waveform
from speechlab.audio.mel import MelSpectrogram
from speechlab.config import AudioSpec, CorpusConfig
from speechlab.data.corpora import load_corpus
from speechlab.data.datasets import EpochSampler, VocoderDataset, collate_vocoder
from speechlab.data.embedded.sentences import sentences
from speechlab.data.features import extract_acoustic
from speechlab.layers.alignment import monotonic_alignment
from speechlab.models import build, fold
from speechlab.text.frontend import for_language

SPEC = AudioSpec()
SECONDS = 4.0
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
Row = tuple[str, float, float]  # what, seconds it takes, seconds of speech in it (0: none)


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


def baseline() -> float:
    """Seconds of the known work."""
    left, right = torch.randn(2, 1024, 1024, device=DEVICE)
    return median_of(lambda: left @ right, runs=15)


def imports() -> Iterator[Row]:
    """Time what a person waits for before anything happens."""
    for what, code in (("import speechlab", "import speechlab"), ("speechlab --help", "import speechlab.apps.cli")):
        yield what, median_of(lambda code=code: subprocess.run([sys.executable, "-c", code], check=True)), 0.0


def signal_processing() -> Iterator[Row]:
    """Time mel analysis and Griffin-Lim on one clip."""
    waveform = torch.randn(1, 1, int(SECONDS * SPEC.sample_rate)) * 0.1
    analyse = MelSpectrogram(SPEC)
    mel = analyse(waveform)
    yield "mel spectrogram", median_of(lambda: analyse(waveform)), SECONDS
    yield "Griffin-Lim, 60 iterations", median_of(lambda: mel_to_waveform(mel, SPEC), runs=1), SECONDS


def data() -> Iterator[Row]:
    """Time the features of the embedded corpus into an empty cache, and what a vocoder's step waits for a batch."""
    corpus = load_corpus(CorpusConfig(n_utterances=120))
    with tempfile.TemporaryDirectory() as cache:
        started = time.perf_counter()
        store = extract_acoustic(corpus, SPEC, cache=Path(cache))
        seconds = time.perf_counter() - started
        speech = sum(store.frames.values()) / SPEC.frame_rate  # read from the files in that folder
    yield "features with pitch, all cores", seconds, speech
    dataset = VocoderDataset(corpus.split("train"), corpus.config, SPEC, 8192, 0, None)
    batches = iter(torch.utils.data.DataLoader(
        dataset, batch_sampler=EpochSampler(len(dataset), 16, 0, None, 0, 0, 1), collate_fn=collate_vocoder
    ))  # fmt: skip
    yield "one batch, 16 x 8192 samples", median_of(lambda: next(batches), runs=5), 16 * 8192 / SPEC.sample_rate


def reading() -> Iterator[Row]:
    """Time the frontends on sentences that they have not met; each has loaded what it needs."""
    for language in ("en", "ru"):
        frontend, texts = for_language(language), list(islice(sentences(language, seed=0), 201))
        frontend(texts[0])
        started = time.process_time()
        for text in texts[1:]:
            frontend(text)
        yield f"200 sentences read, {language}", time.process_time() - started, 0.0


@torch.inference_mode()
def models() -> Iterator[Row]:
    """Time text to mel, mel to waveform, and alignment."""
    frames = int(SECONDS * SPEC.frame_rate)
    mel = torch.randn(1, SPEC.n_mels, frames, device=DEVICE)
    for preset in ("v1", "v2", "v3"):
        generator = fold(build("hifigan_gen", preset=preset).eval()).to(DEVICE)
        yield f"HiFi-GAN {preset.upper()}", median_of(lambda generator=generator: generator(mel)), SECONDS
    acoustic = build("fastspeech2", n_symbols=100).eval().to(DEVICE)
    tokens = torch.randint(1, 100, (1, 60), device=DEVICE)
    lengths, durations = torch.tensor([60], device=DEVICE), torch.full((1, 60), frames // 60, device=DEVICE)
    yield "FastSpeech 2, paper's size", median_of(lambda: acoustic(tokens, lengths, durations)), SECONDS
    scores = torch.log_softmax(torch.randn(16, frames, 60), dim=2)
    sizes = torch.full((16,), 60), torch.full((16,), frames)
    yield "monotonic search, batch of 16", median_of(lambda: monotonic_alignment(scores, *sizes)), 16 * SECONDS


def metrics() -> Iterator[Row]:
    """Time the metrics that work without fetched weights, on one clip of noise-like speech."""
    from speechlab.metrics.base import Unavailable

    rng = np.random.default_rng(0)
    for name in ("wb_pesq", "estoi", "mcd", "dnsmos"):
        metric = metrics[name]()
        rate = metric.sample_rate or SPEC.sample_rate
        times = np.arange(int(SECONDS * rate)) / rate
        clean = (0.3 * np.sign(np.sin(2 * np.pi * 120 * times)) * np.sin(2 * np.pi * 3 * times) ** 2).astype(np.float32)
        noisy = (clean + 0.01 * rng.standard_normal(len(clean))).astype(np.float32)
        try:
            metric.prepare()
        except Unavailable as error:
            print(f"{name}: {error}")
            continue
        yield name, median_of(lambda m=metric, a=noisy, b=clean, r=rate: m.compute(a, b, r, None)), SECONDS


def main() -> None:
    """Print the table, a row as soon as it is measured."""
    where = torch.cuda.get_device_name() if DEVICE == "cuda" else f"CPU, {torch.get_num_threads()} threads"
    print(f"{where}, PyTorch {torch.__version__}, {SECONDS:.0f} s clips", flush=True)
    print(f"{'':32} {'ms':>10} {'x real time':>12} {'x baseline':>11}")
    for part in (imports, reading, signal_processing, data, models, metrics):
        known = baseline()
        for name, seconds, speech in part():
            real_time = f"{speech / seconds:.1f}" if speech else ""
            print(f"{name:32} {1000 * seconds:10.1f} {real_time:>12} {seconds / known:11.2f}", flush=True)


if __name__ == "__main__":
    main()
