"""One way to read a corpus's recordings, shared by features, vocoder training and evaluation."""

import numpy as np

from speechlab.audio.io import read_audio
from speechlab.audio.loudness import loudness
from speechlab.config import CorpusConfig

PEAK_LIMIT = 0.95  # of full scale; the level to which HiFi-GAN's recipe brings each file


def load_waveform(path, sample_rate: int, corpus: CorpusConfig) -> np.ndarray:
    """Read one recording as the corpus wants it: mono, resampled, without offset, at the corpus's loudness.

    Args:
        sample_rate: wanted, in Hz.
        corpus: its ``remove_offset`` and ``loudness`` are applied.

    Returns:
        (samples,) float32.
    """
    waveform = read_audio(path, sample_rate).waveform
    if corpus.remove_offset:
        waveform = waveform - waveform.mean()
    if corpus.loudness:
        level = loudness(waveform, sample_rate)
        if np.isfinite(level):
            gain = 10 ** ((corpus.loudness - level) / 20)
            waveform = waveform * min(gain, PEAK_LIMIT / max(np.abs(waveform).max(), 1e-9))
    return waveform.astype(np.float32)
