"""The whole road by the command line, tiny: features, training, resuming, a voice, speech; and what can go wrong."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from speechlab.apps import cli
from speechlab.audio.io import read_audio
from speechlab.provenance import checkpoint_of

pytestmark = pytest.mark.slow

TINY = [
    "corpus.n_utterances=6",
    "training.steps=2",
    "training.batch_size=2",
    "training.log_every=1",
    "training.render_every=100",
    "training.validate_every=100",
    "training.n_workers=0",
]
TINY_ACOUSTIC = [
    "model.channels=32",
    "model.filter_channels=32",
    "model.predictor_channels=16",
    "model.encoder_layers=1",
]
TINY_VOCODER = ["model.preset=v2", "generator_only_steps=1", "segment_length=2048", "discriminator.width=0.03125"]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with data and runs of its own, in which one tiny voice was trained and exported."""
    folder = tmp_path_factory.mktemp("мой speechlab")
    patch = pytest.MonkeyPatch()
    patch.setenv("SPEECHLAB_DATA", str(folder / "data"))
    patch.setenv("SPEECHLAB_RUNS", str(folder / "runs"))
    patch.setenv("SPEECHLAB_PROFILE", "smoke")
    patch.chdir(folder)
    for arguments in (
        ["features", "embedded-fastspeech2", *TINY, "--jobs", "1"],
        ["train", "embedded-fastspeech2", *TINY, *TINY_ACOUSTIC],
        ["train", "embedded-hifigan", *TINY, *TINY_VOCODER],
        ["export", "embedded-fastspeech2", "voice", "--vocoder", "embedded-hifigan"],
    ):
        assert cli.main(arguments) == 0
    yield folder
    patch.undo()


def spoil(place, change) -> str:
    """Copy the voice, change the copy, and give its folder's name."""
    shutil.rmtree(place / "spoiled", ignore_errors=True)
    shutil.copytree(place / "voice", place / "spoiled")
    change(place / "spoiled")
    return "spoiled"


def one_line_of(capsys, *arguments) -> str:
    """Run a command that must fail with status 2, and give its one line."""
    capsys.readouterr()
    assert cli.main(list(arguments)) == 2
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 1
    return errors[0]


def test_a_trained_voice_speaks_words_and_a_folder_of_texts(place):
    assert cli.main(["say", "Hello world.", "--voice", "voice", "-o", "hello.wav"]) == 0
    audio = read_audio("hello.wav")
    assert audio.sample_rate == 22_050 and np.isfinite(audio.waveform).all()
    (place / "texts").mkdir()
    for name in ("один", "two"):
        (place / "texts" / f"{name}.txt").write_text("One sentence.", encoding="utf-8")
    assert cli.main(["say", "texts", "--voice", "voice", "-o", "said", "--pace", "2"]) == 0
    assert sorted(path.name for path in (place / "said").iterdir()) == ["origin.json", "two.wav", "один.wav"]


def test_a_folder_of_texts_is_spoken_past_those_that_hold_nothing_to_say(place, capsys):
    texts = place / "some texts"
    texts.mkdir()
    contents = {"a": "One sentence.", "b": "", "c": "☃", "d": "Another one."}
    for name, text in contents.items():
        (texts / f"{name}.txt").write_text(text, encoding="utf-8")
    (texts / "e.txt").write_bytes(b"\xff\xfe\xfd")
    line = one_line_of(capsys, "say", "some texts", "--voice", "voice", "-o", "some")
    assert "(and 2 more)" in line
    assert sorted(path.name for path in (place / "some").glob("*.wav")) == ["a.wav", "d.wav"]


def test_features_say_how_many_texts_cannot_be_read_and_which_file_lists_them(place, capsys):
    from speechlab.audio.io import write_audio

    noise = np.random.default_rng(0).normal(0, 0.1, 22_050).astype(np.float32)
    lines = ["a|Hello there.", "b|", "c|中文", "d|Good day.", "gone|It is not here."]
    for name in "abcd":
        write_audio(place / "spotty" / "wavs" / f"{name}.wav", noise, 22_050)
    (place / "spotty" / "metadata.csv").write_text("\n".join(lines), encoding="utf-8")
    capsys.readouterr()
    corpus = ["corpus.name=folder", "corpus.path=spotty"]
    assert cli.main(["features", "embedded-fastspeech2", *corpus, "--jobs", "1"]) == 0
    said = capsys.readouterr().err
    assert "1 of 5 recordings cannot be used" in said and "2 of 4 texts cannot be used" in said
    listed = [Path(line.rpartition("see ")[2]) for line in said.split("\n") if "quarantine.csv" in line]
    assert "gone" in listed[0].read_text(encoding="utf-8") and "中" in listed[1].read_text(encoding="utf-8")
    assert cli.main(["features", "embedded-denoise"]) == 2


