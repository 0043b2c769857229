"""MOSNet, the CNN-BLSTM that predicts the MOS of converted speech (arXiv:1904.08352, section 3).

The released weights are of Keras; :func:`from_keras` turns them into ours.
"""

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from speechlab.errors import SpeechlabError

CHANNELS = (16, 32, 64, 128)  # of four blocks of three convolutions
N_BINS = 257


def same_padding(size: int, stride: int) -> tuple[int, int]:
    """Zeros before and after an axis for a kernel of 3 to give ``ceil(size / stride)`` values, as TensorFlow pads."""
    total = max(0, (-(-size // stride) - 1) * stride + 3 - size)
    return total // 2, total - total // 2


class MosNet(nn.Module):
    """Frame-wise MOS from a magnitude spectrogram, and their mean.

    Args:
        channels: of each block of three convolutions; the last of three shrinks the frequency axis to a third.
        n_bins: frequencies of the spectrogram.
        hidden_size: of the LSTM in one direction, and of the layer above it.
    """

    def __init__(self, channels: Sequence[int] = CHANNELS, n_bins: int = N_BINS, hidden_size: int = 128):
        super().__init__()
        self.n_bins = n_bins
        self.strides = (1, 1, 3) * len(channels)
        sizes = [1, *(size for size in channels for _ in range(3))]
        self.convolutions = nn.ModuleList(
            nn.Conv2d(before, after, 3, stride=(1, stride))
            for before, after, stride in zip(sizes, sizes[1:], self.strides, strict=False)
        )
        for stride in self.strides:
            n_bins = -(-n_bins // stride)
        self.lstm = nn.LSTM(n_bins * sizes[-1], hidden_size, batch_first=True, bidirectional=True)
        self.hidden = nn.Linear(2 * hidden_size, hidden_size)
        self.score = nn.Linear(hidden_size, 1)

    def forward(self, magnitude: Tensor) -> Tensor:
        """Predict the MOS from a spectrogram (batch, frames, bins): (batch,), about 1 to 5."""
        hidden = magnitude.unsqueeze(1)
        for convolution, stride in zip(self.convolutions, self.strides, strict=True):
            padding = (*same_padding(hidden.shape[-1], stride), 1, 1)
            hidden = convolution(F.pad(hidden, padding)).relu()
        hidden = hidden.permute(0, 2, 3, 1).flatten(2)  # (batch, frames, bins * channels), channels fastest
        hidden = self.hidden(self.lstm(hidden)[0]).relu()
        return self.score(hidden).squeeze(-1).mean(-1)


def from_keras(arrays: Sequence[np.ndarray], model: MosNet) -> MosNet:
    """Load the arrays of a Keras file, in the order of its layers, and put the model into eval mode.

    A convolution's kernel is (time, frequency, in, out) there; a dense layer's is (in, out). Both order the gates of
    an LSTM alike (input, forget, cell, output), but Keras has one bias where torch adds two: the second is zero.

    Raises:
        SpeechlabError: their number or a shape is not the model's.
    """
    parameters = [*model.convolutions.parameters()]
    for suffix in ("", "_reverse"):
        parameters += [getattr(model.lstm, f"{name}_l0{suffix}") for name in ("weight_ih", "weight_hh", "bias_ih")]
        nn.init.zeros_(getattr(model.lstm, f"bias_hh_l0{suffix}"))
    parameters += [*model.hidden.parameters(), *model.score.parameters()]
    if len(arrays) != len(parameters):
        raise SpeechlabError(f"the weights of MOSNet are {len(parameters)} arrays; the file has {len(arrays)}")
    for index, (array, parameter) in enumerate(zip(arrays, parameters, strict=True)):
        turned = array.transpose(3, 2, 0, 1) if array.ndim == 4 else array.T
        if turned.shape != parameter.shape:
            raise SpeechlabError(f"array {index} of MOSNet is {turned.shape}; expected {tuple(parameter.shape)}")
        parameter.data.copy_(torch.from_numpy(np.ascontiguousarray(turned)))
    return model.eval().requires_grad_(False)
