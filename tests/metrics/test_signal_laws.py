"""Closed forms and refusals of each metric of the signal."""

import sys
from dataclasses import replace

import numpy as np
import pytest

from speechlab.audio.io import Audio
from speechlab.config import AudioSpec
from speechlab.metrics import cepstra, log_spectra, pesq, pitch, timing, words
from speechlab.metrics.base import Unavailable, Unmeasurable
from speechlab.metrics.si_sdr import si_sdr
from speechlab.registry import metrics

RATE = 16_000


def compute(name: str, estimate, reference=None, sample_rate: int = RATE, text=None):
    """One metric of one pair."""
    return metrics[name]().compute(estimate, reference, sample_rate, text)


@pytest.fixture(scope="module")
def noise() -> np.ndarray:
    """Two seconds of white noise, (samples,)."""
    return (0.1 * np.random.default_rng(0).standard_normal(2 * RATE)).astype(np.float32)


# SI-SDR


def test_si_sdr_of_orthogonal_noise_is_the_ratio_of_powers():
    phase = 2 * np.pi * 440 * np.arange(RATE) / RATE
    reference, orthogonal = np.sin(phase), np.cos(phase)  # equally loud
    assert si_sdr(reference + 0.1 * orthogonal, reference) == pytest.approx(20.0, abs=1e-6)


@pytest.mark.parametrize("gain", [1e-2, 0.3, -1.0, 40.0])
def test_si_sdr_ignores_gain_and_offset(gain, clean, with_noise):
    noisy = with_noise(clean, 12)
    assert si_sdr(gain * noisy + 0.05, clean) == pytest.approx(si_sdr(noisy, clean), abs=1e-4)
    assert si_sdr(noisy, gain * clean - 0.05) == pytest.approx(si_sdr(noisy, clean), abs=1e-4)


def test_si_sdr_is_torchmetrics(clean, with_noise):
    import torch
    from torchmetrics.functional.audio import scale_invariant_signal_distortion_ratio

    for snr_db in (-5, 3, 40):
        noisy = with_noise(clean, snr_db)
        expected = scale_invariant_signal_distortion_ratio(
            torch.from_numpy(noisy).double(), torch.from_numpy(clean).double(), zero_mean=True
        )
        assert si_sdr(noisy, clean) == pytest.approx(expected.item(), abs=1e-4)


def test_si_sdr_without_a_finite_value_is_refused(clean):
    phase = 2 * np.pi * 100 * np.arange(RATE) / RATE
    for estimate, reference, reason in (
        (clean, clean, "identical"),
        (clean * np.float32(0.3), clean, "identical"),
        (np.ones(RATE), np.sin(phase), "constant"),
        (np.sin(phase), np.full(RATE, 0.5), "constant"),
        (np.cos(phase), np.sin(phase), "minus infinity"),
    ):
        with pytest.raises(Unmeasurable, match=reason):
            si_sdr(estimate, reference)


# PESQ


def test_windows_come_every_five_seconds_and_reach_the_end():
    assert pesq.window_starts(20 * RATE - 1, RATE) == [0]
    assert pesq.window_starts(20 * RATE, RATE) == [0]
    assert pesq.window_starts(30 * RATE, RATE) == [0, 5 * RATE, 10 * RATE]
    assert pesq.window_starts(27 * RATE, RATE) == [0, 5 * RATE, 7 * RATE]


def test_a_long_pair_scores_the_mean_of_its_windows(speech_like, with_noise):
    package = pytest.importorskip("pesq")
    clean = speech_like(27.0)
    noisy = with_noise(clean, 15)
    noisy[: 10 * RATE] = clean[: 10 * RATE]
    starts = (0, 5 * RATE, 7 * RATE)
    by_hand = [package.pesq(RATE, clean[at : at + 20 * RATE], noisy[at : at + 20 * RATE], "wb") for at in starts]
    assert max(by_hand) - min(by_hand) > 0.1
    assert compute("wb_pesq", noisy, clean) == pytest.approx(np.mean(by_hand), abs=1e-6)


