"""Alignments as Praat TextGrids: what the Montreal Forced Aligner writes, and what a person can look at and correct."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from speechlab.config import AudioSpec
from speechlab.data.features import tokenise
from speechlab.data.storage import safe_name
from speechlab.data.store import FeatureStore
from speechlab.errors import SpeechlabError
from speechlab.files import sha256, short_hash, write_atomically
from speechlab.text.phonemes import PhonemeText
from speechlab.text.symbols import SymbolTable

SILENCES = ("sil", "sp", "spn", "")  # labels of pauses; newer aligners leave them empty
PAUSE = "sp"  # the label given to empty intervals and to gaps
LONGEST_S = 10**6  # of a recording, 12 days
MAX_REPAIR = 2  # frames by which a grid may disagree with the mel


@dataclass(frozen=True)
class Interval:
    """A labelled stretch of time."""

    label: str
    start_s: float
    end_s: float


def durations_from_textgrid(
    path: Path, spec: AudioSpec, n_frames: int, tier: str = "phones", symbols: Sequence[str] | None = None
) -> tuple[list[str], np.ndarray]:
    """Read a tier as labels and their durations in mel frames.

    Durations are differences of rounded boundaries, so rounding never adds up. Gaps and empty labels become ``sp``.

    Args:
        n_frames: frames of the mel; a grid that is off by one or two is repaired at its longest pause.
        symbols: the tokens that were aligned, if known; those the tier lacks (a grid cannot hold a token without
            frames) come back with duration 0.

    Returns:
        Labels, and durations (tokens,) int64 that sum to ``n_frames``.

    Raises:
        SpeechlabError: not a TextGrid, no such tier, overlapping intervals, a disagreement of more than two frames, or
            labels that are not ``symbols`` in their order.
    """
    intervals = fill_gaps(*read_tier(path, tier), path)
    boundaries = np.array([0.0] + [interval.end_s for interval in intervals])
    frames = np.floor(boundaries * spec.sample_rate / spec.hop_length + 0.5).astype(np.int64)
    labels = [interval.label for interval in intervals]
    durations = repair(labels, np.diff(frames), n_frames, path)
    return (labels, durations) if symbols is None else (list(symbols), spread(labels, durations, symbols, path))


def read_tier(path: Path, tier: str) -> tuple[list[Interval], float]:
    """Read the labelled intervals of one tier, and the time in seconds at which the grid ends."""
    from praatio import textgrid

    try:
        grid = textgrid.openTextgrid(str(path), includeEmptyIntervals=True, duplicateNamesMode="rename")
    except OSError as error:
        raise SpeechlabError(f"{path} cannot be opened: {error.strerror}") from None
    except Exception as error:  # praatio's own kinds, and what it makes of damaged text
        reason = " ".join(str(error).split())[:200]
        raise SpeechlabError(f"{path} is not a TextGrid ({type(error).__name__}: {reason})") from None
    if tier not in grid.tierNames:
        raise SpeechlabError(f"{path} has no tier {tier!r}; its tiers are {', '.join(map(repr, grid.tierNames))}")
    entries = grid.getTier(tier).entries
    if any(len(entry) != 3 for entry in entries):
        raise SpeechlabError(f"{path}: the tier {tier!r} holds points; a tier of intervals is needed")
    times = [time for start, end, _ in entries for time in (start, end)] + [grid.maxTimestamp]
    if not all(0 <= time <= LONGEST_S for time in times):
        raise SpeechlabError(f"{path}: times lie between 0 and {LONGEST_S} s; correct the TextGrid")
    return [Interval(label.strip(), start, end) for start, end, label in entries], grid.maxTimestamp


def fill_gaps(intervals: Sequence[Interval], end_s: float, path: Path) -> list[Interval]:
    """Make intervals cover the time from 0 to ``end_s``: what was left out is a pause, as is an empty label."""
    filled: list[Interval] = []
    reached = 0.0
    for interval in sorted(intervals, key=lambda interval: interval.start_s):
        if interval.start_s < reached - 1e-6:
            raise SpeechlabError(f"{path}: intervals overlap at {interval.start_s:.3f} s; correct the TextGrid")
        if interval.start_s > reached + 1e-6:
            filled.append(Interval(PAUSE, reached, interval.start_s))
        filled.append(Interval(interval.label or PAUSE, interval.start_s, interval.end_s))
        reached = interval.end_s
    if end_s > reached + 1e-6:
        filled.append(Interval(PAUSE, reached, end_s))
    return filled


def repair(labels: Sequence[str], durations: np.ndarray, n_frames: int, path: Path) -> np.ndarray:
    """Make durations sum to the frames of the mel by changing the longest pause, or else the longest interval."""
    missing = n_frames - int(durations.sum())
    if abs(missing) > MAX_REPAIR or len(durations) == 0:
        raise SpeechlabError(
            f"{path} lasts {durations.sum()} frames, the recording {n_frames}; is it that of another file?"
        )
    repaired = durations.copy()
    pauses = [place for place, label in enumerate(labels) if label in SILENCES and durations[place] + missing >= 0]
    longest = max(pauses or range(len(durations)), key=lambda place: durations[place])
    repaired[longest] += missing
    if repaired[longest] < 0:
        raise SpeechlabError(f"{path}: no interval is long enough to lose {-missing} frames")
    return repaired


def spread(labels: Sequence[str], durations: np.ndarray, symbols: Sequence[str], path: Path) -> np.ndarray:
    """Place durations on the tokens that were aligned, in order; tokens that the labels pass over get 0."""
    placed = np.zeros(len(symbols), dtype=np.int64)
    position = 0
    for label, duration in zip(labels, durations, strict=True):
        while position < len(symbols) and symbols[position] != label:
            position += 1
        if position == len(symbols):
            raise SpeechlabError(
                f"{path}: the label {label!r} is not among the tokens of the text, or not in their order"
            )
        placed[position] = duration
        position += 1
    return placed


def write_textgrid(
    path: Path, symbols: Sequence[str], durations: np.ndarray, spec: AudioSpec, tier: str = "phones"
) -> None:
    """Write tokens with their times, for Praat; a token without frames cannot be shown there and is left out.

    Args:
        symbols: (tokens,) strings.
        durations: (tokens,) frames.
    """
    frame_s = spec.hop_length / spec.sample_rate
    ends = np.cumsum(durations)
    tokens = [
        (float((end - duration) * frame_s), float(end * frame_s), symbol)
        for symbol, duration, end in zip(symbols, durations, ends, strict=True)
        if duration
    ]
    write_intervals(path, {tier: tokens}, float(ends[-1] * frame_s))


def export_textgrids(store: FeatureStore, folder: Path) -> list[Path]:
    """Write the alignment of every utterance as ``<id>.TextGrid``; they can be corrected in Praat and read back."""
    paths = []
    for id in store.linguistic_ids():
        item = store.linguistic(id)
        paths.append(folder / f"{safe_name(id)}.TextGrid")
        write_textgrid(paths[-1], item.symbols, item.durations, store.spec)
    return paths


def import_textgrids(
    store: FeatureStore,
    folder: Path,
    symbol_table: SymbolTable,
    frontend: Callable[[str], PhonemeText] | None = None,
    tier: str = "phones",
) -> FeatureStore:
    """Take the durations of a corpus from ``<id>.TextGrid`` files; those that do not fit are quarantined.

    Args:
        store: with its acoustic layer computed.
        symbol_table: has every label.
        frontend: gives the tokens of each text, which the labels must follow; ``None`` takes the labels as the tokens,
            which suits the grids of another aligner in its own alphabet.

    Returns:
        The store, its linguistic layer chosen: it is keyed by the content of the grids.
    """
    paths = {id: folder / f"{safe_name(id)}.TextGrid" for id in store.ids}
    content = [[id, sha256(path)] for id, path in paths.items() if path.is_file()]
    if not content:
        raise SpeechlabError(f"{folder} has no TextGrid for {store.corpus.name}; their names must be ID.TextGrid")
    store.use_alignment(symbol_table.to_list(), f"textgrids {short_hash([content, tier, frontend is None])}")
    tokens = {} if frontend is None else tokenise(store, frontend, symbol_table)
    reasons = {}
    for id in tokens if frontend else store.missing_linguistic():
        try:
            known = tokens[id][0] if frontend else None
            symbols, durations = durations_from_textgrid(paths[id], store.spec, store.frames[id], tier, known)
            store.write_linguistic(id, symbols, symbol_table.ids(symbols), durations)
        except SpeechlabError as error:
            reasons[id] = str(error)
    store.quarantine(reasons)
    return store


def write_intervals(path: Path, tiers: dict[str, list[tuple[float, float, str]]], end_s: float) -> None:
    """Write tiers of (start, end, label), in seconds."""
    import tempfile

    from praatio import textgrid

    grid = textgrid.Textgrid(0.0, end_s)
    for name, entries in tiers.items():
        grid.addTier(textgrid.IntervalTier(name, entries, 0.0, end_s))
    with tempfile.TemporaryDirectory() as folder:
        draft = Path(folder) / "draft.TextGrid"
        grid.save(str(draft), format="long_textgrid", includeBlankSpaces=True)
        write_atomically(path, draft.read_bytes())
