"""The command line: ``speechlab COMMAND ...``, also ``python -m speechlab``.

Each command imports what it needs when it runs, so that ``--help`` and mistakes answer at once. A mistake in what was
given is one line on stderr and exit status 2; a traceback is a bug.
"""

import argparse
import contextlib
import io
import os
import re
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import speechlab
from speechlab.errors import SpeechlabError, did_you_mean
from speechlab.files import REASONS

PACKAGE = Path(__file__).parents[1]  # a checkout may be called speechlab too, and hold the libraries
PROFILE_HELP = "smoke, gpu or full (default: SPEECHLAB_PROFILE, else smoke)"
IMPORT_HELP = "file or module that registers models, losses, metrics, corpora or trainers of your own"
SHELLS = ("bash", "zsh", "fish", "powershell")
OVERRIDE_HELP = "changes to the experiment, such as training.steps=500"


class Parser(argparse.ArgumentParser):
    """Argument parser whose errors are one line that names the nearest word."""

    def error(self, message: str) -> NoReturn:
        """Print one line and leave with exit status 2."""
        choice = re.search(r"invalid choice: '(.*?)' \(choose from (.*)\)", message)
        if choice:
            words = [word.strip("' ") for word in choice[2].split(",")]
            message = f"there is no {choice[1]!r}{did_you_mean(choice[1], words)} (known: {', '.join(words)})"
        self.exit(2, f"{self.prog}: {message}; {self.prog} --help shows more\n")


def make_parser() -> Parser:
    """Describe every command and its arguments."""
    about = "A speech laboratory: text to speech, vocoders, and their training."
    parser = Parser(prog="speechlab", description=about, parents=[common_options()])
    parser.add_argument("--version", action="version", version=f"speechlab {speechlab.__version__}")
    parser.add_argument("--import", metavar="FILE", help=IMPORT_HELP)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)

    def command(name: str, help: str) -> argparse.ArgumentParser:
        about = help[0].upper() + help[1:] + "."
        return commands.add_parser(name, help=help, description=about, parents=[common_options()])

    add_json(command("doctor", "check this machine and report what is missing"))

    listing = command("list", "list registered names, one per line; without a kind, list the kinds")
    add_json(listing)
    listing.add_argument(
        "kind", nargs="?", help="models, trainers, losses, metrics, corpora, datasets, experiments, voices, ..."
    )

    add_corpus(command("corpus", "fetch, check or resample recordings"))

    features = command("features", "compute the features of an experiment's corpus, as training would")
    add_experiment(features)
    features.add_argument("--jobs", type=int, default=-1, help="number of processes (default: one per core)")

    prepare = command("prepare", "fetch what an experiment and its predecessors need: recordings, weights")
    add_experiment(prepare)
    prepare.add_argument("--list", action="store_true", help="only list it, with sizes and commands; fetch nothing")

    train = command("train", "train an experiment; the same command again resumes it")
    add_experiment(train)
    place = train.add_mutually_exclusive_group()
    place.add_argument("--run", metavar="FOLDER", help="run folder (default: results/runs/EXPERIMENT)")
    place.add_argument("--name", default="", help="name of the run, under results/runs, such as baseline-lr2e-4")
    train.add_argument(
        "--continue-with-changes",
        action="store_true",
        help="continue a run although settings changed; the changes are recorded in its config.json and card",
    )

    add_runs(command("runs", "list training runs: their differences, their progress and their latest numbers"))
    add_compare(command("compare", "show how two runs differ: settings, curves, clips"))

    board = command("tensorboard", "open the curves of all training runs in a browser")
    board.add_argument("runs", nargs="?", help="folder of the runs (default: results/runs)")
    board.add_argument("--port", type=int, default=6006)

    add_say(command("say", "speak a text, documents, a folder of them, or subtitles at their times"))

    add_voice(command("voice", "make a voice from your own recordings, in one command that can be stopped at any time"))

    add_read(command("read", "show how a text will be said: its words, stress, phones and sentences"))

    vocode = command("vocode", "pass recordings through mel and vocoder (copy synthesis)")
    vocode.add_argument("source", help="audio file or folder")
    vocode.add_argument("output", help="wav file or folder")
    vocode.add_argument("--vocoder", default="en-kathleen", help="name, checkpoint folder, or griffin-lim")

    add_enhance(command("enhance", "clean recordings of any format and length, with a page to hear before and after"))

    add_score(command("score", "measure recordings with quality metrics; the same command again continues"))

    add_grade(command("grade", "score a zip, a folder or a link to one, with audio or transcripts"))

    export = command("export", "copy a checkpoint or a voice, without the state that only resuming needs")
    export.add_argument("checkpoint", help="name or folder of a run or a checkpoint")
    export.add_argument("output", help="folder to make")
    form = export.add_mutually_exclusive_group()
    form.add_argument("--vocoder", help="vocoder to join to an acoustic model: together they make a voice")
    form.add_argument("--onnx", action="store_true", help="as model.onnx, for other programs: a HiFi-GAN generator")

    reference = command("import", "convert a reference implementation's weights into a speechlab checkpoint")
    reference.add_argument("kind", help="such as hifigan-generator or fastspeech2; see speechlab list references")
    reference.add_argument("file", help="the reference's weights: a file, or a web or Google Drive address")
    reference.add_argument("--config", help="its JSON config, needed if the weights do not show the sizes")
    reference.add_argument("-o", "--output", help="folder to make (default: checkpoints/KIND)")

    add_serve(command("serve", "serve a web page to speak, clean and measure with, and OpenAI's speech API"))

    add_bot(command("bot", "run a Telegram bot that reads texts aloud and cleans voice notes"))

    add_weights(command("weights", "list or fetch third-party networks, such as those of quality metrics"))

    completion = command("completion", "print a script that lets the Tab key complete commands and options")
    completion.add_argument("shell", choices=SHELLS)
    completion.epilog = 'For bash, add to ~/.bashrc: eval "$(speechlab completion bash)"'
    return parser


