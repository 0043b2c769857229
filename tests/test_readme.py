"""The README's commands and code are not older than the program."""

import ast
import re
import shlex
from pathlib import Path

import pytest

import speechlab
from speechlab.apps import cli

ROOT = Path(__file__).resolve().parents[1]
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


def test_the_files_it_names_exist_or_are_made_by_runs():
    named = set(re.findall(r"`((?:src|tests|notebooks)/[\w/.]+)`", README))
    missing = [name for name in named if not (ROOT / name).exists() and not name.endswith(".ipynb")]
    assert not missing
