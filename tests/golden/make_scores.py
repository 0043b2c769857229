"""Write scores.json: values of fixed pairs by the reference packages and by formulas written out a second time.

Nothing of speechlab is used. ``python tests/golden/make_scores.py [folder of voicebank-demand-mini]``; without the
folder, the values of its three pairs are kept as they are.

- wb_pesq, nb_pesq: ``pesq``; stoi, estoi: ``pystoi``; si_sdr: ``torchmetrics``.
- lsd, l1_mel_diff: frames cut by hand, numpy's FFT in float64, the mel filters of librosa.
- mcd, mcd_dtw: envelopes of ``pyworld``, put on the mel axis by numpy and transformed by scipy; warped by two loops.
- f0_rmse, vuv_error: ``pyworld``; none where fewer than 20 frames are voiced in both.
"""

import json
import sys
import warnings
from pathlib import Path

import librosa
import numpy as np
import soundfile
import torch
from pesq import pesq
from pystoi import stoi
from scipy.fft import dct
from scipy.spatial.distance import cdist
from speech import speech_like, with_noise
from torchmetrics.functional.audio import scale_invariant_signal_distortion_ratio

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import pyworld

HERE = Path(__file__).parent
RATE = 16_000
WINDOW, HOP = 744, 186  # 46.4 and 11.6 ms
VOICEBANK = ("p232_002", "p232_263", "p257_375")


def magnitudes(waveform):
    """(bins, frames) of frames that begin (WINDOW - HOP) / 2 samples before the waveform, which is reflected."""
    margin = (WINDOW - HOP) // 2
    padded = np.pad(waveform.astype(np.float64), margin, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP]
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)
    return np.abs(np.fft.rfft(frames * hann, axis=1)).T


def spectral_scores(estimate, reference):
    """Log-spectral distance and L1 of log-mels."""
    linear = [magnitudes(waveform) for waveform in (estimate, reference)]
    decibels = [20 * np.log10(np.maximum(each[1:] / (WINDOW / 4), 1e-5)) for each in linear]
    filters = librosa.filters.mel(sr=RATE, n_fft=WINDOW, n_mels=80, fmin=0, fmax=RATE / 2)
    mels = [np.log(np.maximum(filters @ each, 1e-5)) for each in linear]
    lsd = np.sqrt(np.square(decibels[0] - decibels[1]).mean(axis=0)).mean()
    return {"lsd": lsd, "l1_mel_diff": np.abs(mels[0] - mels[1]).mean()}


def mel_cepstra(waveform):
    """(frames, 24): factors of the cosines that add up to the logarithm of magnitude on the mel axis."""
    wave = waveform.astype(np.float64)
    coarse, times = pyworld.dio(wave, RATE, f0_floor=71.0, f0_ceil=800.0, frame_period=10.0)
    power = pyworld.cheaptrick(wave, pyworld.stonemask(wave, coarse, times, RATE), times, RATE)
    mels = np.linspace(np.log1p(40 / 700), np.log1p(RATE / 2 / 700), 512)
    hertz = np.linspace(0, RATE / 2, power.shape[1])
    logarithm = np.array([np.interp(700 * np.expm1(mels), hertz, np.log(frame) / 2) for frame in power])
    return dct(logarithm, type=2, axis=1)[:, 1:25] / 512


def cepstral_scores(estimate, reference):
    """Mel-cepstral distortion, frame by frame and along the best path."""
    first, second = mel_cepstra(estimate), mel_cepstra(reference)
    distance = 10 / np.log(10) * np.sqrt(2) * cdist(first, second)
    total, length = np.full(distance.shape, np.inf), np.zeros(distance.shape)
    for row in range(len(first)):
        for column in range(len(second)):
            steps = [(row - 1, column - 1), (row, column - 1), (row - 1, column)]
            before = min((step for step in steps if min(step) >= 0), key=lambda step: total[step], default=None)
            total[row, column] = distance[row, column] + (total[before] if before else 0)
            length[row, column] = 1 + (length[before] if before else 0)
    return {"mcd": np.diagonal(distance).mean(), "mcd_dtw": total[-1, -1] / length[-1, -1]}


def pitch_scores(estimate, reference):
    """Pitch and voicing errors."""
    tracks = []
    for waveform in (estimate, reference):
        wave = waveform.astype(np.float64)
        tracks.append(pyworld.stonemask(wave, *pyworld.dio(wave, RATE, f0_floor=71.0, f0_ceil=800.0), RATE))
    both = (tracks[0] > 0) & (tracks[1] > 0)
    if both.sum() < 20:
        return {}
    cents = 1200 * np.log2(tracks[0][both] / tracks[1][both])
    return {
        "f0_rmse": np.sqrt(np.mean(cents**2)),
        "vuv_error": 100 * np.mean((tracks[0] > 0) != (tracks[1] > 0)),
    }


def scores(estimate, reference):
    """All values of one pair at 16 kHz."""
    pair = torch.from_numpy(np.stack([estimate, reference]).astype(np.float64))
    values = {
        "wb_pesq": pesq(RATE, reference, estimate, "wb"),
        "nb_pesq": pesq(RATE, reference, estimate, "nb"),
        "stoi": stoi(reference, estimate, RATE),
        "estoi": stoi(reference, estimate, RATE, extended=True),
        "si_sdr": scale_invariant_signal_distortion_ratio(*pair, zero_mean=True).item(),
    }
    values |= spectral_scores(estimate, reference) | cepstral_scores(estimate, reference)
    return {name: round(float(value), 6) for name, value in (values | pitch_scores(estimate, reference)).items()}


def main():
    """Compute and write."""
    path = HERE / "scores.json"
    content = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    content["how"] = "written by make_scores.py, which says how; keys of white_noise_db are SNRs of speech_like()"
    clean = speech_like()
    content["white_noise_db"] = {str(snr): scores(with_noise(clean, snr), clean) for snr in (30, 20, 10, 0)}
    if len(sys.argv) > 1:
        folder = Path(sys.argv[1])
        pairs = {
            id: [soundfile.read(folder / kind / f"{id}.flac")[0] for kind in ("noisy", "clean")] for id in VOICEBANK
        }
        content["voicebank"] = {id: scores(*pair) for id, pair in pairs.items()}
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
