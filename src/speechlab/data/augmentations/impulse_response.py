"""Rooms and microphones: convolution with an impulse response, measured or simulated.

The target of training is the dry signal, so the direct sound keeps its place and level: it is 1 at lag 0.
"""

from dataclasses import dataclass

import numpy as np

from speechlab.audio.mixing import add_room, simulate_room
from speechlab.data.augmentations.base import Augmentation, between, fit, pick
from speechlab.errors import SpeechlabError


@dataclass(frozen=True)
class ImpulseResponse(Augmentation):
    """Play a waveform in a room or through a microphone."""

    folder: str | tuple[str, ...] = ""  # or several, of measured responses; empty: rooms are simulated
    reverberation_s: tuple[float, float] = (0.1, 0.8)  # simulated: time in which the tail falls by 60 dB
    direct_to_reverberant_db: tuple[float, float] = (0.0, 15.0)  # simulated: near to far

    def apply(self, waveform: np.ndarray, sample_rate: int, generator: np.random.Generator) -> np.ndarray:
        """Convolve with a response drawn from the folder, or simulated.

        Raises:
            SpeechlabError: the response drawn is silent.
        """
        if not len(waveform):
            return waveform
        return fit(add_room(waveform, self.response(sample_rate, generator)))

    def response(self, sample_rate: int, generator: np.random.Generator) -> np.ndarray:
        """Draw an impulse response (samples,); the direct sound is sample 0 and has the value 1."""
        if self.folder:
            return from_direct_sound(pick(generator, self.folder, sample_rate))
        seconds = between(generator, self.reverberation_s)
        ratio_db = between(generator, self.direct_to_reverberant_db)
        return simulate_room(sample_rate, seconds, ratio_db, seed=int(generator.integers(2**31)))


def from_direct_sound(response: np.ndarray) -> np.ndarray:
    """Drop what comes before the loudest sample of a response (samples,) and make that sample 1, whatever its sign."""
    direct = int(np.argmax(np.abs(response)))
    if response[direct] == 0:
        raise SpeechlabError("an impulse response is silent; remove it from the folder")
    return response[direct:] / response[direct]
