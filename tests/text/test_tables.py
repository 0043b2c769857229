"""The tables of words can be edited by hand: what stands there twice, or is no entry, is found here."""

from collections import Counter

import pytest

from speechlab.text import tables

FILES = sorted(str(path.relative_to(tables.FOLDER)) for path in tables.FOLDER.glob("*/*.tsv"))


@pytest.mark.parametrize("path", FILES)
def test_no_entry_stands_twice_in_a_table(path):
    found = tables.read_tables(path)
    keyed = {name: lines for name, lines in found.items() if any("\t" in line for line in lines)}
    for name, lines in keyed.items():
        keys = Counter(line.split("\t")[0] if name != "abbreviations" else line for line in lines)
        assert not [key for key, count in keys.items() if count > 1], name


@pytest.mark.parametrize("path", FILES)
def test_no_field_begins_or_ends_with_a_blank(path):
    for name in (found := tables.read_tables(path)):
        assert not [field for entry in found.entries(name) for field in entry if field != field.strip()], name


def test_a_comment_and_an_empty_line_are_no_entries():
    assert all(line and not line.startswith("# ") for path in FILES for lines in tables.read_tables(path).values()
               for line in lines)  # fmt: skip
    assert tables.read_tables("russian/words.tsv").words("months")[4] == "мая"
