"""The files for contributors: they can be parsed, and what they name exists."""

import re
import shlex
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))
PAGES = [ROOT / "README.md", ROOT / "README.ru.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md",
         *sorted((ROOT / "docs").rglob("*.md"))]  # fmt: skip
PINS = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
RUN = (ROOT / "run.py").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def parse(path: Path) -> dict:
    """Read a YAML file."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def steps(path: Path) -> list[dict]:
    """All steps of a workflow."""
    return [step for job in parse(path)["jobs"].values() for step in job["steps"]]


def jobs_of_run() -> set[str]:
    """What run.py can be asked for."""
    return set(re.findall(r"^python run\.py ([\w-]+)", RUN, flags=re.MULTILINE))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_runs_commands_that_exist(path):
    workflow = parse(path)
    assert workflow["name"] and workflow[True] and workflow["jobs"]  # YAML reads the key `on` as true
    commands = [step["run"].partition(" #")[0].strip() for step in steps(path) if "run" in step]
    for command in commands:
        words = command.split()
        if words[:2] == ["python", "run.py"]:
            assert words[2] in jobs_of_run()
        elif words[:4] == ["python", "-m", "pip", "install"]:
            pinned = re.search(r"\^(\w+)==", command)[1]
            assert [line for line in PINS if line.startswith(f"{pinned}==")]
        else:
            assert words[:3] == ["python", "-m", "ruff"] and (ROOT / words[-1]).exists()
    assert all(re.fullmatch(r"actions/[\w-]+@v\d+", step["uses"]) for step in steps(path) if "uses" in step)


def test_the_workflows_cover_the_promised_machines():
    quick = parse(ROOT / ".github" / "workflows" / "tests.yml")["jobs"]["quick"]["strategy"]["matrix"]
    assert {name.partition("-")[0] for name in quick["os"]} == {"ubuntu", "macos", "windows"}
    assert quick["python"] == ["3.11", "3.12"]
    nightly = parse(ROOT / ".github" / "workflows" / "nightly.yml")
    assert "schedule" in nightly[True] and [step for step in nightly["jobs"]["everything"]["steps"]
                                            if step.get("run") == "python run.py test"]  # fmt: skip


def test_the_site_is_uploaded_from_where_it_is_built():
    built = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    uploaded = [step["with"]["path"] for step in steps(ROOT / ".github" / "workflows" / "docs.yml")
                if "upload-pages" in step.get("uses", "")]  # fmt: skip
    assert [re.search(r"^site_dir: (\S+)", built, flags=re.MULTILINE)[1]] == uploaded


def test_pre_commit_runs_the_pinned_tools():
    hooks = [hook for repo in parse(ROOT / ".pre-commit-config.yaml")["repos"] for hook in repo["hooks"]]
    assert {hook["entry"].split()[0] for hook in hooks} == {"ruff", "nbstripout"}
    for hook in hooks:
        [requirement] = hook["additional_dependencies"]
        assert requirement in PINS and requirement.startswith(hook["entry"].split()[0] + "==")


def test_the_notebooks_are_as_pre_commit_leaves_them(tmp_path):
    import nbformat
    from nbstripout import strip_output

    [hook] = [
        hook for hook in parse(ROOT / ".pre-commit-config.yaml")["repos"][0]["hooks"] if hook["id"] == "nbstripout"
    ]
    extra = re.search(r'--extra-keys "(.*?)"', hook["entry"])[1].split()
    for path in (ROOT / "main.ipynb", *sorted((ROOT / "notebooks").rglob("*.ipynb"))):
        kept = nbformat.read(path, as_version=nbformat.NO_CONVERT)
        stripped = strip_output(nbformat.from_dict(kept), True, True, True, extra_keys=extra)
        assert stripped == nbformat.read(path, as_version=nbformat.NO_CONVERT), path.name


def test_the_citation_names_this_version():
    citation = parse(ROOT / "CITATION.cff")
    assert {"cff-version", "message", "title", "authors"} <= set(citation)
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f'version = "{citation["version"]}"' in project and citation["license"] == "MIT"


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.name)
def test_an_issue_form_can_be_parsed(path):
    form = parse(path)
    if path.name != "config.yml":
        assert (
            form["name"]
            and form["description"]
            and all(field["type"] and field["attributes"] for field in form["body"])
        )


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_the_commands_and_links_of_a_page_exist(path):
    text = path.read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+)(?: [a-z-]+)*:", MAKEFILE, flags=re.MULTILINE)) | jobs_of_run()
    assert set(re.findall(r"(?:`|^)make ([\w-]+)", text, flags=re.MULTILINE)) <= targets | {"requirements"}
    assert set(re.findall(r"python run\.py ([\w-]+)", text)) <= jobs_of_run()
    for link in re.findall(r"\]\(([^)#]+)\)", text):
        in_site = path.parent / link, ROOT / link  # the site has figures and notebooks at its root
        assert link.startswith("https://") or any(place.exists() for place in in_site), link
    scripts = re.findall(r"python ((?:benchmarks|docs|tests)/[\w/]+\.py)", text)
    assert not [name for name in scripts if not (ROOT / name).exists()]


def test_every_speechlab_command_of_a_page_can_be_parsed():
    from speechlab.apps import cli

    text = "\n".join(path.read_text(encoding="utf-8") for path in PAGES)
    text = re.sub(r" --import \w+\.py", "", text)  # loads a file of one's own first
    found = set(re.findall(r"(?:^|`)(speechlab [a-z][^`\n]*)", text, flags=re.MULTILINE))
    commands = [shlex.split(line, comments=True)[1:] for line in found]
    assert len(commands) > 10 and all(cli.parse(words).command == words[0] for words in commands)


def test_the_picture_of_the_layers_is_drawn_from_the_imports(tmp_path):
    import runpy

    drawn = runpy.run_path(str(ROOT / "docs" / "layers.py"))
    below = drawn["imports"]()
    assert below["display"] > {"audio", "models"} and below["layers"] <= {drawn["BASE"]}
    drawn["draw"](below, tmp_path / "layers.png")
    assert (tmp_path / "layers.png").stat().st_size > 10_000 and sys.modules["matplotlib"]
