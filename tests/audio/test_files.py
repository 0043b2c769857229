import numpy as np
import pytest
import soundfile as sf

from speechlab.audio.files import check_folder, resample_folder
from speechlab.audio.io import probe, read_audio, write_audio
from speechlab.errors import SpeechlabError


def tone(duration_s: float = 0.5, sample_rate: int = 22_050, amplitude: float = 0.5) -> np.ndarray:
    time = np.arange(round(duration_s * sample_rate)) / sample_rate
    return (amplitude * np.sin(2 * np.pi * 440 * time)).astype(np.float32)


@pytest.fixture
def corpus(tmp_path):
    """Two good files and one of every kind of bad one."""
    folder = tmp_path / "original"
    write_audio(folder / "good 1.wav", tone(), 22_050)
    write_audio(folder / "sub" / "good 2.flac", tone(), 22_050)
    sf.write(folder / "stereo.wav", np.stack([tone(0.5, 44_100)] * 2, axis=1), 44_100)
    write_audio(folder / "silent.wav", np.zeros(22_050), 22_050)
    write_audio(folder / "short.wav", tone(0.05), 22_050)
    sf.write(folder / "clipped.wav", np.clip(tone(amplitude=3), -1, 1), 22_050)
    sf.write(folder / "float.wav", tone(amplitude=3), 22_050, subtype="FLOAT")
    (folder / "empty.wav").touch()
    (folder / "text.wav").write_text("not audio " * 30, encoding="utf-8")
    (folder / "metadata.csv").write_text("good 1|Hello.|Hello.", encoding="utf-8")
    (folder / "cut.wav").write_bytes((folder / "good 1.wav").read_bytes()[:8000])
    return folder


def test_the_check_names_every_problem_and_nothing_else(corpus):
    table = check_folder(corpus).set_index("file")
    expected = {
        "good 1.wav": "",
        "sub/good 2.flac": "",
        "stereo.wav": "44100 Hz instead of 22050; 2 channels",
        "silent.wav": "silent",
        "short.wav": "shorter than 0.1 s",
        "clipped.wav": "clipped",
        "float.wav": "clipped; samples reach 3, beyond 1",
    }
    problems = table["problems"].to_dict()
    for name, problem in expected.items():
        assert problems.pop(name) == problem
    assert "is empty" in problems.pop("empty.wav")
    assert "not audio" in problems.pop("text.wav")
    assert "cut short" in problems.pop("cut.wav")
    assert not problems
    good = table.loc["good 1.wav"]
    assert (good.sample_rate, good.channels, good.subtype) == (22_050, 1, "PCM_16")
    assert good.duration_s == pytest.approx(0.5) and good.peak_db == pytest.approx(-6.0, abs=0.1)


def test_the_check_takes_the_wanted_rate(corpus):
    problems = check_folder(corpus, sample_rate=44_100).set_index("file")["problems"]
    assert problems["good 1.wav"] == "22050 Hz instead of 44100"
    assert problems["stereo.wav"] == "2 channels"


def test_a_folder_is_resampled_and_broken_files_do_not_stop_it(corpus, tmp_path):
    table = resample_folder(corpus, tmp_path / "copy", 16_000).set_index("file")
    failed = set(table.index[table.status == "failed"])
    assert failed == {"empty.wav", "text.wav", "cut.wav"}
    assert set(table.index[table.status == "written"]) == set(table.index) - failed
    for name in ("good 1.wav", "sub/good 2.wav", "stereo.wav"):
        info = probe(tmp_path / "copy" / name)
        assert (info.sample_rate, info.channels, info.subtype) == (16_000, 1, "PCM_16")
        assert info.duration_s == pytest.approx(0.5, abs=1e-3)
    assert "scaled by 0.3" in table.note["float.wav"]
    assert np.abs(read_audio(tmp_path / "copy" / "float.wav").waveform).max() <= 1


def test_the_second_run_does_only_what_is_missing(corpus, tmp_path):
    resample_folder(corpus, tmp_path / "copy", 16_000)
    (tmp_path / "copy" / "stereo.wav").unlink()
    (tmp_path / "copy" / "good 1.wav").write_bytes(b"RIFF")
    table = resample_folder(corpus, tmp_path / "copy", 16_000)
    assert set(table.file[table.status == "written"]) == {"stereo.wav", "good 1.wav"}
    assert set(resample_folder(corpus, tmp_path / "copy", 8_000).status) == {"written", "failed"}


def test_mistakes_with_folders_are_named(corpus, tmp_path):
    with pytest.raises(SpeechlabError, match="there is no folder"):
        check_folder(tmp_path / "nowhere")
    (tmp_path / "bare").mkdir()
    with pytest.raises(SpeechlabError, match="holds no audio files"):
        check_folder(tmp_path / "bare")
    for inside in (corpus, corpus / "copy"):
        with pytest.raises(SpeechlabError, match="choose a folder outside"):
            resample_folder(corpus, inside, 16_000)
    write_audio(corpus / "good 1.flac", tone(), 22_050)
    with pytest.raises(SpeechlabError, match=r"would both become .*good 1.wav"):
        resample_folder(corpus, tmp_path / "copy", 16_000)
