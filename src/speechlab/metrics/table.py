"""From measurements to a table: means with intervals, failures counted apart, and two systems compared in pairs."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from speechlab.metrics.base import Metric
from speechlab.metrics.intervals import bootstrap
from speechlab.metrics.items import MAX_ITEM_S
from speechlab.metrics.measure import CUT_S, CUT_SHARE, Description, Measurement

if TYPE_CHECKING:
    import pandas as pd

N_PERMUTATIONS = 9_999
RULES = {
    "interval": "95 %, expanded percentile bootstrap over items, 1000 resamples, seed 0",
    "paired_test": f"two-sided permutation test: signs of differences flipped in {N_PERMUTATIONS} ways, or all",
    "longest_item_s": MAX_ITEM_S,
    "cut_to_common_length": f"where lengths differ by at most {100 * CUT_SHARE:g} % and {CUT_S} s",
}
SYSTEM, BASELINE = "estimates", "baseline"
Results = dict[tuple[str, str, str], Measurement]  # by system, item and metric


def make_table(
    chosen: Mapping[str, type[Metric]], described: Mapping[str, Description], results: Results, compare: bool
) -> "pd.DataFrame":
    """Fill a row per output of each metric; ``speechlab.score`` says what the columns are."""
    import pandas as pd

    rows = {}
    for name, metric_class in chosen.items():
        units = metric_class.unit.split("; ")  # one for all outputs, or one each
        for place, output in enumerate(metric_class.outputs):
            values = {system: values_of(results, system, name, output) for system in (SYSTEM, BASELINE)}
            rates = {each.sample_rate for (_, _, metric), each in results.items() if metric == name} - {None}
            rows[output] = row_of(list(values[SYSTEM].values())) | {
                "failures": failures(results, SYSTEM, name, values),
                "unit": units[place] if len(units) == len(metric_class.outputs) else metric_class.unit,
                "better": "higher" if metric_class.higher_is_better else "lower",
                "sample_rate": metric_class.sample_rate
                or (rates.pop() if len(rates) == 1 else "/".join(map(str, sorted(rates)))),
                "version": described[name].version,
                "note": described[name].missing,
            }
            if compare:
                rows[output] |= compared(values[SYSTEM], values[BASELINE])
                rows[output]["baseline_failures"] = failures(results, BASELINE, name, values)
    table = pd.DataFrame.from_dict(rows, orient="index")
    return table.rename_axis("metric")


def failures(results: Results, system: str, metric: str, values: Mapping[str, Mapping[str, float]]) -> int:
    """Count the items of a system that were asked and have no value."""
    return sum((who, name) == (system, metric) for who, _, name in results) - len(values[system])


def values_of(results: Results, system: str, metric: str, output: str) -> dict[str, float]:
    """Collect the values that there are, by item, sorted by its name: the order of items changes no number."""
    found = {
        item: measurement.values[output]
        for (of, item, name), measurement in results.items()
        if (of, name) == (system, metric)
    }
    return {item: value for item, value in sorted(found.items()) if value is not None}


def row_of(values: list[float]) -> dict[str, float]:
    """Give mean, interval and number; an interval needs two values."""
    if not values:
        return {"mean": math.nan, "low": math.nan, "high": math.nan, "n": 0}
    mean, low, high, n = bootstrap(values)
    return {"mean": mean, "low": low if n > 1 else math.nan, "high": high if n > 1 else math.nan, "n": n}


def compared(estimates: Mapping[str, float], baseline: Mapping[str, float]) -> dict[str, float]:
    """Compare two systems over the items that were measured of both."""
    both = [item for item in estimates if item in baseline]
    difference = row_of([estimates[item] - baseline[item] for item in both])
    return {
        "baseline": float(np.mean([baseline[item] for item in both])) if both else math.nan,
        "difference": difference["mean"],
        "difference_low": difference["low"],
        "difference_high": difference["high"],
        "p": paired_p([estimates[item] - baseline[item] for item in both]),
        "pairs": len(both),
    }


def paired_p(differences: list[float]) -> float:
    """Probability of a mean difference this far from zero if either system were as likely to be the better one.

    A permutation test over the signs of the paired differences (R. A. Fisher, 1935): exact where there are few.
    """
    from scipy.stats import permutation_test

    if len(differences) < 2:
        return math.nan
    options = dict(permutation_type="samples", vectorized=True, n_resamples=N_PERMUTATIONS, batch=1_000, rng=0)
    return float(permutation_test((differences,), np.mean, **options).pvalue)


def records(chosen: Mapping[str, type[Metric]], results: Results) -> list[dict[str, Any]]:
    """List every item and output: the value, or the reason why there is none."""
    return [
        {
            "id": item,
            "system": system,
            "metric": output,
            "value": measurement.values[output],
            "reason": measurement.reasons.get(output, ""),
            "note": measurement.note,
            "sample_rate": measurement.sample_rate,
        }
        for (system, item, name), measurement in sorted(results.items(), key=lambda entry: entry[0])
        for output in chosen[name].outputs
    ]


def write(table: "pd.DataFrame", folder: Path) -> None:
    """Write scores.csv, and scores.json with the provenance and all items."""
    folder.mkdir(parents=True, exist_ok=True)
    table.to_csv(folder / "scores.csv", encoding="utf-8")
    rows = [
        {key: None if isinstance(value, float) and math.isnan(value) else value for key, value in row.items()}
        for row in table.reset_index().to_dict("records")
    ]
    everything = {"table": rows, "provenance": table.attrs["provenance"], "items": table.attrs["items"]}
    text = json.dumps(everything, indent=1, ensure_ascii=False, allow_nan=False)
    (folder / "scores.json").write_text(text + "\n", encoding="utf-8")
