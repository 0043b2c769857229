"""Degradations that make noisy speech of clean speech, with the clean waveform as the aligned target."""

from speechlab.data.augmentations.base import Augmentation
from speechlab.data.augmentations.chain import ORDERS, Chain, ChainConfig
from speechlab.data.augmentations.codec import Codec
from speechlab.data.augmentations.effects import Acrusher, Crystalizer, Flanger, Vibrato
from speechlab.data.augmentations.impulse_response import ImpulseResponse
from speechlab.data.augmentations.noise import Noise

__all__ = [
    "ORDERS",
    "Acrusher",
    "Augmentation",
    "Chain",
    "ChainConfig",
    "Codec",
    "Crystalizer",
    "Flanger",
    "ImpulseResponse",
    "Noise",
    "Vibrato",
]
