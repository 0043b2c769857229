"""The command line: what is typed wrongly is named in one line, and what is typed rightly is done."""

import shlex
import subprocess
import sys

import numpy as np
import pytest

from speechlab.apps import cli, commands
from speechlab.apps.bundled import bundled
from speechlab.apps.saying import jobs_of
from speechlab.experiments import experiment_names


def run(capsys, *arguments):
    """Run a command in this process and give its exit status, output and errors."""
    try:
        status = cli.main([str(argument) for argument in arguments])
    except SystemExit as leaving:
        status = leaving.code
    captured = capsys.readouterr()
    return status, captured.out, captured.err


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (["trian", "embedded-aligner"], "train"),
        (["list", "model"], "models"),
        (["train", "embeded-aligner"], "embedded-aligner"),
        (["train", "embedded-aligner", "training.step=5"], "training.steps"),
        (["train", "embedded-aligner", "--profile", "smok"], "smoke"),
        (["train", "embedded-aligner", "--profile", "smoke", "training.steps=x"], "whole number"),
        (["train", "embedded-aligner", "--stepz"], "--stepz"),
        (["train"], "experiment"),
        (["corpus", "chek", "."], "check"),
        (["corpus", "get", "ljspech"], "corpus"),
        (["corpus", "check", "/nowhere"], "/nowhere"),
        (["say", ""], "empty"),
        (["say", "  \n "], "empty"),
        (["say", "missing.txt"], "missing.txt"),
        (["say", "word " * 20_000], "20000 words"),
        (["tensorboard", "/nowhere"], "/nowhere"),
        (["export", "/nowhere", "out"], "/nowhere"),
        ([], "COMMAND"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else None,
)
def test_a_mistake_is_one_line_and_status_2(capsys, arguments, meant):
    status, out, err = run(capsys, *arguments)
    assert status == 2
    assert out == ""
    assert err.count("\n") == 1 and err.endswith("\n")
    assert meant in err


def test_a_full_disk_is_one_line(capsys, monkeypatch):
    def fail(options):
        raise OSError(28, "No space left on device", "speech.wav")

    monkeypatch.setattr(commands, "run_say", fail)
    status, _, err = run(capsys, "say", "Hello.")
    assert (status, err) == (2, "speechlab: speech.wav: the disk is full; free space and run again\n")


def test_a_bug_keeps_its_traceback(monkeypatch):
    def fail(options):
        raise ZeroDivisionError

    monkeypatch.setattr(commands, "run_say", fail)
    with pytest.raises(ZeroDivisionError):
        cli.main(["say", "Hello."])


def test_a_table_in_an_error_becomes_the_parts_that_differ():
    from speechlab.config import AudioSpec
    from speechlab.errors import SpeechlabError

    with pytest.raises(SpeechlabError) as error:
        AudioSpec().require(AudioSpec(f_max=7600.0), "acoustic model", "vocoder")
    line = cli.one_line(str(error.value))
    assert "\n" not in line and "f_max 8000.0 7600.0" in line and "n_mels" not in line


@pytest.mark.parametrize("kind", commands.KINDS)
def test_every_kind_lists_one_name_a_line(capsys, kind):
    if kind == "references":
        pytest.importorskip("speechlab.compat").references  # noqa: B018
    status, out, _ = run(capsys, "list", kind)
    assert status == 0
    names = out.splitlines()
    assert names == sorted(names) and all(" " not in name for name in names)
    if kind == "experiments":
        assert names == experiment_names()


def test_overrides_may_follow_options():
    options = cli.parse(["train", "embedded-aligner", "training.steps=1", "--profile", "smoke", "training.seed=2"])
    assert options.overrides == ["training.steps=1", "training.seed=2"]
    assert commands.experiment_of(options).training.seed == 2


def test_what_is_spoken_may_be_words_a_file_or_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "стихи.txt").write_text("\ufeffOne line.\n", encoding="utf-8")
    folder = tmp_path / "texts" / "transcriptions"
    folder.mkdir(parents=True)
    for name in "ab":
        (folder / f"{name}.txt").write_text(f"Text {name}.", encoding="utf-8")

    def spoken(words, output):
        return [(job.text, job.target) for job in jobs_of(words, output)[0]]

    assert [(text, str(path)) for text, path in spoken(["Hello", "world."], None)] == [("Hello world.", "speech.wav")]
    assert [(text, str(path)) for text, path in spoken(["стихи.txt"], None)] == [("One line.\n", "стихи.wav")]
    found = [(text, path.as_posix()) for text, path in spoken(["texts"], "out")]
    assert found == [("Text a.", "out/a.wav"), ("Text b.", "out/b.wav")]
    assert spoken(["word " * 1000], None)[0][1].name == "speech.wav"  # longer than any file name
    (tmp_path / "made").mkdir()
    for words, name in (("Hello.", "speech.wav"), ("word " * 1000, "speech.wav"), ("стихи.txt", "стихи.wav")):
        assert spoken([words], "made")[0][1].as_posix() == f"made/{name}"