def common_options() -> argparse.ArgumentParser:
    """Describe what every command takes, before its name or after it."""
    options = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    options.add_argument("--quiet", action="store_true", help="no progress bars, and no messages about written files")
    options.add_argument("--seed", type=int, help="seed of random numbers, and of training (training.seed)")
    options.add_argument("--device", choices=("cpu", "cuda"), help="default: cuda if there is one")
    options.add_argument("--threads", type=int, help="number of CPU threads (default: one per core)")
    return options


def add_json(parser: argparse.ArgumentParser) -> None:
    """Describe ``--json``, for programs that read what a command says."""
    parser.add_argument("--json", action="store_true", help="print one JSON value")


def add_corpus(corpus: argparse.ArgumentParser) -> None:
    """Describe ``speechlab corpus get|check|resample``."""
    actions = corpus.add_subparsers(dest="action", metavar="get|check|resample", required=True)
    get = actions.add_parser("get", help="download or render a corpus", description="Download or render a corpus.")
    get.add_argument("name", help="see speechlab list corpora and list datasets; or dns-noise, dns-rooms, micirp")
    get.add_argument("overrides", nargs="*", metavar="key=value", help="such as path=FOLDER")
    check = actions.add_parser("check", help="list rates, channels, durations and problems of a folder")
    check.add_argument("folder")
    check.add_argument("--sample-rate", type=int, help="Hz that every file should have (default: the most common)")
    resample = actions.add_parser("resample", help="copy a folder as mono 16-bit wav files at one rate")
    resample.add_argument("source")
    resample.add_argument("output")
    resample.add_argument("--sample-rate", type=int, default=22_050, help="Hz (default: %(default)s)")


