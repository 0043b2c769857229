"""Why a Glow-TTS's gradients explode, or look so: five causes, each alone, with and without its remedy.

A small model learns from the Russian embedded voice for some hundred steps. The run with all remedies is the same for
every cause, so it is made once; each other run differs from it in one respect only. The loop is written out here, and
not the engine's, as it also has to do what the engine refuses to.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from speechlab.audio.griffin_lim import REPORT_002_SPEC, CoquiScale
from speechlab.audio.mel import MelSpectrogram
from speechlab.config import AudioSpec, CorpusConfig, OptimiserConfig
from speechlab.data.datasets import AcousticBatch, AcousticItem, EpochSampler, collate_acoustic
from speechlab.data.embedded.rendering import EmbeddedCorpus
from speechlab.data.waveforms import load_waveform
from speechlab.layers.flows import Flow, unsqueeze
from speechlab.losses.flow import flow_losses
from speechlab.models import build
from speechlab.models.glowtts import GlowTTS, intersperse_blanks
from speechlab.paths import data_root
from speechlab.text.russian.symbols import russian_symbols
from speechlab.training.engine import seed_everything
from speechlab.training.health import Finding, HealthMonitor
from speechlab.training.schedules import learning_rate

CORPUS = CorpusConfig(language="ru", voice="ru")
N_CLIPS = 96
SENTENCES_A_CLIP = 2  # 3 to 10 s together: longer ones overflow fp16 sooner
SIZES = {
    "channels": 64, "encoder_layers": 2, "filter_channels": 128, "predictor_channels": 64, "n_flows": 4,
    "flow_channels": 48, "flow_layers": 3, "dropout": 0.05,
}  # fmt: skip
CLIP_NORM = 5.0
DEQUANTISATION = 0.01  # standard deviation on standardised mels
WORSE, HIGHER = 0.1, 1.5  # nats, and a factor on gradient norms, from which a cause is said to show


@dataclass(frozen=True)
class Conditions:
    """What a run of the study may do wrong; the defaults do nothing wrong."""

    schedule_by_epoch: bool = False  # Noam's formula gets the number of the epoch where it expects the step
    window: int = 4  # tokens within which attention knows where a token is
    report_front_end: bool = False  # -80 dB floor, no dequantisation noise, no bound on the couplings' scales
    half_flow: bool = False  # the flow and its log-determinants in fp16
    batch_size: int = 8
    accumulate: int = 1  # batches per optimiser step
    rate: float = 2e-3  # peak of the learning rate
    clip_norm: float = 5.0
    longer_warmup: int = 1  # factor on it


class Cause(NamedTuple):
    """One cause alone, and its remedy."""

    name: str
    remedy: str
    conditions: Conditions
    caveat: str  # why it may not show here


SOUND = Conditions()
CAUSES = (
    Cause(
        "Noam counted in epochs", "counted in optimiser steps", replace(SOUND, schedule_by_epoch=True),
        "an epoch here is a few steps; report 002's was 2775, and after 50 of them its rate was 1.25 % of the peak",
    ),
    Cause(
        "no attention window", "window of 4 tokens", replace(SOUND, window=0),
        "convolutions tell the order of near tokens too, and a small grammar says little else; listen, and measure"
        " durations, after a long run",
    ),
    Cause(
        "-80 dB floor, no noise", "1e-5 floor, noise, bounded scales",
        replace(SOUND, report_front_end=True),
        "a flow needs hundreds of steps to find out how likely a constant can be made",
    ),
    Cause(
        "fp16 flow and log-determinants", "both in fp32", replace(SOUND, half_flow=True),
        "fp16 ends at 65504: at an L_mle of -0.5 that is the log-determinant of 430 frames, 5 s; shorter clips, and a"
        " likelihood that is not there yet, do not reach it",
    ),
    Cause(
        "batches of 2", "8 utterances a step", replace(SOUND, batch_size=2),
        "one voice of a synthesiser is much alike from sentence to sentence",
    ),
)  # fmt: skip

BY_EPOCH = replace(SOUND, schedule_by_epoch=True)
ATTEMPTS = (
    Cause(
        "report 002's remedies: rate / 5, clip / 5, warm-up x 2", "the schedule counted in optimiser steps",
        replace(BY_EPOCH, rate=SOUND.rate / 5, clip_norm=SOUND.clip_norm / 5, longer_warmup=2),
        "the rate that is lowered had not been reached: compare with the run whose epochs are counted alone",
    ),
    Cause(
        "the same, counted in optimiser steps", "none of the three",
        replace(SOUND, rate=SOUND.rate / 5, clip_norm=SOUND.clip_norm / 5, longer_warmup=2),
        "slower is not worse in the end; the likelihood after so many steps says how much slower",
    ),
)  # fmt: skip
"""What the author of report 002 tried, with the mistake that she did not know of, and without it."""


@dataclass
class Trace:
    """What a run measured at every step; NaN where a step was skipped because a number was not finite."""

    gradient_norm: np.ndarray  # before clipping, (steps,)
    likelihood: np.ndarray  # negative log-likelihood, nats a mel bin, (steps,)
    learning_rate: np.ndarray  # (steps,)
    findings: list[Finding]  # of the health panel

    @property
    def n_skipped(self) -> int:
        """Steps that were not finite."""
        return int(np.isnan(self.gradient_norm).sum())

    @property
    def late(self) -> np.ndarray:
        """Finite gradient norms of the second half of the run."""
        norms = self.gradient_norm[len(self.gradient_norm) // 2 :]
        return norms[np.isfinite(norms)]

    @property
    def level(self) -> float:
        """Median gradient norm of the second half; 0 if no step of it was finite."""
        return float(np.median(self.late)) if len(self.late) else 0.0

    @property
    def worst_jump(self) -> float:
        """Largest gradient norm of the second half over its median; 0 if no step of it was finite."""
        return float(self.late.max() / self.level) if len(self.late) else 0.0

    @property
    def last_likelihood(self) -> float:
        """Median of the last tenth of the run; NaN if none of its steps was finite."""
        last = self.likelihood[-max(len(self.likelihood) // 10, 1) :]
        return float(np.median(last[np.isfinite(last)])) if np.isfinite(last).any() else math.nan

    @property
    def health(self) -> str:
        """What the health panel says, in one line."""
        return "; ".join(dict.fromkeys(f"step {item.step}: {item.what}" for item in self.findings[:3])) or "nothing"


class HalfFlow(Flow):
    """A flow whose frames and log-determinants are rounded to fp16 after every block, and so are their gradients.

    Mixed precision without fp32 islands does this on a GPU; here it is rounded, for few CPUs compute in fp16.
    """

    def forward(self, mel: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Turn a mel (batch, n_mels, frames) into a latent of that shape and a log-determinant, (batch,), in fp16."""
        hidden, mask = self.squeezed(mel, lengths)
        log_det = hidden.new_zeros(len(hidden), dtype=torch.float16)
        for block in self.blocks:
            hidden, block_log_det = block(hidden.half().float(), mask)
            log_det = log_det + block_log_det.half()
        return unsqueeze(hidden.half().float()), log_det


