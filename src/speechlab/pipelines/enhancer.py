"""Speech enhancement: recordings of any format, rate, length and number of channels, by any enhancer."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from speechlab.audio.io import Audio
from speechlab.audio.streaming import (
    AudioWriter,
    Blocks,
    Recording,
    Tape,
    fit,
    in_mono,
    open_recording,
    recording_of,
    resample_blocks,
    resampled_length,
    writable_rate,
)
from speechlab.checkpoints import Checkpoint, find_checkpoint, find_folder
from speechlab.errors import SpeechlabError
from speechlab.pipelines.long_audio import Survey, Windows, survey, through_windows
from speechlab.pipelines.upper_band import with_upper_band
from speechlab.weights import find_weights

HIFIPP, FINALLY = "a2a_hifi++_gen", "finally_gen"
WINDOWS = {
    HIFIPP: Windows(grid=4096, length=40 * 4096, overlap=4096, context=8 * 4096),
    FINALLY: Windows(grid=20_480, length=16 * 20_480, overlap=20_480, context=2 * 20_480),
}
"""HiFi++, whose windows do for any other enhancer: a grid of 16 mel frames;
10.2 s, and 2 s heard on each side, which hold nearly all that it listens to. A memo
of a minute then takes 0.4 GB; windows of 24.6 s took 0.75 GB and a fifth less time.
FINALLY: a grid of 16 mel frames and 64 of WavLM; as attention hears all of a window, neighbours differ and fade longer.
"""
LEVEL = 0.5  # peak at which a window is heard; in training 0.25 to 0.95
CLICKS_S = 0.1  # of a window may be louder, as clicks are, without making the rest quieter
LOUD_S = 0.02  # pieces whose peaks are compared
LOWEST = 0.01  # of a recording's peak, below which a window is not turned up any further
SILENCE = 1e-6  # peak below which there is nothing to enhance
EXTENSION = "bandwidth extension"


@dataclass
class EnhancedAudio(Audio):
    """An enhanced recording; ``notes`` says what a listener should know, ``band_hz`` how far up the model works."""

    band_hz: float = 0.0
    notes: tuple[str, ...] = ()


class EnhancedFile(NamedTuple):
    """What was done to one file."""

    source: Path
    target: Path
    sample_rate: int  # Hz, of the target
    channels: int
    duration_s: float
    band_hz: float  # the model's upper limit
    seconds: float  # that it took
    notes: tuple[str, ...]  # what a listener should know, a line each


class Enhancer:
    """A model that makes speech sound as if it had been recorded in a studio.

    Args:
        network: waveform (1, 1, samples) at ``sample_rate`` to waveform (1, 1, samples * ratio).
        sample_rate: in Hz, that the network hears.
        output_rate: in Hz, at which it speaks.
        windows: in which it hears long recordings.
        card, checkpoint: of the weights; the latter is their hash.
    """

    def __init__(self, network: Callable[[Tensor], Tensor], sample_rate: int, output_rate: int, windows: Windows,
                 card: dict[str, Any], checkpoint: str = "", device: str = "cpu"):  # fmt: skip
        self.network, self.sample_rate, self.output_rate = network, sample_rate, output_rate
        self.windows, self.card, self.checkpoint, self.device = windows, card, checkpoint, device
        self.ratio, self.band_hz = output_rate // sample_rate, output_rate / 2
        self.extends = card.get("task") == EXTENSION or output_rate > sample_rate

    @classmethod
    def load(cls, name: str | Path, device: str | None = None) -> "Enhancer":
        """Load an enhancer by name: bundled (denoise-16k, bwe-16k), a folder, or a run.

        Raises:
            SpeechlabError: nothing has that name, it is damaged, it is not an enhancer, or FINALLY's WavLM is not here.
        """
        if (find_folder(name) / "acoustic").is_dir():
            raise SpeechlabError(f"{name} holds a voice, not an enhancer; speechlab list enhancers names those here")
        checkpoint = find_checkpoint(name)
        kind = checkpoint.card.get("model")
        windows = windows_of(checkpoint.card)
        if windows is None:
            raise SpeechlabError(f"{checkpoint.path} holds a {kind}, not an enhancer ({' or '.join(WINDOWS)})")
        device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        generator: Any = checkpoint.network().to(device)  # FINALLY's knows its own rate
        heard = checkpoint.audio.sample_rate
        if kind == FINALLY:
            network, spoken = with_wavlm(generator, checkpoint, device), generator.sample_rate
        else:
            network, spoken = generator, heard
        return cls(network, heard, spoken, windows, checkpoint.card, checkpoint.weights_hash, device)

    def enhance(self, audio: Audio | str | Path, dry: float | None = None) -> EnhancedAudio:
        """Enhance a recording in memory, or a file, whose channels are averaged.

        Rate and length stay as they are, but for models that extend the bandwidth: their output has at least their own
        rate. Peaks may pass 1; they are kept.

        Args:
            dry: share of the input in the output, 0 to 1; None: that of the card, with which the model was measured.

        Raises:
            SpeechlabError: the audio is empty, damaged, not one channel, or holds NaN or infinity.
        """
        dry = self.share(dry)
        recording = recording_of(audio) if isinstance(audio, Audio) else in_mono(open_recording(audio))
        found = survey(recording)
        rate = self.target_rate(recording.sample_rate)
        blocks = list(self.stream(recording, found, rate, dry))
        notes = self.remarks(recording, found, rate, dry)
        return EnhancedAudio(np.concatenate(blocks)[:, 0], rate, self.band_hz, notes)

    def enhance_file(
        self,
        source: str | Path,
        target: str | Path,
        dry: float | None = None,
        progress: bool | Callable[[float], None] = True,
    ) -> EnhancedFile:
        """Enhance a file of any length in constant memory, each channel alone.

        The target has the source's rate, channels and length, and the format of its own suffix. A source that passes
        full scale is turned down as a whole; single samples that pass it only when enhanced are clamped.

        Args:
            dry: share of the input in the output, 0 to 1; None: that of the card, with which the model was measured.
            progress: show a bar, in a terminal; or a function that is told the share that is done.

        Raises:
            SpeechlabError: the source is not audio, or damaged; the target is the source, or cannot be written.
        """
        from tqdm import tqdm

        started, source, target = time.perf_counter(), Path(source), Path(target)
        if target.exists() and source.exists() and target.samefile(source):
            raise SpeechlabError(f"{target} is the recording itself; name another file, so that the original is kept")
        dry = self.share(dry)
        writable_rate(target, self.sample_rate)  # raises before hours are spent
        recording = open_recording(source)
        found = survey(recording)
        rate = writable_rate(target, self.target_rate(recording.sample_rate))
        samples = resampled_length(found.samples, recording.sample_rate, rate)
        bar = tqdm(total=round(samples / rate), unit="s", desc=source.name, leave=False,
                   disable=None if progress is True else True)  # fmt: skip
        written = 0
        with bar, AudioWriter(target, rate, recording.channels, samples) as writer:
            for block in self.stream(recording, found, rate, dry):
                writer.write(block / max(found.highest, 1.0))
                bar.update(min(len(block) / rate, bar.total - bar.n))
                written += len(block)
                if callable(progress):
                    progress(written / samples)
        notes = self.remarks(recording, found, rate, dry)
        if found.highest > 1:
            notes += (f"the input's peaks reach {found.highest:.3g}: the whole file is turned down to full scale",)
        if writer.n_clamped:
            notes += (f"{writer.n_clamped} samples passed full scale and were clamped",)
        seconds = time.perf_counter() - started
        return EnhancedFile(source, target, rate, recording.channels, samples / rate, self.band_hz, seconds, notes)

    def share(self, dry: float | None) -> float:
        """Share of the input that is mixed back; raises unless it is one."""
        dry = self.card.get("dry", 0.0) if dry is None else dry
        if not 0 <= dry <= 1:
            raise SpeechlabError(f"dry is the share of the input that is mixed back, 0 to 1; got {dry:g}")
        return dry

    def stream(self, recording: Recording, found: Survey, rate: int, dry: float = 0.0) -> Blocks:
        """Enhance a recording block by block.

        Args:
            found: in the recording as a whole; its level is brought to the one of the training, and back.
            rate: in Hz, of the output.
            dry: share of the input in the output, 0 to 1.
        """
        samples = resampled_length(found.samples, recording.sample_rate, rate)
        wet, wet_rate = () if found.peak < SILENCE else self.enhanced(recording, found), self.output_rate
        if self.keeps_upper_band(recording):
            wet, wet_rate = with_upper_band(wet, recording, self.output_rate), recording.sample_rate
        blocks = fit(resample_blocks(wet, wet_rate, rate), samples, recording.channels)
        if not dry:
            yield from blocks
            return
        again = resample_blocks(recording.read(), recording.sample_rate, rate)
        tape = Tape(fit(again, samples, recording.channels), recording.channels)
        for block in blocks:
            yield (1 - dry) * block + dry * tape.take(len(block))

    def enhanced(self, recording: Recording, found: Survey) -> Blocks:
        """Blocks at ``output_rate`` and the recording's level; as long as the recording, or a few samples longer."""
        centred = (block - found.offset for block in recording.read())
        heard = resample_blocks(centred, recording.sample_rate, self.sample_rate)
        samples = max(resampled_length(found.samples, recording.sample_rate, self.sample_rate), 1)
        tape = Tape(fit(heard, samples, recording.channels), recording.channels)
        least = LOWEST * found.peak
        yield from through_windows(tape, samples, self.windows, lambda window: self.hear(window, least), self.ratio)

    def hear(self, window: np.ndarray, least: float = SILENCE) -> np.ndarray:
        """Enhance each channel of a window (samples, channels): (samples * ratio, channels).

        Args:
            least: level of the quietest channel that is turned up all the way.
        """
        made: list[np.ndarray] = []
        for number, channel in enumerate(window.T):
            if not channel.any():  # digital silence stays what it is
                made.append(np.zeros(len(channel) * self.ratio, np.float32))
            elif number and np.array_equal(channel, window[:, 0]):  # a mono recording saved as stereo
                made.append(made[0])
            else:
                made.append(self.hear_channel(channel, least))
        if not np.isfinite(made).all():
            raise SpeechlabError("the model's output holds NaN or infinity: its weights are unusable; train it again")
        return np.stack(made, axis=1)

    @torch.inference_mode()
    def hear_channel(self, channel: np.ndarray, least: float) -> np.ndarray:
        """Enhance (samples,), heard at the level of the training and then brought back to its own.

        Clicks that pass full scale at that level are clipped.
        """
        gain = LEVEL / max(level_of(channel, round(LOUD_S * self.sample_rate)), least)
        waveform = torch.tensor(gain * channel, device=self.device).clamp(-1, 1)[None, None]
        return self.network(waveform)[0, 0].float().cpu().numpy() / gain

    def keeps_upper_band(self, recording: Recording) -> bool:
        """Whether a recording holds a band that the model does not hear, and is not to invent."""
        return not self.extends and recording.sample_rate / 2 > self.band_hz

    def target_rate(self, rate: int) -> int:
        """Rate of the output in Hz: the input's, or the model's where more would be lost than was gained."""
        return max(rate, self.output_rate) if self.extends else rate

    def remarks(self, recording: Recording, found: Survey, rate: int, dry: float) -> tuple[str, ...]:
        """What a listener should know of an enhanced recording."""
        notes = []
        if found.peak < SILENCE:
            notes.append("there is nothing to hear in it: it stays silent")
        elif self.keeps_upper_band(recording):
            notes.append(
                f"the model works up to {self.band_hz:.0f} Hz; what lies above gets the gain that it gives just below"
            )
        elif recording.sample_rate / 2 > self.band_hz:
            rest = f"is left at {dry:.0%}" if dry else "is gone"
            notes.append(f"the model works up to {self.band_hz:.0f} Hz; what lay above {rest}")
        if rate != recording.sample_rate:
            wanted = rate == self.target_rate(recording.sample_rate)
            why = "so that what the model adds can be heard" if wanted else "as its format requires"
            notes.append(f"written at {rate} Hz instead of {recording.sample_rate} Hz, {why}")
        return tuple(notes)


