"""What the metrics with foreign networks share: weights, read without running code, and items to refuse."""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from types import ModuleType

import numpy as np

from speechlab import weights
from speechlab.errors import SpeechlabError
from speechlab.metrics.base import Unavailable, Unmeasurable
from speechlab.metrics.checks import require_measurable

RATE = 16_000  # Hz, of every network here
SHORTEST_S = 0.2  # a syllable; the networks answer with a number for less, too, but it says nothing about speech
LONGEST_S = 120  # the memory of a transformer grows with the square of the length


def require_weights(name: str) -> Path:
    """Give the folder of the weights.

    Raises:
        Unavailable: they are not in the cache; names the command that gets them.
    """
    try:
        return weights.find_weights(name)
    except SpeechlabError as error:
        raise Unavailable(str(error)) from error


def require_package(name: str, command: str) -> ModuleType:
    """Import a package, or say which command installs it.

    Raises:
        Unavailable: it is not installed.
    """
    try:
        return import_module(name)
    except ImportError as error:
        raise Unavailable(f"the package {name} is not installed: {command}") from error


def require_speech(
    estimate: np.ndarray,
    reference: np.ndarray | None = None,
    shortest_s: float = SHORTEST_S,
    longest_s: float | None = LONGEST_S,
) -> None:
    """Refuse items at 16 kHz that a network would answer with a number that means nothing.

    Raises:
        Unmeasurable: silent, too short, or too long.
    """
    require_measurable(estimate, reference, RATE, longest_s)
    for name, waveform in (("estimate", estimate), ("reference", reference)):
        if waveform is not None and len(waveform) < shortest_s * RATE:
            duration = len(waveform) / RATE
            raise Unmeasurable(f"the {name} lasts {duration:.2f} s; at least {shortest_s:g} s of speech are needed")


def normalised(waveform: np.ndarray) -> np.ndarray:
    """Shift and scale to zero mean and unit variance, as the feature extractor of wav2vec 2.0 does."""
    return (waveform - waveform.mean()) / np.sqrt(waveform.var() + 1e-7)


def read_torch(path: Path) -> Mapping:
    """Read a torch file without importing or running anything that it names.

    Training frameworks leave the classes of their callbacks beside the weights; these are read as empty stand-ins.

    Raises:
        Unavailable: the file is not one of torch, or damaged.
    """
    import torch
    from torch.serialization import get_unsafe_globals_in_checkpoint, safe_globals

    class StandIn(dict):
        """Takes the place of any class that the file names."""

        def __init__(self, *_: object):
            super().__init__()

        def __setstate__(self, _: object) -> None:
            pass

    try:
        foreign = [(StandIn, name) for name in get_unsafe_globals_in_checkpoint(path)]
        with safe_globals(foreign):
            return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch and pickle raise a dozen kinds
        raise Unavailable(
            f"{path} cannot be read as weights: it is damaged, or would run code; delete it and get it again"
        ) from error


def load_strictly(module, state: Mapping, what: str) -> None:
    """Load every parameter by name and put the module into eval mode.

    Raises:
        Unavailable: a name is missing or unknown, or a shape differs.
    """
    try:
        module.load_state_dict(state)
    except RuntimeError as error:
        lines = " ".join(line.strip() for line in str(error).splitlines()[1:])
        raise Unavailable(f"the file does not hold the weights of {what}: {lines[:300]}") from error
    module.eval().requires_grad_(False)


def from_folder(network: type, folder: Path):
    """Load one of transformers' networks from files that are here, every parameter of it.

    Raises:
        Unavailable: the files are damaged, or lack a parameter.
    """
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # the caller shows one for all items
    try:
        model, report = network.from_pretrained(folder, local_files_only=True, output_loading_info=True)
    except Exception as error:  # transformers and torch raise a dozen kinds
        reason = (str(error) or repr(error)).splitlines()[0]
        raise Unavailable(f"{folder} cannot be read ({reason}); delete it and get it again") from error
    wrong = [*report["missing_keys"], *(str(item) for item in report["mismatched_keys"])]
    if wrong:
        raise Unavailable(f"{folder} does not hold a whole {network.__name__}: {', '.join(sorted(wrong))[:200]}")
    return model.eval().requires_grad_(False)
