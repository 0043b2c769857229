"""A speech laboratory in notebooks: text to speech, neural vocoders, speech enhancement and their measurement.

The names below are imported when they are first used, so that ``import speechlab`` takes no time.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "Audio": "audio.io",
    "AudioSpec": "config",
    "Enhancer": "pipelines.enhancer",
    "Lab": "lab",
    "SpeechlabError": "errors",
    "Vocoder": "pipelines.vocoder",
    "Voice": "pipelines.voice",
    "load_experiment": "experiments",
    "read_audio": "audio.io",
    "runs_table": "training.runs",
    "score": "metrics.scoring",
    "start": "lab",
    "train": "training",
    "write_audio": "audio.io",
}
__all__ = ["__version__", *_HOMES]  # noqa: PLE0604  (the names are made below)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'speechlab' has no attribute {name!r}")
    return getattr(import_module(f"speechlab.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
