"""``speechlab doctor``: what this machine offers, and what is missing, one line each with what to do."""

import os
import platform
import re
import shutil
import subprocess
import sys
from importlib import metadata
from typing import NamedTuple

from speechlab.paths import DATA, RUNS, data_root, runs_root

DISK_GIB = 5  # a run of the smoke profile needs less; LJ Speech with its features takes this much


class Finding(NamedTuple):
    """One thing looked at."""

    level: str  # ok, note or problem
    what: str
    detail: str

    def __str__(self) -> str:
        return f"{self.level:8} {self.what:12} {self.detail}"


def examine() -> list[Finding]:
    """Look at everything a lesson or a training run relies on."""
    checks = (
        examine_python,
        examine_packages,
        examine_device,
        examine_disk,
        examine_speech,
        examine_corpora,
        examine_voices,
        examine_browser,
    )
    return [finding for check in checks for finding in check()]


def examine_python() -> list[Finding]:
    """Look at the interpreter and its text encoding."""
    version = platform.python_version()
    level = "ok" if sys.version_info[:2] in ((3, 11), (3, 12)) else "problem"
    findings = [
        Finding(level, "python", f"{version} on {platform.system()} {platform.machine()}, {os.cpu_count()} cores")
    ]
    if level == "problem":
        findings.append(Finding("problem", "python", "the packages were tested with 3.11 and 3.12; use one of them"))
    return findings


def examine_packages() -> list[Finding]:
    """Compare the installed packages with what the project asks for."""
    from packaging.markers import default_environment
    from packaging.requirements import Requirement

    try:
        required = [Requirement(text) for text in metadata.requires("speechlab") or []]
    except metadata.PackageNotFoundError:
        return [
            Finding(
                "problem", "packages", "speechlab itself is not installed: python run.py setup, or pip install -e ."
            )
        ]
    environment = default_environment() | {"extra": ""}
    wanted = [item for item in required if item.marker is None or item.marker.evaluate(environment)]
    findings = []
    for item in wanted:
        try:
            version = metadata.version(item.name)
        except metadata.PackageNotFoundError:
            findings.append(
                Finding("problem", "packages", f"{item.name} is missing: pip install '{item.name}{item.specifier}'")
            )
            continue
        if not item.specifier.contains(version, prereleases=True):
            findings.append(Finding("problem", "packages", f"{item.name} is {version}, tested with {item.specifier}"))
    if platform.system() == "Windows":
        findings.append(
            Finding("note", "packages", "pesq has no Windows build: PESQ is not measured here, the rest is")
        )
    return findings or [Finding("ok", "packages", f"all {len(wanted)} requirements are met")]


def examine_device() -> list[Finding]:
    """Look for an NVIDIA card and whether this PyTorch can use it."""
    import torch

    cards = nvidia_cards()
    if torch.cuda.is_available():
        free, total = torch.cuda.mem_get_info()
        name = torch.cuda.get_device_name()
        return [
            Finding(
                "ok",
                "device",
                f"{name}, {free / 2**30:.1f} of {total / 2**30:.1f} GiB free, PyTorch {torch.__version__}",
            )
        ]
    if cards and torch.version.cuda is None:
        advice = "PyTorch is a CPU-only build: delete .venv and run python run.py setup with network access"
        return [Finding("problem", "device", f"there is an NVIDIA card ({cards[0]}), but this {advice}")]
    if cards:
        advice = f"PyTorch {torch.__version__} cannot use it: update the card's driver"
        return [Finding("problem", "device", f"there is an NVIDIA card ({cards[0]}), but {advice}")]
    return [Finding("ok", "device", f"CPU, {torch.get_num_threads()} computing threads, PyTorch {torch.__version__}")]


def nvidia_cards() -> list[str]:
    """Names of the NVIDIA cards that the driver knows."""
    if not shutil.which("nvidia-smi"):
        return []
    try:
        answer = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, timeout=10, encoding="utf-8")
    except (OSError, subprocess.SubprocessError):
        return []
    return re.findall(r"^GPU \d+: (.*?) \(", answer.stdout, flags=re.MULTILINE)


def examine_disk() -> list[Finding]:
    """Look at the free space where data and runs go, and whether it can be written."""
    findings = []
    for what, variable, root in (("data", DATA, data_root()), ("runs", RUNS, runs_root())):
        folder = root.expanduser().absolute()
        existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
        free = shutil.disk_usage(existing).free / 2**30
        if not os.access(existing, os.W_OK):
            findings.append(
                Finding("problem", what, f"{folder} cannot be written; set {variable} to a folder that can")
            )
        elif free < DISK_GIB:
            findings.append(Finding("problem", what, f"{free:.1f} GiB free for {folder}; free some, or set {variable}"))
        else:
            findings.append(Finding("ok", what, f"{folder}, {free:.0f} GiB free"))
    return findings


def examine_speech() -> list[Finding]:
    """Try the phonemiser on a word."""
    from speechlab.text.frontend import for_language

    try:
        symbols = for_language("en")("hello").symbols
    except Exception as error:  # whatever a broken native library does, the report goes on
        return [Finding("problem", "phonemes", f"espeak-ng does not answer ({error}): reinstall espeakng-loader")]
    return [Finding("ok", "phonemes", f"hello -> {' '.join(symbols)}")]


def examine_corpora() -> list[Finding]:
    """Name the corpora that are already on the disk."""
    root = data_root()
    found = (
        sorted(item.name for item in root.iterdir() if item.is_dir() and item.name != "cache") if root.is_dir() else []
    )
    if found:
        return [Finding("ok", "corpora", ", ".join(found))]
    return [Finding("note", "corpora", "none yet; the embedded one is made when it is first used")]


def examine_voices() -> list[Finding]:
    """Name the voices that can speak at once, and the enhancers that can clean."""
    from speechlab.apps.bundled import bundled

    findings = []
    for kind in ("voice", "enhancer"):
        names = ", ".join(bundled(kind))
        none = "none is bundled here; train one, or install speechlab again"
        findings.append(Finding("ok" if names else "note", f"{kind}s", names or none))
    return findings


def examine_browser() -> list[Finding]:
    """Look for a browser that the tests of the players can drive."""
    if found := shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome"):
        return [Finding("ok", "browser", found)]
    return [Finding("note", "browser", "no Chromium: only the tests that drive one are skipped")]
