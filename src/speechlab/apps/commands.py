"""What each command of ``speechlab.apps.cli`` does with its parsed arguments."""

import argparse
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from speechlab import registry
from speechlab.errors import SpeechlabError, did_you_mean, in_one
from speechlab.provenance import write_origin

MAX_REASONS = 10  # why items have no value; scores.json holds all


def run_doctor(options: argparse.Namespace) -> int:
    """Print what this machine offers; the exit status is 1 where something needs attention."""
    from speechlab.apps.doctor import examine

    findings = examine()
    if options.json:
        print(in_json([finding._asdict() for finding in findings]))
    for finding in () if options.json else findings:
        print(finding)
    return int(any(finding.level == "problem" for finding in findings))


def run_list(options: argparse.Namespace) -> None:
    """Print the registered names of one kind, or the kinds."""
    if options.kind is None:
        counted = {kind: sorted(names()) for kind, names in KINDS.items()}
        lines = [f"{kind:14} {len(names):4}  {in_short(names)}" for kind, names in counted.items() if names]
        print(in_json(counted) if options.json else "\n".join(lines))
        return
    if options.kind not in KINDS:
        hint = did_you_mean(options.kind, KINDS)
        raise SpeechlabError(f"nothing is listed as {options.kind!r}{hint} (known: {', '.join(KINDS)})")
    names = sorted(KINDS[options.kind]())
    if not options.json:
        print("\n".join(names))
    elif options.kind == "voices":
        print(in_json([about_voice(name) for name in names]))
    else:
        print(in_json(names))


def about_voice(name: str) -> dict[str, str]:
    """Say of a bundled voice its language and what it is."""
    from speechlab.apps.bundled import card_of
    from speechlab.checkpoints import find_folder

    card = card_of(find_folder(name))
    about = {key: str(card.get(key) or "") for key in ("language", "description", "licence")}
    return {"name": name, **about}


def in_json(value: object) -> str:
    """Write one JSON value; what is no number in JSON is null."""
    import json

    plain = json.loads(json.dumps(value, default=str), parse_constant=lambda _: None)
    return json.dumps(plain, ensure_ascii=False)


def run_corpus(options: argparse.Namespace) -> int:
    """Fetch, check or resample recordings."""
    if options.action == "get":
        return corpus_get(options)
    from speechlab.audio.files import check_folder, resample_folder

    if options.action == "check":
        table = check_folder(options.folder, options.sample_rate)
        bad = table["problems"] != ""
        print(table.round(3).to_string(index=False))
        print(f"{len(table)} files, {table['duration_s'].sum() / 60:.1f} minutes, {bad.sum()} with problems")
        return int(bad.any())
    table = resample_folder(options.source, options.output, options.sample_rate)
    for row in table[table["note"] != ""].itertuples():
        print(f"{row.file}: {row.status}, {row.note}", file=sys.stderr if row.status == "failed" else sys.stdout)
    counts = table["status"].value_counts()
    print(", ".join(f"{count} {status}" for status, count in counts.items()), f"in {options.output}")
    return int("failed" in counts)


def corpus_get(options: argparse.Namespace) -> int:
    """Load a corpus, a dataset or a source of degradations, which downloads or renders it where that was not done."""
    from speechlab.data.corpora import load_corpus
    from speechlab.data.pairs import load_pairs
    from speechlab.data.sources import sources
    from speechlab.experiments import load_experiment
    from speechlab.registry import corpora, pair_sets

    known = sorted({*sources, *pair_sets, *corpora})
    if options.name not in known:
        hint = did_you_mean(options.name, known)
        raise SpeechlabError(f"no corpus or dataset is called {options.name!r}{hint} (known: {', '.join(known)})")
    if options.name in sources:
        print(sources[options.name]())
        return 0
    is_corpus = options.name in corpora
    experiment, part = ("embedded-aligner", "corpus") if is_corpus else ("embedded-denoise", "data")
    overrides = [f"{part}.name={options.name}", *(f"{part}.{override}" for override in options.overrides)]
    config = getattr(load_experiment(experiment, "full", overrides), part)
    found = load_corpus(config) if is_corpus else load_pairs(config)
    splits = {name: len(found.split(name)) for name in ("train", "validation", "test")}
    parts = ", ".join(f"{n} {name}" for name, n in splits.items())
    print(f"{found.name}: {sum(splits.values())} {'utterances' if is_corpus else 'recordings'} ({parts})")
    print(f"licence: {found.licence}\n{found.citation}")
    return 0


