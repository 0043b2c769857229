"""The trainings in a folder of runs: what each differs in, how far it is, what it cost and how it went."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from speechlab.checkpoints import newest_step
from speechlab.errors import SpeechlabError, did_you_mean
from speechlab.paths import runs_root
from speechlab.training.identity import STEPS, differences, own_settings, stored_config
from speechlab.training.logs import read_list, read_log

if TYPE_CHECKING:
    import pandas as pd

LONGEST_GAP_S = 120.0  # between two records of a log; what is longer was a pause in the training, not training


@dataclass(frozen=True)
class Run:
    """One training run, as its folder tells."""

    name: str
    folder: Path
    experiment: str
    profile: str  # of whose settings its own are nearest; empty where the experiment is not one of ours
    differs: dict[str, Any]  # settings that are not the experiment's own
    changes: list[dict[str, Any]]  # of settings while it went on, with their steps
    step: int  # of the newest checkpoint
    steps: int  # in all
    minutes: float  # of training, pauses left out
    validation: dict[str, float]  # the last numbers
    health: list[dict[str, Any]]  # findings: step, level, what, try

    def as_json(self) -> dict[str, Any]:
        """Give what ``speechlab runs --json`` prints."""
        return asdict(self) | {"folder": str(self.folder), "minutes": round(self.minutes, 2)}

    def last_renders(self) -> Path:
        """Folder of the clips that were rendered last."""
        folders = sorted(path for path in self.folder.glob("renders/step-*") if any(path.glob("*.wav")))
        if not folders:
            raise SpeechlabError(f"nothing was rendered in {self.folder} yet; train on, or set training.render_every")
        return folders[-1]


def read_run(folder: str | Path) -> Run:
    """Read what a run folder tells.

    Raises:
        SpeechlabError: it is no run folder.
    """
    folder = Path(folder)
    stored = stored_config(folder)
    if stored is None:
        raise SpeechlabError(f"{folder} is not a training run: it has neither config.json nor checkpoints")
    experiment = str(stored.settings.get("name", ""))
    own = own_settings(experiment, stored.settings)
    changed = differences(own[1], stored.settings) if own else {}
    records = read_log(folder)
    validated = [record for record in records if any(name.startswith("validation/") for name in record)]
    numbers = {name.removeprefix("validation/"): value for name, value in (validated or [{}])[-1].items()
               if name.startswith("validation/")}  # fmt: skip
    return Run(
        name=folder.resolve().name,
        folder=folder,
        experiment=experiment,
        profile=own[0] if own else "",
        differs={key: after for key, (_, after) in changed.items() if key != STEPS},
        changes=stored.changes,
        step=newest_step(folder),
        steps=int(stored.settings[STEPS]),
        minutes=minutes_spent(records),
        validation=numbers,
        health=read_list(folder / "health.json", "findings"),
    )


def minutes_spent(records: list[dict[str, Any]]) -> float:
    """Time from record to record of a log, pauses between a stop and its resumption left out."""
    times = sorted(record["time"] for record in records if "time" in record)
    gaps = (later - earlier for earlier, later in zip(times[:-1], times[1:], strict=True))
    return sum(gap for gap in gaps if gap < LONGEST_GAP_S) / 60


def list_runs(folder: str | Path | None = None) -> list[Run]:
    """Read all runs of a folder, by default of ``runs_root()``, in order of their names.

    Raises:
        SpeechlabError: there is no such folder.
    """
    root = Path(folder or runs_root())
    if not root.is_dir():
        raise SpeechlabError(f"there is no folder {root}; train something first, or name the folder of your runs")
    found = (path for path in sorted(root.iterdir()) if path.is_dir() and not path.name.startswith("."))
    return [read_run(path) for path in found if stored_config(path) is not None]


def find_run(name: str | Path) -> Run:
    """Read a run by its folder or its name.

    Raises:
        SpeechlabError: there is none; the message has the nearest names.
    """
    for place in (runs_root() / name, Path(name)):
        if place.is_dir() and stored_config(place) is not None:
            return read_run(place)
    known = [run.name for run in list_runs()] if runs_root().is_dir() else []
    raise SpeechlabError(
        f"no run is called {str(name)!r}{did_you_mean(str(name), known)}; speechlab runs lists {len(known)}"
    )


def runs_table(folder: str | Path | None = None) -> "pd.DataFrame":
    """Lay out all runs of a folder, a row each, as ``speechlab runs`` prints them."""
    import pandas as pd

    return pd.DataFrame(
        {
            "run": run.name,
            "profile": run.profile,
            "step": f"{run.step}/{run.steps}",
            "minutes": round(run.minutes, 1),
            "validation": ", ".join(f"{name} {value:.4g}" for name, value in run.validation.items()),
            "health": health_in_words(run.health),
            "differs": in_words(run),
        }
        for run in list_runs(folder)
    )


def in_lines(table: "pd.DataFrame") -> str:
    """Write a table with its columns from the left, for a terminal."""
    rows = [list(table.columns), *([str(cell) for cell in row] for row in table.itertuples(index=False))]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    padded = (map(str.ljust, row, widths) for row in rows)
    return "\n".join("  ".join(cells).rstrip() for cells in padded)


def in_words(run: Run) -> str:
    """Say what makes a run another than its experiment, and what was changed on the way."""
    own = [] if run.name.startswith(run.experiment) else [f"a {run.experiment}"]
    settings = [f"{key}={value}" for key, value in run.differs.items()]
    later = [f"{', '.join(change['changed'])} from step {change['step']}" for change in run.changes]
    return "; ".join([*own, ", ".join(settings), *later]).strip("; ")


def health_in_words(findings: list[dict[str, Any]]) -> str:
    """Count findings, and quote the last one."""
    if not findings:
        return "well"
    last = findings[-1]
    return f"{len(findings)}, last at step {last.get('step')}: {last.get('what')}"
