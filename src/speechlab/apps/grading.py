"""``speechlab grade``: a zip, or a link to one, with audio or transcripts becomes a table of scores."""

import argparse
import tarfile
import zipfile
from pathlib import Path

from speechlab.audio.files import find_audio
from speechlab.audio.io import AUDIO_SUFFIXES
from speechlab.data.links import extract_once, innermost, is_link, unpack_link
from speechlab.errors import SpeechlabError
from speechlab.files import sha256


def handed_in(options: argparse.Namespace) -> argparse.Namespace:
    """Fetch and unpack what was handed in, and read transcripts aloud where these are all.

    Args:
        options: of ``speechlab grade``; their ``parse`` gives other commands their own.

    Returns:
        Options of ``speechlab score`` for the recordings.

    Raises:
        SpeechlabError: there is neither audio nor text, or nobody is named to read it.
    """
    output = Path(options.output)
    folder = unpacked(options.source, output)
    reference = unpacked(options.reference, output) if options.reference else None
    texts = sorted(folder.rglob("*.txt"))
    if has_audio(folder):
        recordings, spoken = folder, None
    elif texts:
        recordings, spoken = read_aloud(texts[0].parent, options, output / "speech"), texts[0].parent
    else:
        raise SpeechlabError(f"{options.source} holds neither recordings nor .txt files with texts to say")
    print(f"{len(find_audio(recordings))} recordings in {recordings}", flush=True)
    places = {"reference": reference, "texts": spoken, "output": output / "scores"}
    return options.parse(["score", *given(**places, metrics=options.metrics, jobs=options.jobs), "--", str(recordings)])


def given(**options: object) -> list[str]:
    """Write the options that have a value as on a command line, so that the others keep their defaults."""
    return [f"--{name}={value}" for name, value in options.items() if value is not None]


def unpacked(source: str, output: Path) -> Path:
    """Give the folder of what a link, an archive or a folder holds; an archive is unpacked below the results.

    Raises:
        SpeechlabError: it is none of these, or damaged.
    """
    if is_link(source):
        return unpack_link(source)
    path = Path(source)
    if path.is_dir():
        return path
    if not path.is_file() or not (zipfile.is_zipfile(path) or tarfile.is_tarfile(path)):
        raise SpeechlabError(f"{source} is neither a zip or tar archive nor a folder nor a link; give one of these")
    return innermost(extract_once(path, output / "given" / sha256(path)[:12]))  # changed content is unpacked anew


def has_audio(folder: Path) -> bool:
    """Tell whether there is a recording in a folder, at any depth."""
    return any(path.suffix.lower() in AUDIO_SUFFIXES for path in folder.rglob("*") if not path.name.startswith("."))


def read_aloud(texts: Path, options: argparse.Namespace, folder: Path) -> Path:
    """Let the chosen voice say every transcript of a folder.

    Raises:
        SpeechlabError: no voice was named.
    """
    from speechlab.apps.saying import say

    if not options.voice:
        raise SpeechlabError(
            "there are transcripts but no recordings: name the voice that reads them, such as --voice en-kathleen, or"
            " a link to the checkpoint that is graded"
        )
    words = ["say", *given(output=folder, voice=options.voice, vocoder=options.vocoder), "--", str(texts)]
    say(options.parse(words))
    return folder
