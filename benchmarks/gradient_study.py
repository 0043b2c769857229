"""Why the gradients of report 002 would not calm down: five causes, each with and without its remedy, in one figure.

    python benchmarks/gradient_study.py [--steps 800] [--attempts]

A small Glow-TTS learns from clips of two sentences of the Russian embedded voice, about twenty minutes on one core in
all. The run with every remedy is common to all five. With --attempts, what the report's author tried against them comes
beside it: rate and clip / 5, warm-up x 2, with her schedule and with one that counts steps. There is one run a cause:
small differences may be chance, --seed gives another one. The floor comes with the whole front end of report 002, so
its likelihood is not on the same scale. A cause may need more steps or a larger model: a line says so of each that does
not show. Writes gradient_study.png and .json to results/tables.
"""

import argparse
import json
import math
import sys

from speechlab.lab import find_root

sys.path.append(str(find_root() / "notebooks"))

from studies.gradient_figure import show_gradient_study  # noqa: E402
from studies.gradients import ATTEMPTS, CAUSES, Trace, study, verdict  # noqa: E402


def main() -> None:
    """Run, print, and keep figure and numbers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=800, help="optimiser steps of each run")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--attempts", action="store_true", help="two more runs: what the report's author tried")
    options = parser.parse_args()
    causes = (*CAUSES, *ATTEMPTS) if options.attempts else CAUSES
    traces = study(options.steps, options.seed, lambda line: print(line, flush=True), causes)
    print()
    for name, (cause, remedied) in traces.items():
        print(verdict(name, cause, remedied))
    folder = find_root() / "results" / "tables"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "gradient_study.png").write_bytes(show_gradient_study(traces).encoded())
    numbers = {name: [numbers_of(trace) for trace in pair] for name, pair in traces.items()}
    record = {"steps": options.steps, "seed": options.seed, "cause, remedied": numbers}
    (folder / "gradient_study.json").write_text(json.dumps(record, indent=1, ensure_ascii=False), encoding="utf-8")
    print(f"\nfigure and numbers are in {folder}")


def numbers_of(trace: Trace) -> dict:
    """What a run comes to, in plain numbers; null where its last steps were not finite."""
    last = trace.last_likelihood
    return {
        "late_gradient_norm": trace.level,
        "largest_over_median": trace.worst_jump,
        "last_likelihood": last if math.isfinite(last) else None,
        "skipped_steps": trace.n_skipped,
        "health": trace.health,
    }


if __name__ == "__main__":
    main()
