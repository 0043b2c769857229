"""What every augmentation is made of: its probability, a source of chance, and the recordings it takes from folders."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from speechlab.audio.files import find_audio
from speechlab.audio.io import read_audio
from speechlab.errors import SpeechlabError


@dataclass(frozen=True)
class Augmentation:
    """One degradation: its settings are its fields, the numbers of each item are drawn by ``apply``."""

    probability: float = 1.0  # of being applied to an item

    def __post_init__(self) -> None:
        if not 0 <= self.probability <= 1:
            raise SpeechlabError(f"a probability lies between 0 and 1, got {self.probability}")

    def apply(self, waveform: np.ndarray, sample_rate: int, generator: np.random.Generator) -> np.ndarray:
        """Degrade a waveform (samples,) without moving it: same length, same alignment; float32."""
        raise NotImplementedError


def between(generator: np.random.Generator, limits: tuple[float, float]) -> float:
    """Draw evenly between two limits."""
    return float(generator.uniform(*limits))


def whole_between(generator: np.random.Generator, limits: tuple[int, int]) -> int:
    """Draw a whole number evenly, both limits included."""
    return int(generator.integers(*limits, endpoint=True))


def pick(generator: np.random.Generator, folder: str | tuple[str, ...], sample_rate: int) -> np.ndarray:
    """Load one recording of a folder, or of several, all equally likely: (samples,) float32, read-only."""
    paths = recordings(folder)
    return load(paths[generator.integers(len(paths))], sample_rate)


@lru_cache(maxsize=16)
def recordings(folder: str | tuple[str, ...]) -> tuple[str, ...]:
    """List the recordings of a folder, or of several, at any depth, in the same order on every machine.

    Raises:
        SpeechlabError: there is no such folder, or no audio in it.
    """
    folders = (folder,) if isinstance(folder, str) else folder
    return tuple(str(path) for one in folders for path in find_audio(one))


@lru_cache(maxsize=64)
def load(path: str, sample_rate: int) -> np.ndarray:
    """Read a recording at a rate; the last ones used stay in memory, so that the array must not be written to."""
    waveform = read_audio(path, sample_rate).waveform
    waveform.setflags(write=False)
    return waveform


def fit(waveform: np.ndarray) -> np.ndarray:
    """Turn the whole waveform (samples,) down where its peak passes 1: air does not clip."""
    peak = float(np.abs(waveform).max(initial=0.0))
    return (waveform / max(peak, 1.0)).astype(np.float32)
