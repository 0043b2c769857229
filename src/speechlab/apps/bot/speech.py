"""What the Telegram bot does with texts and recordings; it takes time, and runs in one thread beside the bot."""

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from speechlab.apps.bot.messages import MAX_VOICE_S, VoiceFacts
from speechlab.apps.bundled import bundled, card_of, is_here, require, speaks
from speechlab.errors import SpeechlabError
from speechlab.files import scratch_folder

if TYPE_CHECKING:
    from speechlab.pipelines.voice import Voice

ENHANCER = "denoise-16k"  # that cleans unless another one is named
LOUDNESS = -16.0  # LUFS, of voice notes
CEILING_DB = -1.0  # of their true peak, relative to full scale


class Note(NamedTuple):
    """A voice note."""

    data: bytes  # an OGG file of Opus
    duration_s: float


class TooLong(SpeechlabError):
    """A recording lasts longer than Telegram said, and than the bot takes."""


class Speech:
    """An enhancer, and voices, each of which is loaded when it is first asked for.

    The enhancer is loaded at once: what is wrong with it is for the operator to read, not for who sends a recording.

    Args:
        voices: names or folders; all bundled ones unless given.
        enhancer: name, folder or run; unless given the bundled one, and where that is not here, nothing is cleaned.

    Raises:
        SpeechlabError: there is no voice, one of those named is none, or the enhancer is not found or of no use.
    """

    def __init__(self, voices: Sequence[str] = (), enhancer: str | None = None):
        from speechlab.checkpoints import find_folder
        from speechlab.pipelines.enhancer import Enhancer

        for name in voices:
            require(name, "voice")
        self.folders = {Path(name).name: find_folder(name) for name in voices or bundled("voice")}
        if not self.folders:
            raise SpeechlabError("no voice is bundled; name one that was exported: speechlab bot --voices FOLDER")
        self.voices = {name: facts_of(folder) for name, folder in self.folders.items()}
        self._voices: dict[str, Voice] = {}
        self._enhancer: Enhancer | None = None
        if enhancer is not None or is_here(ENHANCER):
            name = ENHANCER if enhancer is None else enhancer
            require(name, "enhancer")
            self._enhancer = Enhancer.load(name)
        self.cleans = self._enhancer is not None

    def say(self, text: str, voice: str, pace: float) -> Note:
        """Read a text aloud.

        Raises:
            SpeechlabError: the voice can read nothing in it.
        """
        from speechlab.pipelines.voice import Voice

        if voice not in self._voices:
            self._voices[voice] = Voice.load(self.folders[voice])
        audio = self._voices[voice].say(text, pace=pace)
        return make_note(audio.waveform, audio.sample_rate)

    def clean(self, data: bytes) -> Note:
        """Clean a recording, given as the bytes of a file.

        Raises:
            TooLong: it lasts longer than the limit.
            SpeechlabError: it is damaged, or not audio; or nothing is here that cleans.
        """
        if self._enhancer is None:
            raise SpeechlabError(
                f"there is no enhancer {ENHANCER} here; name another one: speechlab bot --enhancer NAME"
            )
        with scratch_folder("recording") as folder:
            file = folder / "recording.oga"
            file.write_bytes(data)
            require_short(file)
            audio = self._enhancer.enhance(file)
        return make_note(audio.waveform, audio.sample_rate)

    def stresses(self, text: str) -> str:
        """Give a Russian text with a mark on the stressed vowel of content words, numbers and abbreviations in words.

        Raises:
            SpeechlabError: there is nothing to read in it, or a mark in it is not at a vowel.
        """
        from speechlab.text.russian.frontend import RussianFrontend

        found = RussianFrontend()(text)
        return " ".join(word.marked for word in found.stresses)


def require_short(file: Path) -> None:
    """Raise unless a recording is as short as the bot takes them: by what it decodes to, whatever its header says.

    Raises:
        TooLong: it lasts longer than the limit; no more than that is decoded.
        SpeechlabError: it is damaged, or not audio.
    """
    from speechlab.audio.streaming import open_recording

    recording = open_recording(file)
    left = (MAX_VOICE_S + 1) * recording.sample_rate
    with contextlib.closing(recording.read()) as blocks:
        for block in blocks:
            left -= len(block)
            if left < 0:
                raise TooLong(f"the recording lasts more than the {MAX_VOICE_S} s that are taken")


def facts_of(folder: Path) -> VoiceFacts:
    """Read what a voice says of itself.

    Raises:
        SpeechlabError: the folder holds no voice.
    """
    if not speaks(folder):
        raise SpeechlabError(
            f"{folder} holds no voice, which is an acoustic model with its vocoder, or a Glow-TTS; make one:"
            " speechlab export RUN FOLDER --vocoder NAME"
        )
    facts = card_of(folder)
    licence = facts.get("licence") or (facts.get("data") or {}).get("licence")  # a voice of one's own has its corpus's
    return VoiceFacts(facts.get("language") or "en", licence or "unknown")


def make_note(waveform: np.ndarray, sample_rate: int) -> Note:
    """Encode a recording (samples,) as a voice note of -16 LUFS whose true peaks lie below full scale."""
    from speechlab.audio.io import encode
    from speechlab.audio.limiter import to_loudness

    loud = to_loudness(waveform, sample_rate, LOUDNESS, CEILING_DB)
    return Note(encode(loud, sample_rate, ".opus"), len(waveform) / sample_rate)
