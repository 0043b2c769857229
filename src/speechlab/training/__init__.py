"""Training: one engine, one recipe per trainer."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from speechlab.config import Experiment
from speechlab.errors import SpeechlabError
from speechlab.paths import runs_root
from speechlab.registry import trainers


def train(
    experiment: Experiment, run_dir: str | Path | None = None, name: str = "", continue_with_changes: bool = False
):
    """Train an experiment, or continue it: calling this again is resuming.

    Args:
        run_dir: the run's folder; by default the experiment's name under ``runs_root()``, and where its settings were
            changed this name with a hash of the changes, so that they get a run of their own.
        name: of the run, instead.
        continue_with_changes: go on with a run although the settings changed; they are recorded with the step.

    Returns:
        ``RunResult``: run folder, newest checkpoint, step and last metrics.

    Raises:
        SpeechlabError: the folder holds a training of other settings; the message lists them.
    """
    from speechlab.training.engine import Engine
    from speechlab.training.needs import require_needs

    recipe = trainers[experiment.recipe](experiment)
    run_dir = Path(run_dir) if run_dir else runs_root() / (run_name(name) if name else chosen_name(experiment))
    with alone_in(run_dir):
        if os.environ.get("RANK", "0") == "0":
            require_needs(experiment, print)
        return Engine(recipe, run_dir, continue_with_changes).run()


def run_name(name: str) -> str:
    """Check the name that a person gave a run."""
    if name != Path(name).name or name.startswith("."):
        raise SpeechlabError(f"a run cannot be called {name!r}: it becomes a folder; use letters, digits and dashes")
    return name


def chosen_name(experiment: Experiment) -> str:
    """Name an experiment's run, and say so where changed settings give it a folder of its own."""
    from speechlab.training.identity import own_differences
    from speechlab.training.identity import run_name as name_of

    name = name_of(experiment, runs_root())
    if name != experiment.name and os.environ.get("RANK", "0") == "0":
        changed = ", ".join(f"{key}={value}" for key, value in own_differences(experiment).items())
        print(f"{experiment.name} with {changed}: a run of its own, {runs_root() / name}", flush=True)
    return name


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
