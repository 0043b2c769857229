"""FastSpeech and FastSpeech 2: length regulation, padding, controls, sizes, and one batch learned by heart."""

import math

import pytest
import torch

from speechlab.errors import SpeechlabError
from speechlab.layers.masks import length_mask
from speechlab.layers.transformer import FeedForwardTransformerBlock, sinusoids
from speechlab.losses.acoustic import acoustic_losses
from speechlab.models.fastspeech import (
    Controls,
    FastSpeech,
    FastSpeech2,
    PostNet,
    VariancePredictor,
    regulate_length,
    whole_durations,
)

TINY = dict(n_mels=8, channels=16, encoder_layers=2, decoder_layers=2, filter_channels=32, predictor_channels=16)
STATISTICS = dict(pitch_mean=5.0, pitch_std=0.25, energy_mean=30.0, energy_std=12.0)


def count(model) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def make_model(kind=FastSpeech2, seed: int = 0, **sizes):
    torch.manual_seed(seed)
    statistics = STATISTICS if kind is FastSpeech2 else {}
    model = kind(20, **TINY, **statistics, **sizes).eval()
    with torch.no_grad():
        model.duration_predictor.projection.bias.fill_(1.2)  # some frames a token, so that there is something to hear
    return model


def make_batch():
    tokens = torch.tensor([[3, 7, 1, 12, 5, 9], [4, 2, 8, 6, 0, 0]])
    durations = torch.tensor([[2, 3, 0, 4, 1, 5], [3, 1, 2, 4, 0, 0]])
    generator = torch.Generator().manual_seed(0)
    lengths = torch.tensor([6, 4])
    mask = length_mask(lengths, 6)
    pitch, energy = torch.randn(2, 2, 6, generator=generator) * mask
    return tokens, lengths, durations, pitch, energy


def test_sizes_are_those_of_the_reference():
    assert count(FeedForwardTransformerBlock()) == 2_886_912
    assert count(VariancePredictor(256)) == 395_009
    assert count(PostNet()) == 4_348_144
    reference = FastSpeech2(361, decoder_layers=6)
    assert count(reference) == 34_646_339
    assert count(FastSpeech2(361, postnet=False)) == 24_524_371


def test_sinusoids_follow_the_formula():
    table = sinusoids(50, 12)
    assert table[17, 4].item() == pytest.approx(math.sin(17 / 10_000 ** (4 / 12)), abs=1e-6)
    assert table[17, 5].item() == pytest.approx(math.cos(17 / 10_000 ** (4 / 12)), abs=1e-6)


def test_length_regulator_equals_the_loop():
    generator = torch.Generator().manual_seed(0)
    hidden = torch.randn(4, 9, 3, generator=generator)
    durations = torch.randint(0, 5, (4, 9), generator=generator)
    durations[2] = 0
    frames, mask = regulate_length(hidden, durations)
    for item in range(4):
        rows = [hidden[item, token] for token in range(9) for _ in range(durations[item, token])]
        assert mask[item].sum() == len(rows)
        if rows:
            assert torch.equal(frames[item, : len(rows)], torch.stack(rows))
        assert frames[item, len(rows) :].abs().sum() == 0


def test_negative_durations_are_refused():
    with pytest.raises(SpeechlabError, match="smallest given is -1"):
        regulate_length(torch.zeros(1, 2, 3), torch.tensor([[2, -1]]))


@pytest.mark.parametrize("pace", [0.5, 0.8, 1.0, 1.1, 1.7, 2.0])
def test_rounding_is_carried_so_that_pace_is_kept(pace):
    frames = torch.rand(3, 60, generator=torch.Generator().manual_seed(1)) * 6 / pace
    mask = length_mask(torch.tensor([60, 33, 1]), 60)
    durations = whole_durations(frames, mask)
    assert (durations >= 0).all()
    assert (durations[~mask] == 0).all()
    totals = (frames * mask).sum(1)
    assert ((durations.sum(1) - totals).abs() <= 1).all()


def test_nothing_to_say_still_lasts_one_frame():
    mask = length_mask(torch.tensor([3]), 5)
    for carry in (True, False):
        assert whole_durations(torch.zeros(1, 5), mask, carry).sum() == 1


