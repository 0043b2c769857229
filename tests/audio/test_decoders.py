"""Files that lie about themselves are refused in one line; odd but legal ones are read."""

import contextlib
import struct
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from speechlab.audio.decoders import MAX_CHANNELS, RATES
from speechlab.audio.files import check_folder, resample_folder
from speechlab.audio.io import probe, read_audio, read_excerpt
from speechlab.audio.streaming import open_recording
from speechlab.errors import SpeechlabError

RATE = 16_000


def noise(samples: int = RATE, channels: int = 1) -> np.ndarray:
    return np.random.default_rng(0).uniform(-0.5, 0.5, (samples, channels)).astype(np.float32)


def write_m4a(path: Path, title: bytes = b"") -> Path:
    """Write a second of AAC; ``title`` takes the bytes of its title tag."""
    import av

    with av.open(str(path), "w", format="ipod") as container:
        container.metadata["title"] = "x" * len(title)
        stream = container.add_stream("aac", rate=RATE, layout="mono")
        for start in range(0, RATE - 1024, 1024):
            frame = av.AudioFrame.from_ndarray(noise()[start : start + 1024].T.copy(), format="fltp", layout="mono")
            frame.sample_rate, frame.pts = RATE, start
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    data = path.read_bytes()
    assert not title or data.count(b"x" * len(title)) == 1
    path.write_bytes(data.replace(b"x" * len(title), title) if title else data)
    return path


def patched(path: Path, at: int, form: str, value: int) -> Path:
    data = bytearray(path.read_bytes())
    struct.pack_into(form, data, at, value)
    path.write_bytes(data)
    return path


def wav_of_rate(folder: Path, rate: int) -> Path:
    sf.write(folder / "a.wav", noise(), RATE)
    return patched(folder / "a.wav", 24, "<I", rate)


def aiff_of_gigabytes(folder: Path, subtype: str = "PCM_16") -> Path:
    sf.write(folder / "a.aiff", noise(), RATE, subtype=subtype)
    data = bytearray((folder / "a.aiff").read_bytes())
    struct.pack_into(">I", data, data.find(b"COMM") + 10, 2**31 - 1)
    struct.pack_into(">I", data, data.find(b"SSND") + 4, 2**31 - 1)
    struct.pack_into(">I", data, 4, 2**31 - 1)
    (folder / "a.aiff").write_bytes(data)
    return folder / "a.aiff"


def caf_of_rate(folder: Path, rate: float) -> Path:
    sf.write(folder / "a.caf", noise(), RATE)
    data = bytearray((folder / "a.caf").read_bytes())
    struct.pack_into(">d", data, data.find(b"desc") + 12, rate)
    (folder / "a.caf").write_bytes(data)
    return folder / "a.caf"


def empty_au(folder: Path) -> Path:
    sf.write(folder / "a.au", noise(), RATE)
    (folder / "a.au").write_bytes((folder / "a.au").read_bytes()[:24])
    return folder / "a.au"


def m4a_without_codec(folder: Path) -> Path:
    path = write_m4a(folder / "a.m4a")
    path.write_bytes(path.read_bytes().replace(b"mp4a", b"apac").replace(b"esds", b"skip"))
    return path


def many_channels(folder: Path) -> Path:
    sf.write(folder / "a.wav", noise(1000, MAX_CHANNELS + 1), RATE)
    return folder / "a.wav"


LIARS = {
    "a rate of 1": (lambda folder: wav_of_rate(folder, 1), "1 samples a second"),
    "a rate of 2e9": (lambda folder: wav_of_rate(folder, 2_000_000_000), "2000000000 samples a second"),
    "a caf of rate 15": (lambda folder: caf_of_rate(folder, 15.0), "15 samples a second"),
    "an empty au": (empty_au, "a.au"),
    "an unknown codec": (m4a_without_codec, "codec that FFmpeg cannot decode"),
    "65 channels": (many_channels, "65 channels"),
    "a null byte in its name": (lambda folder: folder / "a\0.wav", "cannot be opened|no file"),
}