def run_features(options: argparse.Namespace) -> None:
    """Compute the features of an experiment's corpus."""
    import time

    from speechlab.data.corpora import load_corpus
    from speechlab.data.features import extract_acoustic, unreadable_texts

    experiment = experiment_of(options)
    if not hasattr(experiment, "corpus"):
        raise SpeechlabError(
            f"{options.experiment} learns from pairs of recordings, without features; train it directly"
        )
    corpus = load_corpus(experiment.corpus)
    started = time.monotonic()
    store = extract_acoustic(corpus, experiment.audio, n_jobs=options.jobs)
    seconds = time.monotonic() - started
    speech = sum(store.frames.values()) / experiment.audio.frame_rate
    print(f"{corpus.name}: {len(store.frames)} utterances, {speech / 60:.1f} minutes of speech, in {seconds:.0f} s")
    tell_about("recordings", store.quarantined(), store.acoustic_folder, len(corpus))
    tell_about("texts", unreadable_texts(store, experiment.corpus.language), store.folder, len(store.ids))


def tell_about(what: str, rows: list, folder: Path, total: int) -> None:
    """Say which recordings or texts cannot be used, how many they are, and which file lists them all."""
    for row in rows[:MAX_REASONS]:
        print(f"left out: {row.id}: {row.reason}", file=sys.stderr)
    if rows:
        print(f"{len(rows)} of {total} {what} cannot be used; see {folder / 'quarantine.csv'}", file=sys.stderr)


def run_prepare(options: argparse.Namespace) -> None:
    """List what an experiment and its forerunners need, and fetch what is not here."""
    from speechlab.training.needs import prepare, report

    experiment = experiment_of(options)
    profile = options.profile or os.environ.get("SPEECHLAB_PROFILE") or "smoke"
    print(report(experiment, profile), flush=True)
    if not options.list:
        fetched = prepare(experiment, profile)
        print(f"fetched {', '.join(fetched)}" if fetched else "nothing to fetch")


def run_train(options: argparse.Namespace) -> None:
    """Train an experiment or go on with it, and write the report of the run."""
    from speechlab.display.run_report import write_run_report
    from speechlab.training import train

    result = train(experiment_of(options), options.run, options.name, options.continue_with_changes)
    numbers = ", ".join(f"{name} {value:.4g}" for name, value in result.metrics.items())
    print(f"step {result.step}: {numbers}\ncheckpoint: {result.checkpoint}")
    print(f"report: {write_run_report(result.run_dir)}")


def run_runs(options: argparse.Namespace) -> None:
    """Print a table of training runs."""
    import json

    from speechlab.training.runs import in_lines, list_runs, runs_table

    if options.json:
        print(json.dumps([run.as_json() for run in list_runs(options.folder)], ensure_ascii=False, default=str))
        return
    table = runs_table(options.folder)
    print(in_lines(table) if len(table) else "there are no training runs yet")


