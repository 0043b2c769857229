"""The notebooks' first cell: add what a hosted runtime lacks, and change nothing that it has.

This file also runs from a fresh clone, before the package or anything it needs is installed: standard library only.
"""

import importlib
import os
import subprocess
import sys
import tempfile
import tomllib
from importlib import metadata, util
from pathlib import Path

FIRST_CELL = """\
# On Colab this fetches the code and adds missing packages; at home it has nothing to do.
import pathlib
import runpy
import subprocess

here = [p for p in (pathlib.Path.cwd(), *pathlib.Path.cwd().parents) if (p / "src/speechlab").is_dir()]
if not here:
    subprocess.run(["git", "clone", "--depth=1", "https://github.com/OWNER/speechlab", "speechlab"], check=True)
runpy.run_path(str((here or [pathlib.Path("speechlab")])[0] / "src/speechlab/bootstrap.py"))["prepare"]()
"""
"""What every notebook begins with, word for word (a test looks)."""

MAY_CHANGE = {"setuptools"}  # pyworld needs one below 82, and nothing loaded in a notebook holds on to it
MATCHES_TORCH = {"torchaudio"}  # a build for another PyTorch crashes; it is only wanted where the runtime has it


def prepare(root: str | Path | None = None) -> list[str]:
    """Install the missing requirements, and this package, into the running kernel's environment.

    Whatever is installed already stays at its version: pip gets all of it as constraints. No restart is needed.

    Args:
        root: the checkout; None takes the one that holds this file.

    Returns:
        The requirements that were added.
    """
    root = Path(root) if root else Path(__file__).resolve().parents[2]
    installed = {canonical(item.name): item.version for item in metadata.distributions() if item.name}
    missing = missing_requirements(root, installed)
    if missing:
        print(f"adding {', '.join(missing)}", flush=True)
        kept = {name: version for name, version in installed.items() if name not in MAY_CHANGE}
        with tempfile.TemporaryDirectory() as folder:
            constraints = Path(folder) / "constraints.txt"
            constraints.write_text("".join(f"{name}=={version}\n" for name, version in kept.items()), encoding="utf-8")
            pip_install("--constraint", str(constraints), *missing)
    if not is_importable("speechlab"):
        pip_install("--no-deps", "--editable", str(root))
        sys.path.append(str(root / "src"))  # the running kernel read its .pth files before this one was written
    sys.path.append(str(root / "notebooks"))  # the studies that some notebooks speak of
    importlib.invalidate_caches()
    return missing


def missing_requirements(root: Path, installed: dict[str, str]) -> list[str]:
    """List the requirements of pyproject.toml, and of its notebooks, that are not installed, in any version."""
    try:
        from packaging.requirements import Requirement
    except ImportError:
        from pip._vendor.packaging.requirements import Requirement
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    missing = []
    for text in [*project["dependencies"], *project.get("optional-dependencies", {}).get("notebooks", [])]:
        wanted = Requirement(text)
        name = canonical(wanted.name)
        if wanted.marker and not wanted.marker.evaluate():
            continue
        if name in MATCHES_TORCH and "torch" in installed:
            continue
        unfit = name in MAY_CHANGE and name in installed and installed[name] not in wanted.specifier
        if name not in installed or unfit:
            missing.append(f"{wanted.name}{wanted.specifier}")
    return missing


def is_importable(package: str) -> bool:
    """Tell whether a package can be imported; a folder of that name, such as a clone here, is not one."""
    spec = util.find_spec(package)
    return spec is not None and spec.origin is not None


def canonical(name: str) -> str:
    """Write a distribution's name as package indices compare it."""
    return name.lower().replace("_", "-").replace(".", "-")


def pip_install(*arguments: str) -> None:
    """Run pip for this interpreter, or uv where the environment has no pip.

    Raises:
        RuntimeError: it failed; its last line is in the message.
    """
    if util.find_spec("pip"):
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    else:
        command = ["uv", "pip", "install", "--quiet", "--python", sys.executable]
    environment = os.environ | {"PYTHONUTF8": "1"}
    done = subprocess.run([*command, *arguments], capture_output=True, text=True, encoding="utf-8", env=environment)
    if done.returncode:
        reason = (done.stderr.strip() or done.stdout.strip() or "no message").splitlines()[-1]
        raise RuntimeError(
            f"the missing packages could not be added ({reason}); run: {' '.join([*command, *arguments])}"
        )


if __name__ == "__main__":
    prepare()
