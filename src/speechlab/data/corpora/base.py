"""What a corpus is: utterances with their audio, text, speaker and split."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from speechlab.config import AudioSpec, CorpusConfig
from speechlab.files import sha256

TRAIN, VALIDATION, TEST = SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Utterance:
    """One recording with its transcript; the file is not looked at before features are computed."""

    id: str
    audio_path: Path
    text: str  # empty where there is no transcript: still good for a vocoder
    speaker: str = ""
    split: str = TRAIN


@dataclass(frozen=True)
class Corpus:
    """Utterances in a fixed order, with what a model trained on them has to say about its data."""

    name: str
    utterances: tuple[Utterance, ...]
    licence: str
    citation: str
    sample_rate: int  # Hz, of the files as they lie on the disk
    config: CorpusConfig = field(default_factory=CorpusConfig)  # says how the recordings are read
    timings: Callable[[str, AudioSpec, int], tuple[list[str], np.ndarray]] | None = None
    """True (symbols, durations) for (id, spec, frames), where the corpus knows them: only the embedded one does."""
    _by_id: dict[str, Utterance] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._by_id.update((utterance.id, utterance) for utterance in self.utterances)

    def __len__(self) -> int:
        return len(self.utterances)

    def __getitem__(self, id: str) -> Utterance:
        return self._by_id[id]

    def __contains__(self, id: str) -> bool:
        return id in self._by_id

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 over ids, splits, texts and the bytes of every recording, in corpus order; 16 digits of it.

        Two trainings whose hashes agree have seen the same data. A file that cannot be read counts by its id alone.
        """
        digest = hashlib.sha256()
        for item in self.utterances:
            digest.update(f"{item.id}\n{item.split}\n{item.text}\n".encode())
            if item.audio_path.is_file():
                digest.update(bytes.fromhex(sha256(item.audio_path)))
        return digest.hexdigest()[:16]

    def split(self, name: str) -> list[Utterance]:
        """Utterances of one split (train, validation or test), in corpus order."""
        return [utterance for utterance in self.utterances if utterance.split == name]

    def limited(self, n_utterances: int) -> "Corpus":
        """Keep at most the first so many utterances of every split; 0 keeps all."""
        if not n_utterances:
            return self
        kept = {utterance.id for name in SPLITS for utterance in self.split(name)[:n_utterances]}
        return replace(self, utterances=tuple(item for item in self.utterances if item.id in kept))


def held_out(ids: Iterable[str], n_validation: int) -> set[str]:
    """Choose the validation ids of a corpus that has no split of its own.

    The choice follows a hash of each id, so it is the same on every machine, and a file added later moves at most
    one other across the border. At most a fifth of the corpus is held out.
    """
    ordered = sorted(ids, key=lambda id: hashlib.sha256(id.encode()).hexdigest())
    return set(ordered[: min(n_validation, len(ordered) // 5)])


def with_validation(utterances: Sequence[Utterance], n_validation: int) -> tuple[Utterance, ...]:
    """Put ``n_validation`` of the utterances in the validation split and the rest in the training split."""
    chosen = held_out((utterance.id for utterance in utterances), n_validation)
    return tuple(replace(item, split=VALIDATION if item.id in chosen else TRAIN) for item in utterances)