def level_of(waveform: np.ndarray, piece: int) -> float:
    """Peak of (samples,), but for the loudest tenth of a second, in pieces of so many samples."""
    peaks = np.sort(np.maximum.reduceat(np.abs(waveform), np.arange(0, len(waveform), piece)))
    n_clicks = round(CLICKS_S / LOUD_S)
    return float(peaks[-n_clicks - 1] if len(peaks) > 2 * n_clicks else peaks[-1])


def windows_of(card: Mapping[str, Any]) -> Windows | None:
    """Windows in which the model of a card hears a recording; None where it is no enhancer."""
    return WINDOWS.get(card.get("model", ""), WINDOWS[HIFIPP] if card.get("role") == "enhancer" else None)


def with_wavlm(generator: nn.Module, checkpoint: Checkpoint, device: str) -> Callable[[Tensor], Tensor]:
    """Give FINALLY's generator its second input, computed on what it hears: a window with its context.

    Raises:
        SpeechlabError: the weights of WavLM are not here; names the command that gets them.
    """
    from speechlab.models.wavlm import WavLM

    name = checkpoint.card.get("wavlm", "wavlm-large")
    wavlm = (WavLM.tiny() if name == "tiny" else WavLM.load(find_weights(name))).to(device)
    return lambda waveform: generator(waveform, wavlm(waveform))