def run_compare(options: argparse.Namespace) -> None:
    """Print what differs between two runs, and write their curves and clips."""
    from speechlab.display.run_comparison import settings_table, write_comparison
    from speechlab.training.runs import find_run

    first, second = find_run(options.first), find_run(options.second)
    table = settings_table(first.folder, second.folder)
    print(table.to_string() if len(table) else "both runs have the same settings")
    for run in (first, second):
        numbers = ", ".join(f"{name} {value:.4g}" for name, value in run.validation.items()) or "nothing validated"
        print(f"{run.name}: step {run.step} of {run.steps}, {run.minutes:.1f} min; {numbers}")
    output = Path(options.output or Path("results") / "compare" / f"{first.name}-{second.name}")
    for path in write_comparison(first.folder, second.folder, output):
        print(path, flush=True)
    if options.score:
        from speechlab.metrics.scoring import score

        scores = score(first.last_renders(), baseline=second.last_renders())
        print(f"last renders of {first.name}, with {second.name} as the baseline:\n{in_columns(scores)}")


def run_tensorboard(options: argparse.Namespace) -> int:
    """Start TensorBoard on a folder of runs."""
    import subprocess

    from speechlab.paths import runs_root

    runs = Path(options.runs or runs_root())
    if not runs.is_dir():
        raise SpeechlabError(f"there is no folder {runs}; train something first, or name the folder of your runs")
    print(f"the curves of {runs} are at http://localhost:{options.port} (Ctrl-C stops)", flush=True)
    return subprocess.call(
        [sys.executable, "-m", "tensorboard.main", "--logdir", str(runs), "--port", str(options.port)]
    )


def run_say(options: argparse.Namespace) -> None:
    """Speak words, documents, folders of them, or subtitles at their times."""
    from speechlab.apps.saying import say

    say(options)


def run_voice(options: argparse.Namespace) -> None:
    """Make a voice of one's own."""
    from speechlab.apps.own_voice import new_voice

    new_voice(options)


def sound_file(output: str | None, name: str) -> Path:
    """Path of a file to write: the one that was given, or of this name in a folder that was given, or here."""
    path = Path(output or name)
    return path / name if output and path.is_dir() else path


def run_read(options: argparse.Namespace) -> int:
    """Show how a text will be said."""
    from speechlab.apps import reading

    return reading.run(options)


def run_vocode(options: argparse.Namespace) -> None:
    """Turn recordings into mels and back."""
    from speechlab.apps.fetching import fetched
    from speechlab.audio.files import find_audio
    from speechlab.audio.io import read_audio, require_writable
    from speechlab.config import AudioSpec
    from speechlab.pipelines.vocoder import GRIFFIN_LIM, Vocoder

    source, output = Path(options.source), Path(options.output)
    if source.is_dir():
        pairs = [(file, (output / file.relative_to(source)).with_suffix(".wav")) for file in find_audio(source)]
    else:
        pairs = [(source, sound_file(options.output, f"{source.stem}.wav"))]
        require_writable(pairs[0][1])
    known = options.vocoder != GRIFFIN_LIM
    vocoder = Vocoder.load(fetched(options.vocoder)) if known else Vocoder.griffin_lim(AudioSpec())
    failed = []
    for file, target in pairs:
        try:
            audio = vocoder.vocode(read_audio(file, vocoder.spec.sample_rate))
        except SpeechlabError as error:  # one broken file never stops the rest
            failed.append(str(error))
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        audio.save(target)
        print(f"{target}  {audio.duration_s:.1f} s", flush=True)
    if source.is_dir() and output.is_dir():
        write_origin(output, vocoder.checkpoint)
    if failed:
        raise SpeechlabError(in_one(failed))


def run_enhance(options: argparse.Namespace) -> int:
    """Clean recordings; the exit status is 2 where one of them failed."""
    from speechlab.apps.enhancing import enhance

    return enhance(options)


