"""How much of the package one meets on the way of a command: functions that run and files that are imported.

    python benchmarks/traced.py [--source FOLDER]

Each command runs in a fresh interpreter under ``sys.setprofile``: say, enhance, score and train, on small inputs in a
temporary folder. A function counts once, however often it runs; the body of a module makes its file count. Another
checkout's ``src`` can be given to compare with. Prints a table, and draws the layers of the package, bottom to top, as
its imports have them: results/figures/layers.png.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TRAINING = ["training.steps=2", "training.validate_every=2", "corpus.n_utterances=4", "corpus.n_validation=2"]
COMMANDS = {
    "say": ["say", "Hello there.", "-o", "said.wav"],
    "enhance": ["enhance", "said.wav", "clean.wav"],
    "score": ["score", "clean", "--reference", "said", "--metrics", "wb_pesq,stoi,si_sdr", "--jobs", "1"],
    "train": ["train", "embedded-hifigan", *TRAINING],
}
COUNTING = """
import json, sys, threading
from pathlib import Path
package = str(Path(sys.argv[1], "speechlab").resolve())
seen = set()
def count(frame, event, argument):
    if event == "call" and frame.f_code.co_filename.startswith(package):
        seen.add((frame.f_code.co_filename, frame.f_code.co_qualname))
threading.setprofile(count)
sys.setprofile(count)
from speechlab.apps.cli import main
status = main(json.loads(sys.argv[2]))
sys.setprofile(None)
functions = {item for item in seen if not item[1].rpartition(".")[2].startswith("<") and item[1] != "<module>"}
json.dump([len(functions), len({name for name, _ in seen}), status], open("counted.json", "w", encoding="utf-8"))
"""


def main() -> None:
    """Trace each command, print the table, draw the layers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", type=Path, default=ROOT / "src", help="folder that holds the package")
    options = parser.parse_args()
    source = options.source.resolve()
    print(f"{'command':10}{'functions':>10}{'files':>7}")
    with tempfile.TemporaryDirectory() as folder:
        for name, arguments in COMMANDS.items():
            n_functions, n_files = traced(source, Path(folder), arguments)
            print(f"{name:10}{n_functions:10}{n_files:7}", flush=True)
            prepare_score(Path(folder))
    files = list((source / "speechlab").rglob("*.py"))
    print(f"{'package':10}{sum(len(file.read_bytes().splitlines()) for file in files):10} lines in {len(files)} files")
    if source == ROOT / "src":
        print(draw_layers(ROOT / "results" / "figures" / "layers.png"))


def traced(source: Path, folder: Path, arguments: list[str]) -> tuple[int, int]:
    """Run one command in a folder; give how many functions and files of the package it met."""
    environment = os.environ | {"PYTHONPATH": str(source), "SPEECHLAB_DATA": str(folder / "data")}
    command = [sys.executable, "-c", COUNTING, str(source), json.dumps(arguments)]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, encoding="utf-8")
    if done.returncode:
        raise RuntimeError(f"{' '.join(arguments)} failed:\n{done.stderr[-2000:]}")
    n_functions, n_files, status = json.loads((folder / "counted.json").read_text(encoding="utf-8"))
    if status:
        raise RuntimeError(f"{' '.join(arguments)} ended with status {status}:\n{done.stderr[-2000:]}")
    return n_functions, n_files


def prepare_score(folder: Path) -> None:
    """Put what was said and what was cleaned into folders of their own, by one name."""
    for name in ("said", "clean"):
        made = folder / f"{name}.wav"
        if made.is_file():
            (folder / name).mkdir(exist_ok=True)
            (folder / name / "one.wav").write_bytes(made.read_bytes())


def layers() -> dict[str, set[str]]:
    """Give, for each layer of the package, the layers that its modules import, as the test of the layers reads them."""
    from importlib.util import module_from_spec, spec_from_file_location

    spec = spec_from_file_location("layer_test", ROOT / "tests" / "test_layers.py")
    rules = module_from_spec(spec)
    spec.loader.exec_module(rules)
    found: dict[str, set[str]] = {}
    for path in rules.MODULES:
        names = {name.split(".")[1] for name in rules.imported(path) if name.startswith("speechlab.")}
        found.setdefault(rules.layer_of(path), set()).update(names & set(rules.ALLOWED))
    for name in ("__init__", "__main__", "bootstrap"):  # the package's own name, its command, and the first cell
        found.pop(name, None)
    return {name: others - {name} for name, others in found.items()}


def floors(below: dict[str, set[str]]) -> list[list[str]]:
    """Sort layers into floors: each imports only from floors under its own."""
    done: set[str] = set()
    result = []
    while len(done) < len(below):
        result.append(sorted(name for name in below if name not in done and below[name] & below.keys() <= done))
        done.update(result[-1])
    return result


def draw_layers(path: Path) -> Path:
    """Draw the floors, and an arrow for each import that no path through others implies."""
    from speechlab.display.figures import COLOURS, INK, Plot

    below = {name: others & layers().keys() for name, others in layers().items()}
    house = floors(below)
    plot = Plot(9, 0.75 * len(house))
    axes = plot.subplots()
    places = {
        name: ((place + 0.5) / len(floor), height)
        for height, floor in enumerate(house)
        for place, name in enumerate(floor)
    }
    for name, others in below.items():
        reached = {lower for other in others for lower in below[other]}
        for other in others - reached:
            style = {"arrowstyle": "-|>", "color": INK, "alpha": 0.35, "shrinkA": 9, "shrinkB": 9}
            axes.annotate("", places[other], places[name], arrowprops=style)
    for name, place in places.items():
        box = {"boxstyle": "round,pad=0.3", "facecolor": "white", "edgecolor": COLOURS[0]}
        axes.text(*place, name, ha="center", va="center", fontsize=8, bbox=box)
    axes.set(xlim=(0, 1), ylim=(-0.5, len(house) - 0.5))
    axes.axis("off")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(plot.encoded())
    return path


if __name__ == "__main__":
    main()
