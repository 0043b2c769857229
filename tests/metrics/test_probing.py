"""The two rules: an oracle keeps both, noise neither; the sounds of a group are what they are said to be."""

import numpy as np
import pytest
import torch
from studies.probing import (
    centroid_distances,
    chance_rand_index,
    clustering_scores,
    feature_vectors,
    plain_spaces,
    probe,
    snr_scores,
    sound_groups,
    wavlm_spaces,
    with_noise,
)

from speechlab.audio.io import Audio
from speechlab.audio.pitch import pitch_track
from speechlab.config import AudioSpec
from speechlab.errors import SpeechlabError
from speechlab.models.wavlm import WavLM

RATE = 16_000
N_GROUPS, N_MEMBERS = 8, 6


@pytest.fixture(scope="module")
def groups(speech_like):
    """Sounds of three recordings, (3, 4, samples)."""
    speech = speech_like()
    return sound_groups([Audio(speech[start:][:RATE], RATE) for start in (0, 20_000, 40_000)], n_members=4)


def tones(n_samples: int = 800) -> np.ndarray:
    """Groups of equal tones, (groups, members, samples): the loudest bin names the group."""
    times = np.arange(n_samples) / n_samples
    one = np.sin(2 * np.pi * 40 * np.arange(1, N_GROUPS + 1)[:, None] * times)
    return np.repeat(one[:, None], N_MEMBERS, axis=1).astype(np.float32)


def oracle(waveforms: torch.Tensor) -> torch.Tensor:
    """Name the group, and tell how much of the sound is something else."""
    power = torch.fft.rfft(waveforms[:, 0]).abs().square()
    group = torch.nn.functional.one_hot(power.argmax(1), power.shape[1])
    return torch.cat([group.float(), 1 - power.max(1, keepdim=True).values / power.sum(1, keepdim=True)], dim=1)


def test_an_oracle_keeps_both_rules_and_noise_neither():
    chance = torch.Generator().manual_seed(0)
    spaces = {"oracle": oracle, "noise": lambda waveforms: torch.randn(len(waveforms), 64, generator=chance)}
    table = probe(spaces, tones())
    best, worst = table.loc["oracle"], table.loc["noise"]
    assert best["Rand"] == best["adjusted Rand"] == 1.0
    assert best["SNR score"] == pytest.approx(1.0, abs=0.02)
    assert worst["adjusted Rand"] == pytest.approx(0.0, abs=0.1)
    assert worst["Rand"] == pytest.approx(chance_rand_index(N_GROUPS, N_MEMBERS), abs=0.08)
    assert worst["low"] < 0 < worst["high"]
    assert table["dimensions"].tolist() == [402, 64]


def test_the_rand_index_of_chance_is_that_of_shuffled_labels():
    from sklearn.metrics import rand_score

    truth, generator = np.repeat(np.arange(20), 10), np.random.default_rng(0)
    shuffled = [rand_score(truth, generator.permutation(truth)) for _ in range(50)]
    assert chance_rand_index(20, 10) == pytest.approx(np.mean(shuffled), abs=0.002)


def test_clusters_do_not_depend_on_rotation_offset_or_unit():
    generator = np.random.default_rng(0)
    vectors = generator.standard_normal((5, 6, 40)) + 1.2 * generator.standard_normal((5, 1, 40))
    rotation = np.linalg.qr(generator.standard_normal((40, 40)))[0]
    assert clustering_scores(vectors) == pytest.approx(clustering_scores(3 * vectors @ rotation + 7))


def test_the_snr_score_is_the_rank_correlation_with_noise():
    from scipy.stats import spearmanr

    generator = np.random.default_rng(0)
    snr_db, distances = generator.uniform(10, 20, (4, 9)), generator.uniform(0, 1, (4, 9))
    expected = [-spearmanr(*pair).statistic for pair in zip(snr_db, distances, strict=True)]
    np.testing.assert_allclose(snr_scores(distances, snr_db), expected)
    np.testing.assert_allclose(snr_scores(np.exp(-snr_db), snr_db), 1.0)
    np.testing.assert_allclose(snr_scores(snr_db**3, snr_db), -1.0)
    np.testing.assert_allclose(snr_scores(np.ones((4, 9)), snr_db), 0.0)


def test_distances_are_from_the_clean_middle():
    clean = np.array([[[0.0, 0.0], [2.0, 0.0]]])
    np.testing.assert_allclose(centroid_distances(clean, np.array([[[1.0, 3.0], [5.0, 0.0]]])), [[3.0, 4.0]])


def test_noise_has_the_ratios_it_says():
    clean = tones()
    noisy, snr_db = with_noise(clean)
    noise = noisy.astype(np.float64) - clean
    measured = 10 * np.log10(np.mean(clean.astype(np.float64) ** 2, axis=2) / np.mean(noise**2, axis=2))
    np.testing.assert_allclose(measured, snr_db, atol=0.01)
    assert snr_db.min() >= 10 and snr_db.max() <= 20 and len(np.unique(snr_db)) == snr_db.size


def test_sounds_of_a_group_are_alike_to_a_mel_and_not_as_waveforms(groups):
    assert groups.shape == (3, 4, RATE // 2) and groups.dtype == np.float32
    np.testing.assert_allclose(np.sqrt(np.mean(groups.astype(np.float64) ** 2, axis=2)), 0.05, rtol=1e-4)
    mels = feature_vectors(plain_spaces(AudioSpec(sample_rate=RATE))["log-mel"], groups)
    own = centroid_distances(mels, mels).mean()
    assert own < 0.7 * centroid_distances(mels, np.roll(mels, 1, axis=0)).mean()
    first, *others = groups[0]
    assert max(abs(first @ other) / (first @ first) for other in others) < 0.9


def test_copies_differ_in_pitch_by_about_a_semitone(speech_like):
    many = sound_groups([Audio(speech_like(), RATE)], n_members=24)[0]
    tracks = (pitch_track(member, RATE, 5.0)[0] for member in many)
    heights = [np.log(np.median(track[track > 0])) for track in tracks]
    assert 0.03 < np.std(heights) < 0.1


def test_a_seed_says_the_same_again(groups, speech_like):
    audio = Audio(speech_like()[:RATE], RATE)
    assert np.array_equal(sound_groups([audio], 4), sound_groups([audio], 4))
    assert not np.array_equal(sound_groups([audio], 4), sound_groups([audio], 4, seed=1))
    assert np.array_equal(sound_groups([audio], 4)[0], groups[0])  # whatever else there is


def test_spaces_give_a_vector_per_sound(groups):
    spaces = {**plain_spaces(AudioSpec(sample_rate=RATE)), **wavlm_spaces(WavLM.tiny(), RATE, name="tiny")}
    assert list(spaces) == ["waveform", "STFT magnitude", "log-mel", "tiny conv", "tiny layer1", "tiny last"]
    sizes = [feature_vectors(space, groups).shape for space in spaces.values()]
    assert sizes == [(3, 4, size) for size in (8000, 513 * 31, 80 * 31, 32 * 24, 32 * 24, 32 * 24)]


def test_what_cannot_be_a_sound_is_named(speech_like):
    good = Audio(speech_like(), RATE)
    with pytest.raises(SpeechlabError, match=r"one sample rate, got \[8000, 16000\]"):
        sound_groups([good, Audio(good.waveform, 8_000)])
    with pytest.raises(SpeechlabError, match="got none"):
        sound_groups([])
    for bad in (good.waveform[:4000], np.zeros(RATE, np.float32)):
        with pytest.raises(SpeechlabError, match="not silent"):
            sound_groups([Audio(bad, RATE)])