def load_items(report_front_end: bool, n_clips: int = N_CLIPS) -> list[AcousticItem]:
    """Read clips of two training sentences as tokens with blanks and mels, by our front end or by report 002's."""
    spec = REPORT_002_SPEC if report_front_end else AudioSpec()
    analyse, symbols, items = MelSpectrogram(spec), russian_symbols(), []
    sentences = iter(EmbeddedCorpus(data_root() / "embedded", "ru").of("ru", "train"))
    for _, clip in zip(range(n_clips), zip(*[sentences] * SENTENCES_A_CLIP, strict=False), strict=False):
        samples = [load_waveform(sentence.audio_path, spec.sample_rate, CORPUS) for sentence in clip]
        log_mel = analyse(torch.from_numpy(np.concatenate(samples))[None, None])
        mel = CoquiScale().encode(log_mel.exp()) if report_front_end else log_mel
        ids = torch.tensor([symbols.ids([symbol for sentence in clip for symbol in sentence.symbols])])
        tokens, _ = intersperse_blanks(ids, torch.tensor([ids.shape[1]]), len(symbols))
        if mel.shape[2] // 2 * 2 >= tokens.shape[1]:
            items.append(AcousticItem(clip[0].id, tokens[0], mel[0]))
    return items


def make_model(items: Sequence[AcousticItem], conditions: Conditions) -> GlowTTS:
    """Build the small model with its mel statistics and, from 64 utterances, the norms of its flow."""
    sizes = {**SIZES, "window": conditions.window, "bounded_scale": not conditions.report_front_end}
    model = build("glowtts", n_symbols=len(russian_symbols()) + 1, **sizes)
    frames = torch.cat([item.mel for item in items], dim=1)
    model.set_mel_statistics(frames.mean(1), frames.std(1))
    if conditions.half_flow:
        model.flow.__class__ = HalfFlow  # the same weights, another forward
    batch = collate_acoustic(items[:64])
    model.initialise(dequantised(batch, model, conditions), batch.mel_lengths)
    return model.train()


