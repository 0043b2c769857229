"""Functions of tensors that a recipe weighs and sums: spectral, adversarial, acoustic and alignment losses.

Some have names, by which an experiment may choose them with their weights: ``losses: [{name: lmos, weight: 20}]``. A
named loss says by the names of its arguments what it wants to be given: ``estimate`` and ``reference`` waveforms
(batch, 1, samples), their ``sample_rate``, a discriminator's judgements ``real`` and ``fake``, or tools of a trainer,
such as ``mel`` and ``wavlm``. It returns a scalar to be minimised, or several by name, which are summed.
"""

from collections.abc import Callable
from importlib import import_module
from typing import Any

from speechlab.errors import SpeechlabError
from speechlab.registry import Registry

losses: Registry = Registry("loss")
"""A loss, or where it is defined: ``module:function``. ``@losses.register(name)`` adds one's own."""
losses.update(
    {
        "feature_loss": "adversarial:feature_loss",
        "gen_loss": "adversarial:generator_loss",
        "disc_loss": "adversarial:discriminator_loss",
        "l1_mel_loss": "spectral:mel_loss",
        "lmos": "enhancement:lmos",
        "pesq": "enhancement:pesq",
        "utmos": "enhancement:utmos",  # of UTMOSv2
        "utmos_v1": "enhancement:utmos",  # of the strong learner of 2022
        "stft_loss": "spectral:multi_resolution_stft_loss",
        "spectrum_loss": "spectral:compressed_spectrum_loss",
    }
)


def find_loss(name: str) -> Callable[..., Any]:
    """Find a loss by its registered name, or one's own as ``package.module:function``.

    Raises:
        SpeechlabError: there is none; the nearest names are given.
    """
    place = name if ":" in name and name not in losses else losses[name]
    if not isinstance(place, str):
        return place
    module, _, function = place.partition(":")
    own = name not in losses
    try:
        return getattr(import_module(module if own else f"speechlab.losses.{module}"), function)
    except (ImportError, AttributeError) as error:
        raise SpeechlabError(f"the loss {name} cannot be imported: {error}") from error
