"""UTMOSv2 (arXiv:2409.09305) by its authors' package: MOS from a fine-tuned wav2vec 2.0 and four spectrograms.

The networks of all five folds answer five times each about randomly chosen parts of the item, as in the paper, and the
25 answers are averaged. Within one answer the package mixes two parts of the item at random; the average and a fixed
seed make the score repeatable. The package would fetch the encoders' original weights and its own while it is used;
here its networks are made without any, and every parameter comes from the folds' files.
"""

import random
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from tempfile import TemporaryDirectory
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
N_REPETITIONS = 5


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


class UtmosV2(Metric):
    """UTMOSv2's MOS of naturalness, for the data domain ``sarulab``; slow, about 25 passes of a large network."""

    outputs = ("utmos",)
    unit = "MOS 1-5"
    sample_rate = RATE
    n_workers = 1  # five networks of 0.8 GB

    def prepare(self) -> None:
        """Make the networks of all folds.

        Raises:
            Unavailable: the package or the weights are missing, or do not fit each other.
        """
        package = require_package("utmosv2", f"{COMMAND} && speechlab weights get {WEIGHTS}")
        folder = require_weights(WEIGHTS)
        from speechlab.models.mos_predictors import name_weight_norm

        self.folds = []
        with without_base_weights():
            for fold in range(N_FOLDS):
                model = package.create_model(pretrained=False, config="fusion_stage3", fold=fold)
                state = name_weight_norm(read_torch(folder / f"fold{fold}_s42_best_model.pth"))
                load_strictly(model, state, f"fold {fold} of UTMOSv2")
                self.folds.append(model)

    @property
    def version(self) -> str:
        """The package and the weights of all folds."""
        try:
            package = version("utmosv2")
        except PackageNotFoundError:  # a checkout on the path
            package = "of unknown version"
        return f"utmosv2 {package}, {N_FOLDS} folds x {N_REPETITIONS}, weights {weights_hash(WEIGHTS)}"

    def compute(self, estimate, reference, sample_rate, text) -> float:
        """Average the predictions of all folds.

        Raises:
            Unmeasurable: silent, shorter than 0.2 s, or longer than 120 s.
        """
        import soundfile

        require_speech(estimate)
        with TemporaryDirectory() as folder, seeded(0):
            path = Path(folder) / "item.wav"
            soundfile.write(path, estimate, RATE, subtype="FLOAT")
            answers = [
                fold.predict(
                    input_path=path,
                    device="cpu",
                    num_workers=0,
                    batch_size=1,
                    num_repetitions=N_REPETITIONS,
                    verbose=False,
                )
                for fold in self.folds
            ]
        return float(np.mean(answers))
