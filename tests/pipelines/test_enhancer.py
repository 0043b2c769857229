"""The Enhancer keeps rate, channels, length and level; pieces sound like the whole; nothing is lost by a bad file."""

from dataclasses import replace

import numpy as np
import pytest
import soundfile as sf
import torch
from torch import nn

from speechlab.audio.io import Audio, read_audio
from speechlab.audio.streaming import Tape, open_recording
from speechlab.checkpoints import write_checkpoint
from speechlab.config import AudioSpec, to_dict
from speechlab.errors import SpeechlabError
from speechlab.metrics.log_spectra import full_band_spec, log_spectrum
from speechlab.models import build
from speechlab.pipelines.enhancer import FINALLY, HIFIPP, WINDOWS, Enhancer, level_of
from speechlab.pipelines.long_audio import Windows, survey, through_windows

RATE = 16_000
SMALL = dict(channels=16, spectral_widths=(4,) * 5, spectral_depth=2, wave_widths=(4,) * 4, wave_depth=2,
             mask_widths=(4,) * 4, mask_depth=2)  # fmt: skip
SHORT = Windows(grid=4096, length=4 * 4096, overlap=4096, context=2 * 4096)


def write_enhancer(folder, kind=HIFIPP, task="denoising", **sizes):
    """Write the checkpoint of a small enhancer with random weights, large enough for its output to be heard."""
    torch.manual_seed(0)
    sizes = {**SMALL, **sizes}
    network = build(kind, **sizes)
    with torch.no_grad():
        for layer in network.modules():
            if isinstance(layer, nn.Conv1d | nn.ConvTranspose1d) and layer.weight.abs().mean() < 0.015:
                layer.weight = torch.randn_like(layer.weight) / layer.weight[0].numel() ** 0.5
    card = {"model": kind, "sizes": sizes, "audio": to_dict(AudioSpec(sample_rate=RATE)), "task": task}
    write_checkpoint(folder, network.state_dict(), card | {"wavlm": "tiny", "input_band_hz": 8000, "peak": 0.95})
    return folder


def identity(**changes):
    """An enhancer that gives back what it hears."""
    settings = dict(network=lambda waveform: waveform, sample_rate=RATE, output_rate=RATE, windows=SHORT, card={})
    return Enhancer(**{**settings, **changes})


def speech_like(duration_s, sample_rate, seed=0):
    """Noise below 3 kHz that comes and goes, (samples,), with a peak of 0.4."""
    rng = np.random.default_rng(seed)
    spectrum = np.fft.rfft(rng.standard_normal(round(duration_s * sample_rate)))
    spectrum[np.fft.rfftfreq(round(duration_s * sample_rate), 1 / sample_rate) > 3000] = 0
    noise = np.fft.irfft(spectrum, round(duration_s * sample_rate))
    noise *= 0.6 + 0.4 * np.sin(2 * np.pi * 3 * np.arange(len(noise)) / sample_rate)
    return (0.4 * noise / np.abs(noise).max()).astype(np.float32)


def level_db(error, reference):
    return 10 * np.log10(np.mean(np.square(error)) / np.mean(np.square(reference)) + 1e-20)


@pytest.fixture(scope="module")
def enhancer(tmp_path_factory):
    return Enhancer.load(write_enhancer(tmp_path_factory.mktemp("hifipp") / "denoise"), device="cpu")


@pytest.mark.parametrize("samples", [1, 4096, 16_384, 16_385, 20_481, 28_672, 28_673, 40_961, 100_000])
def test_windows_cover_everything_once_and_start_on_the_grid(samples):
    starts = SHORT.starts(samples)
    assert starts[0] == 0 and all(start % SHORT.grid == 0 for start in starts) and starts == sorted(set(starts))
    ends = [*(start + SHORT.overlap for start in starts[1:]), samples]
    assert all(0 < end - start <= SHORT.length for start, end in zip(starts, ends, strict=True))
    signal = np.random.default_rng(0).standard_normal((samples, 2)).astype(np.float32)
    tape = Tape(iter(np.array_split(signal, 7)), 2)
    heard = []
    blocks = through_windows(tape, samples, SHORT, lambda window: heard.append(len(window)) or window.repeat(3, 0), 3)
    assert np.allclose(np.concatenate(list(blocks)), signal.repeat(3, 0), atol=1e-6)
    assert max(heard) <= SHORT.length + 2 * SHORT.context  # the memory does not grow with the recording


