"""Does a book fit into memory? Sentences of random length, read one after another by ``Voice.stream`` on one core.

    python benchmarks/book_memory.py [VOICE] [--sentences 2000] [--seed 0]
    python benchmarks/book_memory.py [VOICE] --draw

Writes the memory of the process after every sentence to results/tables/book_memory/VOICE.csv as it goes, draws it in
results/figures/book_memory_VOICE.png, and prints how much it grows after the first 50 sentences (asked for: 50 MB at
most). Stopped before its end (Ctrl-C, SIGTERM), it draws what it has; --draw draws a table that is there. Sentences are
joined from one to three of the embedded corpus' grammar. Linux only: memory is read from /proc.
"""

import argparse
import csv
import random
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import torch

import speechlab
from speechlab.data.embedded.sentences import sentences
from speechlab.display.figures import COLOURS, INK, Plot, style_axes
from speechlab.lab import find_root

SETTLED = 50  # sentences after which memory should have found its level
ALLOWED_MB = 50.0  # of growth from there on
RESULTS = find_root() / "results"


class Row(NamedTuple):
    """After a sentence."""

    sentence: int
    resident_mb: float
    audio_s: float  # of speech so far


def book(n_sentences: int, language: str, seed: int) -> str:
    """Write a text of sentences whose lengths differ."""
    rng, plain = random.Random(seed), sentences(language, seed)
    parts = (" ".join(next(plain).rstrip(".!?") for _ in range(rng.randint(1, 3))) for _ in range(n_sentences))
    return " ".join(f"{part}." for part in parts)


def resident_mb() -> float:
    """Memory of this process that is in use now, in MB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 / 1e6


def read_aloud(voice: speechlab.Voice, text: str) -> Iterator[Row]:
    """Read a text; a row after every sentence."""
    audio_s = 0.0
    for number, audio in enumerate(voice.stream(text), 1):
        audio_s += audio.duration_s
        yield Row(number, round(resident_mb(), 1), round(audio_s, 1))


def measure(name: str, n_sentences: int, seed: int, table: Path) -> None:
    """Read a book with a voice, and write the table line by line."""
    torch.set_num_threads(1)
    voice = speechlab.Voice.load(name)
    table.parent.mkdir(parents=True, exist_ok=True)
    with table.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(Row._fields)
        for row in read_aloud(voice, book(n_sentences, voice.language, seed)):
            writer.writerow(row)
            file.flush()
            if row.sentence % 25 == 0:
                print(f"{row.sentence} sentences, {row.audio_s / 60:.0f} min: {row.resident_mb:.0f} MB", flush=True)


def growth(rows: list[Row]) -> float:
    """Give the highest memory after the first sentences over that at their end, in MB."""
    later = [row.resident_mb for row in rows if row.sentence >= SETTLED]
    return max(later) - later[0] if later else 0.0


def draw(rows: list[Row], voice: str, path: Path) -> None:
    """Draw memory over sentences."""
    plot = Plot(9, 3)
    axes = plot.subplots()
    axes.plot([row.sentence for row in rows], [row.resident_mb for row in rows], color=COLOURS[0], linewidth=1)
    axes.axvline(SETTLED, color=INK, linewidth=0.8, linestyle=":")
    spoken = f"{rows[-1].sentence} sentences, {rows[-1].audio_s / 60:.0f} min of speech"
    style_axes(axes, f"{spoken} by {voice}: {growth(rows):+.0f} MB after the first {SETTLED}", grid=True)
    axes.set_xlabel("sentences read")
    axes.set_ylabel("memory of the process, MB")
    axes.set_ylim(0, max(row.resident_mb for row in rows) * 1.15)
    axes.set_xlim(0, rows[-1].sentence)
    path.write_bytes(plot.encoded())


def main() -> int:
    """Read and draw; give 1 where memory grew by more than is allowed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("voice", nargs="?", default="en-kathleen")
    parser.add_argument("--sentences", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=0, help="of the text")
    parser.add_argument("--draw", action="store_true", help="only draw the table that is there")
    options = parser.parse_args()
    table = RESULTS / "tables" / "book_memory" / f"{options.voice}.csv"
    if not options.draw:
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            measure(options.voice, options.sentences, options.seed, table)
        except KeyboardInterrupt:
            print("stopped")
    with table.open(encoding="utf-8", newline="") as file:
        rows = [
            Row(int(number), float(memory), float(seconds)) for number, memory, seconds in list(csv.reader(file))[1:]
        ]
    draw(rows, options.voice, RESULTS / "figures" / f"book_memory_{options.voice}.png")
    settled = next((row.resident_mb for row in rows if row.sentence >= SETTLED), float("nan"))
    print(f"{settled:.0f} MB after {SETTLED} sentences, then {growth(rows):+.1f} MB at most in {rows[-1].sentence}")
    return int(growth(rows) > ALLOWED_MB)


if __name__ == "__main__":
    sys.exit(main())
