"""A recording in blocks is the recording as a whole: read, resampled, cut to measure, written."""

import numpy as np
import pytest
import soundfile as sf

from speechlab.audio import streaming
from speechlab.audio.decoders import READ_BLOCK
from speechlab.audio.io import read_audio
from speechlab.audio.resample import resample
from speechlab.audio.streaming import (
    AudioWriter,
    Tape,
    fit,
    open_recording,
    read_beginning,
    resample_blocks,
    resampled_length,
)
from speechlab.errors import SpeechlabError
from tests.audio.test_io import make_bad_file, tone, write_with_ffmpeg


def noise(samples, channels):
    return (0.1 * np.random.default_rng(0).standard_normal((samples, channels))).astype(np.float32)


@pytest.mark.parametrize(("name", "codec"), [("a.m4a", "aac"), ("a.webm", "libopus"), ("a.flac", "flac")])
def test_blocks_are_together_what_is_read_at_once(tmp_path, name, codec):
    write_with_ffmpeg(tmp_path / name, tone(8, 48_000), 48_000, codec)
    recording = open_recording(tmp_path / name)
    for _ in range(2):  # as often as needed
        blocks = list(recording.read())
        assert len(blocks) > 1 and max(map(len, blocks)) <= READ_BLOCK
        assert np.array_equal(np.concatenate(blocks)[:, 0], read_audio(tmp_path / name).waveform)


@pytest.mark.parametrize(("from_rate", "to_rate"), [(48_000, 16_000), (44_100, 16_000), (16_000, 22_050), (8000, 8000)])
@pytest.mark.parametrize("samples", [1, 3, 50_000])
def test_blocks_are_resampled_as_the_whole(from_rate, to_rate, samples):
    whole = noise(samples, 2)
    blocks = np.concatenate(list(resample_blocks(np.array_split(whole, 7), from_rate, to_rate)))
    assert len(blocks) == resampled_length(samples, from_rate, to_rate)
    assert np.allclose(blocks, resample(whole, from_rate, to_rate), atol=1e-6)


@pytest.mark.parametrize("samples", [0, 5, 100, 300_000])
def test_fit_cuts_or_appends_silence(samples):
    fitted = np.concatenate([np.zeros((0, 2)), *fit(np.array_split(noise(100, 2), 3), samples, 2)])
    assert fitted.shape == (samples, 2)
    assert np.array_equal(fitted[:100], noise(100, 2)[:samples]) and not fitted[100:].any()


def test_a_tape_gives_pieces_of_any_length():
    whole, tape = noise(100, 2), Tape(iter(np.array_split(noise(100, 2), 9)), 2)
    pieces = [tape.take(samples) for samples in (0, 1, 30, 3, 66, 10)]
    assert [len(piece) for piece in pieces] == [0, 1, 30, 3, 66, 0]
    assert np.array_equal(np.concatenate(pieces), whole)


@pytest.mark.parametrize("suffix", [".wav", ".flac"])
def test_what_is_written_in_blocks_is_read_back_bit_for_bit(tmp_path, suffix):
    numbers = np.random.default_rng(0).integers(-32_768, 32_768, (5000, 3)).astype(np.int16)
    with AudioWriter(tmp_path / "new" / f"a{suffix}", 22_050, 3, 5000) as writer:
        for block in np.array_split(numbers / np.float32(32_768), 4):
            writer.write(block)
        assert not (tmp_path / "new" / f"a{suffix}").exists()  # only when complete
    assert np.array_equal(sf.read(tmp_path / "new" / f"a{suffix}", dtype="int16")[0], numbers)
    assert writer.n_clamped == 0


def test_a_recording_too_long_for_wav_becomes_rf64(tmp_path, monkeypatch):
    monkeypatch.setattr(streaming, "LONGEST_WAV", 1000)
    with AudioWriter(tmp_path / "a.wav", 8000, 1, 501) as writer:
        writer.write(noise(501, 1))
    assert sf.info(tmp_path / "a.wav").format == "RF64" and len(read_audio(tmp_path / "a.wav").waveform) == 501


def test_the_beginning_of_a_file(tmp_path):
    sf.write(tmp_path / "a.wav", noise(50_000, 2), 16_000, subtype="FLOAT")
    beginning = read_beginning(tmp_path / "a.wav", 1.5)
    assert np.allclose(beginning.waveform, noise(50_000, 2).mean(axis=1)[:24_000], atol=1e-7)
    assert len(read_beginning(tmp_path / "a.wav", 60).waveform) == 50_000


@pytest.mark.parametrize("kind", ["missing", "folder", "empty", "no samples", "nan", "infinity", "text", "playlist"])
def test_bad_files_are_named_as_when_read_at_once(tmp_path, kind):
    path = make_bad_file(tmp_path, kind)
    with pytest.raises(SpeechlabError) as at_once:
        read_audio(path)
    with pytest.raises(SpeechlabError) as in_blocks:
        list(open_recording(path).read())
    assert str(in_blocks.value) == str(at_once.value)


def test_a_file_cut_short_is_damaged(tmp_path):
    sf.write(tmp_path / "a.wav", noise(50_000, 1), 16_000)
    (tmp_path / "a.wav").write_bytes((tmp_path / "a.wav").read_bytes()[:60_000])
    with pytest.raises(SpeechlabError, match="cut short"):
        list(open_recording(tmp_path / "a.wav").read())
