"""The gradient study: each run differs in one respect, what goes wrong is counted, and the verdict follows it."""

from dataclasses import asdict, replace

import numpy as np
import pytest
import torch
from studies import gradients as gradient_study
from studies.gradients import CAUSES, SOUND, HalfFlow, Trace, load_items, run, verdict

from speechlab.data.embedded import rendering as embedded
from speechlab.data.embedded.rendering import EmbeddedVoice
from speechlab.layers.flows import Flow

pytestmark = pytest.mark.slow

STEPS = 4


@pytest.fixture(scope="module")
def items(tmp_path_factory):
    """Ten clips by both front ends, and a model small enough for a test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPEECHLAB_DATA", str(tmp_path_factory.mktemp("study")))
        patch.setattr(embedded, "VOICES", {"ru": (EmbeddedVoice("ru", 20, 2, 150),)})
        patch.setattr(gradient_study, "SIZES", gradient_study.SIZES | {"n_flows": 2, "flow_channels": 16})
        yield {front_end: load_items(front_end) for front_end in (False, True)}


def trace_of(norms, likelihoods) -> Trace:
    return Trace(np.array(norms, float), np.array(likelihoods, float), np.full(len(norms), 1e-3), [])


def test_every_cause_is_one_difference():
    for cause in CAUSES:
        differences = [name for name, value in asdict(cause.conditions).items() if value != asdict(SOUND)[name]]
        assert len(differences) == 1, cause.name


@pytest.mark.parametrize("cause", CAUSES, ids=lambda cause: cause.name)
def test_every_cause_runs(cause, items):
    trace = run(cause.conditions, STEPS, items=items[cause.conditions.report_front_end])
    assert np.isfinite(trace.likelihood).all() and np.isfinite(trace.gradient_norm).all() and not trace.n_skipped
    assert trace.likelihood[-1] < trace.likelihood[0]


def test_a_run_repeats(items):
    first, second = (run(SOUND, STEPS, items=items[False]) for _ in range(2))
    assert np.array_equal(first.gradient_norm, second.gradient_norm)
    assert np.array_equal(first.learning_rate, [2e-3 * min(step, step**-0.5) for step in range(1, STEPS + 1)])


def test_counting_epochs_holds_the_learning_rate_down(items):
    conditions = replace(SOUND, schedule_by_epoch=True, batch_size=2)
    rates = run(conditions, 12, items=items[False]).learning_rate  # five batches make an epoch, three steps warm up
    assert rates == pytest.approx([2e-3 / 3] * 5 + [4e-3 / 3] * 5 + [2e-3] * 2)


def test_the_health_panel_names_a_rate_held_down(items):
    held_down = replace(CAUSES[0].conditions, batch_size=2)
    assert "learning rate has reached 25 % of its peak" in run(held_down, 16, items=items[False]).health
    assert "learning rate" not in run(replace(held_down, schedule_by_epoch=False), 16, items=items[False]).health


def test_the_reports_front_end_has_its_floor_and_ours_does_not(items):
    assert min(float(item.mel.min()) for item in items[True]) == -4.0
    assert min(float(item.mel.min()) for item in items[False]) < -11
    assert max(float((item.mel == -4).float().mean()) for item in items[True]) > 0.02


def test_a_half_flow_is_the_same_flow_until_its_log_determinant_overflows():
    torch.manual_seed(0)
    flow, lengths = Flow(8, 2, hidden_channels=8, kernel_size=3, n_layers=1, dropout=0.0), torch.tensor([64])
    mel = torch.randn(1, 8, 64)
    flow.initialise(mel, lengths)
    latent, log_det = flow(mel, lengths)
    flow.__class__ = HalfFlow
    rounded, half_log_det = flow(mel, lengths)
    assert half_log_det.dtype == torch.float16
    assert torch.allclose(rounded, latent, atol=0.02) and not torch.equal(rounded, latent)
    assert half_log_det.item() == pytest.approx(log_det.item(), rel=1e-2, abs=0.5)
    flow.blocks[
        0
    ].norm.log_scale.data -= 200.0  # in 16 channels, over 32 pairs of frames: 102 400, and fp16 ends at 65504
    assert torch.isneginf(flow(mel, lengths)[1]).all()


def test_steps_that_are_not_finite_are_counted_and_reported(items, monkeypatch):
    def broken(model, optimiser, batches, conditions):
        return float("inf"), float("nan")

    monkeypatch.setattr(gradient_study, "take_step", broken)
    trace = run(SOUND, STEPS, items=items[False])
    assert trace.n_skipped == STEPS and np.isnan(trace.last_likelihood) and trace.worst_jump == 0
    assert [(finding.step, finding.level) for finding in trace.findings] == [(1, "error")]
    assert "4 of 4 steps were not finite" in verdict(CAUSES[3].name, trace, trace_of([1] * 4, [0] * 4))


def test_the_verdict_says_what_shows_and_why_something_may_not():
    name, sound = CAUSES[1].name, trace_of([1.0] * 20, np.linspace(1, 0, 20))
    assert "does not show in 20 steps" in verdict(name, sound, sound) and CAUSES[1].caveat in verdict(
        name, sound, sound
    )
    slow = trace_of([3.0] * 20, np.linspace(1, 0.5, 20))
    assert "L_mle ended at 0.5" in verdict(name, slow, sound) and "stayed at 3 instead of 1" in verdict(
        name, slow, sound
    )
    jump = trace_of([1.0] * 19 + [9.0], np.linspace(1, 0, 20))
    assert "jumped to 9.0 times" in verdict(name, jump, sound)
