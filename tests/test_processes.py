"""A signal waits for the end of a step, a second one does not, and workers end with their parent."""

import os
import signal
import subprocess
import sys
import time

import pytest

from speechlab.processes import Stopping

needs_signals = pytest.mark.skipif(os.name == "nt", reason="Windows has no signals to send")
PARENT = """
import os, sys, time

def work(number):
    print(os.getpid(), flush=True)
    time.sleep(60)

if __name__ == "__main__":
    calls = [(number,) for number in range(64)]
    if sys.argv[1] == "features":
        from speechlab.data.features import in_parallel
        in_parallel(work, calls, 2, "work")
    from speechlab.metrics.scoring import in_parallel
    list(in_parallel(work, [(number, number) for number in range(64)], 2))
"""


@needs_signals
def test_the_first_signal_is_kept_and_the_handlers_come_back():
    before, names = signal.getsignal(signal.SIGTERM), []
    with Stopping(names.append) as stopping:
        signal.raise_signal(signal.SIGTERM)
        assert stopping.number == signal.SIGTERM and names == ["SIGTERM"]
        started = time.monotonic()
        stopping.wait(60)
        assert time.monotonic() - started < 1
        with pytest.raises(SystemExit) as left:
            stopping.leave()
    assert left.value.code == 128 + signal.SIGTERM
    assert signal.getsignal(signal.SIGTERM) == before


@needs_signals
def test_the_second_signal_acts_at_once():
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
    with pytest.raises(KeyboardInterrupt), Stopping(lambda name: None):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) == signal.default_int_handler
    signal.signal(signal.SIGINT, before)


@needs_signals
def test_a_signal_that_is_ignored_stays_so_and_other_threads_change_nothing():
    from threading import Thread

    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Stopping(lambda name: None) as stopping:
            signal.raise_signal(signal.SIGHUP)
            assert not stopping.number
            thread = Thread(target=lambda: Stopping(lambda name: None).__enter__().__exit__())
            thread.start()
            thread.join()
            assert signal.getsignal(signal.SIGTERM) == stopping.receive
    finally:
        signal.signal(signal.SIGHUP, before)


@needs_signals
@pytest.mark.parametrize(
    ("command", "number"), [("score", signal.SIGTERM), ("features", getattr(signal, "SIGKILL", signal.SIGTERM))]
)
def test_workers_end_with_their_parent(tmp_path, request, command, number):
    (tmp_path / "parent.py").write_text(PARENT, encoding="utf-8")
    with (tmp_path / "pids").open("w", encoding="utf-8") as output:
        parent = subprocess.Popen([sys.executable, str(tmp_path / "parent.py"), command], stdout=output)
    request.addfinalizer(parent.kill)
    deadline = time.monotonic() + 600  # PyTorch is imported three times, maybe beside other work
    while len(pids := (tmp_path / "pids").read_text(encoding="utf-8").split()) < 2:
        assert time.monotonic() < deadline and parent.poll() is None
        time.sleep(0.1)
    parent.send_signal(number)
    parent.wait()
    deadline = time.monotonic() + 5
    while any(is_running(int(pid)) for pid in pids):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def is_running(process: int) -> bool:
    """Tell whether a process is there and no zombie."""
    done = subprocess.run(["ps", "-o", "stat=", "-p", str(process)], capture_output=True, text=True)
    return bool(done.stdout.strip()) and not done.stdout.strip().startswith("Z")


def test_memory_is_given_back_where_the_system_can_be_asked_to_and_nothing_happens_elsewhere(monkeypatch):
    from speechlab import processes

    for _ in range(2):
        with processes.memory_in_one_piece():
            assert processes.give_memory_back() is None
        monkeypatch.setattr(processes, "_glibc", lambda: None)
