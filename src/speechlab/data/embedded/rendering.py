"""The embedded corpus: speech rendered on the spot by espeak-ng, with the true time of every phone.

It needs no network and takes seconds; smoke runs learn from it, and alignment is judged by its timings. An utterance's
tokens are those that ``speechlab.text.frontend`` gives for its text, token for token, each with its first and last
sample:

* ``^`` (start) is 50 ms of silence before the first phone; the final punctuation and ``$`` (end) are 50 ms each. What
  more the synthesiser adds at the edges is cut.
* a punctuation mark inside the sentence owns the whole pause that the synthesiser makes there.
* a phone to which the synthesiser gives no samples (an ``l`` that it folds into the vowel before it) gets the last
  30 % of the phone before it, so that no token is empty.

The library is not repeatable call by call, but a fresh process is: every shard is rendered by a process of its own, in
a fixed order, and the corpus comes out bit for bit the same.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import wave
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from itertools import islice
from pathlib import Path

import numpy as np

from speechlab.config import AudioSpec
from speechlab.data.embedded.sentences import WRITTEN, sentences
from speechlab.errors import SpeechlabError
from speechlab.files import cannot_write, remove_leftovers, require_space, temporary_name
from speechlab.text.espeak import TimedSpeech, engine
from speechlab.text.frontend import for_language
from speechlab.text.symbols import RENAMED, is_phone

SAMPLE_RATE = 22_050  # Hz, espeak-ng's own
EDGE_S = 0.05  # silence of the start token, of the last mark and of the end token
FOLDED_SHARE = 0.3  # of the phone before, given to a phone without samples
LONGEST_S = 6.0  # of a sentence, for the disk space that rendering needs
UNWRITABLE = 3  # exit status of a process to which the disk refused
SHARD_SIZE = 180  # utterances per process
LAYOUT = {"en": 1, "ru": 3}  # raise one when its rendering changes: old caches are then left alone


@dataclass(frozen=True)
class EmbeddedVoice:
    """One speaker: the synthesiser's settings and how much it says."""

    name: str  # the speaker; of ``en-us+f3``, the variant f3 of en-us
    n_train: int
    n_validation: int
    rate: int = 165  # words a minute
    pitch: int = 50  # 0 to 99


VOICES: dict[str, tuple[EmbeddedVoice, ...]] = {
    "en": (
        EmbeddedVoice("en-us", 400, 60),
        EmbeddedVoice("en-us+f3", 60, 20, 160, 55),
        EmbeddedVoice("en-us+m3", 60, 20, 150, 40),
        EmbeddedVoice("en-us+f1", 60, 20, 175, 60),
    ),
    "ru": (EmbeddedVoice("ru", 500, 40, 150), EmbeddedVoice("ru+f3", 40, 10, 150, 55)),
}


@dataclass(frozen=True)
class TimedToken:
    """A token of the frontend and the samples during which it sounds."""

    symbol: str
    start: int  # sample
    end: int  # sample, exclusive


@dataclass(frozen=True)
class EmbeddedUtterance:
    """One rendered sentence; ``tokens`` cover its audio without gaps."""

    id: str
    audio_path: Path
    text: str
    speaker: str
    split: str
    n_samples: int
    tokens: tuple[TimedToken, ...]
    sample_rate: int = SAMPLE_RATE

    @property
    def symbols(self) -> list[str]:
        """The tokens without their times."""
        return [token.symbol for token in self.tokens]


class EmbeddedCorpus:
    """Rendered sentences of one language, made at the first use and kept under ``folder``.

    Args:
        folder: where renderings are kept; one that was made by another version is left alone.
        language: "en" or "ru".
        voices: who speaks; the language's own voices unless given.
        seed: of the sentences of the grammar; another one says others.
    """

    def __init__(
        self,
        folder: str | Path,
        language: str = "en",
        voices: Sequence[EmbeddedVoice] | None = None,
        seed: int = 1,
    ):
        if language not in VOICES:
            raise SpeechlabError(f"the embedded corpus speaks {' and '.join(VOICES)}, not {language!r}")
        plan = _plan(language, VOICES[language] if voices is None else voices, seed)
        self.folder = Path(folder) / f"{language}-{_digest(plan, language)}"
        if not self.folder.exists():
            _render_all(plan, self.folder, language)
        self.utterances: tuple[EmbeddedUtterance, ...] = _load(self.folder)
        self._by_id = {utterance.id: utterance for utterance in self.utterances}

    def __len__(self) -> int:
        return len(self.utterances)

    def __getitem__(self, id: str) -> EmbeddedUtterance:
        return self._by_id[id]

    def of(self, speaker: str, split: str = "") -> list[EmbeddedUtterance]:
        """Utterances of one speaker, of one split ("train", "validation") if given."""
        found = [item for item in self.utterances if item.speaker == speaker and split in ("", item.split)]
        if not found:
            speakers = ", ".join(dict.fromkeys(item.speaker for item in self.utterances))
            raise SpeechlabError(
                f"the embedded corpus has no {split} speech of {speaker!r}; its speakers are {speakers}"
            )
        return found


