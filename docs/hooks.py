"""What the site shows besides the pages in this folder: files of the repository, and a page per package.

Nothing is copied by hand, so nothing grows old: these files are read, and the modules listed, at every build.
"""

import ast
import json
import re
from pathlib import Path

from mkdocs.plugins import event_priority
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "speechlab"
PAGES = ("README.md", "README.ru.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")
NOTEBOOKS = (ROOT / "main.ipynb", *sorted((ROOT / "notebooks").glob("*.ipynb")),
             *sorted((ROOT / "notebooks" / "extra").glob("*.ipynb")))  # fmt: skip


@event_priority(100)  # before the plugin that turns notebooks into pages
def on_files(files: Files, config) -> Files:
    """Add pages, figures and notebooks of the repository, and the API reference."""
    added = {name: in_site((ROOT / name).read_text(encoding="utf-8")) for name in PAGES}
    added |= {"notebooks/index.md": list_of_notebooks(), "api/index.md": list_of_packages()}
    added |= {f"api/{folder.name}.md": reference(folder) for folder in packages()}
    added["api/speechlab.md"] = reference(PACKAGE)
    for name, content in added.items():
        files.append(File.generated(config, name, content=content))
    for path in (*NOTEBOOKS, *(ROOT / "results" / "figures").glob("*.png")):
        name = path.relative_to(ROOT).as_posix()
        files.append(File(name, str(ROOT), config.site_dir, config.use_directory_urls))
    return files


def in_site(text: str) -> str:
    """Point links to where the pages of this folder lie in the site: at its root."""
    return re.sub(r"\]\(docs/", "](", text)


def packages() -> list[Path]:
    """Folders of the package that hold modules."""
    return sorted(path.parent for path in PACKAGE.glob("*/__init__.py"))


def first_sentence(path: Path) -> str:
    """First line of a module's docstring."""
    return (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").partition("\n")[0]


def list_of_packages() -> str:
    """A table of the packages, each by its own first line."""
    lines = ["# API reference\n", "From the docstrings, one page a package.\n", "| package | holds |", "|---|---|"]
    for name, folder in [("speechlab", PACKAGE), *((folder.name, folder) for folder in packages())]:
        lines.append(f"| [{name}]({name}.md) | {first_sentence(folder / '__init__.py')} |")
    return "\n".join([*lines, ""])


def reference(folder: Path) -> str:
    """A page with all modules of one package, those of its sub-packages too."""
    modules = sorted(folder.glob("*.py") if folder == PACKAGE else folder.rglob("*.py"))
    names = [".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts) for path in modules]
    names = [name.removesuffix(".__init__") for name in names if not name.endswith("__main__")]
    return "\n".join([f"# {names[0]}\n", *(f"::: {name}\n" for name in names)])


def list_of_notebooks() -> str:
    """Links to the notebooks, each by its title."""
    lines = [
        "# Notebooks\n",
        "As they were executed last. To run them, open them in JupyterLab (`make lab`) or on Colab.\n",
    ]
    for path in NOTEBOOKS:
        cell = "".join(json.loads(path.read_text(encoding="utf-8"))["cells"][0]["source"])
        title = re.search(r"^# (.*)", cell, flags=re.MULTILINE)[1]
        link = path.relative_to(ROOT).as_posix()
        link = link.removeprefix("notebooks/") if link.startswith("notebooks/") else f"../{link}"
        lines.append(f"* [{title}]({link})")
    return "\n".join([*lines, ""])
