"""Crops of degraded and clean speech for training; everything random is drawn from (seed, epoch, index)."""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from speechlab.audio.band import METHODS, limit_band, noise_floor, without_noise_floor
from speechlab.audio.io import probe, read_excerpt
from speechlab.audio.resample import resample
from speechlab.config import DegradationConfig, PairsConfig
from speechlab.data.augmentations import (
    Acrusher,
    Chain,
    ChainConfig,
    Codec,
    Crystalizer,
    Flanger,
    ImpulseResponse,
    Noise,
    Vibrato,
)
from speechlab.data.pairs.base import Pair
from speechlab.errors import SpeechlabError

PEAKS = (0.25, 0.95)  # of the degraded recording, between which training draws: no enhancer may rely on one level
CONTEXT_GRID = 320  # samples: crops begin where a frame of WavLM does
FLOOR_S = 60.0  # of a recording in which its noise floor is looked for


class EnhancementBatch(NamedTuple):
    """Crops for an enhancer; the clean ones may have a higher rate, and then as many more samples."""

    names: list[str]
    degraded: Tensor  # (batch, 1, samples)
    clean: Tensor  # (batch, 1, samples * clean rate / degraded rate)
    context: Tensor | None  # (batch, 1, longer): the degraded recording around the crop, for WavLM
    starts: Tensor | None  # (batch,): sample of the context at which the crop begins


class Crop(NamedTuple):
    """One item of an :class:`EnhancementBatch`."""

    name: str
    degraded: Tensor  # (1, samples)
    clean: Tensor
    context: Tensor
    start: int


def collate_enhancement(items: Sequence[Crop]) -> EnhancementBatch:
    """Stack crops of one length; without a wider context there is none."""
    names, degraded, clean, context, starts = zip(*items, strict=True)
    batch = EnhancementBatch(list(names), torch.stack(degraded), torch.stack(clean), None, None)
    if context[0].shape == degraded[0].shape:
        return batch
    return batch._replace(context=torch.stack(context), starts=torch.tensor(starts))


def make_chain(config: DegradationConfig) -> Chain:
    """Build the augmentations of an experiment's config."""

    def rarer(step):
        return type(step)(probability=min(config.effects * step.probability, 1.0))

    return Chain(
        ChainConfig(
            room=ImpulseResponse(config.room_probability, config.rooms),
            noise=Noise(
                config.noise_probability,
                config.noises,
                config.snr_db,
                config.noise_tilt_db,
                config.babble,
                config.babble_share,
            ),
            microphone=ImpulseResponse(config.microphone_probability * bool(config.microphones), config.microphones),
            acrusher=rarer(Acrusher()),
            crystalizer=rarer(Crystalizer()),
            vibrato=rarer(Vibrato()),
            flanger=rarer(Flanger()),
            codec=Codec(config.codec_probability),
            order=config.order,
        )
    )


