"""What do the enhancers do to speakers, noises and rooms that they have never heard? Pairs of noisy and clean speech.

    python benchmarks/held_out_pairs.py --pairs FOLDER [--denoiser denoise-16k] [--extender bwe-16k] [--write-card]
                                        [--against DENOISER]

FOLDER holds ``noisy`` and ``clean`` with files of the same names. The denoiser hears the noisy ones; the extender hears
the clean ones without what lies above 2 and 4 kHz. Every metric is compared with that of the input, clip by clip.
With ``--against`` the denoiser is also compared with another one, clip by clip, and hears the clean recordings too,
which it should leave alone. Tables and figures go to results/tables/enhancement; ``--write-card`` keeps the numbers
in the checkpoints' cards.
"""

import argparse
from pathlib import Path

import pandas as pd
import torch

import speechlab
from speechlab.audio.band import limit_band
from speechlab.audio.files import find_audio
from speechlab.audio.mel import MelSpectrogram
from speechlab.checkpoints import add_to_card, find_folder
from speechlab.config import AudioSpec
from speechlab.display.plots import show_mels
from speechlab.lab import find_root
from speechlab.metrics.timing import real_time_factor

RATE = 16_000  # Hz
METRICS = ["wb_pesq", "stoi", "estoi", "si_sdr", "lsd", "dnsmos"]
BANDS = (2_000, 4_000)  # Hz
SHOWN = ["mean", "low", "high", "n", "difference", "difference_low", "difference_high", "p", "better"]


def main() -> None:
    """Enhance, measure, print, and keep tables and figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", required=True, help="folder with noisy and clean")
    parser.add_argument("--denoiser", default="denoise-16k")
    parser.add_argument("--extender", default="bwe-16k", help="none, to leave it out")
    parser.add_argument("--against", help="another denoiser, such as the one before")
    parser.add_argument("--write-card", action="store_true", help="keep the numbers in the cards")
    options = parser.parse_args()
    noisy, clean = (read_folder(Path(options.pairs) / name) for name in ("noisy", "clean"))
    narrow = {band: {name: limited(audio, band) for name, audio in clean.items()} for band in BANDS}
    compare(options.denoiser, {"noisy": noisy}, clean, options.write_card)
    if options.against:
        against(options.denoiser, options.against, noisy, clean)
    if options.extender != "none":
        compare(options.extender, {f"{band} Hz": clips for band, clips in narrow.items()}, clean, options.write_card)


def read_folder(folder: Path) -> dict[str, speechlab.Audio]:
    """Recordings of a folder at 16 kHz, by name."""
    return {path.stem: speechlab.read_audio(path, RATE) for path in find_audio(folder)}


def limited(audio: speechlab.Audio, band_hz: int) -> speechlab.Audio:
    """The recording without what lies above a frequency."""
    return speechlab.Audio(limit_band(audio.waveform, RATE, band_hz), RATE)


def compare(name: str, inputs: dict[str, dict], clean: dict, write_card: bool) -> None:
    """Score one enhancer on several kinds of input against the input itself."""
    enhancer, folder = speechlab.Enhancer.load(name), find_root() / "results" / "tables" / "enhancement"
    folder.mkdir(parents=True, exist_ok=True)
    scores = {}
    for kind, clips in inputs.items():
        made = {id: enhancer.enhance(audio) for id, audio in clips.items()}
        table = speechlab.score(made, clean, METRICS, baseline=clips)
        table[SHOWN].to_csv(folder / f"{Path(name).name}, {kind}.csv", encoding="utf-8")
        print(f"\n{Path(name).name}, {kind}\n{table[SHOWN].round(3).to_string()}", flush=True)
        scores[kind] = {metric: card_row(row) for metric, row in table.iterrows()}
        longest = max(clips, key=lambda id: clips[id].duration_s)
        versions = {kind: clips[longest], "enhanced": made[longest], "clean": clean[longest]}
        (folder / f"{Path(name).name}, {kind}.png").write_bytes(picture(versions).encoded())
    if write_card:
        add_to_card(find_folder(name), {"held_out_scores": scores})


def against(name: str, other: str, noisy: dict, clean: dict) -> None:
    """Compare two denoisers clip by clip, and say what each does to what is clean already."""
    enhancers = [speechlab.Enhancer.load(each) for each in (name, other)]
    new, old = ({id: enhancer.enhance(audio) for id, audio in noisy.items()} for enhancer in enhancers)
    table = speechlab.score(new, clean, METRICS, baseline=old)
    folder = find_root() / "results" / "tables" / "enhancement"
    table[SHOWN].to_csv(folder / f"{Path(name).name} against the former one.csv", encoding="utf-8")
    print(f"\n{name} against {other}\n{table[SHOWN].round(3).to_string()}", flush=True)
    for which, enhancer in zip((name, other), enhancers, strict=True):
        untouched = speechlab.score({id: enhancer.enhance(audio) for id, audio in clean.items()}, clean, "wb_pesq")
        seconds = real_time_factor(enhancer.enhance, max(noisy.values(), key=lambda audio: audio.duration_s))
        print(
            f"{which}: PESQ of clean recordings {untouched.loc['wb_pesq', 'mean']:.2f}, real-time factor {seconds:.3f}"
        )


def card_row(row: pd.Series) -> dict:
    """What a card says of one metric."""
    return {key: row[key] for key in ("mean", "low", "high", "n", "difference", "difference_low", "difference_high")}


def picture(versions: dict[str, speechlab.Audio]):
    """Mels up to 8 kHz of several versions."""
    spec = AudioSpec(sample_rate=RATE)
    mel_of = MelSpectrogram(spec)
    return show_mels({name: mel_of(torch.tensor(clip.waveform)[None, None]) for name, clip in versions.items()}, spec)


if __name__ == "__main__":
    main()
