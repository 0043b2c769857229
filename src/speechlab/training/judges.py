"""Frozen networks that losses ask, loaded so that a gradient can pass through them."""

from typing import TYPE_CHECKING

from torch import nn

from speechlab.weights import find_weights

if TYPE_CHECKING:
    from speechlab.models.wavlm import WavLM


def load_wavlm(name: str = "wavlm-large") -> "WavLM":
    """Load a frozen WavLM by the name of its weights; ``tiny`` has none and was never trained.

    Raises:
        SpeechlabError: they are not here; names the command that gets them.
    """
    from speechlab.models.wavlm import WavLM

    return WavLM.tiny() if name == "tiny" else WavLM.load(find_weights(name))


def load_utmos(version: str = "v1") -> nn.Module:
    """Load the frozen predictor of opinions that the metric utmos_v1 asks, or, ``v2``, one fold of that of utmos.

    Raises:
        SpeechlabError: its weights, or its package, are not here; names the command that gets them.
    """
    if version == "v2":
        from speechlab.metrics.utmosv2 import load_fold
        from speechlab.models.utmosv2 import DifferentiableUtmosV2

        return DifferentiableUtmosV2(load_fold(0)._model)
    from speechlab.metrics.mos_predictors import UtmosV1

    metric = UtmosV1()
    metric.prepare()
    metric.model.lstm.train()  # cuDNN's recurrent layers pass a gradient on in this mode only; there is no dropout
    return metric.model
