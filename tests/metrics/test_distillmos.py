"""DistillMOS against its own package, and against what it promises."""

import subprocess
import sys

import numpy as np
import pytest
import torch

from speechlab.metrics.base import Unavailable, Unmeasurable
from speechlab.metrics.distillmos import N_WINDOW, RATE, DistillMos, windows_of

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def distillmos():
    metric = DistillMos()
    metric.prepare()
    return metric


def opinion(metric: DistillMos, waveform: np.ndarray) -> float:
    """Ask about samples (samples,) at 16 kHz."""
    return metric.compute(waveform, None, RATE, None)


@pytest.mark.parametrize("duration_s", [3.1, 7.68, 10.3])
def test_it_equals_the_package(duration_s, distillmos, speech_like, with_noise):
    from distillmos import ConvTransformerSQAModel

    waveform = with_noise(speech_like(duration_s), 20)
    reference = ConvTransformerSQAModel().eval()
    with torch.no_grad():
        expected = reference(torch.from_numpy(waveform)[None]).item()
    assert opinion(distillmos, waveform) == pytest.approx(expected, abs=1e-4)


def test_windows_reach_from_the_first_sample_to_the_last():
    assert windows_of(np.ones(RATE, np.float32)).sum() == RATE  # zeros after it
    for n_samples in (N_WINDOW, N_WINDOW + 1, N_WINDOW + RATE, 60 * RATE):
        windows = windows_of(np.arange(n_samples))
        assert windows.shape[1] == N_WINDOW
        assert windows[0, 0] == 0 and windows[-1, -1] == n_samples - 1
        assert np.diff(windows[:, 0]).max(initial=0) <= RATE


def test_strong_noise_lowers_the_opinion_on_the_embedded_synthesiser(distillmos, with_noise):
    """A little noise does not: to this judge it even hides the formants' buzz."""
    from speechlab.audio.resample import resample
    from speechlab.text.espeak import engine

    speech = engine().speak("The ship was built in the harbour, and it sailed across the ocean for many years.")
    waveform = resample(speech.waveform.astype(np.float32) / 2**15, speech.sample_rate, RATE)
    assert 1 <= opinion(distillmos, with_noise(waveform, -5)) < opinion(distillmos, waveform) - 0.1 <= 5


def test_a_natural_recording_is_liked_and_its_noisy_copy_is_not(distillmos, shared_data, with_noise):
    from speechlab.audio.io import read_audio

    path = min((shared_data / "ljspeech-mini" / "wavs").glob("*.wav"))
    natural = read_audio(path, RATE).waveform[:N_WINDOW]
    assert opinion(distillmos, natural) > 3.5 > 2.5 > opinion(distillmos, with_noise(natural, 0))


def test_neither_the_level_nor_asking_twice_changes_the_opinion(distillmos, clean):
    first = opinion(distillmos, clean)
    assert opinion(distillmos, clean) == first
    assert opinion(distillmos, clean * np.float32(0.01)) == pytest.approx(first, abs=0.01)


def test_silence_and_half_a_syllable_are_refused(distillmos, clean):
    with pytest.raises(Unmeasurable, match="silent"):
        opinion(distillmos, np.zeros(RATE, np.float32))
    with pytest.raises(Unmeasurable, match="at least 0.2 s"):
        opinion(distillmos, clean[: RATE // 6])


def test_it_prints_nothing_and_leaves_torch_as_it_was(clean, capfd):
    def state():
        return torch.is_grad_enabled(), torch.get_num_threads(), torch.get_default_dtype()

    before, random = state(), torch.get_rng_state()
    metric = DistillMos()
    metric.prepare()
    opinion(metric, clean)
    assert state() == before and torch.equal(torch.get_rng_state(), random)
    assert not any(parameter.requires_grad for parameter in metric.model.parameters())
    assert capfd.readouterr() == ("", "")
    assert metric.version.startswith("distillmos 0.") and len(metric.version.split()[-1]) == 12


def test_registering_it_loads_neither_the_package_nor_torch():
    code = "import sys, speechlab.metrics.distillmos; print({'torch', 'distillmos', 'torchaudio'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"


def test_where_the_package_is_missing_the_command_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "distillmos", None)
    with pytest.raises(Unavailable, match="pip install distillmos"):
        DistillMos().prepare()
