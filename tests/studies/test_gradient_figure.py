"""The figure of the gradient study: five panels of two curves, on common axes."""

import numpy as np
import pytest
from studies.gradient_figure import show_gradient_study
from studies.gradients import CAUSES, Trace

from speechlab.training.health import Finding


@pytest.fixture
def traces():
    """Made-up runs: one jumps and is found out, one has a gap."""
    steps = np.arange(30)
    remedied = Trace(np.full(30, 2.0), 1 - steps / 30, np.full(30, 1e-3), [])
    jumping = Trace(np.where(steps == 20, 80.0, 2.0), 1 - steps / 60, np.full(30, 1e-3), [])
    jumping.findings.append(Finding(21, "warning", "gradient_norm/acoustic jumped to 80", "lower the learning rate"))
    gaps = Trace(np.where(steps % 3, 2.0, np.nan), np.where(steps % 3, 1.0, np.nan), np.full(30, 1e-3), [])
    return {cause.name: (run, remedied) for cause, run in zip(CAUSES, [jumping, gaps, *[remedied] * 3], strict=True)}


def test_every_cause_has_two_curves_and_says_what_the_panel_says(traces):
    plot = show_gradient_study(traces)
    panels = np.array(plot.axes).reshape(5, 2)
    for (name, _), (left, right) in zip(traces.items(), panels, strict=True):
        curves = [line for line in left.lines if len(line.get_xdata()) == 30]
        assert len(curves) == len(right.lines) == 2 and left.get_yscale() == "log"
        assert left.get_title(loc="left").startswith(name)
        assert left.get_ylim() == panels[0, 0].get_ylim() and right.get_ylim() == panels[0, 1].get_ylim()
    assert "jumped to 80" in " ".join(panels[0, 0].get_title(loc="left").split())
    assert plot.encoded().startswith(b"\x89PNG")


def test_runs_without_a_finite_step_are_drawn():
    nothing = Trace(*np.full((3, 5), np.nan), findings=[])
    assert show_gradient_study({CAUSES[0].name: (nothing, nothing)}).encoded()
