"""``speechlab enhance``: one recording or a folder of them, each with a page to hear before and after."""

import argparse
import sys
from pathlib import Path

from speechlab.audio.decoders import require_file
from speechlab.audio.files import find_audio
from speechlab.audio.io import WRITERS
from speechlab.errors import SpeechlabError
from speechlab.files import remove_leftovers
from speechlab.pipelines.enhancer import EnhancedFile, Enhancer


def enhance(options: argparse.Namespace) -> int:
    """Enhance what the arguments name; what cannot be done is a line each, and the rest is done.

    Returns:
        Exit status: 0, or 2 where a file failed.

    Raises:
        SpeechlabError: there is nothing to enhance, no such model, or the output lies in the source.
    """
    from speechlab.apps.bundled import require
    from speechlab.apps.commands import write_origin
    from speechlab.training.checkpoints import fetched

    source, output = Path(options.source), Path(options.output)
    jobs = targets_of(source, output)
    model = fetched(options.model)
    require(model, "enhancer")
    enhancer = Enhancer.load(model)
    for folder in {target.parent for _, target in jobs}:
        remove_leftovers(folder)  # of a run that was killed
    failed = 0
    for file, target in jobs:
        try:
            done = enhancer.enhance_file(file, target, options.dry)
            print(in_words(done), flush=True)
            if not options.no_page:
                print(f"  {write_page_of(done, enhancer, options.model)}", flush=True)
        except (SpeechlabError, OSError) as error:  # one broken file never stops the rest
            failed += 1
            print(f"speechlab: {' '.join(str(error).split())}", file=sys.stderr, flush=True)
    if source.is_dir() and failed < len(jobs):
        write_origin(output, enhancer.checkpoint)
    if failed and len(jobs) > 1:
        print(f"speechlab: {failed} of {len(jobs)} files failed", file=sys.stderr)
    return 2 if failed else 0


def targets_of(source: Path, output: Path) -> list[tuple[Path, Path]]:
    """Pair each recording with the file to make: of the same suffix where that can be written, else wav.

    Raises:
        SpeechlabError: there is no recording, or the output folder lies in the source.
    """
    if not source.is_dir():
        require_file(source)
        return [(source, output / names_of([source], source.parent)[0] if output.is_dir() else output)]
    if output.resolve().is_relative_to(source.resolve()):
        raise SpeechlabError(f"{output} lies in {source}; choose a folder outside, so that no original is touched")
    if output.exists() and not output.is_dir():
        raise SpeechlabError(f"{source} is a folder and {output} a file; name a folder to write to")
    files = find_audio(source)
    return [(file, output / name) for file, name in zip(files, names_of(files, source), strict=True)]


def names_of(files: list[Path], folder: Path) -> list[Path]:
    """Name enhanced files as their sources in a folder, with ``.wav`` in place of other suffixes, or after them."""
    names = [file.relative_to(folder) for file in files]
    taken = {name for name in names if name.suffix.lower() in WRITERS}
    for number, name in enumerate(names):
        if name not in taken:
            new = name.with_suffix(".wav")
            names[number] = name.with_name(f"{name.name}.wav") if new in taken else new
            taken.add(names[number])
    return names


def in_words(done: EnhancedFile) -> str:
    """One line on a finished file, and one for each remark."""
    channels = f"{done.channels} channels" if done.channels > 1 else "mono"
    speed = done.seconds / max(done.duration_s, 1e-3)
    line = f"{done.target}  {done.duration_s:.1f} s, {done.sample_rate} Hz, {channels}, real-time factor {speed:.2f}"
    return "\n".join((line, *(f"  {note}" for note in done.notes)))


def write_page_of(done: EnhancedFile, enhancer: Enhancer, model: str) -> Path:
    """Write the page beside an enhanced file."""
    from speechlab.display.enhancement import write_comparison

    card = enhancer.card
    facts = {
        "model": f"{Path(model).name}, {card.get('task', 'enhancement')}",
        "weights, SHA-256": enhancer.checkpoint,
        "trained on": card.get("data", {}).get("corpus"),
    }
    return write_comparison(done, facts, done.target.with_name(f"{done.target.name}.html"))
