"""Learning-rate schedules: functions of the optimiser step, so that there is no state to lose."""

import math

from speechlab.config import OptimiserConfig
from speechlab.registry import Registry

schedules = Registry("schedule")


@schedules.register("constant")
def constant(step: int, config: OptimiserConfig, total_steps: int, steps_per_epoch: int) -> float:
    """Factor 1 after a linear warm-up."""
    return min(1.0, step / max(config.warmup_steps, 1))


@schedules.register("noam")
def noam(step: int, config: OptimiserConfig, total_steps: int, steps_per_epoch: int) -> float:
    """Linear warm-up to 1, then inverse square root (Attention is all you need, arXiv:1706.03762, eq. 3, peak at 1)."""
    warmup = max(config.warmup_steps, 1)
    return min(step / warmup, math.sqrt(warmup / max(step, 1)))


@schedules.register("noam_by_epoch")
def noam_by_epoch(step: int, config: OptimiserConfig, total_steps: int, steps_per_epoch: int) -> float:
    """Noam's formula given the number of the epoch where it expects the step, as report 002's trainer did."""
    return noam(math.ceil(step / max(steps_per_epoch, 1)), config, total_steps, steps_per_epoch)


@schedules.register("exponential")
def exponential(step: int, config: OptimiserConfig, total_steps: int, steps_per_epoch: int) -> float:
    """Linear warm-up to 1, times ``decay`` once per epoch (HiFi-GAN) or each ``decay_every`` steps (FINALLY)."""
    period = config.decay_every or max(steps_per_epoch, 1)
    return min(1.0, step / max(config.warmup_steps, 1)) * config.decay ** ((step - 1) // period)


@schedules.register("cosine")
def cosine(step: int, config: OptimiserConfig, total_steps: int, steps_per_epoch: int) -> float:
    """Linear warm-up to 1, then half a cosine down to 0 at the last step."""
    if step < config.warmup_steps:
        return step / config.warmup_steps
    progress = (step - config.warmup_steps) / max(total_steps - config.warmup_steps, 1)
    return 0.5 * (1 + math.cos(math.pi * min(progress, 1.0)))


def learning_rate(step: int, config: OptimiserConfig, total_steps: int, steps_per_epoch: int) -> float:
    """Learning rate of optimiser step ``step``, counted from 1."""
    return config.learning_rate * schedules[config.schedule](step, config, total_steps, steps_per_epoch)
