"""Word and character error rates, by pocketsphinx, an offline recogniser of English: its US model is in its wheel."""

import re
from collections.abc import Sequence
from functools import lru_cache
from importlib.metadata import version

import numpy as np

from speechlab.audio.resample import resample
from speechlab.metrics.base import Metric, Unmeasurable
from speechlab.metrics.checks import require_measurable

RECOGNISER_RATE = 16_000  # Hz
SILENCE = 1e-3  # peak, of full scale
LONGEST_S = 300  # it takes about as long as the speech lasts


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


def error_rates(estimate: str, reference: str) -> tuple[float, float]:
    """Errors in percent of the words and of the characters of a text; may exceed 100.

    Characters are counted in the words as they are compared, with one space between two.

    Args:
        estimate: what was heard.
        reference: what is said: English with its numbers spelt out.

    Raises:
        Unmeasurable: the reference has digits, or no word that an English recogniser could hear.
    """
    expected, heard = words_of(reference), words_of(estimate)
    if re.search(r"\d", reference):
        raise Unmeasurable("the text has digits, which are spoken as words; spell them out")
    if not any(word.isascii() for word in expected):
        raise Unmeasurable("the text has no English word")
    characters, said = " ".join(expected), " ".join(heard)
    of_words = edit_distance(heard, expected) / len(expected)
    return 100 * of_words, 100 * edit_distance(said, characters) / len(characters)


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


class WordErrorRate(Metric):
    """Error rates of what pocketsphinx hears. It mishears natural speech too, so compare them with the recordings'.

    An item's value is its own rate, so their mean weighs short sentences more than the rate of a corpus would, which is
    the sum of all errors over the sum of all words.
    """

    outputs = ("wer_pocketsphinx", "cer_pocketsphinx")
    unit = "%"
    higher_is_better = False
    sample_rate = RECOGNISER_RATE
    needs_text = True

    @property
    def version(self) -> str:
        """The package; the US English model is its own."""
        return f"pocketsphinx {version('pocketsphinx')}, en-us"

    def prepare(self) -> None:
        """Load the recogniser."""
        recogniser()

    def compute(self, estimate, reference, sample_rate, text) -> dict[str, float]:
        """Score what is heard against the text."""
        require_measurable(estimate, None, sample_rate, LONGEST_S)
        return dict(zip(self.outputs, error_rates(recognise(estimate, sample_rate), text), strict=True))
