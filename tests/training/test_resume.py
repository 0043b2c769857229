"""A training killed at any moment goes on as if nothing had happened, bit for bit on the CPU."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time

import pytest
import yaml

from speechlab.training.logs import read_log

pytestmark = pytest.mark.slow

STEPS = 60
PROGRAM = """
import sys
from speechlab.experiments import load_experiment
from speechlab.training import train

if __name__ == "__main__":
    train(load_experiment(sys.argv[1]), sys.argv[2])
"""


def start(experiment, run_dir, program):
    return subprocess.Popen(
        [sys.executable, str(program), str(experiment), str(run_dir)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


def losses(run_dir):
    return {record["step"]: record["loss"] for record in read_log(run_dir) if "loss" in record}


def kill_at_step(process, run_dir, step):
    """Send SIGKILL as soon as the log has the step."""
    while process.poll() is None and max(losses(run_dir), default=0) < step:
        time.sleep(0.03)
    process.send_signal(signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
    process.wait()


def kill_during_a_write(process, run_dir):
    """Send SIGKILL while a checkpoint's temporary folder is there."""
    while process.poll() is None and not list((run_dir / "checkpoints").glob(".step-*.tmp/*")):
        time.sleep(0.001)
    process.kill()
    process.wait()
    return list((run_dir / "checkpoints").glob(".step-*.tmp"))


def test_kills_change_nothing(places, tiny_corpus):
    experiment, program = places / "tiny.yaml", places / "program.py"
    program.write_text(PROGRAM, encoding="utf-8")
    rng = random.Random()  # another vocoder and other moments each time
    recipe, model = rng.choice((
        ("hifigan_trainer", {"preset": "v2"}),
        ("vocos_trainer", {"name": "source_vocos_gen", "channels": 32, "intermediate_channels": 64, "n_layers": 2}),
    ))  # fmt: skip
    print("kills a", recipe)
    settings = {
        "recipe": recipe,
        "corpus": {"name": "folder", "path": str(tiny_corpus), "n_validation": 1},
        "model": model,
        "discriminator": {"names": ["mpd"], "weights": [1.0], "widths": [1.0], "width": 0.03},
        "segment_length": 2048,
        "generator_only_steps": 30,
        "training": dict(
            steps=STEPS, batch_size=2, log_every=1, checkpoint_every=4, ema_decay=0.99, n_workers=0, n_threads=1,
            render_every=1000, validate_every=1000,
        ),
    }  # fmt: skip
    experiment.write_text(yaml.safe_dump(settings), encoding="utf-8")

    reference = start(experiment, places / "reference", program)
    run_dir = places / "killed"
    moments = sorted(rng.sample(range(2, STEPS - 4), 4 if os.environ.get("SPEECHLAB_BRIEF") == "1" else 2))
    print("killed at steps", moments)
    for number, moment in enumerate(moments):
        begun = start(experiment, run_dir, program)
        kill_at_step(begun, run_dir, moment)
        assert run_dir.exists(), begun.stdout.read().decode()  # it ended by itself before its first step
        if number == 1:
            kill_during_a_write(start(experiment, run_dir, program), run_dir)
        if number == 1:  # and moved to another place, as from one machine to the next
            shutil.move(run_dir, places / "elsewhere")
            run_dir = places / "elsewhere"
    last = start(experiment, run_dir, program)
    said = last.communicate(timeout=300)[0].decode()
    assert last.returncode == 0, said
    assert "resumes at step" in said and "steps lost" in said
    assert reference.wait(timeout=300) == 0, reference.stdout.read().decode()
    expected = losses(places / "reference")
    assert sorted(expected) == list(range(1, STEPS + 1))
    assert losses(run_dir) == expected
