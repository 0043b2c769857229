"""WV-MOS and UTMOS v1: MOS predicted from wav2vec 2.0, without a reference."""

from typing import ClassVar

from speechlab.errors import SpeechlabError
from speechlab.metrics.base import Metric, Unavailable
from speechlab.metrics.pretrained import (
    RATE,
    load_strictly,
    normalised,
    read_torch,
    require_package,
    require_speech,
    require_weights,
)
from speechlab.weights import weights_hash


class Predictor(Metric):
    """What both share."""

    weights: ClassVar[str]
    unit = "MOS 1-5"
    sample_rate = RATE
    n_workers = 2  # each holds a large network

    def __init__(self, **sizes):
        self.sizes = sizes  # of the network, where they are not the published ones

    @property
    def version(self) -> str:
        """The network and its weights."""
        return f"{self.weights}, weights {weights_hash(self.weights)}"

    def predict(self, waveform) -> float:
        """Ask the network about samples (samples,) at 16 kHz."""
        import torch

        with torch.inference_mode():
            return float(self.model(torch.from_numpy(waveform)[None]))


class WvMosMetric(Predictor):
    """WV-MOS; clean speech has about 4.5."""

    outputs = ("wv-mos",)
    weights = "wv-mos"

    def prepare(self) -> None:
        """Load the weights.

        Raises:
            Unavailable: they are not in the cache, or not those of WV-MOS.
        """
        path = require_weights(self.weights) / "wav2vec2.ckpt"
        require_package("transformers", "pip install transformers")
        from speechlab.models.mos_predictors import WvMos, from_wvmos

        self.model = WvMos(**self.sizes)
        load_strictly(self.model, from_wvmos(read_torch(path).get("state_dict", {})), "WV-MOS")

    def compute(self, estimate, reference, sample_rate, text) -> float:
        """Predict the MOS of the waveform, brought to zero mean and unit variance.

        Raises:
            Unmeasurable: silent, shorter than 0.2 s, or longer than 120 s.
        """
        require_speech(estimate)
        return self.predict(normalised(estimate))


class UtmosV1(Predictor):
    """UTMOS strong learner of 2022, which papers mostly mean by UTMOS; it takes the waveform as it is."""

    outputs = ("utmos_v1",)
    weights = "utmos-v1"

    def prepare(self) -> None:
        """Load the weights.

        Raises:
            Unavailable: they are not in the cache, or not those of UTMOS.
        """
        path = require_weights(self.weights) / "utmos22_strong_step7459_v1.pt"
        require_package("transformers", "pip install transformers")
        from speechlab.models.mos_predictors import UtmosStrong, from_utmos

        self.model = UtmosStrong(**self.sizes)
        try:
            state = from_utmos(read_torch(path))
        except SpeechlabError as error:
            raise Unavailable(f"{path} is not the file of UTMOS ({error}); delete it and get it again") from error
        load_strictly(self.model, state, "the UTMOS strong learner")

    def compute(self, estimate, reference, sample_rate, text) -> float:
        """Predict the MOS.

        Raises:
            Unmeasurable: silent, shorter than 0.2 s, or longer than 120 s.
        """
        require_speech(estimate)
        return self.predict(estimate)
