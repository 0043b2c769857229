import errno
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from speechlab.audio.io import Audio, probe, read_audio, write_audio
from speechlab.errors import SpeechlabError

RATE = 22_050


def tone(duration_s: float = 0.5, sample_rate: int = RATE, frequency: float = 440.0) -> np.ndarray:
    time = np.arange(round(duration_s * sample_rate)) / sample_rate
    return (0.5 * np.sin(2 * np.pi * frequency * time)).astype(np.float32)


def write_with_ffmpeg(path: Path, waveform: np.ndarray, sample_rate: int, codec: str) -> None:
    """Encode a file as a phone or a browser would."""
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=sample_rate, layout="mono")
        frame = av.AudioFrame.from_ndarray(waveform[None], format="fltp", layout="mono")
        frame.sample_rate, frame.pts = sample_rate, 0
        size = stream.codec_context.frame_size or None
        pieces = av.AudioResampler(format=stream.format, layout=stream.layout, rate=stream.rate, frame_size=size)
        for piece in pieces.resample(frame) + pieces.resample(None):
            container.mux(stream.encode(piece))
        container.mux(stream.encode(None))


def correlation(estimate: np.ndarray, reference: np.ndarray) -> float:
    """Highest normalised correlation over delays up to 50 ms: codecs may delay."""
    length = min(len(estimate), len(reference)) - 2000
    middle = reference[1000 : 1000 + length]
    scores = np.correlate(estimate, middle[: length - 200], mode="valid")
    norms = np.linalg.norm(middle[: length - 200]) * np.linalg.norm(estimate[1000 : 1000 + length - 200])
    return float(scores.max() / norms)


@pytest.mark.parametrize("suffix", [".wav", ".flac"])
def test_16_bit_samples_survive_reading_and_writing_bit_for_bit(tmp_path, suffix):
    numbers = np.random.default_rng(0).integers(-32_768, 32_768, 5000).astype(np.int16)
    sf.write(tmp_path / "first.wav", numbers, RATE)
    read_audio(tmp_path / "first.wav").save(tmp_path / f"second{suffix}")
    assert np.array_equal(sf.read(tmp_path / f"second{suffix}", dtype="int16")[0], numbers)
    assert np.array_equal(read_audio(tmp_path / f"second{suffix}").waveform, numbers / np.float32(32_768))


@pytest.mark.parametrize("suffix", [".ogg", ".mp3", ".opus"])
def test_lossy_formats_return_the_same_tone(tmp_path, suffix):
    path = tmp_path / f"tone{suffix}"
    write_audio(path, tone(1.0), RATE)
    audio = read_audio(path, RATE)
    assert audio.duration_s == pytest.approx(1.0, abs=0.1)
    assert correlation(audio.waveform, tone(1.0)) > 0.95


def test_ten_minutes_of_ogg_do_not_overflow_the_encoder(tmp_path):
    write_audio(tmp_path / "long.ogg", np.zeros(600 * 8000, np.float32), 8000)
    assert probe(tmp_path / "long.ogg").duration_s == pytest.approx(600)


@pytest.mark.parametrize(
    ("name", "codec", "sample_rate"),
    [
        ("a.m4a", "aac", 44_100),
        ("a.mp4", "aac", RATE),
        ("a.3gp", "aac", RATE),
        ("a.webm", "libopus", 48_000),
        ("a.amr", "libopencore_amrnb", 8_000),
    ],
)
def test_what_phones_and_browsers_record_is_read(tmp_path, name, codec, sample_rate):
    original = tone(1.0, sample_rate)
    write_with_ffmpeg(tmp_path / name, original, sample_rate, codec)
    audio = read_audio(tmp_path / name)
    assert audio.sample_rate == sample_rate
    assert audio.duration_s == pytest.approx(1.0, abs=0.05)
    assert correlation(audio.waveform, original) > 0.9
    info = probe(tmp_path / name)
    assert (info.sample_rate, info.channels) == (sample_rate, 1)
    assert info.duration_s == pytest.approx(1.0, abs=0.05)
    assert read_audio(tmp_path / name, 16_000).sample_rate == 16_000


@pytest.mark.parametrize("channels", [2, 6])
def test_channels_are_averaged(tmp_path, channels):
    levels = np.arange(1, channels + 1) / 10
    sf.write(tmp_path / "many.wav", np.tile(levels, (1000, 1)), 44_100, subtype="FLOAT")
    audio = read_audio(tmp_path / "many.wav")
    assert audio.waveform.shape == (1000,)
    assert np.allclose(audio.waveform, levels.mean())
    assert probe(tmp_path / "many.wav").channels == channels


def test_silence_is_audio(tmp_path):
    write_audio(tmp_path / "silent.wav", np.zeros(1000, np.float32), RATE)
    assert not read_audio(tmp_path / "silent.wav").waveform.any()


