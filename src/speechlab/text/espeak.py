"""The embedded synthesiser: phonemes of a text, and speech whose phone timings are known exactly.

espeak-ng 1.52 comes as a wheel (``espeakng-loader``) and is called through ctypes; the structures are those of its
public header ``speak_lib.h``. Labels are espeak's own mnemonics, with the stress mark kept in front of the vowel
(``'aI``): asked for IPA, the engine reports pauses and the palatal glide alike as empty labels.

Three properties of the library shape this module. It keeps global state, so a process has one engine (``engine()``)
and one call at a time (a lock). It is not repeatable call by call: the same text said twice differs by a few samples,
whereas a fresh process that says the same texts in the same order gives the same samples. And its compiled-in data
path belongs to the machine that built it, so the path is always given.
"""

import ctypes
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np

from speechlab.errors import SpeechlabError

OUTPUT_SYNCHRONOUS = 2
PHONEME_EVENTS, DO_NOT_EXIT = 0x1, 0x8000
END_OF_LIST, WORD, PHONEME = 0, 1, 7  # event types
CHARACTERS_UTF8, INLINE_PHONEMES, END_PAUSE = 1, 0x100, 0x1000
POSITION_IN_CHARACTERS = 1
RATE, PITCH = 1, 3  # parameter numbers
SEPARATED_MNEMONICS = ord("|") << 8  # TextToPhonemes: mnemonics with "|" between phones, blanks between words
LABEL_BYTES = 8  # of an event's phone name; NUL-ended only when shorter


class _Identity(ctypes.Union):
    _fields_ = [("number", ctypes.c_int), ("name", ctypes.c_char_p), ("label", ctypes.c_char * LABEL_BYTES)]


class _Event(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),  # of a word, in characters from 1
        ("length", ctypes.c_int),  # of a word, in characters
        ("audio_position", ctypes.c_int),  # ms
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("identity", _Identity),
    ]


_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


@dataclass
class TimedSpeech:
    """Speech with the moments of its phones; times are samples."""

    waveform: np.ndarray  # int16 mono, (samples,)
    sample_rate: int  # Hz
    phones: list[tuple[str, int, int]] = field(default_factory=list)  # label, start, end; pauses begin with "_"
    words: list[tuple[str, int, int]] = field(default_factory=list)  # text, first phone, one past its last phone


