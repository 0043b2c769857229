"""Datasets and batches for training.

Everything random is drawn from (seed, epoch, index), so that a run resumed at step N sees what it would have seen.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.data import Dataset, Sampler

from speechlab.config import AudioSpec, CorpusConfig
from speechlab.data.corpora import Utterance
from speechlab.data.prosody import extract_pitch
from speechlab.data.storage import safe_name
from speechlab.data.store import FeatureStore
from speechlab.data.waveforms import PEAK_LIMIT, load_waveform
from speechlab.errors import SpeechlabError


def mel_path(folder: Path, id: str) -> Path:
    """File of an utterance's teacher-forced mel."""
    return folder / f"{safe_name(id)}.npy"


KEPT_SAMPLES = 100_000_000  # of decoded audio held in memory per process: 400 MB, over an hour at 22.05 kHz


class VocoderBatch(NamedTuple):
    """Crops for a vocoder."""

    names: list[str]
    waveform: Tensor  # (batch, 1, samples)
    mel: Tensor | None  # (batch, n_mels, frames) of an acoustic model; None: to be computed from the waveform
    pitch: Tensor | None = None  # (batch, frames), Hz, 0 where unvoiced; None: not asked for


class AcousticBatch(NamedTuple):
    """Utterances for an aligner or an acoustic model, padded with zeros."""

    names: list[str]
    tokens: Tensor  # (batch, tokens)
    lengths: Tensor  # (batch,), tokens
    mel: Tensor  # (batch, n_mels, frames)
    mel_lengths: Tensor  # (batch,), frames
    durations: Tensor | None  # (batch, tokens), frames
    pitch: Tensor | None  # (batch, tokens), normalised
    energy: Tensor | None  # (batch, tokens), normalised


class AcousticItem(NamedTuple):
    """One utterance of an ``AcousticBatch``, without padding."""

    name: str
    tokens: Tensor
    mel: Tensor  # (n_mels, frames)
    durations: Tensor | None = None
    pitch: Tensor | None = None
    energy: Tensor | None = None


def collate_acoustic(items: Sequence[AcousticItem]) -> AcousticBatch:
    """Pad utterances to the longest of the batch."""

    def padded(name: str) -> Tensor | None:
        values = [getattr(item, name) for item in items]
        if values[0] is None:
            return None
        return torch.nn.utils.rnn.pad_sequence(values, batch_first=True)

    mel_lengths = torch.tensor([item.mel.shape[-1] for item in items])
    mel = torch.stack([F.pad(item.mel, (0, int(mel_lengths.max()) - item.mel.shape[-1])) for item in items])
    lengths = torch.tensor([len(item.tokens) for item in items])
    names = [item.name for item in items]
    prosody = (padded("durations"), padded("pitch"), padded("energy"))
    return AcousticBatch(names, padded("tokens"), lengths, mel, mel_lengths, *prosody)


class VocoderItem(NamedTuple):
    """One crop of a ``VocoderBatch``."""

    name: str
    waveform: Tensor  # (1, samples)
    mel: Tensor | None = None
    pitch: Tensor | None = None


def collate_vocoder(items: Sequence[VocoderItem]) -> VocoderBatch:
    """Stack crops of one length."""
    names, *columns = zip(*items, strict=True)
    return VocoderBatch(list(names), *(None if column[0] is None else torch.stack(column) for column in columns))


class VocoderDataset(Dataset):
    """Random crops of recordings; shorter ones are padded with zeros.

    Each file is brought to a peak of 0.95, as HiFi-GAN does, unless the corpus fixes the loudness or the crops are
    paired with an acoustic model's mels, whose level is that of the recording.

    Args:
        segment_length: samples, a multiple of the hop.
        mels: folder of teacher-forced mels, (n_mels, frames) each, at ``mel_path``.
        with_pitch: give each crop its pitch too.
    """

    def __init__(
        self,
        utterances: Sequence[Utterance],
        corpus: CorpusConfig,
        spec: AudioSpec,
        segment_length: int,
        seed: int,
        mels: Path | None = None,
        with_pitch: bool = False,
    ):
        self.utterances, self.corpus, self.spec = list(utterances), corpus, spec
        self.segment_length, self.seed, self.mels, self.with_pitch = segment_length, seed, mels, with_pitch
        self.kept: dict[int, Tensor] = {}
        self.pitches: dict[int, Tensor] = {}
        self.broken: set[int] = set()

    def __len__(self) -> int:
        return len(self.utterances)

    def waveform(self, index: int) -> Tensor:
        """Recording (samples,) as training wants it; the first so many are kept in memory, small corpora whole."""
        if index in self.kept:
            return self.kept[index]
        path = self.utterances[index].audio_path
        waveform = torch.from_numpy(load_waveform(path, self.spec.sample_rate, self.corpus))
        if self.mels is None and not self.corpus.loudness:
            waveform = waveform * (PEAK_LIMIT / waveform.abs().max().clamp(min=1e-3))
        if sum(len(kept) for kept in self.kept.values()) < KEPT_SAMPLES:
            self.kept[index] = waveform
        return waveform

    def readable(self, index: int) -> int:
        """Find the first recording from ``index`` on that can be read; the others are reported once."""
        for candidate in [*range(index, len(self)), *range(index)]:
            try:
                self.waveform(candidate)
                return candidate
            except SpeechlabError as error:
                if candidate not in self.broken:
                    print(f"left out: {error}", flush=True)
                self.broken.add(candidate)
        raise SpeechlabError("no recording of the corpus can be read")

    def pitch(self, index: int) -> Tensor:
        """Pitch (frames,) of a recording, measured once."""
        if index not in self.pitches:
            spec, waveform = self.spec, self.waveform(index).numpy()
            track = extract_pitch(waveform, spec.sample_rate, spec.hop_length, spec.centring)
            self.pitches[index] = torch.from_numpy(track)
        return self.pitches[index]

    def __getitem__(self, place: tuple[int, int]) -> VocoderItem:
        """Crop the utterance at ``place`` = (epoch, index)."""
        epoch, index = place
        index = self.readable(index)
        utterance, waveform = self.utterances[index], self.waveform(index)
        hop = self.spec.hop_length
        mel = None if self.mels is None else torch.from_numpy(np.load(mel_path(self.mels, utterance.id)))
        frames = self.segment_length // hop
        available = len(waveform) // hop if mel is None else min(len(waveform) // hop, mel.shape[-1])
        rng = np.random.default_rng((self.seed, epoch, index))
        first = int(rng.integers(max(available - frames, 0) + 1))
        crop = waveform[first * hop : (first + frames) * hop]
        crop = F.pad(crop, (0, self.segment_length - len(crop)))[None]
        if mel is not None:
            mel = mel[:, first : first + frames]
            mel = F.pad(mel, (0, frames - mel.shape[-1]), value=float(np.log(self.spec.log_floor)))
        pitch = None
        if self.with_pitch:
            pitch = self.pitch(index)[first : first + frames]
            pitch = F.pad(pitch, (0, frames - len(pitch)))
        return VocoderItem(utterance.id, crop, mel, pitch)


