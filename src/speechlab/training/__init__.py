"""Training: one engine, one recipe per trainer."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from speechlab.config import Experiment


def runs_root() -> Path:
    """Folder of all training runs: SPEECHLAB_RUNS, or ``results/runs`` here."""
    return Path(os.environ.get("SPEECHLAB_RUNS") or "results/runs")


def train(experiment: Experiment, run_dir: str | Path | None = None):
    """Train an experiment, or continue it: calling this again is resuming.

    Args:
        run_dir: the run's folder; by default the experiment's name under ``runs_root()``.

    Returns:
        ``RunResult``: run folder, newest checkpoint, step and last metrics.
    """
    from speechlab.training.engine import Engine
    from speechlab.training.recipes import recipes

    recipe = recipes[experiment.recipe](experiment)
    run_dir = Path(run_dir or runs_root() / experiment.name)
    with alone_in(run_dir):
        return Engine(recipe, run_dir).run()


@contextlib.contextmanager
def alone_in(run_dir: Path) -> Iterator[None]:
    """Wait while another process trains this run, such as a second notebook; it is then found trained.

    The operating system frees the lock of a killed process. Where the file system knows no locks, nobody waits.
    """
    from filelock import FileLock, Timeout

    if os.environ.get("RANK", "0") != "0":  # under torchrun the first process holds it for all
        yield
        return
    run_dir.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(run_dir.with_name(f".{run_dir.name}.lock"))
    with contextlib.ExitStack() as held:
        with contextlib.suppress(NotImplementedError, OSError):
            try:
                held.enter_context(lock.acquire(timeout=0))
            except Timeout:
                print(f"{run_dir.name}: another process is training this run; waiting for it", flush=True)
                held.enter_context(lock)
        yield
