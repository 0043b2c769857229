"""Documents to be read aloud: txt, md, docx, epub, srt and vtt, each as text that ``read_script`` understands.

A heading is a line ``# ...``, an item of a list a line ``- ...``, and paragraphs are parted by blank lines, so that
each gets its pause. Files come from anywhere: what an archive unpacks to is bounded, and XML may declare nothing.
"""

import posixpath
import re
import zipfile
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

from speechlab.encodings import read_text
from speechlab.errors import SpeechlabError
from speechlab.text.subtitles import parse_subtitles

MAX_FILE = 200_000_000  # bytes of a document; a book has one million
MAX_UNPACKED = 100_000_000  # bytes of text in an archive
WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
UNSUPPORTED = {
    ".pdf": "export it as docx or txt",
    ".doc": "save it as docx",
    ".odt": "save it as docx",
    ".rtf": "save it as docx or txt",
    ".html": "save it as txt or md",
    ".mobi": "convert it to epub",
}
SETTEXT = re.compile(r"^(?=.*\w)(.+)\n(?:=+|-{3,})[ \t]*$", re.MULTILINE)  # a heading, underlined
FENCE = re.compile(r"^[ \t]*(?:```+|~~~+)[^\n]*\n?", re.MULTILINE)
FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
RULE_OR_TABLE_LINE = re.compile(r"^[ \t]*(?:(?:[-*_][ \t]*){3,}|\|?[ \t]*:?-{3,}[-| :\t]*)$\n?", re.MULTILINE)
INLINE = (
    (re.compile(r"<!--.*?-->", re.DOTALL), ""),
    (re.compile(r"!\[([^\]]*)\]\([^)]*\)"), r"\1"),  # an image is its description
    (re.compile(r"\[([^\]]+)\](?:\([^)]*\)|\[[^\]]*\])"), r"\1"),  # a link is its words
    (re.compile(r"^[ \t]*\[[^\]]+\]:[^\n]*$", re.MULTILINE), ""),  # where its address stands apart
    (re.compile(r"^[ \t]*>[ \t]?", re.MULTILINE), ""),
    (re.compile(r"</?[a-zA-Z][^<>]*>"), ""),
    (re.compile(r"(\*\*|__|~~)(?=\S)(.+?)(?<=\S)\1"), r"\2"),
    (re.compile(r"(?<!\w)([*_])(?=\S)(.+?)(?<=\S)\1(?!\w)"), r"\2"),
    (re.compile(r"`+([^`\n]+)`+"), r"\1"),
)
TABLE_ROW = re.compile(r"^[ \t]*\|(.+)\|[ \t]*$", re.MULTILINE)


def read_document(path: Path) -> str:
    """Read a document as plain text.

    Raises:
        SpeechlabError: there is no such file, it is damaged, too large, or of a kind that cannot be read.
    """
    suffix = path.suffix.lower()
    if suffix in UNSUPPORTED:
        raise SpeechlabError(f"{path}: {suffix} files cannot be read; {UNSUPPORTED[suffix]}")
    if not path.is_file():
        raise SpeechlabError(f"there is no file {path}")
    if path.stat().st_size > MAX_FILE:
        raise SpeechlabError(f"{path} is larger than {MAX_FILE // 1_000_000} MB, and a book has one: is it a text?")
    return READERS.get(suffix, read_plain)(path)


def read_plain(path: Path) -> str:
    """Read a text file in any usual encoding."""
    return "\n".join(re.split(r"\r\n|\r|\n", read_text(path)[0]))


def read_markdown(path: Path) -> str:
    """Read Markdown: marks of emphasis, links and fences are left out, rows of tables become sentences."""
    text = FRONT_MATTER.sub("", read_plain(path))
    text = SETTEXT.sub(r"# \1", text)
    for pattern in (FENCE, RULE_OR_TABLE_LINE):
        text = pattern.sub("", text)
    text = TABLE_ROW.sub(lambda row: "- " + in_a_row(cell.strip() for cell in row[1].split("|")), text)
    for pattern, replacement in INLINE:
        text = pattern.sub(replacement, text)
    return text


