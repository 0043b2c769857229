"""When each word of a spoken script is heard, and speech fitted to given times: a model's durations are exact."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from speechlab.audio.io import Audio
from speechlab.errors import SpeechlabError
from speechlab.pipelines.voice import PACE_RANGE, Said, Spoken, Voice
from speechlab.text.subtitles import Cue

MARKS = re.compile(r"\A\s*(?:#{1,6}|[-*+>|])\s+")  # of a heading or an item: not words
MOST_PACE = 1.5  # times the wanted pace; beyond it nobody follows
HASTE = 1.02  # faster than computed: phones are whole frames, and pauses of punctuation do not shrink alike
LATE_S = 0.05  # a cue that ends so much later is in time
MARGIN_S = 0.02  # of the model's silence that is left at the edges of a fitted sentence


def word_cues(spoken: Spoken, start_s: float = 0.0) -> list[Cue]:
    """Give each word of a sentence that begins at ``start_s`` with its times."""
    sample_rate, frames = spoken.audio.sample_rate, int(spoken.durations.sum())
    frame_s = len(spoken.audio.waveform) / max(frames, 1) / sample_rate
    ends = np.concatenate([[0], np.cumsum(spoken.durations)]) * frame_s + start_s
    words = (word for word in spoken.text.words if word.end > word.start)
    return [Cue(float(ends[word.start]), float(ends[word.end]), word.text.replace("+", "")) for word in words]


class Timeline:
    """Cues of a script, sentence by sentence and word by word, gathered while it is said."""

    def __init__(self) -> None:
        self.now_s, self.sentences, self.words = 0.0, [], []

    def add(self, said: Said) -> None:
        """Note what was said next."""
        words = word_cues(said.spoken, self.now_s) if said.spoken else []
        if words:
            text = MARKS.sub("", " ".join(said.line.text.split()))
            self.sentences.append(Cue(words[0].start_s, words[-1].end_s, text))
        self.words += words
        self.now_s += said.audio.duration_s


class Fitted(NamedTuple):
    """A cue that was said at its time, or as near as could be."""

    cue: Cue
    start_s: float  # when it is heard; later than the cue's own where the one before it ran over
    late_s: float  # how much after the cue's end it ends, 0 where it fits
    pace: float  # with which it was said
    audio: Audio  # from the end of the cue before, with the silence that leads to it


def fit_to_times(voice: Voice, cues: Sequence[Cue], pace: float = 1.0, **controls: float | None) -> Iterator[Fitted]:
    """Say subtitles at their times: faster where a cue is short, and late where even that is not enough.

    Args:
        pace: the wanted one; a cue is said up to ``MOST_PACE`` times faster.
        controls: as for ``Voice.speak``.

    Raises:
        SpeechlabError: there is nothing to read in a cue, or a control is out of range.
    """
    rate, now = voice.spec.sample_rate, 0
    for cue in cues:
        start = max(round(cue.start_s * rate), now)
        room = cue.end_s - start / rate
        waveform = said_whole(voice, cue.text, pace, controls)
        used = pace
        if len(waveform) / rate > room:
            used = min(pace * min(HASTE * len(waveform) / rate / max(room, 1e-3), MOST_PACE), PACE_RANGE[1])
            waveform = said_whole(voice, cue.text, used, controls)
        end = start + len(waveform)
        late_s = max(end / rate - cue.end_s, 0.0)
        silence = np.zeros(start - now, np.float32)
        yield Fitted(cue, start / rate, late_s if late_s > LATE_S else 0.0, used,
                     Audio(np.concatenate([silence, waveform]), rate))  # fmt: skip
        now = end


def said_whole(voice: Voice, text: str, pace: float, controls: dict) -> np.ndarray:
    """Say a cue without the silence at its edges, (samples,).

    Raises:
        SpeechlabError: there is nothing to read in it.
    """
    from speechlab.text.script import read_script

    lines = read_script(text, voice.language)
    if not lines:
        raise SpeechlabError(f"there is nothing to read in the cue {text!r}")
    said = list(voice.perform(lines, pace, **controls))
    waveform = np.concatenate([part.audio.waveform for part in said])
    timeline = Timeline()
    for part in said:
        timeline.add(part)
    rate = voice.spec.sample_rate
    first = max(round((timeline.words[0].start_s - MARGIN_S) * rate), 0)
    last = round((timeline.words[-1].end_s + MARGIN_S) * rate)
    return waveform[first:last]
