"""Mel L1 of copies against what it must be."""

import math

import numpy as np
import pytest

from speechlab.audio.io import Audio
from speechlab.config import AudioSpec
from speechlab.errors import SpeechlabError
from speechlab.metrics.spectral import copy_synthesis_table, mel_l1

SPEC = AudioSpec()
NOISE = np.random.default_rng(0).normal(0, 0.1, 256 * 40).astype(np.float32)


def test_a_perfect_copy_has_distance_zero():
    assert mel_l1(NOISE, NOISE, SPEC) == 0


def test_twice_as_loud_is_the_logarithm_of_two_away():
    assert mel_l1(2 * NOISE, NOISE, SPEC) == pytest.approx(math.log(2), abs=1e-3)


def test_other_recordings_are_refused():
    with pytest.raises(SpeechlabError, match="cannot be one recording"):
        mel_l1(NOISE, NOISE[:5000], SPEC)


def test_the_table_has_a_row_per_system_with_its_interval():
    recordings = [Audio(NOISE * level, SPEC.sample_rate) for level in (0.5, 1.0, 2.0)]
    systems = {"itself": lambda audio: audio, "halved": lambda audio: Audio(audio.waveform / 2, audio.sample_rate)}
    table = copy_synthesis_table(systems, recordings, SPEC)
    assert list(table.index) == ["itself", "halved"] and (table["n"] == 3).all()
    assert table.loc["itself", "high"] == 0
    assert table.loc["halved", "low"] <= table.loc["halved", "mel L1"] <= table.loc["halved", "high"]
