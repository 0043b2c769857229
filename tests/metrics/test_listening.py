"""Listening statistics: files are checked, copies count once, intervals are those of the textbooks."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from speechlab.errors import SpeechlabError
from speechlab.metrics.intervals import bootstrap
from speechlab.metrics.listening import COLUMNS, abx_result, mos_result, read_listening


@pytest.fixture
def write(tmp_path):
    """Give the function that writes rows as a listener's file."""

    def write_rows(rows, name="anna.csv", columns=COLUMNS):
        path = tmp_path / name
        lines = [",".join(columns), *(",".join(map(str, row)) for row in rows)]
        path.write_text("\r\n".join(lines) + "\r\n", encoding="utf-8-sig")
        return path

    return write_rows


def abx(n, n_correct, listener="anna", pair="natural vs vocoder", first=1):
    return [
        ("t1", listener, first + place, "abx", f"s{place}", pair, "AB"[place % 2], int(place < n_correct), 7.25, 4)
        for place in range(n)
    ]


def mos(ratings):
    """Rows of {(listener, item, system): rating}."""
    return [
        ("t2", listener, trial, "mos", item, system, rating, "", 3.0, 1)
        for trial, ((listener, item, system), rating) in enumerate(ratings.items(), 1)
    ]


def test_types_survive_and_copies_of_a_file_count_once(write):
    one = write([*abx(3, 1, listener="007"), *mos({("NA", "s1", "null"): 4})])
    copy = write(abx(3, 1, listener="007"), "copy.csv")
    other = write(abx(3, 3, listener="ben"), "ben.csv")
    table = read_listening([one, copy, other])
    assert len(table) == 3 + 1 + 3
    assert list(table.columns) == list(COLUMNS)
    assert set(table.listener) == {"007", "NA", "ben"} and set(table.system_or_pair) == {"natural vs vocoder", "null"}
    assert table.time_s[0] == 7.25 and table.n_plays[0] == 4 and table.trial.tolist()[:3] == [1, 2, 3]
    assert table.correct[:3].tolist() == [True, False, False] and table.correct[3] is pd.NA
    assert len(read_listening(one)) == 4


def test_two_listeners_of_one_name_are_not_mistaken_for_one(write):
    one, other = write(abx(3, 1)), write(abx(3, 3), "other.csv")
    with pytest.raises(SpeechlabError, match="'anna' answered trial 2 of test t1 twice"):
        read_listening([one, other])


@pytest.mark.parametrize(("change", "reason"), [
    ({"kind": "abc"}, "row 2"), ({"answer": "C"}, "row 2"), ({"answer": "4"}, "row 2"), ({"correct": ""}, "row 2"),
    ({"trial": "one"}, "row 2"), ({"trial": "1.5"}, "row 2"), ({"n_plays": ""}, "row 2"), ({"time_s": "-1"}, "row 2"),
])  # fmt: skip
def test_a_row_that_is_no_answer_is_named(write, change, reason):
    rows = abx(2, 1)
    rows[1] = tuple(change.get(name, value) for name, value in zip(COLUMNS, rows[1], strict=True))
    with pytest.raises(SpeechlabError, match=reason):
        read_listening(write(rows))


def test_wrong_files_are_named(write, tmp_path):
    with pytest.raises(SpeechlabError, match="there is no file"):
        read_listening(tmp_path / "absent.csv")
    with pytest.raises(SpeechlabError, match="got no file"):
        read_listening([])
    with pytest.raises(SpeechlabError, match="holds no answers"):
        read_listening(write([]))
    with pytest.raises(SpeechlabError, match="has the columns a, b"):
        read_listening(write([(1, 2)], columns=("a", "b")))
    with pytest.raises(SpeechlabError, match="has the columns"):  # a spreadsheet of another country saved it again
        read_listening(write([], columns=(";".join(COLUMNS),)))
    for name, content in {"empty.csv": b"", "sound.wav": bytes(range(256)), "ragged.csv": b"a,b\n1,2,3,4\n1\n"}.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(SpeechlabError, match=name):
            read_listening(tmp_path / name)


def test_abx_has_the_exact_interval_and_the_probability_of_guessing(write):
    table = read_listening(write([*abx(10, 9), *abx(16, 8, pair="b vs c", first=11)]))
    result = abx_result(table)
    good, chance = result.loc["natural vs vocoder"], result.loc["b vs c"]
    assert (good.n, good.correct, good.n_listeners, good.share) == (10, 9, 1, 0.9)
    assert good.p_value == pytest.approx(11 / 1024)  # (C(10, 9) + C(10, 10)) / 2 ** 10
    # Clopper and Pearson's limits are quantiles of beta distributions
    assert good.low == pytest.approx(stats.beta.ppf(0.025, 9, 2))
    assert good.high == pytest.approx(stats.beta.ppf(0.975, 10, 1))
    assert chance.p_value > 0.5 and chance.low < 0.5 < chance.high
    assert (good.low, good.high) == pytest.approx((0.5550, 0.9975), abs=1e-4)  # printed in tables


def test_mos_is_the_mean_and_its_interval_resamples_whole_items(write):
    rng = np.random.default_rng(1)
    liked = {f"s{item}": 1 + item % 5 for item in range(10)}  # items differ much, listeners agree
    ratings = {
        (listener, item, system): int(np.clip(rating + shift + rng.integers(2), 1, 5))
        for listener in ("anna", "ben", "cem")
        for item, rating in liked.items()
        for system, shift in {"natural": 1, "vocoder": 0}.items()
    }
    table = read_listening(write(mos(ratings)))
    result = mos_result(table)
    assert result.index.tolist() == ["natural", "vocoder"]
    of_natural = {item: [ratings[name, item, "natural"] for name in ("anna", "ben", "cem")] for item in sorted(liked)}
    row = result.loc["natural"]
    assert row["mean"] == pytest.approx(np.mean(list(of_natural.values())))
    assert (row.low, row.high) == bootstrap(list(of_natural.values()))[1:3]
    assert (row.n, row.n_listeners, row.n_items, row.resampled) == (30, 3, 10, "item")
    by_listener = mos_result(table, over="listener").loc["natural"]
    assert by_listener["mean"] == row["mean"]
    assert by_listener.high - by_listener.low < 0.5 * (row.high - row.low)  # for they agree
    with pytest.raises(SpeechlabError, match="cannot resample over 'trial'"):
        mos_result(table, over="trial")


def test_the_other_kind_of_test_is_named(write):
    with pytest.raises(SpeechlabError, match="no MOS trials"):
        mos_result(read_listening(write(abx(2, 1))))
    with pytest.raises(SpeechlabError, match="no ABX trials"):
        abx_result(read_listening(write(mos({("anna", "s1", "a"): 3}))))
