"""What is in a corpus, and which of its recordings deserve a listen before a model learns from them."""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np

from speechlab.data.corpora import Corpus, Utterance
from speechlab.data.features import in_parallel
from speechlab.errors import SpeechlabError

if TYPE_CHECKING:
    import pandas as pd

WINDOW_S = 0.01  # of the level curve
FLOOR_DB = -100.0  # digital silence
SHORT_S, LONG_S = 0.5, 15.0  # clips outside teach little or do not fit in memory
EDGE_S, PAUSE_S = 0.5, 1.0  # longer silence at an edge or inside is worth a look
LOW_SNR_DB = 15.0
CLIPPED_RUN = 4  # equal samples in a row at the top of a wave; speech that was not clipped has hardly ever so many
OUTLIER = 4.0  # robust deviations of the speaking rate
PUNCTUATION = frozenset(" .,;:!?'\"()-–—…«»„“”‘’")
RARE_SCRIPT = 0.01  # letters of a script that makes up less of the corpus are odd: a Latin "o" among Cyrillic, say


@dataclass(frozen=True)
class Measurement:
    """One recording in numbers; NaN where it cannot be read, and ``problem`` says why."""

    id: str
    split: str
    duration_s: float = np.nan
    level_db: float = np.nan  # RMS, dB of full scale
    peak_db: float = np.nan
    snr_db: float = np.nan  # speech against the quietest tenth: an estimate from below where there are no pauses
    leading_s: float = np.nan  # silence before the speech
    trailing_s: float = np.nan
    pause_start_s: float = np.nan  # of the longest silence inside
    pause_s: float = np.nan
    clipped: int = 0  # samples
    clipped_at_s: float = np.nan  # the first of them
    characters: int = 0
    problem: str = ""
    text: str = ""
    audio_path: str = ""


@dataclass(frozen=True)
class Finding:
    """Something to look at, where it is, and how far from usual."""

    id: str
    finding: str  # its kind
    value: float
    unit: str
    note: str
    start_s: float  # where to listen
    end_s: float
    text: str
    audio_path: str


@dataclass
class CorpusReport:
    """Three tables: all recordings measured, the findings, and a summary."""

    measurements: "pd.DataFrame"  # a row per recording, columns of ``Measurement``
    findings: "pd.DataFrame"  # a row per finding, columns of ``Finding``, the worst of each kind first
    summary: "pd.DataFrame"  # a row per split


def report_corpus(corpus: Corpus, n_jobs: int = -1) -> CorpusReport:
    """Measure every recording of a corpus and list what stands out."""
    import pandas as pd

    arguments = [(utterance,) for utterance in corpus.utterances]
    measured = in_parallel(measure, arguments, n_jobs, f"report on {corpus.name}")
    findings = sorted(find(measured), key=lambda item: item.finding)  # stable: the worst of each kind stays first
    table = pd.DataFrame([asdict(item) for item in measured])
    columns = list(Finding.__dataclass_fields__)
    return CorpusReport(table, pd.DataFrame([asdict(item) for item in findings], columns=columns), summarise(table))


def measure(utterance: Utterance) -> Measurement:
    """Measure one recording at its own sample rate."""
    from speechlab.audio.io import read_audio

    described = {"id": utterance.id, "split": utterance.split, "text": utterance.text}
    described |= {"audio_path": str(utterance.audio_path), "characters": len(utterance.text)}
    try:
        audio = read_audio(utterance.audio_path)
    except Exception as error:  # whatever a codec throws at a damaged file is a finding, not the end of the report
        reason = str(error) if isinstance(error, SpeechlabError) else f"{type(error).__name__}: {error}"
        return Measurement(**described, problem=reason)
    waveform = audio.waveform - audio.waveform.mean()
    clipped = clipped_samples(audio.waveform)
    return Measurement(
        **described,
        **silences(waveform, audio.sample_rate),
        duration_s=audio.duration_s,
        level_db=decibels(np.sqrt(np.mean(np.square(waveform, dtype=np.float64)))),
        peak_db=decibels(np.abs(audio.waveform).max()),
        clipped=len(clipped),
        clipped_at_s=clipped[0] / audio.sample_rate if len(clipped) else np.nan,
    )


