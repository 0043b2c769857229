"""Execute a notebook with a line of progress per cell, and name what it made."""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from speechlab.lab import find_root

WIDGET = "application/vnd.jupyter.widget-view+json"


def execute(notebook: Path, folder: Path, timeout_s: int | None = None) -> int:
    """Run all cells of a notebook in its own folder and save it, executed and trusted, in another.

    Args:
        notebook: the file to execute; it is not changed.
        folder: where the executed copy goes. Audio and reports that cells write there are listed at the end.
        timeout_s: longest time a cell may take; None sets no limit.

    Returns:
        The exit status: 0, or 1 when a cell failed (its error is printed and the notebook saved up to there).
    """
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError
    from nbformat.sign import NotebookNotary

    _quiet_event_loop()
    content = nbformat.read(notebook, as_version=4)
    total = sum(cell.cell_type == "code" for cell in content.cells)
    started, wall = time.monotonic(), time.time()
    done = 0

    def report(cell, cell_index, **_):
        nonlocal done
        if cell.cell_type == "code":
            done += 1
            first_line = cell.source.strip().split("\n")[0][:70]
            print(f"{time.monotonic() - started:6.1f} s  cell {done:2d} of {total}  {first_line}", flush=True)

    client = NotebookClient(
        content,
        timeout=timeout_s,
        kernel_name="python3",
        resources={"metadata": {"path": str(notebook.resolve().parent)}},
        on_cell_executed=report,
    )
    failed = None
    try:
        client.execute()
    except CellExecutionError as error:
        failed = error
    folder.mkdir(parents=True, exist_ok=True)
    executed = folder / notebook.name
    nbformat.write(content, executed)
    NotebookNotary().sign(content)
    seconds = time.monotonic() - started
    if failed:
        print(failed, file=sys.stderr)
        print(f"a cell failed after {seconds:.0f} s; the notebook up to there: {executed}", file=sys.stderr)
        return 1
    print(f"\nall cells ran in {seconds:.0f} s")
    print_products(folder, executed, wall)
    return 0


def print_products(folder: Path, executed: Path, since: float) -> None:
    """Name the executed notebook and the audio and pages written into the folder since a time (seconds)."""
    fresh = sorted(path for path in folder.rglob("*") if path.is_file() and path.stat().st_mtime >= since)
    print(f"executed notebook  {executed}")
    for label, suffix in (("audio", ".wav"), ("report", ".html")):
        for path in fresh:
            if path.suffix == suffix:
                print(f"{label:18} {path}")


def _quiet_event_loop() -> None:
    """Choose the event loop that pyzmq wants on Windows, whose default one makes it warn."""
    import asyncio

    if sys.platform == "win32":
        asyncio.set_event_loop_policy(asyncio.WindowsSelectorEventLoopPolicy())


def keep(executed: Path, kept: Path) -> None:
    """Write an executed notebook as it is kept in git: without widgets, messages of libraries and machine paths.

    Args:
        executed: what :func:`execute` wrote.
        kept: the notebook in the repository.
    """
    import nbformat

    content = nbformat.read(executed, as_version=4)
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    content.metadata = nbformat.from_dict({"kernelspec": kernel, "language_info": {"name": "python"}})
    for cell in content.cells:
        cell.metadata = nbformat.from_dict({})
        if cell.cell_type == "code":
            cell.outputs = kept_outputs(cell.outputs)
    root = str(find_root())
    text = nbformat.writes(content).replace(root + "/", "").replace(root, ".")
    kept.write_text(text + "\n", encoding="utf-8")


def kept_outputs(outputs: list) -> list:
    """Outputs of one cell without widget views and what went to stderr; printed lines are joined."""
    result: list = []
    for output in outputs:
        is_text = output.output_type == "stream"
        if (is_text and output.name == "stderr") or WIDGET in output.get("data", {}):
            continue
        if is_text and result and result[-1].output_type == "stream":
            result[-1].text += output.text
        else:
            result.append(output)
    return result


def main(arguments: Sequence[str] | None = None) -> int:
    """Execute a notebook; with ``--keep`` the notebook itself is replaced by its executed, cleaned copy."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("notebook", type=Path)
    parser.add_argument("folder", type=Path, help="where the executed copy goes")
    parser.add_argument("--keep", action="store_true", help="replace the notebook by the executed copy, for git")
    options = parser.parse_args(arguments)
    status = execute(options.notebook, options.folder)
    if options.keep and not status:
        keep(options.folder / options.notebook.name, options.notebook)
    return status


if __name__ == "__main__":
    sys.exit(main())
