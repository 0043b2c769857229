"""The embedded corpus: tokens as the frontend gives them, true times, repeatable rendering."""

import wave

import numpy as np
import pytest

from speechlab.config import AudioSpec
from speechlab.data.embedded import rendering as embedded
from speechlab.data.embedded.rendering import (
    EmbeddedCorpus,
    EmbeddedUtterance,
    EmbeddedVoice,
    TimedToken,
    time_tokens,
    true_durations,
)
from speechlab.errors import SpeechlabError
from speechlab.text.espeak import engine
from speechlab.text.frontend import for_language
from speechlab.text.symbols import english_symbols, is_phone

SPEC = AudioSpec()
VOICES = embedded.VOICES  # before the fixture makes them few


@pytest.fixture(scope="module")
def small_voices():
    """Few sentences of two voices, in several shards."""
    patch = pytest.MonkeyPatch()
    patch.setattr(embedded, "VOICES", {"en": (EmbeddedVoice("en-us", 30, 6), EmbeddedVoice("en-us+f3", 8, 2))})
    patch.setattr(embedded, "SHARD_SIZE", 20)
    yield
    patch.undo()


@pytest.fixture(scope="module")
def corpus(small_voices, tmp_path_factory):
    return EmbeddedCorpus(tmp_path_factory.mktemp("embedded"))


def waveform_of(utterance: EmbeddedUtterance) -> np.ndarray:
    with wave.open(str(utterance.audio_path)) as file:
        assert file.getframerate() == utterance.sample_rate
        return np.frombuffer(file.readframes(file.getnframes()), np.int16)


def test_tokens_are_those_of_the_frontend_and_cover_the_audio(corpus):
    frontend = for_language("en")
    for utterance in corpus.utterances:
        assert utterance.symbols == frontend(utterance.text).symbols
        starts, ends = [t.start for t in utterance.tokens], [t.end for t in utterance.tokens]
        assert starts == [0, *ends[:-1]] and all(a < b for a, b in zip(starts, ends, strict=True))
        assert ends[-1] == utterance.n_samples == len(waveform_of(utterance))


def test_edges_and_marks_are_silent_where_vowels_sound(corpus):
    for utterance in corpus.of("en-us"):
        waveform = np.abs(waveform_of(utterance).astype(int))
        for token in utterance.tokens:
            level = waveform[token.start : token.end].max()
            if not is_phone(token.symbol):
                assert level < 30, (utterance.id, token)
            if token.symbol[0] == "'":
                assert level > 1000, (utterance.id, token)


def test_edge_silence_is_short(corpus):
    for utterance in corpus.of("en-us"):
        sound = np.flatnonzero(np.abs(waveform_of(utterance).astype(int)) > 60)
        assert sound[0] / 22_050 <= 0.1 and (utterance.n_samples - sound[-1]) / 22_050 <= 0.13


@pytest.mark.parametrize("spec", [SPEC, AudioSpec(sample_rate=16_000, hop_length=200), AudioSpec(hop_length=512)])
def test_durations_add_up_and_are_at_least_one_frame_where_there_is_room(corpus, spec):
    for utterance in corpus.utterances:
        symbols, durations = true_durations(utterance, spec)
        n_frames = round(utterance.n_samples * spec.sample_rate / 22_050) // spec.hop_length
        assert durations.dtype == np.int64 and durations.sum() == n_frames and len(symbols) == len(durations)
        assert (durations >= (1 if n_frames >= len(symbols) else 0)).all()
        true_ends = np.array([token.end for token in utterance.tokens]) / 22_050
        error = np.abs(durations.cumsum() * spec.hop_length / spec.sample_rate - true_ends)
        assert np.median(error) <= 0.5 * spec.hop_length / spec.sample_rate


def test_crowded_boundaries_move_as_little_as_is_needed():
    ends = [1000, 1010, 1020, 1030, 1040, 2560]
    tokens = tuple(TimedToken("a", start, end) for start, end in zip([0, *ends], ends, strict=False))
    utterance = EmbeddedUtterance("x", None, "", "", "train", 2560, tokens)
    assert true_durations(utterance, SPEC)[1].tolist() == [4, 1, 1, 1, 1, 2]
    assert true_durations(utterance, SPEC, n_frames=7)[1].tolist() == [2, 1, 1, 1, 1, 1]
    assert true_durations(utterance, SPEC, n_frames=4)[1].sum() == 4  # fewer frames than tokens: some stay empty


def test_rendering_is_repeatable_bit_for_bit(corpus, small_voices, tmp_path):
    again = EmbeddedCorpus(tmp_path)
    for first, second in zip(corpus.utterances, again.utterances, strict=True):
        assert first.tokens == second.tokens
        assert first.audio_path.read_bytes() == second.audio_path.read_bytes()


def test_a_rendering_is_kept_and_leaves_nothing_else_behind(corpus):
    before = corpus.folder.stat().st_mtime_ns
    assert len(EmbeddedCorpus(corpus.folder.parent)) == len(corpus)
    assert corpus.folder.stat().st_mtime_ns == before
    assert [path.name for path in corpus.folder.parent.iterdir()] == [corpus.folder.name]


def test_splits_and_voices_can_be_asked_for(corpus):
    assert len(corpus.of("en-us", "train")) == 30 and len(corpus.of("en-us", "validation")) == 6
    with pytest.raises(SpeechlabError, match="its speakers are en-us, en-us\\+f3"):
        corpus.of("en-gb")
    with pytest.raises(SpeechlabError, match="not 'tlh'"):
        EmbeddedCorpus(corpus.folder.parent, "tlh")


@pytest.mark.parametrize("language", ["en", "ru"])
def test_every_sentence_is_said_as_the_frontend_reads_it(language, monkeypatch):
    """No sentence is left out, no text is both trained on and held out, and every token has sound."""
    monkeypatch.setattr(embedded, "VOICES", VOICES)
    frontend, plan = for_language(language), embedded._plan(language, VOICES[language], 1)
    assert len({item["text"] for item in plan}) == len(plan) == len({item["id"] for item in plan})
    for item in plan[::2]:
        phonemes = frontend(item["text"])
        speech = engine().speak(phonemes.spoken, item["speaker"], item["rate"], item["pitch"])
        tokens, waveform = time_tokens(phonemes.symbols, speech)
        assert not phonemes.unknown and 1 < len(waveform) / 22_050 < 8
        if language == "en":
            english_symbols().ids(token.symbol for token in tokens)


def test_a_pause_without_a_mark_is_an_error():
    frontend = for_language("en")
    text = "Bad cats and happy lambs ran past the black van."  # the engine pauses before "and"
    with pytest.raises(SpeechlabError, match="expected the phone"):
        time_tokens(frontend(text).symbols, engine().speak(text))