def run_score(options: argparse.Namespace) -> int:
    """Measure a folder of recordings, and print the table; the exit status is 1 where not one number came out."""
    from speechlab.metrics.scoring import score

    folder = Path(options.folder)
    output = Path(options.output or folder.resolve().with_name(f"{folder.resolve().name}-scores"))
    names = [name.strip() for name in options.metrics.split(",")] if options.metrics else None
    table = score(
        folder,
        options.reference,
        names,
        baseline=options.baseline,
        texts=options.texts,
        output=output,
        n_jobs=options.jobs,
    )
    if options.json:
        rows = [{"metric": name, **row} for name, row in table.to_dict("index").items()]
        print(in_json({"scores": rows, "remarks": list(remarks(table)), "folder": str(output)}))
        return int(not table["n"].any())
    print(in_columns(table))
    for line in remarks(table):
        print(line)
    print(f"results: {output / 'scores.csv'}, scores.json, items.jsonl")
    return int(not table["n"].any())


def in_columns(table) -> str:
    """Lay out the rows of a table of scores that have a value, or a failure."""
    shown = table[(table["n"] > 0) | (table["failures"] > 0)]
    columns = {"mean": numbers(shown["mean"], ".3f"), "95 %": between(shown["low"], shown["high"])}
    columns |= {name: shown[name] for name in ("n", "failures", "unit", "better")}
    if "difference" in shown:
        columns["baseline"] = numbers(shown["baseline"], ".3f")
        columns["difference"] = numbers(shown["difference"], "+.3f")
        columns["95 % of it"] = between(shown["difference_low"], shown["difference_high"])
        columns |= {"p": numbers(shown["p"], ".2g"), "pairs": shown["pairs"]}
        columns["its failures"] = shown["baseline_failures"]
    return type(table)(columns).rename_axis(None).to_string() if len(shown) else "no metric could be computed"


def numbers(column, form: str) -> list[str]:
    """Write numbers, nothing where there is none."""
    return ["" if value != value else format(value, form) for value in column]


def between(low, high) -> list[str]:
    """Write intervals."""
    return [f"[{a:.3f}, {b:.3f}]" if a == a else "" for a, b in zip(low, high, strict=True)]


def remarks(table) -> Iterable[str]:
    """Say what a table of scores lacks, and why."""
    provenance = table.attrs["provenance"]
    for name, metric in provenance["metrics"].items():
        if metric["missing"]:
            yield f"{name} is not available: {metric['missing']}"
    for need in ("references", "texts"):
        names = [name for name, lacks in provenance["left_out"].items() if lacks == need]
        if names:
            option = {"references": "--reference FOLDER", "texts": "--texts FOLDER"}[need]
            yield f"left out because {need} are missing ({option}): {', '.join(names)}"
    if provenance["n_references_without_estimate"]:
        yield f"{provenance['n_references_without_estimate']} references have no estimate: these were not measured"
    cut = {record["id"] for record in table.attrs["items"] if "cut to the shorter" in record["note"]}
    if cut:
        yield f"{len(cut)} items or their references were cut to the shorter of the two (scores.json says which)"
    failed: dict[tuple[str, str], dict[str, list[str]]] = {}
    for record in table.attrs["items"]:
        if record["reason"]:
            kind = failed.setdefault((record["system"], record["reason"]), {"ids": [], "metrics": []})
            kind["ids"].append(record["id"])
            kind["metrics"].append(record["metric"])
    for (system, reason), kind in list(failed.items())[:MAX_REASONS]:
        yield f"no value of {in_short(kind['ids'])} in {system}: {reason} ({in_short(kind['metrics'], 30)})"
    if len(failed) > MAX_REASONS:
        yield f"{len(failed) - MAX_REASONS} more reasons for items without a value are in scores.json"


def in_short(names: Iterable[str], most: int = 3) -> str:
    """Join different names, and count those beyond the first few."""
    names = list(dict.fromkeys(names))
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def run_export(options: argparse.Namespace) -> None:
    """Write what a model or a whole voice needs for use, without what only resuming needs."""
    from speechlab.pipelines.export import export_model, export_onnx, export_voice

    output = Path(options.output)
    if output.exists():
        raise SpeechlabError(f"{output} already exists; choose another folder")
    if options.onnx:
        export_onnx(options.checkpoint, output)
    elif options.vocoder:
        export_voice(options.checkpoint, options.vocoder, output, {"name": output.name})
    else:
        export_model(options.checkpoint, output)
    print(f"{options.checkpoint} -> {output}")


