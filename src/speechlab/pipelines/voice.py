"""Text to speech: frontend, acoustic model and vocoder that were made for one another."""

import contextlib
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from speechlab.audio.global_variance import cepstral_deviation, scale_deviation
from speechlab.audio.io import Audio
from speechlab.audio.mel import MelSpectrogram
from speechlab.checkpoints import CARD, Checkpoint, find_checkpoint, find_folder, read_card
from speechlab.errors import SpeechlabError
from speechlab.models.fastspeech import AcousticOutput, Controls
from speechlab.pipelines.vocoder import GRIFFIN_LIM, Vocoder
from speechlab.processes import give_memory_back, memory_in_one_piece
from speechlab.text.graphemes import make_frontend
from speechlab.text.phonemes import PhonemeText
from speechlab.text.script import Line, read_script
from speechlab.text.symbols import SymbolTable

PACE_RANGE = (0.3, 3.0)  # beyond it nothing resembles speech
FLOW = "glowtts"  # the model that draws its speech from noise, and that needs no vocoder of its own to be heard
ACOUSTIC_MODELS = ("fastspeech", "fastspeech2", FLOW)
MOST_VARIANCE = 2.5  # factor on a deviation: what is nearly absent is not made out of nothing
LONG = 20  # sentences; a longer text is read in less memory, and somewhat slower
NOISE_SCALE = 0.333  # of a flow whose card does not say its own


class Spoken(NamedTuple):
    """One sentence and what the model thought on the way."""

    audio: Audio
    text: PhonemeText
    mel: np.ndarray  # (n_mels, frames), as the vocoder gets it
    durations: np.ndarray  # (tokens,), frames
    pitch: np.ndarray | None  # (tokens,), Hz
    energy: np.ndarray | None  # (tokens,), mean STFT magnitude norm


class Said(NamedTuple):
    """A line of a script that was said."""

    line: Line
    spoken: Spoken | None  # None of a silence
    audio: Audio  # with the pause after it


