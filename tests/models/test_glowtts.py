"""GlowTTS: sizes, padding, alignment, what generation keeps, precision, and one batch learned by heart."""

import pytest
import torch

from speechlab.errors import SpeechlabError
from speechlab.layers.masks import length_mask
from speechlab.losses.flow import flow_losses
from speechlab.models import build
from speechlab.models.glowtts import GlowTTS, expand, intersperse_blanks, most_likely_durations, without_blanks

TINY = dict(
    n_mels=8,
    channels=16,
    encoder_layers=2,
    filter_channels=32,
    predictor_channels=16,
    n_flows=3,
    flow_channels=16,
    flow_layers=2,
)


def make_model(**sizes) -> GlowTTS:
    """Build a small model as it is after some training: prenet, couplings and norms all do something."""
    torch.manual_seed(0)
    model = GlowTTS(20, **TINY | sizes).eval()
    torch.nn.init.normal_(model.prenet.projection.weight, std=0.2)
    for block in model.flow.blocks:
        torch.nn.init.normal_(block.coupling.end.weight, std=0.2)
    for module in model.modules():  # trained norms have a bias, which is what would leak from padding
        if isinstance(module, torch.nn.LayerNorm):
            torch.nn.init.uniform_(module.bias, -1, 1)
    with torch.no_grad():
        model.duration_predictor.projection.bias.fill_(1.8)  # about six frames a token
    return model


def make_batch():
    torch.manual_seed(1)
    tokens = torch.tensor([[3, 7, 1, 12, 5, 9], [4, 2, 8, 6, 0, 0]])
    return tokens, torch.tensor([6, 4]), 2 * torch.randn(2, 8, 25) - 5, torch.tensor([25, 14])


@pytest.mark.parametrize(("sizes", "parameters"), [({}, 28_624_081), ({"window": 0}, 28_613_713)])
def test_sizes_are_those_of_the_reference(sizes, parameters):
    with torch.device("meta"):
        model = build("glowtts", n_symbols=149, **sizes)  # 148 symbols and the blank
    assert sum(parameter.numel() for parameter in model.parameters()) == parameters


def test_blanks_stand_before_between_and_after():
    tokens, lengths = intersperse_blanks(torch.tensor([[3, 7, 1], [4, 0, 0]]), torch.tensor([3, 1]), blank=9)
    assert tokens.tolist() == [[9, 3, 9, 7, 9, 1, 9], [9, 4, 9, 0, 0, 0, 0]]
    assert lengths.tolist() == [7, 3]


def test_a_blank_belongs_to_both_its_neighbours():
    durations = torch.tensor([2, 5, 1, 4, 0, 3, 1])  # blanks at even places
    assert without_blanks(durations).tolist() == [7.5, 4.5, 4.0]
    assert without_blanks(durations[:3]).tolist() == [8.0]


@torch.no_grad()
def test_mels_are_standardised_on_their_way_into_the_flow_and_back_again():
    plain, standardising, (tokens, lengths, mel, mel_lengths) = make_model(), make_model(), make_batch()
    mean, std = torch.linspace(-6, -3, 8), torch.linspace(0.5, 2, 8)
    standardising.set_mel_statistics(mean, std)
    standard = (mel - mean.unsqueeze(1)) / std.unsqueeze(1)
    outputs = standardising(tokens, lengths, mel, mel_lengths), plain(tokens, lengths, standard, mel_lengths)
    torch.testing.assert_close(outputs[0].latent, outputs[1].latent)
    spoken, frames = standardising.generate(tokens[:1], lengths[:1], 0.0), plain.generate(tokens[:1], lengths[:1], 0.0)
    torch.testing.assert_close(spoken.mel, frames.mel * std.unsqueeze(1) + mean.unsqueeze(1))


@torch.no_grad()
def test_the_path_is_monotonic_and_covers_every_frame():
    output = make_model()(*make_batch())
    tokens_mask = length_mask(torch.tensor([6, 4]))
    assert output.durations.sum(1).tolist() == [24, 14]  # an odd last frame is left out
    assert (output.durations[tokens_mask] >= 1).all()
    assert (output.durations[~tokens_mask] == 0).all()
    assert output.latent.shape == output.latent_mean.shape == (2, 8, 24)


@torch.no_grad()
def test_the_path_is_the_most_likely_one():
    latent, means = torch.randn(1, 3, 6, generator=torch.Generator().manual_seed(2)), torch.randn(1, 3, 3)
    found = most_likely_durations(latent, means, torch.tensor([3]), torch.tensor([6]))
    every = [torch.tensor([[a, b, 6 - a - b]]) for a in range(1, 5) for b in range(1, 6 - a)]
    distances = {tuple(path[0].tolist()): (latent - expand(means, path)).square().sum().item() for path in every}
    assert tuple(found[0].tolist()) == min(distances, key=distances.get)


def test_too_few_frames_are_refused():
    tokens, lengths, mel, _ = make_batch()
    with pytest.raises(SpeechlabError, match="4 frames for 6 tokens"):
        make_model()(tokens, lengths, mel, torch.tensor([5, 14]))


