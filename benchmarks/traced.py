"""How much of the package one meets on the way of a command: functions that run and files that are imported.

    python benchmarks/traced.py [--source FOLDER]

Each command runs in a fresh interpreter under ``sys.setprofile``: say, enhance, score and train, on small inputs in a
temporary folder. A function counts once, however often it runs; the body of a module makes its file count. Another
checkout's ``src`` can be given to compare with.
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


if __name__ == "__main__":
    main()
