"""Augmentations: aligned, repeatable, and equal to FFmpeg's where FFmpeg's behaviour is defined."""

import itertools
import pickle
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace

import numpy as np
import pytest
from scipy.signal import lfilter

from speechlab.audio.io import write_audio
from speechlab.data.augmentations import (
    Acrusher,
    Chain,
    ChainConfig,
    Codec,
    Crystalizer,
    Flanger,
    ImpulseResponse,
    Noise,
    Vibrato,
)
from speechlab.data.augmentations.codec import mp3, opus, vorbis
from speechlab.data.augmentations.effects import acrusher, crystalizer, flanger, vibrato, vibrato_delay, vibrato_line
from speechlab.data.augmentations.noise import cut, tilted
from speechlab.errors import SpeechlabError
from speechlab.registry import augmentations

RATE = 16_000
ALWAYS = ChainConfig(
    acrusher=Acrusher(probability=1.0),
    crystalizer=Crystalizer(probability=1.0),
    vibrato=Vibrato(probability=1.0),
    flanger=Flanger(probability=1.0),
    codec=Codec(probability=1.0),
)
STEPS = ["room", "noise", "acrusher", "crystalizer", "vibrato", "flanger", "codec"]


def speech_like(samples: int = RATE, sample_rate: int = RATE) -> np.ndarray:
    """Pulses of a voice with two formants, in syllables, (samples,), peak 0.5."""
    seconds = np.arange(samples) / sample_rate
    turns = np.cumsum(120 + 20 * np.sin(2 * np.pi * 3 * seconds)) / sample_rate
    pulses = np.diff(np.floor(turns), prepend=0) + 0.01 * np.random.default_rng(0).standard_normal(samples)
    for formant in (700, 1800):
        pole = 0.97 * np.exp(2j * np.pi * formant / sample_rate)
        pulses = lfilter([1], [1, -2 * pole.real, abs(pole) ** 2], pulses)
    voice = pulses * np.sin(2 * np.pi * 2 * seconds) ** 2
    return (0.5 * voice / np.abs(voice).max()).astype(np.float32)