def decibels(amplitude: np.ndarray | float) -> np.ndarray | float:
    """Amplitude in dB of full scale, not below -100."""
    return np.maximum(20 * np.log10(np.maximum(amplitude, 1e-10)), FLOOR_DB)


def silences(waveform: np.ndarray, sample_rate: int) -> dict[str, float]:
    """Find silence at the edges and inside, and estimate the ratio of speech to noise from the levels of both.

    Args:
        waveform: (samples,) without offset.

    Returns:
        ``leading_s``, ``trailing_s``, ``pause_start_s``, ``pause_s`` and ``snr_db``.
    """
    window = max(1, round(WINDOW_S * sample_rate))
    padded = np.pad(waveform.astype(np.float64), (0, -len(waveform) % window))
    levels = decibels(np.sqrt(np.square(padded).reshape(-1, window).mean(axis=1)))
    quiet, loud = np.percentile(levels, [10, 95])
    threshold = max(loud - 40, min(quiet + 8, loud - 15))
    speech = np.flatnonzero(levels > threshold)
    total_s = len(waveform) / sample_rate
    if loud <= FLOOR_DB or not len(speech):
        return {"leading_s": total_s, "trailing_s": 0.0, "pause_start_s": 0.0, "pause_s": total_s, "snr_db": 0.0}
    gaps = np.diff(speech, prepend=speech[0]) - 1
    longest = int(gaps.argmax())
    noise = np.mean(10 ** (np.sort(levels)[: max(1, len(levels) // 10)] / 10))
    power = np.mean(10 ** (levels[speech] / 10))
    return {
        "leading_s": speech[0] * WINDOW_S,
        "trailing_s": max(0.0, total_s - (speech[-1] + 1) * WINDOW_S),
        "pause_start_s": (speech[longest] - max(gaps[longest], 0)) * WINDOW_S,
        "pause_s": max(gaps[longest], 0) * WINDOW_S,
        "snr_db": float(10 * np.log10(max(power - noise, 1e-12) / noise)),
    }


def clipped_samples(waveform: np.ndarray) -> np.ndarray:
    """Find samples in flat tops: runs of equal values within a tenth of the peak; their places, (n,)."""
    high = np.abs(waveform) > max(0.9 * np.abs(waveform).max(), 0.1)
    flat = high[1:] & (waveform[1:] == waveform[:-1])  # equal to the one before
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flat, [False]]).astype(np.int8)))
    runs = [(start, end + 1) for start, end in edges.reshape(-1, 2) if end - start + 1 >= CLIPPED_RUN]
    return np.concatenate([np.arange(start, end) for start, end in runs]) if runs else np.zeros(0, dtype=np.int64)


def find(measured: Sequence[Measurement]) -> list[Finding]:
    """List what stands out among measured recordings; of each kind, the worst first."""
    findings = []

    def add(item: Measurement, kind: str, value: float, unit: str, note: str, start_s=0.0, end_s=np.nan) -> None:
        end_s = item.duration_s if np.isnan(end_s) else end_s
        findings.append(Finding(item.id, kind, value, unit, note, start_s, end_s, item.text, item.audio_path))

    for item in measured:
        if item.problem:
            add(item, "unreadable", 1, "", item.problem)
            continue
        if item.duration_s < SHORT_S:
            add(item, "short", item.duration_s, "s", f"shorter than {SHORT_S} s")
        if item.duration_s > LONG_S:
            add(item, "long", item.duration_s, "s", f"longer than {LONG_S} s; split it at a pause")
        if item.leading_s > EDGE_S:
            add(item, "silence at the start", item.leading_s, "s", "trim it", 0.0, item.leading_s)
        if item.trailing_s > EDGE_S:
            add(item, "silence at the end", item.trailing_s, "s", "trim it", item.duration_s - item.trailing_s)
        if item.pause_s > PAUSE_S:
            end_s = item.pause_start_s + item.pause_s
            add(item, "long pause", item.pause_s, "s", "is there a mark in the text?", item.pause_start_s, end_s)
        if item.clipped:
            note = "recorded too loud: the tops of the wave are cut"
            start_s = max(0.0, item.clipped_at_s - 0.2)
            end_s = min(start_s + 0.7, item.duration_s)
            add(item, "clipping", item.clipped, "samples", note, start_s, end_s)
        if item.snr_db < LOW_SNR_DB:
            add(item, "noise", item.snr_db, "dB", f"speech is less than {LOW_SNR_DB:.0f} dB above the quietest tenth")
    for item, value in odd_texts(measured):
        add(item, "odd characters", len(value), "characters", ", ".join(map(describe_character, value)))
    for item, rate, deviation in odd_rates(measured):
        kind = "text too long for its audio" if deviation > 0 else "text too short for its audio"
        note = f"{abs(deviation):.1f} deviations from the usual rate; is it the right text?"
        add(item, kind, rate, "characters/s", note)
    rising = {"short", "noise", "text too short for its audio"}  # kinds whose smallest value is the worst
    return sorted(findings, key=lambda found: found.value if found.finding in rising else -found.value)


