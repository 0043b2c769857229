"""Arrows between the packages point one way, and importing a module does nothing but define names."""

import ast
import functools
import subprocess
import sys
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1] / "src" / "speechlab"
MODULES = sorted(PACKAGE.rglob("*.py"))

COMMON = {"errors", "files", "encodings", "paths", "processes", "registry", "provenance", "download"}  # everyone's
BASE = COMMON | {"config"}
WEIGHTS = {"cards", "checkpoints", "weights"}  # networks on the disk
TRAINING = BASE | WEIGHTS | {"experiments", "audio", "text", "data", "layers", "models", "losses", "metrics"}
ALL = TRAINING | {"training", "pipelines", "compat", "display", "lab"}
ALLOWED = {
    "errors": set(),
    "paths": set(),
    "processes": set(),
    "files": {"errors"},
    "encodings": {"errors"},
    "registry": {"errors"},
    "provenance": {"files"},
    "download": {"errors", "files"},
    "config": {"errors", "registry"},
    "experiments": BASE,
    "audio": BASE,
    "text": BASE,
    "data": BASE | {"audio", "text"},
    "layers": COMMON,
    "models": BASE | {"layers", "audio"},
    "losses": BASE | {"audio"},
    "weights": BASE,
    "cards": BASE | {"text", "models"},
    "checkpoints": BASE | {"cards", "models"},
    "metrics": BASE | {"audio", "models", "weights"},
    "training": TRAINING,
    "pipelines": BASE | WEIGHTS | {"audio", "text", "models"},
    "compat": BASE | {"models"},
    "display": ALL - {"lab"},
    "lab": BASE | {"experiments", "training"},
    "bootstrap": set(),
    "apps": ALL,
    "__init__": ALL,
    "__main__": {"apps"},
}
DRAWING = {"matplotlib", "ipywidgets"}


def layer_of(path: Path) -> str:
    """Name the layer that a module belongs to: its folder, or its own name beside the folders."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@functools.cache
def imported(path: Path) -> set[str]:
    """List all modules that a file imports anywhere in it, with dots; ``from a import b`` counts as ``a.b``."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def test_imports_follow_the_layers():
    wrong = {}
    for path in MODULES:
        layer = layer_of(path)
        ours = {name.split(".")[1] for name in imported(path) if name.startswith("speechlab.")}
        if too_high := ours - ALLOWED[layer] - {layer}:
            wrong[path.relative_to(PACKAGE).as_posix()] = sorted(too_high)
    assert not wrong, "these modules import what lies above them"


def test_only_display_draws():
    libraries = {path: DRAWING & {name.partition(".")[0] for name in imported(path)} for path in MODULES}
    inside = {library for path, used in libraries.items() if layer_of(path) == "display" for library in used}
    assert inside == DRAWING  # the search finds them where they are
    outside = {path: used for path, used in libraries.items() if used and layer_of(path) != "display"}
    assert not outside


def test_importing_everything_reads_only_its_own_tables_and_touches_no_device():
    names = [".".join(("speechlab", *path.relative_to(PACKAGE).with_suffix("").parts)) for path in MODULES]
    names = [name.removesuffix(".__init__") for name in names if not name.endswith("__main__")]
    script = f"""
import sys, importlib
package = {str(PACKAGE)!r}
opened = []
def watch(event, details):
    code = (".py", ".pyc", ".tsv")
    if event == "open" and str(details[0]).startswith(package) and not str(details[0]).endswith(code):
        if "__pycache__" not in str(details[0]):
            opened.append(str(details[0]))
    if event in ("socket.connect", "socket.getaddrinfo", "subprocess.Popen"):
        opened.append(event)
sys.addaudithook(watch)
for name in {names!r}:
    importlib.import_module(name)
assert not opened, opened
import torch
assert not torch.cuda.is_initialized()
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr


def test_the_command_line_starts_without_heavy_libraries():
    heavy = ("torch", "numpy", "pandas", "matplotlib", "lightning", "transformers", "omegaconf")
    script = f"import sys, speechlab.apps.cli; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, encoding="utf-8")
    assert done.stdout.strip() == "[]", done.stdout + done.stderr


def modules() -> dict[str, Path]:
    """Name every module as it is imported."""
    named = {".".join(("speechlab", *path.relative_to(PACKAGE).with_suffix("").parts)): path for path in MODULES}
    return {name.removesuffix(".__init__"): path for name, path in named.items()}


def neighbours() -> dict[str, set[str]]:
    """Give, for every module, those of ours that it imports, at its top or in a function."""
    named, found = modules(), {}
    for name, path in named.items():
        found[name] = set()
        for other in imported(path):
            while other and other not in named:
                other = other.rpartition(".")[0]
            found[name] |= {other} - {"", "speechlab", name}
    return found


def test_no_module_is_reached_by_its_own_imports():
    after = neighbours()
    circles = set()
    for start in after:
        seen, waiting = set(), [start]
        while waiting:
            new = after[waiting.pop()] - seen
            seen |= new
            waiting += new
        if start in seen:
            circles.add(start)
    assert not circles, "these modules import each other, in a circle"


def test_no_module_holds_imports_only():
    found = []
    for path in MODULES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        body = tree.body[1:] if ast.get_docstring(tree) else tree.body
        if body and all(isinstance(node, ast.Import | ast.ImportFrom) for node in body):
            found.append(path.relative_to(PACKAGE).as_posix())
    assert not found, "what these modules import is better imported where it is used"
