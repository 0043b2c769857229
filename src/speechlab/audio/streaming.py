"""Recordings of any length in constant memory: read, resampled, cut to measure and written block by block.

A block is float32 (samples, channels).
"""

import contextlib
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile as sf

from speechlab.audio.decoders import read_blocks, require_file
from speechlab.audio.io import (
    BLOCK,
    CODEC_RATES,
    WRITERS,
    Audio,
    open_writer,
    require_writable,
)
from speechlab.errors import SpeechlabError
from speechlab.files import cannot_write, move, temporary_name

Blocks = Generator[np.ndarray, None, None]
LONGEST_WAV = 4_000_000_000  # bytes; beyond, the fields of a wav file overflow, and RF64 is written instead


@dataclass(frozen=True)
class Recording:
    """A recording that can be read from its beginning as often as needed."""

    sample_rate: int  # Hz
    channels: int
    read: Callable[[], Blocks]


def open_recording(path: str | Path) -> Recording:
    """Open a file of any format that ``read_audio`` knows, with all its channels.

    Raises:
        SpeechlabError: there is no such file, or it is not audio, or without samples; reading it raises where the file
            is cut short, or holds NaN or infinity.
    """
    path = require_file(path)
    with contextlib.closing(read_blocks(path)) as blocks:
        for block, sample_rate in blocks:
            return Recording(sample_rate, block.shape[1], lambda: (block for block, _ in read_blocks(path)))
    raise SpeechlabError(f"{path} holds no samples; record or export it again")


def recording_of(audio: Audio) -> Recording:
    """See a mono ``Audio`` as a recording.

    Raises:
        SpeechlabError: it is not (samples,), has no samples, or holds NaN or infinity.
    """
    waveform = np.asarray(audio.waveform, dtype=np.float32)
    if waveform.ndim != 1 or not len(waveform):
        raise SpeechlabError(f"an Audio holds one channel, (samples,), of at least one sample; got {waveform.shape}")
    if not np.isfinite(waveform).all():
        raise SpeechlabError("the audio holds NaN or infinity; check what made it")
    samples = waveform[:, None]
    return Recording(audio.sample_rate, 1, lambda: (samples[i : i + BLOCK] for i in range(0, len(samples), BLOCK)))


def in_mono(recording: Recording) -> Recording:
    """Average the channels."""
    return Recording(
        recording.sample_rate, 1, lambda: (block.mean(axis=1, keepdims=True) for block in recording.read())
    )


def read_beginning(path: str | Path, duration_s: float) -> Audio:
    """Read the first seconds of a file as mono, whatever its length; errors as ``open_recording``."""
    recording = in_mono(open_recording(path))
    with contextlib.closing(recording.read()) as blocks:
        piece = Tape(blocks, 1).take(round(duration_s * recording.sample_rate))
    return Audio(np.ascontiguousarray(piece[:, 0]), recording.sample_rate)


def resampled_length(samples: int, from_rate: int, to_rate: int) -> int:
    """Length of a recording at another rate."""
    return round(samples * to_rate / from_rate)


def resample_blocks(blocks: Iterable[np.ndarray], from_rate: int, to_rate: int) -> Blocks:
    """Convert a recording to another sample rate: together what ``resample`` makes of it as a whole."""
    import soxr

    if from_rate == to_rate:
        yield from blocks
        return
    stream, empty = None, np.zeros((0, 1), np.float32)
    for block in blocks:
        stream = stream or soxr.ResampleStream(from_rate, to_rate, block.shape[1], quality="VHQ")
        empty = block[:0]
        yield stream.resample_chunk(np.ascontiguousarray(block, dtype=np.float32))
    if stream:
        yield stream.resample_chunk(np.ascontiguousarray(empty, dtype=np.float32), last=True)


