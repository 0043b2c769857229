"""The phone recogniser: it learns sounds it can tell apart, and counts errors as defined."""

import itertools

import numpy as np
import pytest

from speechlab.metrics.phones import (
    LabelledMel,
    collapsed,
    error_rate,
    phone_errors,
    smoothest_path,
    train_recogniser,
)
from speechlab.text.russian.symbols import plain_phone, russian_symbols

PHONES = ("", "a", "i", "s")


def made_up(seed: int, n_phones: int = 12) -> LabelledMel:
    """Phones that are bumps at places of their own, in noise."""
    generator = np.random.default_rng(seed)
    labels = [0, *generator.integers(1, len(PHONES), n_phones), 0]
    labels = [one for one, before in zip(labels, [None, *labels[:-1]], strict=True) if one != before]
    durations = generator.integers(4, 9, len(labels))
    bins = np.arange(20)[:, None]
    places = np.repeat([[-10.0, 3.0, 10.0, 17.0][label] for label in labels], durations)
    mel = 4 * np.exp(-0.2 * (bins - places) ** 2) + 0.3 * generator.standard_normal((20, durations.sum()))
    return LabelledMel(mel.astype(np.float32), [PHONES[label] for label in labels], durations)


@pytest.fixture(scope="module")
def recogniser():
    return train_recogniser([made_up(seed) for seed in range(24)], n_epochs=6, batch_size=4)


def test_it_hears_what_was_said_in_recordings_it_does_not_know(recogniser):
    items = [made_up(seed) for seed in range(100, 110)]
    counts = np.array([phone_errors(recogniser.recognise(item.mel), item.phones) for item in items])
    assert error_rate(counts) < 0.05


def test_level_and_microphone_do_not_count(recogniser):
    item = made_up(100)
    coloured = item.mel + np.linspace(-3, 2, 20, dtype=np.float32)[:, None]
    assert recogniser.recognise(coloured) == recogniser.recognise(item.mel) == collapsed(item.phones)


def test_the_same_recordings_and_seed_give_the_same_recogniser(recogniser):
    again = train_recogniser([made_up(seed) for seed in range(24)], n_epochs=6, batch_size=4)
    for one, other in zip(recogniser.parameters(), again.parameters(), strict=True):
        assert one.equal(other)


def test_the_path_is_the_best_of_all_paths():
    generator = np.random.default_rng(1)
    for cost in (0.0, 0.5, 2.0):
        scores = generator.standard_normal((6, 3))
        paths = np.array(list(itertools.product(range(3), repeat=6)))
        totals = scores[np.arange(6), paths].sum(1) - cost * (np.diff(paths) != 0).sum(1)
        assert np.array_equal(smoothest_path(scores, cost), paths[totals.argmax()])


def test_errors_are_counted_on_joined_phones():
    assert collapsed(["", "a", "a", "", "a", "s", "s", ""]) == ["a", "a", "s"]
    assert phone_errors(["a", "i", "s"], ["", "a", "s", "s", ""]) == (1, 2)
    assert phone_errors([], ["a", "", "i"]) == (2, 2)
    assert error_rate(np.array([[1, 2], [3, 6]])) == 0.5


def test_russian_symbols_become_plain_phones():
    plain = {symbol: plain_phone(symbol) for symbol in russian_symbols().symbols}
    assert plain["_pad"] == plain["^"] == plain["$"] == plain["."] == plain[","] == ""
    assert plain["'A"] == plain[",A"] == plain["A"] == plain["a#"] == "A"
    assert plain["t;"] == "t;" and plain["t"] == "t"  # softness tells words apart
    assert set(plain.values()) <= {symbol.lstrip("',") for symbol in plain} | {""}
