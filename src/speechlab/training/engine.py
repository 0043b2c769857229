"""The training loop: precision, accumulation, clipping, moving averages, logs, health, checkpoints and resuming.

A recipe says what is trained and how a step goes; the engine does everything around it, on one device or, under
``torchrun``, on many (Lightning Fabric). Running the same training again resumes it.
"""

import contextlib
import math
import os
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning.fabric import Fabric
from torch import Tensor, nn
from torch.utils.data import DataLoader

from speechlab.audio.io import Audio
from speechlab.checkpoints import find_checkpoint, newest_checkpoint, remove_old, write_checkpoint
from speechlab.config import Experiment, to_dict
from speechlab.data.datasets import EpochSampler
from speechlab.errors import SpeechlabError
from speechlab.files import cannot_write, remove_leftovers, require_space
from speechlab.processes import Stopping, follow_parent
from speechlab.provenance import git_commit
from speechlab.training.health import HealthMonitor, NonFiniteLoss
from speechlab.training.identity import CHANGES, STEPS, config_to_store, require_same_settings
from speechlab.training.live import LiveBar
from speechlab.training.logs import RunLog
from speechlab.training.recipes.base import Recipe
from speechlab.training.schedules import learning_rate
from speechlab.training.validation import Judges

RETRY_S = 60.0  # between two tries to write a checkpoint
WAIT_FOR_DISK_S = 12 * 3600.0  # for which a training waits until one can be written


@dataclass(frozen=True)
class RunResult:
    """Where a run left its things, and its last numbers."""

    run_dir: Path
    checkpoint: Path
    step: int
    metrics: dict[str, float]


def seed_everything(seed: int) -> None:
    """Seed the generators of python, numpy and PyTorch."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)


def rng_state() -> dict[str, Any]:
    """State of every random generator, in types that load with ``weights_only=True``."""
    version, numbers, gauss = random.getstate()
    kind, keys, position, has_gauss, cached = np.random.get_state()
    return {
        "python": [version, list(numbers), gauss],
        "numpy": [kind, keys.tolist(), position, has_gauss, cached],
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
    }


def set_rng_state(state: dict[str, Any]) -> None:
    """Put every random generator back to a saved state."""
    version, numbers, gauss = state["python"]
    random.setstate((version, tuple(numbers), gauss))
    kind, keys, position, has_gauss, cached = state["numpy"]
    np.random.set_state((kind, np.array(keys, dtype=np.uint32), position, has_gauss, cached))
    torch.set_rng_state(state["torch"])
    if torch.cuda.is_available() and len(state["cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all(state["cuda"])


def choose_precision(wanted: str) -> str:
    """Turn ``auto`` into what this device is good at: fp16 where bf16 would be emulated, as on a T4; fp32 on a CPU.

    A CPU without instructions for bf16 emulates it too, ten to thirty times slower than fp32, which it gets instead.
    """
    if wanted == "bf16" and not torch.cuda.is_available() and emulates_bf16():
        print("this processor has no instructions for bf16 and would emulate it: training in fp32", flush=True)
        return "fp32"
    if wanted != "auto":
        return wanted
    if not torch.cuda.is_available():
        return "fp32"
    return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp16"


def emulates_bf16() -> bool:
    """Tell whether this CPU only emulates bf16, as far as oneDNN knows."""
    return torch.backends.mkldnn.is_available() and not torch.ops.mkldnn._is_mkldnn_bf16_supported()


def make_fabric(precision: str) -> Fabric:
    """One device, or all that ``torchrun`` started."""
    names = {"fp32": "32-true", "bf16": "bf16-mixed", "fp16": "16-mixed"}
    accelerator = "cuda" if torch.cuda.is_available() else "cpu"
    if "LOCAL_RANK" in os.environ:
        local, total = int(os.environ["LOCAL_WORLD_SIZE"]), int(os.environ["WORLD_SIZE"])
        fabric = Fabric(
            accelerator=accelerator, strategy="ddp", devices=local, num_nodes=total // local, precision=names[precision]
        )
    else:
        fabric = Fabric(accelerator=accelerator, devices=1, precision=names[precision])
    fabric.launch()
    return fabric


def foreign_code(network: nn.Module) -> dict[str, str]:
    """Say in a card by which module a person's own network came."""
    module = type(network).__module__
    return {} if module.partition(".")[0] == "speechlab" else {"code": module}


