"""Is a Russian voice understood, and how well is it aligned? Judged on held-out sentences of the embedded corpus.

    python benchmarks/russian_voice.py [--voice RUN_OR_BUNDLE] [--write-card]

A phone recogniser is trained for some minutes on other voices of the synthesiser that say other sentences. Its phone
error rate on the natural speech of the held-out sentences says how good a judge it is; then come copies of them by
Griffin-Lim, and what the voice makes of the same texts. Both sets of sentences come from one small grammar, so the
rates compare systems with one another, not with other corpora. The judge has never heard Griffin-Lim, so the copies say
how much of a voice's errors its vocoder alone may make. Intervals are of 95 %, over sentences. The alignment is
the one that the voice's own search finds in the recordings, against the true times.
"""

import argparse
import time

import numpy as np
import torch

import speechlab
from speechlab.audio.griffin_lim import mel_to_waveform
from speechlab.audio.mel import MelSpectrogram
from speechlab.audio.resample import resample
from speechlab.checkpoints import add_to_card, find_folder
from speechlab.config import AudioSpec, CorpusConfig
from speechlab.data.embedded.rendering import EmbeddedCorpus, EmbeddedUtterance, EmbeddedVoice, true_durations
from speechlab.data.waveforms import load_waveform
from speechlab.metrics.alignment import boundary_table, summarise_boundaries
from speechlab.metrics.intervals import bootstrap
from speechlab.metrics.phones import LabelledMel, PhoneRecogniser, error_rate, phone_errors, train_recogniser
from speechlab.models.glowtts import intersperse_blanks, without_blanks
from speechlab.paths import data_root
from speechlab.text.russian.symbols import plain_phone

SPEC = AudioSpec()  # of the judge
TARGET = "ru"  # the speaker that voices learn from
TEACHERS = (  # speakers that the judge learns from: variant, rate, pitch
    EmbeddedVoice("ru+m1", 50, 0, 145, 45),
    EmbeddedVoice("ru+m3", 50, 0, 155, 40),
    EmbeddedVoice("ru+m7", 50, 0, 150, 55),
    EmbeddedVoice("ru+f1", 50, 0, 160, 60),
    EmbeddedVoice("ru+f2", 50, 0, 140, 50),
    EmbeddedVoice("ru+f4", 50, 0, 150, 45),
)
ASKED = 1.5  # largest ratio of the voice's error to that of natural speech


def mel_of(waveform: np.ndarray, sample_rate: int, spec: AudioSpec = SPEC) -> np.ndarray:
    """Log-mel (n_mels, frames) of a waveform (samples,), resampled where needed."""
    samples = torch.from_numpy(np.ascontiguousarray(resample(waveform, sample_rate, spec.sample_rate)))
    return MelSpectrogram(spec)(samples[None, None])[0].numpy()


def recording(utterance: EmbeddedUtterance, spec: AudioSpec = SPEC) -> np.ndarray:
    """Samples of a recording at the rate of a spec, as trainings read them."""
    return load_waveform(utterance.audio_path, spec.sample_rate, CorpusConfig(language="ru", voice=TARGET))


def labelled(utterance: EmbeddedUtterance) -> LabelledMel:
    """A recording with its true phones, for the judge to learn from."""
    mel = mel_of(recording(utterance), SPEC.sample_rate)
    symbols, durations = true_durations(utterance, SPEC, mel.shape[1])
    return LabelledMel(mel, [plain_phone(symbol) for symbol in symbols], durations)


def said_in(utterance: EmbeddedUtterance) -> list[str]:
    """Phones of a sentence as they are counted."""
    return [plain_phone(symbol) for symbol in utterance.symbols]


def train_judge(target: list[EmbeddedUtterance]) -> PhoneRecogniser:
    """Train the recogniser on the other voices, without any sentence that the target says."""
    known = {utterance.text for utterance in target}
    others = EmbeddedCorpus(data_root() / "embedded", "ru", TEACHERS, seed=2).utterances
    return train_recogniser([labelled(item) for item in others if item.text not in known])


