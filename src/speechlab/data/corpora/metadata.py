"""Metadata files as people have them: which column names the recording, which holds the text, and who speaks.

``id|text``, ``id|raw|normalised``, ``wavs/1.wav|speaker|text``, tables with a header, with tabs, commas or semicolons.
A column is known by its header or by what it holds; where two columns could be the text, the person is asked.
"""

import csv
import io
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from speechlab.encodings import lines_of, read_text
from speechlab.errors import SpeechlabError

SEPARATORS = ("|", "\t", ";", ",")
TEXT_NAMES = (  # the first that is there is taken: a normalised text is read, not the raw one
    "normalized_text", "normalised_text", "text_normalized", "text_normalised", "normalized_transcription",
    "normalized", "normalised", "normalized_transcript", "text", "transcript", "transcription", "sentence", "utterance",
    "caption", "phrase", "raw_text", "original_text", "текст", "расшифровка", "фраза",
)  # fmt: skip
AUDIO_NAMES = (
    "audio_file", "audio_filepath", "audio_path", "audio", "file_name", "filename", "file", "file_path", "filepath",
    "path", "wav", "wav_file", "wav_filename", "wav_path", "clip", "recording", "name", "id", "utterance_id", "utt_id",
    "файл", "запись", "имя",
)  # fmt: skip
SPEAKER_NAMES = ("speaker", "speaker_name", "speaker_id", "voice", "client_id", "reader", "spk", "диктор", "голос")
SAMPLE = 2_000  # rows by which columns are recognised
ALIKE = 0.3  # share of common words above which two columns are one text written in two ways
SHOWN = 60  # characters of a line in a message


class Row(NamedTuple):
    """One recording as a metadata file names it."""

    line: int  # of the file, from 1
    audio: str  # as written: an id, a file name, a path
    text: str
    speaker: str = ""


class Line(NamedTuple):
    """One line of a metadata file, split."""

    number: int
    written: str
    cells: list[str]


class Columns(NamedTuple):
    """Which column is which; the speaker's may be absent."""

    audio: int
    text: int
    speaker: int | None


Known = Callable[[str], bool]  # tells whether a cell names a recording that is there


def read_metadata(path: Path, known: Known | None = None, text_column: str = "") -> list[tuple[str, str]]:
    """Read ``(id, text)`` of every line; see ``read_rows``."""
    rows = read_rows(path, known, text_column)
    require_unique([stem_of(row.audio) for row in rows], rows, path)
    return [(stem_of(row.audio), row.text) for row in rows]


def read_rows(path: Path, known: Known | None = None, text_column: str = "") -> list[Row]:
    """Read a metadata file.

    Args:
        known: tells which cells name recordings; without it the first column does.
        text_column: number, from 1, or name of the column with the text; empty: it is recognised.

    Raises:
        SpeechlabError: the encoding, the columns or a line cannot be understood, or an id is given twice; one line
            that shows what arrived.
    """
    text, encoding = read_text(path)
    if encoding not in ("utf-8", "utf-8-sig"):
        warnings.warn(f"{path} is not UTF-8; it was read as {encoding}", stacklevel=2)
    known = known or (lambda cell: False)
    lines = split_lines(text, known)
    if not lines:
        raise SpeechlabError(f"{path} is empty; it needs a line 'id|text' for every recording")
    header = header_of(lines, known)
    body = lines[bool(header) :]
    if not body:
        raise SpeechlabError(f"{path} has a header and nothing below it; it needs a line for every recording")
    body, n_columns = with_equal_columns(body, path, header, text_column)
    columns = find_columns(body, header, known, text_column, path, n_columns)
    rows = [row_of(line, columns, n_columns, path) for line in body]
    if not text_column:
        require_different_texts(rows, body, path)
    return rows


