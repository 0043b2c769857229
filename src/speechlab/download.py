"""Downloads that survive: resumed after a cut, tried from mirrors, checked against a hash, unpacked safely."""

import hashlib
import http.client
import re
import shutil
import tarfile
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from urllib.parse import urlsplit

from speechlab.errors import SpeechlabError
from speechlab.files import REASONS, cannot_write, remove_leftovers, require_space, temporary_name

CHUNK = 1 << 20  # bytes read at a time
ATTEMPTS = 5  # per address; an attempt that got further does not count
EXPANSION, SPARE_BYTES = 50, 64 * 2**20  # an archive unpacks to at most so many times its bytes, and so many more
MEMBER_BYTES = 512  # that a file in it counts besides its own
DRIVE = re.compile(r"https://drive\.google\.com/(?:file/d/|(?:uc|open)\?(?:[^#]*&)?id=)([\w-]+)")
TIMEOUT_S = 30.0  # without a byte
WAIT_S = 2.0  # before the second attempt; doubled each time


def fetch(urls: Sequence[str], digest: str | None, destination: Path) -> Path:
    """Download a file; what an earlier, interrupted call got is continued.

    Args:
        urls: the same file at several addresses, tried in order.
        digest: SHA-256 or MD5 of the whole file, in hexadecimal; ``None`` takes whatever comes.
        destination: where the file goes; while incomplete it is called ``<name>.part``.

    Returns:
        ``destination``. A file that is already there with the right hash is not downloaded again.

    Raises:
        SpeechlabError: no address gave the file, its hash is wrong everywhere, or the disk is full.
    """
    if destination.is_file() and digest_of(destination, digest) == digest:
        return destination
    destination.parent.mkdir(parents=True, exist_ok=True)
    partial = destination.with_name(destination.name + ".part")
    problems = []
    for url in urls:
        problem = download(url, partial)
        if not problem:
            found = digest_of(partial, digest)
            if found == digest:
                partial.replace(destination)
                return destination
            partial.unlink()  # nothing in it can be trusted, not even its beginning
            problem = f"wrong content: {hash_name(digest)} {found[:12]}..., expected {digest[:12]}..."
        problems.append(f"{url}: {problem}")
    raise SpeechlabError(
        f"could not download {destination.name} ({'; '.join(problems)}); "
        f"run again to continue, or put the file at {destination}"
    )


def download(url: str, partial: Path) -> str:
    """Continue the partial file from one address until it is complete; give the problem if that fails, else ''."""
    if found := DRIVE.match(url):
        return from_drive(found[1], partial)
    wait_s, attempts = WAIT_S, 0
    while True:
        before = partial.stat().st_size if partial.exists() else 0
        try:
            append(url, partial)
            return ""
        except urllib.error.HTTPError as error:
            if error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE and before:
                return ""  # nothing is missing; the hash will tell whether it is right
            problem, is_final = f"HTTP {error.code}", error.code in (401, 403, 404, 410)
        except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as error:
            problem, is_final = str(getattr(error, "reason", error)), False
        except OSError as error:
            raise cannot_write(partial, error) from None
        after = partial.stat().st_size if partial.exists() else 0
        attempts = 1 if after > before else attempts + 1
        if is_final or attempts >= ATTEMPTS:
            return problem
        time.sleep(wait_s if attempts > 1 else 0.1)
        wait_s = wait_s * 2 if attempts > 1 else WAIT_S


def from_drive(file_id: str, partial: Path) -> str:
    """Fetch a file of Google Drive by its id, past the page that asks about large ones; give the problem, else ''."""
    import gdown

    try:
        gdown.download(id=file_id, output=str(partial), quiet=True, use_cookies=False, timeout=TIMEOUT_S)
    except OSError as error:  # the disk's, and those of the connection, which are its kin
        if error.errno in REASONS:
            raise cannot_write(partial, error) from None
        return one_line(error)
    except Exception as error:  # whatever the package makes of Drive's pages: no such file, not shared, too many asked
        return one_line(error)
    return "" if partial.is_file() else "Google Drive gave no file"


def one_line(error: Exception) -> str:
    """Say in a short line what went wrong."""
    return " ".join(str(error).split())[:200] or type(error).__name__


def append(url: str, partial: Path) -> None:
    """Ask for the bytes that the partial file lacks and append them; begin anew where the server cannot do that.

    Raises:
        http.client.IncompleteRead: the connection ended before the announced length.
    """
    from tqdm.auto import tqdm

    have = partial.stat().st_size if partial.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    with open_url(request) as response:
        continues = response.status == http.client.PARTIAL_CONTENT
        have = have if continues else 0
        announced = response.headers.get("Content-Length")
        total = have + int(announced) if announced else None
        require_space(f"downloading {partial.stem}", partial.parent, (total or have) - have)
        with (
            partial.open("ab" if continues else "wb") as file,
            tqdm(
                total=total, initial=have, unit="B", unit_scale=True, desc=partial.stem, mininterval=0.5, leave=False
            ) as bar,
        ):
            while chunk := response.read(CHUNK):
                file.write(chunk)
                bar.update(len(chunk))
                have += len(chunk)
    if total is not None and have < total:
        raise http.client.IncompleteRead(b"", total - have)


