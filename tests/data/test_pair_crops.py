"""Crops of pairs: aligned, repeatable, at one gain, read from where they lie; and datasets that need no download."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
import soundfile
import torch

from speechlab.audio import io
from speechlab.config import DegradationConfig, PairsConfig
from speechlab.data.corpora import TRAIN, VALIDATION
from speechlab.data.pairs import EnhancementDataset, Pair, collate_enhancement, crops, load_pairs
from speechlab.errors import SpeechlabError

RATE = 16_000
NOTHING = DegradationConfig(noise_probability=0, room_probability=0, effects=0, codec_probability=0)
EVERYTHING = DegradationConfig(snr_db=(0.0, 20.0), effects=2.0, codec_probability=1.0)
SEGMENT = 4096


def voice(seconds: float = 2.0, rate: int = RATE, seed: int = 0) -> np.ndarray:
    """Noise in syllables, limited to 7 kHz, (samples,), peak 0.3: no piece of it resembles another."""
    rng = np.random.default_rng(seed)
    samples = int(seconds * rate)
    spectrum = np.fft.rfft(rng.standard_normal(samples))
    spectrum[np.fft.rfftfreq(samples, 1 / rate) > 7000] = 0
    syllables = np.fft.irfft(spectrum, samples) * (1.1 + np.sin(2 * np.pi * 3 * np.arange(samples) / rate))
    return (0.3 * syllables / np.abs(syllables).max()).astype(np.float32)


def tone(frequency: float, seconds: float = 2.0, rate: int = RATE) -> np.ndarray:
    return 0.3 * np.sin(2 * np.pi * frequency * np.arange(int(seconds * rate)) / rate)


@pytest.fixture
def record(tmp_path):
    """Write a float wav file and pair it, with a degraded recording or none."""

    def write(waveform, noisy=None, rate=RATE, name="a"):
        paths = []
        for kind, signal in {"clean": waveform, "noisy": noisy}.items():
            path = tmp_path / f"{name}-{kind}.wav"
            if signal is not None:
                soundfile.write(path, signal, rate, "FLOAT")
            paths.append(path if signal is not None else None)
        return Pair(name, *paths)

    return write


def dataset(*pairs, data=None, degradation=NOTHING, clean_rate=RATE, context=0, segment=SEGMENT, seed=1):
    return EnhancementDataset(pairs, data or PairsConfig(), degradation, RATE, clean_rate, segment, seed, context)


def lag(a: np.ndarray, b: np.ndarray) -> int:
    """Find the delay of ``b`` behind ``a`` at which they resemble each other most."""
    return int(np.argmax(np.abs(np.correlate(b, a, "full")))) - (len(a) - 1)


def place(piece: np.ndarray, whole: np.ndarray) -> int:
    """Find where a piece was cut out of a recording."""
    return int(np.argmax(np.correlate(whole, piece, "valid")))


# ------------------------------------------------------------------------------------------------ degraded and clean


def test_without_degradations_both_signals_are_the_same(record):
    data = dataset(record(voice()))
    for epoch in range(5):
        crop = data[epoch, 0]
        assert crop.degraded.shape == crop.clean.shape == (1, SEGMENT)
        assert torch.allclose(crop.degraded, crop.clean, atol=1e-6)


@pytest.mark.parametrize("snr_db", [0.0, 12.0])
def test_noise_has_the_power_that_was_asked_for(record, snr_db):
    data = dataset(record(voice()), degradation=replace(NOTHING, noise_probability=1.0, snr_db=(snr_db, snr_db)))
    for epoch in range(4):
        crop = data[epoch, 0]
        clean, noise = crop.clean.double(), (crop.degraded - crop.clean).double()
        alike = torch.corrcoef(torch.cat([clean, noise]))[0, 1].abs()
        assert alike < 0.1  # nothing of the speech is left in the difference: one gain for both
        assert 10 * torch.log10(clean.square().mean() / noise.square().mean()) == pytest.approx(snr_db, abs=0.1)


def test_both_signals_get_one_gain_that_depends_on_the_degraded_one(record):
    speech = voice()
    data = dataset(record(speech, noisy=0.5 * speech))
    peaks = []
    for epoch in range(60):
        crop = data[epoch, 0]
        peaks.append(crop.degraded.abs().max().item())
        assert torch.allclose(crop.clean, 2 * crop.degraded, atol=1e-5)
    assert 0.25 - 1e-4 <= min(peaks) < 0.35 and 0.85 < max(peaks) <= 0.95 + 1e-4


@pytest.mark.parametrize("loudness", [0.02, 3.0])
def test_the_level_of_the_recording_does_not_matter(record, loudness):
    peak = dataset(record(loudness * voice()))[0, 0].degraded.abs().max()
    assert 0.25 - 1e-4 <= peak <= 0.95 + 1e-4


def test_the_peak_is_that_of_what_the_network_hears(record):
    wide = np.random.default_rng(0).standard_normal(96_000) / 10  # most of it lies above 8 kHz
    data = dataset(record(wide, rate=48_000), clean_rate=48_000)
    peaks = [data[epoch, 0].degraded.abs().max().item() for epoch in range(30)]
    assert min(peaks) >= 0.25 - 1e-4 and 0.6 < max(peaks) <= 0.95 + 1e-4


def test_silence_stays_silent(record):
    crop = dataset(record(np.zeros(RATE)), degradation=EVERYTHING)[0, 0]
    assert not crop.degraded.any() and not crop.clean.any()


def test_the_offset_of_a_recording_is_removed_from_both(record):
    crop = dataset(record(voice() + 0.2))[0, 0]
    assert crop.clean.mean().abs() < 0.02 and torch.allclose(crop.degraded, crop.clean, atol=1e-6)
    crop = dataset(record(voice() + 0.2, noisy=voice() + 0.1))[0, 0]
    assert torch.allclose(crop.degraded, crop.clean, atol=1e-5)


def test_a_recording_paired_with_itself_gives_equal_crops(record):
    pair = record(voice())
    crop = dataset(replace(pair, noisy=pair.clean))[0, 0]
    assert crop.degraded.equal(crop.clean)


def test_everything_at_once_keeps_crops_finite_and_aligned(record):
    data = dataset(record(voice()), degradation=replace(EVERYTHING, snr_db=(20.0, 20.0)))
    lags = []
    for epoch in range(8):
        crop = data[epoch, 0]
        assert crop.degraded.isfinite().all() and crop.degraded.abs().max() <= 0.95 + 1e-4
        lags.append(lag(crop.clean[0].numpy(), crop.degraded[0].numpy()))
    assert np.median(np.abs(lags)) <= 2  # vibrato and flanger have a moving delay


@pytest.mark.parametrize("method", ["default", "decimate", "random"])
def test_the_band_of_the_degraded_one_alone_is_limited(record, method):
    degradation = replace(NOTHING, band_hz=(2000,), band_method=method)
    crop = dataset(record(voice()), degradation=degradation)[0, 0]
    window = torch.hann_window(SEGMENT)
    powers = [torch.fft.rfft(signal[0] * window).abs().square() for signal in (crop.degraded, crop.clean)]
    above = slice(int(2300 * SEGMENT / RATE), int(6500 * SEGMENT / RATE))
    below = slice(int(200 * SEGMENT / RATE), int(1600 * SEGMENT / RATE))
    assert powers[0][above].mean() < 1e-4 * powers[1][above].mean()
    assert powers[0][below].mean().item() == pytest.approx(powers[1][below].mean().item(), rel=0.02)


# ------------------------------------------------------------------------------------------------ chance


def test_a_place_in_training_always_gives_the_same_crop_and_others_give_others(record):
    pair = record(voice(5))
    config = replace(EVERYTHING, band_hz=(2000, 4000))
    data = PairsConfig(speeds=(0.8, 1.25))
    first = dataset(pair, pair, data=data, degradation=config)[3, 1]
    again = dataset(pair, pair, data=data, degradation=config)[3, 1]
    assert first.degraded.equal(again.degraded) and first.clean.equal(again.clean)
    others = [dataset(pair, pair, data=data, degradation=config)[place] for place in ((4, 1), (3, 0))]
    others.append(dataset(pair, pair, data=data, degradation=config, seed=2)[3, 1])
    assert not any(first.clean.equal(other.clean) for other in others)


def test_held_out_clips_are_the_beginning_and_always_degraded_alike(record):
    speech = voice()
    data = dataset(record(speech), data=PairsConfig(speeds=(0.5, 2.0)), degradation=EVERYTHING)
    degraded, clean = data.excerpt(data.pairs[0], 8000, (1, 0))
    assert place(clean[:2000], speech) == 0 and degraded.shape == clean.shape == (8000,)
    assert np.array_equal(data.excerpt(data.pairs[0], 8000, (1, 0))[0], degraded)
    assert not np.array_equal(data.excerpt(data.pairs[0], 8000, (1, 1))[0], degraded)
    assert np.abs(degraded).max() == pytest.approx(0.6, abs=1e-4)


@pytest.mark.parametrize("speed", [0.8, 1.25])
def test_a_faster_voice_is_higher(record, speed):
    crop = dataset(record(tone(1000)), data=PairsConfig(speeds=(speed, speed)), segment=16_384)[0, 0]
    spectrum = np.abs(np.fft.rfft(crop.clean[0].numpy() * np.hanning(16_384)))
    assert np.argmax(spectrum) * RATE / 16_384 == pytest.approx(1000 * speed, abs=1)


@pytest.mark.parametrize("speed", [0.8, 1.25])
def test_a_faster_recording_is_shorter(record, speed):
    click = np.zeros(RATE)
    click[8000] = 0.5
    crop = dataset(record(click), data=PairsConfig(speeds=(speed, speed)), segment=32_768)[0, 0]
    assert crop.clean[0].argmax() == pytest.approx(8000 / speed, abs=1)
    assert not crop.clean[0, int(RATE / speed) + 1 :].any()


# ------------------------------------------------------------------------------------------------ rates and places


def test_clean_speech_at_a_higher_rate_stays_aligned(record):
    data = dataset(record(voice(2, 48_000), rate=48_000), clean_rate=48_000, context=12_288)
    for epoch in range(3):
        crop = data[epoch, 0]
        assert crop.clean.shape == (1, 3 * SEGMENT) and crop.degraded.shape == (1, SEGMENT)
        upsampled = np.zeros(3 * SEGMENT, np.float32)
        upsampled[::3] = crop.degraded[0]  # with images of the spectrum, which leave the place of the peak alone
        assert lag(crop.clean[0].numpy(), upsampled) == 0


def test_the_crop_lies_in_its_context_where_it_is_said_to_be(record):
    data = dataset(record(voice(3)), record(voice(3, seed=1), name="b"), context=20_480, degradation=EVERYTHING)
    items = [data[epoch, epoch % 2] for epoch in range(6)]
    batch = collate_enhancement(items)
    assert batch.context.shape == (6, 1, 20_480) and batch.degraded.shape == (6, 1, SEGMENT)
    for degraded, context, start in zip(batch.degraded, batch.context, batch.starts, strict=True):
        assert degraded.equal(context[:, start : start + SEGMENT])
    assert len(set(batch.starts.tolist())) > 2
    assert batch.names[:2] == ["a", "b"]


def test_without_a_wider_context_there_is_none(record):
    data = dataset(record(voice()))
    batch = collate_enhancement([data[0, 0], data[1, 0]])
    assert batch.context is None and batch.starts is None and batch.clean.shape == (2, 1, SEGMENT)


def test_real_pairs_are_cut_at_the_same_place(record):
    speech, noise = voice(4), np.random.default_rng(9).normal(0, 0.01, 4 * RATE)
    data = dataset(record(speech, noisy=speech + noise), data=PairsConfig(speeds=(1.1, 1.1)))
    for epoch in range(4):
        crop = data[epoch, 0]
        assert lag(crop.clean[0].numpy(), crop.degraded[0].numpy()) == 0
        assert torch.corrcoef(torch.cat([crop.clean, crop.degraded]))[0, 1] > 0.97


def test_crops_come_from_everywhere(record):
    speech = voice(3)
    data = dataset(record(speech))
    places = [place(data[epoch, 0].clean[0].numpy(), speech) for epoch in range(30)]
    assert min(places) < RATE / 2 and max(places) > 2 * RATE and max(places) <= len(speech) - SEGMENT


@pytest.mark.parametrize("samples", [1, 50, 1000])
def test_short_recordings_are_followed_by_zeros(record, samples):
    crop = dataset(record(voice(samples / RATE) if samples > 1 else np.array([0.5])), degradation=EVERYTHING)[0, 0]
    assert crop.clean.shape == crop.degraded.shape == (1, SEGMENT)
    assert not crop.clean[0, samples:].any() and crop.degraded.isfinite().all()


def test_pairs_of_unequal_length_or_rate_are_refused(record):
    speech = voice()
    pairs = [record(speech, noisy=speech[:-1]), record(speech, noisy=speech, name="b")]
    soundfile.write(pairs[1].noisy, speech, 8000)
    for pair in pairs:
        with pytest.raises(SpeechlabError, match="differ in rate or length"):
            dataset(pair).excerpt(pair, SEGMENT, (0,))
        with pytest.raises(SpeechlabError, match="no recording of the dataset"):
            dataset(pair)[0, 0]


def test_a_broken_file_is_left_out_and_named_once(record, tmp_path, capsys):
    (tmp_path / "broken.wav").write_bytes(b"no audio at all")
    pairs = [Pair("broken", tmp_path / "broken.wav"), Pair("gone", tmp_path / "gone.wav"), record(voice())]
    data = dataset(*pairs)
    assert {data[epoch, index].name for epoch in range(2) for index in range(3)} == {"a"}
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 and "broken.wav" in lines[0] and "gone.wav" in lines[1]


@pytest.mark.parametrize(("suffix", "minutes"), [("wav", 20), ("flac", 3), ("ogg", 1)])
def test_of_a_long_recording_only_the_piece_is_read(tmp_path, monkeypatch, suffix, minutes):
    block, path = (voice(60) * 32_000).astype(np.int16), tmp_path / f"long.{suffix}"
    with soundfile.SoundFile(path, "w", RATE, 1) as file:
        for _ in range(minutes):
            file.write(block)

    def refuse(*_):
        raise AssertionError("the whole file was read")

    monkeypatch.setattr(crops, "read_audio", refuse, raising=False)
    monkeypatch.setattr(io, "read_audio", refuse)
    data = dataset(Pair("long", path))
    data[0, 0]
    tracemalloc.start()
    crop = data[1, 0]
    assert tracemalloc.get_traced_memory()[1] < 2e6  # the shortest of these files takes 3.8 MB as samples
    tracemalloc.stop()
    assert crop.clean.abs().max() > 0.1


# ------------------------------------------------------------------------------------------------ the noise floor


def test_the_floor_of_a_quiet_recording_is_removed_from_the_target_alone(record):
    rng = np.random.default_rng(0)
    speech = tone(1000, 8) * (np.arange(8 * RATE) // RATE % 2)  # every other second is a pause
    noisy = speech + rng.normal(0, 0.003, len(speech))
    pair = record(noisy)
    kept, removed = (dataset(pair, data=PairsConfig(remove_noise_floor=flag)) for flag in (False, True))
    degraded, clean = removed.excerpt(pair, 2 * RATE, (0,))
    unchanged, same = kept.excerpt(pair, 2 * RATE, (0,))
    assert np.allclose(unchanged, same, atol=1e-6) and np.allclose(degraded, unchanged, atol=1e-6)
    pause = slice(2000, RATE - 2000)
    assert 20 * np.log10(np.std(clean[pause]) / np.std(degraded[pause])) < -8
    sound = slice(RATE + 2000, 2 * RATE - 2000)
    assert 20 * np.log10(np.std(clean[sound]) / np.std(degraded[sound])) == pytest.approx(0, abs=0.5)


# ------------------------------------------------------------------------------------------------ datasets at hand


def test_the_embedded_corpus_is_clean_speech_in_its_own_split():
    pairs = load_pairs(PairsConfig("embedded", n_files=2))
    assert len(pairs.split(TRAIN)) == len(pairs.split(VALIDATION)) == 2
    assert all(pair.noisy is None and pair.clean.is_file() for pair in pairs.pairs)


def test_real_pairs_load_and_crop(shared_data):
    folder = shared_data / "voicebank-demand-mini"
    pairs = load_pairs(PairsConfig("folders", clean=(str(folder / "clean"),), noisy=str(folder / "noisy")))
    assert len(pairs.pairs) == 33 and all(pair.noisy for pair in pairs.pairs)
    for epoch in range(3):
        crop = dataset(*pairs.split(TRAIN), segment=16_384)[epoch, epoch]
        assert abs(lag(crop.clean[0].numpy(), crop.degraded[0].numpy())) <= 1


def test_noise_lies_within_the_band_of_the_recording(record):
    noisy = replace(NOTHING, noise_probability=1.0, snr_db=(0.0, 0.0))
    degraded = (
        dataset(record(tone(500, rate=8000), rate=8000), degradation=noisy, segment=16_384)[0, 0].degraded[0].numpy()
    )
    powers = np.abs(np.fft.rfft(degraded * np.hanning(len(degraded)))) ** 2
    frequencies = np.fft.rfftfreq(len(degraded), 1 / RATE)
    assert powers[frequencies > 4200].sum() < 1e-4 * powers[(frequencies > 1000) & (frequencies < 3800)].sum()