def split_lines(text: str, known: Known) -> list[Line]:
    """Split into lines and cells at the separator by which most lines name a recording, else the first that divides."""

    def fitness(lines: list[Line]) -> tuple[float, bool]:
        sample = lines[:SAMPLE]
        split = [line for line in sample if len(line.cells) > 1]
        named = max((sum(map(known, column)) for column in columns_of(split)), default=0)
        return named / max(len(sample), 1), len(split) > len(sample) / 2

    return max((split_by(text, separator) for separator in SEPARATORS), key=fitness)  # of equals the first


def split_by(text: str, separator: str) -> list[Line]:
    """Split into lines and cells, blank lines left out; quotes enclose cells where commas separate them."""
    if separator in ",;" and (quoted := split_quoted(text, separator)):
        return quoted
    lines = [
        Line(number, line, [cell.strip() for cell in line.split(separator)])
        for number, line in enumerate(lines_of(text), 1)
        if line.strip()
    ]
    in_quotes = [len(line.cells[0]) > 1 and line.cells[0][0] == line.cells[0][-1] == '"' for line in lines]
    if not lines or not all(in_quotes):  # transcripts contain lone quotes: only a quoted id shows that quotes enclose
        return lines
    return [line._replace(cells=[unquoted(cell) for cell in line.cells]) for line in lines]


def split_quoted(text: str, separator: str) -> list[Line]:
    """Split by the rules of CSV; empty unless they give every line the same number of cells."""
    if '"' not in text:
        return []
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True, skipinitialspace=True)
        lines = [Line(reader.line_num, separator.join(cells), [" ".join(cell.split()) for cell in cells])
                 for cells in reader if any(cell.strip() for cell in cells)]  # fmt: skip
    except csv.Error:
        return []
    return lines if len({len(line.cells) for line in lines}) == 1 else []


def unquoted(cell: str) -> str:
    """Take off the quotes around a cell."""
    return cell[1:-1].replace('""', '"').strip() if len(cell) > 1 and cell[0] == cell[-1] == '"' else cell


def columns_of(lines: Sequence[Line]) -> list[list[str]]:
    """Turn lines into columns as wide as the narrowest line."""
    return [list(column) for column in zip(*(line.cells for line in lines), strict=False)]


def header_of(lines: Sequence[Line], known: Known) -> list[str] | None:
    """Give the names of the columns, if the first line holds them."""
    names = [cell.strip().lower().replace(" ", "_").replace("-", "_") for cell in lines[0].cells]
    named = any(name in TEXT_NAMES for name in names) and any(name in (*AUDIO_NAMES, *SPEAKER_NAMES) for name in names)
    return names if named and not any(map(known, lines[0].cells)) else None


