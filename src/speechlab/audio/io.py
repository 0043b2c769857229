"""Audio files in and out: soundfile for what libsndfile reads, PyAV for what phones and browsers record.

Everything inside the package is mono float32; int16 samples are divided by 32768, and written back bit for bit.
"""

import base64
import contextlib
import io
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
import soundfile as sf

from speechlab.audio.resample import resample
from speechlab.errors import SpeechlabError

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
}
OPUS_RATES = (8_000, 12_000, 16_000, 24_000, 48_000)  # Hz; the codec knows no others
NOT_FOR_LIBSNDFILE = (1, 4)  # its error codes "format not recognised" and "unsupported encoding"
READ_BLOCK = 262_144  # samples read at once
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
    try:
        samples, file_rate = read_with_soundfile(path)
        if len(samples) == 0:  # a recorder that died wrote 0 as the length; FFmpeg then reads to the file's end
            samples, file_rate = read_with_pyav(path)
    except sf.LibsndfileError as error:
        if error.code not in NOT_FOR_LIBSNDFILE:
            raise damaged(path, error.error_string) from error
        samples, file_rate = read_with_pyav(path)
    if len(samples) == 0:
        raise SpeechlabError(f"{path} holds no samples; record or export it again")
    if not np.isfinite(samples).all():
        bad = int((~np.isfinite(samples)).any(axis=1).argmax())
        raise SpeechlabError(f"{path} holds NaN or infinity from {bad / file_rate:.2f} s on; export it again")
    waveform = np.ascontiguousarray(samples.mean(axis=1, dtype=np.float32))
    if sample_rate is None:
        return Audio(waveform, file_rate)
    return Audio(resample(waveform, file_rate, sample_rate), sample_rate)


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
        piece, rate = sf.read(str(path), samples, first, dtype="float32", always_2d=True)
    except sf.LibsndfileError as error:
        if error.code not in NOT_FOR_LIBSNDFILE:
            raise damaged(path, error.error_string) from error
        audio = read_audio(path)
        return Audio(audio.waveform[first : first + samples], audio.sample_rate)
    if len(piece) == 0 or not np.isfinite(piece).all():
        read_audio(path)  # says what is wrong
        raise SpeechlabError(f"{path} ends before sample {first}")
    return Audio(np.ascontiguousarray(piece.mean(axis=1, dtype=np.float32)), rate)


def probe(path: str | Path) -> AudioInfo:
    """Read a file's header only.

    Raises:
        SpeechlabError: there is no such file, or it is empty, damaged or not audio.
    """
    path = require_file(path)
    try:
        info = sf.info(str(path))
    except sf.LibsndfileError as error:
        if error.code not in NOT_FOR_LIBSNDFILE:
            raise damaged(path, error.error_string) from error
        return probe_with_pyav(path)
    return AudioInfo(info.samplerate, info.channels, info.frames, info.subtype)


