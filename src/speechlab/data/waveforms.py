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
        waveform = at_loudness(waveform, sample_rate, corpus.loudness)
    return waveform.astype(np.float32)


def at_loudness(waveform: np.ndarray, sample_rate: int, wanted: float) -> np.ndarray:
    """Scale samples (samples,) to a loudness in LUFS, or as near to it as peaks under 0.95 allow; silence stays."""
    level = loudness(waveform, sample_rate)
    if not np.isfinite(level):
        return waveform
    gain = 10 ** ((wanted - level) / 20)
    return waveform * min(gain, PEAK_LIMIT / max(np.abs(waveform).max(), 1e-9))