def click(samples: int = RATE) -> np.ndarray:
    """One sample of full scale in silence."""
    waveform = np.zeros(samples, np.float32)
    waveform[samples // 2] = 1.0
    return waveform


SIGNALS = {
    "speech": speech_like(),
    "silence": np.zeros(RATE, np.float32),
    "a click": click(),
    "a full-scale square": np.sign(np.sin(2 * np.pi * 200.5 * np.arange(RATE) / RATE)).astype(np.float32),
    "an odd length": speech_like(4_321),
    "three samples": np.array([0.1, -0.2, 0.3], np.float32),
    "one sample": np.array([0.5], np.float32),
    "nothing": np.zeros(0, np.float32),
}


def only(name: str) -> ChainConfig:
    """Configure a chain of one certain step."""
    never = {item.name: replace(getattr(ALWAYS, item.name), probability=0.0) for item in fields(ALWAYS)[:-1]}
    return replace(ALWAYS, **{**never, name: replace(getattr(ALWAYS, name), probability=1.0)})


def through_ffmpeg(waveform: np.ndarray, sample_rate: int, name: str, settings: str) -> np.ndarray:
    """Run one of FFmpeg's audio filters."""
    from av import AudioFrame
    from av.error import BlockingIOError, EOFError
    from av.filter import Graph

    graph = Graph()
    graph.link_nodes(
        graph.add_abuffer(sample_rate=sample_rate, format="fltp", layout="mono"),
        graph.add(name, settings),
        graph.add("aformat", "sample_fmts=fltp"),
        graph.add("abuffersink"),
    ).configure()
    frame = AudioFrame.from_ndarray(waveform[None], format="fltp", layout="mono")
    frame.sample_rate = sample_rate
    graph.push(frame)
    graph.push(None)
    parts = []
    while True:
        try:
            parts.append(graph.pull().to_ndarray()[0])
        except (BlockingIOError, EOFError):
            return np.concatenate(parts)


def lag(estimate: np.ndarray, reference: np.ndarray) -> int:
    """Samples by which the estimate comes late, by the peak of the cross-correlation."""
    spectrum = np.fft.rfft(estimate, 2 * len(estimate)) * np.fft.rfft(reference, 2 * len(reference)).conj()
    peak = int(np.argmax(np.fft.irfft(spectrum)))
    return peak if peak < len(reference) else peak - 2 * len(reference)


def test_every_augmentation_has_its_name():
    assert set(augmentations) == {
        "noise", "impulse_response", "acrusher", "crystalizer", "flanger", "vibrato", "codec"
    }  # fmt: skip
    with pytest.raises(SpeechlabError, match="did you mean vibrato"):
        augmentations["vibrat"]


@pytest.mark.parametrize("signal", SIGNALS)
@pytest.mark.parametrize("step", STEPS)
def test_a_step_keeps_the_length_and_gives_numbers(step, signal):
    waveform = SIGNALS[signal]
    degraded = Chain(only(step))(waveform, RATE, seed=5)
    assert degraded.shape == waveform.shape and degraded.dtype == np.float32
    assert np.isfinite(degraded).all() and np.abs(degraded).max(initial=0.0) <= 1.0


@pytest.mark.parametrize("sample_rate", [8_000, 16_000, 22_050, 48_000])
def test_the_whole_chain_keeps_the_length_at_every_rate(sample_rate):
    waveform = speech_like(sample_rate // 2, sample_rate)
    for seed in range(3):
        degraded = Chain(ALWAYS)(waveform, sample_rate, seed)
        assert degraded.shape == waveform.shape and np.isfinite(degraded).all()


@pytest.mark.parametrize("step", STEPS)
def test_a_seed_gives_the_same_bits_and_another_seed_others(step):
    waveform, chain = speech_like(8_192), Chain(only(step))
    assert np.array_equal(chain(waveform, RATE, (1, 2, 3)), chain(waveform, RATE, (1, 2, 3)))
    outputs = [chain(waveform, RATE, (1, 2, index)) for index in range(4)]
    assert any(not np.array_equal(outputs[0], other) for other in outputs[1:])


def test_the_order_of_workers_changes_no_bit():
    waveform, chain = speech_like(8_192), Chain(ChainConfig())
    forwards = [chain(waveform, RATE, (7, 0, index)) for index in range(12)]
    copy = pickle.loads(pickle.dumps(chain))
    with ThreadPoolExecutor(2) as pool:
        backwards = list(pool.map(lambda index: copy(waveform, RATE, (7, 0, index)), range(11, -1, -1)))
    for one, other in zip(forwards, reversed(backwards), strict=True):
        assert np.array_equal(one, other)


def test_the_input_is_not_written_to():
    waveform = speech_like(4_096)
    waveform.setflags(write=False)
    Chain(ALWAYS)(waveform, RATE, seed=0)


def test_gates_are_as_likely_as_configured_and_independent(monkeypatch):
    met = set()
    for kind in augmentations.values():
        monkeypatch.setattr(kind, "apply", lambda step, waveform, *_: met.add(step) or waveform)
    chain, gates = Chain(ChainConfig()), []
    steps = [getattr(chain.config, name) for name in ("room", "acrusher", "crystalizer", "vibrato", "flanger", "codec")]
    for index in range(1000):
        met.clear()
        chain(np.zeros(1, np.float32), RATE, (0, index))
        gates.append([step in met for step in steps])
    np.testing.assert_allclose(np.mean(gates, axis=0), [step.probability for step in steps], atol=0.05)
    assert np.abs(np.corrcoef(np.transpose(gates)) - np.eye(len(steps))).max() < 0.12


@pytest.mark.parametrize("sample_rate", [16_000, 22_050, 48_000])
@pytest.mark.parametrize("bits", [1, 2, 3, 5, 9])
def test_acrusher_is_that_of_ffmpeg(bits, sample_rate):
    waveform = speech_like(sample_rate) * 1.8
    np.testing.assert_allclose(
        acrusher(waveform, bits), through_ffmpeg(waveform, sample_rate, "acrusher", f"bits={bits}"), atol=1e-4
    )


@pytest.mark.parametrize("intensity", [1, 2, 4])
def test_crystalizer_is_that_of_ffmpeg(intensity):
    waveform = speech_like()
    np.testing.assert_allclose(
        crystalizer(waveform, intensity), through_ffmpeg(waveform, RATE, "crystalizer", f"i={intensity}"), atol=1e-4
    )


@pytest.mark.parametrize("sample_rate", [16_000, 22_050, 48_000])
@pytest.mark.parametrize("depth_ms", [1, 2, 5, 8])
def test_flanger_is_that_of_ffmpeg(depth_ms, sample_rate):
    waveform = speech_like(3 * sample_rate, sample_rate)  # longer than one sweep
    np.testing.assert_allclose(
        flanger(waveform, sample_rate, depth_ms),
        through_ffmpeg(waveform, sample_rate, "flanger", f"depth={depth_ms}"),
        atol=1e-4,
    )


@pytest.mark.parametrize("sample_rate", [16_000, 22_050, 48_000])
@pytest.mark.parametrize(("frequency", "depth"), [(5, 0.5), (8, 0.5), (6, 1.0)])
def test_vibrato_is_that_of_ffmpeg_without_its_delay_and_its_undefined_start(frequency, depth, sample_rate):
    waveform = speech_like(2 * sample_rate, sample_rate)
    theirs = through_ffmpeg(waveform, sample_rate, "vibrato", f"f={frequency}:d={depth}")
    delay, line = vibrato_delay(sample_rate, depth), vibrato_line(sample_rate)
    ours = vibrato(waveform, sample_rate, frequency, depth)
    np.testing.assert_allclose(ours[line - delay : len(ours) - delay], theirs[line:], atol=1e-4)


@pytest.mark.parametrize(
    ("name", "limit"),
    [("acrusher", 0), ("crystalizer", 0), ("vibrato", 20), ("flanger", 0)],  # a wobble is late and early by turns
)
def test_effects_do_not_move_the_sound(name, limit):
    waveform = (0.1 * np.random.default_rng(0).standard_normal(2 * RATE)).astype(np.float32)
    for seed in range(4):
        late = lag(Chain(only(name))(waveform, RATE, seed), waveform)
        assert abs(late) <= limit


@pytest.mark.parametrize("order", ["physical", "reference"])
def test_noise_has_the_ratio_that_was_asked_for(order):
    clean = 0.1 * speech_like(2 * RATE)
    for snr_db in (-5.0, 0.0, 12.5, 20.0):
        config = replace(only("noise"), noise=Noise(snr_db=(snr_db, snr_db)), order=order)
        noise = Chain(config)(clean, RATE, seed=3).astype(np.float64) - clean
        assert 10 * np.log10(np.mean(clean**2) / np.mean(noise**2)) == pytest.approx(snr_db, abs=0.1)


def test_noise_that_would_clip_turns_the_whole_down():
    clean = 2 * speech_like()
    noisy = Chain(replace(only("noise"), noise=Noise(snr_db=(0.0, 0.0))))(clean, RATE, seed=0).astype(np.float64)
    gain = noisy @ clean / (clean @ clean)
    assert np.abs(noisy).max() == pytest.approx(1.0)
    assert 10 * np.log10(np.sum((gain * clean) ** 2) / np.sum((noisy - gain * clean) ** 2)) == pytest.approx(0, abs=0.2)


def test_noise_starts_anywhere_and_short_noise_is_looped():
    noise, generator = np.arange(1, 11, dtype=np.float32), np.random.default_rng(0)
    assert {float(cut(noise, 4, generator)[0]) for _ in range(200)} == set(range(1, 8))  # all that leave 4 samples
    looped = [cut(noise, 25, generator) for _ in range(200)]
    assert {float(piece[0]) for piece in looped} == set(range(1, 11))
    for piece in looped:
        np.testing.assert_array_equal(np.diff(piece) % 10, 1)


def test_padding_of_a_noise_is_not_played(tmp_path):
    noise = np.zeros(5 * RATE, np.float32)
    noise[:RATE] = 0.1 * np.random.default_rng(0).standard_normal(RATE)
    write_audio(tmp_path / "padded.wav", noise, RATE)
    for seed in range(5):
        piece = Noise(folder=str(tmp_path)).excerpt(2 * RATE, RATE, np.random.default_rng(seed))
        assert (np.abs(piece).reshape(20, -1).max(axis=1) > 0.1).all()


def test_babble_is_several_voices_at_once(tmp_path):
    for number, hz in enumerate((300, 500, 700), 1):
        tone = 0.1 * np.sin(2 * np.pi * hz * np.arange(RATE) / RATE).astype(np.float32)
        write_audio(tmp_path / f"{number}.wav", tone, RATE)
    noise, heard = Noise(babble=str(tmp_path), babble_share=1.0), set()
    for seed in range(5):
        spectrum = np.abs(np.fft.rfft(noise.excerpt(RATE, RATE, np.random.default_rng(seed))))
        tones = {hz for hz in (300, 500, 700) if spectrum[hz] > 100}
        assert len(tones) >= 1 and spectrum[[300, 500, 700]].sum() > 0.3 * 3 * 0.1 * RATE / 2  # three voices or more
        heard |= tones
    assert heard == {300, 500, 700}
    simulated = Noise(babble=str(tmp_path), babble_share=0.0).excerpt(RATE, RATE, np.random.default_rng(0))
    assert np.abs(np.fft.rfft(simulated))[1:50].mean() > 1  # broad, unlike the tones


def test_a_folder_of_silence_is_refused(tmp_path):
    write_audio(tmp_path / "silence.wav", np.zeros(RATE, np.float32), RATE)
    with pytest.raises(SpeechlabError, match="were all silent"):
        Chain(replace(only("noise"), noise=Noise(folder=str(tmp_path))))(speech_like(), RATE, seed=0)
    with pytest.raises(SpeechlabError, match="impulse response is silent"):
        Chain(replace(only("room"), room=ImpulseResponse(folder=str(tmp_path))))(speech_like(), RATE, seed=0)


def test_bad_settings_are_refused(tmp_path):
    with pytest.raises(SpeechlabError, match="there is no folder"):
        Chain(ChainConfig(noise=Noise(folder=str(tmp_path / "absent"))))
    with pytest.raises(SpeechlabError, match="holds no audio"):
        Chain(ChainConfig(room=ImpulseResponse(folder=str(tmp_path))))
    with pytest.raises(SpeechlabError, match="no order 'random'"):
        ChainConfig(order="random")
    with pytest.raises(SpeechlabError, match="give microphone.folder"):
        ChainConfig(microphone=ImpulseResponse(probability=0.5))
    with pytest.raises(SpeechlabError, match="between 0 and 1"):
        Noise(probability=1.5)
    with pytest.raises(SpeechlabError, match=r"shape \(samples,\)"):
        Chain(ChainConfig())(np.zeros((1, 100), np.float32), RATE, seed=0)


def test_the_direct_sound_stays_at_lag_0_with_its_level_and_sign():
    chain = Chain(only("room"))
    for seed in range(5):
        played = chain(0.3 * click(), RATE, seed)
        assert not played[: RATE // 2].round(6).any()
        assert np.argmax(np.abs(played)) == RATE // 2
        assert played[RATE // 2] == pytest.approx(0.3, abs=1e-5)


def test_a_measured_response_loses_its_delay_its_level_and_its_sign(tmp_path):
    response = np.zeros(800, np.float32)
    response[[300, 310, 500]] = -0.5, 0.25, 0.1
    write_audio(tmp_path / "room.wav", response, RATE)
    chain = Chain(replace(only("room"), room=ImpulseResponse(folder=str(tmp_path))))
    played = chain(0.3 * click(), RATE, seed=0)
    places = RATE // 2 + np.array([0, 10, 200])
    np.testing.assert_allclose(played[places], [0.3, -0.15, -0.06], atol=1e-4)


def test_steps_follow_the_order_of_the_chain(tmp_path, monkeypatch):
    met = []
    for kind in augmentations.values():
        monkeypatch.setattr(kind, "apply", lambda step, waveform, sample_rate, generator: met.append(step) or waveform)
    write_audio(tmp_path / "response.wav", click(100), RATE)
    config = replace(ALWAYS, room=ImpulseResponse(), microphone=ImpulseResponse(folder=str(tmp_path)))
    effects = [config.acrusher, config.crystalizer, config.vibrato, config.flanger, config.codec]
    Chain(config)(speech_like(100), RATE, seed=0)
    assert met == [config.room, config.noise, config.microphone, *effects]
    met.clear()
    Chain(replace(config, order="reference"))(speech_like(100), RATE, seed=0)
    assert met == [config.noise, config.microphone, config.room, *effects]


def test_noise_is_reverberant_in_the_reference_order_only():
    config = replace(only("noise"), room=ImpulseResponse(reverberation_s=(0.3, 0.3)), noise=Noise(snr_db=(0, 0)))
    clean = 0.05 * speech_like()
    room = Chain(replace(config, noise=Noise(probability=0.0)))(clean, RATE, seed=1)
    noise = Chain(replace(config, room=ImpulseResponse(probability=0.0)))(clean, RATE, seed=1) - clean
    added = Chain(config)(clean, RATE, seed=1) - room
    alike = added @ noise / np.sqrt((added @ added) * (noise @ noise))
    assert alike > 0.999  # the same noise, dry
    played = Chain(replace(config, order="reference"))(clean, RATE, seed=1) - room
    assert played @ noise / np.sqrt((played @ played) * (noise @ noise)) < 0.98


@pytest.mark.parametrize("sample_rate", [8_000, 16_000, 22_050, 24_000])
@pytest.mark.parametrize(
    ("codec", "setting"), [(mp3, 8_000), (mp3, 32_000), (opus, 9_000), (opus, 24_000), (vorbis, 0.8), (vorbis, 1.0)]
)
def test_codecs_are_aligned(codec, setting, sample_rate):
    waveform = speech_like(2 * sample_rate, sample_rate)
    decoded = codec(waveform, sample_rate, setting)
    assert decoded.shape == waveform.shape and decoded.dtype == np.float32
    assert lag(decoded, waveform) == 0
    assert np.mean((decoded - waveform) ** 2) > 0


def test_more_bits_are_nearer_to_the_original():
    waveform = speech_like(2 * RATE)
    for codec, settings in ((mp3, (8_000, 24_000, 64_000)), (opus, (6_000, 16_000, 64_000)), (vorbis, (1.0, 0.5, 0.0))):
        errors = [np.mean((codec(waveform, RATE, setting) - waveform) ** 2) for setting in settings]
        assert errors == sorted(errors, reverse=True)


def test_at_48_khz_codecs_work_at_low_rates():
    waveform = speech_like(24_000, 48_000)
    chain = Chain(replace(only("codec"), codec=Codec(1.0, low_rates=(8_000,))))
    for seed in range(6):
        degraded = chain(waveform, 48_000, seed)
        assert abs(lag(degraded, waveform)) <= 1
        power = np.abs(np.fft.rfft(degraded)) ** 2
        assert power[len(power) // 4 :].sum() < 1e-3 * power.sum()  # nothing above 6 kHz


def test_real_noises_rooms_and_speech(shared_data):
    from speechlab.audio.io import read_audio

    speech = read_audio(sorted((shared_data / "kathleen").rglob("*.flac"))[0], RATE).waveform[: 2 * RATE]
    config = ChainConfig(
        room=ImpulseResponse(folder=str(shared_data / "rir" / "16k")),
        noise=Noise(folder=str(shared_data / "noise-esc10")),
    )
    for seed, order in itertools.product(range(3), ("physical", "reference")):
        degraded = Chain(replace(config, order=order))(speech, RATE, (0, seed))
        assert degraded.shape == speech.shape and np.isfinite(degraded).all() and degraded.any()
    clean, never = 0.3 * speech, replace(config, room=ImpulseResponse(probability=0.0))
    certain = replace(only("noise"), noise=replace(never.noise, snr_db=(5.0, 5.0)))
    for seed in range(4):
        noise = Chain(certain)(clean, RATE, seed).astype(np.float64) - clean
        assert 10 * np.log10(np.mean(clean.astype(np.float64) ** 2) / np.mean(noise**2)) == pytest.approx(5, abs=0.1)


@pytest.mark.parametrize("slope_db", [-9.0, -3.0, 3.0])
def test_a_tilted_noise_rises_or_falls_by_so_many_decibels_an_octave(slope_db):
    noise = np.random.default_rng(0).standard_normal(10 * RATE).astype(np.float32)
    gains = np.abs(np.fft.rfft(tilted(noise, RATE, slope_db)) / np.fft.rfft(noise))
    assert np.diff([20 * np.log10(gains[10 * hz]) for hz in (100, 200, 400, 800)]) == pytest.approx(
        [slope_db] * 3, abs=0.01
    )


def test_a_tilt_leaves_the_ratio_as_it_was_asked_for():
    clean = np.random.default_rng(1).standard_normal(RATE).astype(np.float32) / 10
    noise = Noise(snr_db=(3.0, 3.0), tilt_db=(-9.0, 3.0)).apply(clean, RATE, np.random.default_rng(2)) - clean
    assert 10 * np.log10(np.mean(clean**2) / np.mean(noise**2)) == pytest.approx(3.0, abs=0.1)