class Voice:
    """A voice that reads text aloud.

    Args:
        acoustic: checkpoint of a FastSpeech, a FastSpeech 2 or a Glow-TTS.
        vocoder: made for the same AudioSpec, or an error is raised that shows both.
        lexicon: pronunciations of your own, word to espeak-ng mnemonics.
    """

    def __init__(self, acoustic: Checkpoint, vocoder: Vocoder, lexicon: Mapping[str, str] | None = None):
        require_acoustic(acoustic)
        self.spec, self.vocoder, self.card = acoustic.audio, vocoder, acoustic.card
        self.spec.require(vocoder.spec, "acoustic model", "vocoder")
        self.checkpoint = f"{acoustic.weights_hash}+{vocoder.checkpoint}"
        self.symbols = SymbolTable(acoustic.need("symbols"))
        self.blank, self.noise_scale = acoustic.card.get("blank"), acoustic.card.get("noise_scale", NOISE_SCALE)
        self.pace = acoustic.card.get("pace", 1.0)  # at which its lengths are its reader's
        self.global_variance = acoustic.card.get("global_variance")  # a factor for each cepstral coefficient, or none
        self.language = acoustic.card.get("language", "en")
        self.frontend = make_frontend(acoustic.card.get("frontend", "phonemes"), self.language, lexicon)
        self.device = vocoder.device
        self.is_flow = acoustic.card["model"] == FLOW
        self.acoustic: Any = acoustic.network().to(self.device)  # with the parts of its own model

    @classmethod
    def load(
        cls, name: str | Path, vocoder: str | Path | None = None, lexicon: Mapping[str, str] | None = None
    ) -> "Voice":
        """Load a voice by name: bundled, a folder with ``acoustic/`` and ``vocoder/``, or a run of an acoustic model.

        Args:
            vocoder: another one, by name or folder, or "griffin-lim"; a run of an acoustic model has none of its own,
                and a Glow-TTS is then heard through Griffin-Lim.

        Raises:
            SpeechlabError: nothing has that name, something is damaged, or the parts do not fit each other.
        """
        folder = find_folder(name)
        whole = (folder / "acoustic").is_dir()
        acoustic = find_checkpoint(folder / "acoustic" if whole else folder)
        require_acoustic(acoustic)
        if vocoder is None and not whole and acoustic.card.get("model") == FLOW:
            vocoder = GRIFFIN_LIM
            warnings.warn(
                f"{folder.name} has no vocoder and is heard through Griffin-Lim, which sounds hollow; name one that"
                " fits it (--vocoder NAME), or train one on the same recordings",
                stacklevel=2,
            )
        if vocoder is None and not whole:
            raise SpeechlabError(f"{folder} has no vocoder next to it; name one, or pass vocoder={GRIFFIN_LIM!r}")
        if vocoder == GRIFFIN_LIM:
            chosen = Vocoder.griffin_lim(acoustic.audio)
        else:
            chosen = Vocoder.load(vocoder or folder)
        voice = cls(acoustic, chosen, lexicon)
        if whole and (folder / CARD).is_file():
            voice.card = read_card(folder / CARD)
        return voice

    def say(
        self, text: str, pace: float = 1.0, pitch: float = 1.0, energy: float = 1.0, noise_scale: float | None = None
    ) -> Audio:
        """Read a text of any length aloud.

        Args:
            pace: 2 is twice as fast.
            pitch: factor on the fundamental frequency in Hz.
            energy: factor on the magnitude.
            noise_scale: of a Glow-TTS: 0 says the same each time, more says it livelier; None is the voice's own.

        Raises:
            SpeechlabError: there is nothing to read, or a control is out of range.
        """
        chunks = [chunk.waveform for chunk in self.stream(text, pace, pitch, energy, noise_scale)]
        return Audio(np.concatenate(chunks), self.spec.sample_rate)

    def stream(
        self, text: str, pace: float = 1.0, pitch: float = 1.0, energy: float = 1.0, noise_scale: float | None = None
    ) -> Iterator[Audio]:
        """Read a text sentence by sentence, in constant memory; each piece ends with its pause."""
        lines = read_script(text, self.language)
        if not any(line.text for line in lines):
            raise SpeechlabError("there is nothing to say: the text is empty; give at least one word")
        yield from (said.audio for said in self.perform(lines, pace, pitch, energy, noise_scale))

    def perform(
        self,
        lines: Sequence[Line],
        pace: float = 1.0,
        pitch: float = 1.0,
        energy: float = 1.0,
        noise_scale: float | None = None,
    ) -> Iterator[Said]:
        """Say a script line by line, in constant memory; a line in which there is nothing to read is left out.

        Raises:
            SpeechlabError: there is nothing to read in any line, or a control is out of range.
        """
        spoken = 0
        with memory_in_one_piece() if len(lines) > LONG else contextlib.nullcontext():
            for line in lines:
                pause = np.zeros(round(line.pause_s * self.spec.sample_rate), np.float32)
                if not line.text:
                    yield Said(line, None, Audio(pause, self.spec.sample_rate))
                    continue
                try:
                    found = self.speak(
                        line.text, pace * line.pace, pitch * line.pitch, energy, noise_scale, start=line.start
                    )
                except SpeechlabError as error:
                    if len(lines) == 1 or "nothing to read" not in str(error):
                        raise
                    warnings.warn(f"left out: {error}", stacklevel=2)  # a line of asterisks inside a long text
                    continue
                spoken += 1
                waveform = found.audio.waveform * np.float32(10 ** (line.gain_db / 20))
                yield Said(line, found, Audio(np.concatenate([waveform, pause]), self.spec.sample_rate))
                give_memory_back()
        if not spoken:
            raise SpeechlabError(
                f"there is nothing to read in {lines[0].text[:60]!r}; give a text with at least one word"
            )

    def speak(
        self,
        text: str,
        pace: float = 1.0,
        pitch: float = 1.0,
        energy: float = 1.0,
        noise_scale: float | None = None,
        start: int = 0,
    ) -> Spoken:
        """Read one sentence and keep what the model predicted for each token.

        Args:
            start: where the sentence begins in the reader's text; warnings count from that text's beginning.
        """
        if not PACE_RANGE[0] <= pace <= PACE_RANGE[1]:
            raise SpeechlabError(
                f"pace must lie between {PACE_RANGE[0]} and {PACE_RANGE[1]}, got {pace:g}; 1 is the voice's own"
            )
        phonemes = self.frontend(text)
        for character, position in phonemes.unknown:
            warnings.warn(f"{character!r} at position {start + position} cannot be read and is left out", stacklevel=2)
        tokens = torch.tensor([self.symbols.ids(phonemes.symbols)], device=self.device)
        lengths = torch.tensor([tokens.shape[1]], device=self.device)
        controls = Controls(pace * self.pace, pitch, energy)
        with torch.inference_mode():
            if self.is_flow:
                output = self.generate(tokens, lengths, controls, noise_scale)
            else:
                output = self.acoustic(tokens, lengths, controls=controls)
            mel = output.mel_postnet.float()
            if self.global_variance:
                mel = scale_deviation(mel[0], torch.tensor(self.global_variance, device=self.device))[None]
            waveform = self.vocoder(mel)[0, 0].numpy()
        return Spoken(
            Audio(waveform, self.spec.sample_rate),
            phonemes,
            mel[0].cpu().numpy(),
            output.durations[0].cpu().numpy(),
            None if output.pitch is None else self.in_hertz(output.pitch[0]),
            None if output.energy is None else self.in_magnitude(output.energy[0]),
        )

    def generate(
        self, tokens: torch.Tensor, lengths: torch.Tensor, controls: Controls, noise_scale: float | None
    ) -> AcousticOutput:
        """Speak tokens (1, tokens) by a Glow-TTS; the durations that come out are of these, the blanks' shared out.

        Raises:
            SpeechlabError: pitch or energy is to be changed, which this model cannot.
        """
        if controls.pitch != 1 or controls.energy != 1:
            raise SpeechlabError(f"a {FLOW} voice has no control of pitch and energy; change pace or noise_scale")
        from speechlab.models.glowtts import intersperse_blanks, without_blanks  # other voices do without

        if self.blank is not None:
            tokens, lengths = intersperse_blanks(tokens, lengths, self.blank)
        noise_scale = self.noise_scale if noise_scale is None else noise_scale
        output = self.acoustic.generate(tokens, lengths, noise_scale, controls.pace)
        if self.blank is None:
            return output
        ends = without_blanks(output.durations[0]).cumsum(0).round().long()
        return output._replace(durations=torch.diff(ends, prepend=ends.new_zeros(1)).unsqueeze(0))

    @torch.inference_mode()
    def in_hertz(self, pitch: torch.Tensor) -> np.ndarray:
        """Undo the standardisation of log-pitch, (tokens,)."""
        return torch.exp(pitch * self.acoustic.pitch_std + self.acoustic.pitch_mean).cpu().numpy()

    @torch.inference_mode()
    def in_magnitude(self, energy: torch.Tensor) -> np.ndarray:
        """Undo the standardisation of energy, (tokens,)."""
        magnitude = energy * self.acoustic.energy_std + self.acoustic.energy_mean
        return (magnitude.exp() if self.acoustic.energy_log else magnitude).cpu().numpy()


