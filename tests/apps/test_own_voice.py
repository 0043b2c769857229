"""Recordings become a voice by name: checked, trained in a chain, resumed, and spoken with."""

import shutil

import pytest

from speechlab.audio.io import read_audio, write_audio
from speechlab.config import CorpusConfig
from speechlab.data.corpora import load_corpus
from tests.apps.test_cli import run

TINY = ["--profile", "smoke"] + [
    f"{stage}.{change}"
    for stage, changes in {
        "aligner": ["training.steps=3", "binarisation_start=1", "binarisation_full=2"],
        "acoustic": ["training.steps=3"],
        "vocoder": ["training.steps=2", "generator_only_steps=1", "training.batch_size=2"],
    }.items()
    for change in (*changes, "corpus.n_validation=2", "training.render_every=1000")
]


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    """A person's folder: twelve clips with their texts."""
    folder = tmp_path_factory.mktemp("my")
    corpus = load_corpus(CorpusConfig(n_utterances=12))
    for item in corpus.split("train")[:12]:
        shutil.copy(item.audio_path, folder / f"{item.id}.wav")
        (folder / f"{item.id}.txt").write_text(item.text, encoding="utf-8")
    return folder


@pytest.fixture
def command(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SPEECHLAB_RUNS", str(tmp_path / "runs"))
    return lambda *words: run(capsys, *words)


def test_a_voice_is_made_stopped_gone_on_with_and_spoken_with(command, recordings, tmp_path, monkeypatch):
    from speechlab.registry import trainers

    recipe = trainers["vocos_trainer"]
    plain = recipe.__init__
    monkeypatch.setattr(recipe, "__init__", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    monkeypatch.setattr("speechlab.apps.own_voice.forecast", lambda plan: iter(("a forecast",)))
    status, out, _ = command("voice", "new", "anna", "--recordings", recordings, *TINY)
    assert status == 130 and "12 recordings" in out and "a forecast" in out
    assert command("say", "Hello.", "--voice", "anna", "-o", "early.wav")[0] == 0  # through the bundled vocoder
    monkeypatch.setattr(recipe, "__init__", plain)
    status, out, _ = command("voice", "new", "anna")
    assert status == 0 and "already trained" in out and "a forecast" not in out
    assert read_audio(tmp_path / "runs" / "anna" / "sample.wav").duration_s > 0.1
    assert command("say", "Hello.", "--voice", "anna", "-o", "late.wav")[0] == 0
    assert (tmp_path / "early.wav").read_bytes() != (tmp_path / "late.wav").read_bytes()
    status, _, err = command("voice", "new", "anna", "--language", "ru")
    assert status == 2 and "language en, not ru" in err


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["anna"], "--recordings"),
        (["en-kathleen", "--recordings", "."], "something else"),
        (["../anna", "--recordings", "."], "'../anna'"),
        (["anna", "--recordings", ".", "training.steps=3"], "STAGE.key=value"),
    ],
    ids=" ".join,
)
def test_what_is_missing_or_wrong_is_named(command, recordings, monkeypatch, words, named):
    monkeypatch.chdir(recordings)
    status, _, err = command("voice", "new", *words)
    assert status == 2 and named in err and err.count("\n") == 1


def test_too_little_or_another_language_is_refused(command, recordings, tmp_path):
    status, _, err = command("voice", "new", "anna", "--recordings", recordings, "--language", "ru", *TINY)
    assert status == 2 and "not in ru" in err
    few = tmp_path / "few"
    for name in sorted(path.stem for path in recordings.glob("*.wav"))[:3]:
        audio = read_audio(recordings / f"{name}.wav")
        write_audio(few / f"{name}.wav", audio.waveform, audio.sample_rate)
        shutil.copy(recordings / f"{name}.txt", few)
    status, _, err = command("voice", "new", "anna", "--recordings", few, *TINY)
    assert status == 2 and "not enough" in err and not (tmp_path / "runs" / "anna").exists()
