"""The first call of every notebook: profile, seed, device, and where results go."""

import os
import random
import shutil
import sys
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from speechlab.config import AudioSpec, Experiment
from speechlab.errors import SpeechlabError, did_you_mean
from speechlab.experiments import PROFILES, load_experiment

BRIEF = "SPEECHLAB_BRIEF"
"""Environment variable with what all numbers of steps are divided by, for tests that every cell of a notebook runs."""
MOST_HELD_OUT = 4  # clips of such a training
STEPS = ("steps", "generator_only_steps", "warmup_steps", "binarisation_start", "binarisation_full", "log_every",
         "render_every", "validate_every", "checkpoint_every")  # fmt: skip


@dataclass(frozen=True)
class Lab:
    """What ``start`` found and set; nothing else is configured in a notebook."""

    profile: str  # smoke, gpu or full
    seed: int
    device: str  # cpu or cuda
    precision: str  # of training: fp32, bf16 or fp16
    root: Path  # of the checkout
    data: Path  # corpora and their caches
    runs: Path  # training runs
    results: Path  # audio, figures, reports
    wandb: str = "disabled"  # or online: where the curves and clips of trainings are sent too

    @property
    def audio_spec(self) -> AudioSpec:
        """Mel analysis that all experiments share."""
        return AudioSpec()

    @property
    def corpus(self) -> str:
        """Corpus that the experiments of this profile learn from."""
        return "embedded" if self.profile == "smoke" else "ljspeech"

    def experiment(self, kind: str, *overrides: str) -> Experiment:
        """Load the experiment of this profile, such as ``lab.experiment("fastspeech2", "training.steps=100")``.

        Args:
            kind: ``aligner``, ``fastspeech``, ``fastspeech2``, ``hifigan``, a whole name: ``kathleen-hifigan``, or
                the path of a YAML file.
        """
        name = kind if "-" in kind or kind.endswith((".yaml", ".yml")) else f"{self.corpus}-{kind}"
        logging = [f"training.wandb={self.wandb}"] if self.wandb != "disabled" else []
        return brief(load_experiment(name, self.profile, [*logging, *overrides]))

    def prepare(self, kind: str) -> None:
        """Fetch what an experiment and those that it goes on from need; prints nothing where all of it is here.

        Args:
            kind: as of :meth:`experiment`.
        """
        from speechlab.training.needs import missing_needs, prepare, report

        experiment = self.experiment(kind)
        if missing_needs(experiment, self.profile):
            print(report(experiment, self.profile))
            prepare(experiment, self.profile)

    def folder(self, name: str) -> Path:
        """Make, where needed, the folder of one notebook's results."""
        folder = self.results / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder


def start(profile: str | None = None, seed: int = 1234, wandb: bool = False) -> Lab:
    """Begin a notebook: choose the profile, seed every generator and print what this machine offers.

    Args:
        profile: ``smoke``, ``gpu`` or ``full``; None takes SPEECHLAB_PROFILE, or ``smoke``.
        seed: of python, numpy and PyTorch.
        wandb: send the curves and clips of trainings to Weights & Biases, which may ask for a login.
    """
    import numpy as np
    import torch

    profile = profile or os.environ.get("SPEECHLAB_PROFILE") or "smoke"
    if profile not in PROFILES:
        known = ", ".join(PROFILES)
        raise SpeechlabError(f"no profile is called {profile!r}{did_you_mean(profile, PROFILES)} (known: {known})")
    if not wandb:
        os.environ.setdefault("WANDB_MODE", "offline")  # a notebook never waits for a login
    os.environ.setdefault("WANDB_SILENT", "true")
    if profile == "smoke":
        os.environ.setdefault("HF_HUB_OFFLINE", "1")  # nothing is downloaded but packages
    root = find_root()
    os.environ["SPEECHLAB_DATA"] = str(folder_of("SPEECHLAB_DATA", root / "data"))
    runs = "runs" if divisor() == 1 else "brief-runs"  # what is heard is never mixed with what was only tested
    os.environ["SPEECHLAB_RUNS"] = str(folder_of("SPEECHLAB_RUNS", root / "results" / runs))
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    lab = Lab(
        profile=profile,
        seed=seed,
        device="cuda" if torch.cuda.is_available() else "cpu",
        precision=training_precision(),
        root=root,
        data=Path(os.environ["SPEECHLAB_DATA"]),
        runs=Path(os.environ["SPEECHLAB_RUNS"]),
        results=root / "results",
        wandb="online" if wandb else "disabled",
    )
    print(describe(lab))
    return lab


def divisor() -> int:
    """Give what SPEECHLAB_BRIEF divides all numbers of steps by; 1 where it is not set.

    Raises:
        SpeechlabError: it is no whole number above 0.
    """
    given = os.environ.get(BRIEF) or "1"
    if not (given.isdecimal() and int(given)):
        raise SpeechlabError(f"{BRIEF} is what numbers of steps are divided by, such as 5; got {given!r}")
    return int(given)


def brief(config: Any) -> Any:
    """Divide every number of steps of an experiment by ``divisor()``, to at least 1, and hold out few clips."""
    if divisor() == 1:
        return config
    values = {item.name: getattr(config, item.name) for item in fields(config)}
    parts = {name: brief(value) for name, value in values.items() if is_dataclass(value)}
    steps = {name: max(values[name] // divisor(), 1) for name in STEPS if values.get(name)}
    held_out = {"n_validation": min(values["n_validation"], MOST_HELD_OUT)} if "n_validation" in values else {}
    return replace(config, **parts, **steps, **held_out)


def find_root() -> Path:
    """Folder of the checkout: above this package, or the first above the working folder that looks like one."""
    for folder in (Path(__file__).resolve().parents[2], Path.cwd(), *Path.cwd().parents):
        if (folder / "pyproject.toml").is_file() and (folder / "src" / "speechlab").is_dir():
            return folder
    return Path.cwd()


def folder_of(variable: str, otherwise: Path) -> Path:
    """Absolute folder that an environment variable names; notebooks run in a folder of their own."""
    return Path(os.environ.get(variable) or otherwise).expanduser().resolve()


def training_precision() -> str:
    """Precision that ``training.precision=auto`` means here."""
    import torch

    if not torch.cuda.is_available():
        return "fp32"
    from speechlab.training.engine import choose_precision  # seconds of imports, that only training pays elsewhere

    return choose_precision("auto")


def describe(lab: Lab) -> str:
    """Write a few lines about the machine and the settings."""
    import torch

    if lab.device == "cuda":
        free, total = torch.cuda.mem_get_info()
        device = f"{torch.cuda.get_device_name()}, {free / 2**30:.1f} of {total / 2**30:.1f} GiB of its memory free"
    else:
        device = f"CPU, {os.cpu_count()} cores, {torch.get_num_threads()} computing threads"
    rows = {
        "profile": f"{lab.profile} (seed {lab.seed})",
        "device": device,
        "precision": lab.precision,
        "disk": f"{shutil.disk_usage(lab.root).free / 2**30:.0f} GiB free",
        "software": f"Python {sys.version.split()[0]}, PyTorch {torch.__version__}",
        "data": lab.data,
        "results": lab.results,
    }
    if divisor() > 1:
        rows[BRIEF] = f"every training takes 1/{divisor()} of its steps: nothing here is worth hearing"
    return "\n".join(f"{name:10} {value}" for name, value in rows.items())
