"""Does an enhancer that hears 8 kHz keep the air of a podcast? Noise on 48 kHz speech, judged above the model's band.

    python benchmarks/full_band.py --clean FOLDER --noise FOLDER [--model denoise-16k] [--snr 5]

Each clip is mixed with one noise. Compared with the clean clip, above the model's band only: the noisy input, the input
with that band cut away, the enhanced file, and the clean clip enhanced as it is. The distance is that of log spectra in
dB (root mean square over frequency, mean over frames), the error is the level of what is wrong in dB of the clean band.
Intervals are of 95 %, over clips. Writes results/tables/enhancement/MODEL, full band.csv.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
import torch

import speechlab
from speechlab.audio.band import limit_band
from speechlab.audio.files import find_audio
from speechlab.audio.mixing import add_noise
from speechlab.audio.resample import resample
from speechlab.lab import find_root
from speechlab.metrics.intervals import bootstrap
from speechlab.metrics.log_spectra import log_spectrum


def upper_spectrum(waveform: np.ndarray, rate: int, band_hz: float) -> torch.Tensor:
    """Log spectrum above a frequency, (bins, frames)."""
    spectrum = log_spectrum(waveform, rate)
    return spectrum[int(len(spectrum) * 2 * band_hz / rate) :]


def compare(estimate: np.ndarray, clean: np.ndarray, rate: int, band_hz: float) -> dict[str, float]:
    """Distance and error above a frequency, both in dB."""
    spectra = [upper_spectrum(each, rate, band_hz) for each in (estimate, clean)]
    distance = (spectra[0] - spectra[1]).square().mean(0).sqrt().mean().item()
    upper = [each - limit_band(each, rate, int(band_hz)) for each in (estimate, clean)]
    error = 10 * np.log10(np.sum((upper[0] - upper[1]) ** 2) / np.sum(upper[1] ** 2) + 1e-9)
    return {"distance_db": distance, "error_db": float(error)}


def main() -> None:
    """Mix, enhance, measure, print and keep the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clean", required=True, help="folder of recordings with a high rate")
    parser.add_argument("--noise", required=True, help="folder of noises")
    parser.add_argument("--model", default="denoise-16k")
    parser.add_argument("--snr", type=float, default=5.0, help="in dB")
    options = parser.parse_args()
    enhancer, rng, rows = speechlab.Enhancer.load(options.model), np.random.default_rng(0), []
    noises = find_audio(Path(options.noise))
    for path in find_audio(Path(options.clean)):
        clip = speechlab.read_audio(path)
        rate, clean = clip.sample_rate, clip.waveform
        source = speechlab.read_audio(noises[rng.integers(len(noises))])
        noise = np.resize(resample(source.waveform, source.sample_rate, rate), len(clean))
        if not noise.any():
            continue
        noisy = add_noise(clean, noise, options.snr)
        systems = {
            "noisy": noisy,
            "cut": limit_band(noisy, rate, int(enhancer.band_hz)),
            "enhanced": enhancer.enhance(speechlab.Audio(noisy, rate)).waveform,
            "clean, enhanced": enhancer.enhance(clip).waveform,
        }
        for system, waveform in systems.items():
            rows.append({"system": system, "clip": path.stem, **compare(waveform, clean, rate, enhancer.band_hz)})
    table = {
        (system, metric): bootstrap(list(values))._asdict()
        for system, group in pd.DataFrame(rows).groupby("system", sort=False)
        for metric, values in group[["distance_db", "error_db"]].items()
    }
    shown = pd.DataFrame.from_dict(table, orient="index").round(2)
    folder = find_root() / "results" / "tables" / "enhancement"
    folder.mkdir(parents=True, exist_ok=True)
    shown.to_csv(folder / f"{Path(options.model).name}, full band.csv", encoding="utf-8")
    print(f"{options.model}, above {enhancer.band_hz:.0f} Hz, noise at {options.snr:g} dB\n{shown.to_string()}")


if __name__ == "__main__":
    main()
