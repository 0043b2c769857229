"""What all notebooks promise: they begin alike, were run once from top to bottom, and are small enough to keep."""

import ast
import json
import re
import statistics
import textwrap
from pathlib import Path

import pytest

from speechlab.bootstrap import FIRST_CELL

ROOT = Path(__file__).resolve().parents[2]
PATHS = [ROOT / "main.ipynb", *sorted((ROOT / "notebooks").rglob("*.ipynb"))]
PATHS = [path for path in PATHS if path.exists() and ".ipynb_checkpoints" not in path.parts]
BADGE = "https://colab.research.google.com/github/OWNER/speechlab/blob/main/"
WIDGET = "application/vnd.jupyter.widget-view+json"
MOST_BYTES = 1_300_000
MOST_LINES_OF_A_FUNCTION = 6  # longer ones belong into the package, but for notebooks that build a model
MOST_LINES_OF_A_BUILT_ONE = 20
BUILDS = re.compile("0[3-7]_")
SOURCES = (ROOT / "src", ROOT / "notebooks", ROOT / "notebooks" / "extra")  # of code that is shown

pytestmark = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.relative_to(ROOT).as_posix())


def cells_of(path: Path, kind: str = "") -> list[dict]:
    """Cells of a notebook, of one kind if given, each source as one string."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    cells = [cell | {"source": "".join(cell["source"])} for cell in cells]
    return [cell for cell in cells if kind in ("", cell["cell_type"])]


def outputs_of(path: Path) -> list[dict]:
    """All outputs of a notebook."""
    return [output for cell in cells_of(path, "code") for output in cell["outputs"]]


def test_it_opens_with_a_badge_aim_needs_and_time(path):
    title = cells_of(path)[0]
    assert title["cell_type"] == "markdown"
    assert f"({BADGE}{path.relative_to(ROOT).as_posix()})" in title["source"]
    assert re.search(r"^# ", title["source"], re.MULTILINE)
    for word in ("needs", "time"):
        assert word in title["source"].lower()


def test_it_begins_as_all_do(path):
    code = [cell["source"] for cell in cells_of(path, "code")]
    assert code[0].strip() == FIRST_CELL.strip()
    assert re.search(r"^lab = speechlab\.start\(\)", code[1], re.MULTILINE)


def test_it_was_run_straight(path):
    counts = [cell["execution_count"] for cell in cells_of(path, "code")]
    assert counts == list(range(1, len(counts) + 1))


def test_its_outputs_are_small(path):
    assert path.stat().st_size < MOST_BYTES


def test_no_widget_state_is_kept(path):
    assert "widgets" not in json.loads(path.read_text(encoding="utf-8"))["metadata"]
    assert not any(WIDGET in output.get("data", {}) for output in outputs_of(path))


def test_no_error_warning_or_progress_bar_is_kept(path):
    kinds = {output["output_type"] for output in outputs_of(path)}
    assert "error" not in kinds
    streams = [output for output in outputs_of(path) if output["output_type"] == "stream"]
    assert not [output["text"] for output in streams if output["name"] == "stderr"]
    shown = "".join("".join(output["text"]) for output in streams)
    assert not re.search(r"\d+%\|", shown)


def trees_of(path: Path) -> list[ast.Module]:
    """Parse the code cells of a notebook, without the common first cell and the magics."""
    sources = [cell["source"] for cell in cells_of(path, "code")[1:]]
    return [ast.parse(source) for source in sources if not source.lstrip().startswith("%")]


def test_nothing_is_installed_in_cells(path):
    sources = [cell["source"] for cell in cells_of(path, "code")[1:]]
    assert not [source for source in sources if "pip install" in source or "sys.path" in source]


def test_what_cells_define_is_short_enough_to_read(path):
    builds = bool(BUILDS.match(path.name))  # 03 to 07 write the central parts of their models
    most = MOST_LINES_OF_A_BUILT_ONE if builds else MOST_LINES_OF_A_FUNCTION
    for node in [node for tree in trees_of(path) for node in ast.walk(tree)]:
        assert builds or not isinstance(node, ast.ClassDef), node.name
        if isinstance(node, ast.FunctionDef):
            assert node.end_lineno - node.lineno < most, node.name


def shown_sources(path: Path) -> list[tuple[str, str]]:
    """Collect what the stored outputs of ``show_source`` show: (file, code) each."""
    found = []
    for cell in cells_of(path, "code"):
        for output in cell["outputs"] if "show_source(" in cell["source"] else []:
            place, _, code = "".join(output.get("data", {}).get("text/plain", "")).partition("\n")
            match = re.fullmatch(r"# (\S+\.py), line \d+", place)
            if match:
                found.append((match[1].rpartition("src/")[2], code))
    return found


def test_the_code_it_shows_is_the_code_of_today(path):
    shown = shown_sources(path)
    asked = sum("show_source(" in cell["source"] for cell in cells_of(path, "code"))
    assert len(shown) >= asked
    for place, code in shown:
        today = next((folder / place for folder in SOURCES if (folder / place).is_file()), None)
        assert today, f"{place} does not exist any more; run the notebook again"
        source = today.read_text(encoding="utf-8")
        as_method = textwrap.indent(code, "    ")
        assert code in source or as_method in source, f"{place} has changed; run the notebook again"


def test_its_cells_are_short(path):
    lengths = [sum(bool(line.strip()) for line in cell["source"].splitlines()) for cell in cells_of(path, "code")[1:]]
    assert statistics.median(lengths) <= (8 if BUILDS.match(path.name) else 6) and max(lengths) <= 20


def test_it_ends_with_three_exercises(path):
    asked = sum(cell["source"].count("check(") for cell in cells_of(path, "code")[-4:])
    assert asked >= 3


def test_each_hidden_solution_answers_the_exercise_below_it(path):
    cells = cells_of(path)
    solved = [number for number, cell in enumerate(cells) if "<details>" in cell["source"]]
    assert solved or not BUILDS.match(path.name)
    for number in solved:
        block = re.search(r"<details>.*?```python\n(.*?)```.*?</details>", cells[number]["source"], re.DOTALL)
        assigned = {node.id for node in ast.walk(ast.parse(block[1])) if isinstance(node, ast.Name)}
        answers = re.findall(r"^(answer_\d+) = \.\.\.", cells[number + 1]["source"], re.MULTILINE)
        assert len(answers) == 1 and answers[0] in assigned