def test_narrow_band_pesq_keeps_telephone_speech_at_its_rate(speech_like, with_noise):
    package = pytest.importorskip("pesq")
    clean = speech_like(sample_rate=8000)
    noisy = with_noise(clean, 15)
    assert compute("nb_pesq", noisy, clean, 8000) == pytest.approx(package.pesq(8000, clean, noisy, "nb"), abs=1e-6)


def test_pesq_without_speech_or_with_a_dropout_has_no_value(clean, speech_like):
    pytest.importorskip("pesq")
    syllable = np.zeros(2 * RATE, np.float32)
    syllable[RATE : RATE + 800] = clean[5000:5800]  # 50 ms
    with pytest.raises(Unmeasurable, match="no speech"):
        compute("wb_pesq", syllable, syllable)
    with pytest.raises(Unmeasurable, match="quarter of a second"):
        compute("nb_pesq", clean[: RATE // 5], clean[: RATE // 5])
    long = speech_like(45.0)
    cut = long.copy()
    cut[5 * RATE : 25 * RATE] = 0
    with pytest.raises(Unmeasurable, match="silent for 20 s from 5 s on"):
        compute("wb_pesq", cut, long)


def test_other_failures_of_pesq_are_not_hidden(clean, monkeypatch):
    package = pytest.importorskip("pesq")

    def fail(*arguments):
        raise package.OutOfMemoryError("no memory")

    monkeypatch.setattr(package, "pesq", fail)
    with pytest.raises(package.OutOfMemoryError):
        compute("wb_pesq", clean, clean)


@pytest.mark.parametrize("name", ["wb_pesq", "nb_pesq"])
def test_a_missing_pesq_package_is_said(name, monkeypatch):
    monkeypatch.setitem(sys.modules, "pesq", None)  # its import then fails, as on Windows
    with pytest.raises(Unavailable, match="pip install pesq"):
        metrics[name]().prepare()


# STOI


@pytest.mark.parametrize("name", ["stoi", "estoi"])
def test_too_little_speech_has_no_intelligibility(name, clean, recwarn):
    mostly_silent = np.concatenate([clean[5000:9000], np.zeros(3 * RATE, np.float32)])  # 0.25 s of speech
    with pytest.raises(Unmeasurable, match="30 frames"):
        compute(name, mostly_silent, mostly_silent)
    assert not recwarn.list


# Spectra


@pytest.mark.parametrize("gain", [0.25, 0.5, 2.0])
def test_spectral_distances_of_a_gain_are_the_gain(gain, noise):
    louder = noise * np.float32(gain)
    assert compute("lsd", louder, noise) == pytest.approx(abs(20 * np.log10(gain)), abs=1e-3)
    assert compute("l1_mel_diff", louder, noise) == pytest.approx(abs(np.log(gain)), abs=1e-4)


def test_the_spectrum_is_in_decibels_of_a_full_scale_sine():
    cycles = 50 / log_spectra.full_band_spec(RATE).n_fft  # per sample: the middle of bin 50
    sine = 0.1 * np.sin(2 * np.pi * cycles * np.arange(RATE))
    assert log_spectra.log_spectrum(sine, RATE).amax(dim=0).median().item() == pytest.approx(-20, abs=0.01)
    assert (log_spectra.log_spectrum(np.zeros(RATE), RATE) == log_spectra.FLOOR_DB).all()


def test_the_window_lasts_as_long_at_every_rate():
    assert log_spectra.full_band_spec(22_050) == replace(AudioSpec(), f_max=11_025.0)
    for rate in (8_000, 16_000, 24_000, 44_100, 48_000):
        spec = log_spectra.full_band_spec(rate)
        assert spec.win_length / rate == pytest.approx(1024 / 22_050, rel=0.01)
        assert spec.win_length == spec.n_fft == 4 * spec.hop_length and spec.f_max == rate / 2


# Mel-cepstra


def test_mel_cepstral_distortion_is_the_distance_of_envelopes_in_decibels():
    mel = np.log1p(np.linspace(0, RATE / 2, 513) / 700)
    low, high = np.log1p(40 / 700), mel[-1]  # WORLD's mel axis begins at 40 Hz
    ripple = 3 * np.cos(5 * np.pi * (mel - low) / (high - low))  # dB
    envelopes = [np.full((4, 513), 1e-4), 1e-4 * np.tile(10 ** (ripple / 10), (4, 1))]
    cepstra_ = [cepstra.coded_envelopes(each, RATE) for each in envelopes]
    assert cepstra.distortion(*cepstra_) == pytest.approx(3 / np.sqrt(2), rel=0.01)  # root mean square of the ripple


@pytest.mark.parametrize("gain", [0.1, 0.5, 1.5])
def test_mel_cepstral_distortion_ignores_gain(gain, clean):
    assert compute("mcd", clean * np.float32(gain), clean) < 0.02
    assert compute("mcd_dtw", clean * np.float32(gain), clean) < 0.02


def test_warping_undoes_another_timing():
    frames = np.random.default_rng(0).standard_normal((40, 24))
    slower = frames.repeat(np.arange(40) % 3 + 1, axis=0)
    assert cepstra.warped_distortion(slower, frames) == pytest.approx(0, abs=1e-9)
    assert cepstra.distortion(slower[:40], frames) > 1


def test_warping_accepts_other_lengths_and_never_adds_distance(clean):
    assert metrics["mcd_dtw"].any_length
    late = np.concatenate([np.zeros(1600, np.float32), clean])
    late += 1e-4 * np.random.default_rng(0).standard_normal(len(late)).astype(np.float32)
    warped = compute("mcd_dtw", late, clean)
    assert warped < 0.5 * compute("mcd", late[: len(clean)], clean)


# Pitch


def test_a_semitone_is_a_hundred_cents(speech_like):
    values = compute("f0_rmse", speech_like(cents=100), speech_like())
    assert values["f0_rmse"] == pytest.approx(100, abs=4)
    assert values["vuv_error"] < 10


def test_pitch_errors_by_hand():
    reference, estimate = np.array([100.0, 100, 0, 0, 200] * 10), np.array([200.0, 100, 50, 0, 0] * 10)
    error, disagreement = pitch.pitch_errors(estimate, reference)
    assert error == pytest.approx(1200 / np.sqrt(2))
    assert disagreement == pytest.approx(40)


def test_speech_without_voice_has_no_pitch_error(noise, clean):
    with pytest.raises(Unmeasurable, match="voiced"):
        compute("f0_rmse", noise, clean[: len(noise)])


# Words


def test_error_rates_by_hand():
    of_words, of_characters = words.error_rates("the bat sat", "The cat sat down.")
    assert of_words == pytest.approx(100 * 2 / 4)
    assert of_characters == pytest.approx(100 * (1 + 5) / 16)  # b for c, and " down" is missing
    assert words.error_rates("a b c d", "x")[0] == pytest.approx(400)


@pytest.mark.parametrize("text", ["Chapter 12", "привет, мир", "...", ""])
def test_texts_that_the_judge_cannot_hear_are_refused(text):
    with pytest.raises(Unmeasurable):
        words.error_rates("anything", text)


def test_the_judge_understands_clean_speech_better_than_noisy(shared_data, with_noise):
    from speechlab.audio.io import read_audio
    from speechlab.audio.resample import resample

    audio = read_audio(shared_data / "ljspeech-mini" / "wavs" / "LJ001-0002.wav")
    clean = resample(audio.waveform, audio.sample_rate, RATE)
    text = "in being comparatively modern."
    heard = compute("wer_pocketsphinx", clean, text=text)
    missed = compute("wer_pocketsphinx", with_noise(clean, -5), text=text)
    assert heard["wer_pocketsphinx"] < missed["wer_pocketsphinx"]
    assert heard["cer_pocketsphinx"] < missed["cer_pocketsphinx"]


# Timing


def test_the_real_time_factor_is_the_median_time_over_the_length():
    moments = iter([0.0, 1.0, 10.0, 19.0, 30.0, 32.0])  # runs of 1, 9 and 2 s
    calls = []
    audio = Audio(np.zeros(4 * RATE, np.float32), RATE)
    assert timing.real_time_factor(calls.append, audio, clock=lambda: next(moments)) == pytest.approx(2 / 4)
    assert len(calls) == 4  # the first one is not timed