def test_copy_synthesis_keeps_names_and_length(place):
    cli.main(["say", "Hello there.", "--voice", "voice", "-o", "wavs/a.wav"])
    assert cli.main(["vocode", "wavs", "copied", "--vocoder", "voice"]) == 0
    weights = Path("voice/vocoder/model.safetensors").read_bytes()
    assert checkpoint_of("copied") == hashlib.sha256(weights).hexdigest()[:16]  # a score of them names it
    original, copied = read_audio("wavs/a.wav"), read_audio("copied/a.wav")
    assert abs(len(original.waveform) - len(copied.waveform)) < 256
    assert cli.main(["vocode", "wavs/a.wav", "classic.wav", "--vocoder", "griffin-lim"]) == 0


def test_the_same_training_again_goes_on(place, capsys):
    again = ["train", "embedded-fastspeech2", *TINY, *TINY_ACOUSTIC, "training.steps=3"]
    assert cli.main(again) == 0
    out = capsys.readouterr().out
    assert "resumes at step 2 of 3" in out and "step 3" in out


def test_an_export_holds_nothing_but_the_model(place):
    files = {path.relative_to(place / "voice").as_posix() for path in (place / "voice").rglob("*") if path.is_file()}
    parts = {f"{part}/{name}" for part in ("acoustic", "vocoder") for name in ("model.safetensors", "card.json")}
    assert parts <= files and not any(name.endswith("state.pt") for name in files)


def test_text_that_cannot_be_read_is_one_line(place, capsys):
    assert one_line_of(capsys, "say", "", "--voice", "voice")
    assert one_line_of(capsys, "say", "☃ ☃ ☃", "--voice", "voice")
    assert "--pace" not in one_line_of(capsys, "say", "Hello.", "--voice", "voice", "--pace", "0")
    assert "nosuch" in one_line_of(capsys, "say", "Hello.", "--voice", "nosuch")


def test_parts_made_for_different_audio_are_one_line_that_names_the_difference(place, capsys):
    def change(folder):
        card = json.loads((folder / "vocoder" / "card.json").read_text(encoding="utf-8"))
        card["audio"]["f_max"] = 11_025.0
        (folder / "vocoder" / "card.json").write_text(json.dumps(card), encoding="utf-8")
        (folder / "vocoder" / "checksums.json").unlink(missing_ok=True)

    line = one_line_of(capsys, "say", "Hello.", "--voice", spoil(place, change))
    assert "f_max 8000.0 11025.0" in line


def test_a_truncated_checkpoint_is_one_line(place, capsys):
    def change(folder):
        weights = folder / "acoustic" / "model.safetensors"
        weights.write_bytes(weights.read_bytes()[:-100])

    assert "damaged" in one_line_of(capsys, "say", "Hello.", "--voice", spoil(place, change))
    assert not (place / "speech.wav").exists()


@pytest.mark.parametrize("keep_checksums", [True, False])
def test_a_pickle_in_place_of_weights_is_one_line_and_never_run(place, capsys, keep_checksums):
    import pickle

    class Trap:
        def __reduce__(self):
            return (print, ("the pickle ran",))

    def change(folder):
        (folder / "acoustic" / "model.safetensors").write_bytes(pickle.dumps(Trap()))
        if not keep_checksums:
            (folder / "acoustic" / "checksums.json").unlink(missing_ok=True)

    folder = spoil(place, change)
    assert cli.main(["say", "Hello.", "--voice", folder]) == 2
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1 and "the pickle ran" not in captured.out


@pytest.mark.skipif(not hasattr(os, "setsid"), reason="file size limits stand in for a full disk, on POSIX only")
def test_a_full_disk_is_one_line_and_what_was_there_stays(place):
    assert cli.main(["say", "Hello.", "--voice", "voice", "-o", "kept.wav"]) == 0
    before = (place / "kept.wav").read_bytes()
    script = "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (40, 40)); "
    script += "from speechlab.apps.cli import main; "
    script += "sys.exit(main(['say', 'A longer sentence than that.', '--voice', 'voice', '-o', 'kept.wav']))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1 and "Traceback" not in done.stderr
    assert (place / "kept.wav").read_bytes() == before
