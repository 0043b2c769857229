"""MOSNet against a forward pass written out in numpy from the arrays as Keras keeps them."""

import numpy as np
import pytest
import torch

from speechlab.errors import SpeechlabError
from speechlab.models.mosnet import MosNet, from_keras, same_padding

SIZES = {"channels": (2, 3), "n_bins": 11, "hidden_size": 4}


def keras_arrays(channels, n_bins, hidden_size, seed=0):
    """Draw arrays in the shapes and the order in which Keras saves MOSNet."""
    random = np.random.default_rng(seed)
    shapes, before = [], 1
    for after in channels:
        for _ in range(3):
            shapes += [(3, 3, before, after), (after,)]
            before = after
        n_bins = -(-n_bins // 3)
    for _ in range(2):
        shapes += [(n_bins * before, 4 * hidden_size), (hidden_size, 4 * hidden_size), (4 * hidden_size,)]
    shapes += [(2 * hidden_size, hidden_size), (hidden_size,), (hidden_size, 1), (1,)]
    return [random.normal(0, 0.4, shape).astype(np.float32) for shape in shapes]


def convolve(image, kernel, bias, stride):
    """Convolve (frames, bins, channels) with TensorFlow's padding ``same``, and rectify."""
    frames, bins, _ = image.shape
    out_bins = -(-bins // stride)
    missing = max(0, (out_bins - 1) * stride + 3 - bins)
    padded = np.pad(image, ((1, 1), (missing // 2, missing - missing // 2), (0, 0)))
    out = np.empty((frames, out_bins, len(bias)))
    for frame in range(frames):
        for place in range(out_bins):
            patch = padded[frame : frame + 3, place * stride : place * stride + 3]
            out[frame, place] = np.einsum("tfi,tfio->o", patch, kernel) + bias
    return np.maximum(out, 0)


def run_lstm(sequence, kernel, recurrent, bias):
    """Run an LSTM over (frames, features) as Keras defines it: gates in the order input, forget, cell, output."""
    hidden = cell = np.zeros(len(recurrent))
    outputs = []
    for frame in sequence:
        i, f, c, o = np.split(frame @ kernel + hidden @ recurrent + bias, 4)
        i, f, o = (1 / (1 + np.exp(-gate)) for gate in (i, f, o))
        cell = f * cell + i * np.tanh(c)
        hidden = o * np.tanh(cell)
        outputs.append(hidden)
    return np.array(outputs)


def forward(magnitude, arrays):
    """Score (frames, bins) from the arrays."""
    arrays = [array.astype(np.float64) for array in arrays]
    image, rest = magnitude[..., None], arrays[:-10]
    for index in range(len(rest) // 2):
        image = convolve(image, rest[2 * index], rest[2 * index + 1], 3 if index % 3 == 2 else 1)
    sequence = image.reshape(len(image), -1)
    ahead = run_lstm(sequence, *arrays[-10:-7])
    back = run_lstm(sequence[::-1], *arrays[-7:-4])[::-1]
    hidden = np.maximum(np.concatenate([ahead, back], 1) @ arrays[-4] + arrays[-3], 0)
    return (hidden @ arrays[-2] + arrays[-1]).mean()


def test_it_equals_keras_formulas():
    magnitude = np.abs(np.random.default_rng(1).normal(size=(6, SIZES["n_bins"])))
    arrays = keras_arrays(**SIZES)
    score = from_keras(arrays, MosNet(**SIZES))(torch.from_numpy(magnitude).float()[None])
    assert score.shape == (1,)
    assert score.item() == pytest.approx(forward(magnitude, arrays), abs=1e-5)


def test_the_published_size_ends_in_four_bands_of_128():
    model = MosNet()
    assert [tuple(layer.weight.shape[:2]) for layer in model.convolutions][::3] == [
        (16, 1),
        (32, 16),
        (64, 32),
        (128, 64),
    ]
    assert (model.lstm.input_size, model.hidden.in_features) == (4 * 128, 256)
    assert model(torch.rand(1, 3, 257)).shape == (1,)


def test_padding_is_tensorflows():
    assert [same_padding(size, 3) for size in (257, 86, 29, 10)] == [(0, 1), (0, 1), (0, 1), (1, 1)]
    assert same_padding(257, 1) == (1, 1)


def test_arrays_of_another_network_are_refused():
    arrays = keras_arrays(**SIZES)
    with pytest.raises(SpeechlabError, match="are 22 arrays; the file has 21"):
        from_keras(arrays[:-1], MosNet(**SIZES))
    arrays[12], arrays[13] = arrays[13], arrays[12]
    with pytest.raises(SpeechlabError, match="array 12"):
        from_keras(arrays, MosNet(**SIZES))
