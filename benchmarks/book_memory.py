"""Does a book fit into memory? Sentences of random length, read one after another by ``Voice.stream`` on one core.

    python benchmarks/book_memory.py [VOICE] [--sentences 2000] [--seed 0]

Writes the memory of the process after every sentence to results/tables/book_memory/VOICE.csv and draws it in
results/figures/book_memory_VOICE.png; prints how much it grows after the first 50 sentences (asked for: 50 MB at most).
Sentences are joined from one to three of the embedded corpus' grammar. Linux only: memory is read from /proc.
"""

import argparse
import csv
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import torch

import speechlab
from speechlab.data.embedded.sentences import sentences
from speechlab.display.figures import COLOURS, INK, Plot, style_axes
from speechlab.lab import find_root

SETTLED = 50  # sentences after which memory should have found its level
ALLOWED_MB = 50.0  # of growth from there on
COLUMNS = ("sentence", "resident_mb", "audio_s", "processor_s")


def book(n_sentences: int, language: str, seed: int) -> str:
    """Write a text of sentences whose lengths differ."""
    rng, plain = random.Random(seed), sentences(language, seed)
    parts = (" ".join(next(plain).rstrip(".!?") for _ in range(rng.randint(1, 3))) for _ in range(n_sentences))
    return " ".join(f"{part}." for part in parts)


def resident_mb() -> float:
    """Memory of this process that is in use now, in MB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 / 1e6


def read(voice: speechlab.Voice, text: str) -> Iterator[tuple[int, float, float, float]]:
    """Read a text; a row after every sentence: its number, memory in MB, seconds of speech and of processor so far."""
    audio_s, started = 0.0, time.process_time()
    for number, audio in enumerate(voice.stream(text), 1):
        audio_s += audio.duration_s
        yield number, resident_mb(), audio_s, time.process_time() - started


def growth(rows: list[tuple]) -> float:
    """Give the highest memory after the first sentences over that at their end, in MB."""
    settled = min(SETTLED, len(rows))
    return max(row[1] for row in rows[settled - 1 :]) - rows[settled - 1][1]


def draw(rows: list[tuple], voice: str, path: Path) -> None:
    """Draw memory over sentences."""
    plot = Plot(9, 3)
    axes = plot.subplots()
    axes.plot([row[0] for row in rows], [row[1] for row in rows], color=COLOURS[0], linewidth=1)
    axes.axvline(SETTLED, color=INK, linewidth=0.8, linestyle=":")
    hours = rows[-1][2] / 3600
    title = f"{len(rows)} sentences ({hours:.1f} h) by {voice}: {growth(rows):+.0f} MB after the first {SETTLED}"
    style_axes(axes, title, grid=True)
    axes.set_xlabel("sentences read")
    axes.set_ylabel("memory, MB")
    axes.set_ylim(0, max(row[1] for row in rows) * 1.15)
    axes.set_xlim(0, len(rows))
    path.write_bytes(plot.encoded())


def main() -> int:
    """Read, write and draw; give 1 where memory grew by more than is allowed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("voice", nargs="?", default="en-kathleen")
    parser.add_argument("--sentences", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=0, help="of the text")
    options = parser.parse_args()
    torch.set_num_threads(1)
    voice = speechlab.Voice.load(options.voice)
    rows = []
    for row in read(voice, book(options.sentences, voice.language, options.seed)):
        rows.append(row)
        if row[0] % 25 == 0:
            print(f"{row[0]} sentences, {row[2] / 60:.0f} min of speech: {row[1]:.0f} MB", flush=True)
    results = find_root() / "results"
    table = results / "tables" / "book_memory" / f"{options.voice}.csv"
    table.parent.mkdir(parents=True, exist_ok=True)
    with table.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows((number, *(f"{value:.1f}" for value in values)) for number, *values in rows)
    draw(rows, options.voice, results / "figures" / f"book_memory_{options.voice}.png")
    spoken = f"{rows[-1][2] / 3600:.2f} h of speech in {rows[-1][3] / 60:.1f} min of one core"
    print(f"{rows[SETTLED - 1][1]:.0f} MB after {SETTLED} sentences, then {growth(rows):+.1f} MB at most; {spoken}")
    return int(growth(rows) > ALLOWED_MB)


if __name__ == "__main__":
    sys.exit(main())
