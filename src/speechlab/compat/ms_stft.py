"""The multi-scale STFT discriminator, from the naming it has in EnCodec and in the references of FINALLY."""

from typing import Any

from torch import Tensor

from speechlab.compat import load_strictly, require
from speechlab.errors import SpeechlabError
from speechlab.models.ms_stft import MultiScaleSTFTDiscriminator


def load_discriminator(state: dict[str, Tensor], config: dict[str, Any]) -> MultiScaleSTFTDiscriminator:
    """Load the discriminator.

    Raises:
        SpeechlabError: the configuration wants a hop that is not a quarter of the window.
    """
    kind = "ms-stft-discriminator"
    n_ffts = config.get("n_ffts", (2048, 1024, 512, 256, 128))
    hops, windows = config.get("hop_lengths"), config.get("win_lengths")
    if (windows or n_ffts) != n_ffts or (hops and [4 * hop for hop in hops] != list(n_ffts)):
        raise SpeechlabError(
            f"hops {hops} and windows {windows} do not fit n_ffts {n_ffts}: windows equal, hops a quarter"
        )
    filters = len(require(state, "discriminators.0.convs.0.conv.bias", kind))
    renamed = {name.replace(".conv.", "."): value for name, value in state.items() if not name.endswith(".window")}
    return load_strictly(MultiScaleSTFTDiscriminator(filters, n_ffts), renamed, kind)