class EnhancementDataset(Dataset):
    """Random crops of recordings, degraded here where they have no degraded counterpart.

    Only the piece that is needed is read from a file, so that files may be hours long. Both signals get one gain: the
    degraded one's peak is drawn, the clean one keeps its relation to it.

    Args:
        input_rate: of the degraded crops, Hz.
        clean_rate: of the clean crops, Hz, a multiple of ``input_rate``.
        segment_length: samples of a degraded crop.
        context_length: samples of the degraded recording around it; at least the crop itself.
    """

    def __init__(
        self,
        pairs: Sequence[Pair],
        data: PairsConfig,
        degradation: DegradationConfig,
        input_rate: int,
        clean_rate: int,
        segment_length: int,
        seed: int,
        context_length: int = 0,
    ):
        self.pairs, self.data, self.degradation, self.seed = list(pairs), data, degradation, seed
        self.input_rate, self.clean_rate = input_rate, clean_rate
        self.segment_length, self.context_length = segment_length, max(context_length, segment_length)
        self.chain = make_chain(degradation)
        self.broken: set[str] = set()

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, place: tuple[int, int]) -> Crop:
        """Crop the pair at ``place`` = (epoch, index), or the next one that can be read; the others are reported."""
        epoch, index = place
        for pair in self.pairs[index:] + self.pairs[:index]:
            try:
                return self.crop(pair, (self.seed, epoch, index))
            except SpeechlabError as error:
                if pair.id not in self.broken:
                    print(f"left out: {error}", flush=True)
                self.broken.add(pair.id)
        raise SpeechlabError("no recording of the dataset can be read")

    def crop(self, pair: Pair, seed: Sequence[int]) -> Crop:
        """Cut a context at random, degrade it, and cut the crop out of it at random."""
        rng = np.random.default_rng((*seed, 0))
        degraded, clean = self.excerpt(pair, self.context_length, (*seed, 1), rng)
        room = (self.context_length - self.segment_length) // CONTEXT_GRID
        start = CONTEXT_GRID * int(rng.integers(room, endpoint=True))
        ratio, end = self.clean_rate // self.input_rate, start + self.segment_length
        tensors = (degraded[None, start:end], clean[None, start * ratio : end * ratio], degraded[None])
        return Crop(pair.id, *(torch.from_numpy(np.ascontiguousarray(signal)) for signal in tensors), start)

    def excerpt(
        self, pair: Pair, samples: int, seed: Sequence[int], rng: np.random.Generator | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Give so many samples at the input's rate of a degraded recording, and as long a piece of the clean one.

        Without a source of chance it is the recording's beginning, at a peak in the middle of those of training.

        Returns:
            Degraded (samples,) at ``input_rate`` and clean (samples * ratio,) at ``clean_rate``, float32; zeros follow
            recordings that are shorter.
        """
        wide = samples * self.clean_rate // self.input_rate
        speed = rng.uniform(*self.data.speeds) if rng else 1.0
        info = probe(pair.clean)
        rate = info.sample_rate * speed  # a recording said to be faster than it is
        needed = int(np.ceil(wide * rate / self.clean_rate))
        first = int(rng.integers(max(info.samples - needed, 0), endpoint=True)) if rng else 0
        recorded = read_excerpt(pair.clean, first, needed).waveform
        recorded = recorded - recorded.mean()
        clean = recorded
        if self.data.remove_noise_floor:
            clean = without_noise_floor(recorded, floor_of(str(pair.clean)))

        def stretched(waveform: np.ndarray) -> np.ndarray:
            waveform = resample(waveform, rate, self.clean_rate)[:wide]
            return np.pad(waveform, (0, wide - len(waveform)))

        if pair.noisy is None:
            degraded = self.degrade(stretched(recorded), seed)
            if rate < self.clean_rate:  # noise above all speech would teach that nothing up there is speech
                degraded = stretched(resample(degraded, self.clean_rate, rate))
        else:
            other = probe(pair.noisy)
            if (other.sample_rate, other.samples) != (info.sample_rate, info.samples):
                raise SpeechlabError(f"{pair.noisy} and {pair.clean} differ in rate or length; make them equal")
            noisy = read_excerpt(pair.noisy, first, needed).waveform
            degraded = stretched(noisy - noisy.mean())
        degraded = resample(degraded, self.clean_rate, self.input_rate)[:samples]
        gain = (rng.uniform(*PEAKS) if rng else np.mean(PEAKS)) / max(float(np.abs(degraded).max()), 1e-3)
        return (degraded * gain).astype(np.float32), (stretched(clean) * gain).astype(np.float32)

    def degrade(self, clean: np.ndarray, seed: Sequence[int]) -> np.ndarray:
        """Send a clean waveform (samples,) at ``clean_rate`` through the augmentations, then limit its band."""
        degraded = self.chain(clean, self.clean_rate, seed)
        if not self.degradation.band_hz:
            return degraded
        rng = np.random.default_rng((*seed, 1))
        method = self.degradation.band_method
        method = METHODS[rng.integers(len(METHODS))] if method == "random" else method
        return limit_band(degraded, self.clean_rate, int(rng.choice(self.degradation.band_hz)), method)


@lru_cache(maxsize=4096)
def floor_of(path: str) -> np.ndarray:
    """Noise floor of a recording, from its beginning."""
    rate = probe(path).sample_rate
    waveform = read_excerpt(path, 0, int(FLOOR_S * rate)).waveform
    return noise_floor(waveform - waveform.mean())
