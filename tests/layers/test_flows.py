"""Flows: inverses, log-determinants against the Jacobian, first statistics, padding, precision."""

import pytest
import torch

from speechlab.layers.flows import ActNorm, AffineCoupling, Flow, InvertibleConvolution, squeeze, unsqueeze
from speechlab.layers.masks import length_mask

NETWORK = dict(hidden_channels=6, kernel_size=3, n_layers=2, dropout=0.5)


def make_flow(n_mels: int = 4, n_blocks: int = 2, **network) -> Flow:
    """Build a flow as it is after some training: no part is the identity any more."""
    torch.manual_seed(0)
    flow = Flow(n_mels, n_blocks, **NETWORK | network).eval()
    for block in flow.blocks:
        torch.nn.init.normal_(block.norm.log_scale, std=0.2)
        torch.nn.init.normal_(block.norm.bias, std=0.2)
        torch.nn.init.normal_(block.coupling.end.weight, std=0.5)
        torch.nn.init.normal_(block.coupling.end.bias, std=0.5)
        block.mixing.weight.data += 0.1 * torch.randn(4, 4)
    return flow


def make_mel(*shape: int) -> torch.Tensor:
    return 2 * torch.randn(*shape, generator=torch.Generator().manual_seed(1)) - 5


def test_squeeze_puts_odd_frames_beneath_even_ones():
    mel = make_mel(2, 4, 7)
    hidden = squeeze(mel)
    assert torch.equal(hidden[:, :4], mel[:, :, 0:6:2])
    assert torch.equal(hidden[:, 4:], mel[:, :, 1:6:2])
    assert torch.equal(unsqueeze(hidden), mel[:, :, :6])


def test_the_convolution_mixes_two_neighbours_of_each_half():
    torch.manual_seed(0)
    convolution, hidden = InvertibleConvolution(), torch.randn(1, 12, 3)
    mixed, _ = convolution(hidden, torch.ones(1, 1, 3, dtype=torch.bool))
    for group in range(3):
        channels = [2 * group, 2 * group + 1, 6 + 2 * group, 6 + 2 * group + 1]
        torch.testing.assert_close(mixed[0, channels], convolution.weight @ hidden[0, channels])


def test_the_convolution_begins_as_a_rotation():
    for seed in range(6):
        torch.manual_seed(seed)
        matrix = InvertibleConvolution().weight
        torch.testing.assert_close(matrix @ matrix.T, torch.eye(4), atol=1e-5, rtol=0)
        assert matrix.det().item() == pytest.approx(1.0, abs=1e-5)


def test_a_coupling_begins_as_the_identity():
    coupling, hidden = AffineCoupling(8, **NETWORK), torch.randn(2, 8, 5)
    mask = torch.ones(2, 1, 5, dtype=torch.bool)
    changed, log_det = coupling(hidden, mask)
    assert torch.equal(changed, hidden)
    assert torch.equal(log_det, torch.zeros(2))


@torch.no_grad()
@pytest.mark.parametrize("bounded_scale", [True, False])
def test_the_inverse_gives_the_mel_back(bounded_scale):
    flow, mel, lengths = make_flow(16, 6, bounded_scale=bounded_scale), make_mel(3, 16, 20), torch.tensor([20, 14, 2])
    flow.initialise(mel, lengths)
    latent, _ = flow(mel, lengths)
    expected = mel * length_mask(lengths).unsqueeze(1)
    torch.testing.assert_close(flow.inverse(latent, lengths), expected, atol=1e-4, rtol=0)


@pytest.mark.parametrize("bounded_scale", [True, False])
def test_the_log_determinant_is_that_of_the_jacobian(bounded_scale):
    flow, mel = make_flow(bounded_scale=bounded_scale).double(), make_mel(1, 4, 8).double()
    lengths = torch.tensor([6])  # two frames are padding

    def latent_of(real):
        return flow(torch.cat((real, mel[:, :, 6:]), 2), lengths)[0][:, :, :6].flatten()

    jacobian = torch.autograd.functional.jacobian(latent_of, mel[:, :, :6]).flatten(1)  # (24, 24)
    expected = torch.linalg.slogdet(jacobian).logabsdet
    torch.testing.assert_close(flow(mel, lengths)[1][0], expected, atol=1e-8, rtol=0)
    assert abs(expected.item()) > 0.1


@torch.no_grad()
def test_the_first_batch_comes_out_of_every_norm_standardised():
    torch.manual_seed(0)
    flow, mel = Flow(16, 6, **NETWORK), make_mel(12, 16, 60)
    mel[:, 3] = 4 * mel[:, 3] + 10
    lengths = torch.arange(60, 36, -2)
    seen = []
    flow.initialise(mel, lengths)
    assert flow.training
    flow.eval()
    for block in flow.blocks:
        block.norm.register_forward_hook(lambda norm, inputs, output: seen.append(output[0]))
    latent, _ = flow(mel, lengths)
    real = length_mask(lengths // 2)
    assert len(seen) == 6
    for hidden in seen:
        frames = hidden.transpose(1, 2)[real]  # (real frames, channels)
        assert frames.mean(0).abs().max() < 1e-3
        assert (frames.std(0) - 1).abs().max() < 1e-2
    assert latent.transpose(1, 2)[length_mask(lengths)].std().item() == pytest.approx(1.0, abs=0.01)


@torch.no_grad()
def test_a_constant_channel_stays_finite():
    norm, hidden = ActNorm(2), torch.randn(1, 2, 9)
    hidden[:, 1] = -11.5129
    mask = torch.ones(1, 1, 9, dtype=torch.bool)
    norm.initialise(hidden, mask)
    changed, log_det = norm(hidden, mask)
    assert changed.isfinite().all()
    assert changed[0, 1].abs().max() < 1e-2
    assert log_det.isfinite().all()


@torch.no_grad()
def test_padding_never_influences_what_is_real():
    flow, mel = make_flow(8, 4), make_mel(3, 8, 20)
    lengths = torch.tensor([20, 12, 7])
    latents, log_dets = flow(mel, lengths)  # padding is full of noise
    for item, length in enumerate(lengths.tolist()):
        latent, log_det = flow(mel[item : item + 1, :, :length], torch.tensor([length]))
        even = length // 2 * 2
        torch.testing.assert_close(latents[item : item + 1, :, :even], latent, atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(log_dets[item : item + 1], log_det, atol=1e-4, rtol=1e-5)
        assert (latents[item, :, even:] == 0).all()


def test_bounded_log_scales_stay_within_two():
    flow = make_flow(bounded_scale=True)
    coupling = flow.blocks[0].coupling
    coupling.end.bias.data.fill_(50.0)
    _, log_scale = coupling.shift_and_log_scale(torch.randn(1, 4, 5), torch.ones(1, 1, 5, dtype=torch.bool))
    assert log_scale.abs().max() <= 2


@torch.no_grad()
def test_autocast_leaves_the_flow_in_full_precision():
    flow, mel, lengths = make_flow(), make_mel(2, 4, 8), torch.tensor([8, 6])
    latent, log_det = flow(mel, lengths)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        same_latent, same_log_det = flow(mel, lengths)
        back = flow.inverse(latent, lengths)
    assert torch.equal(same_latent, latent)
    assert torch.equal(same_log_det, log_det)
    assert log_det.dtype == torch.float32
    torch.testing.assert_close(back, mel * length_mask(lengths).unsqueeze(1), atol=1e-4, rtol=0)