class Espeak:
    """The library, set up once per process; take it from ``engine()``."""

    def __init__(self) -> None:
        import espeakng_loader

        data_path = Path(espeakng_loader.get_data_path())
        self._variants = data_path / "voices" / "!v"
        self._library = _declare(ctypes.CDLL(str(espeakng_loader.get_library_path())))
        options = PHONEME_EVENTS | DO_NOT_EXIT
        self.sample_rate = self._library.espeak_Initialize(OUTPUT_SYNCHRONOUS, 0, str(data_path).encode(), options)
        if self.sample_rate <= 0:
            raise RuntimeError(f"espeak-ng did not start with the data in {data_path}; reinstall espeakng-loader")
        self._library.espeak_ng_SetRandSeed(1)  # else breathy variants ("f3") take their noise from the clock
        self._lock = threading.Lock()
        self._settings: tuple[str, int, int] | None = None
        self._chunks: list[np.ndarray] = []
        self._events: list[tuple[int, int, int, int, str]] = []
        self._callback = _CALLBACK(self._receive)  # the library keeps only a pointer to it
        self._library.espeak_SetSynthCallback(self._callback)

    @property
    def version(self) -> str:
        """Version of libespeak-ng."""
        return self._library.espeak_Info(None).decode().split()[0]

    def phonemes(self, text: str, voice: str = "en-us") -> list[list[list[str]]]:
        """Give clauses of words of phone labels; the engine's own pause marks are left out.

        Words that the engine fuses ("of the") come as one. A clause is what the engine makes of the punctuation.
        """
        with self._lock:
            self._select(voice, 175, 50)
            buffer = ctypes.create_string_buffer(text.encode())
            pointer = ctypes.c_void_p(ctypes.addressof(buffer))
            clauses = []
            while pointer.value:
                part = self._library.espeak_TextToPhonemes(ctypes.byref(pointer), CHARACTERS_UTF8, SEPARATED_MNEMONICS)
                if part:
                    clauses.append(part.decode())
        words = [[_phones_of(word) for word in clause.split()] for clause in clauses]
        return [[word for word in clause if word] for clause in words if any(clause)]

    def speak(self, text: str, voice: str = "en-us", rate: int = 175, pitch: int = 50) -> TimedSpeech:
        """Say a text; ``[[...]]`` in it holds phone mnemonics.

        Args:
            text: what to say; spell numbers out first, or its word events become fragments.
            voice: a language ("en-us", "ru"), with a variant if wanted ("en-us+f3").
            rate: words a minute, 80 to 450.
            pitch: base pitch, 0 to 99.
        """
        with self._lock:
            self._select(voice, rate, pitch)
            self._chunks, self._events = [], []
            raw = text.encode()
            flags = CHARACTERS_UTF8 | INLINE_PHONEMES | END_PAUSE
            code = self._library.espeak_Synth(raw, len(raw) + 1, 0, POSITION_IN_CHARACTERS, 0, flags, None, None)
            if code != 0:
                raise RuntimeError(f"espeak_Synth returned {code} for {text[:60]!r}")
            self._library.espeak_Synchronize()
            waveform = np.concatenate(self._chunks) if self._chunks else np.zeros(0, np.int16)
            events, self._events, self._chunks = self._events, [], []
        return _timed_speech(text, waveform, self.sample_rate, events)

    def _select(self, voice: str, rate: int, pitch: int) -> None:
        if self._settings == (voice, rate, pitch):
            return
        language, _, variant = voice.partition("+")
        if variant and not (self._variants / variant).is_file():  # the library itself accepts any variant in silence
            known = ", ".join(sorted(path.name for path in self._variants.iterdir()))
            raise SpeechlabError(f"espeak-ng has no voice variant {variant!r}; choose one of {known}")
        if not language or self._library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise SpeechlabError(f"espeak-ng has no voice {voice!r}; try en-us, en, en-gb-scotland or ru")
        self._library.espeak_SetParameter(RATE, rate, 0)
        self._library.espeak_SetParameter(PITCH, pitch, 0)
        self._settings = (voice, rate, pitch)

    def _receive(self, samples, n_samples: int, events) -> int:
        if samples and n_samples > 0:
            self._chunks.append(np.ctypeslib.as_array(samples, (n_samples,)).copy())
        for event in _until_end(events):
            label = ""
            if event.type == PHONEME:
                raw = ctypes.string_at(ctypes.addressof(event.identity), LABEL_BYTES)
                label = raw.split(b"\0")[0].decode("utf-8", "ignore")
            self._events.append((event.type, event.sample, event.text_position, event.length, label))
        return 0  # 1 would stop the synthesis


@lru_cache(maxsize=1)
def engine() -> Espeak:
    """Give this process's engine, starting it at the first call (about 5 ms)."""
    return Espeak()


def _declare(library: ctypes.CDLL) -> ctypes.CDLL:
    library.espeak_Synth.argtypes = [
        ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint, ctypes.c_int, ctypes.c_uint, ctypes.c_uint,
        ctypes.POINTER(ctypes.c_uint), ctypes.c_void_p,
    ]  # fmt: skip
    library.espeak_TextToPhonemes.argtypes = [ctypes.POINTER(ctypes.c_void_p), ctypes.c_int, ctypes.c_int]
    library.espeak_TextToPhonemes.restype = ctypes.c_char_p
    library.espeak_Info.argtypes = [ctypes.POINTER(ctypes.c_char_p)]
    library.espeak_Info.restype = ctypes.c_char_p
    return library


def _until_end(events) -> Iterator[_Event]:
    index = 0
    while events[index].type != END_OF_LIST:
        yield events[index]
        index += 1


def _phones_of(word: str) -> list[str]:
    return [phone for phone in word.split("|") if phone and not phone.startswith("_")]


def _timed_speech(text: str, waveform: np.ndarray, sample_rate: int, events: list) -> TimedSpeech:
    """Turn the stream of marks into intervals: a phone lasts until the next mark.

    A word's own mark may lie up to 50 ms before its first phone, but the stream's order is right: the phones after it
    are its.
    """
    speech = TimedSpeech(waveform, sample_rate)
    for kind, sample, position, length, label in events:
        if kind == WORD:
            speech.words.append((text[position - 1 : position - 1 + length], len(speech.phones), len(speech.phones)))
        elif kind == PHONEME:
            speech.phones.append((label, sample, len(waveform)))
            if speech.words and not label.startswith("_"):
                word, first, _ = speech.words[-1]
                first = first if speech.words[-1][1] < speech.words[-1][2] else len(speech.phones) - 1
                speech.words[-1] = (word, first, len(speech.phones))
    starts = [start for _, start, _ in speech.phones[1:]] + [len(waveform)]
    speech.phones = [(label, start, end) for (label, start, _), end in zip(speech.phones, starts, strict=True)]
    return speech
