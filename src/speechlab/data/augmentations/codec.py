"""Lossy codecs in memory, aligned with their input: mp3 and Opus by FFmpeg, Ogg Vorbis by libsndfile."""

import io
from dataclasses import dataclass

import numpy as np
import soundfile as sf

from speechlab.audio.io import BLOCK
from speechlab.audio.resample import resample
from speechlab.data.augmentations.base import Augmentation, between, fit, whole_between
from speechlab.data.augmentations.effects import clip

MP3_RATES = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)  # Hz; the codec knows no others
OPUS_RATES = (48_000,)  # it takes lower ones too, but then comes up to 0.1 ms late


@dataclass(frozen=True)
class Codec(Augmentation):
    """Encode and decode: half the time mp3, else Vorbis or Opus."""

    probability: float = 0.45
    mp3_bit_rate: tuple[int, int] = (4_000, 16_000)  # bit/s; the encoder raises it to the least that it can do
    opus_bit_rate: tuple[int, int] = (9_000, 24_000)  # bit/s; below 9 000 it comes 0.1 ms late
    vorbis_compression: tuple[float, float] = (0.8, 1.0)  # 1 is the worst quality
    low_rates: tuple[int, ...] = (8_000, 16_000, 24_000)  # Hz, one for each item, where audio comes at a higher rate:
    # at 48 kHz no encoder goes down to the bit rates above

    def apply(self, waveform: np.ndarray, sample_rate: int, generator: np.random.Generator) -> np.ndarray:
        """Pass through one codec; all numbers are drawn, whichever it is."""
        kind = generator.choice(("mp3", "mp3", "vorbis", "opus"))
        low_rate = int(generator.choice(self.low_rates))
        if not len(waveform):
            return waveform
        rate = sample_rate if sample_rate <= max(self.low_rates) else low_rate
        narrow = fit(resample(waveform, sample_rate, rate))
        if kind == "mp3":
            narrow = mp3(narrow, rate, whole_between(generator, self.mp3_bit_rate))
        elif kind == "opus":
            narrow = opus(narrow, rate, whole_between(generator, self.opus_bit_rate))
        else:
            narrow = vorbis(narrow, rate, between(generator, self.vorbis_compression))
        return clip(of_length(resample(narrow, rate, sample_rate), len(waveform)))


def mp3(waveform: np.ndarray, sample_rate: int, bit_rate: int) -> np.ndarray:
    """Encode as mp3 at a bit rate in bit/s and decode; (samples,) float32 to the same."""
    return through_ffmpeg(waveform, sample_rate, ("mp3", "libmp3lame", MP3_RATES), bit_rate)


def opus(waveform: np.ndarray, sample_rate: int, bit_rate: int) -> np.ndarray:
    """Encode as Opus at a bit rate in bit/s and decode; (samples,) float32 to the same."""
    return through_ffmpeg(waveform, sample_rate, ("ogg", "libopus", OPUS_RATES), bit_rate)


def vorbis(waveform: np.ndarray, sample_rate: int, compression: float) -> np.ndarray:
    """Encode as Ogg Vorbis, 0 (best) to 1 (smallest), and decode; (samples,) float32 to the same."""
    file = io.BytesIO()
    with sf.SoundFile(
        file, "w", sample_rate, 1, format="OGG", subtype="VORBIS", compression_level=compression
    ) as encoder:
        for start in range(0, len(waveform), BLOCK):
            encoder.write(waveform[start : start + BLOCK])
    file.seek(0)
    return of_length(sf.read(file, dtype="float32")[0], len(waveform))


def through_ffmpeg(
    waveform: np.ndarray, sample_rate: int, codec: tuple[str, str, tuple[int, ...]], bit_rate: int
) -> np.ndarray:
    """Encode and decode with FFmpeg, at the next higher rate that suits the codec.

    Args:
        waveform: (samples,).
        codec: container, encoder, and the rates in Hz that it may be given.

    Returns:
        (samples,) float32, without the codec's delay.
    """
    container, encoder, rates = codec
    rate = min((known for known in rates if known >= sample_rate), default=rates[-1])
    data = encode(resample(waveform, sample_rate, rate), rate, container, encoder, bit_rate)
    decoded, decoded_rate = decode(data)
    return of_length(resample(decoded, decoded_rate, sample_rate), len(waveform))


def encode(waveform: np.ndarray, sample_rate: int, container: str, encoder: str, bit_rate: int) -> bytes:
    """Give the bytes of a file; the encoder wants frames of its own size and sample format."""
    import av

    data = io.BytesIO()
    with av.open(data, "w", format=container) as file:
        stream = file.add_stream(encoder, rate=sample_rate, layout="mono")
        stream.bit_rate = bit_rate
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(waveform[None]), format="fltp", layout="mono")
        frame.sample_rate, frame.pts = sample_rate, 0
        size = stream.codec_context.frame_size or None
        cutter = av.AudioResampler(format=stream.format, layout="mono", rate=sample_rate, frame_size=size)
        for piece in [*cutter.resample(frame), *cutter.resample(None)]:
            file.mux(stream.encode(piece))
        file.mux(stream.encode(None))
    return data.getvalue()


def decode(data: bytes) -> tuple[np.ndarray, int]:
    """Decode a file's bytes: (samples,) float32 and the rate in Hz; the container says how much delay to skip."""
    import av

    with av.open(io.BytesIO(data)) as file:
        rate = file.streams.audio[0].codec_context.sample_rate
        to_float = av.AudioResampler(format="fltp", layout="mono", rate=rate)
        parts = [piece.to_ndarray()[0] for frame in file.decode(audio=0) for piece in to_float.resample(frame)]
        parts += [piece.to_ndarray()[0] for piece in to_float.resample(None)] if parts else []
    return np.concatenate([np.zeros(0, np.float32), *parts]), rate


def of_length(waveform: np.ndarray, samples: int) -> np.ndarray:
    """Cut the end, or fill it with silence, to a length."""
    return np.pad(waveform[:samples], (0, max(samples - len(waveform), 0)))
