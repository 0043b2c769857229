"""How far found phone boundaries lie from the true ones."""

from collections.abc import Sequence

import numpy as np

from speechlab.config import AudioSpec


def boundary_errors_ms(durations: Sequence[int], true_ends: Sequence[int], spec: AudioSpec) -> np.ndarray:
    """Signed errors of the boundaries between tokens, in milliseconds; positive where the found one is late.

    Args:
        durations: found, in frames, one per token.
        true_ends: last samples of the same tokens, at ``spec.sample_rate``.

    Returns:
        (tokens - 1,): the end of the last token is the end of the recording, not a finding.
    """
    found = np.cumsum(durations)[:-1] * spec.hop_length
    return (found - np.asarray(true_ends)[:-1]) * 1000.0 / spec.sample_rate
