"""One small page about one enhanced recording, to forward: before and after in one player, and what became of words."""

from collections.abc import Mapping
from difflib import SequenceMatcher
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from speechlab.audio.io import Audio
from speechlab.audio.resample import resample
from speechlab.audio.streaming import read_beginning
from speechlab.display.report import write_report
from speechlab.metrics.base import Unavailable, Unmeasurable

if TYPE_CHECKING:
    from speechlab.metrics.whisper import WhisperErrorRate
    from speechlab.pipelines.enhancer import EnhancedFile

LONGEST_S = 60.0  # of a long recording its beginning is shown
HEARD_S = 30  # Whisper listens to so much at once
HELD = "None: Whisper hears the same {n} words before and after."
CAUTION = (
    "Whisper was asked what it hears before and after. Where it hears something else, listen: the model may have lost "
    "a word, or made one up; or Whisper heard it better than before."
)


def write_comparison(done: "EnhancedFile", facts: Mapping[str, Any], path: Path) -> Path:
    """Write the page of one enhanced file.

    Args:
        done: what was done; both files are still there.
        facts: about the model, a row each.
        path: of the page.

    Returns:
        The page's path.

    Raises:
        SpeechlabError: one of the files cannot be read.
    """
    before, after = (read_beginning(file, LONGEST_S) for file in (done.source, done.target))
    rows = {
        **facts,
        "channels": done.channels,
        "sample rate": f"{done.sample_rate} Hz",
        "length": clock(done.duration_s),
    }
    table = pd.DataFrame.from_dict(
        {name: str(value) for name, value in rows.items() if value not in (None, "")}, orient="index", columns=[""]
    )
    sections = {
        "Listen": {"before": before, "after": after},
        "What was done": [table, *done.notes],
        "Words at risk": words_section(before, after),
    }
    part = f"the first {LONGEST_S:.0f} s of {clock(done.duration_s)}" if done.duration_s > LONGEST_S else ""
    return write_report(path, done.source.name, sections, part)


def clock(seconds: float) -> str:
    """Write a duration as people say it."""
    return f"{seconds:.1f} s" if seconds < 120 else f"{seconds / 60:.1f} min"


def words_section(before: Audio, after: Audio) -> list[Any]:
    """Words that are heard differently; or why that is not known, with the command that helps."""
    try:
        words, n_words = words_at_risk(before, after)
    except Unavailable as error:
        return [f"Not looked for: {error}"]
    if not n_words and words.empty:
        return ["Whisper hears no English words, neither before nor after."]
    return [CAUTION, words] if len(words) else [HELD.format(n=n_words)]


def words_at_risk(before: Audio, after: Audio) -> tuple[pd.DataFrame, int]:
    """Compare what Whisper hears, in pieces of 30 s.

    Returns:
        A row per difference: the piece's beginning (s), the words before and those after; and the number of words that
        are heard before.

    Raises:
        Unavailable: Whisper's weights are not here; names the command that gets them.
    """
    judge = whisper()
    rows, n_words = [], 0
    for start in range(0, max(int(np.ceil(before.duration_s)), 1), HEARD_S):
        old, new = (hear(judge, audio, start) for audio in (before, after))
        n_words += len(old)
        for kind, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
            if kind != "equal":
                rows.append({"from s": start, "before": " ".join(old[a:b]) or "-", "after": " ".join(new[c:d]) or "-"})
    return pd.DataFrame(rows), n_words


@lru_cache(maxsize=1)
def whisper() -> "WhisperErrorRate":
    """Load Whisper, once per process."""
    from speechlab.metrics.whisper import WhisperErrorRate

    judge = WhisperErrorRate()
    judge.prepare()
    return judge


def hear(judge: "WhisperErrorRate", audio: Audio, start_s: int) -> list[str]:
    """Words that are heard in the piece of 30 s from there on; none in silence."""
    from speechlab.metrics.pretrained import require_speech
    from speechlab.metrics.words import words_of

    first = start_s * audio.sample_rate
    piece = resample(audio.waveform[first : first + HEARD_S * audio.sample_rate], audio.sample_rate, judge.sample_rate)
    try:
        require_speech(piece)
    except Unmeasurable:
        return []
    return words_of(judge.hear(piece))
