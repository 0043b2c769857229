"""The JSON schema of experiment files with all registered names; ``python -m speechlab.apps.schema`` writes it."""

import json
from pathlib import Path
from typing import Any

from speechlab.data.corpora import corpora
from speechlab.data.pairs import pair_sets
from speechlab.experiments import CONFIGS, json_schema
from speechlab.losses import losses
from speechlab.metrics import load_metrics

DISCRIMINATORS = ("mpd", "msd", "mrd", "ssd", "ms-stft_disc")


def full_schema() -> dict[str, Any]:
    """Describe experiments, and which corpora, datasets, discriminators, losses and metrics there are."""
    return json_schema(
        {
            "corpus.name": list(corpora),
            "data.name": list(pair_sets),
            "discriminator.names": DISCRIMINATORS,
            "losses.name": list(losses),
            "validation.metrics": list(load_metrics()),
        }
    )


def write_schema(path: Path = CONFIGS / "schema.json") -> Path:
    """Write the schema to a file."""
    path.write_text(json.dumps(full_schema(), indent=1) + "\n", encoding="utf-8")
    return path


if __name__ == "__main__":
    print(write_schema())
