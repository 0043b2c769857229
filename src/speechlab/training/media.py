"""Renders as pictures, for TensorBoard and W&B: what was said, when, and how it looks."""

import numpy as np

N_FFT, HOP = 1024, 256  # samples
RANGE_DB = 80.0  # of a spectrogram, below its loudest place


def spectrogram_image(waveform: np.ndarray) -> np.ndarray:
    """Draw a recording (samples,) as its spectrogram in dB: uint8 (frequencies, frames), low ones at the bottom."""
    padded = np.pad(waveform, (0, max(N_FFT - len(waveform), 0)))
    starts = np.arange(0, len(padded) - N_FFT + 1, HOP)
    frames = padded[starts[:, None] + np.arange(N_FFT)] * np.hanning(N_FFT)
    level_db = 20 * np.log10(np.abs(np.fft.rfft(frames, axis=1)) + 1e-10)
    share = np.clip(1 + (level_db - level_db.max()) / RANGE_DB, 0, 1)
    return (255 * share.T[::-1]).astype(np.uint8)


def alignment_image(durations: list[int], true: list[int] | None = None) -> np.ndarray:
    """Draw which frame belongs to which token: uint8 (tokens, frames), time to the right and tokens upwards.

    Args:
        durations: of the tokens, in frames.
        true: where they are known, drawn in grey below those that were found.
    """
    frames = max(int(sum(durations)), int(sum(true or [])), 1)
    image = np.zeros((max(len(durations), len(true or [])), frames), np.uint8)
    for values, shade in ((true or [], 110), (durations, 255)):
        ends = np.cumsum([0, *map(int, values)])
        for token, (start, end) in enumerate(zip(ends[:-1], ends[1:], strict=True)):
            image[token, start:end] = shade
    return image[::-1]