def true_durations(
    utterance: EmbeddedUtterance, spec: AudioSpec, n_frames: int | None = None
) -> tuple[list[str], np.ndarray]:
    """Turn true times into whole frames per token.

    Durations are differences of rounded boundaries, so they add up to the number of frames without drift; where there
    are frames enough, boundaries then move as little as is needed to give every token one.

    Args:
        n_frames: frames of the mel, if they are known; else ``samples // hop_length`` at the rate of ``spec``.

    Returns:
        The symbols and their durations in frames, int64, (tokens,).
    """
    scale = spec.sample_rate / utterance.sample_rate
    if n_frames is None:
        n_frames = round(utterance.n_samples * scale) // spec.hop_length
    ends = np.array([token.end for token in utterance.tokens]) * scale / spec.hop_length
    boundaries = np.minimum(np.rint(ends).astype(np.int64), n_frames)
    boundaries[-1] = n_frames
    if n_frames >= len(boundaries):
        steps = np.arange(1, len(boundaries) + 1)
        boundaries = np.maximum.accumulate(np.maximum(boundaries, steps) - steps) + steps  # each at least one later
        last = n_frames - steps[::-1] + 1  # room for those that follow
        boundaries = np.minimum(boundaries, last)
    return utterance.symbols, np.diff(boundaries, prepend=0)


def time_tokens(symbols: Sequence[str], speech: TimedSpeech) -> tuple[list[TimedToken], np.ndarray]:
    """Give the frontend's tokens the synthesiser's times, and cut the silence at the edges.

    Returns:
        The tokens, and the waveform they cover, int16.

    Raises:
        SpeechlabError: the synthesiser said other phones than the frontend, or paused where there is no mark.
    """
    edge = round(EDGE_S * speech.sample_rate)
    intervals = _phones_and_pauses(speech)
    if not intervals or not is_phone(intervals[0][0]):
        intervals = intervals[1:]
    if intervals and not is_phone(intervals[-1][0]):
        intervals = intervals[:-1]
    first, last = intervals[0][1], intervals[-1][2]
    shift = edge - first
    starts, ends, said = [0], [edge], iter(intervals)
    marks_at_end = sum(1 for symbol in symbols[-2:] if not is_phone(symbol))
    upcoming = next(said)
    for symbol in symbols[1 : len(symbols) - marks_at_end]:
        start, end = (upcoming[1] + shift, upcoming[2] + shift) if upcoming else (ends[-1], ends[-1])
        if is_phone(symbol) and (not upcoming or upcoming[0] != symbol):
            raise SpeechlabError(f"expected the phone {symbol!r}, the synthesiser said {upcoming and upcoming[0]!r}")
        if is_phone(symbol) or (upcoming and not is_phone(upcoming[0])):
            upcoming = next(said, None)
        else:
            end = start  # a mark without a pause
        starts.append(start)
        ends.append(end)
    if upcoming:
        raise SpeechlabError(f"the synthesiser said {upcoming[0]!r} where the text has nothing")
    for _ in range(marks_at_end):
        starts.append(ends[-1])
        ends.append(ends[-1] + edge)
    waveform = np.concatenate(
        [np.zeros(edge, np.int16), speech.waveform[first:last], np.zeros(ends[-1] - last - shift, np.int16)]
    )
    _fill_empty(symbols, starts, ends)
    return [TimedToken(*token) for token in zip(symbols, starts, ends, strict=True)], waveform


def _phones_and_pauses(speech: TimedSpeech) -> list[tuple[str, int, int]]:
    """Rename phones as the frontend does, and join the marks of one pause; a pause is called `,`."""
    intervals: list[tuple[str, int, int]] = []
    for label, start, end in speech.phones:
        if not label.startswith("_"):
            intervals.append((RENAMED.get(label, label), start, end))
        elif intervals and intervals[-1][0] == ",":
            intervals[-1] = (",", intervals[-1][1], end)
        elif end > start:
            intervals.append((",", start, end))
    return intervals


def _fill_empty(symbols: Sequence[str], starts: list[int], ends: list[int]) -> None:
    """Give every token without samples the last part of the token before it."""
    for index in range(1, len(symbols)):
        if ends[index] == starts[index]:
            cut = ends[index - 1] - max(1, round(FOLDED_SHARE * (ends[index - 1] - starts[index - 1])))
            ends[index - 1] = starts[index] = cut


