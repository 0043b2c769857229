"""TextGrids: round trips, what aligners leave out, and what cannot be repaired."""

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from praatio import textgrid

from speechlab.config import AudioSpec
from speechlab.data.corpora import Corpus, Utterance
from speechlab.data.features import extract_acoustic
from speechlab.data.textgrid import (
    durations_from_textgrid,
    export_textgrids,
    import_textgrids,
    write_intervals,
    write_textgrid,
)
from speechlab.errors import SpeechlabError
from speechlab.text.phonemes import PhonemeText
from speechlab.text.symbols import SymbolTable

SPEC = AudioSpec()
TABLE = SymbolTable(("_pad", "^", "a", ",", "$", "sp", "AH0"))
FRAME_S = SPEC.hop_length / SPEC.sample_rate


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["a", "b", "sp", "'I", "@"]), st.integers(0, 40)), min_size=1, max_size=30))
def test_durations_survive_a_round_trip(tmp_path_factory, tokens):
    symbols, durations = [symbol for symbol, _ in tokens], [duration for _, duration in tokens]
    if not sum(durations):
        durations[0] = 1
    path = tmp_path_factory.mktemp("grid") / "a.TextGrid"
    write_textgrid(path, symbols, np.array(durations), SPEC)
    labels, read = durations_from_textgrid(path, SPEC, sum(durations))
    kept = [(symbol, duration) for symbol, duration in zip(symbols, durations, strict=True) if duration]
    assert list(zip(labels, read.tolist(), strict=True)) == kept
    again, spread = durations_from_textgrid(path, SPEC, sum(durations), symbols=symbols)
    assert again == symbols and spread.sum() == sum(durations)


def test_tokens_without_frames_come_back_when_the_tokens_are_known(tmp_path):
    path = tmp_path / "a.TextGrid"
    write_textgrid(path, ["^", "a", ",", "b", "$"], np.array([3, 4, 0, 5, 0]), SPEC)
    labels, durations = durations_from_textgrid(path, SPEC, 12, symbols=["^", "a", ",", "b", "$"])
    assert (labels, durations.tolist()) == (["^", "a", ",", "b", "$"], [3, 4, 0, 5, 0])
    with pytest.raises(SpeechlabError, match="'b' is not among"):
        durations_from_textgrid(path, SPEC, 12, symbols=["^", "a", ","])


def test_gaps_and_empty_labels_become_pauses(tmp_path):
    path = tmp_path / "a.TextGrid"
    times = [(2, 5, "a"), (5, 8, "sil"), (11, 14, "b")]  # frames; 0 to 2, 8 to 11 and 14 to 20 are missing
    write_intervals(path, {"phones": [(s * FRAME_S, e * FRAME_S, label) for s, e, label in times]}, 20 * FRAME_S)
    labels, durations = durations_from_textgrid(path, SPEC, 20)
    assert labels == ["sp", "a", "sil", "sp", "b", "sp"]
    assert durations.tolist() == [2, 3, 3, 3, 3, 6]


def test_a_grid_from_an_aligner_that_left_the_gaps_out(tmp_path):
    path = tmp_path / "a.TextGrid"
    path.write_text(
        'File type = "ooTextFile"\nObject class = "TextGrid"\n\n0\n0.3\n<exists>\n1\n"IntervalTier"\n"phones"\n0\n0.3\n'
        '2\n0.1\n0.15\n"AH0"\n0.2\n0.25\n"T"\n',
        encoding="utf-8",
    )
    labels, durations = durations_from_textgrid(path, SPEC, 26)
    assert labels == ["sp", "AH0", "sp", "T", "sp"]
    rounded = [round(time / FRAME_S) for time in (0, 0.1, 0.15, 0.2, 0.25, 0.3)]
    assert durations.tolist() == np.diff(rounded).tolist()


def test_rounding_never_adds_up(tmp_path):
    """A thousand intervals of 0.4 frames are 400 frames, not 0."""
    path = tmp_path / "a.TextGrid"
    edges = np.arange(1001) * 0.4 * FRAME_S
    write_intervals(path, {"phones": [(s, e, "a") for s, e in zip(edges, edges[1:], strict=False)]}, float(edges[-1]))
    _, durations = durations_from_textgrid(path, SPEC, 400)
    assert durations.sum() == 400 and set(durations.tolist()) == {0, 1}


@pytest.mark.parametrize(("n_frames", "expected"), [(20, [5, 10, 5]), (22, [5, 12, 5]), (18, [5, 8, 5])])
def test_two_frames_are_repaired_at_the_longest_pause(tmp_path, n_frames, expected):
    path = tmp_path / "a.TextGrid"
    write_textgrid(path, ["a", "sp", "b"], np.array([5, 10, 5]), SPEC)
    assert durations_from_textgrid(path, SPEC, n_frames)[1].tolist() == expected


