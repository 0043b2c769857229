"""Recordings opened, whatever their headers promise: libsndfile first, FFmpeg for what phones and browsers record.

Every file of sound is opened here. What a header says is held to bounds before anything is allocated, what comes out
is counted against the size of the file, and whatever a decoder throws becomes one ``SpeechlabError``.
"""

import contextlib
import math
import re
from collections.abc import Generator, Iterator
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile as sf

from speechlab.errors import SpeechlabError

NOT_FOR_LIBSNDFILE = (1, 4)  # its error codes "format not recognised" and "unsupported encoding"
READ_BLOCK = 262_144  # samples of all channels read at once
RATES = (1_000, 768_000)  # Hz; below lies no speech, and resampling it to a usual rate would fill the memory
MAX_CHANNELS = 64
UNKNOWN_LENGTH = 2**63 - 1  # libsndfile's, of a FLAC that was streamed: it then cannot read it
COMPRESSING = ("FLAC", "OGG", "MPEG", "MP3", "ALAC", "DWVW")  # formats or subtypes in which silence takes few bytes
PLAIN_EXPANSION = 8  # samples of all channels in a byte, at most, of all others: ADPCM of 2 bits has 4
EXPANSION = 8_192  # of any codec: FLAC's longest blocks of silence have 6,000
SLACK = 2**20  # samples that any file may hold


class Header(NamedTuple):
    """What a file says of itself, within bounds."""

    sample_rate: int  # Hz
    channels: int
    samples: int | None  # per channel; None where it does not say, as in a browser's webm
    subtype: str  # as libsndfile calls it (PCM_16, VORBIS ...), or the codec's name


def require_file(path: str | Path) -> Path:
    """Return the path of a file that is there and not empty, else raise."""
    path = Path(path)
    try:
        if path.is_dir():
            raise SpeechlabError(f"{path} is a folder, expected an audio file")
        if not path.is_file():
            raise SpeechlabError(f"there is no file {path}")
        size = path.stat().st_size
    except (OSError, ValueError) as error:  # a name with a null byte, or in a folder that may not be looked into
        raise SpeechlabError(f"{str(path)!r} cannot be opened: {getattr(error, 'strerror', None) or error}") from None
    if size == 0:
        raise SpeechlabError(f"{path} is empty (0 bytes); record or copy it again")
    return path


def damaged(path: Path, reason: str) -> SpeechlabError:
    """Describe a file that begins as audio and does not go on so."""
    return SpeechlabError(f"{path} is damaged or cut short ({reason.strip(' .')}); copy or export it again")


def not_audio(path: Path) -> SpeechlabError:
    """Describe a file that no decoder recognises."""
    return SpeechlabError(
        f"{path} is not audio that can be read (unknown format, or damaged); "
        "expected wav, flac, mp3, ogg, m4a, mp4, webm or amr"
    )


def read_blocks(path: Path) -> Generator[tuple[np.ndarray, int], None, None]:
    """Read blocks (samples, channels) float32, each with the sample rate: the one way from a file to its samples.

    Raises:
        SpeechlabError: the file is no audio, damaged or cut short, holds NaN or infinity, or lies about itself. A file
            that decodes to nothing gives no block.
    """
    n_read = 0
    for block, sample_rate in decoded(path):
        finite = np.isfinite(block).all(axis=1)
        if not finite.all():
            where = (n_read + int(finite.argmin())) / sample_rate
            raise SpeechlabError(f"{path} holds NaN or infinity from {where:.2f} s on; export it again")
        n_read += len(block)
        yield block, sample_rate


def read_header(path: Path) -> Header:
    """Read what a file says of itself.

    Raises:
        SpeechlabError: it is not audio, or damaged, or says what cannot be.
    """
    with contextlib.suppress(NotForLibsndfile), with_soundfile(path) as file:
        return header_of(file, path)
    return header_with_pyav(path)


def decoded(path: Path) -> Iterator[tuple[np.ndarray, int]]:
    """Read blocks by libsndfile; by FFmpeg where that does not know the format, or finds a length of 0 written."""
    begun = False
    try:
        for block in blocks_with_soundfile(path):
            begun = True
            yield block
    except NotForLibsndfile as error:
        if begun:
            raise damaged(path, str(error.__cause__)) from error
    if not begun:  # a recorder that died wrote 0 as the length; FFmpeg then reads to the file's end
        yield from blocks_with_pyav(path)


class NotForLibsndfile(Exception):
    """FFmpeg may know the file."""


@contextlib.contextmanager
def with_soundfile(path: Path) -> Iterator[sf.SoundFile]:
    """Open a file with libsndfile, its header held to bounds.

    Raises:
        NotForLibsndfile: it does not know the format.
        SpeechlabError: the header cannot be true, or the file is damaged where it was read.
    """
    try:
        with sf.SoundFile(str(path)) as file:
            header_of(file, path)
            yield file
    except (SpeechlabError, NotForLibsndfile):
        raise
    except sf.LibsndfileError as error:
        if error.code in NOT_FOR_LIBSNDFILE:
            raise NotForLibsndfile from error
        raise damaged(path, error.error_string) from error
    except Exception as error:  # whatever it makes of a damaged file: a KeyError for a subtype without a name
        raise damaged(path, type(error).__name__) from error


