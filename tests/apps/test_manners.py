"""What every command takes, and what it says to people and to programs."""

import json
import shutil
import subprocess

import pytest

import speechlab
from speechlab.apps import cli, commands
from speechlab.apps.reading import read
from tests.apps.test_cli import run


def test_the_version_is_said(capsys):
    assert run(capsys, "--version") == (0, f"speechlab {speechlab.__version__}\n", "")


def test_list_alone_names_every_kind_with_something_of_it(capsys):
    status, out, _ = run(capsys, "list")
    found = {line.split()[0]: line for line in out.splitlines()}
    assert status == 0 and set(found) == {kind for kind, names in commands.KINDS.items() if list(names())}
    assert "en-kathleen" in found["voices"]


def test_programs_read_json(capsys):
    assert set(json.loads(run(capsys, "list", "--json")[1])) == set(commands.KINDS)
    assert json.loads(run(capsys, "list", "profiles", "--json")[1]) == ["full", "gpu", "smoke"]
    voices = json.loads(run(capsys, "list", "voices", "--json")[1])
    assert {voice["language"] for voice in voices} == {"en", "ru"} and all(voice["description"] for voice in voices)
    status, out, _ = run(capsys, "doctor", "--json")
    assert status in (0, 1) and {"level", "what", "detail"} == set(json.loads(out)[0])


def test_json_has_no_number_that_is_none():
    assert json.loads(commands.in_json({"a": float("nan"), "b": [float("inf"), 1.5]})) == {"a": None, "b": [None, 1.5]}


def test_common_options_stand_before_the_command_or_after_it():
    before = cli.parse(["--seed", "3", "--quiet", "say", "Hello."])
    after = cli.parse(["say", "Hello.", "--seed", "3", "--quiet"])
    assert vars(before) == vars(after) and before.seed == 3 and before.quiet
    assert not cli.parse(["say", "Hello."]).quiet


def test_a_seed_is_the_trainings_own_setting():
    options = cli.parse(["train", "embedded-aligner", "training.steps=1", "--seed", "7"])
    cli.settle(options)
    assert commands.experiment_of(options).training.seed == 7


@pytest.mark.parametrize("threads", ["0", "-1"])
def test_threads_are_at_least_one(capsys, threads):
    status, _, err = run(capsys, "list", "--threads", threads)
    assert status == 2 and threads in err and err.count("\n") == 1


def test_quiet_leaves_what_was_asked_for_and_what_went_wrong(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("TQDM_DISABLE", "")  # put back afterwards
    (tmp_path / "bad.wav").write_bytes(b"no sound")
    assert run(capsys, "list", "profiles", "--quiet")[1] == "full\ngpu\nsmoke\n"
    status, out, err = run(capsys, "vocode", tmp_path / "bad.wav", tmp_path / "out.wav", "--quiet")
    assert status == 2 and out == "" and "bad.wav" in err


def test_only_content_words_carry_a_printed_stress():
    stressed = read("Мама и папа на улице.").stressed
    assert stressed.split()[1] == "и" and stressed.split()[3] == "на" and "м+ама" in stressed.lower()
    assert "+и" in read("Мама +и папа.").stressed  # by a person


def test_a_shell_completes_commands_and_their_options(capsys, tmp_path):
    status, script, _ = run(capsys, "completion", "bash")
    (tmp_path / "completion").write_text(script, encoding="utf-8")
    asked = "source completion; for word in en 'enhance --dr'; do COMP_WORDS=(speechlab $word); "
    asked += "COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _shtab_speechlab; echo ${COMPREPLY[@]}; done"
    bash = shutil.which("bash") or pytest.skip("no bash here")
    done = subprocess.run([bash, "-c", asked], cwd=tmp_path, capture_output=True, text=True, encoding="utf-8")
    assert status == 0 and done.stdout.split() == ["enhance", "--dry"], done.stderr


@pytest.mark.parametrize("shell", ["zsh", "fish", "powershell"])
def test_other_shells_know_every_command_too(capsys, shell):
    script = run(capsys, "completion", shell)[1]
    assert all(word in script for word in ("speechlab", "enhance", "say", "--dry" if shell != "fish" else "dry"))
