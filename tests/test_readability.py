"""How readable the code is, counted; ``python tests/test_readability.py`` prints the numbers."""

import ast
import functools
import json
import re
import statistics
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MODULES = sorted((ROOT / "src" / "speechlab").rglob("*.py"))
NOTEBOOKS = [path for path in [ROOT / "main.ipynb", *sorted((ROOT / "notebooks").glob("**/*.ipynb"))] if path.exists()]
SHAPE = re.compile(r"\(\w+(, [\w +*/-]+)*,?\)")  # (batch, n_mels, frames), (batch,)
MODEL_NOTEBOOKS = [path for path in NOTEBOOKS if re.match("0[3-7]_", path.name)]
LEAST_DEFINITION_SHARE = 0.25
MOST_CELLS = 25  # of main.ipynb
Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(tree: ast.AST, public: bool = True) -> list[Function]:
    """List a module's functions and methods, without those defined inside another function."""
    found = []
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ClassDef) and not (public and node.name.startswith("_")):
            found += functions(node, public)
        elif isinstance(node, Function) and not (public and node.name.startswith("_")):
            found.append(node)
    return found


def code_lines(function: Function, source: list[str]) -> int:
    """Count a function's lines without docstring, comments and blank lines."""
    body = function.body
    if ast.get_docstring(function) is not None and len(body) > 1:
        body = body[1:]
    lines = source[body[0].lineno - 1 : function.end_lineno]
    return 1 + sum(bool(line.strip()) and not line.strip().startswith("#") for line in lines)


@functools.cache
def measure() -> dict[str, float]:
    """Count what the house style asks of the package."""
    forwards, documented, lengths = [], [], {}
    for path in MODULES:
        text = path.read_text(encoding="utf-8")
        tree, source = ast.parse(text), text.splitlines()
        for function in functions(tree, public=False):
            name = f"{path.relative_to(ROOT / 'src')}:{function.name}"
            lengths[name] = code_lines(function, source)
            docstring = ast.get_docstring(function) or ""
            if function.name == "forward":
                forwards.append((name, bool(SHAPE.search(docstring))))
        documented += [
            (f"{path.name}:{function.name}", bool(ast.get_docstring(function))) for function in functions(tree)
        ]
    longest = max(lengths, key=lengths.get)
    return {
        "forwards": len(forwards),
        "forwards with shapes, %": share(forwards),
        "forwards without": [name for name, good in forwards if not good],
        "public functions": len(documented),
        "public functions documented, %": share(documented),
        "longest function, lines of code": lengths[longest],
        "longest function": longest,
    }


def share(items: list[tuple[str, bool]]) -> float:
    """Percentage of the items that are good."""
    return 100 * sum(good for _, good in items) / max(len(items), 1)


def cell_lengths(path: Path) -> list[int]:
    """Count the non-blank lines of every code cell of a notebook, the common first cell left out."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"][1:]
    return [sum(bool(line.strip()) for line in text.splitlines()) for text in code]


def code_of(path: Path) -> list[str]:
    """Read the code cells of a notebook, without the common first cell and the magics."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"][1:]
    return [text for text in code if not text.lstrip().startswith("%")]


def measure_notebook(path: Path) -> dict[str, float]:
    """Count what a reader of a notebook builds and sees: definitions, displayed formulas, diagrams, sources.

    The definition share is that of non-blank code lines that stand inside a class or function.
    """
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    prose = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    code, counted = code_of(path), {"classes": 0, "functions": 0}
    defined = total = 0
    for text in code:
        lines = text.splitlines()
        total += sum(bool(line.strip()) for line in lines)
        for node in ast.parse(text).body:
            if isinstance(node, ast.ClassDef | Function):
                counted["classes" if isinstance(node, ast.ClassDef) else "functions"] += 1
                defined += sum(bool(line.strip()) for line in lines[node.lineno - 1 : node.end_lineno])
    return counted | {
        "definition share": defined / max(total, 1),
        "formulas": prose.count("$$") // 2,
        "diagrams": sum(text.count("show_diagram(") for text in code),
        "show_source": sum(text.count("show_source(") for text in code),
    }


@pytest.mark.parametrize("path", MODEL_NOTEBOOKS, ids=lambda path: path.stem)
def test_a_model_notebook_builds_before_it_imports(path):
    counted = measure_notebook(path)
    assert counted["definition share"] >= LEAST_DEFINITION_SHARE
    assert counted["classes"] and counted["formulas"] >= 2 and counted["diagrams"]


def test_forwards_say_their_shapes():
    counted = measure()
    assert counted["forwards with shapes, %"] >= 90, counted["forwards without"]


def test_public_functions_are_documented():
    assert measure()["public functions documented, %"] >= 80


def test_no_function_is_long():
    counted = measure()
    assert counted["longest function, lines of code"] <= 75, counted["longest function"]


def test_main_is_a_short_road():
    cells = json.loads((ROOT / "main.ipynb").read_text(encoding="utf-8"))["cells"]
    assert 0 < len(cells) <= MOST_CELLS


def test_every_module_says_what_it_holds():
    trees = {path.relative_to(ROOT / "src").as_posix(): ast.parse(path.read_text(encoding="utf-8")) for path in MODULES}
    assert not [name for name, tree in trees.items() if tree.body and not ast.get_docstring(tree)]


if __name__ == "__main__":
    for what, number in measure().items():
        print(f"{what}: {number:.1f}" if isinstance(number, float) else f"{what}: {number}")
    for notebook in NOTEBOOKS:
        print(f"{notebook.name}: cells of {statistics.median(cell_lengths(notebook)):.0f} lines in the median")
        print("   ", ", ".join(f"{what} {number:.3g}" for what, number in measure_notebook(notebook).items()))
