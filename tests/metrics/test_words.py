"""Word error rate by worked examples, and the offline judge on the synthesiser it knows best."""

import numpy as np
import pytest

from speechlab.metrics.words import edit_distance, recognise, word_errors, words_of


def test_words_are_compared_without_case_and_punctuation():
    assert words_of("Don't stop, Mr. Smith!") == ["don't", "stop", "mr", "smith"]


@pytest.mark.parametrize(
    ("estimate", "reference", "expected"),
    [("a b c", "a b c", 0), ("", "a b c", 3), ("a x c", "a b c", 1), ("a c", "a b c", 1), ("a b b c d", "a b c", 2)],
)
def test_edit_distance_by_hand(estimate, reference, expected):
    assert edit_distance(estimate.split(), reference.split()) == expected
    assert edit_distance(reference.split(), estimate.split()) == expected


def test_errors_come_with_the_number_of_words():
    assert word_errors("the cat sat", "The cat sat down.") == (1, 4)


def test_silence_says_nothing():
    assert recognise(np.zeros(22_050, np.float32), 22_050) == ""


def test_natural_speech_is_mostly_understood(shared_data):
    from speechlab.audio.io import read_audio

    lines = (shared_data / "ljspeech-mini" / "metadata.csv").read_text(encoding="utf-8").splitlines()[:4]
    counts = []
    for line in lines:
        id, _, text = line.split("|")
        audio = read_audio(shared_data / "ljspeech-mini" / "wavs" / f"{id}.wav")
        counts.append(word_errors(recognise(audio.waveform, audio.sample_rate), text))
    assert sum(errors for errors, _ in counts) / sum(words for _, words in counts) < 0.45
