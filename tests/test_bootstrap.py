"""The notebooks' first cell in a foreign environment: what is missing comes, what is there stays."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from speechlab import bootstrap

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = [ROOT / "main.ipynb", *sorted((ROOT / "notebooks").glob("**/*.ipynb"))]


def make_wheel(folder: Path, name: str, version: str, requires: str = "") -> None:
    """Write a wheel with one module that knows its version."""
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": f"__version__ = {version!r}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        + (f"Requires-Dist: {requires}\n" if requires else ""),
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": "",
    }
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        for path, text in files.items():
            wheel.writestr(path, text)


@pytest.fixture(scope="module")
def runtime(tmp_path_factory) -> tuple[Path, dict[str, str]]:
    """A virtual environment with an older torch and numpy, and a folder of wheels with newer ones."""
    folder = tmp_path_factory.mktemp("runtime")
    wheels = folder / "wheels"
    wheels.mkdir()
    for name, version, requires in (
        ("torch", "2.9.0", ""),
        ("torch", "2.11.0", ""),
        ("numpy", "2.0.2", ""),
        ("numpy", "2.4.6", ""),
        ("newcomer", "1.0", "numpy>=1.26"),
        ("demanding", "1.0", "numpy>=2.4"),
    ):
        make_wheel(wheels, name, version, requires)
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    python = folder / "venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PIP_", "PYTHON"))}
    environment |= {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": wheels.as_uri(), "PIP_CONFIG_FILE": os.devnull}
    held = ["torch==2.9.0", "numpy==2.0.2"]
    subprocess.run([python, "-m", "pip", "install", "--quiet", *held], check=True, env=environment)
    return python, environment


def first_cell_in(runtime, tmp_path, dependencies: list[str]) -> subprocess.CompletedProcess:
    """Call prepare() of a checkout with these dependencies, then report what can be imported, all in one process."""
    python, environment = runtime
    checkout = tmp_path / "мой speechlab"
    (checkout / "src" / "speechlab").mkdir(parents=True)
    source = ROOT / "src" / "speechlab" / "bootstrap.py"
    (checkout / "src" / "speechlab" / "bootstrap.py").write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
    listed = json.dumps(dependencies)
    (checkout / "pyproject.toml").write_text(f"[project]\nname = 'x'\ndependencies = {listed}\n", encoding="utf-8")
    script = f"""
import json, runpy, sys, types
import numpy
sys.modules["speechlab"] = types.ModuleType("speechlab")  # as if installed: pip could not build it without a network
sys.modules["speechlab"].__spec__ = types.SimpleNamespace(origin="installed")
added = runpy.run_path({str(checkout / "src/speechlab/bootstrap.py")!r})["prepare"]({str(checkout)!r})
import importlib
modules = [importlib.import_module(name) for name in ("torch", "numpy", "newcomer")]
print(json.dumps([added, *(module.__version__ for module in modules)]))
"""
    return subprocess.run([python, "-c", script], capture_output=True, text=True, encoding="utf-8", env=environment)


@pytest.mark.slow
def test_missing_packages_come_without_a_restart_and_torch_and_numpy_stay(runtime, tmp_path):
    done = first_cell_in(runtime, tmp_path, ["torch>=2.11,<2.12", "torchaudio>=2.11", "numpy>=2.2", "newcomer>=1"])
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == [["newcomer>=1"], "2.9.0", "2.0.2", "1.0"]


@pytest.mark.slow
def test_a_package_that_would_replace_numpy_is_refused_with_the_reason(runtime, tmp_path):
    done = first_cell_in(runtime, tmp_path, ["numpy>=2.2", "demanding>=1"])
    assert done.returncode != 0
    assert "could not be added" in done.stderr
    held = subprocess.run(
        [runtime[0], "-c", "import numpy; print(numpy.__version__)"], capture_output=True, encoding="utf-8"
    )
    assert held.stdout.strip() == "2.0.2"


def test_nothing_is_done_where_everything_is_there(monkeypatch):
    monkeypatch.setattr(bootstrap, "pip_install", lambda *arguments: pytest.fail(f"pip was called: {arguments}"))
    assert bootstrap.prepare() == []


def test_a_clone_in_the_working_folder_is_not_taken_for_the_package(tmp_path, monkeypatch):
    (tmp_path / "some_clone" / "src").mkdir(parents=True)
    monkeypatch.syspath_prepend(tmp_path)
    assert not bootstrap.is_importable("some_clone")
    assert bootstrap.is_importable("speechlab")


def test_only_an_unfit_setuptools_is_exchanged():
    installed = {"setuptools": "90.0", "torch": "2.9.0", "numpy": "2.0.2"}
    missing = bootstrap.missing_requirements(ROOT, installed)
    assert "setuptools<82" in missing
    assert not {"torch", "numpy", "torchaudio"} & {item.split("<")[0].split(">")[0] for item in missing}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_every_notebook_begins_with_the_first_cell(path):
    if not path.exists():
        pytest.skip(f"{path.name} is not there yet")
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    first = next(cell for cell in cells if cell["cell_type"] == "code")
    assert "".join(first["source"]).strip() == bootstrap.FIRST_CELL.strip()
