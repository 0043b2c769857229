"""MOSNet (arXiv:1904.08352): predicted naturalness, trained on the Voice Conversion Challenge 2018."""

from pathlib import Path

import numpy as np

from speechlab.errors import SpeechlabError
from speechlab.metrics.base import Metric, Unavailable
from speechlab.metrics.pretrained import RATE, require_package, require_speech, require_weights
from speechlab.weights import weights_hash

WEIGHTS = "mosnet"


def magnitudes(waveform: np.ndarray) -> np.ndarray:
    """Compute the spectrogram (frames, 257) that MOSNet reads: a symmetric Hamming window of 512, hop 256."""
    import librosa

    window = np.hamming(512)
    return np.abs(librosa.stft(waveform, n_fft=512, hop_length=256, window=window, pad_mode="reflect")).T


def read_keras(path: Path) -> list[np.ndarray]:
    """Read the arrays of a Keras HDF5 file, of a model or only its weights, in the order of the layers.

    Raises:
        OSError: it is not an HDF5 file.
        KeyError: it is not one of Keras.
    """
    import h5py

    def text(name: bytes | str) -> str:
        return name.decode() if isinstance(name, bytes) else name

    with h5py.File(path) as file:
        root = file.get("model_weights", file)
        layers = [root[text(name)] for name in root.attrs["layer_names"]]
        return [layer[text(name)][()] for layer in layers for name in layer.attrs["weight_names"]]


class MosNetMetric(Metric):
    """MOS predicted by MOSNet; trained on converted 16 kHz speech of 2018, it rates much of today's synthesis alike."""

    outputs = ("mosnet",)
    weights = WEIGHTS
    unit = "MOS 1-5"
    sample_rate = RATE

    def __init__(self, **sizes):
        self.sizes = sizes  # of the network, where they are not the published ones

    def prepare(self) -> None:
        """Load the authors' weights.

        Raises:
            Unavailable: they are not in the cache, or not those of MOSNet.
        """
        path = require_weights(WEIGHTS) / "cnn_blstm.h5"
        require_package("h5py", "pip install h5py")
        from speechlab.models.mosnet import MosNet, from_keras

        try:
            self.model = from_keras(read_keras(path), MosNet(**self.sizes))
        except (OSError, KeyError, SpeechlabError) as error:
            raise Unavailable(f"{path} is not the file of MOSNet ({error}); delete it and get it again") from error

    @property
    def version(self) -> str:
        """The network and its weights."""
        return f"MOSNet CNN-BLSTM, weights {weights_hash(WEIGHTS)}"

    def compute(self, estimate, reference, sample_rate, text) -> float:
        """Predict the MOS.

        Raises:
            Unmeasurable: silent, shorter than 0.2 s, or longer than 120 s.
        """
        import torch

        require_speech(estimate)
        with torch.inference_mode():
            return float(self.model(torch.from_numpy(magnitudes(estimate)).float()[None]))
