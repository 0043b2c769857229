"""Texts as people save them: UTF-8, UTF-16, and the code pages of Windows where nothing else can be meant.

Lines end at a line feed, a carriage return, or both. U+2028, form feeds and the like, at which ``str.splitlines`` ends
a line too, come from word processors and stand inside a line: they become blanks.
"""

import codecs
import re
from collections.abc import Iterable
from pathlib import Path

from speechlab.errors import SpeechlabError

MARKS = {  # the longer first: UTF-32's begins as UTF-16's
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
RUSSIAN = ("cp1251", "koi8-r", "cp866")
FREQUENT = frozenset("оеаинтсрвлкмдпуыяьз")  # nine of ten letters of Russian prose
PLAUSIBLE = re.compile("[а-яёіїєґў№«»„“”‘’–—…\xa0]", re.IGNORECASE)
TYPOGRAPHY = frozenset(b"\x85\x91\x92\x93\x94\x95\x96\x97\xa0\xab\xbb")  # quotes and dashes: in cp1251 as in cp1252
UNMISTAKABLE, MARGIN = 0.7, 0.25  # share of frequent letters, and how far the next code page must lie behind
LINE_END = re.compile(r"\r\n|\r|\n")
ODD_BLANKS = re.compile(r" *[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x85\u2028\u2029]+ *")


def encoding_of(content: bytes) -> str | None:
    """Name the encoding of a text; none where it cannot be told."""
    for mark, encoding in MARKS.items():
        if content.startswith(mark):
            return encoding if is_text(content, encoding) else None
    if b"\0" in content:  # no text has a NUL; every second byte of UTF-16 is one, where the letters are Latin
        halves = {"utf-16-le": content[1::2], "utf-16-be": content[::2]}
        likely = max(halves, key=lambda name: halves[name].count(0))
        enough = halves[likely].count(0) > len(halves[likely]) / 4
        return likely if enough and is_text(content, likely) else None
    if is_text(content, "utf-8"):
        return "utf-8"
    high = {byte for byte in content if byte >= 0x80}
    if high <= TYPOGRAPHY:
        return "cp1252"
    scores = sorted(((russian_share(content, encoding), encoding) for encoding in RUSSIAN), reverse=True)
    (best, encoding), (second, _) = scores[:2]
    return encoding if best >= UNMISTAKABLE and best - second >= MARGIN else None


def is_text(content: bytes, encoding: str) -> bool:
    """Tell whether bytes can be read in an encoding."""
    try:
        content.decode(encoding)
    except UnicodeError:
        return False
    return True


def russian_share(content: bytes, encoding: str) -> float:
    """Share of small, frequent Russian letters among the characters beyond ASCII, read in a code page.

    It is 0 where more than one in twenty is no letter or mark of a Russian text.
    """
    characters = [character for character in content.decode(encoding, "replace") if character > "\x7f"]
    if sum(not PLAUSIBLE.match(character) for character in characters) > len(characters) / 20:
        return 0.0
    return sum(character in FREQUENT for character in characters) / max(len(characters), 1)


def decode(content: bytes, encoding: str) -> str:
    """Read bytes in an encoding that ``encoding_of`` named; what is no character of a line becomes a blank."""
    return ODD_BLANKS.sub(" ", content.decode(encoding).removeprefix("\ufeff"))


def read_text(path: Path) -> tuple[str, str]:
    """Read a text file and name its encoding.

    Raises:
        SpeechlabError: its encoding cannot be told.
    """
    content = path.read_bytes()
    encoding = encoding_of(content)
    if encoding is None:
        raise SpeechlabError(f"{path} is neither UTF-8 nor a known encoding{first_odd(content)}; save it as UTF-8")
    return decode(content, encoding), encoding


def first_odd(content: bytes) -> str:
    """Say where a text stops being UTF-8."""
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        return f" (byte {error.start} is {content[error.start]:#04x})"
    return " (it holds NUL bytes)" if b"\0" in content else ""


def read_texts(paths: Iterable[Path]) -> tuple[dict[Path, str], str, list[Path]]:
    """Read many short texts, whose code page is told from all of them together.

    Returns:
        The texts that could be read; the encoding of those that are not UTF-8, empty where all are; the others.
    """
    texts, foreign, unreadable = {}, {}, []
    for path in paths:
        try:
            content = path.read_bytes()
        except OSError:  # a broken link, or a folder that may not be read
            unreadable.append(path)
            continue
        encoding = encoding_of(content) if content.startswith(tuple(MARKS)) or b"\0" in content else "utf-8"
        if encoding and is_text(content, encoding):
            texts[path] = decode(content, encoding)
        elif encoding == "utf-8":
            foreign[path] = content
        else:
            unreadable.append(path)
    shared = encoding_of(b"\n".join(foreign.values())) if foreign else ""
    if not shared:
        return texts, "", [*unreadable, *foreign]
    return texts | {path: decode(content, shared) for path, content in foreign.items()}, shared, unreadable


def lines_of(text: str) -> list[str]:
    """Split a text at its line ends; U+2028 and form feeds are none."""
    return LINE_END.split(text)
