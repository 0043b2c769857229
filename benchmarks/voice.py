"""How good is a voice? Copy synthesis and text to speech on held-out recordings: mel L1 and word error rate.

    python benchmarks/voice.py en-kathleen --experiment kathleen-fastspeech2 --corpus FOLDER --write-card

Mel L1 is the mean absolute difference of log-mels up to 8 kHz. Griffin-Lim is given in two settings: the project's
(magnitudes raised to 1.2, which sounds best) and the one that fits the mel itself (1.0).
"""

import argparse

import numpy as np
import torch

import speechlab
from speechlab.audio.griffin_lim import mel_to_waveform
from speechlab.audio.mel import MelSpectrogram
from speechlab.data.corpora import load_corpus
from speechlab.data.waveforms import load_waveform
from speechlab.experiments import load_experiment
from speechlab.metrics.intervals import bootstrap
from speechlab.metrics.words import recognise, word_errors
from speechlab.training.checkpoints import add_to_card, find_folder


def rate(counts: np.ndarray) -> float:
    """Word error rate of (utterances, 2) counts of errors and words."""
    pairs = counts.reshape(-1, 2)
    return float(pairs[:, 0].sum() / pairs[:, 1].sum())


def bootstrap_line(value: dict) -> str:
    """A value with its interval, as text."""
    return f"{value['value']:.3f} [{value['low']:.3f}, {value['high']:.3f}] n={value['n']}"


def main() -> None:
    """Measure and print; keep the numbers in the voice's card where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("voice")
    parser.add_argument("--experiment", default="kathleen-fastspeech2")
    parser.add_argument("--corpus", required=True, help="folder of the recordings")
    parser.add_argument("--write-card", action="store_true", help="keep the numbers in the voice's card")
    options = parser.parse_args()
    experiment = load_experiment(options.experiment, "full", [f"corpus.path={options.corpus}"])
    voice, spec = speechlab.Voice.load(options.voice), experiment.audio
    mel_of = MelSpectrogram(spec)
    systems = {
        "natural": lambda wave, text: wave,
        "copy synthesis": lambda wave, text: voice.vocoder(mel_of(wave)),
        "griffin-lim (power 1.2)": lambda wave, text: mel_to_waveform(mel_of(wave), spec),
        "griffin-lim (power 1.0)": lambda wave, text: mel_to_waveform(mel_of(wave), spec, power=1.0),
        "text to speech": lambda wave, text: torch.from_numpy(voice.say(text).waveform)[None, None],
    }
    held_out = load_corpus(experiment.corpus).split("validation")
    table: dict[str, dict] = {}
    for name, system in systems.items():
        distances, counts = [], []
        for utterance in held_out:
            samples = load_waveform(utterance.audio_path, spec.sample_rate, experiment.corpus)
            wave = torch.from_numpy(samples[: len(samples) // spec.hop_length * spec.hop_length])[None, None]
            made = system(wave, utterance.text)
            if name != "text to speech":
                distances.append((mel_of(made) - mel_of(wave)).abs().mean().item())
            counts.append(word_errors(recognise(made[0, 0].numpy(), spec.sample_rate), utterance.text))
        row = {"word_error_rate": bootstrap([np.array([pair]) for pair in counts], rate)._asdict()}
        if distances:
            row["mel_l1"] = bootstrap(distances)._asdict()
        table[name] = row
        shown = "  ".join(f"{key} {bootstrap_line(value)}" for key, value in row.items())
        print(f"{name:26}{shown}", flush=True)
    if options.write_card:
        add_to_card(find_folder(options.voice), {"scores": table})


if __name__ == "__main__":
    main()
