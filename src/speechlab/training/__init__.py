"""Training: one engine, one recipe per trainer."""

from pathlib import Path

from speechlab.config import Experiment


def default_run_dir(experiment: Experiment) -> Path:
    """Folder of a run: SPEECHLAB_RUNS, or ``results/runs`` here, and the experiment's name."""
    import os

    return Path(os.environ.get("SPEECHLAB_RUNS") or "results/runs") / experiment.name


def train(experiment: Experiment, run_dir: str | Path | None = None):
    """Train an experiment, or continue it: calling this again is resuming.

    Returns:
        ``RunResult``: run folder, newest checkpoint, step and last metrics.
    """
    from speechlab.training.engine import Engine
    from speechlab.training.recipes import recipes

    recipe = recipes[experiment.recipe](experiment)
    return Engine(recipe, Path(run_dir) if run_dir else default_run_dir(experiment)).run()
