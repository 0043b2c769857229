"""What ``say`` takes and what it writes: every road gives the same speech."""

import io
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from speechlab.apps import cli
from speechlab.apps.saying import jobs_of, settings_of
from speechlab.audio.io import read_audio
from speechlab.errors import SpeechlabError
from speechlab.text.subtitles import parse_subtitles
from tests.apps.test_cli import run
from tests.pipelines.conftest import voice_folder  # noqa: F401

TEXT = "The cat sat.\n\nTwo dogs ran! Did three birds sing?"


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.txt").write_text(TEXT, encoding="utf-8")
    return tmp_path


@pytest.fixture
def say(capsys, voice_folder, place):  # noqa: F811
    return lambda *words: run(capsys, "say", *words, "--voice", voice_folder)


def test_words_files_and_standard_input_are_said_alike(say, place, monkeypatch):
    assert say(TEXT, "-o", "words.wav")[0] == 0
    assert say("a.txt")[0] == 0
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(TEXT.encode())))
    assert say("-", "-o", "input.wav")[0] == 0
    made = [(place / name).read_bytes() for name in ("words.wav", "a.wav", "input.wav")]
    assert made[0] == made[1] == made[2]


def test_standard_output_gets_the_samples_of_the_file(say, place, voice_folder):  # noqa: F811
    assert say("a.txt", "-o", "a.wav")[0] == 0
    for form, header in (("wav", 44), ("raw", 0)):
        command = [
            sys.executable,
            "-m",
            "speechlab",
            "say",
            "a.txt",
            "-o",
            "-",
            "--format",
            form,
            "--voice",
            voice_folder,
        ]
        done = subprocess.run(command, capture_output=True, check=True)
        assert b"standard output" in done.stderr
        piped = np.frombuffer(done.stdout[header:], np.int16).astype(int)
        filed = np.frombuffer((place / "a.wav").read_bytes()[44:], np.int16).astype(int)
        assert len(piped) == len(filed)
        assert np.abs(piped - filed).max() <= 1  # two processes may add floats in another order


@pytest.mark.parametrize("form", ["wav", "flac", "mp3", "ogg", "opus", "m4a"])
def test_every_format_holds_the_speech(say, place, form):
    status, out, _ = say("a.txt", "--format", form)
    assert status == 0 and f"a.{form}" in out
    say("a.txt", "-o", "reference.wav")
    made, reference = read_audio(place / f"a.{form}", 22_050), read_audio(place / "reference.wav")
    assert made.duration_s == pytest.approx(reference.duration_s, abs=0.1)
    assert 0.5 < made.waveform.std() / reference.waveform.std() < 1.2  # a codec for speech spares noise its bits


def test_several_files_become_several(say, place):
    (place / "b.md").write_text("# Two\n\nwords", encoding="utf-8")
    (place / "bad.docx").write_bytes(b"no zip")
    status, out, err = say("a.txt", "b.md", "bad.docx", "-o", "out")
    assert status == 2 and "bad.docx" in err and err.count("\n") == 1
    assert sorted(path.name for path in (place / "out").iterdir()) == ["a.wav", "b.wav", "origin.json"]


def test_subtitles_have_a_cue_a_sentence_and_a_cue_a_word(say, place):
    assert say("a.txt", "--subtitles", "--pause", "sentence=1")[0] == 0
    for suffix in ("srt", "vtt"):
        sentences = parse_subtitles((place / f"a.{suffix}").read_text(encoding="utf-8"))
        words = parse_subtitles((place / f"a.words.{suffix}").read_text(encoding="utf-8"))
        assert [cue.text for cue in sentences] == ["The cat sat.", "Two dogs ran!", "Did three birds sing?"]
        assert " ".join(cue.text for cue in words) == "The cat sat Two dogs ran Did three birds sing"
        assert sentences[2].start_s - sentences[1].end_s > 1


def test_a_paragraph_a_file_with_a_list(say, place):
    for _ in range(2):  # again: the same places
        assert say("a.txt", "--split", "paragraph", "-o", "parts", "--format", "flac")[0] == 0
    names = sorted(path.name for path in (place / "parts").iterdir())
    assert names == ["list.tsv", "parts-001.flac", "parts-002.flac"]
    rows = (place / "parts" / "list.tsv").read_text(encoding="utf-8").splitlines()
    assert rows[2].split("\t")[::2] == ["parts-002.flac", "Two dogs ran! Did three birds sing?"]
    assert float(rows[2].split("\t")[1]) == pytest.approx(read_audio(place / "parts" / names[2]).duration_s, abs=0.01)


def test_subtitles_are_said_at_their_times_and_stay_as_they_were(say, place):
    cues = "1\n00:00:01,000 --> 00:00:03,500\nThe cat sat.\n\n2\n00:00:05,000 --> 00:00:05,010\nDid three birds sing?\n"
    (place / "s.srt").write_text(cues, encoding="utf-8")
    status, out, err = say("s.srt", "--subtitles")
    assert status == 0 and "1 of 2 cues in time" in out and "cue 2 ends" in err
    assert (place / "s.srt").read_text(encoding="utf-8") == cues
    spoken = parse_subtitles((place / "s.spoken.srt").read_text(encoding="utf-8"))
    assert [cue.start_s for cue in spoken] == pytest.approx([1.0, 5.0], abs=0.002)
    assert not read_audio(place / "s.wav").waveform[: 22_050 - 1].any()


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["gone.rtf"], "gone.rtf"),
        (["gone.epub"], "gone.epub"),
        (["a.txt", "gone.txt"], "gone.txt"),
        (["a.txt", "-o", "x.wav", "--format", "mp3"], "mp3"),
        (["a.txt", "-o", "-", "--format", "mp3"], "standard output"),
        (["a.txt", "-o", "-", "--subtitles"], "--subtitles"),
        (["a.txt", "--pause", "word=1"], "'word'"),
        (["a.txt", "--pause", "sentence"], "sentence=0.3"),
        (["a.txt", "-o", "x.docx"], ".docx"),
        (["A <b>bold</b> word."], "<b>"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_what_cannot_be_said_is_one_line(say, words, named):
    status, out, err = say(*words)
    assert (status, out, err.count("\n")) == (2, "", 1) and named in err


def test_a_sentence_is_no_file(place):
    for words in (["Hello."], ["Hello there. You."], ["3.50"], ["..."], ["Well...yes"], ["word " * 3000]):
        [job], failed = jobs_of(words, None)
        assert job.source is None and not failed and job.target.name == "speech.wav"


def test_settings_have_a_name_and_a_value():
    assert settings_of(["a=1", "b=2"]) == {"a": "1", "b": "2"}
    with pytest.raises(SpeechlabError, match="'c'"):
        settings_of(["c"])


@pytest.mark.parametrize(("text", "voice"), [("Hello.", "en"), ("Привет.", "ru")])
def test_without_a_voice_the_text_chooses_one_of_its_language(place, monkeypatch, text, voice):
    from speechlab.apps import saying

    asked = []
    monkeypatch.setattr(saying, "say_one", lambda job, voice, *rest: asked.append(voice.language))
    assert cli.main(["say", text]) == 0
    assert asked == [voice]
