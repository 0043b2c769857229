"""``speechlab enhance``: files and folders, each with its page; what cannot be done is a line, and the rest is done."""

import base64
import io
import re
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile as sf

from speechlab.apps import cli
from speechlab.apps.enhancing import names_of, targets_of
from speechlab.audio.io import Audio, probe, read_audio, write_audio
from speechlab.display import enhancement
from speechlab.errors import SpeechlabError
from speechlab.metrics.base import Unavailable
from speechlab.pipelines.enhancer import Enhancer
from tests.audio.test_io import write_with_ffmpeg
from tests.pipelines.test_enhancer import speech_like, write_enhancer


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return write_enhancer(tmp_path_factory.mktemp("enhancer") / "denoise-tiny")


@pytest.fixture(autouse=True)
def no_weights(tmp_path, monkeypatch):
    """No fetched weights, whatever lies on this machine."""
    monkeypatch.setenv("SPEECHLAB_DATA", str(tmp_path / "no-data"))
    enhancement.whisper.cache_clear()


def run(capsys, *arguments):
    status = cli.main(["enhance", *map(str, arguments)])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_a_file_and_its_page(capsys, tmp_path, model):
    sf.write(tmp_path / "memo.wav", np.stack([speech_like(1, 44_100)] * 2, axis=1), 44_100)
    status, out, err = run(capsys, tmp_path / "memo.wav", tmp_path / "clean.flac", "--model", model, "--dry", "0.2")
    assert (status, err) == (0, "")
    assert "44100 Hz, 2 channels" in out and "up to 8000 Hz; what lies above" in out
    info = probe(tmp_path / "clean.flac")
    assert (info.sample_rate, info.channels, info.samples) == (44_100, 2, 44_100)
    page = (tmp_path / "clean.flac.html").read_text(encoding="utf-8")
    assert "before" in page and "after" in page and "denoise-tiny, denoising" in page and "8000 Hz" in page
    assert "speechlab weights get whisper-base.en" in page
    assert not re.search(r"(?:src|href)=\"(?!data:)", page)  # nothing outside it


def test_a_folder_with_bad_files_is_done_but_for_them(capsys, tmp_path, model):
    source = tmp_path / "memos"
    (source / "deep").mkdir(parents=True)
    write_with_ffmpeg(source / "a.m4a", speech_like(1, 44_100), 44_100, "aac")
    write_with_ffmpeg(source / "deep" / "c.mp4", speech_like(1, 44_100), 44_100, "aac")
    sf.write(source / "b.wav", speech_like(0.5, 16_000), 16_000)
    (source / "bad.wav").write_text("not a sound\n" * 50, encoding="utf-8")
    (source / "notes.txt").write_text("not audio by name", encoding="utf-8")
    status, out, err = run(capsys, source, tmp_path / "out", "--model", model, "--no-page")
    assert status == 2 and out.count("real-time factor") == 3
    assert err.splitlines()[0].startswith("speechlab: ") and "bad.wav" in err.splitlines()[0]
    assert err.splitlines()[1] == "speechlab: 1 of 4 files failed"
    made = sorted(path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*.*"))
    assert made == ["a.m4a", "b.wav", "deep/c.wav", "origin.json"]
    assert abs(read_audio(tmp_path / "out" / "a.m4a").duration_s - read_audio(source / "a.m4a").duration_s) < 0.05
    assert "3 files" in out  # the summary


@pytest.mark.parametrize("kind", ["silence", "three samples"])
def test_pages_of_recordings_with_little_in_them(capsys, tmp_path, model, kind):
    sf.write(tmp_path / "in.wav", np.zeros(8000) if kind == "silence" else np.array([0.1, -0.2, 0.1]), 16_000)
    status, _, err = run(capsys, tmp_path / "in.wav", tmp_path / "out.wav", "--model", model)
    assert (status, err) == (0, "") and (tmp_path / "out.wav.html").is_file()
    assert probe(tmp_path / "out.wav").samples == probe(tmp_path / "in.wav").samples


def test_a_page_shows_the_beginning_of_a_long_recording(capsys, tmp_path, model, monkeypatch):
    monkeypatch.setattr(enhancement, "LONGEST_S", 0.5)
    sf.write(tmp_path / "in.wav", speech_like(2, 16_000), 16_000)
    assert run(capsys, tmp_path / "in.wav", tmp_path / "out.wav", "--model", model)[0] == 0
    page = (tmp_path / "out.wav.html").read_text(encoding="utf-8")
    assert page.count('data-duration="0.5000"') == 2 and "of 2.0 s" in page
    sounds = re.findall(r'src="data:audio/mpeg;base64,([^"]+)"', page)
    assert len(sounds) == 2 and all(base64.b64decode(sound) for sound in sounds)


@pytest.mark.parametrize(
    ("source", "output", "meant"),
    [
        ("missing.wav", "out.wav", "there is no file"),
        ("empty", "out", "holds no audio files"),
        ("memos", "memos", "no original is touched"),
        ("memos", "memos/out", "no original is touched"),
        ("memos", "a.wav", "is a folder"),
        ("a.wav", "a.wav", "original is kept"),
        ("a.wav", "out.aac", "'.aac'"),
        ("a.wav", "out.mp4", "has no picture"),
        ("a.wav", "a.wav/out.wav", "cannot write"),
    ],
)
def test_a_mistake_is_one_line_and_status_2(capsys, tmp_path, monkeypatch, model, source, output, meant):
    monkeypatch.chdir(tmp_path)
    for folder in ("empty", "memos"):
        (tmp_path / folder).mkdir()
    for name in ("a.wav", "memos/b.wav"):
        sf.write(tmp_path / name, speech_like(0.2, 16_000), 16_000)
    status, out, err = run(capsys, source, output, "--model", model)
    assert (status, out, err.count("\n")) == (2, "", 1) and meant in err
    assert read_audio("a.wav").duration_s == 0.2


def test_an_unknown_model_names_what_there_is(capsys, tmp_path):
    sf.write(tmp_path / "a.wav", speech_like(0.2, 16_000), 16_000)
    status, _, err = run(capsys, tmp_path / "a.wav", tmp_path / "b.wav", "--model", "denois")
    assert status == 2 and err.count("\n") == 1
    assert "no enhancer is called 'denois'" in err and "denoise-16k" in err and "en-kathleen" not in err


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("en-kathleen", "'en-kathleen' holds a voice, not an enhancer"),
        ("ru-demo", "'ru-demo' holds a voice, not an enhancer"),
        ("", "the name of the enhancer is empty"),
    ],
)
def test_a_voice_in_place_of_a_model_is_one_line_that_names_the_enhancers(capsys, tmp_path, name, meant):
    sf.write(tmp_path / "a.wav", speech_like(0.2, 16_000), 16_000)
    status, _, err = run(capsys, tmp_path / "a.wav", tmp_path / "b.wav", "--model", name)
    assert status == 2 and meant in err and err.count("\n") == 1
    assert "bwe-16k" in err and "denoise-16k" in err
    assert not (tmp_path / "b.wav").exists()