class EpochSampler(Sampler):
    """Endless batches of (epoch, index), a function of the seed and the number of batches already drawn.

    Items are shuffled each epoch; where lengths are given, groups of four batches are sorted by length to save padding.

    Args:
        n_items: of the dataset.
        lengths: of the items, in any unit.
        start: batches to skip, that is those that a resumed run has seen.
        rank: which of ``world_size`` processes draws; each takes every ``world_size``-th batch.
    """

    GROUP = 4  # batches sorted together, as in ming024's FastSpeech 2

    def __init__(
        self,
        n_items: int,
        batch_size: int,
        seed: int,
        lengths: Sequence[int] | None = None,
        start: int = 0,
        rank: int = 0,
        world_size: int = 1,
    ):
        self.n_items, self.batch_size, self.seed, self.lengths = n_items, batch_size, seed, lengths
        self.start, self.rank, self.world_size = start, rank, world_size
        self.batches_per_epoch = max(n_items // batch_size // world_size, 1)

    def epoch(self, number: int) -> list[list[tuple[int, int]]]:
        """All batches of one epoch, for every rank, in order; the incomplete last one is dropped."""
        rng = np.random.default_rng((self.seed, number))
        order = rng.permutation(self.n_items)
        if not self.n_items:
            raise SpeechlabError("there is nothing to train on: no utterance is usable")
        while len(order) < self.batch_size * self.world_size:  # a corpus smaller than one batch is repeated
            order = np.concatenate([order, rng.permutation(self.n_items)])
        if self.lengths is not None:
            size = self.GROUP * self.batch_size
            groups = [order[begin : begin + size] for begin in range(0, len(order), size)]
            order = np.concatenate([sorted(group, key=lambda index: self.lengths[index]) for group in groups])
        n_batches = self.batches_per_epoch * self.world_size
        batches = order[: n_batches * self.batch_size].reshape(n_batches, self.batch_size)
        rng.shuffle(batches)
        return [[(number, int(index)) for index in batch] for batch in batches]

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        number, skip = divmod(self.start, self.batches_per_epoch)
        while True:
            yield from self.epoch(number)[self.rank :: self.world_size][skip : self.batches_per_epoch]
            number, skip = number + 1, 0


class AcousticDataset(Dataset):
    """Utterances from the feature store: with durations and prosody, or, for an aligner, with tokens alone.

    Args:
        store: features of the corpus.
        ids: utterances to use.
        tokens: symbol ids by utterance, for training an aligner; ``None`` reads the linguistic layer.
        log_energy: give the energy's logarithm.
    """

    def __init__(
        self,
        store: FeatureStore,
        ids: Sequence[str],
        tokens: Mapping[str, Sequence[int]] | None = None,
        log_energy: bool = False,
    ):
        self.store, self.ids, self.tokens, self.log_energy = store, list(ids), tokens, log_energy

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def lengths(self) -> list[int]:
        """Frames of each utterance, for bucketing."""
        return [self.store.frames[id] for id in self.ids]

    def __getitem__(self, place: tuple[int, int]) -> AcousticItem:
        """Read the utterance at ``place`` = (epoch, index)."""
        id = self.ids[place[1]]
        mel = torch.from_numpy(self.store.acoustic(id).mel)
        if self.tokens is not None:
            return AcousticItem(id, torch.tensor(self.tokens[id]), mel)
        spoken = self.store.linguistic(id)
        pitch, energy = (torch.from_numpy(values) for values in self.store.prosody_targets(id, self.log_energy))
        return AcousticItem(id, torch.from_numpy(spoken.ids), mel, torch.from_numpy(spoken.durations), pitch, energy)
