"""Damaged tables and records, and what reads them: metadata, TextGrids, the journals of runs, scores and the bot."""

import io
import json
import random
import sqlite3
from functools import cache
from pathlib import Path

import numpy as np
import soundfile as sf

from tests.fuzz.mutate import NASTY, VALUES, Input, with_damage

METADATA = (
    "a0|Hello world.\na1|Dr. Smith paid $3.\na2|Good morning.\n",
    "a0|Hello|hello\na1|Mr. X|mister x\na2|Bye|bye\n",
    "path\tsentence\tspeaker\nwavs/a0.wav\tHello, you.\tann\nwavs/a1.wav\tGood bye.\tbob\nwavs/a2.wav\tSo long.\tann\n",
    '"file","text"\n"a0.wav","He said ""no"", then left"\n"a1.wav","two\nlines"\n"a2.wav","three"\n',
    "a0;Привет, мир\na1;Как дела?\na2;Пока\n",
)
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "cp1251", "koi8-r", "latin-1")


@cache
def clip() -> bytes:
    """A tenth of a second of noise, as wav."""
    buffer = io.BytesIO()
    sf.write(buffer, np.random.default_rng(0).uniform(-0.5, 0.5, 1_600), 16_000, format="WAV")
    return buffer.getvalue()


def metadata(rng: random.Random) -> Input:
    """A corpus whose table, or whose texts beside the recordings, are damaged."""
    files = {f"wavs/a{number}.wav": clip() for number in range(3)}
    if rng.random() < 0.3:
        beside = {
            f"wavs/a{number}.{rng.choice(('txt', 'lab'))}": "Привет, world.".encode(rng.choice(ENCODINGS), "replace")
            for number in range(3)
        }
        return files | {name: with_damage(rng, data) for name, data in beside.items()}
    text = rng.choice(METADATA).encode(rng.choice(ENCODINGS), "replace")
    return files | {rng.choice(("metadata.csv", "train.tsv", "list.txt")): with_damage(rng, text)}


def load_corpus(folder: Path) -> None:
    """Load a folder as a corpus."""
    from speechlab.config import CorpusConfig
    from speechlab.data.corpora.folder import load_folder

    inside = folder / "c"
    load_folder(CorpusConfig(name="folder", path=str(inside if inside.is_dir() else folder), n_validation=1))


def textgrid(rng: random.Random) -> Input:
    """A damaged TextGrid, in Praat's long or short form."""
    tokens = ("^", "h", "@", "", "$")
    ends = [round(0.05 * (place + 1), 2) for place in range(len(tokens))]
    short = rng.random() < 0.5
    head = ['File type = "ooTextFile"', 'Object class = "TextGrid"', ""]
    values = ["0", "0.25", "<exists>", "1", '"IntervalTier"', '"phones"', "0", "0.25", str(len(tokens))]
    for start, (end, label) in zip([0, *ends], zip(ends, tokens, strict=True), strict=False):
        values += [str(start), str(end), f'"{label}"']
    if not short:
        values = ["xmin = 0 ", "xmax = 0.25 ", "tiers? <exists> ", "size = 1 ", "item []: ", "    item [1]:"]
        values += ['        class = "IntervalTier" ', '        name = "phones" ', "        xmin = 0 "]
        values += ["        xmax = 0.25 ", f"        intervals: size = {len(tokens)} "]
        for place, (start, end, label) in enumerate(zip([0, *ends[:-1]], ends, tokens, strict=True), 1):
            values += [f"        intervals [{place}]:", f"            xmin = {start} ", f"            xmax = {end} "]
            values += [f'            text = "{label}" ']
    if rng.random() < 0.5:
        place = rng.randrange(len(values))
        values[place] = rng.choice(("-1", "nan", "inf", "1e400", "", '"', "9" * 400, "0.1", f"size = {10**9}"))
    data = "\n".join(head + values).encode(rng.choice(("utf-8", "utf-16")))
    return {"a.TextGrid": with_damage(rng, data) if rng.random() < 0.7 else data}


