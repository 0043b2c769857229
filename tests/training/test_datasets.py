"""Batches are a function of the seed and the position in the run."""

from itertools import islice

import torch

from speechlab.data.datasets import AcousticItem, EpochSampler, collate_acoustic


def test_a_sampler_started_later_goes_on_where_the_first_would_be():
    whole = list(islice(EpochSampler(23, 4, seed=1, lengths=range(23)), 30))
    assert list(islice(EpochSampler(23, 4, seed=1, lengths=range(23), start=13), 17)) == whole[13:]


def test_an_epoch_shows_each_item_once_and_the_next_in_another_order():
    sampler = EpochSampler(24, 4, seed=1)
    first, second = ([index for batch in sampler.epoch(number) for _, index in batch] for number in (0, 1))
    assert sorted(first) == sorted(second) == list(range(24)) and first != second


def test_lengths_bucket_the_batches():
    lengths = [7 * index % 101 for index in range(160)]
    spread = {}
    for name, given in (("bucketed", lengths), ("shuffled", None)):
        batches = EpochSampler(160, 8, 1, given).epoch(0)
        chosen = [[lengths[index] for _, index in batch] for batch in batches]
        spread[name] = sum(max(batch) - min(batch) for batch in chosen)
    assert spread["bucketed"] < 0.5 * spread["shuffled"]


def test_ranks_share_an_epoch_without_overlap():
    batches = [batch for rank in (0, 1) for batch in islice(EpochSampler(16, 4, 1, rank=rank, world_size=2), 2)]
    assert sorted(index for batch in batches for _, index in batch) == list(range(16))


def test_a_corpus_smaller_than_a_batch_is_repeated():
    (batch,) = islice(EpochSampler(3, 8, seed=1), 1)
    assert len(batch) == 8


def test_collation_pads_with_zeros():
    items = [AcousticItem(str(n), torch.arange(1, n + 1), torch.ones(80, 5 * n)) for n in (2, 3)]
    batch = collate_acoustic(items)
    assert batch.tokens.tolist() == [[1, 2, 0], [1, 2, 3]] and batch.mel.shape == (2, 80, 15)
    assert batch.mel[0, :, 10:].abs().sum() == 0 and batch.durations is None
