"""What lies above an enhancer's band: neither cut nor left noisy, but shaped by what the network does below."""

import itertools
from collections.abc import Iterable, Iterator

import numpy as np

from speechlab.audio.streaming import Blocks, Recording, Tape, resample_blocks

FRAME_S, HOP_S = 0.032, 0.008  # in which the network's gain is looked at
LISTENED = 0.5  # share of the network's band, at its upper end, whose gain the band above gets
SILENT = 1e-12  # energy of a frame in which there is nothing to shape


def with_upper_band(enhanced: Iterable[np.ndarray], recording: Recording, band_rate: int) -> Blocks:
    """Give an enhanced recording its upper band back, at the recording's own rate.

    The recording's upper band gets, frame by frame, the gain that the network gave to the upper half of its own band,
    at most 1: where it left speech alone the air stays, where it took noise away the noise above goes too.

    Args:
        enhanced: at ``band_rate``.
        recording: what was enhanced, at a higher rate.
        band_rate: in Hz, at which the network hears and speaks.
    """
    rate, channels = recording.sample_rate, recording.channels
    for_sound, for_gains = itertools.tee(enhanced)
    heard, lower = itertools.tee(resample_blocks(recording.read(), rate, band_rate))
    gains = Tape(interpolated(frame_gains(Tape(heard, channels), for_gains, band_rate), rate), channels)
    upper = Tape(upper_band(recording, lower, band_rate), channels)
    for block in resample_blocks(for_sound, band_rate, rate):
        above, gain = upper.take(len(block)), gains.take(len(block))
        samples = min(len(above), len(gain))
        block = block.copy()
        block[:samples] += gain[:samples] * above[:samples]
        yield block


def upper_band(recording: Recording, lower: Iterable[np.ndarray], band_rate: int) -> Blocks:
    """What a recording has and its copy at a lower rate has not, at its own rate."""
    copy = Tape(resample_blocks(lower, band_rate, recording.sample_rate), recording.channels)
    for block in recording.read():
        kept = copy.take(len(block))  # may be a few samples short at the very end
        yield block - np.pad(kept, ((0, len(block) - len(kept)), (0, 0)))


def frame_gains(heard: Tape, enhanced: Iterable[np.ndarray], rate: int) -> Iterator[np.ndarray]:
    """Gains, (frames, channels), of the upper half of the band, in frames centred on multiples of the hop."""
    hop, length = round(HOP_S * rate), round(FRAME_S * rate)
    window = np.hanning(length + 1)[:-1, None]
    first = int(LISTENED * (length // 2 + 1))
    held: np.ndarray | None = None  # heard and enhanced, (samples, 2, channels)
    for block in enhanced:
        both = np.stack((fit_to(heard.take(len(block)), len(block)), block), axis=1)
        if held is None:
            held = np.zeros((length // 2, *both.shape[1:]), np.float32)
        held = np.concatenate((held, both))
        n_frames = max((len(held) - length) // hop + 1, 0)
        yield gains_of(held, n_frames, hop, window, first)
        held = held[n_frames * hop :]
    if held is not None:
        held = np.concatenate((held, np.zeros((length, *held.shape[1:]), np.float32)))
        yield gains_of(held, (len(held) - length) // hop + 1, hop, window, first)


def gains_of(held: np.ndarray, n_frames: int, hop: int, window: np.ndarray, first: int) -> np.ndarray:
    """Gains (frames, channels) of so many frames of heard and enhanced (samples, 2, channels), from a bin on."""
    gains = np.ones((n_frames, held.shape[2]), np.float32)
    for number in range(n_frames):
        frame = held[number * hop :][: len(window)] * window[:, None]
        energies = np.square(np.abs(np.fft.rfft(frame, axis=0)[first:])).sum(axis=0)
        gains[number] = np.sqrt(np.minimum((energies[1] + SILENT) / (energies[0] + SILENT), 1.0))
    return gains


def interpolated(gains: Iterator[np.ndarray], rate: int) -> Blocks:
    """Draw straight lines between the gains of frames, at a sample rate in Hz."""
    held, n_done, first = None, 0, 0  # gains still needed, samples given, number of the first gain held
    for block in gains:
        held = block if held is None else np.concatenate((held, block))
        end = max(int((first + len(held) - 1) * HOP_S * rate), n_done)  # up to the last frame's centre
        if len(held) < 2 or end == n_done:
            continue
        places = np.arange(n_done, end) / (HOP_S * rate) - first
        columns = [np.interp(places, np.arange(len(held)), channel) for channel in held.T]
        yield np.stack(columns, axis=1).astype(np.float32)
        passed = max(int(end / (HOP_S * rate)) - first, 0)
        held, first, n_done = held[passed:], first + passed, end


def fit_to(block: np.ndarray, samples: int) -> np.ndarray:
    """Append silence up to a length."""
    return np.pad(block, ((0, samples - len(block)), (0, 0)))
