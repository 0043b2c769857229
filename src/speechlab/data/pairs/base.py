"""Pairs of degraded and clean speech: which files belong together, and which are kept out of training."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from speechlab.config import PairsConfig
from speechlab.data.corpora.base import TRAIN, VALIDATION, held_out
from speechlab.errors import SpeechlabError
from speechlab.files import sha256
from speechlab.registry import pair_sets


@dataclass(frozen=True)
class Pair:
    """One clean recording and, where one was made, its degraded counterpart: equally long, of one rate."""

    id: str
    clean: Path
    noisy: Path | None = None  # None: the degraded one is made in training
    speaker: str = ""
    split: str = TRAIN


@dataclass(frozen=True)
class PairSet:
    """Pairs in a fixed order, with what a model trained on them has to say about its data."""

    name: str
    pairs: tuple[Pair, ...]
    licence: str
    citation: str
    repeats: int = 1  # times that each pair counts in an epoch: an hour has more than one crop to give

    def split(self, name: str) -> list[Pair]:
        """Pairs of one split (train, validation or test), in order."""
        return [pair for pair in self.pairs if pair.split == name]

    def limited(self, n_files: int) -> "PairSet":
        """Keep at most the first so many pairs of every split; 0 keeps all."""
        if not n_files:
            return self
        splits = dict.fromkeys(pair.split for pair in self.pairs)
        return replace(self, pairs=tuple(pair for name in splits for pair in self.split(name)[:n_files]))

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 over ids, splits and the bytes of all files, in order; 16 digits of it."""
        digest = hashlib.sha256()
        for pair in self.pairs:
            digest.update(f"{pair.id}\n{pair.split}\n".encode())
            for path in (pair.clean, pair.noisy):
                if path and path.is_file():
                    digest.update(bytes.fromhex(sha256(path)))
        return digest.hexdigest()[:16]


def load_pairs(config: PairsConfig) -> PairSet:
    """Load the pairs that the configuration names, downloading them where that has not been done."""
    make = pair_sets[config.name]
    if not config.validation:
        return make(config).limited(config.n_files)
    own = make(replace(config, n_validation=0))
    kept = tuple(pair for pair in own.pairs if pair.split != VALIDATION)
    return replace(own, pairs=(*kept, *validation_pairs(config.validation))).limited(config.n_files)


def validation_pairs(name: str) -> list[Pair]:
    """Take the validation pairs of a dataset, or all recordings of a folder of clean speech.

    Raises:
        SpeechlabError: there is neither a dataset nor a folder of that name, or the dataset keeps nothing for it.
    """
    if Path(name).is_dir():
        found = pair_sets["folders"](PairsConfig(clean=(name,), n_validation=0)).pairs
        return [replace(pair, id=f"validation-{pair.id}", split=VALIDATION) for pair in found]
    found = pair_sets[name](PairsConfig(name)).split(VALIDATION)
    if not found:
        raise SpeechlabError(f"the dataset {name} keeps nothing to validate on; name another, or a folder")
    return found


def keep_out(pairs: Sequence[Pair], n_validation: int) -> tuple[Pair, ...]:
    """Move about ``n_validation`` pairs from training to validation: whole speakers where three or more are known.

    The choice follows a hash of the names, so that it is the same on every machine. At most a fifth of the pairs
    is kept out, so that few long files, or a speaker of most of them, do not end there.
    """
    training = [pair for pair in pairs if pair.split == TRAIN]
    speakers = {pair.speaker for pair in training}
    chosen: set[str] = set()
    if len(speakers) >= 3 and "" not in speakers:
        for speaker in hash_order(speakers):
            theirs = {pair.id for pair in training if pair.speaker == speaker}
            if len(chosen) < n_validation and len(chosen) + len(theirs) <= len(training) // 5:
                chosen |= theirs
    chosen = chosen or held_out((pair.id for pair in training), n_validation)
    return tuple(replace(pair, split=VALIDATION) if pair.id in chosen else pair for pair in pairs)


def hash_order(names: Iterable[str]) -> list[str]:
    """Sort names by their hashes: as good as at random, and always the same."""
    return sorted(names, key=lambda name: hashlib.sha256(name.encode()).hexdigest())


def in_hash_order(pairs: Iterable[Pair]) -> list[Pair]:
    """Mix pairs, always in the same way, so that the first few of them have many speakers."""
    return sorted(pairs, key=lambda pair: hashlib.sha256(pair.id.encode()).hexdigest())
