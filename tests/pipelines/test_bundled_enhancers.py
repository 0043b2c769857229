"""The bundled enhancers do what their cards promise, on speakers they have never heard."""

import numpy as np
import pytest

import speechlab
from speechlab.audio.band import limit_band
from speechlab.audio.io import Audio, read_audio

pytestmark = pytest.mark.slow

RATE = 16_000  # Hz


@pytest.fixture(scope="module")
def pairs(shared_data) -> list[tuple[Audio, Audio]]:
    """Some noisy recordings and their clean counterparts."""
    folder = shared_data / "voicebank-demand-mini"
    names = sorted(path.name for path in (folder / "noisy").glob("*.flac"))[::6]
    return [tuple(read_audio(folder / kind / name, RATE) for kind in ("noisy", "clean")) for name in names]


def gain(enhancer: str, metric: str, inputs: list[Audio], wanted: list[Audio]) -> float:
    """Mean improvement of a metric over the input's, clip by clip."""
    loaded = speechlab.Enhancer.load(enhancer)
    made = [loaded.enhance(audio) for audio in inputs]
    return speechlab.score(made, wanted, [metric], baseline=inputs, n_jobs=1).loc[metric, "difference"]


def test_the_denoiser_makes_noisy_speech_better(pairs):
    noisy, clean = zip(*pairs, strict=True)
    assert gain("denoise-16k", "wb_pesq", noisy, clean) > 0.15


def test_the_extender_fills_the_band(pairs):
    clean = [clean for _, clean in pairs]
    narrow = [Audio(limit_band(audio.waveform, RATE, 4000), RATE) for audio in clean]
    assert gain("bwe-16k", "lsd", narrow, clean) < -1  # dB
    made = speechlab.Enhancer.load("bwe-16k").enhance(narrow[0])
    assert np.std(made.waveform) == pytest.approx(np.std(narrow[0].waveform), rel=0.2)  # the level stays
