"""``speechlab say``: words, documents, folders of them and subtitles become speech, written while it is made."""

import argparse
import os
import re
import struct
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

import numpy as np

from speechlab.apps.documents import READERS, read_document
from speechlab.errors import SpeechlabError, in_one
from speechlab.provenance import write_origin

if TYPE_CHECKING:
    from speechlab.pipelines.timing import Timeline
    from speechlab.pipelines.voice import Voice

MAX_WORDS = 10_000  # on the command line, about an hour of speech; what is longer belongs into a file
STANDARD = "-"  # input, or output
STREAMED = ("wav", "raw")  # formats that can be written to a pipe
FILE_NAME = re.compile(r"[^\s.][^\s]*(?<!\.)\.[A-Za-z][A-Za-z0-9]{1,7}")  # where there is none, it is a mistake
SUBTITLES = (".srt", ".vtt")
UNKNOWN_SIZE = 0xFFFF_FFFF  # of a wav that is still being made; players read it to its end


class Job(NamedTuple):
    """A text and where its speech goes."""

    name: str  # for messages
    text: str
    target: Path | None  # None: standard output
    source: Path | None = None


def say(options: argparse.Namespace) -> None:
    """Speak what the arguments name; of several files the ones that cannot be spoken are passed over and named.

    Raises:
        SpeechlabError: there is nothing to say, no such file or voice, or something failed (the message counts it).
    """
    from speechlab.text.script import parse_pauses

    pauses = parse_pauses(settings_of(options.pause))
    jobs, failed = jobs_of(options.text, options.output, options.format, bool(options.split))
    several = len(jobs) + len(failed) > 1
    ready = []
    for job in jobs:
        if problem := problem_of(job):
            failed.append(problem)
        else:
            ready.append(job)
    if not ready:
        raise SpeechlabError(in_one(failed))
    require_outputs(ready, options)
    voices = Voices(options)
    for job in ready:
        try:
            voice = voices.for_text(job.text)
            say_one(job, voice, options, pauses)
        except SpeechlabError as error:
            failed.append(f"{job.name}: {error}" if several else str(error))
            continue
    folder = ready[0].target.parent if ready[0].target else None
    if several and folder and folder.is_dir() and voices.loaded:
        write_origin(folder, next(iter(voices.loaded.values())).checkpoint)
    if failed:
        raise SpeechlabError(in_one(failed))


def settings_of(words: Iterable[str] | None) -> dict[str, str]:
    """Read ``name=value`` words."""
    settings = {}
    for word in words or ():
        name, equals, value = word.partition("=")
        if not equals:
            raise SpeechlabError(f"expected a pause such as sentence=0.3, got {word!r}")
        settings[name] = value
    return settings


def jobs_of(
    words: list[str], output: str | None, format: str | None = None, split: bool = False
) -> tuple[list[Job], list[str]]:
    """Turn the arguments into jobs, and say why files cannot be.

    Args:
        split: each job becomes a folder, which an output without suffix names.

    Raises:
        SpeechlabError: a file is missing, or the output cannot be what it is asked to be.
    """
    suffix = suffix_of(output, format)
    place = partial(target_of, output, suffix=suffix, split=split)
    if words == [STANDARD]:
        text = sys.stdin.buffer.read().decode("utf-8-sig", "replace")
        return [Job("standard input", text, place("speech"))], []
    paths = [Path(word) for word in words]
    here = [is_there(path) for path in paths]
    if not any(here):
        given = " ".join(words)
        if is_there(Path(given)):  # a name with blanks, without quotation marks
            paths, here = [Path(given)], [True]
        else:
            require_no_file(words)
            return [Job("the text", given, place("speech"))], []
    if missing := [str(path) for path, is_here in zip(paths, here, strict=True) if not is_here]:
        raise SpeechlabError(f"there is no file {missing[0]}; give files only, or words only")
    files = [file for path in paths for file in (texts_in(path) if path.is_dir() else [path])]
    if len(files) == 1 and not paths[0].is_dir():
        return read_jobs([(files[0], place(files[0].stem))])
    if output == STANDARD:
        raise SpeechlabError("several files cannot go to standard output; name a folder: -o FOLDER")
    folder = Path(output) if output else Path(f"{paths[0]}-speech") if paths[0].is_dir() else Path()
    if folder.is_file():
        raise SpeechlabError(f"{folder} is a file; several texts need a folder: -o FOLDER")
    return read_jobs([(file, folder / name) for file, name in zip(files, names_of(files, suffix), strict=True)])


