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
QUIET_DB = -35.0  # of a sentence's loud parts, below which its edges are silent
FRAME_S = 0.005  # in which the level is looked at


def word_cues(spoken: Spoken, start_s: float = 0.0) -> list[Cue]:
    """Give each word of a sentence that begins at ``start_s`` with its times."""
    sample_rate, frames = spoken.audio.sample_rate, int(spoken.durations.sum())
    frame_s = len(spoken.audio.waveform) / max(frames, 1) / sample_rate
    ends = np.concatenate([[0], np.cumsum(spoken.durations)]) * frame_s + start_s
    words = [word for word in spoken.text.words if word.end > word.start]
    cues = [Cue(float(ends[word.start]), float(ends[word.end]), word.text.replace("+", "")) for word in words]
    if cues:  # an aligner gives the silence around a sentence to its first and last phone
        heard = [start_s + edge for edge in audible(spoken.audio)]
        cues[0] = cues[0]._replace(start_s=min(max(cues[0].start_s, heard[0]), cues[0].end_s))
        cues[-1] = cues[-1]._replace(end_s=max(min(cues[-1].end_s, heard[1]), cues[-1].start_s))
    return cues


def audible(audio: Audio) -> tuple[float, float]:
    """Times in s between which there is something to hear; the whole of what is silent throughout."""
    length = round(FRAME_S * audio.sample_rate)
    frames = np.pad(audio.waveform, (0, -len(audio.waveform) % length)).reshape(-1, length)
    level = np.sqrt(np.mean(np.square(frames, dtype=np.float64), axis=1))
    loud = np.flatnonzero(level > np.percentile(level, 95) * 10 ** (QUIET_DB / 20))
    if not len(loud):
        return 0.0, audio.duration_s
    return loud[0] * length / audio.sample_rate, min((loud[-1] + 1) * length / audio.sample_rate, audio.duration_s)


class Timeline:
    """Cues of a script, sentence by sentence and word by word, gathered while it is said."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.sentences: list[Cue] = []
        self.words: list[Cue] = []

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
