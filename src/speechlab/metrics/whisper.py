"""Word and character error rates of what Whisper hears (arXiv:2212.04356): far better than pocketsphinx."""

import re

import numpy as np

from speechlab.metrics.base import Metric
from speechlab.metrics.pretrained import RATE, from_folder, require_speech, require_weights
from speechlab.metrics.words import error_rates
from speechlab.weights import weights_hash

WEIGHTS = "whisper-base.en"
LONGEST_S = 30  # all that it listens to at once


def spell_numbers(text: str) -> str:
    """Write numbers as words, as they are in the reference; Whisper prefers digits."""
    from num2words import num2words

    text = re.sub(r"(?<=\d),(?=\d{3})", "", text).replace("%", " percent ")
    return re.sub(r"\d+", lambda digits: f" {num2words(int(digits[0]))} ", text)


class WhisperErrorRate(Metric):
    """Error rates of what Whisper hears in English speech; it guesses well, so unclear words may pass."""

    outputs = ("wer_whisper", "cer_whisper")
    weights = WEIGHTS
    unit = "%"
    higher_is_better = False
    sample_rate = RATE
    n_workers = 2  # each holds a large network
    needs_text = True

    def prepare(self) -> None:
        """Load the network.

        Raises:
            Unavailable: its weights are not in the cache, or not complete.
        """
        folder = require_weights(WEIGHTS)
        from transformers import WhisperFeatureExtractor, WhisperForConditionalGeneration, WhisperTokenizerFast

        self.extractor = WhisperFeatureExtractor.from_pretrained(folder, local_files_only=True)
        self.tokenizer = WhisperTokenizerFast.from_pretrained(folder, local_files_only=True)
        self.model = from_folder(WhisperForConditionalGeneration, folder)

    @property
    def version(self) -> str:
        """The network and its weights."""
        return f"{WEIGHTS}, greedy, weights {weights_hash(WEIGHTS)}"

    def compute(self, estimate, reference, sample_rate, text) -> dict[str, float]:
        """Score what is heard against the text.

        Raises:
            Unmeasurable: silent, shorter than 0.2 s, longer than 30 s, or a text without English words.
        """
        require_speech(estimate, longest_s=LONGEST_S)
        return dict(zip(self.outputs, error_rates(spell_numbers(self.hear(estimate)), text), strict=True))

    def hear(self, waveform: np.ndarray) -> str:
        """Write down what is said in samples (samples,) at 16 kHz."""
        import torch

        features = self.extractor(waveform, sampling_rate=RATE, return_tensors="pt").input_features
        with torch.inference_mode():
            tokens = self.model.generate(features, do_sample=False, num_beams=1)
        return self.tokenizer.batch_decode(tokens, skip_special_tokens=True)[0]