def _plan(language: str, voices: Sequence[EmbeddedVoice], seed: int) -> list[dict]:
    """List every sentence with its id, voice and split, in rendering order; texts held out are in no training split."""
    by_hand = WRITTEN[language]
    stream = (text for text in sentences(language, seed) if text not in by_hand)
    plan = []
    for number, voice in enumerate(voices):
        texts = (by_hand if number == 0 else []) + list(islice(stream, voice.n_train + voice.n_validation))
        for index, text in enumerate(texts[: voice.n_train + voice.n_validation]):
            item = {"id": f"{voice.name}-{index:04d}".replace("+", "-"), "text": text, "speaker": voice.name}
            split = "train" if index < voice.n_train else "validation"
            plan.append(item | {"split": split, "rate": voice.rate, "pitch": voice.pitch})
    return plan


def _digest(plan: list[dict], language: str) -> str:
    content = json.dumps([plan, LAYOUT[language], SHARD_SIZE, EDGE_S, version("espeakng-loader")], ensure_ascii=False)
    return hashlib.sha256(content.encode("utf-8")).hexdigest()[:12]


def _render_all(plan: list[dict], folder: Path, language: str) -> None:
    """Render every shard in a process of its own, beside ``folder``, and rename the result into place."""
    remove_leftovers(folder.parent)
    n_bytes = 2 * SAMPLE_RATE * LONGEST_S * len(plan)
    require_space("rendering the embedded corpus", folder, n_bytes)
    partial = temporary_name(folder)
    shards = [plan[start : start + SHARD_SIZE] for start in range(0, len(plan), SHARD_SIZE)]
    try:
        (partial / "wavs").mkdir(parents=True, exist_ok=True)
        with ThreadPoolExecutor(min(os.cpu_count() or 1, 4)) as pool:  # each thread waits for a process
            list(pool.map(lambda item: _start_shard(partial, language, *item), enumerate(shards)))
        partial.rename(folder)
    except OSError as error:
        if not folder.exists():  # if it does, another process was quicker
            raise cannot_write(folder, error) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _start_shard(folder: Path, language: str, number: int, shard: list[dict]) -> None:
    job = folder / f"shard-{number:02d}.plan.json"
    job.write_text(json.dumps(shard, ensure_ascii=False), encoding="utf-8")
    code = (
        "import sys; from speechlab.processes import end_with; "
        "from speechlab.data.embedded.rendering import render_shard;"
        f" end_with({os.getpid()}); sys.exit(render_shard(*sys.argv[1:]))"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONUTF8": "1"}
    command = [sys.executable, "-c", code, str(job), language]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, encoding="utf-8", errors="replace")
    if done.returncode == UNWRITABLE:
        raise SpeechlabError(done.stderr.strip().splitlines()[-1])
    if done.returncode != 0:
        raise RuntimeError(f"rendering shard {number} of the embedded corpus failed:\n{done.stderr[-2000:]}")


def render_shard(plan_path: str, language: str) -> int:
    """Render a shard in a fresh process; give its exit status, after a line where the disk refuses."""
    try:
        render_sentences(plan_path, language)
    except OSError as error:
        print(cannot_write(Path(plan_path).parent, error), file=sys.stderr)
        return UNWRITABLE
    return 0


def render_sentences(plan_path: str, language: str) -> None:
    """Render one shard's sentences in order; run in a fresh process, or the samples are not repeatable.

    A sentence for which the synthesiser and the frontend disagree is left out (none does with the tested library).
    """
    plan_file = Path(plan_path)
    frontend, done = for_language(language), []
    for item in json.loads(plan_file.read_text(encoding="utf-8")):
        phonemes = frontend(item["text"])
        speech = engine().speak(phonemes.spoken, item["speaker"], item["rate"], item["pitch"])
        try:
            tokens, waveform = time_tokens(phonemes.symbols, speech)
        except SpeechlabError as error:
            print(f"{item['id']} left out: {error}: {item['text']}", file=sys.stderr)
            continue
        _write_wav(plan_file.parent / "wavs" / f"{item['id']}.wav", waveform)
        kept = {key: item[key] for key in ("id", "text", "speaker", "split")}
        timed = [[token.symbol, token.start, token.end] for token in tokens]
        done.append(kept | {"n_samples": len(waveform), "tokens": timed})
    result = plan_file.with_name(plan_file.name.replace(".plan", ""))
    result.write_text(json.dumps(done, ensure_ascii=False), encoding="utf-8")
    plan_file.unlink()


def _write_wav(path: Path, waveform: np.ndarray) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes(waveform.astype("<i2").tobytes())


def _load(folder: Path) -> tuple[EmbeddedUtterance, ...]:
    utterances = []
    for shard in sorted(folder.glob("shard-*.json")):
        for item in json.loads(shard.read_text(encoding="utf-8")):
            tokens = tuple(TimedToken(*token) for token in item.pop("tokens"))
            utterances.append(
                EmbeddedUtterance(audio_path=folder / "wavs" / f"{item['id']}.wav", tokens=tokens, **item)
            )
    return tuple(utterances)
