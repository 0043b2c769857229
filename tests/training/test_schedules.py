"""Learning-rate schedules at the steps where they turn."""

import pytest

from speechlab.config import OptimiserConfig
from speechlab.training.schedules import learning_rate


def rates(schedule, steps, total=10_000, steps_per_epoch=100, **settings):
    config = OptimiserConfig(learning_rate=1e-3, schedule=schedule, **settings)
    return [learning_rate(step, config, total, steps_per_epoch) for step in steps]


def test_noam_rises_for_the_warm_up_and_falls_with_the_square_root():
    assert rates("noam", [1, 400, 1600], warmup_steps=400) == pytest.approx([1e-3 / 400, 1e-3, 0.5e-3])


def test_exponential_falls_once_an_epoch():
    assert rates("exponential", [1, 100, 101, 201], decay=0.999) == pytest.approx([1e-3, 1e-3, 0.999e-3, 0.998001e-3])


def test_exponential_may_count_in_steps_and_warm_up():
    settings = dict(decay=0.995, decay_every=200, warmup_steps=400)
    assert rates("exponential", [1, 200, 201, 400, 601], **settings) == pytest.approx(
        [1e-3 / 400, 0.5e-3, 0.995e-3 * 201 / 400, 0.995e-3, 0.995**3 * 1e-3]
    )


def test_cosine_ends_at_zero():
    first, peak, middle, last = rates("cosine", [50, 100, 5050, 10_000], warmup_steps=100)
    assert (first, peak, middle) == pytest.approx((0.5e-3, 1e-3, 0.5e-3)) and last == pytest.approx(0, abs=1e-12)


def test_constant_stays():
    assert rates("constant", [1, 10_000]) == [1e-3, 1e-3]
