"""Tiny corpora for the trainers."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

RATE = 22_050  # Hz
SENTENCES = ("The cat sat on the mat.", "A dog ran home.", "Rain fell all day long.", "Birds sing at dawn.")


def hum(seconds: float, pitch: float, seed: int) -> np.ndarray:
    """A buzzing voice: harmonics whose strength changes every tenth of a second, and a little noise."""
    rng = np.random.default_rng(seed)
    time = np.arange(int(seconds * RATE)) / RATE
    phase = 2 * np.pi * pitch * (time + 0.01 * np.sin(2 * np.pi * 3 * time))
    strength = rng.uniform(0.1, 1.0, (8, int(seconds * 10) + 1))[:, (time * 10).astype(int)]
    waveform = sum(strength[k - 1] * np.sin(k * phase) / k for k in range(1, 9))
    return (0.2 * waveform + 0.003 * rng.standard_normal(len(time))).astype(np.float32)


@pytest.fixture(scope="session")
def tiny_corpus(tmp_path_factory) -> Path:
    """Ten recordings in LJ layout, 1.5 to 2 s each."""
    folder = tmp_path_factory.mktemp("tiny")
    (folder / "wavs").mkdir()
    lines = []
    for index in range(10):
        waveform = hum(1.5 + 0.05 * index, 110 + 10 * index, index)
        soundfile.write(folder / "wavs" / f"clip{index}.wav", waveform, RATE)
        lines.append(f"clip{index}|{SENTENCES[index % 4]}")
    (folder / "metadata.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def features(tmp_path_factory) -> Path:
    """Data folder of several tests: what one has computed of a corpus, the next one finds."""
    return tmp_path_factory.mktemp("data")


@pytest.fixture
def places(tmp_path, monkeypatch) -> Path:
    """Data and runs of this test in a folder of its own."""
    monkeypatch.setenv("SPEECHLAB_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("SPEECHLAB_RUNS", str(tmp_path / "runs"))
    return tmp_path