def add_say(say: argparse.ArgumentParser) -> None:
    """Describe ``speechlab say``."""
    formats = ("wav", "flac", "mp3", "ogg", "opus", "m4a", "raw")
    say.add_argument(
        "text", nargs="+", help="words; files (txt, md, docx, epub, srt, vtt), a folder; - is standard input"
    )
    say.add_argument(
        "-o", "--output", help="audio file, or folder; - writes wav, or raw, to standard output as it is made"
    )
    say.add_argument("--voice", help="name, checkpoint folder, or a link to one (default: by the text's language)")
    say.add_argument("--vocoder", help="name or checkpoint folder in place of the voice's own, or griffin-lim")
    for control in ("pace", "pitch", "energy"):
        say.add_argument(f"--{control}", type=float, default=1.0, help="factor (default: 1)")
    say.add_argument("--noise-scale", type=float, help="for Glow-TTS; 0 is the same each time (default: its own)")
    say.add_argument("--lexicon", help="file with one word and its phonemes per line")
    say.add_argument("--format", choices=formats, help="audio format (default: by the output's suffix, else wav)")
    pauses = (
        "seconds of silence after each sentence, clause, line, heading, paragraph, such as sentence=0.3 paragraph=1"
    )
    say.add_argument("--pause", nargs="+", metavar="KIND=SECONDS", help=pauses)
    say.add_argument("--subtitles", action="store_true", help="also write srt and vtt, by sentence and by word")
    say.add_argument("--split", choices=("paragraph",), help="one file per paragraph, in a folder, with a list of them")


def add_voice(voice: argparse.ArgumentParser) -> None:
    """Describe ``speechlab voice new``."""
    actions = voice.add_subparsers(dest="action", metavar="new", required=True)
    new = actions.add_parser("new", help="check recordings, and train a voice on them or continue it")
    new.add_argument("name", help="name of the voice: speechlab say TEXT --voice NAME")
    new.add_argument("overrides", nargs="*", metavar="STAGE.key=value", help="such as acoustic.training.steps=500")
    new.add_argument("--recordings", metavar="FOLDER", help="recordings with their texts; needed once")
    new.add_argument("--language", choices=("en", "ru"), help="default: by the script of the texts")
    new.add_argument("--profile", help="smoke, gpu or full (default: gpu where there is one, else full)")
    new.add_argument("--hours", type=float, help="shorten training so that it fits into this many hours here")
    new.add_argument("--plan", action="store_true", help="only check the recordings, and estimate the training time")


def add_read(read: argparse.ArgumentParser) -> None:
    """Describe ``speechlab read``."""
    read.add_argument("text", nargs="+", help="words, or the path of a file; - reads standard input")
    read.add_argument("--language", choices=("en", "ru"), help="default: by the script of the text")
    read.add_argument("--lines", action="store_true", help="every line is a text of its own")
    read.add_argument("--json", action="store_true", help="print one JSON object per text")
    read.add_argument("--lexicon", help="file with one word and its phonemes, or its stress, per line")


def add_runs(runs: argparse.ArgumentParser) -> None:
    """Describe ``speechlab runs``."""
    runs.add_argument("folder", nargs="?", help="folder of the runs (default: results/runs)")
    runs.add_argument("--json", action="store_true", help="print one JSON list")


def add_compare(compare: argparse.ArgumentParser) -> None:
    """Describe ``speechlab compare``."""
    compare.add_argument("first", help="name or folder of a run")
    compare.add_argument("second", help="name or folder of another")
    compare.add_argument("-o", "--output", metavar="FOLDER", help="for figure and page (default: results/compare/A-B)")
    compare.add_argument("--score", action="store_true", help="also measure the last renders of both, in pairs")


def add_weights(weights: argparse.ArgumentParser) -> None:
    """Describe ``speechlab weights list|get``."""
    actions = weights.add_subparsers(dest="action", metavar="list|get", required=True)
    actions.add_parser("list", help="what can be fetched, what it is for, and whether it is here")
    get = actions.add_parser("get", help="fetch weights, check their hashes, and keep them")
    get.add_argument("name", help="see speechlab weights list; or gdrive:ID, or a link, with #SHA256 if known")


