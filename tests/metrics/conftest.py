"""What the tests of the metrics share: signals that pass for speech, and the reference values of fixed pairs."""

import json
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import pytest

GOLDEN = Path(__file__).resolve().parents[1] / "golden"


def _load_speech():
    spec = spec_from_file_location("golden_speech", GOLDEN / "speech.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def speech_like():
    """Make a speech-like signal; see tests/golden/speech.py."""
    return _load_speech().speech_like


@pytest.fixture(scope="session")
def with_noise():
    """Add white noise at an SNR in dB."""
    return _load_speech().with_noise


@pytest.fixture(scope="session")
def clean(speech_like) -> np.ndarray:
    """Four seconds at 16 kHz, (samples,)."""
    return speech_like()


@pytest.fixture(scope="session")
def golden_scores() -> dict:
    """Reference values; tests/golden/make_scores.py says where they come from."""
    return json.loads((GOLDEN / "scores.json").read_text(encoding="utf-8"))
