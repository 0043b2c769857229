"""Forced alignment by a CTC recogniser, whose labels have a blank between them: a cross-check of the aligner."""

import numpy as np

from speechlab.errors import SpeechlabError


def ctc_spans(log_probabilities: np.ndarray, targets: np.ndarray, blank: int = 0) -> np.ndarray:
    """Find the most probable place of each target, by Viterbi search over blanks and targets in turn.

    Graves et al., "Connectionist Temporal Classification" (ICML 2006), section 4.1, with the best path for the sum.

    Args:
        log_probabilities: of each label in each frame of the recogniser, (frames, labels).
        targets: labels to find, in order and without blanks, (targets,).
        blank: the label that stands for nothing.

    Returns:
        First frame, and the one after the last, of each target, int64 (targets, 2).

    Raises:
        SpeechlabError: there are too few frames; a repeated label needs a blank in between.
    """
    n_frames, n_targets = len(log_probabilities), len(targets)
    needed = n_targets + int((targets[1:] == targets[:-1]).sum())
    if n_frames < needed or n_targets == 0:
        raise SpeechlabError(
            f"{n_frames} frames cannot hold {n_targets} labels, which need {needed}; is the text too long?"
        )
    labels = np.full(2 * n_targets + 1, blank)
    labels[1::2] = targets
    skips = np.zeros(len(labels), bool)  # from a target over the blank to a different target
    skips[3::2] = targets[1:] != targets[:-1]
    emissions = log_probabilities[:, labels].astype(np.float64)  # (frames, states)
    best = np.full(len(labels), -np.inf)
    best[:2] = emissions[0, :2]
    steps = np.zeros(emissions.shape, np.int64)  # states advanced on arrival: 0, 1 or 2
    for frame in range(1, n_frames):
        one = np.concatenate(([-np.inf], best[:-1]))
        two = np.where(skips, np.concatenate(([-np.inf] * 2, best[:-2])), -np.inf)
        choices = np.stack((best, one, two))
        steps[frame] = choices.argmax(0)
        best = choices.max(0) + emissions[frame]
    state = len(labels) - 1 if best[-1] > best[-2] else len(labels) - 2
    path = np.empty(n_frames, np.int64)
    for frame in range(n_frames - 1, -1, -1):
        path[frame] = state
        state -= steps[frame, state]
    states = 2 * np.arange(n_targets) + 1
    return np.stack((np.searchsorted(path, states, "left"), np.searchsorted(path, states, "right")), 1)


def spans_to_boundaries(spans: np.ndarray, n_frames: int) -> np.ndarray:
    """Share the blanks between two targets halfway: recognisers fire for a frame or two only.

    Args:
        spans: first frame and the one after the last of each target, (targets, 2).
        n_frames: frames of the recogniser.

    Returns:
        Boundaries in frames of the recogniser, (targets + 1,), from 0 to ``n_frames``.
    """
    between = (spans[:-1, 1] + spans[1:, 0]) / 2
    return np.concatenate(([0.0], between, [float(n_frames)]))