def names_of(files: list[Path], suffix: str) -> list[str]:
    """Name the speech of files by their stems; a.txt and a.md in one call keep their suffix too."""
    stems = [file.stem for file in files]
    return [(file.name if stems.count(file.stem) > 1 else file.stem) + suffix for file in files]


def read_jobs(pairs: Iterable[tuple[Path, Path | None]]) -> tuple[list[Job], list[str]]:
    """Read documents; those that cannot be read give a reason each."""
    jobs, failed = [], []
    for file, target in pairs:
        try:
            jobs.append(Job(file.name, read_document(file), target, file))
        except SpeechlabError as error:
            failed.append(str(error))
    return jobs, failed


def is_there(path: Path) -> bool:
    """Whether a word is the path of a file or folder; of most texts the system will not even hear."""
    try:
        return bool(str(path).strip(". ")) and len(os.fsencode(path)) <= 4096 and path.exists()
    except (OSError, ValueError):
        return False


def require_no_file(words: list[str]) -> None:
    """Raise where words to say look like the name of a file that is not there."""
    if len(words) == 1 and (FILE_NAME.fullmatch(words[0]) or Path(words[0]).suffix.lower() in READERS):
        raise SpeechlabError(f"there is no file {words[0]}; if these are words to say, put a space after them")


def texts_in(folder: Path) -> list[Path]:
    """List the documents of a folder, or of its sub-folder ``transcriptions``.

    Raises:
        SpeechlabError: there is none.
    """
    inside = folder / "transcriptions" if (folder / "transcriptions").is_dir() else folder
    files = sorted(file for file in inside.iterdir() if file.suffix.lower() in READERS and file.is_file())
    if not files:
        raise SpeechlabError(f"{folder} holds no texts: no .txt files, and none of {', '.join(READERS)}")
    return files


def suffix_of(output: str | None, format: str | None) -> str:
    """Suffix of the files to write.

    Raises:
        SpeechlabError: the format is not that of the output's name, or cannot be written to a pipe.
    """
    if output == STANDARD:
        if format not in (None, *STREAMED):
            raise SpeechlabError(f"{format} cannot be written to standard output; use --format wav or raw")
        return f".{format or 'wav'}"
    given = Path(output).suffix.lower() if output and not Path(output).is_dir() else ""
    if format and given and given != f".{format}":
        raise SpeechlabError(f"--format {format} and the name {output} do not match; leave one out")
    return given or f".{format or 'wav'}"


def target_of(output: str | None, name: str, suffix: str, split: bool = False) -> Path | None:
    """Path of a file to write: the one that was given, or of this name in a folder that was given, or here."""
    if output == STANDARD:
        return None
    if split and output and Path(output).suffix.lower() != suffix:
        return Path(f"{output}{suffix}")
    if output and not Path(output).is_dir():
        return Path(output)
    return Path(output or ".") / f"{name}{suffix}"


def problem_of(job: Job) -> str:
    """Why a job cannot be done; empty where it can."""
    if not job.text.strip():
        return f"there is nothing to say for {job.target.name if job.target else job.name}: the text is empty"
    if job.source is None and (words := len(job.text.split())) > MAX_WORDS and job.name == "the text":
        return f"{words} words are too many at once; give a file, or {MAX_WORDS} words at most"
    return ""


def require_outputs(jobs: list[Job], options: argparse.Namespace) -> None:
    """Raise where something cannot be written, before minutes are spent."""
    from speechlab.audio.io import require_writable

    for job in jobs:
        if job.target and not options.split and job.target.suffix != ".raw":
            require_writable(job.target)
        if not job.target and (options.subtitles or options.split):
            raise SpeechlabError("--subtitles and --split need files; name one with -o instead of -")
        if options.split and job.source and job.source.suffix.lower() in SUBTITLES:
            raise SpeechlabError(f"{job.name} holds subtitles, whose speech is one file; leave --split out")


