"""How far found phone boundaries lie from the true ones."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from speechlab.config import AudioSpec

if TYPE_CHECKING:
    import pandas as pd


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


def boundary_table(found: Mapping[str, Sequence[int]], truth, spec: AudioSpec) -> "pd.DataFrame":
    """List the boundaries of many utterances with their errors.

    Args:
        found: id to durations in frames.
        truth: id to an utterance whose ``tokens`` have a ``symbol`` and an ``end`` sample, as the embedded corpus.

    Returns:
        A row per boundary: ``utterance``, the symbols ``left`` and ``right`` of it, ``true_s`` and ``error_ms``.
    """
    import pandas as pd

    tables = []
    for id, durations in found.items():
        tokens = truth[id].tokens
        symbols, ends = [token.symbol for token in tokens], [token.end for token in tokens]
        errors = boundary_errors_ms(durations, ends, spec)
        columns = {"utterance": id, "left": symbols[:-1], "right": symbols[1:]}
        tables.append(pd.DataFrame(columns | {"true_s": np.array(ends[:-1]) / spec.sample_rate, "error_ms": errors}))
    return pd.concat(tables, ignore_index=True)


def summarise_boundaries(table: "pd.DataFrame") -> "pd.Series":
    """Say in five numbers how good the boundaries of a ``boundary_table`` are."""
    import pandas as pd

    distance = table["error_ms"].abs()
    numbers = {"boundaries": len(table), "median |error|, ms": distance.median()}
    numbers |= {f"within {limit} ms, %": 100 * (distance <= limit).mean() for limit in (30, 60)}
    return pd.Series(numbers | {"median error, ms": table["error_ms"].median()})
