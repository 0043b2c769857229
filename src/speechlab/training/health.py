"""The health panel: watch a run's numbers, name what is wrong and say what to try."""

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from statistics import median

from speechlab.config import OptimiserConfig

FLOW_LIMITS = {  # of what a flow's recipe watches: the most that is sound, and what to try
    "flow/coupling_log_scale": (4.0, "set model.bounded_scale=true"),
    "flow/norm_log_scale": (7.0, "some mel bins hardly move: raise dequantisation, and look at the mels' floor"),
    "flow/mixing_log_det": (3.0, "lower optimiser.learning_rate"),
}


@dataclass(frozen=True)
class Finding:
    """One thing that looks wrong."""

    step: int
    level: str  # warning or error
    what: str
    attempt: str  # what to try


class NonFiniteLoss(Exception):
    """A loss or gradient that is not a number; carries the files of the batch."""

    def __init__(self, what: str, names: list[str]):
        super().__init__(f"{what} is not finite on the batch of {', '.join(names)}")
        self.what, self.names = what, names


class HealthMonitor:
    """Collect findings from the metrics of each step; each kind is reported once per ``silence`` steps."""

    HISTORY = 200  # steps over which medians are taken

    def __init__(self, silence: int = 500):
        self.silence = silence
        self.findings: list[Finding] = []
        self.history: dict[str, deque[float]] = {}
        self.last: dict[str, int] = {}

    def observe(self, step: int, metrics: Mapping[str, float]) -> list[Finding]:
        """Look at one step's metrics and return the new findings."""
        before = len(self.findings)
        for name, value in metrics.items():
            if not math.isfinite(value):  # fp16's scaler probes until a gradient overflows, then skips that step
                continue
            past = self.history.setdefault(name, deque(maxlen=self.HISTORY))
            if name.startswith("gradient_norm/"):
                self.check_gradient(step, name, value, past)
            past.append(value)
        self.check_discriminator(step)
        for name, (limit, attempt) in FLOW_LIMITS.items():
            if metrics.get(name, 0.0) > limit:
                self.warn(step, f"{name} has grown to {metrics[name]:.3g}, above {limit:g} a flow blows up", attempt)
        sharpness = metrics.get("alignment/sharpness")
        if sharpness is not None and step >= 1000 and sharpness < 0.3:
            what = f"the alignment is not sharp after {step} steps (mean row maximum {sharpness:.2f})"
            self.warn(step, what, "check that transcripts match their recordings and that mels are standardised")
        return self.findings[before:]

    def check_gradient(self, step: int, name: str, value: float, past: deque[float]) -> None:
        """Report a gradient norm far above its own median."""
        if len(past) >= 50 and value > 20 * median(past):
            what = f"{name} jumped to {value:.3g}, its median is {median(past):.3g}"
            self.warn(
                step, what, "one odd file can do this once; if it lasts, lower the learning rate or clip gradients"
            )

    def check_discriminator(self, step: int) -> None:
        """Report a discriminator that has won, or that sees no difference."""
        losses = self.history.get("discriminator/loss_per_network")
        if not losses or len(losses) < self.HISTORY:
            return
        level = median(losses)
        if level < 0.05:
            what = f"the discriminators almost surely tell real from fake (loss {level:.3f} each)"
            self.warn(step, what, "lower their learning rate or width, or raise mel_weight for a while")
        if level > 0.495:
            what = f"the discriminators cannot tell real from fake (loss {level:.3f} each)"
            self.warn(step, what, "raise their learning rate or width; check that they receive real audio at all")

    def observe_rate(self, step: int, rate: float, config: OptimiserConfig) -> None:
        """Report a learning rate that is not near its peak when the warm-up ends, by the count of optimiser steps."""
        if step == max(config.warmup_steps, 1) and rate < config.learning_rate / 2:
            share = f"{100 * rate / config.learning_rate:.3g} % of its peak"
            what = f"after the {step} steps of warm-up the learning rate has reached {share}"
            self.warn(step, what, "count the schedule in optimiser steps, not in epochs")

    def observe_render(self, step: int, name: str, rms: float) -> None:
        """Report a rendered clip that is silent; ``rms`` in units of full scale."""
        if not math.isfinite(rms) or rms < 1e-4:
            what = f"the rendered clip {name!r} is silent (RMS {rms:.1e})"
            self.warn(step, what, "normal early on; later, check the loudness of the training files")

    def warn(self, step: int, what: str, attempt: str) -> None:
        """Record a warning, unless one with the same advice was recorded a short while ago."""
        if step - self.last.get(attempt, -self.silence) >= self.silence:
            self.last[attempt] = step
            self.findings.append(Finding(step, "warning", what, attempt))

    def error(self, step: int, what: str, attempt: str) -> None:
        """Record an error."""
        self.findings.append(Finding(step, "error", what, attempt))

    def restore(self, findings: list[dict], step: int) -> None:
        """Take over the findings of a run that is resumed at this step."""
        kept = [item for item in findings if {"step", "level", "what", "try"} <= item.keys() and item["step"] <= step]
        self.findings = [Finding(item["step"], item["level"], item["what"], item["try"]) for item in kept]

    def to_list(self) -> list[dict]:
        """Findings as written to ``health.json``: step, level, what, try."""
        names = {"attempt": "try"}
        return [{names.get(key, key): value for key, value in asdict(item).items()} for item in self.findings]
