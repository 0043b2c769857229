"""Documents of every kind come out as the same words; damaged and hostile ones are refused in one line."""

import random
import zipfile

import pytest

from speechlab.apps.documents import MAX_UNPACKED, READERS, read_document
from speechlab.errors import SpeechlabError
from speechlab.text.script import read_script

SPACE = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
DOCX = f"""<?xml version="1.0" encoding="UTF-8"?><w:document {SPACE}><w:body>
<w:p><w:pPr><w:pStyle w:val="Heading1"/></w:pPr><w:r><w:t>The Road</w:t></w:r></w:p>
<w:p><w:r><w:t xml:space="preserve">It was </w:t></w:r><w:r><w:t>long.</w:t></w:r>
<w:del><w:r><w:delText>gone</w:delText></w:r></w:del></w:p>
<w:p><w:pPr><w:numPr/></w:pPr><w:r><w:t>one stone</w:t></w:r></w:p>
<w:tbl><w:tr><w:tc><w:p><w:r><w:t>tea</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>2</w:t></w:r></w:p></w:tc></w:tr></w:tbl>
</w:body></w:document>"""
CONTAINER = '<container xmlns="urn:c"><rootfiles><rootfile full-path="OPS/book.opf"/></rootfiles></container>'
OPF = """<package xmlns="urn:opf"><manifest>
<item id="b" href="b.xhtml"/><item id="a" href="text/a%20b.xhtml"/></manifest>
<spine><itemref idref="a"/><itemref idref="b"/><itemref idref="gone"/></spine></package>"""
PAGE = """<html><head><title>no</title><style>p {{}}</style></head><body><h1>The Road</h1><p>It was
long.<br/>Very.</p><ul><li>one stone</li></ul><table><tr><td>tea</td><td>2</td></tr></table><p>{} &amp; more</p>"""


def write_zip(path, files):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def write_docx(path):
    return write_zip(path, {"word/document.xml": DOCX})


def write_epub(path):
    pages = {"OPS/text/a b.xhtml": PAGE.format("first"), "OPS/b.xhtml": PAGE.format("second")}
    return write_zip(path, {"META-INF/container.xml": CONTAINER, "OPS/book.opf": OPF, **pages})


def test_a_word_document_keeps_its_headings_lists_and_tables(tmp_path):
    text = read_document(write_docx(tmp_path / "a.docx"))
    assert text.split("\n\n") == ["# The Road", "It was long.", "- one stone", "- tea, 2."]


def test_an_e_book_is_read_in_the_order_of_its_spine(tmp_path):
    text = read_document(write_epub(tmp_path / "a.epub"))
    assert text.index("first & more") < text.index("second & more")
    assert "no" not in text.split() and "# The Road" in text and "- one stone" in text and "- tea, 2" in text
    assert [line.text for line in read_script(text)][:3] == ["# The Road", "It was long.", "Very."]


def test_markdown_is_read_without_its_marks(tmp_path):
    path = tmp_path / "a.md"
    path.write_text(
        "---\ntitle: x\n---\nHeading\n=======\n\nSome **bold**, *soft* and `code_word` [words](http://a.b) "
        "![a cat](c.png).\n\n```python\nx = 1\n```\n\n| a | b |\n|---|---|\n| c | d |\n",
        encoding="utf-8",
    )
    assert [line.text for line in read_script(read_document(path))] == [
        "# Heading",
        "Some bold, soft and code_word words a cat.",
        "x = 1",
        "- a, b.",
        "- c, d.",
    ]


def test_subtitles_are_read_cue_by_cue(tmp_path):
    path = tmp_path / "a.vtt"
    path.write_text("WEBVTT\n\n00:01.000 --> 00:02.000\n<v Ann>Hello\nthere &amp; here.\n", encoding="utf-8")
    assert read_document(path) == "Hello there & here."


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1251"])
def test_a_text_is_read_in_the_encodings_of_windows(tmp_path, encoding):
    path = tmp_path / "a.txt"
    path.write_text("Старая дорога шла через лес.\r\nОна была длинной.", encoding=encoding, newline="")
    assert read_document(path) == "Старая дорога шла через лес.\nОна была длинной."


@pytest.mark.parametrize("suffix", [*READERS, ".pdf", ".xyz"])
def test_what_is_missing_is_named(tmp_path, suffix):
    with pytest.raises(SpeechlabError, match=f"a{suffix}"):
        read_document(tmp_path / f"a{suffix}")


def test_entities_and_bombs_are_refused(tmp_path):
    entity = '<!DOCTYPE w [<!ENTITY a "ha">]>'
    for encoding in ("utf-8", "utf-16"):
        bad = DOCX.replace("?>", f"?>{entity}", 1).replace("UTF-8", encoding).encode(encoding)
        with pytest.raises(SpeechlabError, match="entities"):
            read_document(write_zip(tmp_path / "a.docx", {"word/document.xml": bad}))
    with pytest.raises(SpeechlabError, match="unpacks to over"):
        read_document(write_zip(tmp_path / "b.docx", {"word/document.xml": b" " * (MAX_UNPACKED + 1)}))
    with pytest.raises(SpeechlabError, match="lacks"):
        read_document(write_zip(tmp_path / "c.epub", {"a": "b"}))


@pytest.mark.parametrize("make", [write_docx, write_epub])
def test_a_damaged_document_is_read_or_refused_and_nothing_else(tmp_path, make):
    path = make(tmp_path / f"a.{make.__name__[-4:]}")
    whole, source = path.read_bytes(), random.Random(0)
    for _ in range(150):
        damaged = bytearray(whole)
        for _ in range(source.randint(1, 8)):
            damaged[source.randrange(len(damaged))] = source.randrange(256)
        path.write_bytes(damaged[: source.randint(1, len(damaged))] if source.random() < 0.3 else damaged)
        try:
            assert isinstance(read_document(path), str)
        except SpeechlabError as error:
            assert path.name in str(error)