def read_textgrid(folder: Path) -> None:
    """Read a TextGrid as durations."""
    from speechlab.config import AudioSpec
    from speechlab.data.textgrid import durations_from_textgrid

    durations_from_textgrid(folder / "a.TextGrid", AudioSpec(), 21)


def journal(rng: random.Random) -> Input:
    """Damaged records: of a training run, of a scoring, or of the bot."""
    kind = rng.choice(("run", "score", "bot"))
    if kind == "bot":
        return {"bot.sqlite": with_damage(rng, bot_journal())}
    if kind == "score":
        entry = {"git_commit": "x", "id": "a", "metric": "stoi", "version": "1", "key": "k"}
        entry["measurement"] = {
            "values": {"stoi": 0.5},
            "reasons": {},
            "note": "",
            "sample_rate": 16_000,
            "final": True,
        }
        place = rng.choice((entry, entry["measurement"]))
        place[rng.choice((*place, "odd"))] = rng.choice(VALUES)
        lines = "\n".join([json.dumps(entry)] * 3).encode()
        return {"items.jsonl": with_damage(rng, lines) if rng.random() < 0.5 else lines}
    return run_records(rng)


def run_records(rng: random.Random) -> Input:
    """The files of a training run, one of them damaged."""
    from speechlab.config import to_dict
    from speechlab.experiments import load_experiment

    config = to_dict(load_experiment("embedded-aligner"))
    log = [{"step": step, "time": 1e9 + step, "loss": 1.0, "validation/mel_l1": 0.5} for step in range(3)]
    finding = {"step": 1, "level": "error", "what": "x", "try": "y"}
    for place in rng.choices((config, config["training"], *log, finding), k=rng.choice((0, 1, 3))):
        place[rng.choice((*place, "changes"))] = rng.choice(VALUES)
    files = {
        "config.json": json.dumps(config).encode(),
        "log.jsonl": "\n".join(map(json.dumps, log)).encode(),
        "health.json": json.dumps({"findings": [finding]}).encode(),
    }
    name = rng.choice((*files, ""))
    if name and rng.random() < 0.5:
        files[name] = with_damage(rng, files[name])
    if rng.random() < 0.1:
        files[rng.choice((*files,))] = rng.choice((b"[" * 100_000, *NASTY))
    return files


@cache
def bot_journal() -> bytes:
    """The bot's database with a job of every kind."""
    import tempfile

    from speechlab.apps.bot.journal import WORK, Job, Journal, Settings

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "bot.sqlite"
        journal = Journal(file)
        for number, kind in enumerate(WORK):
            body = {"text": "Hello.", "voice": "en", "pace": 1.0}
            journal.add(Job(number, 1, number, 7, "en", kind, body), Settings(stresses={"замок": "зам+ок"}))
        journal.database.execute("PRAGMA journal_mode = DELETE")
        journal.close()
        return file.read_bytes()


def read_journal(folder: Path) -> None:
    """Read records as the commands do that list runs, score and answer."""
    from speechlab.apps.bot.journal import WORK, Journal
    from speechlab.metrics.journal import Journal as Scores
    from speechlab.training.runs import in_words, list_runs, runs_table

    if (folder / "bot.sqlite").is_file():
        try:
            bot = Journal(folder / "bot.sqlite")
            bot.recover()
            while job := bot.next(WORK):
                bot.settings(job.user_id), bot.answered(job)
            bot.close()
        except sqlite3.Error:  # the command says it in one line
            return
    elif (folder / "items.jsonl").is_file():
        with Scores(folder / "items.jsonl") as scores:
            scores.find("k")
    else:
        for run in list_runs(folder.parent):
            in_words(run), json.dumps(run.as_json(), default=str)
        runs_table(folder.parent)