def in_a_row(cells: Iterator[str]) -> str:
    """Say the cells of a table's row one after the other."""
    return ", ".join(cell for cell in cells if cell) + "."


def read_subtitles(path: Path) -> str:
    """Read the words of subtitles, a paragraph a cue."""
    return "\n\n".join(cue.text for cue in parse_subtitles(read_plain(path), path))


def read_docx(path: Path) -> str:
    """Read the paragraphs, headings, lists and tables of a Word document."""
    with archive(path) as files:
        body = parse_xml(files, "word/document.xml", path).find(f"{WORD}body")
    if body is None:
        raise SpeechlabError(f"{path} is not a Word document: it has no text; save it again as docx")
    return "\n\n".join(block for block in word_blocks(body) if block.strip())


def word_blocks(body: ElementTree.Element) -> Iterator[str]:
    """Give paragraphs, and rows of tables, in their order."""
    for element in body:
        if element.tag == f"{WORD}p":
            yield word_paragraph(element)
        elif element.tag == f"{WORD}tbl":
            for row in element.iter(f"{WORD}tr"):
                cells = (" ".join(map(word_text, cell.iter(f"{WORD}p"))).strip() for cell in row.iter(f"{WORD}tc"))
                yield "- " + in_a_row(cells)
        elif element.tag == f"{WORD}sdt":  # a table of contents, a form's field
            for content in element.iter(f"{WORD}sdtContent"):
                yield from word_blocks(content)


def word_paragraph(paragraph: ElementTree.Element) -> str:
    """Give the text of a paragraph, marked where it is a heading or an item of a list."""
    text = word_text(paragraph).strip()
    style = paragraph.find(f"{WORD}pPr/{WORD}pStyle")
    name = "" if style is None else style.get(f"{WORD}val", "").lower()
    if text and (name.startswith(("heading", "title", "заголовок")) or name.isdigit() and len(name) == 1):
        return f"# {text}"  # a Russian Word calls its headings 1, 2, 3
    if text and paragraph.find(f"{WORD}pPr/{WORD}numPr") is not None:
        return f"- {text}"
    return text


def word_text(paragraph: ElementTree.Element) -> str:
    """Join the runs of a paragraph; what was deleted under review is not said."""
    parts = {f"{WORD}t": lambda run: run.text or "", f"{WORD}tab": lambda _: " ", f"{WORD}br": lambda _: "\n"}
    return "".join(parts[node.tag](node) for node in paragraph.iter() if node.tag in parts)


def read_epub(path: Path) -> str:
    """Read the chapters of an e-book in the order of its spine."""
    with archive(path) as files:
        container = parse_xml(files, "META-INF/container.xml", path)
        rootfile = next((node.get("full-path") for node in container.iter() if local(node) == "rootfile"), None)
        if not rootfile:
            raise SpeechlabError(f"{path} is not an e-book: it lists no content; export it again as epub")
        package = parse_xml(files, rootfile, path)
        items = {node.get("id"): node.get("href", "") for node in package.iter() if local(node) == "item"}
        spine = [
            node.get("idref") for node in package.iter() if local(node) == "itemref" and node.get("linear") != "no"
        ]
        folder = posixpath.dirname(rootfile)
        names = [posixpath.normpath(posixpath.join(folder, unquote(items[id]))) for id in spine if id in items]
        chapters = [page_text(unpack(files, name, path).decode("utf-8", "replace")) for name in names]
    return "\n\n".join(chapter for chapter in chapters if chapter.strip())


def local(node: ElementTree.Element) -> str:
    """Name of an element without its namespace."""
    return node.tag.rpartition("}")[2] if isinstance(node.tag, str) else ""