@pytest.mark.parametrize("kind", [FastSpeech, FastSpeech2])
@pytest.mark.parametrize("pre_norm", [False, True])
@pytest.mark.parametrize("kernel_sizes", [(9, 1), (3, 3)])
def test_padding_never_influences_what_is_real(kind, pre_norm, kernel_sizes):
    model = make_model(kind, pre_norm=pre_norm, kernel_sizes=kernel_sizes)
    for module in model.modules():  # trained norms have a bias, which is what would leak
        if isinstance(module, torch.nn.LayerNorm | torch.nn.BatchNorm1d):
            torch.nn.init.uniform_(module.bias, -1, 1)
    tokens, lengths, durations, pitch, energy = (part[1:] for part in make_batch())
    n_tokens, n_frames = int(lengths), int(durations.sum())
    alone = model(tokens[:, :n_tokens], lengths, durations[:, :n_tokens], pitch[:, :n_tokens], energy[:, :n_tokens])
    longer = torch.tensor([[1, 2, 3, 4, 5, 6, 7, 8]])
    many = torch.full((1, 8), 5)

    def pad(part, filler):
        return torch.cat([torch.nn.functional.pad(part[:, :n_tokens], (0, 4)), filler])

    batch = model(
        pad(tokens, longer),
        torch.tensor([n_tokens, 8]),
        pad(durations, many),
        pad(pitch, torch.zeros(1, 8)),
        pad(energy, torch.zeros(1, 8)),
    )
    free, free_batch = model(tokens[:, :n_tokens], lengths), model(pad(tokens, longer), torch.tensor([n_tokens, 8]))
    for short, long in ((alone, batch), (free, free_batch)):
        n_frames = int(short.mel_lengths)
        assert long.mel_lengths[0] == n_frames
        torch.testing.assert_close(long.mel[:1, :, :n_frames], short.mel, atol=2e-5, rtol=1e-4)
        torch.testing.assert_close(long.mel_postnet[:1, :, :n_frames], short.mel_postnet, atol=2e-5, rtol=1e-4)
        torch.testing.assert_close(long.log_durations[:1, :n_tokens], short.log_durations, atol=2e-5, rtol=1e-4)
        assert long.mel_postnet[:1, :, n_frames:].abs().sum() == 0
        if kind is FastSpeech2:
            torch.testing.assert_close(long.energy[:1, :n_tokens], short.energy, atol=2e-5, rtol=1e-4)


def test_pitch_control_multiplies_hertz_and_nothing_else():
    model, (tokens, lengths, *_) = make_model(), make_batch()
    plain, higher = model(tokens, lengths), model(tokens, lengths, controls=Controls(pitch=1.2))
    mask = length_mask(lengths, 6)

    def hertz(output):
        return (output.pitch * model.pitch_std + model.pitch_mean).exp()[mask]

    torch.testing.assert_close(hertz(higher), 1.2 * hertz(plain))
    assert torch.equal(higher.durations, plain.durations)
    assert torch.equal(higher.energy, plain.energy)
    assert not torch.allclose(higher.mel, plain.mel)


def test_energy_control_multiplies_magnitude_and_nothing_else():
    model, (tokens, lengths, *_) = make_model(), make_batch()
    plain, louder = model(tokens, lengths), model(tokens, lengths, controls=Controls(energy=1.5))
    mask = length_mask(lengths, 6)

    def magnitude(output):
        return (output.energy * model.energy_std + model.energy_mean)[mask]

    torch.testing.assert_close(magnitude(louder), 1.5 * magnitude(plain))
    assert torch.equal(louder.durations, plain.durations)
    assert torch.equal(louder.pitch, plain.pitch)


@pytest.mark.parametrize("kind", [FastSpeech, FastSpeech2])
def test_pace_divides_the_length_and_nothing_else(kind):
    model, (tokens, lengths, *_) = make_model(kind), make_batch()
    plain = model(tokens, lengths)
    predicted = (plain.log_durations.expm1() * length_mask(lengths, 6)).sum(1)
    for pace in (0.5, 1.1, 2.0):
        output = model(tokens, lengths, controls=Controls(pace=pace))
        assert ((output.mel_lengths - predicted / pace).abs() <= 1).all()
        assert torch.equal(output.mel_lengths, output.durations.sum(1))
        if kind is FastSpeech2:
            assert torch.equal(output.pitch, plain.pitch)
            assert torch.equal(output.energy, plain.energy)