@pytest.mark.parametrize("kind", WINDOWS)
def test_windows_fit_the_grid(kind):
    windows = WINDOWS[kind]
    assert all(value % windows.grid == 0 for value in (windows.length, windows.overlap, windows.context))
    assert windows.grid % 4096 == 0 and (kind == HIFIPP or windows.grid % 320 == 0)


def test_hifipp_in_pieces_equals_the_whole(tmp_path):
    enhancer = Enhancer.load(write_enhancer(tmp_path / "denoise"), device="cpu")
    with torch.no_grad():  # let it listen to what is far away
        for part in (enhancer.network.spectral_unet, enhancer.network.mask_net, enhancer.network.upsampler):
            for layer in part.modules():
                if isinstance(layer, nn.Conv1d | nn.Conv2d | nn.ConvTranspose1d):
                    layer.weight = 2 * layer.weight
    audio = Audio(np.tile(speech_like(0.2, RATE), 45), RATE)  # of one level, wherever a window begins
    centred = audio.waveform - audio.waveform.mean()
    gain = level_of(centred, 320) / 0.5
    with torch.inference_mode():
        whole = gain * enhancer.network(torch.from_numpy(centred / gain)[None, None])[0, 0].numpy()
    enhancer.windows = replace(WINDOWS[HIFIPP], length=16 * 4096)
    assert level_db(enhancer.enhance(audio).waveform - whole, whole) < -40
    enhancer.windows = replace(enhancer.windows, context=0)  # the context is what makes it so
    assert level_db(enhancer.enhance(audio).waveform - whole, whole) > -30


def test_finally_is_no_rougher_at_the_seams(tmp_path):
    enhancer = Enhancer.load(
        write_enhancer(tmp_path / "x", FINALLY, upsample_widths=(4,) * 4, wavlm_channels=32), "cpu"
    )
    short = Windows(grid=20_480, length=3 * 20_480, overlap=20_480, context=20_480)
    audio, spectra = Audio(speech_like(12, RATE), RATE), []
    for windows in (short, WINDOWS[FINALLY]):
        enhancer.windows = windows
        spectra.append(log_spectrum(enhancer.enhance(audio).waveform, RATE))
    distance = (spectra[0] - spectra[1]).square().mean(0).sqrt().numpy()
    centres = (np.arange(len(distance)) + 0.5) * full_band_spec(RATE).hop_length
    starts = short.starts(len(audio.waveform))[1:]
    seams = np.any([(centres >= start) & (centres < start + short.overlap) for start in starts], axis=0)
    assert distance[~seams].mean() > 0.05  # dB: attention does hear what lies outside a window
    assert distance[seams].mean() <= distance[~seams].mean()


def test_a_48_khz_finally_raises_the_rate(tmp_path):
    sizes = dict(sample_rate=48_000, upsample_widths=(4,) * 4, upsample_channels=4, wavlm_channels=32)
    enhancer = Enhancer.load(write_enhancer(tmp_path / "x", FINALLY, "universal enhancement", **sizes), device="cpu")
    enhanced = enhancer.enhance(Audio(speech_like(0.5, RATE), RATE))
    assert (len(enhanced.waveform), enhanced.sample_rate, enhanced.band_hz) == (24_000, 48_000, 24_000)
    assert "48000 Hz instead of 16000 Hz" in enhanced.notes[0]


