"""UTMOSv2 (arXiv:2409.09305) by its authors' package: MOS from a fine-tuned wav2vec 2.0 and four spectrograms.

One fold answers once, as the package does by itself; ``utmos_average`` asks all five folds five times each, as in the
paper, which takes 25 times as long. Every answer is about randomly chosen parts of the item, two of which are mixed at
random; a fixed seed makes the score repeatable. A GPU is used where there is one. The package would fetch the encoders'
original weights and its own while it is used; here its networks are made without any, and every parameter comes from
the folds' files.
"""

import random
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar
from unittest.mock import patch

import numpy as np

from speechlab.metrics.base import Metric
from speechlab.metrics.pretrained import (
    RATE,
    load_strictly,
    read_torch,
    require_package,
    require_speech,
    require_weights,
)
from speechlab.weights import weights_hash

WEIGHTS = "utmosv2"
COMMAND = "pip install git+https://github.com/sarulab-speech/UTMOSv2.git@v1.2.1"
N_FOLDS = 5
N_REPETITIONS = 5  # of each fold in the average


@contextmanager
def without_base_weights() -> Iterator[None]:
    """Let networks be made from sizes alone wherever a package asks for published weights."""
    import timm
    import transformers

    def encoder(name: str, **_: object):
        return transformers.Wav2Vec2Model(transformers.Wav2Vec2Config())

    def extractor(name: str, **_: object):
        return transformers.Wav2Vec2FeatureExtractor()

    make_image_model = timm.create_model

    def image_model(name: str, pretrained: bool = False, **sizes: object):
        return make_image_model(name, pretrained=False, **sizes)

    with ExitStack() as patches:
        patches.enter_context(patch.object(transformers.AutoModel, "from_pretrained", encoder))
        patches.enter_context(patch.object(transformers.AutoFeatureExtractor, "from_pretrained", extractor))
        patches.enter_context(patch.object(timm, "create_model", image_model))
        yield


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Fix what numpy, torch and Python draw, and put their states back afterwards."""
    import torch

    states = random.getstate(), np.random.get_state()
    with torch.random.fork_rng(devices=[]):
        random.seed(seed)
        np.random.seed(seed)
        torch.manual_seed(seed)
        try:
            yield
        finally:
            random.setstate(states[0])
            np.random.set_state(states[1])


def load_fold(fold: int):
    """Make one fold's network, as the package does, with its weights.

    Raises:
        Unavailable: the package or the weights are missing, or do not fit each other.
    """
    package = require_package("utmosv2", f"{COMMAND} && speechlab weights get {WEIGHTS}")
    path = require_weights(WEIGHTS) / f"fold{fold}_s42_best_model.pth"
    from speechlab.models.mos_predictors import name_weight_norm

    with without_base_weights():
        model = package.create_model(pretrained=False, config="fusion_stage3", fold=fold)
        load_strictly(model, name_weight_norm(read_torch(path)), f"fold {fold} of UTMOSv2")
    return model


class UtmosV2(Metric):
    """UTMOSv2's MOS of naturalness, for the data domain ``sarulab``."""

    outputs = ("utmos",)
    weights = WEIGHTS
    unit = "MOS 1-5"
    sample_rate = RATE
    n_workers = 1  # networks of 0.8 GB
    n_folds: ClassVar[int] = 1
    n_repetitions: ClassVar[int] = 1

    def prepare(self) -> None:
        """Make the networks.

        Raises:
            Unavailable: the package or the weights are missing, or do not fit each other.
        """
        import torch

        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.folds = [load_fold(fold) for fold in range(self.n_folds)]

    @property
    def version(self) -> str:
        """The package, how often it is asked, and the weights of all folds."""
        try:
            package = version("utmosv2")
        except PackageNotFoundError:  # a checkout on the path
            package = "of unknown version"
        return f"utmosv2 {package}, {self.n_folds} folds x {self.n_repetitions}, weights {weights_hash(WEIGHTS)}"

    def compute(self, estimate, reference, sample_rate, text) -> float:
        """Ask the folds, and average what they predict.

        Raises:
            Unmeasurable: silent, shorter than 0.2 s, or longer than 120 s.
        """
        import soundfile

        require_speech(estimate)
        with TemporaryDirectory() as folder, seeded(0):
            path = Path(folder) / "item.wav"
            soundfile.write(path, estimate, RATE, subtype="FLOAT")
            options = dict(device=self.device, num_workers=0, batch_size=1, verbose=False)
            answers = [
                fold.predict(input_path=path, num_repetitions=self.n_repetitions, **options) for fold in self.folds
            ]
        return float(np.mean(answers))


class UtmosV2Average(UtmosV2):
    """UTMOSv2's opinion as in the paper: all folds, asked five times each; slow, 25 passes of a large network."""

    outputs = ("utmos_average",)
    only_by_name = True
    n_folds = N_FOLDS
    n_repetitions = N_REPETITIONS
