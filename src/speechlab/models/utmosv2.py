"""UTMOSv2 (arXiv:2409.09305) as a loss wants it: from the waveform to the opinion in operations that pass a gradient.

The authors' package computes its inputs in numpy, from parts of the recording drawn at random. Here they are tensors,
and nothing is drawn: the beginning of the recording is heard, and no two parts are mixed.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from speechlab.audio.mel import mel_filters
from speechlab.config import AudioSpec

RATE = 16_000  # Hz
SSL_S, FRAME_S = 3.0, 1.4  # heard by wav2vec 2.0, and in each spectrogram; shorter recordings are repeated
N_FRAMES = 2  # times that the spectrograms are taken
WINDOWS = (4096, 2048, 1024, 512)  # samples
N_FFT, HOP, N_MELS, SIDE = 4096, 32, 512, 512
RANGE_DB = 80.0
N_DOMAINS, DOMAIN = 10, 1  # sets of recordings that the predictor knows, and that of its authors' laboratory


def tiled(waveform: Tensor, samples: int) -> Tensor:
    """Repeat a waveform (batch, n) until it has so many samples, and take the first so many."""
    return waveform.repeat(1, samples // waveform.shape[-1] + 1)[:, :samples]


def mel_image(waveform: Tensor, win_length: int) -> Tensor:
    """Mel power in decibels below the loudest, from 0 (80 dB below) to 1.

    Args:
        waveform: at 16 kHz, (batch, samples).
        win_length: samples.

    Returns:
        (batch, 512, samples // 32 + 1).
    """
    spec = AudioSpec(RATE, N_FFT, win_length, HOP, N_MELS)
    window = torch.hann_window(win_length, device=waveform.device)
    spectrum = torch.stft(
        waveform, N_FFT, HOP, win_length, window, center=True, pad_mode="constant", return_complex=True
    )
    power = mel_filters(spec).to(waveform.device) @ torch.view_as_real(spectrum).square().sum(-1)
    level = 10 * power.clamp_min(1e-10).log10()
    level = level - level.amax((1, 2), keepdim=True)
    return (level.clamp_min(-RANGE_DB) + RANGE_DB) / RANGE_DB


class DifferentiableEncoder(nn.Module):
    """wav2vec 2.0 from a tensor, where the package goes by numpy.

    Args:
        model: the encoder itself.
    """

    def __init__(self, model: nn.Module):
        super().__init__()
        self.model = model

    def forward(self, waveform: Tensor) -> tuple[Tensor, ...]:
        """Hidden states of all layers, (batch, frames, channels) each, of waveforms (batch, samples)."""
        centred = waveform - waveform.mean(-1, keepdim=True)
        levelled = centred / (waveform.var(-1, unbiased=False, keepdim=True) + 1e-7).sqrt()
        return self.model(levelled, output_hidden_states=True).hidden_states


class DifferentiableUtmosV2(nn.Module):
    """Opinions of one fold; everything of it is frozen.

    Args:
        network: a fold of the package, of two branches, with the weights of its third stage.
    """

    def __init__(self, network: nn.Module):
        super().__init__()
        self.network = network.eval().requires_grad_(False)
        self.network.ssl.encoder = DifferentiableEncoder(network.ssl.encoder.model)

    def forward(self, waveform: Tensor) -> Tensor:
        """Predict opinions, 1 to 5, of waveforms at 16 kHz, (batch, samples): (batch,)."""
        frame = tiled(waveform.float(), int(FRAME_S * RATE))
        images = [mel_image(frame, win_length).unsqueeze(1) for win_length in WINDOWS]
        images = [F.interpolate(image, (SIDE, SIDE), mode="bilinear", antialias=True) for image in images]
        stacked = torch.stack([image.expand(-1, 3, -1, -1) for image in images] * N_FRAMES, 1)
        domain = F.one_hot(torch.tensor([DOMAIN], device=waveform.device), N_DOMAINS).float()
        heard = tiled(waveform.float(), int(SSL_S * RATE))
        return self.network(heard, stacked, domain.expand(len(waveform), -1)).squeeze(-1)
