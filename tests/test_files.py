"""Files are written whole or not at all, and a disk that refuses is one line."""

import errno
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

from speechlab import files
from speechlab.audio.files import resample_folder
from speechlab.audio.io import write_audio
from speechlab.config import AudioSpec, CorpusConfig
from speechlab.data.corpora.folder import load_folder
from speechlab.data.embedded.rendering import EmbeddedCorpus, EmbeddedVoice
from speechlab.data.features import extract_acoustic
from speechlab.errors import SpeechlabError
from speechlab.files import machine, remove_leftovers, scratch_folder, temporary_name, write_atomically, write_json
from speechlab.training.logs import read_list, read_log


@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.ENOSPC, "disk is full"), (errno.EDQUOT, "quota"), (errno.EROFS, "only be read"), (errno.EIO, "error")],
)
def test_a_disk_that_refuses_is_one_line_and_what_was_there_stays(tmp_path, monkeypatch, number, words):
    path = tmp_path / "a.json"
    write_atomically(path, b"before")

    def refuse(self, content):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "write_bytes", refuse)
    writers = (
        lambda: write_atomically(path, b"after"),
        lambda: write_json(path, {"a": 1}),
        lambda: write_audio(tmp_path / "a.wav", [0.0, 0.1], 16_000),
    )
    for write in writers:
        with pytest.raises(SpeechlabError, match=f"cannot write .*{words}") as caught:
            write()
        assert "\n" not in str(caught.value) and "Errno" not in str(caught.value)
    assert path.read_bytes() == b"before" and len(list(tmp_path.iterdir())) == 1


def test_leftovers_of_dead_processes_go_and_those_of_living_ones_stay(tmp_path):
    gone = int(subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True).stdout)
    for name in (
        f".a.json.{machine()}-{gone}.tmp",
        f".b.wav.{machine()}-{gone}.partial",
        f".c.00000000-{gone}.tmp",
        ".hidden",
        ".note.tmp",
    ):
        (tmp_path / name).touch()
    mine = temporary_name(tmp_path / "a.json")
    mine.touch()
    assert remove_leftovers(tmp_path) == 2
    assert {item.name for item in tmp_path.iterdir()} == {
        mine.name,
        ".hidden",
        ".note.tmp",
        f".c.00000000-{gone}.tmp",
    }  # and those of other machines
    assert remove_leftovers(tmp_path / "none") == 0


def test_a_folder_for_a_moment_goes_and_so_does_that_of_a_process_that_was_killed(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with scratch_folder("recording") as folder:
        (folder / "a.wav").touch()
        gone = folder.with_name(folder.name.replace(f"-{os.getpid()}.", "-999999999."))  # no system has so many
        gone.mkdir()
    assert not folder.exists() and gone.exists()
    with scratch_folder("recording"):
        assert not gone.exists()


@pytest.mark.parametrize("line", [b"\xff", b"[", b"3", b"null", b'{"step": "a"}', b"[" * 100_000, b'{"a": 1}'])
def test_an_odd_line_of_a_log_is_left_out(tmp_path, line):
    (tmp_path / "log.jsonl").write_bytes(b'{"step": 1}\n' + line + b'\n{"step": 2}\n')
    assert [record["step"] for record in read_log(tmp_path)] == [1, 2]
    (tmp_path / "list.json").write_bytes(line)
    assert read_list(tmp_path / "list.json") == read_list(tmp_path / "list.json", "findings") == []


def test_long_work_is_refused_before_it_begins_where_its_files_will_not_fit(tmp_path, monkeypatch):
    source, features = tmp_path / "source", CorpusConfig("folder", str(tmp_path / "source"), n_validation=0)
    for name in "abc":
        write_audio(source / f"{name}.wav", np.sin(np.arange(22_050) / 10), 22_050)
        (source / f"{name}.txt").write_text("a cat.", encoding="utf-8")
    n_bytes = {
        "resampling": (lambda: resample_folder(source, tmp_path / "resampled", 16_000), 3 * 2 * 16_000),
        "features": (lambda: extract_acoustic(load_folder(features), AudioSpec(), tmp_path / "cache"), 3 * 82 * 4 * 86),
        "rendering": (lambda: EmbeddedCorpus(tmp_path / "embedded", "en", [EmbeddedVoice("en-us", 1, 0)]), 10_000),
    }
    for word, (work, needed) in n_bytes.items():
        monkeypatch.setattr(files, "free_bytes", lambda folder, needed=needed: 0.8 * needed)
        with pytest.raises(SpeechlabError, match=f"{word}.* needs about .*are free; free space") as caught:
            work()
        assert "\n" not in str(caught.value), word
    assert not list(tmp_path.rglob("*.safetensors")) and not (tmp_path / "resampled").exists()
    monkeypatch.setattr(files, "free_bytes", lambda folder: 1.5 * n_bytes["resampling"][1])
    assert set(resample_folder(source, tmp_path / "resampled", 16_000).status) == {"written"}


def test_work_that_needs_much_says_how_much_and_what_is_there(tmp_path, capsys):
    files.require_space("small work", tmp_path, 1_000)
    files.require_space("resampling", tmp_path / "not" / "yet", files.WORTH_SAYING)
    said = capsys.readouterr().err
    assert "resampling needs about 0.1 GB" in said and "are free in" in said and "small" not in said


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path):
    closed = tmp_path / "a file"
    closed.touch()  # a folder without permissions does not stop root
    for write in (
        lambda: write_atomically(closed / "a.json", b"x"),
        lambda: write_audio(closed / "a.wav", [0.0, 0.1], 16_000),
        lambda: resample_folder(tmp_path / "source", closed / "deep", 16_000),
    ):
        write_audio(tmp_path / "source" / "a.wav", [0.0, 0.1], 22_050)
        with pytest.raises(SpeechlabError, match="cannot write") as caught:
            write()
        assert "\n" not in str(caught.value)


def test_on_windows_a_file_that_is_held_for_a_moment_is_waited_for(tmp_path, monkeypatch):
    (tmp_path / "a").write_text("new", encoding="utf-8")
    tries, waits, plain = [], [], Path.replace

    def held(path, target):
        tries.append(target)
        if len(tries) < 3:
            raise PermissionError(13, "held")
        return plain(path, target)

    monkeypatch.setattr(Path, "replace", held)
    monkeypatch.setattr("time.sleep", waits.append)
    with pytest.raises(PermissionError):  # elsewhere it is meant
        files.move(tmp_path / "a", tmp_path / "b")
    monkeypatch.setattr(files.os, "name", "nt")
    try:
        files.move(tmp_path / "a", tmp_path / "b")
    finally:
        monkeypatch.undo()
    assert (tmp_path / "b").read_text(encoding="utf-8") == "new" and len(tries) == 3 and len(waits) == 1
