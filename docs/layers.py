"""Draw which package imports which, from the import statements: ``python docs/layers.py``.

An arrow that follows from two others is left out; the modules beside the packages, which everyone may use, are one box.
"""

import ast
from pathlib import Path

import matplotlib
from matplotlib import pyplot as plt

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "speechlab"
FIGURE = ROOT / "results" / "figures" / "layers.png"
PACKAGES = sorted(path.parent.name for path in PACKAGE.glob("*/__init__.py"))
BASE = "shared modules"  # config, registry, errors, files, ...
SHIFT = 0.7  # of every other row, so that arrows across a row pass between its boxes


def imports() -> dict[str, set[str]]:
    """Packages that each package imports from, anywhere in its modules."""
    found: dict[str, set[str]] = {name: set() for name in (*PACKAGES, BASE)}
    for name in PACKAGES:
        for path in (PACKAGE / name).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("speechlab."):
                    target = node.module.split(".")[1]
                    found[name].add(target if target in PACKAGES else BASE)
        found[name].discard(name)
    return found


def height(name: str, below: dict[str, set[str]]) -> int:
    """Length of the longest chain of imports below a package."""
    return max((1 + height(lower, below) for lower in below[name]), default=0)


def reachable(name: str, below: dict[str, set[str]]) -> set[str]:
    """Every package that a package needs, directly or through others."""
    return below[name].union(*(reachable(lower, below) for lower in below[name]))


def needed_arrows(below: dict[str, set[str]]) -> list[tuple[str, str]]:
    """Arrows that do not follow from two others."""
    return [
        (name, lower)
        for name in below
        for lower in below[name]
        if not any(lower in reachable(other, below) for other in below[name] - {lower})
    ]


def draw(below: dict[str, set[str]], path: Path) -> None:
    """Put each package on the row of its height, and draw the arrows."""
    rows: dict[int, list[str]] = {}
    for name in sorted(below):
        rows.setdefault(height(name, below), []).append(name)
    places = {name: (2.4 * (i - (len(row) - 1) / 2) + SHIFT * (row_height % 2), row_height)
              for row_height, row in rows.items() for i, name in enumerate(row)}  # fmt: skip
    figure, axes = plt.subplots(figsize=(8, 0.85 * len(rows)), layout="constrained")
    box = {"boxstyle": "round,pad=0.4", "facecolor": "#eaf1fb", "edgecolor": "#1f4e9c"}
    texts = {name: axes.text(*place, name, ha="center", va="center", fontsize=11, bbox=box)
             for name, place in places.items()}  # fmt: skip
    for upper, lower in needed_arrows(below):
        ends = {"patchA": texts[upper].get_bbox_patch(), "patchB": texts[lower].get_bbox_patch()}
        style = {"arrowstyle": "->", "color": "#555555", "shrinkA": 2, "shrinkB": 2}
        axes.annotate("", places[lower], places[upper], arrowprops=style | ends)
    axes.set_xlim(min(x for x, _ in places.values()) - 1.2, max(x for x, _ in places.values()) + 1.2)
    axes.set_ylim(-0.5, len(rows) - 0.5)
    axes.axis("off")
    figure.savefig(path, dpi=150)


if __name__ == "__main__":
    matplotlib.use("Agg")
    draw(imports(), FIGURE)
    print(FIGURE.relative_to(ROOT))