def header_of(file: sf.SoundFile, path: Path) -> Header:
    """Take the header of a file that libsndfile opened."""
    if file.frames == UNKNOWN_LENGTH:
        raise NotForLibsndfile
    header = Header(file.samplerate, file.channels, file.frames, file.subtype)
    compressing = file.format.startswith(COMPRESSING) or header.subtype.startswith(COMPRESSING)
    require_possible(path, header, EXPANSION if compressing else PLAIN_EXPANSION)
    return header


def require_possible(path: Path, header: Header, expansion: int = EXPANSION) -> None:
    """Raise unless a file of its size can be what its header says."""
    low, high = RATES
    if not low <= header.sample_rate <= high:
        raise SpeechlabError(
            f"{path} says it has {header.sample_rate} samples a second, expected {low} to {high}; export it again"
        )
    if not 1 <= header.channels <= MAX_CHANNELS:
        raise SpeechlabError(f"{path} says it has {header.channels} channels, expected 1 to {MAX_CHANNELS}")
    require_room(path, (header.samples or 0) * header.channels, expansion)


def require_room(path: Path, samples: int, expansion: int = EXPANSION) -> None:
    """Raise where a file of its size cannot hold so many samples of all channels: its decoder makes them up."""
    size = path.stat().st_size
    if samples > size * expansion + SLACK:
        raise damaged(path, f"it says it has {samples} samples, which {size} bytes cannot hold")


def blocks_with_soundfile(path: Path) -> Iterator[tuple[np.ndarray, int]]:
    """Read blocks (samples, channels) float32, each with the rate; a file shorter than its header says is damaged."""
    n_read = 0
    with with_soundfile(path) as file:
        while len(block := file.read(READ_BLOCK, dtype="float32", always_2d=True)):
            n_read += len(block)
            require_room(path, n_read * file.channels)
            yield block, file.samplerate
        # libsndfile reads a cut wav as if nothing were missing and only notes it; a stream's writer leaves
        # 0xFFFFFFFF as the length, and then all that is there is meant
        cut = re.search(r"^data : (\d+) \(should be (\d+)\)", file.extra_info, flags=re.MULTILINE)
        if cut and int(cut[2]) < int(cut[1]) < 0xFFFF_0000:
            raise damaged(path, f"{cut[2]} of {cut[1]} bytes of audio are there")
        if n_read < 0.95 * file.frames:  # an mp3's header may be off by a little
            raise damaged(path, f"{n_read} of {file.frames} samples are there")


@contextlib.contextmanager
def with_pyav(path: Path) -> Iterator[tuple]:
    """Open a file with FFmpeg: the container, and its first sound track that can be decoded, held to bounds."""
    import av

    # opened here, not by name: a playlist posing as audio must not make FFmpeg open other files or addresses;
    # a title in an old code page is no reason to refuse the sound
    options = {"protocol_whitelist": "none"}
    with path.open("rb") as file, av.open(file, "r", options=options, metadata_errors="replace") as container:
        tracks = container.streams.audio
        if not tracks:
            raise SpeechlabError(f"{path} has no sound track")
        track = next((track for track in tracks if track.codec_context is not None), None)
        if track is None:
            raise SpeechlabError(f"{path} holds sound of a codec that FFmpeg cannot decode; convert it to wav or m4a")
        context = track.codec_context
        require_possible(path, Header(context.sample_rate or 0, context.channels or 0, 0, ""))
        yield container, track


def blocks_with_pyav(path: Path) -> Iterator[tuple[np.ndarray, int]]:
    """Decode the first sound track with FFmpeg: blocks (samples, channels) float32, each with the rate."""
    n_read = 0
    try:
        with with_pyav(path) as (container, track):
            import av

            sample_rate = track.codec_context.sample_rate
            # FFmpeg itself complains about a cut mp4; a cut webm just ends, and its stated length gives it away
            stated = "matroska" in container.format.name and len(container.streams) == 1
            promised_s = (container.duration or 0) / 1e6 if stated else 0.0
            to_float = av.AudioResampler(format="fltp", rate=sample_rate)
            for frame in chain(container.decode(track), [None]):  # None: what the resampler still holds
                for piece in to_float.resample(frame) if frame or n_read else ():
                    n_read += piece.samples
                    block = piece.to_ndarray().T
                    require_room(path, n_read * block.shape[1])
                    yield block, sample_rate
    except SpeechlabError:
        raise
    except Exception as error:  # FFmpeg's own kinds, and what PyAV makes of fields that are not there
        if n_read:
            raise damaged(path, str(getattr(error, "strerror", None) or type(error).__name__)) from error
        raise not_audio(path) from error
    if n_read / sample_rate < 0.95 * promised_s - 0.1:
        raise damaged(path, f"{n_read / sample_rate:.1f} of {promised_s:.1f} s are there")


def header_with_pyav(path: Path) -> Header:
    """Read the header with FFmpeg."""
    try:
        with with_pyav(path) as (container, track):
            context = track.codec_context
            rate, channels, codec = context.sample_rate, context.channels, context.codec.canonical_name.upper()
            seconds = float(track.duration * track.time_base) if track.duration else (container.duration or 0) / 1e6
    except SpeechlabError:
        raise
    except Exception as error:
        raise not_audio(path) from error
    header = Header(rate, channels, round(seconds * rate) if math.isfinite(seconds) and seconds > 0 else None, codec)
    require_possible(path, header)
    return header
