"""Training: one engine, one recipe per trainer."""

import os
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
    return Engine(recipe, Path(run_dir or runs_root() / experiment.name)).run()