def test_controls_per_token_touch_their_tokens():
    model, (tokens, lengths, durations, *_) = make_model(), make_batch()
    plain = model(tokens, lengths, durations)
    output = model(tokens, lengths, durations, controls=Controls(pitch=[1, 1, 1.3, 1, 1, 1], energy=torch.ones(2, 6)))
    changed = (output.pitch - plain.pitch).abs() > 1e-6
    assert changed.nonzero().tolist() == [[0, 2], [1, 2]]
    slower = model(tokens, lengths, controls=Controls(pace=[1, 1, 1, 0.25, 1, 1]))
    assert (slower.durations[:, 3] > 2 * model(tokens, lengths).durations[:, 3]).all()


@pytest.mark.parametrize("controls", [Controls(pace=0), Controls(pitch=-1.0), Controls(energy=[1.0, 2.0])])
def test_impossible_controls_are_refused(controls):
    model, (tokens, lengths, *_) = make_model(), make_batch()
    with pytest.raises(SpeechlabError, match="must be above 0|factors of shape"):
        model(tokens, lengths, controls=controls)


def test_the_linear_pitch_of_the_reference_scales_in_hertz_too():
    model = FastSpeech2(20, **TINY, pitch_mean=200.0, pitch_std=50.0, log_pitch=False)
    scaled = model.scale_pitch(torch.tensor([[1.0, -1.0]]), 1.2, torch.ones(1, 2, dtype=torch.bool))
    torch.testing.assert_close(scaled * 50 + 200, torch.tensor([[300.0, 180.0]]))


def test_predictors_only_read_the_encoder_unless_attached():
    for attached in (False, True):
        model, (tokens, lengths, durations, pitch, energy) = make_model(attached_predictors=attached), make_batch()
        output = model(tokens, lengths, durations, pitch, energy)
        (output.log_durations.sum() + output.pitch.sum() + output.energy.sum()).backward()
        assert (model.embedding.weight.grad is not None) == attached


def test_utterances_longer_than_the_position_table_are_spoken_whole():
    model = make_model(FastSpeech)
    output = model(torch.ones(1, 1, dtype=torch.long), torch.tensor([1]), torch.tensor([[2500]]))
    assert output.mel.shape == (1, 8, 2500)
    assert output.mel.isfinite().all()


def test_an_untrained_predictor_cannot_exhaust_the_memory():
    model, (tokens, lengths, *_) = make_model(FastSpeech), make_batch()
    with torch.no_grad():
        model.duration_predictor.projection.bias.fill_(50.0)
    assert model(tokens, lengths).mel_lengths.max() <= 6 * math.exp(6)


@pytest.mark.parametrize("kind", [FastSpeech, FastSpeech2])
def test_one_batch_is_overfitted(kind):
    torch.manual_seed(0)
    tokens, lengths, durations, pitch, energy = make_batch()
    model = kind(20, **TINY, dropout=0.0, predictor_dropout=0.0, postnet=False, pre_norm=True)
    token_mask, frame_mask = length_mask(lengths, 6), length_mask(durations.sum(1))
    mel = torch.randn(2, 8, frame_mask.shape[1], generator=torch.Generator().manual_seed(3)) * 2 - 5
    model.set_mel_statistics(torch.full((8,), -5.0), torch.full((8,), 2.0))
    optimiser = torch.optim.Adam(model.parameters(), 1e-2)
    for _ in range(200):
        losses = acoustic_losses(
            model(tokens, lengths, durations, pitch, energy), mel, durations, token_mask, frame_mask, pitch, energy
        )
        optimiser.zero_grad()
        sum(losses.values()).backward()
        optimiser.step()
    assert losses["mel"] < 0.15
    assert losses["duration"] < 0.01
    expected = {"mel", "duration"} | ({"pitch", "energy"} if kind is FastSpeech2 else set())
    assert set(losses) == expected
