"""What somebody sees who waits for a training in a notebook: a bar with the time left, the loss and its course."""

import sys
from collections.abc import Mapping

LEVELS = "▁▂▃▄▅▆▇█"
WIDTH = 24  # characters of the course
MOST = 8 * WIDTH  # means kept of the course; beyond them neighbours are averaged


def in_notebook() -> bool:
    """Tell whether this process is the kernel of a notebook."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return hasattr(shell, "kernel")


class LiveBar:
    """A bar of steps for a notebook, where somebody looks on; it shows nothing elsewhere, and goes when it is left."""

    def __init__(self, name: str, step: int, total: int, shown: bool = True):
        from tqdm.auto import tqdm

        quiet = not (shown and in_notebook())
        self.bar = tqdm(initial=step, total=total, desc=name, unit="step", leave=False, disable=quiet)
        self.means: list[float] = []  # of pieces of the course, ``piece`` steps each
        self.latest: list[float] = []  # losses since then
        self.piece = 1

    def advance(self, numbers: Mapping[str, float]) -> None:
        """Move by one step, and show its loss and all losses so far."""
        if "loss" in numbers and not self.bar.disable:
            self.remember(numbers["loss"])
            self.bar.set_postfix_str(f"loss {numbers['loss']:.4g} {curve(self.means)}", refresh=False)
        self.bar.update()

    def remember(self, loss: float) -> None:
        """Add to the course, which has the same resolution everywhere."""
        self.latest.append(loss)
        if len(self.latest) == self.piece:
            self.means.append(sum(self.latest) / self.piece)
            self.latest = []
        if len(self.means) == MOST:
            self.means = [(a + b) / 2 for a, b in zip(self.means[::2], self.means[1::2], strict=True)]
            self.piece *= 2

    def __enter__(self) -> "LiveBar":
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.close()


def curve(values: list[float], width: int = WIDTH) -> str:
    """Draw a curve in one line of text: means of equal pieces of it, from the lowest bar to the highest."""
    width = min(width, len(values))
    edges = [round(i * len(values) / width) for i in range(width + 1)]
    means = [sum(values[a:b]) / (b - a) for a, b in zip(edges, edges[1:], strict=False)]
    low, high = min(means), max(means)
    top = len(LEVELS) - 1
    return "".join(LEVELS[round(top * (mean - low) / (high - low)) if high > low else 0] for mean in means)
