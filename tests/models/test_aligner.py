"""The aligner: its prior, its distances, its size, padding, and one batch learned by heart."""

import pytest
import torch
from scipy.stats import betabinom

from speechlab.layers.alignment import frame_tokens
from speechlab.losses.alignment import binarisation_loss, forward_sum_loss
from speechlab.models.aligner import Aligner, beta_binomial_prior, log_beta_binomial_prior, squared_distances


def make_batch(seed: int = 0):
    """Two synthetic utterances whose every symbol has its own mel column, with the true durations."""
    generator = torch.Generator().manual_seed(seed)
    colours = torch.randn(12, 20, generator=generator) * 2 - 5
    tokens = torch.tensor([[1, 5, 2, 7, 3, 9, 4], [6, 2, 8, 1, 11, 0, 0]])
    lengths = torch.tensor([7, 5])
    durations = torch.tensor([[3, 6, 2, 9, 4, 5, 3], [4, 7, 3, 5, 6, 0, 0]])
    index, mask = frame_tokens(durations)
    mel = colours[tokens.gather(1, index)] + 0.1 * torch.randn(*index.shape, 20, generator=generator)
    return (mel * mask.unsqueeze(2)).transpose(1, 2), mask.sum(1), tokens, lengths, durations


def count(model) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


@pytest.mark.parametrize(("key_kernel", "expected"), [(3, 492_688), (1, 230_544)])
def test_parameter_counts(key_kernel, expected):
    aligner = Aligner(100, key_kernel=key_kernel)
    assert count(aligner) - count(aligner.embedding) == expected


def test_the_prior_is_the_beta_binomial_distribution():
    prior = beta_binomial_prior(6, 15)
    frame = torch.arange(1, 16).numpy()[:, None]
    expected = betabinom.pmf(torch.arange(6).numpy(), 5, frame, 15 - frame + 1)
    torch.testing.assert_close(prior, torch.from_numpy(expected).float(), atol=1e-6, rtol=1e-4)
    torch.testing.assert_close(prior.sum(1), torch.ones(15), atol=1e-5, rtol=0)


def test_the_prior_of_a_batch_is_that_of_each_utterance():
    lengths, mel_lengths = torch.tensor([9, 4, 1]), torch.tensor([30, 22, 5])
    batch = log_beta_binomial_prior(lengths, mel_lengths)
    for item, (n_tokens, n_frames) in enumerate(zip(lengths.tolist(), mel_lengths.tolist(), strict=True)):
        alone = beta_binomial_prior(n_tokens, n_frames)
        torch.testing.assert_close(batch[item, :n_frames, :n_tokens].exp(), alone)
        assert (batch[item, :, n_tokens:] == -1e4).all()
    assert batch.isfinite().all()


def test_distances_are_those_of_the_plain_formula():
    generator = torch.Generator().manual_seed(0)
    queries, keys = torch.randn(2, 7, 5, generator=generator), torch.randn(2, 3, 5, generator=generator)
    expected = (queries.unsqueeze(2) - keys.unsqueeze(1)).square().sum(3)
    torch.testing.assert_close(squared_distances(queries, keys), expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("key_kernel", [1, 3])
def test_padding_does_not_reach_the_alignment(key_kernel):
    torch.manual_seed(0)
    aligner = Aligner(12, n_mels=20, channels=16, key_kernel=key_kernel)
    mel, mel_lengths, tokens, lengths, _ = make_batch()
    batch = aligner(mel, mel_lengths, tokens, lengths)
    n_frames, n_tokens = int(mel_lengths[1]), int(lengths[1])
    alone = aligner(mel[1:, :, :n_frames], mel_lengths[1:], tokens[1:, :n_tokens], lengths[1:])
    torch.testing.assert_close(batch.soft[1:, :n_frames, :n_tokens], alone.soft, atol=1e-5, rtol=1e-4)
    assert torch.equal(batch.durations[1:, :n_tokens], alone.durations)
    assert torch.equal(batch.durations.sum(1), mel_lengths)


def test_one_batch_is_learned_and_the_true_durations_found():
    torch.manual_seed(0)
    aligner = Aligner(12, n_mels=20, channels=32)
    mel, mel_lengths, tokens, lengths, durations = make_batch()
    optimiser = torch.optim.Adam(aligner.parameters(), 3e-3)
    for step in range(150):
        output = aligner(mel, mel_lengths, tokens, lengths)
        loss = forward_sum_loss(output.log_scores, lengths, mel_lengths)
        if step > 75:
            loss = loss + binarisation_loss(output.soft, output.hard)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert output.soft.amax(2).mean() > 0.8
    boundaries, expected = output.durations.cumsum(1), durations.cumsum(1)
    assert (boundaries - expected).abs().max() <= 1
