"""Read a long document aloud: are its subtitles at the right times, and is it understood?

    python benchmarks/long_document.py FILE --language ru [--voice NAME] [--folder results/long_document] [--places 20]

The file is said by ``speechlab say --subtitles``. At so many places, spread over the whole, the beginning of a subtitle
is compared with the moment at which the sound begins there, found in the sound alone. Words are heard by Whisper base
(see voices.py), subtitle by subtitle; both texts are written out in words before they are compared.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from voices import load_judge, plain, rate

import speechlab
from speechlab.apps.cli import main as speechlab_command
from speechlab.audio.io import Audio
from speechlab.metrics.words import word_errors
from speechlab.text.subtitles import Cue, parse_subtitles

PAGE = 1_800  # characters, with blanks
FRAME = 128  # samples, in which the level is looked at
QUIET_DB = -35.0  # of the loud parts, below which there is a pause
LEAST_PAUSE_S = 0.15  # before a subtitle whose beginning is measured
NEAR_S = 0.05
SUSTAINED = 3  # frames that a beginning lasts


def levels(audio: Audio) -> np.ndarray:
    """Level of each frame of ``FRAME`` samples in dB of the file's loud parts."""
    frames = audio.waveform[: len(audio.waveform) // FRAME * FRAME].reshape(-1, FRAME).astype(np.float64)
    decibels = 10 * np.log10(np.mean(frames**2, axis=1) + 1e-12)
    return decibels - np.percentile(decibels, 95)


def onset(level: np.ndarray, near_s: float, frame_s: float) -> float | None:
    """Time at which the sound begins after the pause nearest to a time; None where there is no pause."""
    first, last = (round((near_s + shift) / frame_s) for shift in (-0.4, 0.5))
    loud = level[max(first, 0) : last] > QUIET_DB
    needed = round(LEAST_PAUSE_S / frame_s)
    best = None
    for start in range(needed, len(loud) - SUSTAINED):
        if loud[start : start + SUSTAINED].all() and not loud[start - needed : start].any():
            time_s = (max(first, 0) + start) * frame_s
            best = time_s if best is None or abs(time_s - near_s) < abs(best - near_s) else best
    return best


def main() -> None:
    """Say, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--language", required=True, choices=("en", "ru"), help="that the words are heard in")
    parser.add_argument("--voice", help="default: by the language of the text")
    parser.add_argument("--folder", type=Path, default=Path("results/long_document"))
    parser.add_argument("--places", type=int, default=20)
    options = parser.parse_args()
    target = options.folder / f"{options.file.stem}.wav"
    target.parent.mkdir(parents=True, exist_ok=True)
    text = options.file.read_text(encoding="utf-8")
    started = time.process_time()
    words = ["say", str(options.file), "-o", str(target), "--subtitles", "--quiet"]
    speechlab_command(words + (["--voice", options.voice] if options.voice else []))
    took, audio = time.process_time() - started, speechlab.read_audio(target)
    print(f"{len(text) / PAGE:.1f} pages, {audio.duration_s / 60:.1f} minutes of speech, {took:.0f} s of process time")
    cues = parse_subtitles(target.with_suffix(".srt").read_text(encoding="utf-8"))
    report_times(cues, audio, options.places)
    if (hear := load_judge()) is None:
        print("words are not counted: faster-whisper is not installed")
        return
    report_words(cues, audio, hear, options.language)


def report_times(cues: list[Cue], audio: Audio, n_places: int) -> None:
    """Compare beginnings of subtitles with those of the sound."""
    level, frame_s = levels(audio), FRAME / audio.sample_rate
    found = [(cue, onset(level, cue.start_s, frame_s)) for cue in cues[1:]]
    clear = [(cue, heard) for cue, heard in found if heard is not None]
    chosen = [clear[index] for index in np.linspace(0, len(clear) - 1, n_places).round().astype(int)]
    errors = 1000 * np.array([heard - cue.start_s for cue, heard in chosen])
    for (cue, heard), error in zip(chosen, errors, strict=True):
        print(f"{cue.start_s:8.3f} s, sound {heard:8.3f} s, {error:+4.0f} ms  {cue.text[:60]}")
    share = np.mean([abs(heard - cue.start_s) <= NEAR_S for cue, heard in clear])
    near = np.sum(np.abs(errors) <= 1000 * NEAR_S)
    print(f"{len(cues)} subtitles, {len(clear)} after a pause; {near} of {n_places} places within 50 ms, "
          f"the worst {np.abs(errors).max():.0f} ms; of all {share:.0%}")  # fmt: skip


def report_words(cues: list[Cue], audio: Audio, hear, language: str) -> None:
    """Count the words that are misheard."""
    counts, worst = [], []
    for cue in cues:
        first, last = (round(seconds * audio.sample_rate) for seconds in (cue.start_s, cue.end_s))
        heard = hear(Audio(audio.waveform[first:last], audio.sample_rate), language)
        wrong, total = word_errors(plain(heard, language), plain(cue.text, language))
        counts.append((wrong, total))
        worst.append((wrong, cue.text, heard))
    print(f"word error rate {rate(np.array(counts)):.1f} % of {sum(total for _, total in counts)} words")
    for wrong, said, heard in sorted(worst, reverse=True)[:8]:
        print(f"  {wrong} wrong: {said}\n    heard: {heard.strip()}")


if __name__ == "__main__":
    main()
