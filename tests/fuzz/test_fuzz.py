"""Damaged inputs are taken, or refused in one line, soon and in little memory; ``make fuzz MINUTES=5`` tries more."""

import os
from pathlib import Path

import pytest

if os.name == "nt":
    pytest.skip("the memory of a process is measured by a module of POSIX", allow_module_level=True)

from tests.fuzz.attempts import CASES, TARGETS, attempt, cases, files_of, warm_up
from tests.fuzz.disks import may_mount

pytestmark = pytest.mark.slow

CHAOS = Path(__file__).resolve().parents[3] / "shared" / "cases" / "chaos"
N_INPUTS = {
    "audio": 120, "checkpoint": 120, "overrides": 60, "lexicon": 60, "archive": 60, "metadata": 40, "textgrid": 60,
    "journal": 60, "text": 20, "message": 20, "note": 4, "disk": 24,
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def warm(tmp_path_factory) -> None:
    """Import before anything is measured."""
    warm_up(tmp_path_factory.mktemp("warm") / "input")


@pytest.mark.parametrize("target", TARGETS)
def test_no_damaged_input_breaks_anything(target, tmp_path):
    if target == "disk" and (reason := may_mount()):
        pytest.skip(reason)
    problems = {}
    for number in range(N_INPUTS[target]):
        if problem := attempt(target, files_of(number, target), tmp_path / "input"):
            problems[number] = problem
    assert not problems


@pytest.mark.parametrize("target", CASES)
def test_no_input_that_broke_it_once_breaks_it_again(target, tmp_path):
    if not CHAOS.is_dir():
        pytest.skip(f"the inputs that broke it are not here: {CHAOS}")
    found = cases(CHAOS, target)
    assert found
    problems = {name: attempt(target, files, tmp_path / "input") for name, files in found.items()}
    assert not any(problems.values()), {name: problem for name, problem in problems.items() if problem}


@pytest.mark.parametrize("target", TARGETS)
def test_a_number_stands_for_the_same_input_for_good(target):
    assert [files_of(number, target) for number in range(5)] == [files_of(number, target) for number in range(5)]