def test_a_voice_that_is_loaded_as_an_enhancer_is_called_a_voice():
    with pytest.raises(SpeechlabError, match="holds a voice, not an enhancer; speechlab list enhancers"):
        Enhancer.load("en-kathleen")


def test_no_two_recordings_become_one(tmp_path):
    files = [tmp_path / name for name in ("a.flac", "a.m4a", "a.mp4", "a.wav", "b.amr", "deep/b.amr")]
    names = [name.as_posix() for name in names_of(files, tmp_path)]
    assert names == ["a.flac", "a.m4a", "a.mp4.wav", "a.wav", "b.wav", "deep/b.wav"]


def test_a_file_may_go_into_a_folder(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "a.m4a").write_bytes(b"x")
    assert targets_of(tmp_path / "a.m4a", tmp_path / "out") == [(tmp_path / "a.m4a", tmp_path / "out" / "a.m4a")]


def test_words_at_risk_are_those_heard_differently(monkeypatch):
    heard = iter(["The cat sat on the mat.", "The cat spat on mat.", "Yes", "Yes!"])

    class Judge:
        sample_rate = 16_000

        def hear(self, waveform):
            return next(heard)

    monkeypatch.setattr(enhancement, "whisper", Judge)
    audio = Audio(speech_like(40, 16_000), 16_000)
    words, n_words = enhancement.words_at_risk(audio, audio)
    assert n_words == 7
    assert words.to_dict("records") == [
        {"from s": 0, "before": "sat", "after": "spat"},
        {"from s": 0, "before": "the", "after": "-"},
    ]


def test_words_that_cannot_be_looked_for_are_said_with_the_command():
    with pytest.raises(Unavailable, match="speechlab weights get"):
        enhancement.whisper()
    audio = Audio(speech_like(1, 16_000), 16_000)
    assert "speechlab weights get whisper-base.en" in enhancement.words_section(audio, audio)[0]


def test_m4a_stays_m4a_and_a_film_keeps_its_picture(capsys, tmp_path, model):
    import av

    rate = 16_000
    sound = np.random.default_rng(0).normal(0, 0.1, 2 * rate).astype(np.float32)
    write_audio(tmp_path / "in" / "memo.m4a", sound, rate)
    with av.open(str(tmp_path / "in" / "film.mp4"), "w") as film:
        picture = film.add_stream("mpeg4", rate=10)
        picture.width, picture.height, picture.pix_fmt = 64, 48, "yuv420p"
        voice = film.add_stream("aac", rate=rate, layout="mono")
        for shade in range(20):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 10 * shade, np.uint8), format="rgb24")
            film.mux(picture.encode(frame))
        frame = av.AudioFrame.from_ndarray(sound[None], format="fltp", layout="mono")
        frame.sample_rate = rate
        film.mux([*picture.encode(None), *voice.encode(frame), *voice.encode(None)])

    def packets(path):
        with av.open(str(path)) as container:
            return [bytes(packet) for packet in container.demux(video=0) if packet.size]

    status, out, _ = run(capsys, tmp_path / "in", tmp_path / "out", "--model", model, "--no-page")
    assert status == 0 and "2 files" in out
    assert packets(tmp_path / "out" / "film.mp4") == packets(tmp_path / "in" / "film.mp4")
    for name in ("film.mp4", "memo.m4a"):
        clean, noisy = read_audio(tmp_path / "out" / name), read_audio(tmp_path / "in" / name)
        assert clean.duration_s == pytest.approx(noisy.duration_s, abs=0.15)
        length = min(len(clean.waveform), len(noisy.waveform))
        assert np.abs(clean.waveform[:length] - noisy.waveform[:length]).mean() > 0.01


def test_a_pipe_gives_what_a_file_gives(capsysbinary, tmp_path, monkeypatch, model):
    write_audio(tmp_path / "a.wav", np.random.default_rng(0).normal(0, 0.1, 8_000).astype(np.float32), 16_000)
    assert (
        cli.main(["enhance", str(tmp_path / "a.wav"), str(tmp_path / "b.wav"), "--no-page", "--model", str(model)]) == 0
    )
    capsysbinary.readouterr()
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO((tmp_path / "a.wav").read_bytes())))
    assert cli.main(["enhance", "-", "-", "--model", str(model)]) == 0
    captured = capsysbinary.readouterr()
    assert captured.out == (tmp_path / "b.wav").read_bytes() and b"standard output" in captured.err
