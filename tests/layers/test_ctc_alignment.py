"""Forced alignment by CTC: peaky emissions, repeated labels, brute force."""

from itertools import groupby, product

import numpy as np
import pytest

from speechlab.errors import SpeechlabError
from speechlab.layers.ctc_alignment import ctc_spans, spans_to_boundaries


def emissions(labels, n_labels: int = 6) -> np.ndarray:
    """Log-probabilities that peak at the given label of each frame."""
    generator = np.random.default_rng(0)
    scores = generator.uniform(0, 1, (len(labels), n_labels))
    scores[np.arange(len(labels)), labels] += 6
    return scores - np.log(np.exp(scores).sum(1, keepdims=True))


def test_peaky_emissions_give_back_their_boundaries():
    labels = [0, 0, 3, 3, 0, 0, 0, 5, 0, 2, 2, 0, 2, 0]
    spans = ctc_spans(emissions(labels), np.array([3, 5, 2, 2]))
    assert spans.tolist() == [[2, 4], [7, 8], [9, 11], [12, 13]]
    assert spans_to_boundaries(spans, 14).tolist() == [0, 5.5, 8.5, 11.5, 14]


@pytest.mark.parametrize("targets", [[1], [1, 2], [1, 1], [2, 1, 2]])
def test_the_path_is_the_best_of_all(targets):
    n_frames = 6
    scores = np.random.default_rng(len(targets)).normal(size=(n_frames, 3))
    paths = [
        path
        for path in product(range(3), repeat=n_frames)
        if [label for label, _ in groupby(path) if label != 0] == targets
    ]
    best = max(paths, key=lambda path: scores[np.arange(n_frames), path].sum())
    found = np.zeros(n_frames, int)
    for label, (first, last) in zip(targets, ctc_spans(scores, np.array(targets)), strict=True):
        found[first:last] = label
    assert found.tolist() == list(best)


def test_too_few_frames_are_refused():
    with pytest.raises(SpeechlabError, match="3 frames cannot hold 3 labels, which need 4"):
        ctc_spans(np.zeros((3, 4)), np.array([1, 1, 2]))