def make_bad_file(folder: Path, kind: str) -> Path:
    path = folder / "bad.wav"
    if kind == "missing":
        return path
    if kind == "folder":
        path.mkdir()
    elif kind == "empty":
        path.touch()
    elif kind == "no samples":
        sf.write(path, np.zeros(0), RATE)
    elif kind in ("nan", "infinity"):
        bad = tone()
        bad[RATE // 4] = np.nan if kind == "nan" else np.inf
        sf.write(path, bad, RATE, subtype="FLOAT")
    elif kind == "text":
        path.write_text("This is a sentence, not a sound.\n" * 40, encoding="utf-8")
    elif kind == "noise":
        path.write_bytes(np.random.default_rng(0).bytes(20_000))
    elif kind == "playlist":
        write_audio(folder / "other.wav", tone(), RATE)
        target = (folder / "other.wav").as_uri()
        lines = ("#EXTM3U", "#EXT-X-TARGETDURATION:1", "#EXTINF:1,", target, "#EXT-X-ENDLIST")
        path.write_text("\n".join(lines), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("missing", "there is no file"),
        ("folder", "is a folder"),
        ("empty", "is empty"),
        ("no samples", "holds no samples"),
        ("nan", "NaN or infinity from 0.25 s"),
        ("infinity", "NaN or infinity from 0.25 s"),
        ("text", "is not audio"),
        ("noise", "is not audio"),
        ("playlist", "is not audio"),
    ],
)
def test_bad_files_give_one_clear_line(tmp_path, kind, message):
    path = make_bad_file(tmp_path, kind)
    with pytest.raises(SpeechlabError, match=message) as caught:
        read_audio(path)
    assert "bad.wav" in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["cut.wav", "cut.flac", "cut.mp3", "cut.m4a", "cut.webm"])
def test_a_file_cut_in_half_is_called_damaged_or_unreadable(tmp_path, name):
    path, noise = tmp_path / name, np.random.default_rng(0).uniform(-0.3, 0.3, 96_000).astype(np.float32)
    if name.endswith(("m4a", "webm")):
        write_with_ffmpeg(path, noise, 48_000, "aac" if name.endswith("m4a") else "libopus")
    else:
        write_audio(path, noise, RATE)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(SpeechlabError, match=r"damaged or cut short|is not audio that can be read"):
        read_audio(path)


@pytest.mark.parametrize("length", [0, 0xFFFFFFFF])
def test_a_recording_whose_header_was_never_finished_is_read_to_its_end(tmp_path, length):
    path = tmp_path / "stream.wav"
    write_audio(path, tone(), RATE)
    data = bytearray(path.read_bytes())
    data[40:44] = length.to_bytes(4, "little")  # the length of the data chunk
    path.write_bytes(data)
    assert len(read_audio(path).waveform) == len(tone())


def test_a_video_without_sound_is_named_so(tmp_path):
    import av

    with av.open(str(tmp_path / "film.mp4"), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 32
        container.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8))))
        container.mux(stream.encode(None))
    with pytest.raises(SpeechlabError, match="no sound track"):
        read_audio(tmp_path / "film.mp4")


def test_peaks_above_one_are_scaled_not_clipped(tmp_path):
    loud = 3 * tone()
    write_audio(tmp_path / "loud.wav", loud, RATE)
    assert np.allclose(read_audio(tmp_path / "loud.wav").waveform, loud / np.abs(loud).max(), atol=1 / 32_768)


def test_a_failed_write_leaves_the_old_file_and_no_rest(tmp_path, monkeypatch):
    write_audio(tmp_path / "voice.wav", tone(), RATE)
    before = (tmp_path / "voice.wav").read_bytes()

    def full_disk(self, data):
        with self.open("wb") as file:
            file.write(data[:100])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full_disk)
    with pytest.raises(SpeechlabError, match=r"cannot write .*voice.wav.*disk is full"):
        write_audio(tmp_path / "voice.wav", tone(2.0), RATE)
    assert [path.name for path in tmp_path.iterdir()] == ["voice.wav"]
    assert (tmp_path / "voice.wav").read_bytes() == before


@pytest.mark.parametrize(
    ("name", "waveform", "message"),
    [
        ("a.wma", tone(), r"cannot write audio as '.wma' \(.*a.wma\); use .wav, "),
        ("a", tone(), r"cannot write audio to .*a, a file without suffix; add one of .wav, .* such as .*a.wav"),
        ("a.wav", np.zeros((2, 100)), "mono"),
        ("a.wav", np.zeros(0), "at least one sample"),
        ("a.wav", np.full(10, np.nan), "NaN"),
    ],
)
def test_what_cannot_be_written_is_refused(tmp_path, name, waveform, message):
    with pytest.raises(SpeechlabError, match=message):
        write_audio(tmp_path / name, waveform, RATE)
    assert not list(tmp_path.iterdir())


def test_a_folder_is_not_a_file_to_write(tmp_path):
    with pytest.raises(SpeechlabError, match=rf"{tmp_path.name}: it is a folder; name a file in it"):
        write_audio(tmp_path, tone(), RATE)
    assert not list(tmp_path.iterdir())


def test_paths_may_hold_spaces_and_cyrillic_letters(tmp_path):
    path = tmp_path / "новая папка" / "голос 1.wav"
    write_audio(path, tone()[None, None], RATE)
    assert len(read_audio(path).waveform) == len(tone())


def test_a_notebook_gets_a_player_that_needs_no_file():
    html = Audio(tone(), RATE)._repr_html_()
    assert html.startswith("<audio controls") and "data:audio/wav;base64,UklGR" in html


def test_real_recordings_are_read(shared_data):
    paths = sorted((shared_data / "kathleen" / "wavs").glob("*.flac"))[:5]
    for path in paths:
        audio, info = read_audio(path), probe(path)
        assert len(audio.waveform) == info.samples and 0.01 < np.abs(audio.waveform).max() <= 1
