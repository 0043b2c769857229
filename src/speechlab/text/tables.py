"""Tables of words that people edit without reading code: the ``.tsv`` files beside the modules of a language.

``[name]`` begins a table, ``#`` a comment. Where a table holds entries, one stands on a line, its fields apart by tabs;
where it holds words only, they are apart by blanks.
"""

from functools import lru_cache
from pathlib import Path

FOLDER = Path(__file__).parent


class Tables(dict[str, list[str]]):
    """The lines of each table of a file, by the table's name."""

    def words(self, name: str) -> list[str]:
        """Give the words of a table in order."""
        return " ".join(self[name]).split()

    def entries(self, name: str) -> list[list[str]]:
        """Give the fields of each line."""
        return [line.split("\t") for line in self[name]]

    def pairs(self, name: str) -> dict[str, str]:
        """Give a table by its first field; the second may be empty."""
        return {key: "".join(value) for key, *value in self.entries(name)}


@lru_cache(maxsize=8)
def read_tables(path: str) -> Tables:
    """Read a file of this folder, such as "russian/words.tsv"."""
    tables: Tables = Tables()
    for line in (FOLDER / path).read_text(encoding="utf-8").splitlines():
        if line.startswith("[") and line.endswith("]"):
            lines = tables[line[1:-1]] = []
        elif line and not line.startswith("# "):
            lines.append(line)
    return tables
