"""The wheel: built without a network, it speaks, lists and enhances in a folder that knows nothing of the checkout."""

import os
import subprocess
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import soundfile

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not find_spec("hatchling"), reason="hatchling, which builds the wheel, is not installed"),
]
BUNDLED = ("en-kathleen", "ru-demo", "denoise-16k", "bwe-16k")


@pytest.fixture(scope="module")
def unpacked(root, tmp_path_factory) -> Path:
    """Folder into which the wheel of this checkout was built and unpacked, as an installer unpacks it."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    done = subprocess.run(build, cwd=root, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    [wheel] = folder.glob("speechlab-*-py3-none-any.whl")
    with zipfile.ZipFile(wheel) as pack:
        pack.extractall(folder / "site")
    return folder / "site"


def speechlab(unpacked: Path, folder: Path, *arguments: str) -> str:
    """Run a command of the unpacked wheel in a folder, and give what it prints."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("SPEECHLAB")}
    environment = kept | {"PYTHONPATH": str(unpacked), "PYTHONUTF8": "1"}
    done = subprocess.run([sys.executable, "-m", "speechlab", *arguments], cwd=folder, env=environment,
                          capture_output=True, text=True, encoding="utf-8")  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_holds_the_package_the_voices_and_nothing_else(unpacked):
    assert {path.name for path in unpacked.iterdir() if not path.name.endswith(".dist-info")} == {"speechlab"}
    assert (unpacked / "speechlab" / "py.typed").is_file()
    for name in BUNDLED:
        assert (unpacked / "speechlab" / "bundled" / name / "card.json").is_file()


def test_it_says_hello_in_both_languages_and_enhances(unpacked, tmp_path):
    voices = speechlab(unpacked, tmp_path, "list", "voices")
    assert {"en-kathleen", "ru-demo"} <= set(voices.split())
    assert "wavlm-large" in speechlab(unpacked, tmp_path, "weights", "list")
    for voice, text in (("en-kathleen", "Hello."), ("ru-demo", "Привет.")):
        speechlab(unpacked, tmp_path, "say", text, "--voice", voice, "-o", f"{voice}.wav")
        waveform, _ = soundfile.read(tmp_path / f"{voice}.wav")
        assert len(waveform) and np.abs(waveform).max() > 0.05
    speechlab(unpacked, tmp_path, "enhance", "en-kathleen.wav", "clean.wav", "--no-page")
    noisy, clean = (soundfile.info(tmp_path / name).duration for name in ("en-kathleen.wav", "clean.wav"))
    assert clean == pytest.approx(noisy, abs=0.01)
