"""Recordings from a browser become files of a corpus, and what is no recording is refused in a line."""

from datetime import UTC, datetime

import pytest

from speechlab.audio.io import encode, read_audio
from speechlab.config import CorpusConfig
from speechlab.data.corpora import load_corpus
from speechlab.display.recorder import keep_recording, recorder, upload
from speechlab.errors import SpeechlabError


def test_what_is_recorded_is_a_corpus(tone, tmp_path):
    sound = tone(440)
    keep_recording(tmp_path, 7, "Seven.", encode(sound.waveform, sound.sample_rate, ".opus"))
    (item,) = load_corpus(CorpusConfig(name="folder", path=str(tmp_path), n_validation=0)).utterances
    assert (item.id, item.text) == ("007", "Seven.")
    assert read_audio(item.audio_path).duration_s == pytest.approx(sound.duration_s, abs=0.05)
    assert recorder(tmp_path, ["a"] * 9).kept == [7]


def test_what_is_no_recording_is_refused(tmp_path):
    with pytest.raises(SpeechlabError):
        keep_recording(tmp_path, 1, "One.", b"nothing")
    assert not list(tmp_path.iterdir())


def test_uploads_stay_in_the_folder_and_only_recordings_and_texts_are_taken(tmp_path):
    folder = tmp_path / "mine"
    button, message = upload(folder).children
    files = {"../one.wav": b"sound", "one.txt": b"One.", "page.html": b"<p>"}
    common = {"type": "", "size": 0, "last_modified": datetime.now(UTC)}
    button.set_trait(
        "value", tuple({"name": name, "content": memoryview(data), **common} for name, data in files.items())
    )
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {"one.wav": b"sound", "one.txt": b"One."}
    assert [path.name for path in tmp_path.iterdir()] == ["mine"] and "no audio: page.html" in message.value
