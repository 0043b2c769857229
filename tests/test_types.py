"""The types that the code states are true, in the parts of the package that ``pyproject.toml`` lists for mypy."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.slow
def test_mypy_finds_nothing_to_mend(tmp_path):
    if os.environ.get("SPEECHLAB_BRIEF") != "1":
        pytest.skip("half a minute; the nightly run, with SPEECHLAB_BRIEF=1, does it")
    pytest.importorskip("mypy", reason="mypy is not installed; pip install mypy")
    command = [sys.executable, "-m", "mypy", "--cache-dir", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stdout + done.stderr
