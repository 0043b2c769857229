"""run.py: what it decides before anything is installed."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def run(tmp_path, monkeypatch):
    """The module run.py, looking at an empty checkout in a folder with a space and a Cyrillic name."""
    spec = importlib.util.spec_from_file_location("run", ROOT / "run.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    checkout = tmp_path / "моя лаборатория"
    checkout.mkdir()
    for name in ("requirements.txt", "pyproject.toml"):
        (checkout / name).write_text((ROOT / name).read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setattr(module, "ROOT", checkout)
    monkeypatch.setattr(module, "VENV", checkout / ".venv")
    return module


def answer(monkeypatch, run, status: int | None):
    """Pretend that PyTorch's own index answers with a status, or never."""

    def ask(*arguments, **options):
        if status is None:
            raise subprocess.TimeoutExpired("uv", 20)
        return subprocess.CompletedProcess(arguments, status)

    monkeypatch.setattr(run.subprocess, "run", ask)


@pytest.mark.parametrize("status", [1, None])
def test_the_default_index_is_taken_where_pytorchs_own_does_not_answer(run, monkeypatch, tmp_path, capsys, status):
    answer(monkeypatch, run, status)
    assert run.choose_torch(tmp_path) == (run.ROOT / "requirements.txt", [])
    assert "default index" in capsys.readouterr().out


def test_another_build_comes_without_the_default_builds_cuda_pins(run, monkeypatch, tmp_path, capsys):
    answer(monkeypatch, run, 0)
    requirements, backend = run.choose_torch(tmp_path)
    names = {line.split("==")[0] for line in requirements.read_text(encoding="utf-8").splitlines() if "==" in line}
    assert backend == ["--torch-backend", "auto"]
    assert "PyTorch's own" in capsys.readouterr().out
    assert {"torch", "numpy", "torchaudio"} <= names
    assert not {name for name in names if name.startswith(("nvidia", "cuda", "triton"))}


def test_the_environment_is_made_anew_only_when_the_requirements_change(run):
    before = run.fingerprint()
    assert run.fingerprint() == before
    (run.ROOT / "requirements.txt").write_text("torch==2.11.0\n", encoding="utf-8")
    assert run.fingerprint() != before


def test_the_source_is_found_by_a_relative_path(run):
    packages = run.VENV / "lib" / "python3.11" / "site-packages"
    packages.mkdir(parents=True)
    link = packages / "_editable_impl_speechlab.pth"
    link.write_text(str(run.ROOT / "src"), encoding="utf-8")
    run.use_relative_path()
    written = link.read_text(encoding="ascii").strip()
    assert (packages / written).resolve() == run.ROOT / "src"


def test_child_processes_know_nothing_of_another_python(run, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    monkeypatch.delenv("SPEECHLAB_PROFILE", raising=False)
    environment = run.environment()
    assert "PYTHONPATH" not in environment
    assert environment["SPEECHLAB_PROFILE"] == "smoke"


def test_an_unknown_word_shows_the_help():
    done = subprocess.run([sys.executable, ROOT / "run.py", "rum"], capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 2 and "python run.py run" in done.stdout


def test_make_knows_every_word(run):
    words = set(re.findall(r"^python run\.py ([\w-]+)", run.__doc__, re.MULTILINE))
    rules = re.findall(r"^(?!\.)([\w -]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert "test-quick" in words and words <= {target for rule in rules for target in rule.split()}
