"""The forward-sum loss in both forms, and the binarisation loss."""

from itertools import combinations

import pytest
import torch
from torch.nn import functional as F

from speechlab.layers.alignment import hard_alignment
from speechlab.losses.alignment import binarisation_loss, exact_forward_sum, forward_sum_loss


def brute_force(log_scores):
    """-ln of the sum over all monotonic paths of one utterance, (frames, tokens)."""
    n_frames, n_tokens = log_scores.shape
    totals = []
    for cuts in combinations(range(1, n_frames), n_tokens - 1):
        bounds = torch.tensor([0, *cuts, n_frames])
        tokens = torch.repeat_interleave(torch.arange(n_tokens), bounds.diff())
        totals.append(log_scores[torch.arange(n_frames), tokens].sum())
    return -torch.stack(totals).logsumexp(0)


@pytest.mark.parametrize(("n_tokens", "n_frames"), [(1, 3), (2, 2), (2, 7), (3, 8), (4, 8)])
def test_exact_forward_sum_equals_brute_force(n_tokens, n_frames):
    log_scores = torch.randn(1, n_frames, n_tokens, generator=torch.Generator().manual_seed(n_frames))
    value = exact_forward_sum(log_scores, torch.tensor([n_tokens]), torch.tensor([n_frames]))
    assert value.item() == pytest.approx(brute_force(log_scores[0]).item(), abs=1e-4)


def test_ctc_without_its_blank_equals_the_exact_sum():
    generator = torch.Generator().manual_seed(0)
    lengths, mel_lengths = torch.tensor([5, 3]), torch.tensor([12, 9])
    log_scores = torch.randn(2, 12, 5, generator=generator)
    log_scores[1, :, 3:] = -1e4
    log_scores = F.log_softmax(log_scores, 2)
    exact = exact_forward_sum(log_scores, lengths, mel_lengths) / lengths
    value = forward_sum_loss(log_scores, lengths, mel_lengths, blank_logit=-1e4)
    assert value.item() == pytest.approx(exact.mean().item(), rel=1e-5)
    assert forward_sum_loss(log_scores, lengths, mel_lengths).item() < value.item()  # a blank only adds paths


def test_padding_changes_neither_form_and_gets_no_gradient():
    log_scores = F.log_softmax(torch.randn(1, 9, 4, generator=torch.Generator().manual_seed(2)), 2)
    padded = torch.full((1, 15, 7), -1e4)
    padded[:, :9, :4] = log_scores
    padded.requires_grad_()
    lengths, mel_lengths = torch.tensor([4]), torch.tensor([9])
    for loss in (forward_sum_loss, exact_forward_sum):
        value = loss(padded, lengths, mel_lengths).sum()
        assert value.item() == pytest.approx(loss(log_scores, lengths, mel_lengths).sum().item(), rel=1e-5)
        (gradient,) = torch.autograd.grad(value, padded)
        assert gradient.isfinite().all()
        assert gradient[:, 9:].abs().max() == 0
        assert gradient[:, :, 4:].abs().max() < 1e-6


def test_binarisation_loss_vanishes_when_soft_is_hard():
    hard = hard_alignment(torch.tensor([[2, 3, 1], [1, 2, 0]]))
    assert binarisation_loss(hard.float(), hard).item() == 0
    half = torch.full(hard.shape, 0.5)
    assert binarisation_loss(half, hard).item() == pytest.approx(0.6931, abs=1e-4)