class Voices:
    """The voice that was asked for, or one for the language of each text; each is loaded once."""

    def __init__(self, options: argparse.Namespace):
        from speechlab.text.frontend import load_lexicon

        self.options, self.loaded = options, {}
        self.lexicon = load_lexicon(options.lexicon) if options.lexicon else None
        if options.voice is not None:
            self.load(options.voice)

    def for_text(self, text: str) -> "Voice":
        """Give the voice for a text."""
        from speechlab.apps.bundled import voice_for
        from speechlab.apps.reading import guess_language

        asked = self.options.voice
        return self.load(voice_for(guess_language(text)) if asked is None else asked)

    def load(self, name: str) -> "Voice":
        """Load a voice unless that was done."""
        from speechlab.apps.bundled import require
        from speechlab.apps.fetching import fetched
        from speechlab.pipelines.voice import Voice

        if name not in self.loaded:
            voice, vocoder = fetched(name), self.options.vocoder and fetched(self.options.vocoder)
            require(voice, "voice")
            self.loaded[name] = Voice.load(voice, vocoder, self.lexicon)
        return self.loaded[name]


def controls_of(options: argparse.Namespace) -> dict[str, Any]:
    """What a voice is asked for."""
    return {name: getattr(options, name) for name in ("pace", "pitch", "energy", "noise_scale")}


def say_one(job: Job, voice: "Voice", options: argparse.Namespace, pauses: Any) -> None:
    """Speak one text into its file, or one file a paragraph, and write its subtitles."""
    from speechlab.pipelines.timing import Timeline
    from speechlab.text.script import read_script

    if job.source and job.source.suffix.lower() in SUBTITLES:
        say_subtitles(job, voice, options)
        return
    lines = read_script(job.text, voice.language, pauses)
    said = with_progress(voice.perform(lines, **controls_of(options)), lines, job.name, options.quiet)
    if options.split:
        say_paragraphs(said, job, voice, options)
        return
    timeline = Timeline()
    with Speech(job.target, voice.spec.sample_rate, options.format == "raw") as writer:
        for part in said:
            timeline.add(part)
            writer.write(part.audio.waveform)
    tell(job.target, timeline.now_s, options.quiet)
    if options.subtitles:
        write_subtitles(job.target, timeline, options.quiet)


def with_progress(said: Iterator, lines: list, name: str, quiet: bool) -> Iterator:
    """Show a bar with the time left, in a terminal, while a script is said."""
    from tqdm import tqdm

    total = sum(len(line.text) for line in lines)
    with tqdm(total=total, desc=name, unit="ch", leave=False, disable=True if quiet else None) as bar:
        for part in said:
            yield part
            bar.update(len(part.line.text))


def say_subtitles(job: Job, voice: "Voice", options: argparse.Namespace) -> None:
    """Speak subtitles at their times, and list those that do not fit."""
    from speechlab.apps.documents import read_plain
    from speechlab.pipelines.timing import fit_to_times
    from speechlab.text.subtitles import Cue, parse_subtitles

    cues = parse_subtitles(read_plain(job.source), job.source)
    heard, late, now_s = [], [], 0.0
    with Speech(job.target, voice.spec.sample_rate, options.format == "raw") as writer:
        for number, fitted in enumerate(fit_to_times(voice, cues, **controls_of(options)), 1):
            writer.write(fitted.audio.waveform)
            now_s += fitted.audio.duration_s
            heard.append(Cue(fitted.start_s, now_s, fitted.cue.text))
            if fitted.late_s:
                late.append(
                    f"cue {number} ends {fitted.late_s:.2f} s late at pace {fitted.pace:.2f}: {fitted.cue.text}"
                )
    for line in late:
        print(line, file=sys.stderr)
    tell(job.target, now_s, options.quiet, f", {len(cues) - len(late)} of {len(cues)} cues in time")
    if options.subtitles:
        own = job.target.with_suffix(job.source.suffix).resolve() == job.source.resolve()  # which stays as it is
        write_cues(job.target.with_stem(f"{job.target.stem}.spoken") if own else job.target, heard, options.quiet)