def with_equal_columns(
    lines: list[Line], path: Path, header: list[str] | None, text_column: str
) -> tuple[list[Line], int]:
    """Give every line the same number of columns; in a few lines of a clear table a separator stands inside the text.

    Raises:
        SpeechlabError: a line has fewer columns than the others, or too many have more.
    """
    counts = Counter(len(line.cells) for line in lines)
    n_columns = len(header) if header else max(counts, key=lambda count: (counts[count], count))
    odd = [line for line in lines if len(line.cells) != n_columns]
    few = len(odd) <= max(1, len(lines) // 10) or all(stands_in_prose(line, n_columns) for line in odd)
    may_join = few and (n_columns == 2 or bool(header) or bool(text_column) or looks_like_speakers(lines, n_columns))
    if n_columns < 2 and not odd:
        raise SpeechlabError(
            f"{path}: no line has columns ({show(lines[:3])}); expected 'id|text' or 'id|raw|normalised'"
        )
    if n_columns < 2 or any(len(line.cells) < n_columns for line in odd) or (odd and not may_join):
        usual = [line for line in lines if len(line.cells) == n_columns]
        worst = [line for line in odd if len(line.cells) < n_columns] or odd
        shown = sorted([*worst[:2], *usual[:1], *worst[2:3], *usual[1:3]][:3])
        raise SpeechlabError(
            f"{path}: {len(odd)} of {len(lines)} lines have another number of columns than the others"
            f" ({show(shown, counted=True)}); expected 'id|text' or 'id|raw|normalised', the same columns in every line"
        )
    return lines, n_columns


def stands_in_prose(line: Line, n_columns: int) -> bool:
    """Tell whether a blank follows only the surplus separators of a line, as in prose and not in a table."""
    surplus = line.written.split(separator_of(line))[n_columns:]
    table = line.written.split(separator_of(line))[1:n_columns]
    return bool(surplus) and all(cell[:1] == " " for cell in surplus) and not any(cell[:1] == " " for cell in table)


def separator_of(line: Line) -> str:
    """Tell by what a line was split."""
    return next((mark for mark in SEPARATORS if line.written.count(mark) >= len(line.cells) - 1), SEPARATORS[0])


def looks_like_speakers(lines: Sequence[Line], n_columns: int) -> bool:
    """Tell whether all but the last column and the first repeat themselves, so that only the last can be text."""
    middle = columns_of([line for line in lines if len(line.cells) == n_columns])[1:-1]
    return all(len(set(column)) <= max(1, len(column) // 3) for column in middle)


def find_columns(
    lines: list[Line], header: list[str] | None, known: Known, text_column: str, path: Path, n_columns: int
) -> Columns:
    """Choose the columns of the recording, the text and the speaker.

    Raises:
        SpeechlabError: there is no such column as was asked for, or several could be the text.
    """
    usual = ([line for line in lines if len(line.cells) == n_columns] or lines)[:SAMPLE]
    columns = columns_of(usual)[:n_columns]
    asked = None if not text_column else column_asked_for(text_column, header, n_columns, path, usual)
    by_name = {name: at for at, name in reversed(list(enumerate(header or [])))}
    named = [sum(map(known, column)) for column in columns]
    audio = next((by_name[name] for name in AUDIO_NAMES if name in by_name and by_name[name] != asked), 0)
    if max(named) > 0 and named[audio] < max(named) or audio == asked:
        audio = max((at for at in range(n_columns) if at != asked), key=lambda at: (named[at], -at))
    text = asked
    if text is None:
        text = next((by_name[name] for name in TEXT_NAMES if name in by_name and by_name[name] != audio), None)
    if text is None:
        text = recognise_text(columns, audio, named, usual, path)
    speaker = next((by_name[name] for name in SPEAKER_NAMES if name in by_name), None)
    if speaker is None and not header:
        repeated = [at for at, column in enumerate(columns) if len(set(column)) <= max(1, len(column) // 2)]
        speaker = next((at for at in repeated if at not in (audio, text)), None)
    return Columns(audio, text, speaker if speaker != audio else None)


def column_asked_for(wanted: str, header: list[str] | None, n_columns: int, path: Path, lines: list[Line]) -> int:
    """Find the column that ``corpus.text_column`` means, from 0."""
    name = wanted.strip().lower().replace(" ", "_").replace("-", "_")
    if header and name in header:
        return header.index(name)
    if wanted.isdecimal() and 1 <= int(wanted) <= n_columns:
        return int(wanted) - 1
    known = f"{', '.join(header)}, or " if header else ""
    raise SpeechlabError(
        f"corpus.text_column={wanted} is no column of {path} ({show(lines[:1])}); give {known}1 to {n_columns}"
    )


def recognise_text(columns: list[list[str]], audio: int, named: list[int], lines: list[Line], path: Path) -> int:
    """Choose the column that reads like a text; of a raw and a normalised one the last."""
    others = [at for at in range(len(columns)) if at != audio]
    if len(others) == 1:
        return others[0]
    likely = [at for at in others if named[at] <= len(lines) // 2 and reads_like_text(columns[at])]
    several = [at for at in likely if words_in(columns[at]) >= 1.5 * len(lines)]
    likely = several or likely  # where one column has sentences, single words are names or labels
    if likely and all(alike(columns[likely[-1]], columns[at]) >= ALIKE for at in likely):
        return likely[-1]
    found = "more than one column looks" if likely else "no column looks"
    raise SpeechlabError(
        f"{path}: {found} like the text ({show(lines[:3])}); say which it is: corpus.text_column=1 to {len(columns)}"
    )


def reads_like_text(column: list[str]) -> bool:
    """Tell whether cells hold letters, and few of them the same."""
    lettered = sum(any(map(str.isalpha, cell)) for cell in column)
    varied = len(column) < 4 or len(set(column)) > len(column) / 3
    return varied and lettered >= len(column) / 2


def words_in(column: list[str]) -> int:
    """Count the words of a column."""
    return sum(len(cell.split()) for cell in column)


def alike(column: list[str], other: list[str]) -> float:
    """Share of words that two columns have in common, line by line; 1 for the same column."""
    pairs = [(set(a.lower().split()), set(b.lower().split())) for a, b in zip(column, other, strict=True)]
    shares = [len(a & b) / max(min(len(a), len(b)), 1) for a, b in pairs]
    return sum(shares) / max(len(shares), 1)


def row_of(line: Line, columns: Columns, n_columns: int, path: Path) -> Row:
    """Take what matters of one line; a separator inside the text is part of it."""
    cells, n_more = list(line.cells), len(line.cells) - n_columns
    if n_more > 0:
        inside = slice(columns.text, columns.text + n_more + 1)
        cells[inside] = [joined(cells[inside], separator_of(line))]
    audio = cells[columns.audio]
    if not stem_of(audio):
        raise SpeechlabError(f"{path}, line {line.number}: expected 'id|text' or 'id|raw|normalised', got {cut(line)}")
    return Row(line.number, audio, cells[columns.text], "" if columns.speaker is None else cells[columns.speaker])


def require_unique(ids: Sequence[str], rows: Sequence[Row], path: Path) -> None:
    """Raise where two lines are about one recording."""
    first: dict[str, int] = {}
    for id, row in zip(ids, rows, strict=True):
        if id in first:
            raise SpeechlabError(
                f"{path}, line {row.line}: the id {id!r} appears a second time, after line {first[id]}; every id must"
                " be unique"
            )
        first[id] = row.line


def require_different_texts(rows: list[Row], lines: list[Line], path: Path) -> None:
    """Raise where one text stands beside most recordings: it is no transcript but a speaker, a rate or a language."""
    text, count = Counter(row.text for row in rows).most_common(1)[0]
    if len(rows) >= 4 and text and count > len(rows) / 2:
        shown = [line for line, row in zip(lines, rows, strict=True) if row.text == text][:3]
        raise SpeechlabError(
            f"{path}: {count} of {len(rows)} recordings have the same text {text[:SHOWN]!r} ({show(shown)}); is it the"
            " right column? corpus.text_column=2 takes the second"
        )


def stem_of(written: str) -> str:
    """Name of a recording without folders and suffix."""
    from speechlab.audio.io import AUDIO_SUFFIXES

    name = written.replace("\\", "/").rstrip("/").rpartition("/")[2].strip()
    stem, dot, suffix = name.rpartition(".")
    return stem if dot and f".{suffix.lower()}" in AUDIO_SUFFIXES else name


def joined(cells: list[str], separator: str) -> str:
    """Put a text together that a separator inside it had split."""
    return f"{'' if separator in ',;' else ' '}{separator} ".join(cell for cell in cells if cell)


def show(lines: Sequence[Line], counted: bool = False) -> str:
    """Show lines in a message, with their numbers and, if asked for, how many columns they have."""
    parts = [f"line {line.number}{f', {len(line.cells)} columns' * counted}: {cut(line)}" for line in lines]
    return "; ".join(parts)


def cut(line: Line) -> str:
    """Show the beginning of a line."""
    return repr(line.written[:SHOWN])
