"""AAC in m4a, as phones record it: written by FFmpeg, since libsndfile does not know it."""

from typing import BinaryIO

import numpy as np

RATES = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 64_000, 88_200, 96_000)  # Hz
BITS_PER_S = 96_000  # of each channel
MOST_CHANNELS = 2
LAYOUTS = {1: "mono", 2: "stereo"}


class AacFile:
    """A file of AAC that grows block by block; in use as a ``soundfile.SoundFile`` opened for writing.

    Args:
        path: a file, or a name; the container is that of m4a whatever its suffix.
        sample_rate: Hz, one of ``RATES``.
        channels: 1 or 2.
    """

    def __init__(self, path: str | BinaryIO, sample_rate: int, channels: int):
        import av

        self.container = av.open(path, "w", format="ipod")
        try:
            self.stream = self.container.add_stream("aac", rate=sample_rate, layout=LAYOUTS[channels])
        except Exception:
            self.container.close()
            raise
        self.stream.bit_rate = BITS_PER_S * channels
        self.sample_rate, self.channels, self.written = sample_rate, channels, 0

    def write(self, block: np.ndarray) -> None:
        """Append float samples in [-1, 1], (samples,) or (samples, channels)."""
        import av

        planes = np.ascontiguousarray(block.reshape(-1, self.channels).T, dtype=np.float32)
        frame = av.AudioFrame.from_ndarray(planes, format="fltp", layout=LAYOUTS[self.channels])
        frame.sample_rate, frame.pts = self.sample_rate, self.written
        self.written += planes.shape[1]
        self.container.mux(self.stream.encode(frame))

    def close(self) -> None:
        """Write what the encoder holds, and the table of contents."""
        self.container.mux(self.stream.encode(None))
        self.container.close()
