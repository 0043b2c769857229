"""What all tests share: one core and thread per process, no network, and real recordings where they are present."""

import multiprocessing
import os
import shutil
from pathlib import Path

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")  # xdist runs one process per core; read when torch is imported
os.environ.setdefault("LOKY_MAX_CPU_COUNT", "1")  # so "all cores" is one here; each process more imports torch anew
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["WANDB_MODE"] = "disabled"

ROOT = Path(__file__).resolve().parents[1]
SHARED_DATA = ROOT.parent / "shared" / "data"
# The longest first; main, 03 and 08 take what 04 has trained, so they come after it and need not wait for it.
NOTEBOOKS = ["04_hifigan", "05_glowtts", "06_hifipp", "02_alignment", "main", "03_fastspeech2", "08_evaluation",
             "overfitting", "07_finally"]  # fmt: skip
MAIN_IN_BROWSER = "test_the_main_notebook_runs_and_its_players_and_sliders_work"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the suite be run as it would on Windows and macOS: ``pytest --start-method spawn``."""
    parser.addoption("--start-method", choices=("fork", "spawn", "forkserver"), help="how new processes begin")


def pytest_configure(config: pytest.Config) -> None:
    """Apply the start method before any test makes a process, and let notebooks train an eighth of their steps."""
    if method := config.getoption("--start-method"):
        multiprocessing.set_start_method(method, force=True)
    if not config.getoption("overwrite"):  # notebooks that are stored as executed have learned for as long as they say
        os.environ.setdefault("SPEECHLAB_BRIEF", "8")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let notebooks begin first, so that none runs alone at the end, and mark what ``make test-quick`` leaves out."""
    for item in items:
        if item.path.suffix == ".ipynb" or "browser" in getattr(item, "fixturenames", ()):
            item.add_marker("slow")
    items.sort(key=when)  # a stable sort: the rest keeps its order
    if find_chromium() and any(item.name == MAIN_IN_BROWSER for item in items) and not config.getoption("overwrite"):
        for item in (item for item in items if item.path == ROOT / "main.ipynb"):
            item.add_marker(pytest.mark.skip(reason=f"{MAIN_IN_BROWSER} runs all its cells"))


def when(item: pytest.Item) -> int:
    """Rank a test among all: notebooks by NOTEBOOKS, then the other notebooks, then everything else."""
    if item.name == MAIN_IN_BROWSER:
        return NOTEBOOKS.index("main")
    if item.path.suffix != ".ipynb":
        return len(NOTEBOOKS) + 1
    return next((rank for rank, name in enumerate(NOTEBOOKS) if item.path.name.startswith(name)), len(NOTEBOOKS))


def find_chromium() -> str | None:
    """Path of the system's Chromium, which the browser tests drive."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next(filter(None, map(shutil.which, names)), None)


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of the system's Chromium; the test is skipped where there is none."""
    if (path := find_chromium()) is None:
        pytest.skip("no Chromium on this machine (Debian: apt-get install chromium)")
    return path


@pytest.fixture(scope="session", autouse=True)
def torch_knows_its_constructors() -> None:
    """Let torch list the functions that make tensors before transformers replaces some, while it loads a network.

    torch makes that list once, at the first ``with torch.device(...)``. Made within ``from_pretrained``, it would hold
    the replacements, and models could no longer be built without memory, on the device ``meta``, in this process.
    """
    import torch

    with torch.device("cpu"):
        torch.empty(0)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of small real corpora beside the checkout; the test is skipped where there is none."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"no real recordings: {SHARED_DATA} is not there")
    return SHARED_DATA


@pytest.fixture(scope="session")
def root() -> Path:
    """Folder of the checkout."""
    return ROOT
