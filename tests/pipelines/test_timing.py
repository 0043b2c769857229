"""Words are heard when their cues say so, and subtitles are said at their times."""

import numpy as np
import pytest

from speechlab.audio.io import Audio
from speechlab.pipelines.timing import LATE_S, MARGIN_S, MOST_PACE, Timeline, fit_to_times, word_cues
from speechlab.pipelines.voice import Voice
from speechlab.text.script import read_script
from speechlab.text.subtitles import Cue

TEXT = "The cat sat on the mat. Two dogs ran!\n\nDid three birds sing?"


@pytest.fixture(scope="module")
def voice(voice_folder):
    return Voice.load(voice_folder)


def test_cues_are_where_the_durations_put_the_words(voice):
    timeline, now = Timeline(), 0
    lines = read_script(TEXT)
    for said in voice.perform(lines):
        timeline.add(said)
        [sentence] = [cue for cue in timeline.sentences[-1:]]
        frame = voice.spec.hop_length
        first, last = said.spoken.text.words[0], said.spoken.text.words[-1]
        before = now + frame * said.spoken.durations[: first.start].sum()
        until = now + frame * said.spoken.durations[: last.end].sum()
        assert sentence.start_s * voice.spec.sample_rate == pytest.approx(before, abs=1)
        assert sentence.end_s * voice.spec.sample_rate == pytest.approx(until, abs=1)
        now += len(said.audio.waveform)
    assert [cue.text for cue in timeline.sentences] == [line.text for line in lines]
    times = [time for cue in timeline.words for time in (cue.start_s, cue.end_s)]
    assert times == sorted(times) and times[-1] <= now / voice.spec.sample_rate
    assert [cue.text for cue in timeline.words][:3] == ["The", "cat", "sat"]


def timed_by_durations(spoken):
    """Cues of a sentence as the model's durations have them."""
    rate, durations = spoken.audio.sample_rate, spoken.durations
    hop = len(spoken.audio.waveform) / durations.sum() / rate
    return [
        Cue(hop * durations[: word.start].sum(), hop * durations[: word.end].sum(), word.text)
        for word in spoken.text.words
    ]


def test_silence_at_the_edges_of_a_sentence_is_no_part_of_its_cue(voice):
    [said] = voice.perform(read_script("The cat sat on the mat."))
    spoken, rate = said.spoken, voice.spec.sample_rate
    [first, *_, last] = word_cues(spoken)
    quiet = round((first.start_s + 0.6 * (first.end_s - first.start_s)) * rate)
    waveform = spoken.audio.waveform.copy()
    waveform[:quiet] *= 1e-3  # 60 dB down
    [heard, *others, end] = word_cues(spoken._replace(audio=Audio(waveform, rate)))
    assert heard.start_s * rate == pytest.approx(quiet, abs=0.006 * rate) and heard.end_s == first.end_s
    assert end == last and others == word_cues(spoken)[1:-1]
    silent = word_cues(spoken._replace(audio=Audio(0 * waveform, rate)))
    for cue, timed in zip(silent, timed_by_durations(spoken), strict=True):
        assert cue.text == timed.text and cue[:2] == pytest.approx(timed[:2])


def test_louder_lines_are_louder_and_pauses_silent(voice):
    [plain] = voice.perform(read_script("The cat sat."))
    loud, silence = voice.perform(read_script('<prosody volume="+6dB">The cat sat.</prosody><break time="1s"/>x'))
    length = len(plain.audio.waveform)
    assert loud.audio.waveform[:length] == pytest.approx(plain.audio.waveform * 10 ** (6 / 20), rel=1e-4)
    assert len(loud.audio.waveform) == length + voice.spec.sample_rate and not loud.audio.waveform[length:].any()


def test_subtitles_are_said_at_their_times_and_faster_where_they_must(voice):
    whole = next(fit_to_times(voice, [Cue(0.0, 100.0, "The cat sat on the mat.")])).audio.duration_s
    cues = [
        Cue(1.0, 1.0 + whole + 0.5, "The cat sat on the mat."),
        Cue(8.0, 8.0 + whole / 1.2, "The cat sat on the mat."),
        Cue(16.0, 16.0 + whole / 9, "The cat sat on the mat."),
        Cue(16.2, 30.0, "Two dogs ran."),
    ]
    fitted = list(fit_to_times(voice, cues))
    assert [item.start_s for item in fitted[:3]] == pytest.approx([1.0, 8.0, 16.0], abs=1e-3)
    assert fitted[0].pace == 1 and 1 < fitted[1].pace < MOST_PACE and fitted[2].pace == pytest.approx(MOST_PACE)
    assert [item.late_s > 0 for item in fitted] == [False, False, True, False]
    ends = np.cumsum([item.audio.duration_s for item in fitted])
    assert ends[1] <= cues[1].end_s + LATE_S and fitted[3].start_s == pytest.approx(ends[2], abs=1e-3)
    sound = fitted[0].audio.waveform
    assert not sound[: voice.spec.sample_rate - 1].any() and MARGIN_S < 0.05
