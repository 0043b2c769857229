"""What the golden cases share: README of the cases in short.

A case lists parameter names and shapes in the reference's naming, the rule of its inputs, and 64 values of each output.
"""

import json
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import pytest
import torch

HERE = Path(__file__).parent


def _load_fill():
    spec = spec_from_file_location("golden_fill", HERE / "fill.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


fill = _load_fill()


class GoldenCase:
    """One case: its parameters, its inputs' rules, and the check of an output."""

    def __init__(self, name: str):
        self.content = json.loads((HERE / f"{name}.json").read_text(encoding="utf-8"))
        self.config = self.content["config"]

    def state(self) -> dict[str, torch.Tensor]:
        """Parameters in the reference's naming."""
        values = fill.parameters(self.content["parameters"], self.content["seed"])
        return {name: torch.from_numpy(np.asarray(value)) for name, value in values.items()}

    def uniform(self, name: str, shape) -> torch.Tensor:
        return torch.from_numpy(fill.uniform(name, shape, self.content["seed"]))

    def tone(self, samples: int, sample_rate: int) -> torch.Tensor:
        """Waveform, (1, 1, samples)."""
        return torch.from_numpy(fill.tone(samples, sample_rate, self.content["seed"] + "tone")).view(1, 1, -1)

    def check(self, name: str, value, valid=None) -> None:
        """Compare an output with the reference's 64 values of it; ``valid`` masks those that are real data."""
        expected = self.content["outputs"][name]
        array = np.asarray(value.detach() if isinstance(value, torch.Tensor) else value, dtype=np.float64)
        assert list(array.shape) == expected["shape"], name
        chosen = np.ones(len(expected["index"]), dtype=bool)
        if valid is not None:
            chosen = np.broadcast_to(np.asarray(valid), array.shape).reshape(-1)[expected["index"]]
            assert chosen.sum() >= len(chosen) / 2, f"{name}: too little of it is real data"
        ours = array.reshape(-1)[expected["index"]][chosen]
        theirs = np.array(expected["value"])[chosen]
        limit = max(self.content["tolerance"] * np.abs(theirs).max(), 1e-6)
        worst = np.abs(ours - theirs).max()
        assert worst <= limit, f"{name}: off by {worst:.3g}, allowed {limit:.3g}"


@pytest.fixture(scope="session")
def golden():
    """Load a golden case by name."""
    return GoldenCase