def dequantised(batch: AcousticBatch, model: GlowTTS, conditions: Conditions) -> Tensor:
    """Mels of a batch, (batch, n_mels, frames), with noise where the conditions have it."""
    scale = 0.0 if conditions.report_front_end else DEQUANTISATION
    return batch.mel + scale * model.mel_std.unsqueeze(1) * torch.randn_like(batch.mel)


def run(conditions: Conditions, steps: int, seed: int = 0, items: Sequence[AcousticItem] | None = None) -> Trace:
    """Train under these conditions and keep what every step measured.

    A quarter of the steps, at most 1000, is warm-up. A step that is not finite is skipped, as the engine does.
    """
    items = load_items(conditions.report_front_end) if items is None else items
    seed_everything(seed)
    model = make_model(items, conditions)
    warmup = conditions.longer_warmup * min(max(steps // 4, 1), 1000)
    config = OptimiserConfig(conditions.rate, (0.9, 0.998), 1e-9, 1e-6, "noam", warmup)
    optimiser = torch.optim.AdamW(
        model.parameters(), config.learning_rate, config.betas, config.epsilon, config.weight_decay
    )
    sampler = EpochSampler(len(items), conditions.batch_size, seed, [item.mel.shape[1] for item in items])
    steps_per_epoch = max(sampler.batches_per_epoch // conditions.accumulate, 1)
    batches, health = iter(sampler), HealthMonitor()
    trace = Trace(*np.full((3, steps), np.nan), findings=health.findings)
    for step in range(1, steps + 1):
        counted = math.ceil(step / steps_per_epoch) if conditions.schedule_by_epoch else step
        rate = learning_rate(counted, config, steps, steps_per_epoch)
        trace.learning_rate[step - 1] = rate
        health.observe_rate(step, rate, config)
        for group in optimiser.param_groups:
            group["lr"] = rate
        chosen = [collate_acoustic([items[at] for _, at in next(batches)]) for _ in range(conditions.accumulate)]
        likelihood, norm = take_step(model, optimiser, chosen, conditions)
        if math.isfinite(likelihood) and math.isfinite(norm):
            trace.likelihood[step - 1], trace.gradient_norm[step - 1] = likelihood, norm
            health.observe(step, {"gradient_norm/acoustic": norm, **model.flow.magnitudes()})
        elif not any(finding.level == "error" for finding in health.findings):
            what = "the gradient" if math.isfinite(likelihood) else "the loss"
            health.error(step, f"step skipped: {what} is not finite", "use training.precision=fp32")
    return trace


def take_step(
    model: GlowTTS, optimiser: torch.optim.Optimizer, batches: Sequence[AcousticBatch], conditions: Conditions
) -> tuple[float, float]:
    """Take one step over the batches, unless a number is not finite; likelihood and gradient norm before clipping."""
    likelihood = 0.0
    optimiser.zero_grad()
    for batch in batches:
        output = model(batch.tokens, batch.lengths, dequantised(batch, model, conditions), batch.mel_lengths)
        parts = flow_losses(output)
        if not torch.isfinite(sum(parts.values())):
            return math.nan, math.nan
        (sum(parts.values()) / len(batches)).backward()
        likelihood += parts["negative_log_likelihood"].item() / len(batches)
    norm = torch.nn.utils.clip_grad_norm_(model.parameters(), conditions.clip_norm).item()
    if math.isfinite(norm):
        optimiser.step()
    return likelihood, norm


def study(
    steps: int = 120,
    seed: int = 0,
    report: Callable[[str], None] = lambda line: None,
    causes: Sequence[Cause] = CAUSES,
) -> dict[str, tuple[Trace, Trace]]:
    """Run every cause, and once the run with all remedies.

    Args:
        report: is told about each run as it ends.
        causes: to be shown; ``ATTEMPTS`` holds what was tried against them.

    Returns:
        Name of the cause to its trace and that of the remedied run.
    """
    items = {front_end: load_items(front_end) for front_end in (False, True)}
    remedied = run(SOUND, steps, seed, items[False])
    report(summary("all remedies", remedied))
    traces = {}
    for cause in causes:
        trace = run(cause.conditions, steps, seed, items[cause.conditions.report_front_end])
        report(summary(cause.name, trace))
        traces[cause.name] = trace, remedied
    return traces


def summary(name: str, trace: Trace) -> str:
    """One run in a line: level and jumps of the gradient norm, likelihood at the end, what the panel says."""
    return (
        f"{name}: in the second half gradient norm {trace.level:.3g}, at most {trace.worst_jump:.1f} times that;"
        f" L_mle at the end {trace.last_likelihood:.3f}; {trace.n_skipped} steps skipped; health panel: {trace.health}"
    )


def verdict(name: str, trace: Trace, remedied: Trace) -> str:
    """Say in one sentence how a cause showed in its run, or that it did not and why it may not.

    Likelihoods are compared where both runs see the same mels only: a density is one per unit of what it is of.
    """
    (cause,) = [cause for cause in (*CAUSES, *ATTEMPTS) if cause.name == name]
    signs = []
    if trace.n_skipped > remedied.n_skipped:
        signs.append(f"{trace.n_skipped} of {len(trace.likelihood)} steps were not finite")
    same_mels = not cause.conditions.report_front_end
    if same_mels and trace.last_likelihood > remedied.last_likelihood + WORSE:
        signs.append(f"L_mle ended at {trace.last_likelihood:.2f} instead of {remedied.last_likelihood:.2f}")
    if trace.level > HIGHER * remedied.level:
        signs.append(f"the gradient norm stayed at {trace.level:.2g} instead of {remedied.level:.2g}")
    if trace.worst_jump > HIGHER * remedied.worst_jump:
        signs.append(f"it jumped to {trace.worst_jump:.1f} times its median instead of {remedied.worst_jump:.1f}")
    if signs:
        better = same_mels and trace.last_likelihood < remedied.last_likelihood
        return f"{name} shows: {', '.join(signs)}{'; L_mle ended no worse' if better else ''}."
    return f"{name} does not show in {len(trace.likelihood)} steps at this size: {cause.caveat}."


def remedies() -> Mapping[str, str]:
    """Name of each cause to its remedy."""
    return {cause.name: cause.remedy for cause in CAUSES}
