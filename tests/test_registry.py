"""One table of names: listing imports nothing, each name leads to its thing, and a person's own join ours."""

import subprocess
import sys
from importlib import metadata

import pytest

from speechlab.errors import SpeechlabError
from speechlab.registry import KINDS, Registry, models, references

PLACES = {"small": "math:sqrt", "large": "math:prod", "inner": "pathlib:Path.cwd"}


@pytest.mark.parametrize("kind", [*KINDS.values(), references], ids=lambda kind: kind.kind)
def test_every_name_leads_to_its_thing(kind):
    assert len(kind) and all(callable(thing) or isinstance(thing, tuple) for thing in kind.values())


def test_a_place_is_imported_when_its_thing_is_asked_for_and_listed_before():
    registry = Registry("function", PLACES | {"nowhere": "no_such_module:thing"})
    assert list(registry) == [*PLACES, "nowhere"] and len(registry) == 4
    assert registry["small"](9) == 3 and registry["inner"]().is_dir()
    with pytest.raises(ModuleNotFoundError):
        registry["nowhere"]


def test_an_unknown_name_is_one_line_with_the_nearest():
    with pytest.raises(SpeechlabError, match="no function is called 'smal'; did you mean small"):
        Registry("function", PLACES)["smal"]
    assert Registry("function", PLACES).get("smal") is None


def test_an_alias_is_understood_and_not_listed():
    registry = Registry("function", PLACES, aliases={"tiny": "small"})
    assert registry["tiny"] is registry["small"] and "tiny" in registry and "tiny" not in list(registry)


def test_ones_own_joins_ours_and_takes_no_name_of_ours():
    registry = Registry("function", PLACES)

    def define(answer):
        @registry.register("mine")
        def mine():
            return answer

        return mine

    define(1)
    define(2)  # a cell that is run again
    assert registry["mine"]() == 2 and registry.added == ("mine",)
    with pytest.raises(SpeechlabError, match="'small' is registered already"):
        registry.register("small")(define)


def test_an_installed_package_adds_by_its_entry_points(monkeypatch):
    point = metadata.EntryPoint("theirs", "math:hypot", "speechlab.functions")
    monkeypatch.setattr("speechlab.registry.entry_points", lambda group: [point] if group == point.group else [])
    registry = Registry("function", PLACES, "functions")
    assert registry["theirs"](3, 4) == 5 and registry.added == ("theirs",)


def test_an_alias_of_ours_is_the_metric_that_it_names():
    assert KINDS["metrics"]["utmosv2"] is KINDS["metrics"]["utmos"] is not KINDS["metrics"]["utmos_v1"]


def imported_by(statement: str) -> set[str]:
    """Modules of ours, and torch, that a fresh interpreter has after a statement."""
    script = f"import sys; {statement}; print(*[m for m in sys.modules if m.startswith(('speechlab.', 'torch'))])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    return set(done.stdout.splitlines()[-1].split())


def test_listing_imports_nothing():
    listed = "from speechlab.apps.cli import main; [main(['list', kind]) for kind in speechlab.registry.KINDS]"
    found = imported_by(f"import speechlab.registry; {listed}")
    assert "torch" not in found and not {name for name in found if name.count(".") > 1} - {
        "speechlab.apps.cli",
        "speechlab.apps.commands",
    }


def test_the_trainer_of_a_vocoder_imports_no_other_trainer_corpus_or_model():
    build = "trainers['hifigan_trainer']; models['hifigan_gen']; corpora['ljspeech']"
    found = imported_by(f"from speechlab.registry import corpora, models, trainers; {build}")
    for package, wanted in (("training.recipes", {"vocoder", "base"}), ("data.corpora", {"ljspeech", "folder"})):
        inside = {
            name.removeprefix(f"speechlab.{package}.") for name in found if name.startswith(f"speechlab.{package}.")
        }
        assert wanted <= inside and not inside & {"glowtts", "finally_gan", "hifipp", "ruslan", "folders"}
    assert not {f"speechlab.models.{name}" for name in ("glowtts", "finally_gan", "hifipp", "wavlm")} & found


def test_building_by_an_unknown_name_names_the_nearest():
    with pytest.raises(SpeechlabError, match="hifigan_gen"):
        models["hifigan_generator"]
