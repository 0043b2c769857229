"""Word error rate, with pocketsphinx as the offline judge of English: its US model comes in its wheel."""

import re
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from speechlab.audio.resample import resample

RECOGNISER_RATE = 16_000  # Hz
SILENCE = 1e-3  # peak, of full scale


def words_of(text: str) -> list[str]:
    """Lower-case words of a text without numbers, punctuation left out, apostrophes kept."""
    return re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)*", text.lower().replace("’", "'"))


def edit_distance(estimate: Sequence[str], reference: Sequence[str]) -> int:
    """Smallest number of substitutions, insertions and deletions between two sequences (Levenshtein)."""
    row = np.arange(len(estimate) + 1)
    for count, expected in enumerate(reference, 1):
        differs = np.array([word != expected for word in estimate], dtype=int)
        candidates = np.minimum(row[1:] + 1, row[:-1] + differs)
        row = np.concatenate([[count], candidates])
        for place in range(1, len(row)):  # insertions depend on the cell before
            row[place] = min(row[place], row[place - 1] + 1)
    return int(row[-1])


def word_errors(estimate: str, reference: str) -> tuple[int, int]:
    """Errors of a recognised text and the number of words that were said; the word error rate is their quotient."""
    expected = words_of(reference)
    return edit_distance(words_of(estimate), expected), len(expected)


@lru_cache(maxsize=1)
def recogniser():
    """Load the recogniser, once per process."""
    from pocketsphinx import Decoder

    return Decoder(samprate=RECOGNISER_RATE, loglevel="FATAL")


def recognise(waveform: np.ndarray, sample_rate: int) -> str:
    """Write down what pocketsphinx hears in a waveform (samples,) in [-1, 1]; empty where it hears nothing."""
    audio = resample(np.asarray(waveform, np.float32), sample_rate, RECOGNISER_RATE)
    peak = float(np.abs(audio).max(initial=0.0))
    if peak < SILENCE:  # the recogniser would hear words in it
        return ""
    decoder = recogniser()
    decoder.start_utt()
    decoder.process_raw((audio * (0.9 * 32767 / peak)).astype(np.int16).tobytes(), full_utt=True)
    decoder.end_utt()
    hypothesis = decoder.hyp()
    return hypothesis.hypstr if hypothesis else ""
