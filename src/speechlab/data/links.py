"""Files behind links: of Google Drive, of Yandex Disk, or anywhere on the web; fetched once, verified, kept.

A link may end with ``#`` and the SHA-256 that the file must have. Without one the hash of the first download is
recorded beside it, and what lies there is held to that.
"""

import json
import re
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs, quote, unquote, urlsplit

from speechlab.data.archives import note, read_notes
from speechlab.data.storage import safe_name
from speechlab.download import extract, fetch, open_url
from speechlab.errors import SpeechlabError
from speechlab.files import sha256 as sha256_of
from speechlab.files import short_hash
from speechlab.paths import data_root

DRIVE = "https://drive.google.com"
YANDEX = "https://cloud-api.yandex.net/v1/disk/public/resources/download"
DRIVE_HOSTS, YANDEX_HOSTS = ("drive.google.com", "docs.google.com"), ("disk.yandex.ru", "disk.yandex.com", "yadi.sk")
DRIVE_ID = r"[\w-]{10,200}"
PAGE = re.compile(rb"\s*(<!doctype|<html|<head|<\?xml[^>]*>\s*<html)", re.IGNORECASE)  # where a file should be
MAX_ANSWER = 1 << 16  # bytes of a service's answer that holds an address
UNPACKED = "unpacked"


class Link(NamedTuple):
    """Where a file is, and which it must be."""

    kind: str  # gdrive, yandex or web
    place: str  # Drive's number of the file, Yandex' public address, or the address itself
    sha256: str | None

    @property
    def folder(self) -> Path:
        """Where what it leads to is kept."""
        return data_root() / "links" / short_hash([self.kind, self.place])


def is_link(text: str) -> bool:
    """Tell a link from a name or a path."""
    return text.startswith(("gdrive:", "yandex:", "http://", "https://"))


def parse_link(text: str) -> Link:
    """Read ``gdrive:ID``, ``yandex:ADDRESS``, or an address of the web, each with ``#SHA256`` where one is known.

    Raises:
        SpeechlabError: it is none of these, or what stands after ``#`` is no SHA-256.
    """
    place, _, digest = text.strip().partition("#")
    if digest and not re.fullmatch(r"[0-9a-fA-F]{64}", digest):
        raise SpeechlabError(f"{text[:80]!r} ends with #{digest[:20]}, which is no SHA-256: 64 hexadecimal digits")
    sha256 = digest.lower() or None
    if place.startswith("yandex:"):
        return Link("yandex", place.removeprefix("yandex:"), sha256)
    number = place.removeprefix("gdrive:") if place.startswith("gdrive:") else drive_number(place)
    if number is not None:
        if not re.fullmatch(DRIVE_ID, number):
            raise SpeechlabError(f"{text[:80]!r} names no file of Google Drive; expected gdrive:ID or a link to a file")
        return Link("gdrive", number, sha256)
    if not is_link(place):
        raise SpeechlabError(f"{text[:80]!r} is no link; give gdrive:ID, or an address that begins with https://")
    return Link("yandex" if urlsplit(place).hostname in YANDEX_HOSTS else "web", place, sha256)


def drive_number(address: str) -> str | None:
    """Find Drive's number of a file in its address; None where the address is not Drive's, empty where it has none."""
    parts = urlsplit(address)
    if parts.hostname not in DRIVE_HOSTS:
        return None
    found = re.search(rf"/d/({DRIVE_ID})", parts.path)
    return found[1] if found else "".join(parse_qs(parts.query).get("id", [""])[:1])


def fetch_link(text: str) -> Path:
    """Fetch the file of a link; one that is here already is only held to its hash.

    Raises:
        SpeechlabError: the link is wrong or not public, the file is not the expected one, or the disk is full.
    """
    link = parse_link(text)
    known = next((path for path in sorted(link.folder.glob("*")) if is_kept(path)), None)
    recorded = read_notes(link.folder).get(known.name) if known else None
    if known is None:
        link.folder.mkdir(parents=True, exist_ok=True)
        known = FETCHERS[link.kind](link)
        recorded = note(known)
        require_file(known)
    found, expected = sha256_of(known), link.sha256 or recorded
    if found != expected:
        if link.sha256:
            known.unlink()  # or the right one would never be fetched
        raise SpeechlabError(
            f"{text[:80]} led to a file with SHA-256 {found[:12]}..., expected {expected[:12]}...; it was not used"
        )
    return known


def is_kept(path: Path) -> bool:
    """Tell a file that was fetched whole from what lies beside it."""
    return path.is_file() and path.suffix not in (".part", ".json") and not path.name.startswith(".")


def require_file(path: Path) -> None:
    """Refuse the page that a service shows in place of a file, and forget it.

    Raises:
        SpeechlabError: it is one.
    """
    with path.open("rb") as file:
        is_page = PAGE.match(file.read(1000))
    if is_page:
        path.unlink()
        raise SpeechlabError(
            f"{path.name} is a page of a site, not a file: see that everybody with the link may read it"
        )


def from_web(link: Link) -> Path:
    """Download a plain address; an interrupted download is continued."""
    name = unquote(urlsplit(link.place).path).rpartition("/")[2] or "file"
    return fetch((link.place,), link.sha256, link.folder / safe_name(name)[-100:])


def from_yandex(link: Link) -> Path:
    """Ask Yandex Disk for the address of a public file, and download it."""
    request = urllib.request.Request(f"{YANDEX}?public_key={quote(link.place, safe='')}")
    try:
        with open_url(request) as answer:
            address = json.loads(answer.read(MAX_ANSWER))["href"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SpeechlabError(f"Yandex Disk gives no file for {link.place} ({error}); is the link public?") from None
    name = "".join(parse_qs(urlsplit(address).query).get("filename", ["file"])[:1])
    return fetch((address,), link.sha256, link.folder / safe_name(Path(name).name)[-100:])


def from_drive(link: Link) -> Path:
    """Download a public file of Google Drive by gdown, which answers Drive's questions about large files."""
    import gdown

    partial = link.folder / "file.part"
    try:
        gdown.download(
            url=f"{DRIVE}/uc?id={link.place}",
            output=str(partial),
            quiet=True,
            use_cookies=False,
            resume=partial.exists(),
        )
    except Exception as error:  # of gdown and of what it asks by
        reason = " ".join(str(error).split())[:200]
        raise SpeechlabError(f"Google Drive gives no file for gdrive:{link.place} ({reason}); is it public?") from None
    return partial.replace(link.folder / "file")


FETCHERS: dict[str, Callable[[Link], Path]] = {"gdrive": from_drive, "yandex": from_yandex, "web": from_web}


def unpack_link(text: str) -> Path:
    """Fetch an archive, tar or zip, and give the folder of what is in it, without folders that hold but one folder.

    Raises:
        SpeechlabError: as :func:`fetch_link`, or the archive is damaged or would write elsewhere.
    """
    file = fetch_link(text)
    return innermost(extract_once(file, file.parent / UNPACKED))


def extract_once(archive: Path, folder: Path) -> Path:
    """Unpack an archive where that was not done before."""
    return folder if folder.is_dir() else extract(archive, folder)


def innermost(folder: Path) -> Path:
    """Go down as long as a folder holds nothing but one other; what systems leave in archives does not count."""
    inside = [path for path in folder.iterdir() if not path.name.startswith((".", "__MACOSX"))]
    return innermost(inside[0]) if len(inside) == 1 and inside[0].is_dir() else folder