def fit(blocks: Iterable[np.ndarray], samples: int, channels: int) -> Blocks:
    """Cut a recording to a length, or append silence up to it."""
    for block in blocks:
        yield block[:samples]
        samples -= min(len(block), samples)
    while samples:
        yield np.zeros((min(samples, BLOCK), channels), np.float32)
        samples -= min(samples, BLOCK)


class Tape:
    """Blocks, to be taken in pieces of any length."""

    def __init__(self, blocks: Iterable[np.ndarray], channels: int):
        self.blocks, self.rest = iter(blocks), np.zeros((0, channels), np.float32)

    def take(self, samples: int) -> np.ndarray:
        """Give the next samples, fewer at the end of the recording."""
        parts, held = [self.rest], len(self.rest)
        while held < samples and (block := next(self.blocks, None)) is not None:
            parts.append(block)
            held += len(block)
        whole = np.concatenate(parts)
        self.rest = whole[samples:].copy()  # a view would keep everything that was taken
        return whole[:samples]


def writable_rate(path: Path, sample_rate: int) -> int:
    """Give the sample rate in Hz at which the format of a path's suffix is written: Opus and AAC know a few only.

    Raises:
        SpeechlabError: the suffix is none that can be written, or the path is a folder.
    """
    require_writable(path)
    return sample_rate if sample_rate in CODEC_RATES.get(path.suffix.lower(), (sample_rate,)) else 48_000


class AudioWriter:
    """A recording written block by block in the format of its suffix, 16 bits where that has no other.

    The file appears under its name only when complete. Samples beyond [-1, 1] are clamped, and counted.

    Args:
        path: missing folders are made.
        samples: that will come, per channel.

    Raises:
        SpeechlabError: the format does not know the rate or so many channels, or the disk refuses.
    """

    def __init__(self, path: Path, sample_rate: int, channels: int, samples: int):
        writable_rate(path, sample_rate)
        if path.is_dir():
            raise SpeechlabError(f"cannot write {path}: it is a folder")
        self.path, self.n_clamped = path, 0
        self.partial = temporary_name(path, ".partial")
        container, self.subtype = WRITERS[path.suffix.lower()]
        if container == "WAV" and 2 * samples * channels > LONGEST_WAV:
            container = "RF64"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self.partial.touch()  # libsndfile says of a refusal only that it is a system error
            self.file = open_writer(str(self.partial), sample_rate, channels, container, self.subtype)
        except OSError as error:
            raise cannot_write(path, error) from error
        except (sf.LibsndfileError, KeyError) as error:  # the latter of an m4a of many channels
            self.partial.unlink(missing_ok=True)
            kind = f"{channels} channel{'s' * (channels > 1)} at {sample_rate} Hz"
            raise SpeechlabError(f"a {path.suffix} file cannot hold {kind}; name one that ends in .wav") from error

    def __enter__(self) -> "AudioWriter":
        return self

    def write(self, block: np.ndarray) -> None:
        """Append a block.

        Raises:
            SpeechlabError: the disk is full.
        """
        beyond = np.abs(block) > 1
        self.n_clamped += int(beyond.sum())
        block = np.clip(block, -1, 1)
        if self.subtype == "PCM_16":  # libsndfile would round down
            block = np.clip(np.round(block * 32_768), -32_768, 32_767).astype(np.int16)
        try:
            for start in range(0, len(block), BLOCK):
                self.file.write(block[start : start + BLOCK])
        except (sf.LibsndfileError, AssertionError, OSError) as error:  # soundfile asserts that all was written
            raise SpeechlabError(f"cannot write {self.path}: the disk is full or was taken away") from error

    def __exit__(self, kind, error, trace) -> None:
        """Give the finished file its name; leave nothing of an unfinished one."""
        try:
            self.file.close()
            if kind is None:
                move(self.partial, self.path)
        except (sf.LibsndfileError, OSError) as problem:
            raise SpeechlabError(f"cannot write {self.path}: {problem}") from problem
        finally:
            with contextlib.suppress(OSError):
                self.partial.unlink(missing_ok=True)
