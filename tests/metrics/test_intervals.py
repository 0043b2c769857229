"""Bootstrap intervals and boundary tables: known answers."""

from types import SimpleNamespace

import numpy as np
import pytest

from speechlab.config import AudioSpec
from speechlab.metrics.alignment import boundary_table, summarise_boundaries
from speechlab.metrics.intervals import bootstrap
from speechlab.text.symbols import english_symbols, phone_class


def test_the_interval_of_a_mean_is_that_of_the_normal_distribution():
    values = np.random.default_rng(1).standard_normal(400)
    interval = bootstrap(values)
    assert interval.value == pytest.approx(values.mean()) and interval.n == 400
    assert interval.high - interval.low == pytest.approx(2 * 1.96 / 20, rel=0.15)


@pytest.mark.parametrize(("n", "at_least"), [(8, 0.92), (20, 0.93)])
def test_the_interval_holds_the_truth_as_often_as_it_says_for_few_values_too(n, at_least):
    draws = np.random.default_rng(2).standard_normal((400, n))
    held = [interval.low <= 0 <= interval.high for interval in map(bootstrap, draws)]
    assert np.mean(held) >= at_least  # the plain percentiles hold it 0.89 and 0.93 times


def test_values_may_be_groups_of_measurements():
    groups = [np.zeros(5), np.ones(15)]
    interval = bootstrap(groups)
    assert interval.value == 0.75 and interval.n == 2 and (interval.low, interval.high) == (0.0, 1.0)


def test_late_boundaries_are_positive():
    spec = AudioSpec()
    ends = {"^": 4, "a": 10, "$": 14}
    tokens = [SimpleNamespace(symbol=symbol, end=end * spec.hop_length) for symbol, end in ends.items()]
    table = boundary_table({"x": [5, 4, 5]}, {"x": SimpleNamespace(tokens=tokens)}, spec)
    frame_ms = 1000 / spec.frame_rate
    assert table.error_ms.tolist() == pytest.approx([frame_ms, -frame_ms])
    assert table.right.tolist() == ["a", "$"]
    assert summarise_boundaries(table)["within 30 ms, %"] == 100


def test_every_symbol_has_a_class():
    classes = {phone_class(symbol) for symbol in english_symbols().to_list()}
    assert classes == {"vowel", "stop", "affricate", "fricative", "nasal", "approximant", "pause"}
    assert phone_class("'eI") == "vowel" and phone_class("tS") == "affricate" and phone_class("?") == "pause"
