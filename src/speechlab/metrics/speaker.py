"""Speaker similarity: the cosine between two x-vectors of WavLM (arXiv:2110.13900, section 4.2)."""

import numpy as np

from speechlab.metrics.base import Metric
from speechlab.metrics.pretrained import RATE, from_folder, require_speech, require_weights
from speechlab.weights import weights_hash

WEIGHTS = "wavlm-sv"
SHORTEST_S = 0.5  # of speech from which anyone could tell who speaks


class SpeakerSimilarity(Metric):
    """Cosine of the speakers' vectors, -1 to 1; the reference is any recording of the speaker, with any words.

    The authors take two recordings above 0.86 for one speaker.
    """

    outputs = ("speaker_similarity",)
    weights = WEIGHTS
    unit = "cosine"
    sample_rate = RATE
    n_workers = 2  # each holds a large network
    needs_reference = True
    any_length = True

    def prepare(self) -> None:
        """Load the network.

        Raises:
            Unavailable: its weights are not in the cache, or not complete.
        """
        folder = require_weights(WEIGHTS)
        from transformers import Wav2Vec2FeatureExtractor, WavLMForXVector

        self.extractor = Wav2Vec2FeatureExtractor.from_pretrained(folder, local_files_only=True)
        self.model = from_folder(WavLMForXVector, folder)

    @property
    def version(self) -> str:
        """The network and its weights."""
        return f"wavlm-base-plus-sv, weights {weights_hash(WEIGHTS)}"

    def compute(self, estimate, reference, sample_rate, text) -> float:
        """Compare the two speakers.

        Raises:
            Unmeasurable: one recording is silent, shorter than 0.5 s, or longer than 120 s.
        """
        require_speech(estimate, reference, SHORTEST_S)
        first, second = self.vector(estimate), self.vector(reference)
        return float(first @ second / (np.linalg.norm(first) * np.linalg.norm(second)))

    def vector(self, waveform: np.ndarray) -> np.ndarray:
        """Compute the x-vector (512,) of samples (samples,) at 16 kHz."""
        import torch

        inputs = self.extractor(waveform, sampling_rate=RATE, return_tensors="pt")
        with torch.inference_mode():
            return self.model(inputs.input_values).embeddings[0].double().numpy()