@pytest.mark.parametrize("kind", LIARS)
def test_a_file_that_lies_is_refused_in_one_line_at_once_by_every_reader(tmp_path, kind):
    make, message = LIARS[kind]
    path, started = make(tmp_path), time.process_time()
    readers = (
        lambda: read_audio(path, 22_050),
        lambda: read_excerpt(path, 0, 10**6) and read_audio(path),
        lambda: [len(block) for block in open_recording(path).read()],
        lambda: probe(path) and read_audio(path),
    )
    for read in readers:
        with pytest.raises(SpeechlabError, match=message) as caught:
            read()
        assert "\n" not in str(caught.value)
    assert time.process_time() - started < 2


def test_a_title_in_an_old_code_page_is_no_reason_to_refuse_the_sound(tmp_path):
    plain = read_audio(write_m4a(tmp_path / "plain.m4a"))
    titled = read_audio(write_m4a(tmp_path / "titled.m4a", "Лекция".encode("cp1251")))
    assert np.array_equal(plain.waveform, titled.waveform)


def test_a_flac_of_unknown_length_is_read_as_the_same_with_its_length(tmp_path):
    sf.write(tmp_path / "whole.flac", noise(), RATE)
    data = bytearray((tmp_path / "whole.flac").read_bytes())
    data[21] &= 0xF0  # the 36 bits of the length in STREAMINFO, which writers to a pipe leave 0
    data[22:26] = bytes(4)
    (tmp_path / "streamed.flac").write_bytes(data)
    whole, streamed = read_audio(tmp_path / "whole.flac"), read_audio(tmp_path / "streamed.flac")
    assert np.array_equal(whole.waveform, streamed.waveform)
    assert probe(tmp_path / "streamed.flac").samples == RATE
    assert sum(len(block) for block in open_recording(tmp_path / "streamed.flac").read()) == RATE


@pytest.mark.parametrize("subtype", ["PCM_16", "IMA_ADPCM"])
def test_an_aiff_that_promises_gigabytes_is_read_as_far_as_it_goes_or_refused_at_once(tmp_path, subtype):
    path, started = aiff_of_gigabytes(tmp_path, subtype), time.process_time()
    with contextlib.suppress(SpeechlabError):
        assert len(read_audio(path).waveform) <= RATE
    assert time.process_time() - started < 1


@pytest.mark.parametrize("rate", RATES)
def test_the_lowest_and_the_highest_rate_are_read(tmp_path, rate):
    sf.write(tmp_path / "a.wav", noise(2000), rate)
    assert read_audio(tmp_path / "a.wav").sample_rate == rate


def test_minutes_of_silence_in_a_few_bytes_are_no_lie(tmp_path):
    sf.write(tmp_path / "silent.flac", np.zeros(60 * 48_000), 48_000)
    assert read_audio(tmp_path / "silent.flac").duration_s == 60


def test_one_bad_file_never_stops_the_folder(tmp_path):
    folder = tmp_path / "in"
    for number, kind in enumerate(LIARS):
        if "name" not in kind:  # a null byte is in no folder
            (folder / str(number)).mkdir(parents=True)
            LIARS[kind][0](folder / str(number))
    write_m4a(folder / "titled.m4a", "Лекция".encode("cp1251"))
    checked = check_folder(folder).set_index("file")
    assert checked.loc["titled.m4a", "duration_s"] > 0.8
    assert all(checked.drop("titled.m4a")["problems"])
    made = resample_folder(folder, tmp_path / "out", 22_050).set_index("file")
    assert made.loc["titled.m4a", "status"] == "written"
    assert set(made.drop("titled.m4a")["status"]) == {"failed"}


def test_a_recording_too_long_for_the_memory_is_refused_before_it_is_resampled(tmp_path, monkeypatch):
    sf.write(tmp_path / "a.wav", noise(), RATE)
    monkeypatch.setattr("speechlab.audio.io.LONGEST_WHOLE", 2 * RATE)
    assert read_audio(tmp_path / "a.wav", 2 * RATE).duration_s == 1
    with pytest.raises(SpeechlabError, match="too long"):
        read_audio(tmp_path / "a.wav", 3 * RATE)