class Engine:
    """Everything around a recipe's step.

    Args:
        recipe: what is trained.
        run_dir: folder of the run; what a former run left there is continued.
        continue_with_changes: continue it under other settings too, and record them.
    """

    def __init__(self, recipe: Recipe, run_dir: Path, continue_with_changes: bool = False):
        self.experiment: Experiment = recipe.experiment
        self.config = recipe.experiment.training
        self.recipe, self.run_dir = recipe, Path(run_dir)
        if not continue_with_changes:
            require_same_settings(self.run_dir, self.experiment)
        if self.config.n_threads:
            torch.set_num_threads(self.config.n_threads)
        self.precision = choose_precision(self.config.precision)
        self.fabric = make_fabric(self.precision)
        self.step, self.skipped, self.metrics = 0, 0, {}
        self.changes: list[dict[str, Any]] = []  # of settings, while the run went on
        self.stopping, self.unwritten = Stopping(self.announce), set()
        self.health = HealthMonitor()
        self.judges = Judges(self.experiment.validation.metrics if self.fabric.is_global_zero else (), self.say)
        seed_everything(self.config.seed)
        recipe.build(self)
        if not len(recipe.dataset):
            reason = f": {recipe.store.set_aside()}" if recipe.store else ""
            raise SpeechlabError(f"{self.experiment.name}: the corpus has no usable utterance{reason}")
        if recipe.store and recipe.store.quarantined():
            self.say(f"{self.experiment.name}: of {len(recipe.store.corpus)} utterances {recipe.store.set_aside()}")
        self.modules: dict[str, nn.Module] = dict(recipe.networks)
        for name, network in self.modules.items():
            wrapped = self.fabric.setup_module(network, move_to_device=True)
            for method in recipe.forward_methods & set(dir(network)):
                wrapped.mark_forward_method(method)
            recipe.networks[name] = wrapped
        self.optimisers = {
            name: self.fabric.setup_optimizers(optimiser) for name, optimiser in recipe.make_optimisers().items()
        }
        main = self.modules[recipe.main]
        self.average = None
        if self.config.ema_decay:
            self.average = {name: value.detach().clone() for name, value in main.state_dict().items()}
        self.log = RunLog(self.run_dir, self.config, self.experiment) if self.fabric.is_global_zero else None
        self.resume()

    # -- what recipes call ---------------------------------------------------------------------------------------

    def autocast(self) -> contextlib.AbstractContextManager:
        """Context of the run's reduced precision, for what happens outside a network's ``forward``."""
        return self.fabric.autocast()

    def backward(self, loss: Tensor, names: list[str], gradient: Tensor | None = None) -> None:
        """Accumulate gradients of a loss; a non-finite one stops the step, naming the batch's files.

        Args:
            loss: a scalar; or a tensor that such losses were computed from, detached, and went back to by this method.
            gradient: what they left there; it goes on from the tensor.
        """
        scaler = getattr(self.fabric._precision, "scaler", None)
        if gradient is None and not torch.isfinite(loss):
            raise NonFiniteLoss("the loss", names)
        if gradient is not None and scaler is not None:
            gradient = gradient / scaler.get_scale()  # fp16 scales in each backward pass, and this one is the second
        self.fabric.backward(loss, gradient=gradient)

    def update(self, name: str, names: list[str]) -> float:
        """Clip, step and clear one network's optimiser; returns the gradient norm before clipping."""
        optimiser, limit = self.optimisers[name], self.config.clip_norm or math.inf
        network = self.recipe.networks[name]
        norm = self.fabric.clip_gradients(network, optimiser, max_norm=limit, error_if_nonfinite=False)
        if not torch.isfinite(norm) and self.precision != "fp16":  # fp16's scaler skips by itself and lowers its scale
            raise NonFiniteLoss(f"the gradient of {name}", names)
        config = self.recipe.optimiser_config(name)
        rate = learning_rate(self.step, config, self.config.steps, self.steps_per_epoch)
        self.health.observe_rate(self.step, rate, config)
        for group in optimiser.param_groups:
            group["lr"] = rate
        optimiser.step()
        optimiser.zero_grad()
        return norm.item()

    # -- the loop ------------------------------------------------------------------------------------------------

    def run(self) -> RunResult:
        """Train to the last step, however often that takes.

        Raises:
            SpeechlabError: several steps in a row were not finite, and the message names the files; or the last
                checkpoint could not be written.
        """
        if self.step >= self.config.steps:
            self.say(f"{self.experiment.name}: already trained, {self.step} steps in {self.run_dir}")
            if self.log:
                self.log.close()
            return self.result()
        shown = (self.experiment.name, self.step, self.config.steps, self.fabric.is_global_zero)
        with Stopping(self.announce) as self.stopping, LiveBar(*shown) as self.bar:
            self.train()
        self.close()
        return self.result()

    def train(self) -> None:
        """Go step by step to the last one, or to the end of the step during which a signal comes."""
        self.require_space()
        batches, started, first = self.batches(), time.perf_counter(), self.step
        if not self.step:
            self.render()
        while self.step < self.config.steps:
            if self.is_stopping():
                self.leave()
            self.step += 1
            self.train_one(batches)
            self.bar.advance(self.metrics)
            if self.step % self.config.log_every == 0 or self.step == self.config.steps:
                rate = (self.step - first) / (time.perf_counter() - started)
                self.write_log({**self.metrics, "steps_per_second": rate})
            last = self.step == self.config.steps
            if self.is_stopping() and not last:
                self.save()
                self.leave()
            if self.step % self.config.validate_every == 0 or last:
                self.validate()
            if self.step % self.config.render_every == 0 or last:
                self.render()
            if self.step % self.config.checkpoint_every == 0 or last:
                self.save()

    def require_space(self) -> None:
        """Raise where the checkpoints that are to be kept, and the one that is being written, will not fit."""
        parameters = sum(value.numel() for module in self.modules.values() for value in module.parameters())
        averaged = sum(value.numel() for value in self.modules[self.recipe.main].state_dict().values())
        n_bytes = 4 * (3 * parameters + 2 * averaged)  # float32: the weights, two moments of each, and the average
        there = len(list(self.run_dir.glob("checkpoints/step-*")))
        to_come = (self.config.steps - self.step) // self.config.checkpoint_every + 1
        missing = min(max(self.config.keep_checkpoints + 1 - there, 1), to_come)
        if self.fabric.is_global_zero:
            require_space(f"training {self.experiment.name}", self.run_dir, missing * n_bytes)

    def is_stopping(self) -> bool:
        """Tell whether a signal came, to this process or to one that trains with it: all leave at the same step."""
        came = bool(self.stopping.number)
        if self.fabric.world_size > 1:
            came = bool(self.fabric.all_reduce(torch.tensor(float(came)), reduce_op="sum") > 0)
        return came

    def announce(self, signal_name: str) -> None:
        """Say that a signal came."""
        self.say(f"{self.experiment.name}: {signal_name}; stops after this step, at once if it comes again")

    def leave(self) -> None:
        """End the process because of a signal, and say how to go on."""
        self.close()
        saved = self.result().checkpoint.is_dir()
        kept = f"at step {self.step}, which is in {self.run_dir}" if saved else f"before step {self.step + 1}"
        self.say(f"{self.experiment.name}: stopped {kept}; train again and it goes on from its newest checkpoint")
        self.stopping.leave()

    def close(self) -> None:
        """Close the logs."""
        if self.log:
            self.on_disk("the log", self.log.close)

    def train_one(self, batches: Iterator) -> None:
        """One optimiser step of every network, or a skipped one where a number is not finite."""
        group = [self.fabric.to_device(next(batches)) for _ in range(self.config.accumulate)]
        try:
            self.metrics = self.recipe.train_step(group)
            self.skipped = 0
        except NonFiniteLoss as error:
            for optimiser in self.optimisers.values():
                optimiser.zero_grad()
            self.skipped += 1
            self.metrics = {"skipped": float(self.skipped)}
            self.health.error(self.step, f"step skipped: {error}", "look at these files with the corpus report")
            if self.skipped >= self.config.max_skipped_steps:
                self.write_health()
                raise SpeechlabError(
                    f"training stopped at step {self.step}: {self.skipped} steps in a row had to be skipped, {error}. "
                    "Lower optimiser.learning_rate, set training.clip_norm, or use training.precision=fp32"
                ) from error
        self.update_average()
        for finding in self.health.observe(self.step, self.metrics):
            self.say(f"health, step {finding.step}: {finding.what}; {finding.attempt}")

    def batches(self) -> Iterator:
        """Endless batches, beginning with the first that the run has not seen."""
        n_workers = self.config.n_workers
        loader = DataLoader(
            self.recipe.dataset,
            batch_sampler=self.sampler(self.step * self.config.accumulate),
            collate_fn=self.recipe.collate,
            num_workers=n_workers,
            pin_memory=torch.cuda.is_available(),
            worker_init_fn=follow_parent,
            prefetch_factor=4 if n_workers else None,
            generator=torch.Generator(),  # or making an iterator would draw from the training's own randomness
        )
        return iter(loader)

    def sampler(self, start: int = 0) -> EpochSampler:
        """Order of the training items, from batch number ``start`` on."""
        return EpochSampler(
            len(self.recipe.dataset),
            self.config.batch_size,
            self.config.seed,
            self.recipe.item_lengths,
            start,
            self.fabric.global_rank,
            self.fabric.world_size,
        )

    @property
    def steps_per_epoch(self) -> int:
        """Optimiser steps in one pass over the training set."""
        return max(self.sampler().batches_per_epoch // self.config.accumulate, 1)

    # -- moving average --------------------------------------------------------------------------------------------

    @torch.no_grad()
    def update_average(self) -> None:
        """Move the averaged weights towards the current ones; faster in the first steps."""
        if self.average is None:
            return
        decay = min(self.config.ema_decay, (1 + self.step) / (10 + self.step))
        for name, value in self.modules[self.recipe.main].state_dict().items():
            if value.is_floating_point():
                self.average[name].lerp_(value, 1 - decay)
            else:
                self.average[name].copy_(value)

    @contextlib.contextmanager
    def averaged(self) -> Iterator[None]:
        """Evaluate with the averaged weights, if any, in eval mode, leaving the training's randomness as it was."""
        main, saved = self.modules[self.recipe.main], None
        state = rng_state()
        if self.average is not None:
            saved = {name: value.clone() for name, value in main.state_dict().items()}
            main.load_state_dict(self.average)
        main.eval()
        try:
            with torch.no_grad():
                yield
        finally:
            main.train()
            if saved is not None:
                main.load_state_dict(saved)
            set_rng_state(state)

    # -- what is written ---------------------------------------------------------------------------------------------

    def validate(self) -> None:
        """Log the recipe's validation numbers, and what the metrics of ``validation.metrics`` say of its clips."""
        with self.averaged():
            numbers = self.recipe.validate()
            if self.judges.metrics:
                numbers |= self.judges(self.recipe.heard(self.experiment.validation.n_clips))
        self.write_log({f"validation/{name}": value for name, value in numbers.items()})

    def render(self) -> None:
        """Keep the same sentences or clips as they sound now, and the same recordings as they are aligned now."""
        if self.log is None:
            return
        with self.averaged():
            clips: dict[str, Audio] = self.recipe.render()
            alignments = self.recipe.alignments()
        for name, audio in clips.items():
            self.health.observe_render(self.step, name, float(np.sqrt(np.mean(np.square(audio.waveform)) + 1e-20)))
        self.on_disk("the rendered clips", self.log.write_renders, self.step, clips)
        self.on_disk("the alignments", self.log.write_alignments, self.step, alignments)
        self.write_health()

    def on_disk(self, what: str, write: Callable[..., None], *arguments: Any) -> None:
        """Write what a training can do without; where the disk refuses, that is a line the first time."""
        try:
            write(*arguments)
            self.unwritten.discard(what)
        except (SpeechlabError, OSError) as error:
            if what not in self.unwritten:
                self.say(f"step {self.step}: {what} could not be written ({error}); training goes on")
            self.unwritten.add(what)

    def write_log(self, numbers: dict[str, float]) -> None:
        """Send numbers to JSON lines, TensorBoard and, if asked for, W&B; print them once in a while."""
        if self.log:
            self.on_disk("the log", self.log.write, self.step, numbers, self.config.steps)
            self.write_health()

    def write_health(self) -> None:
        """Write the findings for the panel."""
        if self.log:
            self.on_disk("health.json", self.log.write_health, self.health.to_list())

    def save(self) -> None:
        """Write a checkpoint. Where the disk refuses, the training waits: what it computes on could not be kept either.

        Raises:
            SpeechlabError: the disk has refused for as long as a training waits.
        """
        state = {
            "step": self.step,
            "networks": {name: module.state_dict() for name, module in self.modules.items()},
            "optimisers": {name: optimiser.state_dict() for name, optimiser in self.optimisers.items()},
            "average": self.average or {},
            "scaler": self.fabric._precision.state_dict(),
            "rng": rng_state(),
            "logger_run_id": self.log.run_id if self.log else "",
        }
        if not self.fabric.is_global_zero:
            return
        folder = self.run_dir / "checkpoints" / f"step-{self.step:07d}"
        main = self.average or self.modules[self.recipe.main].state_dict()
        until = time.monotonic() + WAIT_FOR_DISK_S
        while True:
            try:
                write_checkpoint(folder, main, self.card(), state)
            except (OSError, SpeechlabError) as error:
                self.wait_for_disk(error, folder, until)
            else:
                return remove_old(folder.parent, self.config.keep_checkpoints)

    def wait_for_disk(self, error: Exception, folder: Path, until: float) -> None:
        """Wait until a checkpoint may be tried again; the training's state stays in memory.

        Raises:
            SpeechlabError: it is too late, or a signal asks to leave.
        """
        reason = str(cannot_write(folder, error) if isinstance(error, OSError) else error)
        if self.stopping.number or time.monotonic() > until:
            self.close()
            raise SpeechlabError(
                f"{self.experiment.name} ends at step {self.step} without a checkpoint of it: {reason}; train again,"
                " and it resumes from the one before"
            )
        self.health.error(self.step, f"no checkpoint could be written ({reason})", "free disk space")
        self.say(f"paused at step {self.step}: {reason}; tries again in {RETRY_S:.0f} s, for"
                 f" {WAIT_FOR_DISK_S / 3600:.0f} hours; Ctrl-C ends it")  # fmt: skip
        self.write_health()
        self.stopping.wait(RETRY_S)

    def card(self) -> dict[str, Any]:
        """What is written beside the weights."""
        return {
            **self.recipe.card(),
            **foreign_code(self.modules[self.recipe.main]),
            "audio": to_dict(self.experiment.audio),
            "experiment": to_dict(self.experiment),
            "steps": self.step,
            "metrics": self.metrics,
            **({"changes": self.changes} if self.changes else {}),
            "git_commit": git_commit(),
            "torch": torch.__version__,
        }

    def resume(self) -> None:
        """Continue from the newest whole checkpoint, if the run has one."""
        if self.fabric.is_global_zero:
            places = (self.run_dir, self.run_dir / "checkpoints", self.run_dir / "renders")
            for folder in (*places, *self.run_dir.glob("renders/step-*")):
                remove_leftovers(folder)  # of a process that was killed
        newest = newest_checkpoint(self.run_dir / "checkpoints", self.say)
        logged = self.log.last_step() if self.log else 0
        if newest is None:
            if self.experiment.initial:
                self.start_from(self.experiment.initial)
            if logged:
                self.say(f"{self.experiment.name}: no checkpoint yet, begins again ({logged} steps lost)")
            if self.log:
                self.log.open(0, config_to_store(self.run_dir, self.experiment, 0))
            return
        state, trains_on = newest.state, newest.state["step"] < self.config.steps
        config = config_to_store(self.run_dir, self.experiment, state["step"])
        self.changes = config[CHANGES]
        try:
            for name, module in self.modules.items():
                module.load_state_dict(state["networks"][name])
            for name, optimiser in self.optimisers.items():
                optimiser.load_state_dict(state["optimisers"][name])
            if trains_on and self.changes and self.changes[-1]["step"] == state["step"]:
                self.apply_changes(self.changes[-1]["changed"])
            if self.average is not None:
                saved = state["average"] or self.modules[self.recipe.main].state_dict()  # empty: it was off until now
                self.average = {name: value.detach().clone().to(self.fabric.device) for name, value in saved.items()}
            self.fabric._precision.load_state_dict(state["scaler"])
            self.step, self.metrics = state["step"], newest.need("metrics")
        except (RuntimeError, KeyError, ValueError, TypeError, AttributeError, IndexError) as error:
            raise SpeechlabError(
                f"{self.run_dir} holds a training of other parts or sizes than {self.experiment.name} has now; train"
                " into another folder (--run FOLDER), or remove that one"
            ) from error
        if self.log:
            self.health.restore(self.log.read_health(), self.step)
            self.log.open(self.step, config if trains_on else None, state["logger_run_id"])
            lost = max(logged - self.step, 0)
            if trains_on:
                of = f"{self.step} of {self.config.steps}"
                self.say(f"{self.experiment.name}: resumes at step {of} ({lost} steps lost)")
        set_rng_state(state["rng"])

    def apply_changes(self, changed: dict[str, list]) -> None:
        """Say what goes on under other settings, and give the optimisers theirs, which a checkpoint brings along."""
        shown = "; ".join(f"{key} from {before!r} to {after!r}" for key, (before, after) in changed.items())
        bends = "; the learning rate depends on the number of steps, so this is no run of as many from the start"
        self.say(f"{self.experiment.name}: goes on with changes: {shown}{bends * (STEPS in changed)}")
        for name, optimiser in self.optimisers.items():
            config = self.recipe.optimiser_config(name)
            for group in optimiser.param_groups:
                group |= {"betas": tuple(config.betas), "eps": config.epsilon, "weight_decay": config.weight_decay}

    def start_from(self, name: str) -> None:
        """Take the weights of another run: what the recipe inherits of its networks, or of a bare checkpoint's one.

        Raises:
            SpeechlabError: the other run is of another model.
        """
        found = find_checkpoint(name)
        given = found.state["networks"] if found.state else {self.recipe.main: found.weights}
        try:
            given = self.recipe.inherit(given)
            for network, weights in given.items():
                self.modules[network].load_state_dict({key: value.float() for key, value in weights.items()})
        except (KeyError, RuntimeError) as error:
            raise SpeechlabError(
                f"{self.experiment.name} cannot start from {found.path}, a {found.card.get('model')} of other parts or"
                " sizes; name a run of the same model"
            ) from error
        if self.average is not None:
            main = self.modules[self.recipe.main].state_dict()
            self.average = {key: value.detach().clone() for key, value in main.items()}
        self.say(f"{self.experiment.name}: starts from {', '.join(given)} of {found.path}")

    def result(self) -> RunResult:
        """Where everything is."""
        newest = self.run_dir / "checkpoints" / f"step-{self.step:07d}"
        return RunResult(self.run_dir, newest, self.step, self.metrics)

    def say(self, message: str) -> None:
        """Print once, whatever the number of processes."""
        if self.fabric.is_global_zero:
            print(message, flush=True)