def write_audio(path: str | Path, waveform: np.ndarray, sample_rate: int) -> None:
    """Write a mono recording in the format of its suffix (wav, flac, ogg, opus, mp3); wav and flac in 16 bits.

    Peaks above 1 are not clipped: the whole recording is scaled down to fit. The file appears under its name
    only when complete. Opus files are resampled to 48 kHz where the codec does not know the rate.

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
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(data)
        partial.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):  # the folder itself may be the problem; the message below names it
            partial.unlink(missing_ok=True)
        raise SpeechlabError(f"cannot write {path} ({len(data) / 1e6:.1f} MB): {error.strerror}") from error


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
    if suffix == ".opus" and sample_rate not in OPUS_RATES:
        waveform, sample_rate = resample(waveform, sample_rate, 48_000), 48_000
    container, subtype = WRITERS[suffix]
    if subtype == "PCM_16":  # libsndfile would round down; this way what was read is written back unchanged
        waveform = np.clip(np.round(waveform * 32_768), -32_768, 32_767).astype(np.int16)
    buffer = io.BytesIO()
    with sf.SoundFile(buffer, "w", sample_rate, 1, subtype=subtype, format=container) as file:
        for start in range(0, len(waveform), BLOCK):
            file.write(waveform[start : start + BLOCK])
    return buffer.getvalue()


def require_file(path: str | Path) -> Path:
    """Return the path of a file that is there and not empty, else raise."""
    path = Path(path)
    if path.is_dir():
        raise SpeechlabError(f"{path} is a folder, expected an audio file")
    if not path.is_file():
        raise SpeechlabError(f"there is no file {path}")
    if path.stat().st_size == 0:
        raise SpeechlabError(f"{path} is empty (0 bytes); record or copy it again")
    return path


def damaged(path: Path, reason: str) -> SpeechlabError:
    """Describe a file that begins as audio and does not go on so."""
    return SpeechlabError(f"{path} is damaged or cut short ({reason.strip(' .')}); copy or export it again")


def read_with_soundfile(path: Path) -> tuple[np.ndarray, int]:
    """Read (samples, channels) float32 and the rate with libsndfile."""
    return joined(blocks_with_soundfile(path))


def read_with_pyav(path: Path) -> tuple[np.ndarray, int]:
    """Read (samples, channels) float32 and the rate of the first sound track with FFmpeg."""
    return joined(blocks_with_pyav(path))


def joined(blocks: Iterator[tuple[np.ndarray, int]]) -> tuple[np.ndarray, int]:
    """Put the blocks of one recording together; without any, its rate is unknown and given as 0."""
    pieces = list(blocks)
    if not pieces:
        return np.zeros((0, 1), np.float32), 0
    return np.concatenate([block for block, _ in pieces]), pieces[0][1]


def blocks_with_soundfile(path: Path) -> Iterator[tuple[np.ndarray, int]]:
    """Read blocks (samples, channels) float32, each with the rate; a file shorter than its header says is damaged."""
    n_read = 0
    with sf.SoundFile(str(path)) as file:
        while len(block := file.read(READ_BLOCK, dtype="float32", always_2d=True)):
            n_read += len(block)
            yield block, file.samplerate
        # libsndfile reads a cut wav as if nothing were missing and only notes it; a stream's writer leaves
        # 0xFFFFFFFF as the length, and then all that is there is meant
        cut = re.search(r"^data : (\d+) \(should be (\d+)\)", file.extra_info, flags=re.MULTILINE)
        if cut and int(cut[2]) < int(cut[1]) < 0xFFFF_0000:
            raise damaged(path, f"{cut[2]} of {cut[1]} bytes of audio are there")
        if n_read < 0.95 * file.frames:  # an mp3's header may be off by a little
            raise damaged(path, f"{n_read} of {file.frames} samples are there")


def blocks_with_pyav(path: Path) -> Iterator[tuple[np.ndarray, int]]:
    """Decode the first sound track with FFmpeg: blocks (samples, channels) float32, each with the rate."""
    import av

    n_read = 0
    try:
        # opened here, not by name: a playlist posing as audio must not make FFmpeg open other files or addresses
        with path.open("rb") as file, av.open(file, options={"protocol_whitelist": "none"}) as container:
            stream = first_track(container, path)
            sample_rate = stream.codec_context.sample_rate
            # FFmpeg itself complains about a cut mp4; a cut webm just ends, and its stated length gives it away
            stated = "matroska" in container.format.name and len(container.streams) == 1
            promised_s = (container.duration or 0) / 1e6 if stated else 0.0
            to_float = av.AudioResampler(format="fltp", rate=sample_rate)
            for frame in chain(container.decode(stream), [None]):  # None: what the resampler still holds
                for piece in to_float.resample(frame) if frame or n_read else ():
                    n_read += piece.samples
                    yield piece.to_ndarray().T, sample_rate
    except (av.error.FFmpegError, EOFError) as error:
        if n_read:
            raise damaged(path, str(error.strerror)) from error
        raise not_audio(path) from error
    if n_read / sample_rate < 0.95 * promised_s - 0.1:
        raise damaged(path, f"{n_read / sample_rate:.1f} of {promised_s:.1f} s are there")


def probe_with_pyav(path: Path) -> AudioInfo:
    """Read the header with FFmpeg; where it states no length (a browser's webm), decode to find it."""
    import av

    try:
        with path.open("rb") as file, av.open(file, options={"protocol_whitelist": "none"}) as container:
            stream = first_track(container, path)
            context = stream.codec_context
            sample_rate, channels, codec = context.sample_rate, context.channels, context.codec.canonical_name.upper()
            seconds = float(stream.duration * stream.time_base) if stream.duration else (container.duration or 0) / 1e6
    except (av.error.FFmpegError, EOFError) as error:
        raise not_audio(path) from error
    samples = round(seconds * sample_rate) if seconds > 0 else len(read_with_pyav(path)[0])
    return AudioInfo(sample_rate, channels, samples, codec)


def first_track(container, path: Path):
    """Return the first audio stream of an open PyAV container."""
    if not container.streams.audio:
        raise SpeechlabError(f"{path} has no sound track")
    return container.streams.audio[0]


def not_audio(path: Path) -> SpeechlabError:
    """Describe a file that no decoder recognises."""
    return SpeechlabError(
        f"{path} is not audio that can be read (unknown format, or damaged); "
        "expected wav, flac, mp3, ogg, m4a, mp4, webm or amr"
    )
