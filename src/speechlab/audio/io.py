"""Audio files in and out: soundfile for what libsndfile reads, PyAV for what phones and browsers record.

Everything inside the package is mono float32; int16 samples are divided by 32768, and written back bit for bit.
"""

import base64
import contextlib
import io
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import soundfile as sf

from speechlab.audio import aac
from speechlab.audio.decoders import NotForLibsndfile, read_blocks, read_header, require_file, with_soundfile
from speechlab.audio.resample import resample
from speechlab.errors import SpeechlabError
from speechlab.files import write_atomically

AUDIO_SUFFIXES = frozenset(
    (".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".au", ".caf")
    + (".m4a", ".mp4", ".mov", ".3gp", ".webm", ".mkv", ".mka", ".amr", ".aac", ".wma")
)
WRITERS = {
    ".wav": ("WAV", "PCM_16"),
    ".flac": ("FLAC", "PCM_16"),
    ".ogg": ("OGG", "VORBIS"),
    ".opus": ("OGG", "OPUS"),
    ".mp3": ("MP3", "MPEG_LAYER_III"),
    ".m4a": ("M4A", "AAC"),  # by FFmpeg, the others by libsndfile
}
OPUS_RATES = (8_000, 12_000, 16_000, 24_000, 48_000)  # Hz; the codec knows no others
CODEC_RATES = {".opus": OPUS_RATES, ".m4a": aac.RATES}
LONGEST_WHOLE = 2**30  # samples that are held in memory as one recording, 4 GB; six hours at 48 kHz
BLOCK = 65_536  # samples; libsndfile's Vorbis encoder overflows its stack on very long single writes


@dataclass(frozen=True)
class AudioInfo:
    """What a file's header says."""

    sample_rate: int  # Hz
    channels: int
    samples: int  # per channel
    subtype: str  # as libsndfile calls it (PCM_16, VORBIS ...), or the codec's name

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.samples / self.sample_rate


@dataclass
class Audio:
    """A mono recording; a notebook shows it as a player."""

    waveform: np.ndarray  # float32 (samples,)
    sample_rate: int  # Hz

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return len(self.waveform) / self.sample_rate

    def save(self, path: str | Path) -> None:
        """Write a file in the format of its suffix; see ``write_audio``."""
        write_audio(path, self.waveform, self.sample_rate)

    def _repr_html_(self) -> str:
        """Play in a notebook, trusted or not, and in an exported page."""
        data = base64.b64encode(encode(self.waveform, self.sample_rate, ".wav")).decode("ascii")
        return f'<audio controls preload="metadata" src="data:audio/wav;base64,{data}"></audio>'


def read_audio(path: str | Path, sample_rate: int | None = None) -> Audio:
    """Read a whole recording as mono.

    Several channels are averaged. Samples beyond [-1, 1], which float files may hold, are returned as they are.
    Ogg and amr files do not state their length, so that a cut one is read as far as it goes.

    Args:
        path: any format that libsndfile or FFmpeg knows.
        sample_rate: Hz to convert to; ``None`` keeps the file's own.

    Raises:
        SpeechlabError: there is no such file, or it is empty, cut short, not audio, or holds NaN or infinity.
    """
    path = require_file(path)
    pieces, n_read, file_rate = [], 0, 0
    for block, file_rate in read_blocks(path):  # noqa: B007 (the rate is that of the file)
        n_read += len(block)
        require_short(path, n_read, file_rate, sample_rate)
        pieces.append(block.mean(axis=1, dtype=np.float32))
    if not pieces:
        raise SpeechlabError(f"{path} holds no samples; record or export it again")
    waveform = np.concatenate(pieces)
    if sample_rate is None:
        return Audio(waveform, file_rate)
    return Audio(resample(waveform, file_rate, sample_rate), sample_rate)


def require_short(path: Path, samples: int, file_rate: int, sample_rate: int | None) -> None:
    """Raise where a recording is too long to be held in memory, at its own rate or at the one that is wanted."""
    if samples * max((sample_rate or 0) / file_rate, 1.0) > LONGEST_WHOLE:
        raise SpeechlabError(
            f"{path} is too long to be read as a whole ({samples / file_rate / 3600:.1f} hours and more); cut it"
        )


def read_excerpt(path: str | Path, first: int, samples: int) -> Audio:
    """Read a piece of a recording as mono, at the file's own rate, without reading what lies before it.

    Files that only FFmpeg knows are decoded whole.

    Args:
        first: sample at which the piece begins.
        samples: wanted; fewer are given at the end of the file.

    Raises:
        SpeechlabError: as :func:`read_audio`.
    """
    path = require_file(path)
    try:
        with with_soundfile(path) as file:
            file.seek(min(first, file.frames))
            piece, rate = file.read(samples, dtype="float32", always_2d=True), file.samplerate
    except NotForLibsndfile:
        audio = read_audio(path)
        return Audio(audio.waveform[first : first + samples], audio.sample_rate)
    if len(piece) == 0 or not np.isfinite(piece).all():
        read_audio(path)  # says what is wrong
        raise SpeechlabError(f"{path} ends before sample {first}")
    return Audio(np.ascontiguousarray(piece.mean(axis=1, dtype=np.float32)), rate)


def probe(path: str | Path) -> AudioInfo:
    """Read a file's header only; where it states no length, the file is decoded to find it.

    Raises:
        SpeechlabError: there is no such file, or it is empty, damaged or not audio.
    """
    path = require_file(path)
    header = read_header(path)
    samples = header.samples
    if samples is None:
        samples = sum(len(block) for block, _ in read_blocks(path))
    return AudioInfo(header.sample_rate, header.channels, samples, header.subtype)


def write_audio(path: str | Path, waveform: np.ndarray, sample_rate: int) -> None:
    """Write a mono recording in the format of its suffix (wav, flac, ogg, opus, mp3, m4a); wav and flac in 16 bits.

    Peaks above 1 are not clipped: the whole recording is scaled down to fit. The file appears under its name
    only when complete. Opus and m4a files are resampled to 48 kHz where the codec does not know the rate.

    Args:
        path: missing folders are made.
        waveform: (samples,), or with leading dimensions of size 1.
        sample_rate: Hz.

    Raises:
        SpeechlabError: unknown suffix, a folder's path, more than one channel, no samples, NaN, or the disk refuses.
    """
    path = Path(path)
    require_writable(path)
    data = encode(waveform, sample_rate, path.suffix.lower())
    write_atomically(path, data)


def require_writable(path: Path) -> None:
    """Raise unless a path can be that of a recording to write: of a known suffix, and not a folder."""
    if path.is_dir():
        raise SpeechlabError(f"cannot write {path}: it is a folder; name a file in it, such as {path / 'speech.wav'}")
    if not path.suffix:
        raise SpeechlabError(
            f"cannot write audio to {path}, a file without suffix; add one of {', '.join(WRITERS)}, such as {path}.wav"
        )
    if path.suffix.lower() not in WRITERS:
        raise SpeechlabError(f"cannot write audio as {path.suffix!r} ({path}); use {', '.join(WRITERS)}")


def encode(waveform: np.ndarray, sample_rate: int, suffix: str) -> bytes:
    """Give the bytes of an audio file; arguments as for ``write_audio``."""
    if suffix not in WRITERS:
        raise SpeechlabError(f"cannot write audio as {suffix!r}; use {', '.join(WRITERS)}")
    waveform = np.asarray(waveform, dtype=np.float32)
    if waveform.size == 0 or waveform.size != waveform.shape[-1]:
        raise SpeechlabError(f"expected mono audio of at least one sample, got shape {waveform.shape}")
    waveform = waveform.reshape(-1)
    peak = float(np.abs(waveform).max())
    if not np.isfinite(peak):
        raise SpeechlabError("cannot write audio that holds NaN or infinity; check what made it")
    if peak > 1:
        waveform = waveform / peak
    if sample_rate not in CODEC_RATES.get(suffix, (sample_rate,)):
        waveform, sample_rate = resample(waveform, sample_rate, 48_000), 48_000
    container, subtype = WRITERS[suffix]
    if subtype == "PCM_16":  # libsndfile would round down; this way what was read is written back unchanged
        waveform = np.clip(np.round(waveform * 32_768), -32_768, 32_767).astype(np.int16)
    buffer = io.BytesIO()
    with contextlib.closing(open_writer(buffer, sample_rate, 1, container, subtype)) as file:
        for start in range(0, len(waveform), BLOCK):
            file.write(waveform[start : start + BLOCK])
    return buffer.getvalue()


def open_writer(
    file: str | BinaryIO, sample_rate: int, channels: int, container: str, subtype: str
) -> sf.SoundFile | aac.AacFile:
    """Open a file to be written block by block, by the library that knows its format."""
    if subtype == "AAC":
        return aac.AacFile(file, sample_rate, channels)
    return sf.SoundFile(file, "w", sample_rate, channels, subtype=subtype, format=container)