def measure_global_variance(voice: Voice, recordings: Mapping[str, np.ndarray]) -> list[float]:
    """Compare recordings with the same texts as the voice says them.

    Args:
        recordings: waveforms by their texts, at the voice's sample rate; texts that cannot be read are passed over, as
            they are in training.

    Returns:
        For each cepstral coefficient the factor that makes its deviation as large as in the recordings, from 1 to
        ``MOST_VARIANCE``; 1 for the first, which is the level. It belongs in the acoustic model's card.

    Raises:
        SpeechlabError: none of the texts can be read.
    """
    analyse, recorded, said = MelSpectrogram(voice.spec), [], []
    present, voice.global_variance = voice.global_variance, None
    try:
        for text, waveform in recordings.items():
            try:
                mel = voice.speak(text).mel
            except SpeechlabError:
                continue
            said.append(cepstral_deviation(torch.from_numpy(mel)))
            recorded.append(cepstral_deviation(analyse(torch.from_numpy(waveform).float()[None, None])[0]))
    finally:
        voice.global_variance = present
    if not said:
        raise SpeechlabError(
            f"none of {len(recordings)} recordings has a text that can be read; a voice needs one to compare"
        )
    factors = (torch.stack(recorded).mean(dim=0) / torch.stack(said).mean(dim=0)).clamp(1, MOST_VARIANCE)
    return [1.0, *(round(factor, 3) for factor in factors[1:].tolist())]


def require_acoustic(checkpoint: Checkpoint) -> None:
    """Raise a SpeechlabError unless the checkpoint is of a model that reads text."""
    model = checkpoint.card.get("model")
    if model not in ACOUSTIC_MODELS:
        raise SpeechlabError(
            f"{checkpoint.path} holds the model {model}, not an acoustic model that reads text"
            f" ({', '.join(ACOUSTIC_MODELS)}); name a voice, or a run of one of these"
        )
