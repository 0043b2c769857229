"""What holds for every metric of the signal: reference values, identity, noise is worse, no number for nothing."""

from importlib.util import find_spec

import numpy as np
import pytest

from speechlab.metrics.base import Unmeasurable
from speechlab.registry import metrics

RATE = 16_000
PAIRED = ["wb_pesq", "nb_pesq", "stoi", "estoi", "si_sdr", "l1_mel_diff", "lsd", "mcd", "mcd_dtw", "f0_rmse"]
TOLERANCES = {  # absolute, or relative with a %: WORLD interpolates on its mel axis a little differently
    "wb_pesq": 1e-3, "nb_pesq": 1e-3, "stoi": 1e-3, "estoi": 1e-3, "si_sdr": 1e-3, "l1_mel_diff": 1e-3, "lsd": 1e-3,
    "mcd": "0.6%", "mcd_dtw": "0.6%", "f0_rmse": "1%", "vuv_error": "1%",
}  # fmt: skip
PERFECT = {
    "wb_pesq": 4.644, "nb_pesq": 4.549, "stoi": 1, "estoi": 1, "l1_mel_diff": 0, "lsd": 0, "mcd": 0, "mcd_dtw": 0,
    "f0_rmse": 0, "vuv_error": 0,
}  # fmt: skip
needs_pesq = pytest.mark.skipif(find_spec("pesq") is None, reason="the package pesq is missing")
WIDE = pytest.param("wb_pesq", marks=needs_pesq)  # at 16 kHz only
NAMES = [WIDE, pytest.param("nb_pesq", marks=needs_pesq), *(name for name in PAIRED if "pesq" not in name)]


def measure(name: str, estimate: np.ndarray, reference: np.ndarray, sample_rate: int = RATE) -> dict[str, float]:
    """Values of a metric by the names of its outputs."""
    metric = metrics[name]()
    metric.prepare()
    value = metric.compute(estimate, reference, sample_rate, None)
    values = value if isinstance(value, dict) else {name: value}
    assert tuple(values) == metric.outputs
    return values


def near(name: str, expected: float):
    """Compare within the metric's tolerance."""
    tolerance = TOLERANCES[name]
    if isinstance(tolerance, str):
        return pytest.approx(expected, rel=float(tolerance.rstrip("%")) / 100)
    return pytest.approx(expected, abs=tolerance)


@pytest.mark.parametrize("name", NAMES)
def test_values_are_those_of_the_reference_packages(name, clean, with_noise, golden_scores):
    for snr_db, expected in golden_scores["white_noise_db"].items():
        if metrics[name].outputs[0] not in expected:
            with pytest.raises(Unmeasurable):
                measure(name, with_noise(clean, int(snr_db)), clean)
            continue
        for output, value in measure(name, with_noise(clean, int(snr_db)), clean).items():
            assert value == near(output, expected[output]), snr_db


@pytest.mark.parametrize("name", NAMES)
def test_values_of_recordings_are_those_of_the_reference_packages(name, shared_data, golden_scores):
    from speechlab.audio.io import read_audio

    folder = shared_data / "voicebank-demand-mini"
    for id, expected in golden_scores["voicebank"].items():
        noisy, clean = (read_audio(folder / kind / f"{id}.flac") for kind in ("noisy", "clean"))
        for output, value in measure(name, noisy.waveform, clean.waveform, clean.sample_rate).items():
            assert value == near(output, expected[output]), id


@pytest.mark.parametrize("name", [name for name in NAMES if name != "si_sdr"])
def test_a_copy_is_perfect(name, clean):
    for output, value in measure(name, clean, clean).items():
        assert value == pytest.approx(PERFECT[output], abs=1e-3)


@pytest.mark.parametrize("name", NAMES)
def test_more_noise_is_never_better(name, clean, with_noise):
    by_voicing = name == "f0_rmse"  # the pitch of the few frames that stay voiced promises nothing
    steps = (30, 25, 20, 10) if by_voicing else (30, 20, 10, 0)
    ladder = [measure(name, with_noise(clean, snr_db), clean) for snr_db in steps]
    output = "vuv_error" if by_voicing else name
    values = [step[output] for step in ladder]
    better = sorted(values, reverse=metrics[name].higher_is_better)
    assert values == better and len(set(values)) == 4


@pytest.mark.parametrize("name", ["lsd", "l1_mel_diff", "mcd", "mcd_dtw", "f0_rmse"])
def test_distances_are_the_same_both_ways(name, clean, with_noise):
    noisy = with_noise(clean, 20)
    there, back = measure(name, noisy, clean), measure(name, clean, noisy)
    assert there == pytest.approx(back, rel=1e-6)


@pytest.mark.parametrize("name", [*NAMES, "wer_pocketsphinx"])
def test_silence_and_fragments_have_no_value(name, clean):
    metric, silence, fragment = metrics[name](), np.zeros_like(clean), clean[8000:8800]  # 50 ms
    pairs = [(silence, clean), (silence, silence), (silence + np.float32(0.1), clean), (fragment, fragment)]
    if metric.needs_reference:
        pairs.append((clean, silence))
    for estimate, reference in pairs:
        with pytest.raises(Unmeasurable):
            metric.compute(estimate, reference if metric.needs_reference else None, RATE, "a word")


@pytest.mark.parametrize("name", ["stoi", "estoi", "l1_mel_diff", "lsd", "mcd", "mcd_dtw", "f0_rmse"])
def test_what_would_fill_the_memory_is_refused(name):
    long = np.broadcast_to(np.float32(0.1), 40 * 60 * RATE)  # takes no memory
    with pytest.raises(Unmeasurable, match="cut it into pieces"):
        metrics[name]().compute(long, long, RATE, None)


@pytest.mark.parametrize("name", [*NAMES, "wer_pocketsphinx"])
def test_a_version_names_what_computes_it(name):
    assert any(character.isdigit() for character in metrics[name]().version)


@pytest.mark.parametrize("sample_rate", [8_000, 22_050, 48_000])
@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("mcd_dtw", "estoi", WIDE)])
def test_noise_is_heard_at_every_rate(name, sample_rate, speech_like, with_noise):
    clean = speech_like(2.0, sample_rate)
    little, much = (measure(name, with_noise(clean, snr_db), clean, sample_rate) for snr_db in (30, 20))
    output = metrics[name].outputs[-1]
    assert (much[output] < little[output]) == metrics[name].higher_is_better
