"""The corpus report finds the faults that were put in, where they are, and nothing in good recordings."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from speechlab.config import CorpusConfig
from speechlab.data.corpora import Corpus, Utterance, load_corpus
from speechlab.data.report import clipped_samples, report_corpus, silences

RATE = 16_000


def syllables(duration_s: float, noise: float = 1e-3, seed: int = 0) -> np.ndarray:
    """A tone that swells and fades four times a second, in noise."""
    time = np.arange(round(duration_s * RATE)) / RATE
    tone = 0.3 * np.sin(2 * np.pi * 170 * time) * np.abs(np.sin(2 * np.pi * 2 * time))
    return tone + np.random.default_rng(seed).normal(0, noise, len(time))


def silence(duration_s: float) -> np.ndarray:
    return np.random.default_rng(1).normal(0, 1e-4, round(duration_s * RATE))


TEXT = "twenty characters ok"  # what two seconds hold here


@pytest.fixture
def corpus(tmp_path: Path):
    """Build a corpus of twenty good clips and those that are asked for."""

    def build(**clips: tuple[np.ndarray, str]) -> Corpus:
        good = {f"good{number:02}": (syllables(2, seed=number), TEXT) for number in range(20)}
        utterances = []
        for id, (waveform, text) in (good | clips).items():
            soundfile.write(tmp_path / f"{id}.wav", waveform, RATE)
            utterances.append(Utterance(id, tmp_path / f"{id}.wav", text))
        return Corpus("test", tuple(utterances), "", "", RATE)

    return build


def test_good_recordings_have_no_findings(corpus):
    report = report_corpus(corpus())
    assert report.findings.empty
    assert report.summary.loc["all", "minutes"] == pytest.approx(40 / 60)
    assert len(report.measurements) == 20


@pytest.mark.parametrize(
    ("finding", "waveform", "text"),
    [
        ("short", syllables(0.3), "two"),
        ("long", syllables(16), TEXT * 8),
        ("noise", syllables(2, noise=0.1), TEXT),
        ("clipping", np.clip(4 * syllables(2), -1, 1), TEXT),
        ("silence at the start", np.concatenate([silence(0.8), syllables(2)]), TEXT),
        ("silence at the end", np.concatenate([syllables(2), silence(0.8)]), TEXT),
        ("long pause", np.concatenate([syllables(1), silence(1.5), syllables(1)]), TEXT + " and more"),
        ("text too long for its audio", syllables(2), TEXT * 4),
        ("text too short for its audio", syllables(8), TEXT),
        ("odd characters", syllables(2), "twenty characters о"),  # the last one is Cyrillic
        ("odd characters", syllables(2), "twenty\u200bcharacters 3"),
    ],
)
def test_each_fault_is_found_alone(corpus, finding, waveform, text):
    findings = report_corpus(corpus(bad=(waveform, text))).findings
    assert findings[["id", "finding"]].values.tolist() == [["bad", finding]]
    row = findings.iloc[0]
    assert 0 <= row.start_s < row.end_s <= len(waveform) / RATE + 1e-9
    assert Path(row.audio_path).is_file()


def test_a_file_that_cannot_be_read_is_a_finding(corpus, tmp_path):
    built = corpus(bad=(syllables(2), TEXT))
    (tmp_path / "bad.wav").write_bytes(b"nonsense")
    findings = report_corpus(built).findings
    assert findings.finding.tolist() == ["unreadable"]
    assert "bad.wav" in findings.note[0]


def test_where_the_silence_is():
    waveform = np.concatenate([silence(0.6), syllables(1), silence(1.2), syllables(1), silence(0.7)])
    found = silences(waveform, RATE)
    for name, expected in {"leading_s": 0.6, "pause_start_s": 1.6, "pause_s": 1.2, "trailing_s": 0.7}.items():
        assert found[name] == pytest.approx(expected, abs=0.08), name


@pytest.mark.parametrize("snr_db", [20, 30, 40])
def test_the_signal_to_noise_ratio_of_a_known_mixture(snr_db):
    tone = 0.3 * np.sin(2 * np.pi * 170 * np.arange(2 * RATE) / RATE)
    level = 0.3 / np.sqrt(2) * 10 ** (-snr_db / 20)
    waveform = np.concatenate([np.zeros(RATE // 2), tone]) + np.random.default_rng(0).normal(0, level, 5 * RATE // 2)
    assert silences(waveform, RATE)["snr_db"] == pytest.approx(snr_db, abs=1)


def test_flat_tops_are_clipping_and_round_ones_are_not():
    loud = 1.2 * np.sin(2 * np.pi * 200 * np.arange(RATE) / RATE)
    assert len(clipped_samples(np.clip(loud, -1, 1))) == pytest.approx((np.abs(loud) >= 1).sum(), abs=2)
    assert not len(clipped_samples(np.round(loud / 1.3 * 32768) / 32768))


def test_real_recordings_are_good(shared_data):
    corpus = load_corpus(CorpusConfig("folder", str(shared_data / "ljspeech-mini"), n_utterances=8))
    assert report_corpus(corpus).findings.empty
