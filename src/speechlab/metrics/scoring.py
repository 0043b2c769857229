"""``speechlab.score``: metrics over many recordings, failures counted apart, and where the numbers come from."""

import os
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import TYPE_CHECKING, Any

from speechlab import registry
from speechlab.errors import SpeechlabError
from speechlab.files import require_space
from speechlab.metrics.base import Metric
from speechlab.metrics.items import Item, Sources, collect, collect_texts, match
from speechlab.metrics.journal import Journal
from speechlab.metrics.measure import Description, describe, measure
from speechlab.metrics.table import BASELINE, RULES, SYSTEM, Results, make_table, records, write
from speechlab.processes import called_by
from speechlab.provenance import checkpoint_of, code_and_machine

if TYPE_CHECKING:
    import pandas as pd

ENTRY_BYTES = 1_000  # of a measurement in the journal and the tables
FEW_ITEMS = 4  # fewer are done here: processes take longer to start


def score(
    estimates: Sources,
    references: Sources | None = None,
    metrics: Sequence[str] | str | None = None,
    *,
    baseline: Sources | None = None,
    texts: str | Path | Mapping[Any, str] | Sequence[str] | None = None,
    sample_rate: int | None = None,
    output: str | Path | None = None,
    n_jobs: int | None = None,
) -> "pd.DataFrame":
    """Measure recordings by quality metrics.

    An item for which a metric has no value, such as silence, counts as a failure of this metric and is left out of its
    mean; the reason stands in ``table.attrs["items"]``. The same holds for what cannot be read, lasts more than 10
    minutes, has no reference, or differs from it in length by more than 10 % or half a second.

    Args:
        estimates: a folder, or a mapping or list of paths, ``Audio``, (array, sample_rate), or arrays. Items of two
            folders, mappings or lists are matched by path without suffix, key or position.
        references: what the estimates should be, in any of these forms.
        metrics: names (``speechlab list metrics``); None takes all for which there is what they need.
        baseline: another system's output for the same items. The table then has its mean over the items that a metric
            could measure of both (``pairs``), the mean ``difference`` to it with its interval, and the ``p`` of a
            two-sided paired test, which flips the signs of the differences at random (a permutation test).
        texts: what is said, by the same names, or a folder of .txt files; beside a recording its .txt file is found.
        sample_rate: Hz, of arrays given without one.
        output: folder for scores.csv, scores.json and items.jsonl; what is finished there is not measured again.
        n_jobs: processes; None takes all cores.

    Returns:
        A row per output of the metrics: mean, low and high (95 % bootstrap interval), n, failures, unit, better
        (higher or lower), sample_rate in Hz, version, note (why a metric is unavailable). ``attrs["provenance"]`` says
        what made the numbers, ``attrs["items"]`` holds a record per item and output. Both are plain JSON.

    Raises:
        SpeechlabError: nothing to score, no name in common, an unknown metric, or a worker process died.
    """
    systems = {SYSTEM: collect(estimates, "estimates", sample_rate)}
    if baseline is not None:
        systems[BASELINE] = common(collect(baseline, "baseline", sample_rate), systems[SYSTEM])
    originals = {} if references is None else collect(references, "references", sample_rate)
    spoken = collect_texts(texts)
    if spoken and not spoken.keys() & systems[SYSTEM].keys():
        raise SpeechlabError(
            f"no text has the name of an estimate: these are called {min(systems[SYSTEM])!r} and so on, "
            f"the texts {min(spoken)!r}; give both the same names"
        )
    items = {system: match(recordings, originals, spoken) for system, recordings in systems.items()}

    chosen, left_out = choose(metrics, items[SYSTEM])
    n_processes = processes(n_jobs, max(map(len, items.values())))
    described = describe_all(chosen, items[SYSTEM], n_processes)
    folder = None if output is None else Path(output)
    results, commits = measure_all(items, chosen, described, folder, n_processes)

    table = make_table(chosen, described, results, baseline is not None)
    table.attrs["items"] = records(chosen, results)
    table.attrs["provenance"] = code_and_machine() | {
        "checkpoints": {SYSTEM: checkpoint_of(estimates), BASELINE: checkpoint_of(baseline)},
        "measured_at_commits": sorted(commits),
        "given": {"estimates": in_words(estimates), "references": in_words(references), "baseline": in_words(baseline)},
        "n_items": {system: len(recordings) for system, recordings in systems.items()},
        "n_references": len(originals),
        "n_references_without_estimate": len(originals.keys() - systems[SYSTEM].keys()),
        "metrics": {name: about(each, described[name]) for name, each in chosen.items()},
        "left_out": left_out,
        "rules": RULES,
    }
    if folder is not None:
        write(table, folder)
    return table


def common(baseline: dict, estimates: dict) -> dict:
    """Keep the items of the baseline that the estimates have too."""
    kept = {name: source for name, source in baseline.items() if name in estimates}
    if not kept:
        raise SpeechlabError(
            f"no item of the baseline has the name of an estimate: these are called {min(estimates)!r} and so on, "
            f"those {min(baseline)!r}; give both the same names"
        )
    return kept


def choose(
    metrics: Sequence[str] | str | None, items: Sequence[Item]
) -> tuple[dict[str, type[Metric]], dict[str, str]]:
    """Look up the metrics by name, or take all for which there is what they need.

    Returns:
        Metric classes by name; and those left out, with what they would need.
    """
    if metrics is not None:
        names = [metrics] if isinstance(metrics, str) else list(dict.fromkeys(metrics))
        if not names:
            raise SpeechlabError("no metric is named; leave metrics out to take all")
        return {name: registry.metrics[name] for name in names}, {}
    usual = {name: each for name, each in registry.metrics.items() if not each.only_by_name}
    left_out = {name: needed(each, items) for name, each in usual.items()}
    left_out = {name: need for name, need in left_out.items() if need}
    return {name: each for name, each in usual.items() if name not in left_out}, left_out