@torch.no_grad()
@pytest.mark.parametrize("window", [0, 4])
def test_padding_never_influences_what_is_real(window):
    model, (tokens, lengths, mel, mel_lengths) = make_model(window=window), make_batch()
    tokens = tokens + (tokens == 0) * 11  # what lies on padding must not matter
    together, spoken = model(tokens, lengths, mel, mel_lengths), model.generate(tokens, lengths, 0.0)
    alone = model(tokens[1:, :4], lengths[1:], mel[1:, :, :14], mel_lengths[1:])
    spoken_alone = model.generate(tokens[1:, :4], lengths[1:], 0.0)
    close = dict(atol=2e-5, rtol=1e-4)
    torch.testing.assert_close(together.latent[1:, :, :14], alone.latent, **close)
    torch.testing.assert_close(together.latent_mean[1:, :, :14], alone.latent_mean, **close)
    torch.testing.assert_close(together.log_det[1:], alone.log_det, **close)
    torch.testing.assert_close(together.log_durations[1:, :4], alone.log_durations, **close)
    assert torch.equal(together.durations[1:, :4], alone.durations)
    frames = int(spoken_alone.mel_lengths)
    assert torch.equal(spoken.durations[1:, :4], spoken_alone.durations)
    torch.testing.assert_close(spoken.mel[1:, :, :frames], spoken_alone.mel, **close)
    for padding in (together.latent[1, :, 14:], together.latent_mean[1, :, 14:], spoken.mel[1, :, frames:]):
        assert (padding == 0).all()
    assert (together.log_durations[1, 4:] == 0).all()


def test_generation_without_noise_is_always_the_same():
    model, (tokens, lengths, *_) = make_model(), make_batch()
    first, second = model.generate(tokens, lengths, 0.0), model.generate(tokens, lengths, 0.0)
    assert torch.equal(first.mel, second.mel)
    assert first.mel.isfinite().all()
    assert not torch.equal(model.generate(tokens, lengths, 0.5).mel, first.mel)
    for wrong in (-0.1, float("nan"), float("inf")):
        with pytest.raises(SpeechlabError, match="noise_scale must be 0 or more"):
            model.generate(tokens, lengths, wrong)


def test_the_flow_maps_generated_mels_back_to_their_means():
    model, (tokens, lengths, *_) = make_model(), make_batch()
    spoken = model.generate(tokens, lengths, 0.0)
    latent, _ = model.flow(spoken.mel, spoken.mel_lengths)
    torch.testing.assert_close(latent, expand(model.encode(tokens, lengths)[0], spoken.durations), atol=1e-4, rtol=0)


def test_pace_divides_the_length():
    model, (tokens, lengths, *_) = make_model(), make_batch()
    natural = model.generate(tokens, lengths, 0.0)
    mask = length_mask(lengths)
    published = (natural.log_durations.exp().ceil() * mask).sum(1)
    for pace in (0.5, 1.0, 1.1, 2.0):
        output = model.generate(tokens, lengths, 0.0, pace)
        assert torch.equal(output.mel_lengths, output.durations.sum(1))
        assert (output.mel_lengths % 2 == 0).all()
        assert ((output.mel_lengths - published / pace).abs() <= 1.5).all()  # half a rounding, one to be even
        assert output.mel.shape[2] == output.mel_lengths.max()
        assert (output.durations[~mask] == 0).all()
    with pytest.raises(SpeechlabError, match="pace must be above 0"):
        model.generate(tokens, lengths, 0.0, 0.0)


def test_durations_leave_the_encoder_alone_and_the_alignment_has_no_gradient():
    model, batch = make_model(), make_batch()
    output = model(*batch)
    output.log_durations.sum().backward()
    assert model.embedding.weight.grad is None
    flow_losses(output)["negative_log_likelihood"].backward()
    assert model.embedding.weight.grad.abs().sum() > 0


@torch.no_grad()
def test_autocast_keeps_the_likelihood_in_full_precision():
    model, batch = make_model(), make_batch()
    plain = model(*batch)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        output = model(*batch)
        losses = flow_losses(output)
        spoken = model.generate(*batch[:2], 0.0)
    assert torch.equal(output.log_det, plain.log_det)
    assert torch.equal(output.latent, plain.latent)
    for value in (output.latent_mean, output.log_durations, *losses.values(), spoken.mel):
        assert value.dtype == torch.float32
    expected = flow_losses(plain)["negative_log_likelihood"]
    torch.testing.assert_close(losses["negative_log_likelihood"], expected, rtol=0.02, atol=0)


def test_one_batch_is_overfitted():
    torch.manual_seed(0)
    tokens, lengths, mel, mel_lengths = make_batch()
    model = GlowTTS(20, **TINY, dropout=0.0, flow_dropout=0.0)
    model.prenet.dropout.p = 0.0
    model.initialise(mel, mel_lengths)
    optimiser = torch.optim.Adam(model.parameters(), 3e-3)
    curve = []
    for _ in range(120):
        losses = flow_losses(model(tokens, lengths, mel, mel_lengths))
        optimiser.zero_grad()
        sum(losses.values()).backward()
        optimiser.step()
        curve.append(losses["negative_log_likelihood"].item())
    assert curve[-1] < curve[0] - 1.0
    assert losses["duration"] < 0.1
