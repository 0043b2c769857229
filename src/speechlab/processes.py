"""Processes that end well: a signal waits for the end of a step, and workers end with their parent.

An exit status after a signal is 128 and its number, as shells have it.
"""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
M_MMAP_THRESHOLD = -3  # glibc's name for the size in bytes from which a block is mapped by itself
LOOK_S = 0.5  # between two looks at whether the parent is there


class Stopping:
    """While it is entered, the first signal is kept for a good moment, and the second one acts as it always did.

    Only the main thread gets signals: elsewhere, and where a signal is ignored (``nohup``), nothing changes. The
    handlers that were there before are put back.

    Args:
        announce: called with the name of the first signal.
    """

    def __init__(self, announce: Callable[[str], None]):
        self.announce, self.number, self.process = announce, 0, os.getpid()
        self.before: dict[int, object] = {}

    def __enter__(self) -> "Stopping":
        if threading.current_thread() is threading.main_thread():
            for number in SIGNALS:
                if signal.getsignal(number) not in (signal.SIG_IGN, None):
                    self.before[number] = signal.signal(number, self.receive)
        return self

    def __exit__(self, *error: object) -> None:
        self.restore()

    def restore(self) -> None:
        """Put the handlers back that were there before."""
        for number, handler in self.before.items():
            signal.signal(number, handler)
        self.before = {}

    def receive(self, number: int, frame: object) -> None:
        """Keep the first signal; let the second one act."""
        if self.number or os.getpid() != self.process:  # a forked child has no steps to end
            self.restore()
            signal.raise_signal(number)
            return
        self.number = number
        with contextlib.suppress(RuntimeError):  # the signal came while something was being printed
            self.announce(self.name)

    @property
    def name(self) -> str:
        """Name of the signal that came, or nothing."""
        return signal.Signals(self.number).name if self.number else ""

    def wait(self, seconds: float) -> None:
        """Sleep, but not beyond a signal."""
        end = time.monotonic() + seconds
        while not self.number and time.monotonic() < end:
            time.sleep(min(0.2, max(end - time.monotonic(), 0)))

    def leave(self) -> None:
        """End as the signal that came would have: by its former handler, else with 128 and its number."""
        number, former = self.number, self.before.get(self.number)
        self.restore()
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        if callable(former):  # a notebook's
            signal.raise_signal(number)
        raise SystemExit(128 + number)


@cache
def _glibc() -> Any:
    """Find glibc; other systems give memory back by themselves."""
    import ctypes

    try:
        library = ctypes.CDLL(None)
        return library if library.malloc_trim and library.mallopt else None
    except (AttributeError, OSError, TypeError):
        return None


def give_memory_back() -> None:
    """Return freed memory to the system.

    Tensors of ever new lengths leave holes in glibc's heap: a book read sentence by sentence took 3.8 GB.
    """
    if library := _glibc():
        library.malloc_trim(0)


@contextlib.contextmanager
def memory_in_one_piece() -> Iterator[None]:
    """Keep large blocks out of glibc's heap, where small ones that stay would come to lie between them.

    It costs a tenth of the time, and is for what goes on for hours with tensors of ever new lengths.
    """
    library = _glibc()
    if library:
        library.mallopt(M_MMAP_THRESHOLD, 2**20)
    try:
        yield
    finally:
        if library:
            library.mallopt(M_MMAP_THRESHOLD, 2**25)  # to which glibc raises it by itself


def follow_parent(worker: int = 0) -> None:
    """Leave signals to the parent, which ends a DataLoader's workers by itself after its step; and end with it."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    end_with(os.getppid())


_watched: set[int] = set()


def end_with(parent: int) -> None:
    """End this worker process when its parent ends, however that happens.

    Called again, or in a process that the parent did not start itself (a thread, a cluster's node), it does nothing.
    """
    if parent not in _watched and os.getppid() == parent:
        _watched.add(parent)
        threading.Thread(target=_wait_for_end, args=(parent,), daemon=True).start()


def _wait_for_end(parent: int) -> None:
    """Wait until the parent is gone, then leave at once."""
    if os.name == "nt":
        import ctypes

        handle = ctypes.windll.kernel32.OpenProcess(0x00100000, False, parent)  # SYNCHRONIZE
        ctypes.windll.kernel32.WaitForSingleObject(handle, -1)
    else:
        while os.getppid() == parent:  # an orphan is given another one
            time.sleep(LOOK_S)
    os._exit(1)


def called_by(parent: int, function: Callable, *arguments: object) -> Any:
    """Call a function in a worker that ends with its parent."""
    end_with(parent)
    return function(*arguments)
