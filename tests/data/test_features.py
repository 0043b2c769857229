"""The feature cache: what is kept, what is computed again, what is refused, and that one bad file stops nothing."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from speechlab.audio.mel import MelSpectrogram
from speechlab.config import AudioSpec, CorpusConfig
from speechlab.data import features
from speechlab.data.corpora import TRAIN, Corpus, Utterance
from speechlab.data.features import extract_acoustic, tokenise
from speechlab.data.storage import safe_name
from speechlab.data.store import FeatureStore
from speechlab.errors import SpeechlabError
from speechlab.files import write_atomically
from speechlab.text.english.frontend import EnglishFrontend
from speechlab.text.symbols import SymbolTable, english_symbols

SPEC = AudioSpec()


def vowel(duration_s: float, sample_rate: int = 22_050, pitch: float = 150.0) -> np.ndarray:
    """A buzzing tone with a little noise, that pitch tracking finds voiced."""
    time = np.arange(round(duration_s * sample_rate)) / sample_rate
    tone = sum(np.sin(2 * np.pi * pitch * number * time) / number for number in range(1, 8))
    return 0.1 * tone + np.random.default_rng(0).normal(0, 1e-3, len(time))


def corpus_of(folder: Path, **waveforms: np.ndarray) -> Corpus:
    """A corpus of 22,050 Hz files with the text of each in its place."""
    folder.mkdir(parents=True, exist_ok=True)
    for id, waveform in waveforms.items():
        soundfile.write(folder / f"{id}.wav", waveform, 22_050)
    utterances = tuple(Utterance(id, folder / f"{id}.wav", "a big bad cat.") for id in waveforms)
    return Corpus("test", utterances, "", "", 22_050, CorpusConfig("folder", str(folder)))


@pytest.fixture
def corpus(tmp_path):
    lengths = {"one": 0.6, "two": 0.8, "three": 1.0}
    return corpus_of(tmp_path / "audio", **{id: vowel(length) for id, length in lengths.items()})


@pytest.fixture
def store(corpus, tmp_path):
    return extract_acoustic(corpus, SPEC, tmp_path / "cache")


def modified(store: FeatureStore) -> dict[str, int]:
    return {id: store.acoustic_path(id).stat().st_mtime_ns for id in store.ids}


def test_the_mel_is_that_of_the_waveform_and_all_three_have_its_frames(store):
    item = store.acoustic("two")
    waveform = torch.from_numpy(store.waveform("two"))[None, None]
    np.testing.assert_allclose(item.mel, MelSpectrogram(SPEC)(waveform)[0], atol=1e-5)
    assert item.frames == len(item.pitch) == len(item.energy) == waveform.shape[-1] // SPEC.hop_length
    assert store.ids == ["one", "two", "three"]  # the order of the corpus
    assert not store.quarantined()


def test_a_constant_offset_is_removed_unless_told_otherwise(tmp_path):
    shifted = corpus_of(tmp_path / "a", one=vowel(0.5) + 0.2)
    kept = replace(shifted, config=replace(shifted.config, remove_offset=False))
    plain, offset = (extract_acoustic(corpus, SPEC, tmp_path / "cache").acoustic("one") for corpus in (shifted, kept))
    assert offset.mel[0].mean() > plain.mel[0].mean() + 1  # and the two lie in different folders


def test_only_a_new_or_changed_recording_is_computed(corpus, store, tmp_path):
    before = modified(store)
    soundfile.write(corpus["two"].audio_path, vowel(0.7), 22_050)
    (tmp_path / "audio" / "four.wav").write_bytes(corpus["one"].audio_path.read_bytes())
    four = Utterance("four", tmp_path / "audio" / "four.wav", "four")
    again = extract_acoustic(replace(corpus, utterances=(*corpus.utterances, four)), SPEC, tmp_path / "cache")
    after = modified(again)
    assert {id for id in before if before[id] != after[id]} == {"two"}
    assert again.ids == ["one", "two", "three", "four"]
    assert again.frames["two"] == round(0.7 * 22_050) // SPEC.hop_length


def test_a_touched_recording_with_the_same_content_is_not_computed_again(corpus, store, tmp_path):
    before = modified(store)
    os.utime(corpus["one"].audio_path, ns=(1, 1))
    assert modified(extract_acoustic(corpus, SPEC, tmp_path / "cache")) == before


def test_a_damaged_feature_file_is_computed_again(corpus, store, tmp_path):
    path = store.acoustic_path("one")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert extract_acoustic(corpus, SPEC, tmp_path / "cache").acoustic("one").frames > 0
    assert path.read_bytes() == whole


def test_workers_give_the_same_files_as_one_process(corpus, store, tmp_path, monkeypatch):
    monkeypatch.setattr(features, "FEW_FILES", 0)
    parallel = extract_acoustic(corpus, SPEC, tmp_path / "other", n_jobs=2)
    for id in store.ids:
        assert parallel.acoustic_path(id).read_bytes() == store.acoustic_path(id).read_bytes()


def test_another_analysis_lies_elsewhere_and_joining_them_raises(corpus, store, tmp_path):
    other = FeatureStore(corpus, replace(SPEC, f_max=11_025.0), tmp_path / "cache")
    assert other.ids == []
    other.acoustic_folder.mkdir()
    other.acoustic_path("one").write_bytes(store.acoustic_path("one").read_bytes())
    with pytest.raises(SpeechlabError, match=r"f_max +11025.0 +8000.0 +<- differs"):
        other.acoustic("one")


def test_bad_files_are_handled_or_listed_and_the_rest_is_complete(corpus, tmp_path):
    folder = tmp_path / "audio"
    (folder / "corrupt.wav").write_bytes(b"RIFF" + bytes(range(256)) * 8)
    (folder / "empty.wav").write_bytes(b"")
    soundfile.write(folder / "silent.wav", np.zeros(22_050), 22_050)
    soundfile.write(folder / "stereo.wav", np.stack([vowel(0.9, 44_100)] * 2, axis=1), 44_100)
    soundfile.write(folder / "short.wav", vowel(0.05), 22_050)
    soundfile.write(folder / "instant.wav", vowel(0.005), 22_050)
    nan = np.full(22_050, np.nan, dtype=np.float32)
    soundfile.write(folder / "nan.wav", nan, 22_050, subtype="FLOAT")
    bad = ["corrupt", "empty", "silent", "stereo", "short", "instant", "nan", "missing"]
    added = [Utterance(id, folder / f"{id}.wav", "a big bad cat.") for id in bad]
    wordy = Utterance("wordy", folder / "one.wav", "far too long a sentence for its sound, " * 5)
    mute = Utterance("mute", folder / "one.wav", "")
    emoji = Utterance("emoji", folder / "two.wav", "good ☃ day")
    all_of_them = replace(corpus, utterances=(*corpus.utterances, *added, wordy, mute, emoji))

    store = extract_acoustic(all_of_them, SPEC, tmp_path / "cache")
    store.use_alignment(english_symbols().to_list(), "test")
    tokens = tokenise(store, EnglishFrontend(), english_symbols())

    assert list(tokens) == ["one", "two", "three", "stereo"]
    assert store.frames["stereo"] == round(0.9 * 22_050) // SPEC.hop_length
    reasons = {row.id: f"{row.layer}: {row.reason}" for row in store.quarantined()}
    assert set(reasons) == {
        "corrupt",
        "empty",
        "silent",
        "instant",
        "nan",
        "missing",
        "short",
        "wordy",
        "mute",
        "emoji",
    }
    for id, word in {"silent": "silent", "instant": "too short", "nan": "NaN", "missing": "missing.wav"}.items():
        assert word in reasons[id] and reasons[id].startswith("acoustic")
    for id, word in {
        "short": "too long for its audio",
        "wordy": "tokens",
        "mute": "no transcript",
        "emoji": "☃",
    }.items():
        assert word in reasons[id] and reasons[id].startswith("linguistic")
    assert len((store.acoustic_folder / "quarantine.csv").read_text(encoding="utf-8").splitlines()) == 7


def test_a_corpus_of_nothing_but_bad_files_is_an_error(tmp_path):
    corpus = corpus_of(tmp_path, one=np.zeros(1000))
    with pytest.raises(SpeechlabError, match="silent"):
        extract_acoustic(corpus, SPEC, tmp_path / "cache")


def test_a_repaired_file_leaves_the_quarantine(tmp_path):
    corpus = corpus_of(tmp_path / "audio", one=vowel(0.5), two=np.zeros(22_050))
    assert len(extract_acoustic(corpus, SPEC, tmp_path / "cache").quarantined()) == 1
    corpus = corpus_of(tmp_path / "audio", one=vowel(0.5), two=vowel(0.5))
    repaired = extract_acoustic(corpus, SPEC, tmp_path / "cache")
    assert repaired.ids == ["one", "two"] and not repaired.quarantined()


TABLE = SymbolTable(("_pad", "a", "b"))


def aligned(store: FeatureStore, aligner: str = "aligner 1") -> FeatureStore:
    """Give utterance "one" two tokens, the second without frames."""
    store.use_alignment(TABLE.to_list(), aligner)
    store.write_linguistic("one", ["a", "b"], TABLE.ids("ab"), [store.frames["one"], 0])
    return store


def test_tokens_come_back_with_averages_of_their_frames(store):
    item, acoustic = aligned(store).linguistic("one"), store.acoustic("one")
    assert (item.symbols, item.ids.tolist(), item.durations.sum()) == (["a", "b"], [1, 2], acoustic.frames)
    assert item.pitch[0] == pytest.approx(150, abs=2) and item.pitch[1] == 0
    assert item.energy[0] == pytest.approx(acoustic.energy.mean(), rel=1e-5)
    pitch, energy = store.prosody_targets("one")
    assert pitch[1] == energy[1] == 0 and np.isfinite(pitch).all()


@pytest.mark.parametrize(
    ("n_tokens", "durations", "message"),
    [(2, [1, 1], "sum to 2"), (60, [1] * 60, "too long for its audio"), (2, [51], "1 durations"), (0, [], "no text")],
)
def test_wrong_durations_are_refused(store, n_tokens, durations, message):
    store.use_alignment(TABLE.to_list(), "x")
    with pytest.raises(SpeechlabError, match=message):
        store.write_linguistic("one", ["a"] * n_tokens, [1] * n_tokens, durations)


def test_whispered_speech_is_refused_for_want_of_pitch(tmp_path):
    corpus = corpus_of(tmp_path, one=np.random.default_rng(0).normal(0, 0.01, 22_050))
    with pytest.raises(SpeechlabError, match="voiced"):
        aligned(extract_acoustic(corpus, SPEC, tmp_path / "cache"))


def test_nothing_stale_survives_another_aligner_table_transcript_or_recording(corpus, store, tmp_path):
    assert aligned(store).linguistic_ids() == ["one"]
    assert aligned(store, "aligner 2").missing_linguistic() == ["two", "three"]
    assert store.use_alignment(TABLE.to_list(), "aligner 3").linguistic_ids() == []
    assert store.use_alignment([*TABLE.to_list(), "c"], "aligner 1").linguistic_ids() == []
    retold = replace(corpus, utterances=tuple(replace(item, text="other") for item in corpus.utterances))
    assert (
        FeatureStore(retold, SPEC, tmp_path / "cache").use_alignment(TABLE.to_list(), "aligner 1").linguistic_ids()
        == []
    )
    soundfile.write(corpus["one"].audio_path, vowel(0.5), 22_050)
    again = extract_acoustic(corpus, SPEC, tmp_path / "cache").use_alignment(TABLE.to_list(), "aligner 1")
    assert again.linguistic_ids() == []


def test_statistics_pool_all_frames_of_the_training_split_only(corpus, store, tmp_path):
    held_out = tuple(replace(item, split="test" if item.id == "two" else TRAIN) for item in corpus.utterances)
    statistics = FeatureStore(replace(corpus, utterances=held_out), SPEC, tmp_path / "cache").statistics()
    mel = np.concatenate([store.acoustic(id).mel for id in ("one", "three")], axis=1)
    np.testing.assert_allclose(statistics.mel_mean, mel.mean(axis=1), atol=1e-4)
    np.testing.assert_allclose(statistics.mel_std, mel.std(axis=1), atol=1e-4)
    assert np.exp(statistics.log_pitch.mean) == pytest.approx(150, abs=1)
    assert (statistics.n_utterances, statistics.n_frames) == (2, mel.shape[1])
    assert FeatureStore(corpus, SPEC, tmp_path / "cache").statistics().n_utterances == 3  # not the other's


def test_a_full_disk_is_one_clear_line_and_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "file"
    write_atomically(path, b"old")

    def fail(self, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", fail)
    with pytest.raises(SpeechlabError, match="disk is full"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old" and list(tmp_path.iterdir()) == [path]


def test_a_full_disk_ends_the_extraction_and_is_not_blamed_on_the_recording(corpus, tmp_path, monkeypatch):
    def fail(path, tensors, stamp):
        raise SpeechlabError("the disk is full")

    monkeypatch.setattr(features, "write_tensors", fail)
    with pytest.raises(SpeechlabError, match="disk is full"):
        extract_acoustic(corpus, SPEC, tmp_path / "cache")
    monkeypatch.undo()
    assert extract_acoustic(corpus, SPEC, tmp_path / "cache").ids == ["one", "two", "three"]


def test_different_ids_get_different_safe_names():
    ids = ["a/b", "a%2Fb", "a:b", "a b", "й", "con.", "a\\b", "aux", "%61ux"]
    names = [safe_name(id) for id in ids]
    assert len(set(names)) == len(ids)
    assert not set('<>:"/\\|?*') & set("".join(names)) and "aux" not in names


def test_real_recordings(shared_data, tmp_path):
    from speechlab.data.corpora import load_corpus

    corpus = load_corpus(CorpusConfig("folder", str(shared_data / "ljspeech-mini"), n_utterances=6))
    store = extract_acoustic(corpus, SPEC, tmp_path)
    assert len(store.ids) == len(corpus) and not store.quarantined()
    statistics = store.statistics()
    assert 180 < np.exp(statistics.log_pitch.mean) < 240  # Hz; the reader's mean is about 210
    assert -6.5 < np.mean(statistics.mel_mean) < -4.5  # over the whole corpus: -5.54


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows has no fork")
def test_two_processes_on_one_cache_end_alike_and_leave_nothing_behind(corpus, tmp_path):
    """As two notebooks that are run at once."""
    processes = []
    for _ in range(2):
        if not (process := os.fork()):
            status = 1
            try:
                torch.set_num_threads(1)  # threads do not survive a fork
                status = len(extract_acoustic(corpus, SPEC, tmp_path / "both").quarantined())
            finally:
                os._exit(status)
        processes.append(process)
    assert [os.waitpid(process, 0)[1] for process in processes] == [0, 0]
    alone, both = (extract_acoustic(corpus, SPEC, tmp_path / name) for name in ("alone", "both"))
    for id in alone.ids:
        assert alone.acoustic_path(id).read_bytes() == both.acoustic_path(id).read_bytes()
    assert not [path for path in (tmp_path / "both").rglob(".*") if path.is_file()]
