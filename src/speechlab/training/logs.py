"""A run's records: JSON lines and TensorBoard always, W&B if asked; renders for the time-travel player."""

import json
import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from speechlab.config import Experiment, TrainingConfig, to_dict
from speechlab.files import write_atomically, write_json
from speechlab.training.media import alignment_image, spectrogram_image

if TYPE_CHECKING:
    from speechlab.audio.io import Audio  # it loads torch, which a reader of logs does not need

PRINT_EVERY_S = 20.0  # seconds between printed lines


def read_log(run_dir: Path) -> list[dict]:
    """Read ``log.jsonl``; a last line cut off by a kill is left out."""
    path = Path(run_dir) / "log.jsonl"
    records = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else []:
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            continue  # the line that was being written when the process died
        if isinstance(record, dict) and isinstance(record.get("step"), int):
            records.append({name: value for name, value in record.items() if isinstance(value, int | float)})
    return records


def read_list(path: Path, name: str | None = None) -> list[dict]:
    """Read a JSON list of dictionaries, or the one of a name in a group; empty where it is missing or damaged."""
    try:
        content = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []
        content = content[name] if name and content else content
    except (ValueError, RecursionError, KeyError, TypeError):
        return []
    return [item for item in content if isinstance(item, dict)] if isinstance(content, list) else []


class RunLog:
    """Write a run's numbers, sounds and findings below its folder."""

    def __init__(self, run_dir: Path, config: TrainingConfig, experiment: Experiment):
        self.run_dir, self.config, self.experiment = run_dir, config, experiment
        run_dir.mkdir(parents=True, exist_ok=True)
        self.run_id, self.board, self.wandb = "", None, None
        self.started = self.printed = time.monotonic()

    def last_step(self) -> int:
        """Last step of which there is a record."""
        return max((record["step"] for record in read_log(self.run_dir)), default=0)

    def open(self, step: int, config: Mapping[str, Any] | None, run_id: str = "") -> None:
        """Begin writing after ``step``; records of later steps, lost with their process, are dropped.

        Args:
            config: what ``config.json`` is to hold; none leaves it as it is.
        """
        from torch.utils.tensorboard import SummaryWriter

        if config is not None:
            write_json(self.run_dir / "config.json", config)
        kept = [record for record in read_log(self.run_dir) if record["step"] <= step]
        path = self.run_dir / "log.jsonl"
        write_atomically(path, "".join(json.dumps(record) + "\n" for record in kept).encode())
        self.file = path.open("a", encoding="utf-8")
        self.first_step = step
        self.board = SummaryWriter(str(self.run_dir / "tensorboard"), purge_step=step + 1)
        self.run_id = run_id
        if self.config.wandb != "disabled":
            self.open_wandb(run_id)

    def open_wandb(self, run_id: str) -> None:
        """Start or continue a W&B run; its trouble is printed and never stops a training."""
        import wandb

        try:
            settings = wandb.Settings(init_timeout=20, silent=True)
            self.wandb = wandb.init(
                project="speechlab",
                name=self.run_dir.name,
                id=run_id or None,
                resume="allow",
                mode=self.config.wandb,
                dir=str(self.run_dir),
                config=to_dict(self.experiment),
                settings=settings,
            )
            self.run_id = self.wandb.id
        except Exception as error:  # a logger must not cost a training
            print(f"W&B is off: {type(error).__name__}; the JSON and TensorBoard logs go on")

    def write(self, step: int, numbers: dict[str, float], total: int) -> None:
        """Record the finite numbers of one step."""
        numbers = {name: value for name, value in numbers.items() if math.isfinite(value)}  # JSON has no infinity
        record = {"step": step, "time": round(time.time(), 3), **numbers}
        self.file.write(json.dumps(record) + "\n")
        self.file.flush()
        for name, value in numbers.items():
            self.board.add_scalar(name, value, step)
        if self.wandb:
            self.wandb.log(numbers, step=step)
        now = time.monotonic()
        if now - self.printed >= PRINT_EVERY_S or step >= total or any("validation" in name for name in numbers):
            self.printed = now
            left = (total - step) / numbers["steps_per_second"] if numbers.get("steps_per_second") else 0
            shown = "  ".join(f"{name} {value:.4g}" for name, value in numbers.items())
            print(f"step {step}/{total}  {shown}" + (f"  {left / 60:.0f} min left" if left > 60 else ""), flush=True)

    def write_renders(self, step: int, clips: dict[str, "Audio"]) -> None:
        """Keep rendered clips of one step and list them in ``renders/index.json``."""
        if not clips:
            return
        from speechlab.audio.io import write_audio

        folder = self.run_dir / "renders" / f"step-{step:07d}"
        folder.mkdir(parents=True, exist_ok=True)
        for name, audio in clips.items():
            write_audio(folder / f"{name}.wav", audio.waveform, audio.sample_rate)
        self.add_step("index.json", step, {name: f"{folder.name}/{name}.wav" for name in clips})
        self.show_clips(step, clips)

    def write_alignments(self, step: int, alignments: dict[str, dict[str, list]]) -> None:
        """Add a recipe's alignments at one step to ``renders/alignments.json``."""
        if alignments:
            self.add_step("alignments.json", step, alignments)
            images = {f"alignment/{name}": item for name, item in alignments.items()}
            self.show_images(
                step, {name: alignment_image(item["durations"], item.get("true")) for name, item in images.items()}
            )

    def show_clips(self, step: int, clips: dict[str, "Audio"]) -> None:
        """Let TensorBoard and W&B play the clips and show their spectrograms."""
        for name, audio in clips.items():
            self.board.add_audio(f"render/{name}", np.clip(audio.waveform, -1, 1), step, audio.sample_rate)
        if self.wandb:
            import wandb

            sounds = {f"render/{name}": wandb.Audio(audio.waveform, audio.sample_rate) for name, audio in clips.items()}
            self.wandb.log(sounds, step=step)
        self.show_images(
            step, {f"spectrogram/{name}": spectrogram_image(audio.waveform) for name, audio in clips.items()}
        )

    def show_images(self, step: int, images: dict[str, np.ndarray]) -> None:
        """Show pictures, uint8 (height, width)."""
        for name, image in images.items():
            self.board.add_image(name, image, step, dataformats="HW")
        if self.wandb:
            import wandb

            self.wandb.log({name: wandb.Image(image) for name, image in images.items()}, step=step)

    def add_step(self, file_name: str, step: int, items: dict) -> None:
        """Add what was rendered at a step to a list below ``renders/``, in place of what an earlier try left."""
        path = self.run_dir / "renders" / file_name
        path.parent.mkdir(parents=True, exist_ok=True)
        entries = [entry for entry in read_list(path) if isinstance(entry.get("step"), int) and entry["step"] != step]
        entries.append({"step": step, "items": items})
        write_json(path, sorted(entries, key=lambda entry: entry["step"]))

    def read_health(self) -> list[dict]:
        """Findings of the run so far."""
        return read_list(self.run_dir / "health.json", "findings")

    def write_health(self, findings: list[dict]) -> None:
        """Write the findings for the health panel."""
        write_json(self.run_dir / "health.json", {"findings": findings})

    def close(self) -> None:
        """Flush everything."""
        self.file.close()
        self.board.close()
        if self.wandb:
            self.wandb.finish()