def add_bot(bot: argparse.ArgumentParser) -> None:
    """Describe ``speechlab bot``, whose token comes from the environment only: a command line is seen by others."""
    bot.epilog = "The token is read from TELEGRAM_BOT_TOKEN; @BotFather in Telegram gives one."
    bot.add_argument("--voices", metavar="A,B", help="names or folders, the first being the default (default: bundled)")
    bot.add_argument("--enhancer", help="name, folder, or run (default: denoise-16k, if installed)")
    bot.add_argument("--allow", metavar="ID,ID", help="numbers of the users and groups to answer (default: everybody)")
    bot.add_argument("--api", metavar="URL", default="https://api.telegram.org", help="server (default: %(default)s)")


def add_serve(serve: argparse.ArgumentParser) -> None:
    """Describe ``speechlab serve``."""
    serve.add_argument("--host", default="127.0.0.1", help="address; 0.0.0.0 lets others in (default: %(default)s)")
    serve.add_argument("--port", type=int, default=8000, help="default: %(default)s")
    serve.add_argument("--limit", type=int, default=500, metavar="MB", help="largest upload (default: %(default)s)")
    serve.add_argument("--enhancer", default="denoise-16k", help="name, folder, or run (default: %(default)s)")


def add_enhance(enhance: argparse.ArgumentParser) -> None:
    """Describe ``speechlab enhance``."""
    enhance.add_argument("source", help="audio or video file, or folder; - is standard input")
    enhance.add_argument(
        "output", help="file (wav, flac, ogg, opus, mp3, m4a, or a video format), or folder; - is standard output"
    )
    enhance.add_argument("--model", default="denoise-16k", help="name, folder, or run (default: %(default)s)")
    enhance.add_argument("--dry", type=float, help="share of the input to mix back, 0 to 1 (default: the model's own)")
    enhance.add_argument("--no-page", action="store_true", help="write no page")


def add_score(score: argparse.ArgumentParser) -> None:
    """Describe ``speechlab score``."""
    add_json(score)
    score.add_argument("folder", help="recordings to measure")
    score.add_argument("--reference", metavar="FOLDER", help="reference recordings, with the same file names")
    score.add_argument("--baseline", metavar="FOLDER", help="another system's recordings, to compare with in pairs")
    score.add_argument("--metrics", metavar="A,B,C", help="see speechlab list metrics (default: all available)")
    score.add_argument("--texts", metavar="FOLDER", help="transcripts as .txt files (default: those beside the audio)")
    score.add_argument("-o", "--output", help="folder of the results (default: FOLDER-scores)")
    score.add_argument("--jobs", type=int, help="number of processes (default: one per core)")


def add_grade(grade: argparse.ArgumentParser) -> None:
    """Describe ``speechlab grade``."""
    grade.add_argument("source", help="archive or folder with recordings or .txt files; or a link, such as gdrive:ID")
    grade.add_argument("--reference", metavar="PLACE", help="the same for the references, with the same file names")
    grade.add_argument("--metrics", metavar="A,B,C", help="see speechlab list metrics (default: all available)")
    grade.add_argument("--voice", help="voice that reads transcripts aloud: name, checkpoint folder, or link")
    grade.add_argument("--vocoder", help="vocoder in place of the voice's own")
    grade.add_argument("-o", "--output", default="results/grade", help="folder of the results (default: %(default)s)")
    grade.add_argument("--jobs", type=int, help="number of processes (default: one per core)")


