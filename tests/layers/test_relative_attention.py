"""Relative attention: the formula written out, the window, padding."""

import pytest
import torch

from speechlab.layers.masks import length_mask
from speechlab.layers.relative_attention import RelativeTransformerBlock


def make_block(window: int) -> RelativeTransformerBlock:
    torch.manual_seed(0)
    return RelativeTransformerBlock(8, 2, 16, (3, 3), 0.1, window).eval()


@torch.no_grad()
@pytest.mark.parametrize(("positions", "window"), [(7, 2), (3, 4), (1, 2)])
def test_attention_follows_the_formula(positions, window):
    block, hidden = make_block(window), torch.randn(1, positions, 8)
    query, key, value = block.query_key_value(hidden)[0].view(positions, 3, 2, 4).permute(1, 2, 0, 3)
    attended = torch.zeros(2, positions, 4)
    for head in range(2):
        for i in range(positions):
            near = [abs(j - i) <= window for j in range(positions)]
            scores, values = [], []
            for j in range(positions):
                of_key = block.key_distances[j - i + window] if near[j] else torch.zeros(4)
                of_value = block.value_distances[j - i + window] if near[j] else torch.zeros(4)
                scores.append(query[head, i] @ (key[head, j] + of_key) / 2)  # sqrt(4 channels a head)
                values.append(value[head, j] + of_value)
            attended[head, i] = torch.stack(scores).softmax(0) @ torch.stack(values)
    expected = block.attention_output(attended.transpose(0, 1).reshape(1, positions, 8))
    mask = torch.ones(1, positions, dtype=torch.bool)
    torch.testing.assert_close(block.attend(hidden, mask), expected, atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_only_the_window_tells_order_to_attention():
    mask, hidden = torch.ones(1, 6, dtype=torch.bool), torch.randn(1, 6, 8)
    for window, knows in ((0, False), (2, True)):
        block = make_block(window)
        same = torch.allclose(block.attend(hidden.flip(1), mask), block.attend(hidden, mask).flip(1), atol=1e-5)
        assert same != knows


@torch.no_grad()
@pytest.mark.parametrize("window", [0, 3])
def test_padding_never_influences_what_is_real(window):
    block, hidden, lengths = make_block(window), torch.randn(2, 9, 8), torch.tensor([9, 4])
    torch.nn.init.uniform_(block.convolution_norm.bias, -1, 1)  # what would leak
    together = block(hidden, length_mask(lengths))
    alone = block(hidden[1:, :4], length_mask(lengths[1:]))
    torch.testing.assert_close(together[1:, :4], alone, atol=1e-5, rtol=1e-5)
    assert (together[1, 4:] == 0).all()
