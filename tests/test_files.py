"""Files are written whole or not at all, and a disk that refuses is one line."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from speechlab.audio.io import write_audio
from speechlab.errors import SpeechlabError
from speechlab.files import machine, remove_leftovers, temporary_name, write_atomically, write_json
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


@pytest.mark.parametrize("line", [b"\xff", b"[", b"3", b"null", b'{"step": "a"}', b"[" * 100_000, b'{"a": 1}'])
def test_an_odd_line_of_a_log_is_left_out(tmp_path, line):
    (tmp_path / "log.jsonl").write_bytes(b'{"step": 1}\n' + line + b'\n{"step": 2}\n')
    assert [record["step"] for record in read_log(tmp_path)] == [1, 2]
    (tmp_path / "list.json").write_bytes(line)
    assert read_list(tmp_path / "list.json") == read_list(tmp_path / "list.json", "findings") == []
