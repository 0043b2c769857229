"""Is our monotonic alignment search as fast as the compiled wheel that others use? Both in one run, in turns.

    pip install monotonic-alignment-search
    python benchmarks/mas.py [--batch 16] [--tokens 150] [--frames 800] [--runs 30]

Prints medians in ms with one and with two threads of PyTorch, and the median ratio of the times in a turn. Both
searches run in one thread, whatever is asked for: the wheel is compiled without OpenMP, and ours is done before threads
have started; the rest of the wheel's call is PyTorch. Its time is given twice: as its users call it, with masks, copies
and the path as a tensor, and the compiled search alone. Scores are multiples of 1/64, whose sums are exact in single
precision, so that both must find the same path, ties included; that is looked at with utterances of one length, which
are timed, and of different lengths.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from speechlab.layers.alignment import monotonic_alignment
from speechlab.layers.masks import length_mask

REST_S = 0.02  # before each call: the threads of the one before still spin for a while


def main() -> None:
    """Check that both agree, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--tokens", type=int, default=150)
    parser.add_argument("--frames", type=int, default=800)
    parser.add_argument("--runs", type=int, default=30)
    options = parser.parse_args()
    for shortest in (0.5, 1.0):
        scores, lengths, mel_lengths = batch_of(options.batch, options.tokens, options.frames, shortest)
        wheel, search_alone = of_the_wheel(scores, lengths, mel_lengths)
        ours = monotonic_alignment(scores, lengths, mel_lengths)
        if not torch.equal(ours, wheel().sum(2).long()):
            raise SystemExit("the two searches found different paths")
    print(f"batch {options.batch} x {options.tokens} tokens x {options.frames} frames: the same paths")
    print(f"{'threads':>7} {'ours, ms':>9} {'wheel, ms':>10} {'ratio':>6} {'its search alone, ms':>21} {'ratio':>6}")
    for threads in (1, 2):
        torch.set_num_threads(threads)
        times = in_turns([lambda: monotonic_alignment(scores, lengths, mel_lengths), wheel, search_alone], options.runs)
        mine, whole, alone = (1000 * statistics.median(column) for column in times)
        ratios = [statistics.median(a / b for a, b in zip(times[0], other, strict=True)) for other in times[1:]]
        print(f"{threads:7} {mine:9.2f} {whole:10.2f} {ratios[0]:6.2f} {alone:21.2f} {ratios[1]:6.2f}", flush=True)


def batch_of(batch: int, tokens: int, frames: int, shortest: float) -> tuple[Tensor, Tensor, Tensor]:
    """Give scores (batch, frames, tokens) with a diagonal to find, and lengths (batch,) of tokens and frames.

    Args:
        shortest: tokens and frames of the shortest utterance, as a share of the longest's.
    """
    generator = torch.Generator().manual_seed(0)
    shares = torch.linspace(1, shortest, batch)
    lengths, mel_lengths = (tokens * shares).long(), (frames * shares).long()
    position = torch.arange(frames)[:, None] / frames - torch.arange(tokens) / tokens
    scores = torch.randn(batch, frames, tokens, generator=generator) - (10 * position).square()
    return (64 * scores).round() / 64, lengths, mel_lengths


def of_the_wheel(scores: Tensor, lengths: Tensor, mel_lengths: Tensor) -> tuple[Callable, Callable]:
    """Give the wheel's public call and its compiled search, ready to be called, on scores in its own layout."""
    try:
        from monotonic_alignment_search import maximum_path
        from monotonic_alignment_search.core import maximum_path_c
    except ModuleNotFoundError:
        raise SystemExit("there is nothing to compare with: pip install monotonic-alignment-search") from None

    value = scores.transpose(1, 2).contiguous()  # (batch, tokens, frames)
    mask = (length_mask(lengths).unsqueeze(2) & length_mask(mel_lengths).unsqueeze(1)).float()
    sizes = lengths.numpy().astype(np.int32), mel_lengths.numpy().astype(np.int32)
    path, work = np.zeros(value.shape, np.int32), (value * mask).numpy()  # it sums up in place: later runs see sums

    return lambda: maximum_path(value, mask), lambda: maximum_path_c(path, work, *sizes)


def in_turns(calls: list[Callable[[], object]], runs: int) -> list[list[float]]:
    """Time every call once in each turn, after one turn to warm up; seconds, a list for each call."""
    times: list[list[float]] = [[] for _ in calls]
    for _ in range(runs + 1):
        for call, column in zip(calls, times, strict=True):
            time.sleep(REST_S)
            started = time.perf_counter()
            call()
            column.append(time.perf_counter() - started)
    return [column[1:] for column in times]


if __name__ == "__main__":
    main()
