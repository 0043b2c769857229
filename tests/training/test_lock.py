"""Two processes never train the same run at once."""

import threading
import time

import pytest
from filelock import FileLock, Timeout

from speechlab.training import alone_in


def test_a_run_is_locked_while_it_is_trained(tmp_path):
    other = FileLock(tmp_path / "runs" / ".voice.lock")
    with alone_in(tmp_path / "runs" / "voice"), pytest.raises(Timeout):
        other.acquire(timeout=0)
    other.acquire(timeout=0)
    other.release()


def test_the_other_processes_of_a_distributed_run_do_not_wait(tmp_path, monkeypatch):
    with alone_in(tmp_path / "voice"):
        monkeypatch.setenv("RANK", "1")
        with alone_in(tmp_path / "voice"):
            pass


def test_the_second_waits_for_the_first(tmp_path, capsys):
    taken = threading.Event()

    def hold():
        with FileLock(tmp_path / ".voice.lock"):
            taken.set()
            time.sleep(0.3)

    first = threading.Thread(target=hold)
    first.start()
    taken.wait()
    with alone_in(tmp_path / "voice"):
        assert "waiting" in capsys.readouterr().out
    first.join()
