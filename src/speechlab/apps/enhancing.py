"""``speechlab enhance``: one recording or a folder of them, each with a page to hear before and after."""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from speechlab.audio.decoders import require_file
from speechlab.audio.files import estimate_samples, find_audio
from speechlab.audio.io import WRITERS
from speechlab.audio.video import SOUND_CODECS, has_picture, replace_sound
from speechlab.errors import SpeechlabError
from speechlab.files import remove, remove_leftovers, require_space, temporary_name
from speechlab.pipelines.enhancer import EnhancedFile, Enhancer
from speechlab.provenance import write_origin

STANDARD = "-"  # input, or output
CAN = {
    False: "removes noise behind one person's speech; cannot restore drowned words or separate speakers",
    True: "restores the high frequencies of narrow-band speech by guessing; leaves noise and echo as they are",
}
"""What a listener may hope for, by whether the model extends the bandwidth."""


def enhance(options: argparse.Namespace) -> int:
    """Enhance what the arguments name; what cannot be done is a line each, and the rest is done.

    Returns:
        Exit status: 0, or 2 where a file failed.

    Raises:
        SpeechlabError: there is nothing to enhance, no such model, or the output lies in the source.
    """
    from speechlab.apps.bundled import require
    from speechlab.apps.fetching import fetched

    if STANDARD in (options.source, options.output):
        return enhance_through_pipe(options)
    source, output = Path(options.source), Path(options.output)
    jobs = targets_of(source, output)
    model = fetched(options.model)
    require(model, "enhancer")
    enhancer = Enhancer.load(model)
    for folder in {target.parent for _, target in jobs}:
        remove_leftovers(folder)  # of a run that was killed
    raised = enhancer.output_rate if enhancer.extends else None
    samples = estimate_samples([file for file, target in jobs if not target.exists()], raised)
    require_space(f"enhancing {source}", output, 2 * samples)
    failed, finished = 0, []
    for file, target in jobs:
        try:
            done = enhance_like(enhancer, file, target, options.dry)
            finished.append(done)
            print(in_words(done), flush=True)
            if not options.no_page:
                print(f"  {write_page_of(done, enhancer, options.model)}", flush=True)
        except (SpeechlabError, OSError) as error:  # one broken file never stops the rest
            failed += 1
            print(f"speechlab: {' '.join(str(error).split())}", file=sys.stderr, flush=True)
    if source.is_dir() and failed < len(jobs):
        write_origin(output, enhancer.checkpoint)
    if len(jobs) > 1:
        print(summary(finished, output))
    if failed and len(jobs) > 1:
        print(f"speechlab: {failed} of {len(jobs)} files failed", file=sys.stderr)
    return 2 if failed else 0


def enhance_through_pipe(options: argparse.Namespace) -> int:
    """Enhance standard input, or to standard output as a wav file; words go to standard error then.

    Raises:
        SpeechlabError: as ``Enhancer.enhance_file``; or what came is empty.
    """
    from speechlab.apps.bundled import require

    require(options.model, "enhancer")
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(options.source), Path(options.output)
        if options.source == STANDARD:
            source = Path(folder) / "standard input"
            with source.open("wb") as file:
                shutil.copyfileobj(sys.stdin.buffer, file)
        if options.output == STANDARD:
            target = Path(folder) / "clean.wav"
        try:
            done = enhance_like(Enhancer.load(options.model), require_file(source), target, options.dry)
        except SpeechlabError as error:
            raise SpeechlabError(str(error).replace(str(source), source.name)) from None
        if options.output == STANDARD:
            with target.open("rb") as file:
                shutil.copyfileobj(file, sys.stdout.buffer)
            sys.stdout.buffer.flush()
            done = done._replace(target=Path("standard output"))
    print(in_words(done), file=sys.stderr if options.output == STANDARD else sys.stdout)
    return 0


def summary(finished: list[EnhancedFile], output: Path) -> str:
    """Lay out what was done to many files, a row each, and all of them together."""
    import pandas as pd

    from speechlab.training.runs import in_lines

    rows = [
        {"file": done.target.name, "seconds": f"{done.duration_s:.1f}", "took": f"{done.seconds:.1f}",
         "Hz": done.sample_rate, "remarks": "; ".join(done.notes)}
        for done in finished
    ]  # fmt: skip
    length, took = sum(done.duration_s for done in finished), sum(done.seconds for done in finished)
    total = f"{len(finished)} files, {length / 60:.1f} minutes in {took / 60:.1f}, in {output}"
    return "\n".join([in_lines(pd.DataFrame(rows)), total] if rows else [total])


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
    """Name enhanced files as their sources in a folder; what cannot be written so ends in ``.wav``."""
    names = [file.relative_to(folder) for file in files]
    films = {name for file, name in zip(files, names, strict=True) if has_picture(file)}
    taken = films | {name for name in names if name.suffix.lower() in WRITERS}
    for number, name in enumerate(names):
        if name not in taken:
            new = name.with_suffix(".wav")
            names[number] = name.with_name(f"{name.name}.wav") if new in taken else new
            taken.add(names[number])
    return names


def enhance_like(
    enhancer: Enhancer,
    source: Path,
    target: Path,
    dry: float | None = None,
    progress: bool | Callable[[float], None] = True,
) -> EnhancedFile:
    """Enhance a recording, or the sound of a film whose picture is kept where the target is a film too.

    Raises:
        SpeechlabError: as ``Enhancer.enhance_file``; the target is a film and the source is none.
    """
    if target.suffix.lower() not in SOUND_CODECS:
        return enhancer.enhance_file(source, target, dry, progress)
    if not has_picture(require_file(source)):
        raise SpeechlabError(f"{source} has no picture; name {target.with_suffix('.wav')}, or .m4a, for its sound")
    if target.exists() and target.samefile(source):
        raise SpeechlabError(f"{target} is the recording itself; name another file, so that the original is kept")
    sound = temporary_name(target, ".partial").with_suffix(".wav")
    try:
        done = enhancer.enhance_file(source, sound, dry, progress)
        replace_sound(source, sound, target)
    finally:
        remove(sound)
    return done._replace(target=target)


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
        "what it can": CAN[enhancer.extends],
        "trained on": card.get("data", {}).get("corpus"),
    }
    return write_comparison(done, facts, done.target.with_name(f"{done.target.name}.html"))
