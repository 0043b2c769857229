"""Films whose sound is replaced: the picture is copied packet by packet, and nothing of it changes."""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from speechlab.errors import SpeechlabError
from speechlab.files import cannot_write, remove, temporary_name

SOUND_CODECS = {".mp4": "aac", ".mov": "aac", ".m4v": "aac", ".mkv": "aac", ".webm": "libopus"}
OPUS_RATE = 48_000  # Hz
BITS_PER_S = 128_000


def has_picture(path: Path) -> bool:
    """Whether a file is a film of a kind that can be written again; the cover of a song is no picture."""
    import av

    if path.suffix.lower() not in SOUND_CODECS:
        return False
    try:
        with path.open("rb") as file, av.open(file, options={"protocol_whitelist": "none"}) as container:
            return any(is_film(stream) for stream in container.streams.video)
    except (OSError, ValueError):  # who reads it says what is wrong; FFmpeg's errors are among these
        return False


def is_film(stream) -> bool:
    """Whether a stream of pictures is more than a cover."""
    return not stream.disposition & type(stream.disposition).attached_pic


def replace_sound(film: Path, sound: Path, target: Path) -> None:
    """Write a film with its picture and another sound.

    Args:
        film: where the picture comes from.
        sound: a recording of any format, as long as the film's own sound.
        target: of the film's suffix; it appears under its name only when complete.

    Raises:
        SpeechlabError: the picture is damaged, or the disk refuses.
    """
    import av

    partial = temporary_name(target, ".partial")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        kind = {".mkv": "matroska", ".m4v": "mp4"}.get(target.suffix.lower(), target.suffix.lower()[1:])
        made = av.open(str(partial), "w", format=kind)
        with made, av.open(str(film)) as picture, av.open(str(sound)) as voice:
            mux_both(picture, voice, made, SOUND_CODECS[target.suffix.lower()])
        partial.replace(target)
    except (av.error.FFmpegError, ValueError) as error:
        remove(partial)
        reason = " ".join(str(error).split())
        raise SpeechlabError(
            f"the picture of {film} cannot be copied ({reason}); name a .wav for the sound alone"
        ) from error
    except OSError as error:
        remove(partial)
        raise cannot_write(target, error) from error


def mux_both(picture, voice, made, codec: str) -> None:
    """Copy the picture's packets and encode the sound's frames, in the order of their times."""
    sources = {stream: made.add_stream_from_template(stream) for stream in picture.streams.video if is_film(stream)}
    heard = voice.streams.audio[0]
    rate = OPUS_RATE if codec == "libopus" else heard.codec_context.sample_rate
    layout = "mono" if heard.codec_context.channels == 1 else "stereo"
    spoken = made.add_stream(codec, rate=rate, layout=layout)
    spoken.bit_rate = BITS_PER_S
    encoded = encode_sound(voice, heard, spoken, rate, layout)
    waiting = next(encoded, None)
    for packet in picture.demux(list(sources)):
        if packet.dts is None:  # the end of a stream
            continue
        now = float(packet.dts * packet.time_base)
        while waiting is not None and (waiting.dts is None or float(waiting.dts * waiting.time_base) <= now):
            made.mux(waiting)
            waiting = next(encoded, None)
        packet.stream = sources[packet.stream]
        made.mux(packet)
    while waiting is not None:
        made.mux(waiting)
        waiting = next(encoded, None)


def encode_sound(voice, heard, spoken, rate: int, layout: str) -> Iterator:
    """Give the encoded packets of a recording."""
    import av

    resampler = av.AudioResampler(format=spoken.codec_context.format, layout=layout, rate=rate)
    written = 0
    for frame in chain(voice.decode(heard), [None]):  # None: what the resampler still holds
        for piece in resampler.resample(frame):
            piece.pts, written = written, written + piece.samples
            yield from spoken.encode(piece)
    yield from spoken.encode(None)
