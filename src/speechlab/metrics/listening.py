"""Statistics of listening tests: what friends answered in a page of ``display.listening``, with honest intervals.

ABX: exact binomial interval (C. Clopper, E. Pearson, 1934) and test against guessing. MOS: cluster bootstrap, for the
ratings of one item, or of one listener, are not independent of each other.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from speechlab.errors import SpeechlabError
from speechlab.metrics.intervals import bootstrap

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    "test_id", "listener", "trial", "kind", "item", "system_or_pair", "answer", "correct", "time_s", "n_plays",
)  # fmt: skip
ANSWERS = {"abx": ("A", "B"), "mos": ("1", "2", "3", "4", "5")}
CLUSTERS = ("item", "listener")


def read_listening(paths: str | Path | Sequence[str | Path]) -> "pd.DataFrame":
    """Read the results that listeners sent back, each trial of a listener once, however often its file arrived.

    Args:
        paths: one CSV file or several; tests may be mixed.

    Returns:
        Rows of ``COLUMNS``: trial and n_plays as integers, time_s in seconds, correct as a nullable boolean (missing
        in a MOS test), everything else as text.

    Raises:
        SpeechlabError: a file is missing, or is not what a listening page writes, or two listeners have one name; the
            message names it.
    """
    import pandas as pd

    paths = [paths] if isinstance(paths, str | Path) else list(paths)
    if not paths:
        raise SpeechlabError("got no file of listening results; pass the CSV files that the listeners sent back")
    tables = pd.concat([read_file(Path(path)) for path in paths], ignore_index=True)
    tables = tables.drop_duplicates(ignore_index=True)  # a file that arrived twice
    twice = tables[tables.duplicated(["test_id", "listener", "trial"])]
    if len(twice):
        raise SpeechlabError(
            f"listener {twice['listener'].iloc[0]!r} answered trial {twice['trial'].iloc[0]} of test"
            f" {twice['test_id'].iloc[0]} twice, and differently; rename one of the two in its file"
        )
    return tables


def read_file(path: Path) -> "pd.DataFrame":
    """Read and check one file."""
    import pandas as pd

    if not path.is_file():
        raise SpeechlabError(f"there is no file {path}; pass the CSV files that the listeners sent back")
    try:  # as text: a system may be called "NA" and a listener "007"
        table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise SpeechlabError(f"{path} is not a CSV file of listening results: {error}") from error
    if tuple(table.columns) != COLUMNS:
        found = ", ".join(map(str, table.columns))[:80]
        expected = ",".join(COLUMNS)
        raise SpeechlabError(f"{path} has the columns {found}; expected {expected}, as the page of the test saves it")
    if table.empty:
        raise SpeechlabError(f"{path} holds no answers; ask the listener to finish the test")
    return typed(table, path)


def typed(table: "pd.DataFrame", path: Path) -> "pd.DataFrame":
    """Turn columns of text into numbers and booleans, or name the first row that does not fit."""
    import pandas as pd

    numbers = {name: pd.to_numeric(table[name], errors="coerce") for name in ("trial", "time_s", "n_plays")}
    whole = (numbers["trial"] % 1 == 0) & (numbers["n_plays"] % 1 == 0)
    answered = [answer in ANSWERS.get(kind, ()) for kind, answer in table[["kind", "answer"]].to_numpy()]
    judged = ((table.kind == "abx") & table.correct.isin(["0", "1"])) | ((table.kind == "mos") & (table.correct == ""))
    fits = whole & numbers["time_s"].ge(0) & pd.Series(answered) & judged
    if not fits.all():
        row = int((~fits).argmax())
        shown = ",".join(table.iloc[row])
        raise SpeechlabError(f"row {row + 1} of {path} is not a listening test's answer: {shown!r}; get the file again")
    correct = table.correct.map({"1": True, "0": False}).astype("boolean")
    integers = {name: numbers[name].astype(int) for name in ("trial", "n_plays")}
    return table.assign(**integers, time_s=numbers["time_s"], correct=correct)


def abx_result(table: "pd.DataFrame") -> "pd.DataFrame":
    """Say for each pair of systems how often X was recognised, and whether guessing explains it.

    Trials count as independent; with few listeners, the result is about these listeners.

    Args:
        table: as ``read_listening`` gives it.

    Returns:
        A row per pair: n trials, n_listeners, correct, share with its exact 95 % interval (low, high), and p_value:
        the probability to get so many right, or more, by guessing (one-sided, chance 1/2).
    """
    import pandas as pd
    from scipy.stats import binomtest

    rows = {}
    for pair, trials in only(table, "abx").groupby("system_or_pair", sort=False):
        n, correct = len(trials), int(trials.correct.sum())
        low, high = binomtest(correct, n).proportion_ci(0.95, method="exact")
        p_value = binomtest(correct, n, 0.5, alternative="greater").pvalue
        rows[pair] = (n, trials.listener.nunique(), correct, correct / n, low, high, p_value)
    columns = ["n", "n_listeners", "correct", "share", "low", "high", "p_value"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("pair")


def mos_result(table: "pd.DataFrame", over: str = "item") -> "pd.DataFrame":
    """Give the mean opinion score of each system with its 95 % bootstrap interval.

    Args:
        table: as ``read_listening`` gives it.
        over: what is drawn anew, with all its ratings: ``item`` asks what other sentences would have got from these
            listeners, ``listener`` what other listeners would have given to these sentences.

    Returns:
        A row per system, best first: mean, low, high, n ratings, n_listeners, n_items, and what was resampled. With
        a single item (or listener) there is no interval, and low and high are NaN.
    """
    import pandas as pd

    ratings = rated(table, over)
    rows = {}
    for system, group in ratings.groupby("system_or_pair"):
        interval = clustered_mean(group, "answer", over)
        rows[system] = (*interval, len(group), group.listener.nunique(), group["item"].nunique(), over)
    columns = ["mean", "low", "high", "n", "n_listeners", "n_items", "resampled"]
    result = pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("system")
    return result.sort_values("mean", ascending=False)


def clustered_mean(table: "pd.DataFrame", column: str, over: str) -> tuple[float, float, float]:
    """Mean of a column and its interval; rows of one cluster are drawn together, a single cluster has no interval."""
    clusters = [group[column].to_numpy(float) for _, group in table.groupby(over)]
    interval = bootstrap(clusters)
    return (interval.value, interval.low, interval.high) if len(clusters) > 1 else (interval.value, *[float("nan")] * 2)


def rated(table: "pd.DataFrame", over: str) -> "pd.DataFrame":
    """Ratings as numbers."""
    if over not in CLUSTERS:
        raise SpeechlabError(f"cannot resample over {over!r}; use {' or '.join(CLUSTERS)}")
    ratings = only(table, "mos")
    return ratings.assign(answer=ratings.answer.astype(int))


def only(table: "pd.DataFrame", kind: str) -> "pd.DataFrame":
    """Rows of one kind of test, or a clear error."""
    chosen = table[table.kind == kind]
    if chosen.empty:
        raise SpeechlabError(f"the table holds no {kind.upper()} trials; it holds {sorted(set(table.kind))}")
    return chosen