class Page(HTMLParser):
    """The text of a page of HTML, with blank lines between its blocks."""

    BLOCKS = {"p", "div", "section", "article", "blockquote", "ul", "ol", "table", "hr", "pre", "figure"}
    SILENT = {"script", "style", "head", "nav", "rt", "rp", "svg", "math"}

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.silent: list[str] = []

    def handle_starttag(self, tag: str, attributes: list) -> None:
        """Begin a block, an item or a heading."""
        if tag in self.SILENT:
            self.silent.append(tag)
        elif re.fullmatch("h[1-6]", tag):
            self.parts.append("\n\n# ")
        elif tag in {"li", "tr"}:
            self.parts.append("\n\n- ")
        elif tag in {"td", "th"}:
            self.parts.append(" ")
        elif tag == "br":
            self.parts.append("\n")
        elif tag in self.BLOCKS:
            self.parts.append("\n\n")

    def handle_endtag(self, tag: str) -> None:
        """End a block."""
        if tag in self.silent:
            del self.silent[self.silent.index(tag) :]
        elif tag in self.BLOCKS or re.fullmatch("h[1-6]", tag):
            self.parts.append("\n\n")
        elif tag in {"td", "th"}:
            self.parts.append(",")

    def handle_data(self, data: str) -> None:
        """Keep words; line breaks of the source are blanks."""
        if not self.silent:
            self.parts.append(re.sub(r"\s+", " ", data))


def page_text(html: str) -> str:
    """Give the text of a page of HTML."""
    page = Page()
    page.feed(html)
    page.close()
    lines = (line.strip().rstrip(",") for line in "".join(page.parts).split("\n"))
    text = "\n".join("" if line in {"#", "-"} else line for line in lines)
    return re.sub(r"(^|\n)((?:#|-) )\n*\s*", r"\1\2", re.sub(r"\n{3,}", "\n\n", text)).strip()


def archive(path: Path) -> zipfile.ZipFile:
    """Open a zip file whose contents are of a sane size.

    Raises:
        SpeechlabError: it is none, or unpacks to more than any document.
    """
    try:
        files = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise SpeechlabError(f"{path} is damaged, or no {path.suffix} file ({error}); export it again") from None
    return files


def unpack(files: zipfile.ZipFile, name: str, path: Path) -> bytes:
    """Read one file of an archive.

    Raises:
        SpeechlabError: it is not there, damaged, locked by a password, or unpacks to more than any document.
    """
    try:
        with files.open(name) as file:
            content = file.read(MAX_UNPACKED + 1)
    except KeyError:
        raise SpeechlabError(f"{path} lacks {name}, which a {path.suffix} file has; export it again") from None
    except Exception as error:  # zlib's, struct's and zipfile's own kinds; RuntimeError for a password
        raise SpeechlabError(f"{path} is damaged or locked ({name}: {error}); export it again") from None
    if len(content) > MAX_UNPACKED:
        raise SpeechlabError(f"{path}: {name} unpacks to over {MAX_UNPACKED // 1_000_000} MB: no text is that long")
    return content


def parse_xml(files: zipfile.ZipFile, name: str, path: Path) -> ElementTree.Element:
    """Parse one XML file of an archive; one that declares entities is refused, for they can unfold without end."""
    content = unpack(files, name, path)
    if b"<!ENTITY" in content.replace(b"\0", b""):  # of UTF-16 too
        raise SpeechlabError(f"{path}: {name} declares entities, which no document needs; export it again")
    try:
        return ElementTree.fromstring(content)
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise SpeechlabError(f"{path} is damaged ({name}: {error}); export it again") from None


READERS: dict[str, Callable[[Path], str]] = {
    ".txt": read_plain,
    ".md": read_markdown,
    ".markdown": read_markdown,
    ".docx": read_docx,
    ".epub": read_epub,
    ".srt": read_subtitles,
    ".vtt": read_subtitles,
}
"""How a document is read, by its suffix; any other file is plain text, or none."""
