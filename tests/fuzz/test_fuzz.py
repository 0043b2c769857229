"""Damaged inputs are taken, or refused in one line, soon and in little memory; ``make fuzz MINUTES=5`` tries more."""

import os

import pytest

if os.name == "nt":
    pytest.skip("the memory of a process is measured by a module of POSIX", allow_module_level=True)

from tests.fuzz.mutate import CASES, CHAOS, TARGETS, attempt, files_of, warm_up

pytestmark = pytest.mark.slow

N_INPUTS = {"audio": 150, "checkpoint": 150, "overrides": 80, "lexicon": 100, "archive": 100}  # about 20 s on a core


@pytest.fixture(scope="module", autouse=True)
def warm(tmp_path_factory) -> None:
    """Import before anything is measured."""
    warm_up(tmp_path_factory.mktemp("warm") / "input")


@pytest.mark.parametrize("target", TARGETS)
def test_no_damaged_input_breaks_anything(target, tmp_path):
    problems = {}
    for number in range(N_INPUTS[target]):
        if problem := attempt(target, files_of(number, target), tmp_path / "input"):
            problems[number] = problem
    assert not problems


@pytest.mark.parametrize("target", CASES)
def test_no_input_that_broke_it_once_breaks_it_again(target, tmp_path):
    if not (CHAOS / CASES[target]).is_dir():
        pytest.skip(f"the inputs that broke it are not here: {CHAOS}")
    problems = {}
    for case in sorted((CHAOS / CASES[target]).iterdir()):
        files = {file.relative_to(case).as_posix(): file.read_bytes() for file in case.rglob("*") if file.is_file()}
        if problem := attempt(target, files, tmp_path / "input"):
            problems[case.name] = problem
    assert not problems


@pytest.mark.parametrize("target", TARGETS)
def test_a_number_stands_for_the_same_input_for_good(target):
    assert [files_of(number, target) for number in range(5)] == [files_of(number, target) for number in range(5)]