def test_a_folder_is_checked_and_resampled(capsys, tmp_path):
    from speechlab.audio.io import probe, write_audio

    tone = 0.3 * np.sin(2 * np.pi * 440 * np.arange(16_000) / 16_000).astype(np.float32)
    write_audio(tmp_path / "a" / "tone.wav", tone, 16_000)
    (tmp_path / "a" / "broken.wav").write_bytes(b"not audio")
    status, out, _ = run(capsys, "corpus", "check", tmp_path / "a", "--sample-rate", 22_050)
    assert status == 1 and "16000" in out and "2 files" in out
    status, out, _ = run(capsys, "corpus", "resample", tmp_path / "a", tmp_path / "b", "--sample-rate", 22_050)
    assert status == 1 and "1 written" in out and "1 failed" in out
    assert probe(tmp_path / "b" / "tone.wav").sample_rate == 22_050


def test_voices_are_what_speaks_and_enhancers_what_cleans(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "checkpoints" / "broken").mkdir(parents=True)
    (tmp_path / "checkpoints" / "broken" / "card.json").write_text('{"model": "glow', encoding="utf-8")
    voices, enhancers = (run(capsys, "list", kind)[1].splitlines() for kind in ("voices", "enhancers"))
    assert {"en-kathleen", "ru-demo"} <= set(voices) and {"bwe-16k", "denoise-16k"} <= set(enhancers)
    assert not set(voices) & set(enhancers) and "broken" not in (*voices, *enhancers)
    lines = run(capsys, "doctor")[1].splitlines()
    assert [line.split(maxsplit=2)[2] for line in lines if line.split()[1] == "voices"] == [", ".join(bundled("voice"))]
    assert bundled("voice")[-1] == "ru-demo" and sorted(voices) == sorted(bundled("voice"))  # demonstrations come last


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("denoise-16k", "'denoise-16k' holds an enhancer, not a voice"),
        ("trained", "'trained' holds an enhancer, not a voice"),
        ("en-kathlen", "no voice is called 'en-kathlen'"),
        ("", "the name of the voice is empty"),
        (" ", "the name of the voice is empty"),
    ],
)
def test_a_voice_that_is_none_is_one_line_that_names_the_voices(capsys, tmp_path, monkeypatch, name, meant):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SPEECHLAB_RUNS", str(tmp_path / "runs"))
    card = tmp_path / "runs" / "trained" / "checkpoints" / "step-0000010" / "card.json"
    card.parent.mkdir(parents=True)
    card.write_text('{"model": "finally_gen"}', encoding="utf-8")
    status, out, err = run(capsys, "say", "hi", "--voice", name)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert meant in err and "en-kathleen" in err and "ru-demo" in err and "bwe-16k" not in err
    assert not (tmp_path / "speech.wav").exists()


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (["say", "hi", "-o", "new"], "audio to new, a file without suffix; add one of .wav, "),
        (["vocode", "a.wav", "new", "--vocoder", "griffin-lim"], "audio to new, a file without suffix; add one of "),
        (["say", "hi", "-o", "new.txt"], "'.txt' (new.txt); use .wav, "),
    ],
    ids=["say", "vocode", "suffix"],
)
def test_a_path_that_cannot_become_audio_is_named_before_anything_is_made(
    capsys, tmp_path, monkeypatch, arguments, meant
):
    monkeypatch.chdir(tmp_path)
    status, out, err = run(capsys, *arguments)
    assert (status, out, err.count("\n")) == (2, "", 1) and meant in err


def test_doctor_names_the_parts_and_never_fails(capsys):
    status, out, _ = run(capsys, "doctor")
    assert status in (0, 1)
    found = {line.split()[1]: line.split()[0] for line in out.splitlines()}
    assert {"python", "packages", "device", "data", "runs", "phonemes", "voices", "browser"} <= set(found)
    assert set(found.values()) <= {"ok", "note", "problem"}


def test_help_answers_fast_and_the_reader_may_stop_reading():
    """`speechlab list models | head -1` ends without a complaint."""
    script = f"{shlex.quote(sys.executable)} -m speechlab list experiments | head -1"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, encoding="utf-8")
    assert done.stdout.strip() == experiment_names()[0] and done.stderr == ""


def test_only_our_own_warnings_are_shown(capsys):
    library = cli.PACKAGE.parents[1] / ".venv" / "lib" / "torch" / "serialization.py"  # inside a folder "speechlab"
    cli.show_warning("of a library", UserWarning, str(library), 1)
    cli.show_warning("ours", UserWarning, str(cli.PACKAGE / "pipelines" / "voice.py"), 1)
    assert capsys.readouterr().err == "speechlab: ours\n"