def odd_texts(measured: Iterable[Measurement]) -> list[tuple[Measurement, list[str]]]:
    """Find characters that a front end may stumble over: digits, signs, invisible ones, letters of a rare script."""
    measured = list(measured)
    letters = Counter(script(character) for item in measured for character in item.text if character.isalpha())
    common = {name for name, count in letters.items() if count >= RARE_SCRIPT * letters.total()}

    def is_odd(character: str) -> bool:
        if character.isalpha():
            return script(character) not in common
        return character not in PUNCTUATION and not unicodedata.category(character).startswith("M")

    found = ((item, sorted(set(filter(is_odd, item.text)))) for item in measured)
    return [(item, characters) for item, characters in found if characters]


def script(letter: str) -> str:
    """Script of a letter, such as LATIN or CYRILLIC, from its Unicode name."""
    return unicodedata.name(letter, "UNKNOWN").split()[0]


def describe_character(character: str) -> str:
    """Show a character with its code and name: odd ones are often invisible."""
    return f"{character!r} (U+{ord(character):04X} {unicodedata.name(character, 'control character').lower()})"


def odd_rates(measured: Iterable[Measurement]) -> list[tuple[Measurement, float, float]]:
    """Find utterances whose characters per second of speech are far from the others'.

    Returns:
        Measurement, rate, and the distance of its logarithm from the median, in robust deviations.
    """
    usable = [item for item in measured if item.characters and not item.problem]
    if len(usable) < 10:
        return []
    speech_s = np.array([max(item.duration_s - item.leading_s - item.trailing_s, 0.05) for item in usable])
    rates = np.array([item.characters for item in usable]) / speech_s
    distance = np.log(rates) - np.median(np.log(rates))
    deviation = max(1.4826 * float(np.median(np.abs(distance))), 0.05)  # of a normal distribution; 5 % is never odd
    spread = deviation * np.sqrt(1 + 20 / np.array([item.characters for item in usable]))  # a short text tells little
    scored = zip(usable, rates.tolist(), (distance / spread).tolist(), strict=True)
    return [(item, rate, score) for item, rate, score in scored if abs(score) > OUTLIER]


def summarise(measurements: "pd.DataFrame") -> "pd.DataFrame":
    """Give clips, minutes and medians of each split, and of all together."""
    import pandas as pd

    def row(table: "pd.DataFrame") -> dict:
        medians = table[["duration_s", "level_db", "snr_db"]].median()
        lengths = {"shortest_s": table["duration_s"].min(), "longest_s": table["duration_s"].max()}
        unreadable = int((table["problem"] != "").sum())
        return {"clips": len(table), "unreadable": unreadable, "minutes": table["duration_s"].sum() / 60} | lengths | {
            f"median_{name}": value for name, value in medians.items()
        }  # fmt: skip

    rows = {name: row(table) for name, table in measurements.groupby("split", sort=False)} | {"all": row(measurements)}
    return pd.DataFrame.from_dict(rows, orient="index")
