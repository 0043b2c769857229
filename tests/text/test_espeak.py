"""The embedded synthesiser: its phonemes, its timings, and what it refuses."""

import threading

import numpy as np
import pytest

from speechlab.errors import SpeechlabError
from speechlab.text.espeak import engine


def test_phonemes_come_word_by_word():
    assert engine().phonemes("Hello, world!") == [[["h", "@", "l", "'oU"]], [["w", "'3:", "l", "d"]]]


def test_spoken_phones_are_those_of_the_phonemes_and_cover_the_audio():
    text = "The quick brown fox jumps over the lazy dog."
    speech = engine().speak(text)
    said = [label for label, _, _ in speech.phones if not label.startswith("_")]
    assert said == [phone for clause in engine().phonemes(text) for word in clause for phone in word]
    assert all(end == start for (_, _, end), (_, start, _) in zip(speech.phones, speech.phones[1:], strict=False))
    assert speech.phones[-1][2] == len(speech.waveform)
    assert [word for word, _, _ in speech.words] == text.rstrip(".").split()


def test_pauses_are_silent_and_vowels_are_not():
    speech = engine().speak("One, two; three.")
    waveform = speech.waveform.astype(float)
    for label, start, end in speech.phones:
        level = np.abs(waveform[start:end]).max(initial=0)
        if label.startswith("_"):
            assert level == 0
        if label.startswith("'"):
            assert level > 1000


def test_voices_and_variants_that_do_not_exist_are_refused():
    with pytest.raises(SpeechlabError, match="no voice 'nosuch'"):
        engine().speak("hello", "nosuch")
    with pytest.raises(SpeechlabError, match="no voice variant 'nosuch'"):
        engine().phonemes("hello", "en-us+nosuch")


def test_threads_take_turns():
    texts = [f"This is sentence {word}." for word in ("one", "two", "three", "four", "five", "six")]
    expected = [engine().phonemes(text) for text in texts]
    found: dict[str, list] = {}

    def work(text: str) -> None:
        for _ in range(20):
            engine().speak(text)
            found[text] = engine().phonemes(text)

    threads = [threading.Thread(target=work, args=(text,)) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [found[text] for text in texts] == expected


def test_rate_changes_length_and_not_phones():
    slow, fast = (engine().speak("A measured sentence.", rate=rate) for rate in (120, 240))
    assert [label for label, _, _ in slow.phones] == [label for label, _, _ in fast.phones]
    assert len(slow.waveform) > 1.5 * len(fast.waveform)
