"""Where things lie: corpora and caches, training runs, the checkpoints that come with the code.

``SPEECHLAB_DATA`` and ``SPEECHLAB_RUNS`` are read here and nowhere else.
"""

import os
from pathlib import Path

PACKAGE = Path(__file__).parent
DATA, RUNS = "SPEECHLAB_DATA", "SPEECHLAB_RUNS"  # environment variables


def data_root() -> Path:
    """Folder of all corpora, their caches and fetched weights: SPEECHLAB_DATA, or ``data`` here."""
    return Path(os.environ.get(DATA) or "data")


def runs_root() -> Path:
    """Folder of all training runs: SPEECHLAB_RUNS, or ``results/runs`` here."""
    return Path(os.environ.get(RUNS) or Path("results") / "runs")


def bundled_root() -> Path:
    """Folder of the checkpoints that come with the code, in a wheel or beside ``src``, and of the list of others."""
    inside = PACKAGE / "bundled"
    return inside if inside.is_dir() else PACKAGE.parents[1] / "checkpoints"