@pytest.mark.parametrize("rate", [8000, 16_000, 22_050, 44_100, 48_000, 96_000])
def test_what_goes_through_unchanged_comes_back_aligned(rate):
    audio = Audio(speech_like(3, rate) + 0.2, rate)  # the offset is taken out
    enhanced = identity().enhance(audio)
    assert enhanced.sample_rate == rate and enhanced.waveform.shape == audio.waveform.shape
    inside = slice(rate // 10, -rate // 10)
    reference = audio.waveform - audio.waveform.mean()
    assert level_db((enhanced.waveform - reference)[inside], reference) < -50
    assert any("8000 Hz" in note for note in enhanced.notes) == (rate > RATE)


@pytest.mark.parametrize("dry", [0.25, 1.0])
def test_dry_mixes_the_input_back(dry):
    audio = Audio(speech_like(3, 44_100), 44_100)
    silent = identity(network=torch.zeros_like).enhance(audio, dry=dry)
    assert np.allclose(silent.waveform, dry * audio.waveform, atol=1e-4)


def full_band(duration_s, rate, share_of_time):
    """Noise of the whole band, (samples,), that sounds in a share of each half second."""
    time = np.arange(round(duration_s * rate)) / rate
    noise = 0.1 * np.random.default_rng(1).standard_normal(len(time))
    return (noise * (time % 0.5 < 0.5 * share_of_time)).astype(np.float32)


def above(waveform, rate, hz=9000):
    """What lies above a frequency."""
    spectrum = np.fft.rfft(waveform)
    spectrum[np.fft.rfftfreq(len(waveform), 1 / rate) < hz] = 0
    return np.fft.irfft(spectrum, len(waveform))


@pytest.mark.parametrize("rate", [44_100, 48_000, 96_000])
@pytest.mark.parametrize("windows", [SHORT, WINDOWS[HIFIPP]])
def test_what_lies_above_the_band_passes_where_the_network_lets_pass(rate, windows):
    audio = Audio(full_band(4, rate, 0.6), rate)
    kept = identity(windows=windows).enhance(audio).waveform
    assert level_db((kept - audio.waveform)[rate // 10 : -rate // 10], audio.waveform) < -40
    halved = identity(windows=windows, network=lambda waveform: 0.5 * waveform).enhance(audio).waveform
    assert level_db((halved - 0.5 * audio.waveform)[rate // 10 : -rate // 10], audio.waveform) < -40


def test_what_lies_above_the_band_goes_where_the_network_takes_away():
    rate, faint = 48_000, 0.05 * full_band(4, 48_000, 1.0)
    audio = Audio(full_band(4, rate, 0.6) + faint, rate)

    def gate(waveform):
        samples = torch.arange(waveform.shape[-1])
        return waveform * (samples % 8000 < 4800)

    made, share = identity(network=gate, windows=WINDOWS[HIFIPP]).enhance(audio).waveform, np.arange(4 * rate) / 24_000
    resting = (share % 1 > 0.65) & (share % 1 < 0.95)  # a frame's length away from what sounds
    assert np.abs(made[resting]).max() < 0.01 * np.abs(faint).max()
    sounding = share % 1 < 0.55
    difference = above(made, rate) - above(audio.waveform, rate)
    assert level_db(difference[sounding], above(audio.waveform, rate)[sounding]) < -15


def test_a_click_does_not_change_how_the_rest_is_heard(enhancer):
    audio = Audio(0.05 * speech_like(2, RATE), RATE)
    clicked = audio.waveform.copy()
    clicked[RATE : RATE + 8] = 0.99
    before, after = enhancer.enhance(audio).waveform, enhancer.enhance(Audio(clicked, RATE)).waveform
    away = np.abs(np.arange(len(before)) - RATE) > 0.4 * RATE
    assert level_db((after - before)[away], before[away]) < -20


def test_loud_and_quiet_passages_are_heard_alike(enhancer):
    quiet = speech_like(8, RATE)
    both = np.concatenate((0.02 * quiet, quiet))
    enhancer = replace_windows(enhancer, SHORT)
    made = enhancer.enhance(Audio(both, RATE)).waveform[: len(quiet)]
    alone = enhancer.enhance(Audio(0.02 * quiet, RATE)).waveform
    inside = slice(RATE, 5 * RATE)
    assert level_db((made - alone)[inside], alone[inside]) < -20


def replace_windows(enhancer, windows):
    """The same enhancer, which hears other windows."""
    return Enhancer(enhancer.network, RATE, RATE, windows, enhancer.card)


def test_bandwidth_extension_of_a_narrow_file_is_written_where_it_can_be_heard(tmp_path):
    enhancer = Enhancer.load(write_enhancer(tmp_path / "bwe", task="bandwidth extension"), device="cpu")
    enhanced = enhancer.enhance(Audio(speech_like(1, 8000), 8000))
    assert (enhanced.sample_rate, len(enhanced.waveform)) == (16_000, 16_000)
    assert enhancer.enhance(Audio(speech_like(1, 48_000), 48_000)).sample_rate == 48_000


@pytest.mark.parametrize("gain", [0.01, 2.0])
def test_the_level_is_kept(enhancer, gain):
    audio = Audio(speech_like(1, RATE), RATE)
    once = enhancer.enhance(audio).waveform
    scaled = enhancer.enhance(replace(audio, waveform=gain * audio.waveform)).waveform
    assert np.allclose(scaled, gain * once, atol=1e-4 * gain)


@pytest.mark.parametrize("channels", [1, 2, 6])
@pytest.mark.parametrize(("suffix", "rate"), [(".wav", 48_000), (".flac", 22_050)])
def test_channels_rate_and_length_of_a_file_are_kept(enhancer, tmp_path, channels, suffix, rate):
    sound = np.stack([speech_like(0.5, rate, seed)[:-3] for seed in range(channels)], axis=1)
    if channels > 1:
        sound[:, -1] = 0
    sf.write(tmp_path / "in.wav", sound, rate, subtype="FLOAT")
    done = enhancer.enhance_file(tmp_path / "in.wav", tmp_path / "deep" / f"out{suffix}", progress=False)
    made, made_rate = sf.read(done.target, always_2d=True)
    assert made.shape == sound.shape and made_rate == rate == done.sample_rate and done.channels == channels
    gain = np.abs(sound - sound.mean(axis=0)).max()
    for number in range(channels - 1 or 1):  # each alone, at one common gain
        assert made[:, number].any() and not np.allclose(made[:, number], sound[:, number], atol=0.01 * gain)
    assert channels == 1 or not made[:, -1].any()
    assert list((tmp_path / "deep").iterdir()) == [done.target]


def test_channels_are_enhanced_alone(enhancer, tmp_path):
    left, right = speech_like(1, RATE, 1), 0.3 * speech_like(1, RATE, 2)
    sf.write(tmp_path / "both.wav", np.stack([left, right], axis=1), RATE, subtype="FLOAT")
    made = sf.read(enhancer.enhance_file(tmp_path / "both.wav", tmp_path / "out.wav").target)[0]
    for number, wave in enumerate((left, right)):
        assert np.allclose(made[:, number], enhancer.enhance(Audio(wave, RATE)).waveform, atol=1e-3)


@pytest.mark.parametrize("samples", [1, 3, 100])
@pytest.mark.parametrize("rate", [8000, 96_000])
def test_very_short_recordings(enhancer, samples, rate):
    audio = Audio(np.linspace(-0.5, 0.5, samples, dtype=np.float32), rate)
    enhanced = enhancer.enhance(audio)
    assert len(enhanced.waveform) == samples and np.isfinite(enhanced.waveform).all()


@pytest.mark.parametrize("constant", [0.0, 0.3])
def test_silence_and_a_constant_give_silence(enhancer, constant):
    enhanced = enhancer.enhance(Audio(np.full(50_000, constant, np.float32), 44_100))
    assert len(enhanced.waveform) == 50_000 and not enhanced.waveform.any() and "silent" in enhanced.notes[0]


def test_full_scale_is_never_passed(tmp_path):
    loud = 5 * speech_like(1, RATE)  # float files may pass 1
    sf.write(tmp_path / "loud.wav", loud, RATE, subtype="FLOAT")
    done = identity().enhance_file(tmp_path / "loud.wav", tmp_path / "out.wav")
    made = read_audio(done.target).waveform
    assert np.allclose(made, (loud - loud.mean()) / np.abs(loud).max(), atol=1e-3) and "turned down" in done.notes[-1]
    sf.write(tmp_path / "quiet.wav", speech_like(1, RATE), RATE)
    louder = identity(network=lambda waveform: 3 * waveform)
    done = louder.enhance_file(tmp_path / "quiet.wav", tmp_path / "out.wav")
    assert "clamped" in done.notes[-1] and np.abs(read_audio(done.target).waveform).max() <= 1


def test_the_survey_of_a_recording(tmp_path):
    sound = np.stack([speech_like(1, RATE) + 0.1, np.zeros(RATE, np.float32)], axis=1)
    sf.write(tmp_path / "a.wav", sound, RATE, subtype="FLOAT")
    found = survey(open_recording(tmp_path / "a.wav"))
    assert found.samples == RATE and found.highest == pytest.approx(np.abs(sound).max())
    assert found.offset == pytest.approx(sound.mean(axis=0), abs=1e-6)
    assert found.peak == pytest.approx(np.abs(sound - sound.mean(axis=0)).max(), abs=1e-6)


@pytest.mark.parametrize("suffix", [".mp3", ".ogg", ".opus"])
def test_lossy_outputs(tmp_path, suffix):
    sf.write(tmp_path / "a.wav", speech_like(1, 44_100), 44_100)
    done = identity().enhance_file(tmp_path / "a.wav", tmp_path / f"out{suffix}")
    assert done.sample_rate == (48_000 if suffix == ".opus" else 44_100)
    assert read_audio(done.target).duration_s == pytest.approx(1, abs=0.1)
    assert (suffix == ".opus") == any("as its format requires" in note for note in done.notes)


def test_a_broken_model_is_named(tmp_path):
    audio = Audio(speech_like(0.5, RATE), RATE)
    with pytest.raises(SpeechlabError, match="NaN"):
        identity(network=lambda waveform: waveform * torch.nan).enhance(audio)
    write_checkpoint(tmp_path / "vocoder", {"x": torch.zeros(1)}, {"model": "hifigan_gen", "sizes": {}})
    with pytest.raises(SpeechlabError, match="not an enhancer"):
        Enhancer.load(tmp_path / "vocoder")
    with pytest.raises(SpeechlabError, match="no weights are called"):
        Enhancer.load("denoise-17k")


@pytest.mark.parametrize(
    ("waveform", "message"),
    [(np.zeros(0), "at least one sample"), (np.zeros((2, 9)), "one channel"), (np.array([0, np.nan]), "NaN")],
)
def test_audio_that_cannot_be_enhanced(waveform, message):
    with pytest.raises(SpeechlabError, match=message):
        identity().enhance(Audio(waveform, RATE))


def make_mistake(folder, kind):
    """Return source and target of a call that cannot succeed."""
    source, target = folder / "in.wav", folder / "out" / "out.wav"
    sound = speech_like(0.2, RATE)
    sf.write(source, sound, RATE)
    if kind == "nan":
        sound[1600] = np.nan
        sf.write(source, sound, RATE, subtype="FLOAT")
    elif kind == "text":
        source.write_text("not a sound\n" * 50, encoding="utf-8")
    elif kind == "no samples":
        sf.write(source, np.zeros(0), RATE)
    elif kind == "missing":
        source.unlink()
    elif kind == "itself":
        target = folder / "." / "in.wav"
    elif kind == "folder":
        target.mkdir(parents=True)
    elif kind == "unwritable":
        (folder / "out").touch()  # where a folder would have to be
    elif kind == "suffix":
        target = folder / "out.wma"
    elif kind == "channels":
        sf.write(source, np.stack([sound] * 6, axis=1), RATE)
        target = folder / "out.mp3"
    return source, target


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("nan", "NaN or infinity from 0.10 s"),
        ("text", "is not audio"),
        ("no samples", "holds no samples"),
        ("missing", "there is no file"),
        ("itself", "original is kept"),
        ("folder", "is a folder"),
        ("unwritable", "cannot write"),
        ("suffix", "cannot write audio as '.wma'"),
        ("channels", "cannot hold 6 channels"),
    ],
)
def test_a_mistake_is_one_line_and_leaves_nothing(tmp_path, kind, message):
    source, target = make_mistake(tmp_path, kind)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(SpeechlabError, match=message) as caught:
        identity().enhance_file(source, target)
    assert "\n" not in str(caught.value)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_a_card_may_ask_for_some_of_the_input():
    audio = Audio(speech_like(1, RATE), RATE)
    silent = identity(network=torch.zeros_like, card={"dry": 0.05})
    assert np.allclose(silent.enhance(audio).waveform, 0.05 * audio.waveform, atol=1e-6)
    assert not silent.enhance(audio, dry=0).waveform.any()


def test_dry_is_a_share(tmp_path):
    with pytest.raises(SpeechlabError, match="0 to 1"):
        identity().enhance(Audio(speech_like(0.2, RATE), RATE), dry=2)


def test_a_stopped_enhancement_leaves_no_file(tmp_path):
    def stop(waveform):
        raise KeyboardInterrupt

    sf.write(tmp_path / "a.wav", speech_like(0.2, RATE), RATE)
    with pytest.raises(KeyboardInterrupt):
        identity(network=stop).enhance_file(tmp_path / "a.wav", tmp_path / "b.wav")
    assert [path.name for path in tmp_path.iterdir()] == ["a.wav"]
