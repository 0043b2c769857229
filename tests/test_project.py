"""The files around the code: requirements, version, and nothing that only works on one machine."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import speechlab

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
PINS = [
    Requirement(line)
    for line in (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    if line.strip() and not line.strip().startswith("#")
]
ONE_MACHINE = re.compile(r"/(?:work|root)/|/home/\w|[A-Z]:\\+Users")


PINNED = [*PROJECT["dependencies"], *EXTRAS["notebooks"], *EXTRAS["bot"], *EXTRAS["dev"]]


@pytest.mark.parametrize("text", PINNED)
def test_every_dependency_is_pinned_within_its_bounds(text):
    wanted = Requirement(text)
    pins = [pin for pin in PINS if pin.name.lower().replace("_", "-") == wanted.name.lower().replace("_", "-")]
    assert pins, "run make requirements"
    for pin in pins:
        [exact] = pin.specifier
        assert exact.operator == "==" and wanted.specifier.contains(exact.version, prereleases=True)


def test_packages_without_a_windows_wheel_are_skipped_there():
    skipped = {
        pin.name for pin in PINS if pin.marker and not pin.marker.evaluate({"sys_platform": "win32", "os_name": "nt"})
    }
    assert "pesq" in skipped


def test_requirements_name_no_place_to_fetch_from():
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    assert not re.search(r"https?:|--(extra-)?index|--find-links", text)


def test_the_version_is_said_once():
    assert speechlab.__version__ == PROJECT["version"]


@pytest.mark.parametrize("name", sorted(set(speechlab.__all__) - {"__version__"}))
def test_the_packages_own_names_can_be_used(name):
    assert getattr(speechlab, name) is not None


def test_importing_the_package_takes_no_time():
    script = "import sys, speechlab; print(len([name for name in sys.modules if name.startswith('speechlab')]))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, encoding="utf-8")
    assert done.stdout.strip() == "1"


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="Voise"):
        speechlab.Voise  # noqa: B018


def test_no_path_of_one_machine_is_in_the_code():
    modules = sorted((ROOT / "src").rglob("*.py"))
    found = {path.name: ONE_MACHINE.search(path.read_text(encoding="utf-8")) for path in modules}
    assert modules and not {name: match for name, match in found.items() if match}


@pytest.mark.parametrize("asked", [("check",), ("format", "--check")], ids=" ".join)
def test_ruff_finds_nothing_to_mend(asked):
    done = subprocess.run([sys.executable, "-m", "ruff", *asked, "."], cwd=ROOT, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stdout + done.stderr