def add_experiment(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments that choose and change an experiment."""
    parser.add_argument("experiment", help="name (see speechlab list experiments), or a YAML file")
    parser.add_argument("overrides", nargs="*", metavar="key=value", help=OVERRIDE_HELP)
    parser.add_argument("--profile", help=PROFILE_HELP)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Parse arguments; overrides may stand before, between and after the options."""
    parser = make_parser()
    files, others = imports_in(sys.argv[1:] if arguments is None else arguments)
    if None in files:
        parser.error("--import needs a file or a module")
    options, rest = parser.parse_known_args(others)
    options.imports = files
    options.make_parser, options.parse = make_parser, parse  # for commands that make use of others
    options.quiet = getattr(options, "quiet", False)
    flags = [word for word in rest if word.startswith("-") or not hasattr(options, "overrides")]
    if flags:
        parser.error(f"{options.command} does not know {' '.join(flags)}")
    if rest:
        options.overrides = [*options.overrides, *rest]
    return options


def imports_in(arguments: Sequence[str]) -> tuple[list[str | None], list[str]]:
    """Take ``--import FILE`` out of the arguments, wherever it stands: the files, and what is left."""
    files, others, words = [], [], iter(arguments)
    for word in words:
        if word == "--":  # what follows is text
            others += [word, *words]
        elif word == "--import":
            files.append(next(words, None))
        elif word.startswith("--import="):
            files.append(word.removeprefix("--import="))
        else:
            others.append(word)
    return files, others


QUIETED = ("say", "vocode", "enhance", "features", "prepare", "train", "export", "import")
"""Commands whose words are about what they did; of the others they are what was asked for."""


def settle(options: argparse.Namespace) -> contextlib.AbstractContextManager:
    """Apply what every command takes, before torch is imported, which looks at the environment once.

    Returns:
        A context in which the command is to run.

    Raises:
        SpeechlabError: there is no such device, or no such number of threads.
    """
    threads, device, seed = (getattr(options, name, None) for name in ("threads", "device", "seed"))
    if threads is not None:
        if threads < 1:
            raise SpeechlabError(f"--threads {threads} is not a number of threads; give 1 or more")
        os.environ |= {f"{library}_NUM_THREADS": str(threads) for library in ("OMP", "MKL", "OPENBLAS")}
        if "torch" in sys.modules:
            sys.modules["torch"].set_num_threads(threads)
    if device == "cpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
    if device == "cuda":
        import torch

        if not torch.cuda.is_available():
            raise SpeechlabError("there is no CUDA device here; speechlab doctor says what is missing")
    if seed is not None:
        plant(seed, options)
    if not options.quiet:
        return contextlib.nullcontext()
    os.environ["TQDM_DISABLE"] = "1"
    silent = options.command in QUIETED and getattr(options, "output", None) != "-"
    return contextlib.redirect_stdout(io.StringIO()) if silent else contextlib.nullcontext()


def plant(seed: int, options: argparse.Namespace) -> None:
    """Seed random numbers; of an experiment, its own setting, which belongs to the run."""
    if hasattr(options, "experiment"):
        options.overrides.append(f"training.seed={seed}")
        return
    import torch

    torch.manual_seed(seed)


def one_line(message: str) -> str:
    """Fold an error's table, where it has one, into the line: only the rows that differ are kept."""
    first, *rows = message.strip().splitlines() or [""]
    differing = [" ".join(row.replace("<- differs", "").split()) for row in rows if "<- differs" in row]
    return f"{first} ({'; '.join(differing)})" if differing else " ".join([first, *(row.strip() for row in rows)])


def show_warning(message: Warning | str, category: type[Warning], filename: str, *_: object) -> None:
    """Print our own warnings as a line for the person at the keyboard; other libraries' are for developers."""
    if issubclass(category, UserWarning) and Path(filename).is_relative_to(PACKAGE):
        print(f"speechlab: {one_line(str(message))}", file=sys.stderr)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a Windows console that lacks a letter shows a question mark
    options = parse(arguments)
    try:
        from speechlab.apps import commands
        from speechlab.registry import import_own

        context = settle(options)
        for file in options.imports:
            import_own(file)
        with warnings.catch_warnings(), context:
            warnings.showwarning = show_warning
            return getattr(commands, f"run_{options.command}")(options) or 0
    except SpeechlabError as error:
        print(f"speechlab: {one_line(str(error))}", file=sys.stderr)
    except BrokenPipeError:  # the reader, such as head, has seen enough
        sys.stdout = None
        return 0
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        reason = REASONS.get(error.errno) or error.strerror or one_line(str(error))
        print(f"speechlab: {where}{reason}", file=sys.stderr)
    except KeyboardInterrupt:
        print("speechlab: stopped; the same command continues where that is possible", file=sys.stderr)
        return 130
    return 2


if __name__ == "__main__":
    sys.exit(main())
