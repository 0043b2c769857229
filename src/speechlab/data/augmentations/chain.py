"""The way from a mouth to a file: room, noise, microphone, device effects, codec."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from speechlab.data.augmentations.base import Augmentation, recordings
from speechlab.data.augmentations.codec import Codec
from speechlab.data.augmentations.effects import Acrusher, Crystalizer, Flanger, Vibrato
from speechlab.data.augmentations.impulse_response import ImpulseResponse
from speechlab.data.augmentations.noise import Noise
from speechlab.errors import SpeechlabError

DEVICE = ("acrusher", "crystalizer", "vibrato", "flanger", "codec")
ORDERS = {
    "physical": ("room", "noise", "microphone", *DEVICE),
    "reference": ("noise", "microphone", "room", *DEVICE),  # the order that FINALLY's unofficial recipe uses
}


@dataclass(frozen=True)
class ChainConfig:
    """Which degradations an item may meet; the defaults are FINALLY's, without microphones, which need a folder."""

    room: ImpulseResponse = ImpulseResponse(probability=0.8)
    noise: Noise = Noise()
    microphone: ImpulseResponse = ImpulseResponse(probability=0.0)
    acrusher: Acrusher = Acrusher()
    crystalizer: Crystalizer = Crystalizer()
    vibrato: Vibrato = Vibrato()
    flanger: Flanger = Flanger()
    codec: Codec = Codec()
    order: str = "physical"  # or reference: noise, microphone, room

    def __post_init__(self) -> None:
        if self.order not in ORDERS:
            raise SpeechlabError(f"augmentations have no order {self.order!r} (known: {', '.join(ORDERS)})")
        if self.microphone.probability and not self.microphone.folder:
            raise SpeechlabError("microphones cannot be simulated; give microphone.folder, or probability 0")


class Chain:
    """Degrade clean speech as a config says: ``Chain(config)(waveform, sample_rate, seed)``.

    It holds no state and opens its folders' recordings as they are needed, so that any number of workers may have it.

    Raises:
        SpeechlabError: a folder is missing or holds no audio.
    """

    def __init__(self, config: ChainConfig):
        self.config = config
        for step in (config.room, config.noise, config.microphone):
            if step.probability and step.folder:
                recordings(step.folder)

    def __call__(self, waveform: np.ndarray, sample_rate: int, seed: int | Sequence[int]) -> np.ndarray:
        """Degrade one item.

        Args:
            waveform: clean speech, (samples,), in [-1, 1].
            sample_rate: Hz.
            seed: a number or several, such as (seed of the run, epoch, index). Each augmentation has a child of
                its own, the same in both orders, so that its draws depend on nothing but the seed.

        Returns:
            (samples,) float32 in [-1, 1], aligned with the input.
        """
        waveform = np.asarray(waveform, dtype=np.float32)
        if waveform.ndim != 1:
            raise SpeechlabError(f"expected a waveform of shape (samples,), got {waveform.shape}")
        children = dict(zip(ORDERS["physical"], np.random.SeedSequence(seed).spawn(len(DEVICE) + 3), strict=True))
        for name in ORDERS[self.config.order]:
            step: Augmentation = getattr(self.config, name)
            generator = np.random.default_rng(children[name])
            if generator.uniform() < step.probability:
                waveform = step.apply(waveform, sample_rate, generator)
        return waveform