def say_paragraphs(said: Iterator, job: Job, voice: "Voice", options: argparse.Namespace) -> None:
    """Write one file a paragraph into a folder, and a list of them with their texts."""
    from speechlab.pipelines.timing import MARKS

    folder, suffix = job.target.with_suffix(""), job.target.suffix
    rows = ["file\tseconds\ttext"]
    for number, (_, parts) in enumerate(groupby(said, key=lambda part: part.line.paragraph), 1):
        parts = list(parts)
        waveform = np.concatenate([part.audio.waveform for part in parts])
        pause = round(parts[-1].line.pause_s * voice.spec.sample_rate)
        waveform = waveform[: len(waveform) - pause] if pause < len(waveform) else waveform
        target = folder / f"{folder.name}-{number:03}{suffix}"
        with Speech(target, voice.spec.sample_rate) as writer:
            writer.write(waveform)
        text = " ".join(MARKS.sub("", " ".join(part.line.text.split())) for part in parts)
        rows.append(f"{target.name}\t{len(waveform) / voice.spec.sample_rate:.2f}\t{text}")
        tell(target, len(waveform) / voice.spec.sample_rate, options.quiet)
    (folder / "list.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    tell(folder / "list.tsv", None, options.quiet)


def write_subtitles(target: Path, timeline: "Timeline", quiet: bool) -> None:
    """Write SRT and VTT beside a recording: by sentence, and by word with ``.words`` in the name."""
    write_cues(target, timeline.sentences, quiet)
    write_cues(target.with_name(f"{target.stem}.words{target.suffix}"), timeline.words, quiet)


def write_cues(target: Path, cues: list, quiet: bool) -> None:
    """Write SRT and VTT of one kind of cue."""
    from speechlab.files import write_atomically
    from speechlab.text.subtitles import in_srt, in_vtt

    for suffix, content in ((".srt", in_srt(cues)), (".vtt", in_vtt(cues))):
        write_atomically(target.with_suffix(suffix), content.encode())
        tell(target.with_suffix(suffix), None, quiet)


def tell(target: Path | None, duration_s: float | None, quiet: bool, more: str = "") -> None:
    """Name what was written; where the speech itself goes to standard output, on standard error."""
    if not quiet:
        length = "" if duration_s is None else f"  {duration_s:.1f} s"
        print(f"{target or 'standard output'}{length}{more}", file=sys.stdout if target else sys.stderr, flush=True)


class Pipe:
    """A wav or raw file (16 bits, little endian, mono) that is written as it is made and never looked back at."""

    def __init__(self, file: BinaryIO, sample_rate: int, with_header: bool):
        self.file = file
        if with_header:
            file.write(wav_header(sample_rate))
            file.flush()

    def write(self, waveform: np.ndarray) -> None:
        """Append samples in [-1, 1]."""
        self.file.write(np.clip(np.round(waveform * 32_768), -32_768, 32_767).astype("<i2").tobytes())
        self.file.flush()


def wav_header(sample_rate: int) -> bytes:
    """Begin a mono wav of 16 bits whose length is not known yet."""
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, sample_rate, 2 * sample_rate, 2, 16)
    return b"RIFF" + struct.pack("<I", UNKNOWN_SIZE) + b"WAVE" + form + b"data" + struct.pack("<I", UNKNOWN_SIZE)


class Speech:
    """What is being written: each sentence is turned down to full scale where it would pass it.

    Args:
        target: a file in the format of its suffix; None is standard output.
        sample_rate: Hz, of what will be given.
        raw: standard output gets samples without a wav header.
    """

    def __init__(self, target: Path | None, sample_rate: int, raw: bool = False):
        from speechlab.audio.streaming import AudioWriter, writable_rate

        self.sample_rate, self.rate, self.held = sample_rate, sample_rate, ExitStack()
        if target is None:
            self.file = Pipe(sys.stdout.buffer, sample_rate, with_header=not raw)
        elif target.suffix == ".raw":
            target.parent.mkdir(parents=True, exist_ok=True)
            self.file = Pipe(self.held.enter_context(target.open("wb")), sample_rate, with_header=False)
        else:
            self.rate = writable_rate(target, sample_rate)
            self.file = self.held.enter_context(AudioWriter(target, self.rate, 1, 0))

    def write(self, waveform: np.ndarray) -> None:
        """Append samples, (samples,)."""
        from speechlab.audio.resample import resample

        waveform = waveform / max(float(np.abs(waveform).max(initial=0.0)), 1.0)
        if self.rate != self.sample_rate:
            waveform = resample(waveform, self.sample_rate, self.rate)
        self.file.write(waveform if isinstance(self.file, Pipe) else waveform[:, None])

    def __enter__(self) -> "Speech":
        return self

    def __exit__(self, *error: Any) -> None:
        self.held.__exit__(*error)