def run_import(options: argparse.Namespace) -> None:
    """Convert a reference checkpoint."""
    from speechlab.apps.importing import import_reference

    folder = Path(options.output or Path("checkpoints") / options.kind)
    config_file = Path(options.config) if options.config else None
    print(import_reference(options.kind, local(options.file), config_file, folder))


def local(given: str) -> Path:
    """Give a file by its path, or download it by its address; one that is here already is not asked for again."""
    from speechlab.download import fetch
    from speechlab.files import short_hash
    from speechlab.paths import data_root

    if not given.startswith(("http://", "https://")):
        return Path(given)
    suffix = ".safetensors" if given.partition("?")[0].endswith(".safetensors") else ".pt"
    return fetch([given], None, data_root() / "downloads" / f"{short_hash(given)}{suffix}")


def run_serve(options: argparse.Namespace) -> None:
    """Serve the page and OpenAI's speech interface until it is stopped."""
    from speechlab.apps.server import serve

    serve(options)


def run_grade(options: argparse.Namespace) -> int:
    """Measure the audio or the transcripts of an archive, and print the table."""
    from speechlab.apps.grading import handed_in

    return run_score(handed_in(options))


def run_bot(options: argparse.Namespace) -> None:
    """Run the Telegram bot until it is stopped."""
    try:
        from speechlab.apps.bot.service import run
    except ModuleNotFoundError as error:
        if error.name != "telegram":
            raise
        raise SpeechlabError("the bot needs python-telegram-bot: pip install 'speechlab[bot]'") from None

    run(options)


def run_weights(options: argparse.Namespace) -> None:
    """List the weights that can be fetched, or fetch some, by name or behind a link."""
    from speechlab import weights
    from speechlab.data.links import fetch_link, is_link
    from speechlab.files import sha256

    if options.action == "get" and is_link(options.name):
        file = fetch_link(options.name)
        print(f"{file}\nSHA-256 {sha256(file)}")
        return
    if options.action == "get":
        folder = weights.get_weights(options.name)
        entry = weights.load_registry()[options.name]
        print(f"{folder}  {weights.weights_hash(options.name)}\nlicence: {entry.licence}; for {entry.purpose}")
        return
    for name, entry in weights.load_registry().items():
        print(f"{name:16} {'here' if weights.is_here(name) else '-':5} {entry.licence}; for {entry.purpose}")


def run_completion(options: argparse.Namespace) -> None:
    """Print a script that completes the command line of a shell."""
    import shtab

    print(shtab.complete(options.make_parser(), options.shell))


def experiment_of(options: argparse.Namespace):
    """Load the experiment that the arguments name."""
    from speechlab.experiments import load_experiment

    profile = options.profile or os.environ.get("SPEECHLAB_PROFILE") or "smoke"
    return load_experiment(options.experiment, profile, options.overrides)


def list_experiments() -> Iterable[str]:
    from speechlab.experiments import experiment_names

    return experiment_names()


def list_profiles() -> Iterable[str]:
    from speechlab.experiments import PROFILES

    return PROFILES


def list_enhancers() -> Iterable[str]:
    from speechlab.apps.bundled import bundled

    return bundled("enhancer")


def list_voices() -> Iterable[str]:
    from speechlab.apps.bundled import bundled

    return bundled("voice")


KINDS: dict[str, Callable[[], Iterable[str]]] = {
    **{name: kind.keys for name, kind in registry.KINDS.items()},
    "enhancers": list_enhancers,
    "experiments": list_experiments,
    "profiles": list_profiles,
    "recipes": registry.trainers.keys,
    "references": registry.references.keys,
    "voices": list_voices,
}
"""What ``speechlab list`` can list."""
