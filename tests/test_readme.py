"""The README's commands and code are not older than the program."""

import ast
import re
import shlex
from pathlib import Path

import pandas as pd
import pytest

import speechlab
from speechlab.apps import cli

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = [path for path in (ROOT / "notebooks").rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = sorted(set(re.findall(r"(?:^|`)(speechlab [^`\n]*)", README, flags=re.MULTILINE)))
CODE = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_can_be_parsed(command):
    words = shlex.split(command, comments=True)[1:]
    assert words
    assert cli.parse(words).command == words[0]


@pytest.mark.parametrize("code", CODE)
def test_the_code_uses_names_that_exist(code):
    used = {node.attr for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name) and node.value.id == "speechlab"}  # fmt: skip
    assert used and used <= set(speechlab.__all__)


def test_there_is_something_to_test():
    assert len(COMMANDS) > 10 and CODE


def test_the_files_it_names_exist():
    named = set(re.findall(r"`((?:src|tests|notebooks|benchmarks|checkpoints)/[\w/.-]+|[\w-]+\.ipynb)`", README))
    assert len(named) > 10 and not [name for name in named if not (ROOT / name).exists()]


def test_it_names_every_notebook():
    notebooks = {path.relative_to(ROOT).as_posix() for path in NOTEBOOKS}
    assert notebooks and not [name for name in notebooks if f"`{name}`" not in README]


def test_the_scores_of_the_voices_are_those_of_their_tables():
    labels = {
        "natural speech": "natural",
        "its mel through our vocoder": "copy synthesis",
        "text to speech": "text to speech",
        "text to speech, other sentences": "text to speech, outside sentences",
    }
    rows = re.findall(
        r"^\| `([\w-]+)` \| ([\w ,]+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) % \|$", README, flags=re.MULTILINE
    )
    assert {voice for voice, *_ in rows} == {"en-kathleen", "ru-nsh"} and len(rows) == 8
    for voice, label, *shown in rows:
        table = pd.read_csv(ROOT / "results" / "tables" / "voices" / f"{voice}.csv", index_col=0).loc[labels[label]]
        measured = [table["distillmos"], table["dnsmos_ovr"], table["wer_whisper_base"]]
        assert shown == [f"{value:.{digits}f}" for value, digits in zip(measured, (2, 2, 1), strict=True)]
