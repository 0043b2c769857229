"""HiFi++ as a vocoder: what was trained to turn mels into speech does so, long ones in pieces that fit together."""

import numpy as np
import torch

from speechlab.audio.io import Audio
from speechlab.checkpoints import write_checkpoint
from speechlab.config import AudioSpec, to_dict
from speechlab.models import build
from speechlab.pipelines import vocoder as module
from speechlab.pipelines.vocoder import Vocoder

SIZES = dict(channels=32, spectral_widths=[2, 4, 4, 4, 8], spectral_depth=1, wave_widths=[4, 4], wave_depth=1,
             mask_widths=[4, 4], mask_depth=1)  # fmt: skip


def checkpoint(folder):
    torch.manual_seed(0)
    network = build("hifi++_gen", **SIZES)
    card = {"model": "hifi++_gen", "sizes": SIZES, "audio": to_dict(AudioSpec(sample_rate=16_000))}
    write_checkpoint(folder, network.state_dict(), card)
    return folder


def test_a_trained_hifipp_vocodes_recordings(tmp_path):
    vocoder = Vocoder.load(checkpoint(tmp_path / "hifipp"), device="cpu")
    recording = 0.1 * np.random.default_rng(0).standard_normal(16_000).astype(np.float32)
    made = vocoder.vocode(Audio(recording, 16_000))
    assert made.sample_rate == 16_000 and len(made.waveform) == 16_000 // 256 * 256
    assert np.isfinite(made.waveform).all()


def test_a_long_mel_is_made_in_pieces_that_fit_together(tmp_path, monkeypatch):
    vocoder = Vocoder.load(checkpoint(tmp_path / "hifipp"), device="cpu")
    mel = torch.randn(1, 80, 700, generator=torch.Generator().manual_seed(1)) - 5
    whole = vocoder(mel)
    monkeypatch.setattr(module, "CHUNK", 192)
    monkeypatch.setitem(module.WIDE_CONTEXT, "hifi++_gen", 256)  # less than it has: the network is small
    pieces = vocoder(mel)
    assert pieces.shape == whole.shape
    assert (pieces - whole).abs().max() < 1e-4 * whole.abs().max()
