"""Set up the environment and run the laboratory; the same on Linux, macOS and Windows, with the standard library only.

python run.py run     execute main.ipynb (SPEECHLAB_PROFILE, default smoke) and say where the results are
python run.py test    run the whole test suite, notebooks included; further arguments go to pytest
python run.py test-quick    run the tests that take a moment each: no notebook, no browser, no training
python run.py lab     open JupyterLab
python run.py bench   print the benchmark table
python run.py docs    build the documentation site in results/site, offline, and fail on any warning
python run.py fuzz    give damaged inputs to everything that reads, for some minutes (default 5); keep what breaks;
                      fuzz --table: the same 10,000 inputs each time, counted
python run.py setup   only make the environment
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
STAMP = VENV / "speechlab-installed.txt"
VERSIONS = ((3, 12), (3, 11))
CUDA_PARTS = re.compile(r"(nvidia|cuda|triton)\b", re.IGNORECASE)
QUICKLY_S = 20  # how long PyTorch's own index may take to answer


def environment() -> dict[str, str]:
    """Give child processes UTF-8 everywhere and no settings of another Python."""
    left_out = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "PYTHONDONTWRITEBYTECODE")  # the last costs seconds a start
    kept = {key: value for key, value in os.environ.items() if key not in left_out}
    kept |= {"PYTHONUTF8": "1", "VIRTUAL_ENV": str(VENV), "JUPYTER_PREFER_ENV_PATH": "1"}
    kept["PATH"] = f"{PYTHON.parent}{os.pathsep}{kept.get('PATH', '')}"
    kept.setdefault("SPEECHLAB_PROFILE", "smoke")
    kept.setdefault("HF_HUB_OFFLINE", "1")
    kept.setdefault("WANDB_MODE", "offline")
    kept.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")  # else every notebook kernel prints a warning
    return kept


def call(*command: object, check: bool = True, **options) -> int:
    """Run a command in the repository; stop with its exit status if it fails."""
    status = subprocess.run([str(part) for part in command], cwd=ROOT, env=environment(), **options).returncode
    if check and status:
        sys.exit(status)
    return status


def base_python() -> list[str]:
    """Find an interpreter of a supported version: this one, or another on the PATH."""
    if sys.version_info[:2] in VERSIONS:
        return [sys.executable]
    for major, minor in VERSIONS:
        launcher = ["py", f"-{major}.{minor}"] if os.name == "nt" else [f"python{major}.{minor}"]
        works = shutil.which(launcher[0]) and not subprocess.run([*launcher, "-c", ""], capture_output=True).returncode
        if works:
            return launcher
    sys.exit(f"speechlab needs Python 3.11 or 3.12, and this is {sys.version.split()[0]}; install one of them")


def fingerprint() -> str:
    """Describe what the environment should hold; it is installed anew only when this changes."""
    digest = hashlib.sha256(b"1")
    for name in ("requirements.txt", "pyproject.toml"):
        digest.update((ROOT / name).read_bytes())
    return f"{digest.hexdigest()}\n{ROOT}\n"


def install() -> None:
    """Make .venv and install requirements.txt and this package into it, unless that is done already."""
    installed = STAMP.read_text(encoding="utf-8") if STAMP.is_file() else ""
    if PYTHON.exists() and installed == fingerprint():
        return
    started = time.monotonic()
    moved = installed and str(ROOT) not in installed.splitlines()  # its scripts name the folder they were made in
    if VENV.exists() and (moved or not PYTHON.exists()):
        shutil.rmtree(VENV)
    if not PYTHON.exists():
        print(f"making the virtual environment {VENV}", flush=True)
        if call(*base_python(), "-m", "venv", VENV, check=False):
            sys.exit("no virtual environment could be made; on Debian and Ubuntu: sudo apt-get install python3-venv")
    call(PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "uv")
    uv_install = [PYTHON, "-m", "uv", "pip", "install", "--quiet", "--python", PYTHON]
    with tempfile.TemporaryDirectory() as folder:
        requirements, backend = choose_torch(Path(folder))
        call(*uv_install, *backend, "-r", requirements)
    call(*uv_install, "--no-deps", "--editable", ".")
    use_relative_path()
    STAMP.write_text(fingerprint(), encoding="utf-8")
    print(f"packages are in, {time.monotonic() - started:.0f} s", flush=True)


def choose_torch(folder: Path) -> tuple[Path, list[str]]:
    """Pick the torch build that fits this machine where PyTorch's own index answers, else the default index's.

    The pins of the CUDA libraries belong to the default build, so they are left out for any other.
    """
    pinned = ROOT / "requirements.txt"
    lines = pinned.read_text(encoding="utf-8").splitlines()
    torch = next(line.split(";")[0].strip() for line in lines if line.startswith("torch=="))
    backend = ["--torch-backend", "auto"]
    question = [PYTHON, "-m", "uv", "pip", "install", "--python", PYTHON, "--dry-run", "--no-deps"]
    question += ["--reinstall-package", "torch", *backend, torch]
    limits = environment() | {"UV_HTTP_TIMEOUT": "5", "UV_HTTP_RETRIES": "0"}
    try:
        answer = subprocess.run([str(part) for part in question], env=limits, capture_output=True, timeout=QUICKLY_S)
        answered = answer.returncode == 0
    except subprocess.TimeoutExpired:
        answered = False
    if not answered:
        print(f"installing {torch} from the default index (PyTorch's own does not answer)", flush=True)
        return pinned, []
    print(f"installing the build of {torch} that fits this machine, from PyTorch's own index", flush=True)
    fitting = folder / "requirements.txt"
    fitting.write_text("\n".join(line for line in lines if not CUDA_PARTS.match(line)) + "\n", encoding="utf-8")
    return fitting, backend


def use_relative_path() -> None:
    """Point the environment at src/ by a relative path.

    Python 3.11 and 3.12 read .pth files in the system's code page, which a folder with a name in another
    alphabet does not survive on Windows.
    """
    packages = next(VENV.rglob("site-packages"))
    for file in packages.glob("*speechlab*.pth"):
        file.write_text(os.path.relpath(ROOT / "src", packages) + "\n", encoding="utf-8")


def run() -> int:
    """Execute main.ipynb; the module names the files it made in its last lines."""
    if not (ROOT / "main.ipynb").is_file():
        sys.exit("there is no main.ipynb here")
    return call(PYTHON, "-m", "speechlab.apps.notebooks", "main.ipynb", "results/main", check=False)


def test(arguments: list[str]) -> int:
    """Run pytest on tests/ and the notebooks, or on what the arguments say."""
    common = ["-n", "2", "--dist", "worksteal", "--nbmake", "--nbmake-timeout=1500", "--durations=25"]
    return call(PYTHON, "-m", "pytest", *common, *arguments, check=False)


def test_quick(arguments: list[str]) -> int:
    """Run the tests that are not marked slow."""
    common = ["-n", "2", "--dist", "worksteal", "-m", "not slow"]
    return call(PYTHON, "-m", "pytest", *common, *(arguments or ["tests"]), check=False)


def bench() -> int:
    """Print the benchmark table."""
    if not (ROOT / "benchmarks" / "__main__.py").is_file():
        sys.exit("there are no benchmarks here")
    return call(PYTHON, "benchmarks", check=False)


def docs() -> int:
    """Build the documentation; the packages for it are installed when they are first needed."""
    uv_install = [PYTHON, "-m", "uv", "pip", "install", "--quiet", "--python", PYTHON]
    call(*uv_install, "-r", "pyproject.toml", "--extra", "docs", "--constraint", "requirements.txt")
    return call(PYTHON, "-m", "mkdocs", "build", "--strict", check=False)


def fuzz(arguments: list[str]) -> int:
    """Try damaged inputs for so many minutes, or do what the options of ``tests/fuzz`` say."""
    minutes, *rest = arguments or ["5"]
    given = arguments if minutes.startswith("-") else ["--minutes", minutes, *rest]
    return call(PYTHON, "tests/fuzz", *given, check=False)


def main() -> int:
    """Do what the first argument says."""
    what, *arguments = sys.argv[1:] or ["help"]
    if what not in ("run", "test", "test-quick", "lab", "bench", "docs", "fuzz", "setup"):
        print(__doc__)
        return 0 if what in ("help", "-h", "--help") else 2
    install()
    try:
        if what == "run":
            return run()
        if what == "test":
            return test(arguments)
        if what == "test-quick":
            return test_quick(arguments)
        if what == "fuzz":
            return fuzz(arguments)
        if what == "bench":
            return bench()
        if what == "docs":
            return docs()
        if what == "lab":
            return call(PYTHON, "-m", "jupyter", "lab", *arguments, check=False)
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