class OnlyWeb(urllib.request.HTTPRedirectHandler):
    """Follow redirects to http and https only, and never from https to http, where anybody could answer."""

    def redirect_request(self, request, response, code, message, headers, target):
        """Give the request that a redirect asks for."""
        schemes = ("https",) if urlsplit(request.full_url).scheme == "https" else ("http", "https")
        if urlsplit(target).scheme not in schemes:
            raise urllib.error.URLError(f"it redirects to {target[:80]}, expected {' or '.join(schemes)}")
        return super().redirect_request(request, response, code, message, headers, target)


def open_url(request: urllib.request.Request):
    """Open an address of the web."""
    if urlsplit(request.full_url).scheme not in ("http", "https"):
        raise urllib.error.URLError("expected an address that begins with https:// or http://")
    return urllib.request.build_opener(OnlyWeb).open(request, timeout=TIMEOUT_S)


def extract(archive: Path, folder: Path, only: str = "*") -> Path:
    """Unpack a tar or zip archive into a folder, which appears only when it is complete.

    Args:
        only: files to unpack, with a shell's wildcards, of which ``*`` stands for folders too; all by default.

    Raises:
        SpeechlabError: the archive is damaged, holds links or devices, or names a path outside the folder.
    """
    remove_leftovers(folder.parent)
    temporary = temporary_name(folder)
    left = EXPANSION * archive.stat().st_size + SPARE_BYTES
    try:
        temporary.mkdir(parents=True)
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as pack:
                for member in pack.infolist():
                    if not member.is_dir() and fnmatchcase(member.filename, only):
                        with pack.open(member) as source:
                            left -= unpack_member(member.filename, source, temporary, archive, left)
        else:
            with tarfile.open(archive, "r|*") as pack:  # a stream: seeking in bzip2 would decompress it again and again
                for member in pack:
                    if not fnmatchcase(member.name, only):
                        continue
                    if member.isfile():
                        left -= unpack_member(member.name, pack.extractfile(member), temporary, archive, left)
                    elif not member.isdir():
                        raise SpeechlabError(f"{archive} holds a link or device, {member.name!r}; it was not unpacked")
        temporary.replace(folder)
    except SpeechlabError:
        raise
    except OSError as error:
        if error.errno is None:  # bzip2's word for bytes that are none of its
            raise unreadable(archive, error) from None
        raise SpeechlabError(f"could not unpack {archive}: {cannot_write(folder, error)}") from None
    except Exception as error:  # of tar, zip and of what they are compressed with; an unknown method; an encrypted file
        raise unreadable(archive, error) from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return folder


def unreadable(archive: Path, error: Exception) -> SpeechlabError:
    """Say why an archive cannot be unpacked."""
    reason = " ".join(str(error).split())[:200] or type(error).__name__
    advice = "unpack it by hand" if isinstance(error, NotImplementedError | RuntimeError) else "download it again"
    return SpeechlabError(f"{archive} is damaged, encrypted or of an unknown kind ({reason}); delete it and {advice}")


def unpack_member(name: str, source, folder: Path, archive: Path, allowed: int) -> int:
    """Write one file of an archive, if its path stays inside the folder; give how many bytes it has.

    Raises:
        SpeechlabError: its path leaves the folder, or it has more bytes than an archive of that size is allowed.
    """
    target = (folder / name).resolve()
    if not target.is_relative_to(folder.resolve()) or ":" in name or "\\" in name:
        raise SpeechlabError(f"{archive} holds the path {name!r}, which leaves its folder; it was not unpacked")
    target.parent.mkdir(parents=True, exist_ok=True)
    written = MEMBER_BYTES
    with target.open("wb") as file:
        while chunk := source.read(CHUNK):
            written += len(chunk)
            if written > allowed:
                raise SpeechlabError(
                    f"{archive} unpacks to more than {EXPANSION} times its size, as no dataset does; stopped"
                )
            file.write(chunk)
    return written


def digest_of(path: Path, like: str | None) -> str | None:
    """Hash of a file's bytes, of the kind of another one; ``None`` where there is none to compare with."""
    if like is None:
        return None
    with path.open("rb") as file:
        return hashlib.file_digest(file, hash_name(like).replace("-", "").lower()).hexdigest()


def hash_name(digest: str) -> str:
    """Tell by its length which hash it is; archives that were published long ago have an MD5 only."""
    return "MD5" if len(digest) == 32 else "SHA-256"
