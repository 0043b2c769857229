"""DNSMOS against the two packages that also compute it, and against what it promises."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from speechlab.metrics.base import Unmeasurable
from speechlab.metrics.dnsmos import N_WINDOW, RATE, LegacyDnsmos, PlainDnsmos, windows_of


@pytest.fixture(scope="module")
def dnsmos():
    metric = PlainDnsmos()
    metric.prepare()
    return metric


@pytest.fixture(scope="module")
def legacy():
    metric = LegacyDnsmos()
    metric.prepare()
    return metric


@pytest.fixture(scope="module")
def one_window(speech_like):
    """Speech-like samples that fill one window."""
    return speech_like(9.2)


def score(metric, waveform):
    """Give the four values in the order P808, SIG, BAK, OVR."""
    return [metric.compute(waveform, None, RATE, None)[name] for name in metric.outputs]


@pytest.mark.parametrize("kind", ["dnsmos", "dnsmos_personalized"])
def test_it_equals_speechmos(kind, dnsmos, legacy, with_noise, speech_like):
    from speechmos import dnsmos as reference

    waveform = with_noise(speech_like(11.3), 20)  # two windows, and a rest
    values = reference.run(waveform, RATE, model_type=kind)
    expected = [values[f"{name}_mos"] for name in ("p808", "sig", "bak", "ovrl")]
    assert score(dnsmos if kind == "dnsmos" else legacy, waveform) == pytest.approx(expected, abs=1e-5)


def test_the_legacy_score_equals_torchmetrics(legacy, one_window, tmp_path, monkeypatch):
    import speechmos
    from torchmetrics.functional.audio import dnsmos as reference

    root = Path(speechmos.__path__[0])
    for variant, name in (("DNSMOS", "model_v8"), ("DNSMOS", "sig_bak_ovr"), ("pDNSMOS", "sig_bak_ovr")):
        folder = tmp_path / variant
        folder.mkdir(exist_ok=True)
        shutil.copy(root / f"{variant.lower()}_models" / f"{name}.onnx", folder)
    monkeypatch.setattr(reference, "DNSMOS_DIR", str(tmp_path))
    function = reference.deep_noise_suppression_mean_opinion_score
    expected = function(torch.from_numpy(one_window), RATE, personalized=True, num_threads=1, cache_session=False)
    assert score(legacy, one_window) == pytest.approx(expected.tolist(), abs=1e-5)


def test_more_noise_is_a_worse_background(dnsmos, one_window, with_noise):
    backgrounds = [score(dnsmos, with_noise(one_window, snr))[2] for snr in (40, 20, 5)]
    assert backgrounds == sorted(backgrounds, reverse=True)
    assert backgrounds[0] - backgrounds[-1] > 0.3


def test_windows_are_those_of_the_reference_code():
    def starts(duration_s):
        windows = windows_of(np.arange(int(duration_s * RATE)))
        assert all(len(window) == N_WINDOW for window in windows)
        return [int(window[0]) // RATE for window in windows]

    assert starts(9.01) == starts(10.5) == [0]
    assert starts(12) == [0, 1, 2]
    assert starts(18) == [*range(7)]  # the windows from 7 and 8 s would end a sample early
    assert starts(35) == [*range(7), 24, 25]
    assert [len(window) for window in windows_of(np.zeros(4 * RATE))] == [N_WINDOW] * 7  # doubled twice


def test_short_and_loud_items_are_refused_unless_a_resampler_made_them_loud(dnsmos, one_window):
    with pytest.raises(Unmeasurable, match="ms|0.2 s"):
        dnsmos.compute(one_window[: RATE // 20], None, RATE, None)
    with pytest.raises(Unmeasurable, match="at least 0.2 s"):
        dnsmos.compute(one_window[: RATE // 6], None, RATE, None)
    with pytest.raises(Unmeasurable, match="peak is 5"):
        dnsmos.compute(one_window * np.float32(10), None, RATE, None)
    assert np.isfinite(score(dnsmos, one_window * np.float32(2.05))).all()
