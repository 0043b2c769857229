"""Give damaged inputs to everything that reads and writes, count what breaks, and keep it.

    python tests/fuzz --minutes 5                new inputs, for as long as asked (make fuzz MINUTES=5)
    python tests/fuzz --table [--cases FOLDER]   10,000 inputs, the same each time; and inputs that broke it once

Broken is: an exception that is no single line, more than 5 s of processor time, a crash of the interpreter, or more
than 400 MB above what was there before. Inputs that break go to --output with what happened.
"""

import argparse
import json
import os
import random
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

if "tests" not in sys.modules:  # some library installs a package of this name, which would be taken for ours
    sys.modules["tests"] = ModuleType("tests")
    sys.modules["tests"].__path__ = [str(Path(__file__).resolve().parents[1])]

from tests.fuzz.attempts import HANGS_S, LONGEST_S, MOST_MB, TARGETS, attempt, cases, files_of, usable, warm_up
from tests.fuzz.disks import may_mount
from tests.fuzz.mutate import Input

TABLE = {
    "audio": 2_500, "checkpoint": 1_000, "overrides": 1_200, "lexicon": 600, "archive": 700, "metadata": 1_000,
    "textgrid": 700, "journal": 600, "text": 900, "message": 500, "note": 100, "disk": 200,
}  # fmt: skip
"""How many inputs each target gets in a table; 10,000 in all."""
BATCH = 100  # inputs that one process gets: one that ends it costs no more than its own batch
KINDS = ("traceback", "over 5 s", "memory", "crash")
Named = Iterator[tuple[str, Input]]


def kind_of(problem: str) -> str:
    """Name what happened to a broken input."""
    if problem.startswith("took"):
        return "over 5 s" if problem.endswith(" s") else "memory"
    return "crash" if problem.startswith("ended") else "traceback"


def in_process(target: str, batch: list[tuple[str, Input]], folder: Path) -> dict[str, str]:
    """Attempt inputs in a process of their own; gives what broke, by name, and what memory was taken at most as ""."""
    progress = folder / "progress.jsonl"
    progress.unlink(missing_ok=True)
    process = os.fork()
    if not process:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with progress.open("a", encoding="utf-8") as file:
            for name, files in batch:
                file.write(json.dumps([name, "ended the process"]) + "\n")  # unless a later line says otherwise
                file.flush()
                problem = attempt(target, files, folder / "input")
                file.write(json.dumps([name, problem]) + "\n")
                file.flush()
            grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
            file.write(json.dumps(["", str(grown / 1024)]) + "\n")
        os._exit(0)
    os.waitpid(process, 0)
    lines = progress.read_text(encoding="utf-8").splitlines() if progress.is_file() else []
    return dict(json.loads(line) for line in lines)


class Tally:
    """What was tried and what broke.

    Args:
        kept: folder for inputs that broke.
    """

    def __init__(self, kept: Path):
        self.kept, self.tried, self.most_mb = kept, dict.fromkeys(TARGETS, 0), 0.0
        self.broken = {target: dict.fromkeys(KINDS, 0) for target in TARGETS}

    def add(self, target: str, batch: list[tuple[str, Input]], folder: Path) -> None:
        """Attempt a batch; where one input ends the process, go on with those after it."""
        while batch:
            found = in_process(target, batch, folder)
            self.most_mb = max(self.most_mb, float(found.pop("", 0)))
            for name, files in batch[: len(found)]:
                self.tried[target] += 1
                if found[name]:
                    self.keep(target, name, files, found[name])
            if not found:
                sys.exit(f"no process could be started for {target}")
            batch = batch[len(found) :]

    def keep(self, target: str, name: str, files: Input, problem: str) -> None:
        """Count a broken input, and keep it."""
        self.broken[target][kind_of(problem)] += 1
        place = self.kept / f"{target}-{name.replace('/', '-')}"
        for file, data in files.items():
            (place / file).parent.mkdir(parents=True, exist_ok=True)
            (place / file).write_bytes(data)
        (place / "problem.txt").write_text(problem, encoding="utf-8", errors="replace")
        print(f"{target} {name}: {problem.splitlines()[-1]}", flush=True)

    def report(self) -> int:
        """Print a table; gives 1 where something broke."""
        print(f"{'target':12}{'tried':>8}{'broken':>8}  " + "".join(f"{kind:>11}" for kind in KINDS))
        rows = [(target, n, list(self.broken[target].values())) for target, n in self.tried.items() if n]
        sums = [sum(column) for column in zip(*(row[2] for row in rows), strict=True)]
        rows.append(("all", sum(n for _, n, _ in rows), sums))
        for target, n, broken in rows:
            print(f"{target:12}{n:8}{sum(broken):8}  " + "".join(f"{count:11}" for count in broken))
        print(f"at most {self.most_mb:.0f} MB above idle in a process of {BATCH} inputs (limit {MOST_MB} for one);"
              f" limit of processor time {LONGEST_S:.0f} s, given up after {HANGS_S:.0f} s")  # fmt: skip
        if sum(rows[-1][2]):
            print(f"what broke is in {self.kept}")
        return int(sum(rows[-1][2]) > 0)


def batches(numbers: range, target: str) -> Iterator[list[tuple[str, Input]]]:
    """Cut the inputs of some numbers into batches."""
    for first in range(numbers.start, numbers.stop, BATCH):
        yield [(str(number), files_of(number, target)) for number in range(first, min(first + BATCH, numbers.stop))]


def main() -> int:
    """Attempt, and report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, help="go on for so long with new inputs")
    parser.add_argument("--table", action="store_true", help="attempt 10,000 inputs, the same each time")
    parser.add_argument("--share", type=float, default=1.0, help="of the table's inputs, 0 to 1")
    parser.add_argument("--targets", default=",".join(TARGETS), help="with commas; all unless given")
    parser.add_argument("--cases", type=Path, help="folder of inputs that broke it once")
    parser.add_argument("--output", type=Path, default=Path("results/fuzz"), help="for inputs that break")
    options = parser.parse_args()
    if options.minutes is None and not options.table and options.cases is None:
        parser.error("say for how many --minutes, or --table, or --cases FOLDER")
    targets = [target for target in options.targets.split(",") if target in usable()]
    if "disk" not in targets and (reason := may_mount()):
        print(f"full disks are left out: {reason}")
    tally = Tally(options.output)
    with tempfile.TemporaryDirectory() as folder:
        warm_up(Path(folder) / "input", targets)
        for target in targets:
            if options.cases is not None:
                tally.add(target, list(cases(options.cases, target).items()), Path(folder))
            if options.table:
                for batch in batches(range(round(TABLE[target] * options.share)), target):
                    tally.add(target, batch, Path(folder))
                print(f"{target}: {tally.tried[target]} tried", flush=True)
        until = time.monotonic() + 60 * (options.minutes or 0)
        first = random.SystemRandom().randrange(10**9)
        while time.monotonic() < until:
            for target in targets:
                for batch in batches(range(first, first + BATCH // 5), target):
                    tally.add(target, batch, Path(folder))
            first += BATCH
    return tally.report()


if __name__ == "__main__":
    sys.exit(main())
