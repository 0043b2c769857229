import numpy as np
import pytest

from speechlab.audio.loudness import loudness, match_loudness, normalise_loudness, peak_db, rms_db, trim_silence

RATE = 48_000


def tone(duration_s: float = 2.0, amplitude: float = 1.0, sample_rate: int = RATE, frequency: float = 997.0):
    time = np.arange(round(duration_s * sample_rate)) / sample_rate
    return (amplitude * np.sin(2 * np.pi * frequency * time)).astype(np.float32)


@pytest.mark.parametrize("sample_rate", [16_000, 22_050, 48_000])
def test_a_full_scale_tone_of_997_hz_has_minus_3_lufs(sample_rate):
    """The calibration point of ITU-R BS.1770: 997 Hz, 0 dBFS, one channel gives -3.01 LUFS."""
    assert loudness(tone(sample_rate=sample_rate), sample_rate) == pytest.approx(-3.01, abs=0.1)


def test_half_the_amplitude_is_6_db_quieter():
    assert loudness(tone(), RATE) - loudness(tone(amplitude=0.5), RATE) == pytest.approx(6.02, abs=0.01)


def test_pauses_do_not_make_speech_quieter():
    with_pause = np.concatenate([tone(), np.zeros(5 * RATE, np.float32)])
    assert loudness(with_pause, RATE) == pytest.approx(loudness(tone(), RATE), abs=0.5)


@pytest.mark.parametrize("duration_s", [0.01, 0.05, 0.2, 0.399])
def test_clips_shorter_than_a_block_are_measured(duration_s):
    assert loudness(tone(duration_s), RATE) == pytest.approx(-3.0, abs=1.0)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("samples", [0, 1, 100, RATE])
def test_silence_is_minus_infinity_without_warnings(samples):
    assert loudness(np.zeros(samples, np.float32), RATE) == -np.inf
    assert loudness(np.full(samples, 1e-9, np.float32), RATE) == -np.inf


def test_normalising_reaches_the_target():
    assert loudness(normalise_loudness(tone(amplitude=0.01), RATE, -20.0), RATE) == pytest.approx(-20.0, abs=0.05)


def test_normalising_never_clips():
    click = np.zeros(RATE, np.float32)
    click[:: RATE // 10] = 0.5
    assert np.abs(normalise_loudness(click, RATE, 0.0)).max() <= 1.0 + 1e-6


def test_matched_clips_are_equally_loud_and_do_not_clip():
    clips = {"recorded": tone(amplitude=0.9), "vocoder": tone(amplitude=0.03, frequency=300), "silent": np.zeros(RATE)}
    matched = match_loudness(clips, RATE, target=0.0)  # out of reach for a full-scale tone
    assert list(matched) == list(clips)
    assert loudness(matched["recorded"], RATE) == pytest.approx(loudness(matched["vocoder"], RATE), abs=0.05)
    assert max(np.abs(clip).max() for clip in matched.values()) <= 1.0 + 1e-6
    assert not matched["silent"].any() and matched["silent"].dtype == np.float32


def test_a_nearly_silent_output_is_not_blown_up_to_noise():
    hiss = 1e-5 * np.random.default_rng(0).standard_normal(RATE).astype(np.float32)
    assert np.array_equal(match_loudness({"failed": hiss, "good": tone()}, RATE)["failed"], hiss)


def test_peak_and_rms_of_a_sine():
    assert peak_db(tone(amplitude=0.5)) == pytest.approx(-6.02, abs=0.01)
    assert rms_db(tone()) == pytest.approx(-3.01, abs=0.01)
    assert peak_db(np.zeros(10)) == rms_db(np.zeros(10)) == -np.inf


def test_silence_at_the_ends_is_trimmed_to_the_margin():
    rng = np.random.default_rng(0)
    background = 1e-4 * rng.standard_normal(3 * RATE).astype(np.float32)
    background[RATE : 2 * RATE] += tone(1.0, 0.5)
    trimmed = trim_silence(background, RATE, margin_s=0.1)
    assert len(trimmed) / RATE == pytest.approx(1.2, abs=0.045)


def test_trimming_keeps_pauses_inside_and_silent_clips_whole():
    speech = np.concatenate([tone(0.5), np.zeros(RATE, np.float32), tone(0.5)])
    assert len(trim_silence(speech, RATE)) == len(speech)
    silent = np.zeros(RATE, np.float32)
    assert len(trim_silence(silent, RATE)) == RATE
