"""Digital effects as FFmpeg defines them, in numpy: acrusher, crystalizer, flanger, vibrato.

Settings that are not arguments here stay at FFmpeg's defaults (documentation of its audio filters). The effects of
FFmpeg itself are not used: its vibrato starts with uninitialised memory and delays the signal.
"""

from dataclasses import dataclass

import numpy as np

from speechlab.data.augmentations.base import Augmentation, whole_between

VIBRATO_LINE_S = 0.005  # length of the delay line
FLANGER_WIDTH = 0.71  # level of the delayed copy beside the direct sound's 1
FLANGER_SPEED = 0.5  # Hz
CRUSHER_SMOOTHING = 0.5  # part of a quantisation step over which the stair rises, as half a cosine


@dataclass(frozen=True)
class Acrusher(Augmentation):
    """Quantise to few bits. The peak counts as full scale, else quiet speech would only become quieter."""

    probability: float = 0.25
    bits: tuple[int, int] = (1, 9)

    def apply(self, waveform: np.ndarray, sample_rate: int, generator: np.random.Generator) -> np.ndarray:
        """Crush to a number of bits drawn from ``bits``."""
        peak = float(np.abs(waveform).max(initial=0.0)) or 1.0
        return clip(peak * acrusher(waveform / peak, whole_between(generator, self.bits)))


@dataclass(frozen=True)
class Crystalizer(Augmentation):
    """Sharpen, up to overdriving."""

    probability: float = 0.4
    intensity: tuple[int, int] = (1, 4)

    def apply(self, waveform: np.ndarray, sample_rate: int, generator: np.random.Generator) -> np.ndarray:
        """Sharpen by an intensity drawn from ``intensity``."""
        return crystalizer(waveform, whole_between(generator, self.intensity))


@dataclass(frozen=True)
class Vibrato(Augmentation):
    """Let the pitch wobble."""

    probability: float = 0.15
    frequency: tuple[int, int] = (5, 8)  # Hz

    def apply(self, waveform: np.ndarray, sample_rate: int, generator: np.random.Generator) -> np.ndarray:
        """Wobble at a frequency drawn from ``frequency``, from a random phase on."""
        frequency = whole_between(generator, self.frequency)
        return clip(vibrato(waveform, sample_rate, frequency, phase=generator.uniform()))


@dataclass(frozen=True)
class Flanger(Augmentation):
    """Sweep a comb filter."""

    probability: float = 0.15
    depth_ms: tuple[int, int] = (1, 8)

    def apply(self, waveform: np.ndarray, sample_rate: int, generator: np.random.Generator) -> np.ndarray:
        """Sweep by a depth drawn from ``depth_ms``, from a random phase on: a training crop is shorter than a sweep."""
        depth_ms = whole_between(generator, self.depth_ms)
        return clip(flanger(waveform, sample_rate, depth_ms, phase=generator.uniform()))


def acrusher(waveform: np.ndarray, bits: int) -> np.ndarray:
    """Mix a waveform half and half with itself quantised to 2^bits - 1 steps per unit, the stairs a little rounded.

    Args:
        waveform: (samples,) in [-1, 1].

    Returns:
        (samples,) float32.
    """
    levels = 2.0**bits - 1
    scaled = np.asarray(waveform, dtype=np.float64) * levels
    nearest = np.sign(scaled) * np.floor(np.abs(scaled) + 0.5)  # halves away from zero, unlike np.round
    distance = scaled - nearest  # -0.5 ... 0.5
    flat = (1 - CRUSHER_SMOOTHING) / 2
    slope = np.maximum(np.abs(distance) - flat, 0) / CRUSHER_SMOOTHING  # 0 ... 0.5
    quantised = nearest + np.sign(distance) * (1 - np.cos(np.pi * slope)) / 2
    return ((scaled + quantised) / (2 * levels)).astype(np.float32)


def crystalizer(waveform: np.ndarray, intensity: float) -> np.ndarray:
    """Add ``intensity`` times the difference of neighbouring samples and clip to [-1, 1]; (samples,) float32."""
    return clip(waveform + intensity * np.diff(waveform, prepend=waveform.dtype.type(0)))


def flanger(waveform: np.ndarray, sample_rate: int, depth_ms: float, phase: float = 0.0) -> np.ndarray:
    """Add a copy whose delay sweeps between 0 and ``depth_ms`` at 0.5 Hz; the direct sound stays at lag 0.

    Args:
        waveform: (samples,).
        phase: of the sweep at the first sample, in turns; at 0 the delay is 0.

    Returns:
        (samples,) float32.
    """
    sweep = slow_wave(len(waveform), int(sample_rate / FLANGER_SPEED), phase)
    copy = delayed(waveform, sweep * int(depth_ms / 1000 * sample_rate + 0.5))
    return ((waveform + FLANGER_WIDTH * copy) / (1 + FLANGER_WIDTH)).astype(np.float32)


def vibrato(
    waveform: np.ndarray, sample_rate: int, frequency: float, depth: float = 0.5, phase: float = 0.0
) -> np.ndarray:
    """Read a waveform at a place that swings around each sample, by up to 2.5 ms times ``depth``.

    FFmpeg's is the same, later by the ``vibrato_delay`` that is taken away here.

    Args:
        waveform: (samples,).
        frequency: of the wobble, in Hz.
        depth: 0 to 1.
        phase: of the swing, in turns; at 0 that of FFmpeg.

    Returns:
        (samples,) float32.
    """
    delay, line = vibrato_delay(sample_rate, depth), vibrato_line(sample_rate)
    swing = slow_wave(delay + len(waveform), round(sample_rate / frequency + 0.5), phase)[delay:]
    return delayed(waveform, line - delay - depth * (line - 1) * swing).astype(np.float32)


def vibrato_line(sample_rate: int) -> int:
    """Length of FFmpeg's delay line in samples; like the wobble's period it is rounded up, half to even."""
    return round(VIBRATO_LINE_S * sample_rate + 0.5)


def vibrato_delay(sample_rate: int, depth: float) -> int:
    """Mean delay of FFmpeg's vibrato, in whole samples."""
    line = vibrato_line(sample_rate)
    return round(line - depth * (line - 1) / 2)


def slow_wave(samples: int, period: int, phase: float) -> np.ndarray:
    """One raised sine after another, from 0 (at phase 0) to 1 and back; (samples,), in whole samples throughout."""
    turns = (np.arange(period) + int((phase + 0.75) * period + 0.5)) / period
    return np.resize(0.5 + 0.5 * np.sin(2 * np.pi * turns), samples)


def delayed(waveform: np.ndarray, delays: np.ndarray) -> np.ndarray:
    """Read a waveform (samples,) late by ``delays`` in samples, (samples,), on straight lines; silent outside it."""
    places = np.arange(len(waveform)) - delays
    return np.interp(places + 1, np.arange(len(waveform) + 2), np.pad(waveform, 1))


def clip(waveform: np.ndarray) -> np.ndarray:
    """Cut off what a device with 16 bits cannot hold; float32."""
    return np.clip(waveform, -1, 1).astype(np.float32)