def alignment(voice: speechlab.Voice, held_out: list[EmbeddedUtterance]) -> dict[str, float]:
    """Median errors in milliseconds of durations and boundaries found by a Glow-TTS's monotonic search."""
    found, duration_errors = {}, []
    for utterance in held_out:
        mel = torch.from_numpy(mel_of(recording(utterance, voice.spec), voice.spec.sample_rate, voice.spec))[None]
        tokens = torch.tensor([voice.symbols.ids(utterance.symbols)])
        lengths = torch.tensor([tokens.shape[1]])
        if voice.blank is not None:
            tokens, lengths = intersperse_blanks(tokens, lengths, voice.blank)
        with torch.inference_mode():
            durations = voice.acoustic(tokens, lengths, mel, torch.tensor([mel.shape[2]])).durations[0]
        frames = (durations if voice.blank is None else without_blanks(durations)).numpy()
        true_ms = np.array([token.end - token.start for token in utterance.tokens]) * 1000 / utterance.sample_rate
        duration_errors.append(np.abs(frames * 1000 / voice.spec.frame_rate - true_ms))
        found[utterance.id] = frames
    boundaries = summarise_boundaries(boundary_table(found, {item.id: item for item in held_out}, voice.spec))
    return {
        "duration_error_ms": float(np.median(np.concatenate(duration_errors))),
        "boundary_error_ms": float(boundaries["median |error|, ms"]),
        "boundary_bias_ms": float(boundaries["median error, ms"]),
        "n": len(held_out),
    }


def ratio(counts: np.ndarray) -> float:
    """Phone error rate of a system over that of natural speech: rows of errors, phones, natural errors, phones."""
    made, natural = np.hsplit(counts.reshape(-1, 4), 2)
    return error_rate(made) / max(error_rate(natural), 1e-9)


def main() -> None:
    """Train the judge, measure and print; keep the numbers in the voice's card where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--voice", help="run or bundle of a Russian voice; without it, natural speech alone is judged")
    parser.add_argument("--write-card", action="store_true", help="keep the numbers in the voice's card")
    options = parser.parse_args()
    started, corpus = time.perf_counter(), EmbeddedCorpus(data_root() / "embedded", "ru")
    held_out = corpus.of(TARGET, "validation")
    judge = train_judge(corpus.of(TARGET))
    print(f"the judge was trained in {time.perf_counter() - started:.0f} s", flush=True)
    systems = {
        "natural": lambda item: mel_of(recording(item), SPEC.sample_rate),
        "griffin-lim copy": lambda item: mel_of(copied(recording(item)), SPEC.sample_rate),
    }
    if options.voice:
        torch.manual_seed(0)  # a flow draws its speech
        voice = speechlab.Voice.load(options.voice)
        systems["text to speech"] = lambda item: mel_of(voice.say(item.text).waveform, voice.spec.sample_rate)
    counts = {name: measure(judge, system, held_out) for name, system in systems.items()}
    table = {name: {"phone_error_rate": bootstrap(list(rows), error_rate)._asdict()} for name, rows in counts.items()}
    for name, rows in counts.items():
        table[name]["ratio"] = bootstrap(list(np.hstack([rows, counts["natural"]])), ratio)._asdict()
        print(f"{name:20}{line(table[name])}", flush=True)
    if options.voice and voice.is_flow:
        table["alignment"] = alignment(voice, held_out)
        print("alignment           " + ", ".join(f"{key} {value:.1f}" for key, value in table["alignment"].items()))
    if options.voice and options.write_card:
        add_to_card(find_folder(options.voice), {"scores": table})


def copied(waveform: np.ndarray) -> np.ndarray:
    """Copy synthesis by Griffin-Lim, (samples,)."""
    return mel_to_waveform(torch.from_numpy(mel_of(waveform, SPEC.sample_rate))[None], SPEC)[0, 0].numpy()


def measure(judge: PhoneRecogniser, system, held_out: list[EmbeddedUtterance]) -> np.ndarray:
    """Count errors and phones of every sentence, (sentences, 2)."""
    return np.array([phone_errors(judge.recognise(system(item)), said_in(item)) for item in held_out])


def line(row: dict) -> str:
    """A system's rate and ratio, as text."""
    rate, quotient = row["phone_error_rate"], row["ratio"]
    return (
        f"phone error rate {100 * rate['value']:.1f} % [{100 * rate['low']:.1f}, {100 * rate['high']:.1f}]"
        f" n={rate['n']}, {quotient['value']:.2f} [{quotient['low']:.2f}, {quotient['high']:.2f}] times natural"
        f" speech's (at most {ASKED} is asked)"
    )


if __name__ == "__main__":
    main()