def needed(metric_class: type[Metric], items: Sequence[Item]) -> str:
    """Say what a metric needs of which no item has any; empty where it can be asked."""
    if metric_class.needs_reference and all(item.reference is None for item in items):
        return "references"
    if metric_class.needs_text and all(item.text is None for item in items):
        return "texts"
    return ""


def describe_all(chosen: Mapping[str, type[Metric]], items: Sequence[Item], n_processes: int) -> dict[str, Description]:
    """Ask each metric for its version, or for what it lacks here."""
    needs = {name: needed(each, items) for name, each in chosen.items()}
    asked = [name for name, need in needs.items() if not need]
    limits = {name: min(chosen[name].n_workers or n_processes, n_processes) for name in asked}
    found = {}
    for limit in set(limits.values()):  # what may not be loaded by all processes at once is not described so either
        found |= dict(in_parallel(describe, [(name, chosen[name]) for name in asked if limits[name] == limit], limit))
    lacking = {name: Description("", f"needs {need}, and none was given") for name, need in needs.items() if need}
    return found | lacking


def measure_all(
    items: Mapping[str, Sequence[Item]],
    chosen: Mapping[str, type[Metric]],
    described: Mapping[str, Description],
    folder: Path | None,
    n_processes: int,
) -> tuple[Results, set[str]]:
    """Ask all metrics that can be asked about all items; what the folder's journal knows is taken from there.

    Returns:
        The measurements, and the commits of the code that made them.
    """
    versions = {name: description.version for name, description in described.items() if not description.missing}
    named = {(system, item.id): item for system, of_system in items.items() for item in of_system}
    pending: dict[int, dict] = defaultdict(lambda: defaultdict(dict))  # by number of processes and item
    results, keys = {}, {}
    with Journal(folder and folder / "items.jsonl") as journal:
        for who, item in named.items():
            for name, key in journal.keys(item, versions).items():
                keys[*who, name] = key
                ours = chosen[name].__module__.startswith("speechlab.")  # another's may change without a new version
                if known := (folder or ours) and journal.find(key):
                    results[*who, name] = known
                else:
                    limit = chosen[name].n_workers or n_processes
                    pending[min(limit, n_processes)][who][name] = chosen[name]
        if folder is not None:
            print(f"{len(results)} of {len(keys)} already scored")
            require_space("scoring", folder, ENTRY_BYTES * (len(keys) - len(results)))
        for limit, asked in sorted(pending.items(), reverse=True):
            jobs = [(who, named[who], metrics) for who, metrics in asked.items()]
            for who, measured in progress(in_parallel(measure, jobs, limit), len(jobs)):
                for name, measurement in measured.items():
                    results[*who, name] = measurement
                    journal.append(keys[*who, name], named[who], name, versions[name], measurement)
    return results, journal.used


def processes(n_jobs: int | None, n_items: int) -> int:
    """Count the processes to use."""
    from joblib import cpu_count

    if n_jobs is not None and n_jobs < 1 and n_jobs != -1:
        raise SpeechlabError(f"n_jobs is the number of processes, -1 for one a core; got {n_jobs}")
    if n_items < FEW_ITEMS:
        return 1
    return cpu_count() if n_jobs in (None, -1) else n_jobs


def in_parallel(function: Callable, calls: Sequence[tuple], n_processes: int) -> Iterator[tuple[Any, Any]]:
    """Call a function in worker processes of one thread each, or in this one.

    Args:
        calls: tuples of a name for the call, and the arguments.

    Returns:
        Name and result of each call, as they finish.

    Raises:
        SpeechlabError: a process died.
    """
    from joblib import Parallel, delayed, parallel_config

    if n_processes == 1:
        yield from ((name, function(*arguments)) for name, *arguments in calls)
        return
    try:
        with parallel_config("loky", n_jobs=n_processes, inner_max_num_threads=1), warnings.catch_warnings():
            warnings.filterwarnings("ignore", "A worker stopped", UserWarning)  # and was replaced: it had grown
            parallel = Parallel(return_as="generator_unordered", batch_size=1)
            yield from parallel(delayed(called_by)(os.getpid(), call, function, *arguments) for arguments in calls)
    except BrokenProcessPool as error:
        raise SpeechlabError(
            "a process that scored was ended from outside, or ran out of memory; score again with fewer jobs "
            "(what is in the output folder is kept)"
        ) from error


def call(function: Callable, name: Any, *arguments: Any) -> tuple[Any, Any]:
    """Call a function, and keep the name of the call with the result."""
    return name, function(*arguments)


def progress(results: Iterator, total: int) -> Iterator:
    """Show a bar on stderr."""
    from tqdm.auto import tqdm

    return tqdm(results, "scoring", total, unit="item", leave=False, mininterval=0.5, disable=not total)


def in_words(given: Sources | None) -> str | None:
    """Name what was given: a folder by its path, else its kind."""
    if given is None or isinstance(given, str | Path):
        return given and str(given)
    return f"{type(given).__name__} of {len(given)}"


def about(metric_class: type[Metric], description: Description) -> dict[str, Any]:
    """Describe a metric for the provenance."""
    return {
        "version": description.version,
        "missing": description.missing,
        "sample_rate": metric_class.sample_rate,
        "outputs": list(metric_class.outputs),
    }
