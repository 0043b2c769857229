"""DistillMOS: a predicted MOS of speech without a reference, by a small network (arXiv:2502.05356).

It learned from a large predictor that listens through wav2vec 2.0 XLS-R; on synthetic speech, which it was not taught,
its authors find it the weaker of the two. Windows of 7.68 s at steps of up to 1 s are heard one after the other, each
brought to full scale, and their answers averaged: the level of a recording does not count. The package ``distillmos``
carries the network.
"""

from importlib.metadata import version
from math import ceil
from pathlib import Path

import numpy as np

from speechlab.files import sha256
from speechlab.metrics.base import Metric
from speechlab.metrics.pretrained import RATE, load_strictly, read_torch, require_package, require_speech

N_WINDOW = 122_880  # samples
LONGEST_STEP = RATE  # samples


def windows_of(waveform: np.ndarray) -> np.ndarray:
    """Cut a waveform (samples,) into windows (windows, 122880), the very ones that the package takes.

    A short waveform is filled with zeros. Windows are spread evenly, the first at the start and the last at the end;
    all are equally long, so the mean of their answers weighs every second of a long recording alike.
    """
    rest = len(waveform) - N_WINDOW
    if rest <= 0:
        return np.pad(waveform, (0, -rest))[None]
    starts = (np.linspace(0, 1, ceil(rest / LONGEST_STEP) + 1) * rest).astype(int)
    return np.stack([waveform[start : start + N_WINDOW] for start in starts])


class DistillMos(Metric):
    """DistillMOS's MOS of naturalness; clean read speech has about 4.0 to 4.5."""

    outputs = ("distillmos",)
    unit = "MOS 1-5"
    sample_rate = RATE

    def prepare(self) -> None:
        """Make the network and read its weights; what random numbers come next is not changed by that.

        Raises:
            Unavailable: the package is missing, or damaged.
        """
        package = require_package("distillmos", "pip install distillmos")
        import torch
        from distillmos.sqa import DEFAULT_WEIGHTS_CHKPT

        path = Path(DEFAULT_WEIGHTS_CHKPT)
        with torch.random.fork_rng(devices=[]):
            # without its weights: the package would announce them on stdout
            self.model = package.ConvTransformerSQAModel(load_weights=False, segmenting_in_forward=False)
        load_strictly(self.model, read_torch(path).get("model", {}), "DistillMOS")
        self.hash = sha256(path)[:12]

    @property
    def version(self) -> str:
        """The package and the hash of its weights; known once they are loaded."""
        return f"distillmos {version('distillmos')}, weights {self.hash}"

    def compute(self, estimate, reference, sample_rate, text) -> float:
        """Average the answers to all windows, one at a time: memory does not grow with the length.

        Raises:
            Unmeasurable: silence, or less than 0.2 s.
        """
        import torch

        require_speech(estimate, longest_s=None)
        with torch.inference_mode():
            answers = [self.model(torch.from_numpy(window)[None]).item() for window in windows_of(estimate)]
        return float(np.mean(answers))
