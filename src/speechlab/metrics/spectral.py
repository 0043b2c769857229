"""How far resynthesised speech lies from the recording, in its mel."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch

from speechlab.audio.io import Audio
from speechlab.audio.mel import MelSpectrogram
from speechlab.config import AudioSpec
from speechlab.errors import SpeechlabError
from speechlab.metrics.intervals import bootstrap

if TYPE_CHECKING:
    import pandas as pd


def mel_l1(estimate: np.ndarray, reference: np.ndarray, spec: AudioSpec) -> float:
    """Mean absolute difference of two log-mels, in natural logarithms of magnitude; 0.1 is about 0.9 dB.

    Args:
        estimate, reference: samples at the spec's rate, (samples,); the longer one is cut.

    Raises:
        SpeechlabError: they differ by more than two frames, so they are not one recording.
    """
    n_samples = min(len(estimate), len(reference))
    if max(len(estimate), len(reference)) - n_samples > 2 * spec.hop_length:
        raise SpeechlabError(
            f"{len(estimate)} and {len(reference)} samples cannot be one recording; compare a clip with its copy"
        )
    pair = torch.from_numpy(np.stack([estimate[:n_samples], reference[:n_samples]]).astype(np.float32))
    copy, original = MelSpectrogram(spec)(pair.unsqueeze(1))
    return (copy - original).abs().mean().item()


def copy_synthesis_table(
    systems: Mapping[str, Callable[[Audio], Audio]], recordings: Sequence[Audio], spec: AudioSpec
) -> "pd.DataFrame":
    """Measure how near each system's copies come to the recordings.

    Args:
        systems: name to a function that makes a copy of a recording, such as ``vocoder.vocode``.

    Returns:
        A row per system: mean mel L1, the ends of its 95 % interval and the number of recordings.
    """
    import pandas as pd

    rows = {}
    for name, copy in systems.items():
        distances = [mel_l1(copy(recording).waveform, recording.waveform, spec) for recording in recordings]
        rows[name] = bootstrap(distances)
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["mel L1", "low", "high", "n"])
    return table.round(3)