def test_three_frames_are_not(tmp_path):
    path = tmp_path / "a.TextGrid"
    write_textgrid(path, ["a", "sp"], np.array([10, 10]), SPEC)
    with pytest.raises(SpeechlabError, match="lasts 20 frames, the recording 23"):
        durations_from_textgrid(path, SPEC, 23)


def test_without_a_pause_the_longest_interval_gives(tmp_path):
    path = tmp_path / "a.TextGrid"
    write_textgrid(path, ["a", "b", "sp"], np.array([4, 9, 1]), SPEC)
    assert durations_from_textgrid(path, SPEC, 12)[1].tolist() == [4, 7, 1]


def test_a_missing_tier_is_named_with_those_there_are(tmp_path):
    path = tmp_path / "a.TextGrid"
    write_textgrid(path, ["a"], np.array([4]), SPEC, tier="words")
    with pytest.raises(SpeechlabError, match="no tier 'phones'; its tiers are 'words'"):
        durations_from_textgrid(path, SPEC, 4)


@pytest.mark.parametrize("content", [b"", b"hello", b"\xff\xfe\x00", bytes(range(256))])
def test_what_is_not_a_textgrid_is_refused(tmp_path, content):
    path = tmp_path / "a.TextGrid"
    path.write_bytes(content)
    with pytest.raises(SpeechlabError, match="TextGrid"):
        durations_from_textgrid(path, SPEC, 4)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(SpeechlabError, match="cannot be opened"):
        durations_from_textgrid(tmp_path / "none.TextGrid", SPEC, 4)


def test_a_tier_of_points_is_refused(tmp_path):
    grid = textgrid.Textgrid(0, 1)
    grid.addTier(textgrid.PointTier("phones", [(0.5, "a")], 0, 1))
    grid.save(str(tmp_path / "a.TextGrid"), "long_textgrid", True)
    with pytest.raises(SpeechlabError, match="points"):
        durations_from_textgrid(tmp_path / "a.TextGrid", SPEC, 4)


@pytest.fixture
def store(tmp_path):
    """Two buzzing clips of 86 frames."""
    time = np.arange(22_050) / 22_050
    waveform = sum(np.sin(2 * np.pi * 150 * number * time) / number for number in range(1, 8)) * 0.1
    for name in ("one", "two"):
        soundfile.write(tmp_path / f"{name}.wav", waveform, 22_050)
    utterances = tuple(Utterance(name, tmp_path / f"{name}.wav", "a,") for name in ("one", "two"))
    return extract_acoustic(Corpus("grids", utterances, "", "", 22_050), SPEC, tmp_path / "cache")


def read_aloud(text: str) -> PhonemeText:
    return PhonemeText(text, text, ["^", *text, "$"], [])


def test_a_corpus_corrected_in_praat_is_read_back(store, tmp_path):
    store.use_alignment(TABLE.to_list(), "aligner")
    for id in store.ids:
        store.write_linguistic(id, ["^", "a", ",", "$"], [1, 2, 3, 4], [6, 70, 0, 10])
    paths = export_textgrids(store, tmp_path / "grids")
    assert [path.name for path in paths] == ["one.TextGrid", "two.TextGrid"]
    write_textgrid(paths[1], ["^", "a", ",", "$"], np.array([8, 68, 0, 10]), SPEC)
    again = import_textgrids(store, tmp_path / "grids", TABLE, read_aloud)
    assert again.linguistic("one").durations.tolist() == [6, 70, 0, 10]
    assert again.linguistic("two").durations.tolist() == [8, 68, 0, 10]


def test_grids_in_another_alphabet_bring_their_own_tokens_and_misfits_are_listed(store, tmp_path):
    write_textgrid(tmp_path / "one.TextGrid", ["AH0", "sp"], np.array([80, 6]), SPEC)
    write_textgrid(tmp_path / "two.TextGrid", ["AH0", "sp"], np.array([80, 60]), SPEC)
    imported = import_textgrids(store, tmp_path, TABLE)
    assert imported.linguistic("one").symbols == ["AH0", "sp"]
    assert [(row.id, row.layer) for row in imported.quarantined()] == [("two", "linguistic")]


def test_a_folder_without_grids_is_refused(store, tmp_path):
    with pytest.raises(SpeechlabError, match="no TextGrid"):
        import_textgrids(store, tmp_path / "none", TABLE)
