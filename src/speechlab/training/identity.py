"""What a run is: its whole configuration, and a folder whose name tells it from runs of other settings.

``config.json`` in the run folder holds the configuration and, under ``changes``, every setting that was changed while
it trained, with the step. A run is continued under the settings it was begun with; others need a run of their own, or a
word of the person who trains.
"""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path, PurePath
from typing import Any, NamedTuple

from speechlab.checkpoints import CONFIG, newest_step
from speechlab.config import DEGRADERS, EXPERIMENTS, Experiment, OptimiserConfig, to_dict
from speechlab.errors import SpeechlabError
from speechlab.experiments import PROFILES, experiment_names, load_experiment
from speechlab.files import read_object, short_hash
from speechlab.training.schedules import schedules

CHANGES = "changes"
STEPS = "training.steps"
HARMLESS = {  # what a run learns does not depend on them
    "name",
    "validation.metrics",
    "validation.n_clips",
    *(f"training.{name}_every" for name in ("log", "render", "validate", "checkpoint")),
    *(f"training.{name}" for name in ("n_workers", "n_threads", "keep_checkpoints", "max_skipped_steps", "wandb")),
}
SPOILERS = [f"degradation.{name}" for name in DEGRADERS]
PLACES = {  # folders and names of runs, which may move from machine to machine: the last part of the path tells them
    "corpus.path", "data.path", "data.clean", "data.noisy", *SPOILERS, "initial", "aligner", "acoustic_model",
    "corpus.validation_path", "data.validation",
}  # fmt: skip
RECORDINGS = {  # which recordings: no run of its own, so that the runs that refer to it by name find it
    "corpus.name", "corpus.path", "corpus.language", "corpus.voice", "corpus.text_column", "data.name", "data.path",
    "data.clean", "data.noisy", *SPOILERS, "corpus.validation_path", "data.validation",
}  # fmt: skip
PROBED = (1, 10, 100, 500)  # steps after the warm-up at which a schedule is asked whether the total matters

Settings = dict[str, Any]
"""Values by dotted key, such as ``optimiser.learning_rate``."""


class Stored(NamedTuple):
    """The configuration that a run folder holds."""

    settings: Settings
    changes: list[dict[str, Any]]  # {"step": 300, "changed": {key: [before, after]}}


def flat(values: Mapping[str, Any], prefix: str = "") -> Settings:
    """Spread nested settings over dotted keys."""
    found: Settings = {}
    for key, value in values.items():
        found |= flat(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {f"{prefix}{key}": value}
    return found


def settings_of(experiment: Experiment) -> Settings:
    """Give every setting of an experiment."""
    return flat(to_dict(experiment))


def comparable(key: str, value: Any) -> Any:
    """Give what of a setting counts: of places their last part, of numbers the number."""
    if isinstance(value, list | tuple):
        return [comparable(key, item) for item in value]
    if key in PLACES and isinstance(value, str):
        return PurePath(value.replace("\\", "/")).name
    return value


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Give the settings that differ, with both values; harmless ones are left out."""
    return {
        key: (before[key], after[key])
        for key in after
        if key in before and key not in HARMLESS and comparable(key, before[key]) != comparable(key, after[key])
    }


def stored_config(run_dir: Path) -> Stored | None:
    """Read what a run folder says of its settings, or else what the card of its newest checkpoint says.

    A setting that did not exist when the run began has the value that it has by default now.
    """
    values = read_object(Path(run_dir) / CONFIG)
    if not values:
        cards = sorted(Path(run_dir).glob("checkpoints/step-*/card.json"), reverse=True)
        found = (card.get("experiment") for card in map(read_object, cards))
        values = next((experiment for experiment in found if isinstance(experiment, dict)), {})
    recipe, changes = values.get("recipe"), values.get(CHANGES)
    if not isinstance(recipe, str) or recipe not in EXPERIMENTS:
        return None
    settings = settings_of(EXPERIMENTS[recipe]()) | flat({k: v for k, v in values.items() if k != CHANGES})
    if not isinstance(settings[STEPS], int):
        return None
    return Stored(settings, [item for item in changes if is_change(item)] if isinstance(changes, list) else [])


def is_change(item: Any) -> bool:
    """Tell whether something is a record of changed settings."""
    return isinstance(item, dict) and isinstance(item.get("step"), int) and isinstance(item.get("changed"), dict)


def total_matters(experiment: Experiment) -> bool:
    """Tell whether the learning rate depends on how many steps there will be, as a cosine's does."""
    configs = [getattr(experiment, item.name) for item in fields(experiment)]
    return any(
        schedules[config.schedule](step, config, total, 100) != schedules[config.schedule](step, config, 2 * total, 100)
        for config in configs
        if is_dataclass(config) and isinstance(config, OptimiserConfig)
        for total in [config.warmup_steps + 2 * PROBED[-1]]
        for step in (config.warmup_steps + after for after in PROBED)
    )


def changed_settings(run_dir: Path, experiment: Experiment) -> dict[str, tuple[Any, Any]]:
    """Give what a continuation would change of a run's settings: before and after, by key.

    More steps change nothing, unless the learning rate depends on their number; nor do fewer than the run has.
    """
    stored, step = stored_config(run_dir), newest_step(run_dir)
    if stored is None or not step:
        return {}
    changed = differences(stored.settings, settings_of(experiment))
    if STEPS in changed and (experiment.training.steps <= step or not total_matters(experiment)):
        del changed[STEPS]
    return changed


def require_same_settings(run_dir: Path, experiment: Experiment) -> None:
    """Raise where a run would be continued under other settings than it was begun with.

    To train on is no other training, even where the learning rate bends by it: that is said and recorded.

    Raises:
        SpeechlabError: it lists every setting that differs, and says what to do.
    """
    changed = changed_settings(run_dir, experiment)
    if not changed or (set(changed) == {STEPS} and changed[STEPS][1] > changed[STEPS][0]):
        return
    shown = "; ".join(f"{key} was {before!r} and is {after!r}" for key, (before, after) in changed.items())
    hint = " (this learning rate depends on the number of steps)" if STEPS in changed else ""
    raise SpeechlabError(
        f"{run_dir} holds another training than {experiment.name} is now: {shown}{hint}; give this one a name"
        " (--name NAME) or a folder (--run FOLDER) of its own, remove the old one, or go on with it knowingly:"
        " --continue-with-changes"
    )


def config_to_store(run_dir: Path, experiment: Experiment, step: int) -> dict[str, Any]:
    """Give the content of ``config.json`` for a run that goes on at a step, with what was changed, and when."""
    values, stored = to_dict(experiment), stored_config(run_dir)
    if stored is None or not step:
        return values | {CHANGES: []}
    values["training"]["steps"] = max(values["training"]["steps"], stored.settings[STEPS])
    changes = [{**change, "step": min(change["step"], step)} for change in stored.changes]
    if changed := changed_settings(run_dir, experiment):
        changes.append({"step": step, "changed": {key: list(pair) for key, pair in changed.items()}})
        values["training"]["steps"] = experiment.training.steps
    return values | {CHANGES: changes}


def own_settings(name: str, wanted: Settings) -> tuple[str, Settings] | None:
    """Give the settings of the experiment of a name, in the profile nearest to those wanted, and that profile."""
    if name not in experiment_names():
        return None
    found = [(profile, settings_of(load_experiment(name, profile))) for profile in PROFILES]
    alike = [(profile, own) for profile, own in found if own["recipe"] == wanted["recipe"]]
    return min(alike, key=lambda item: len(differences(item[1], wanted)), default=None)


def own_differences(experiment: Experiment) -> Settings:
    """Give the settings that make this a training of its own beside the experiment of its name."""
    wanted = settings_of(experiment)
    own = own_settings(experiment.name, wanted)
    changed = differences(own[1], wanted) if own else {}
    return {key: after for key, (_, after) in changed.items() if key not in RECORDINGS and key != STEPS}


def run_name(experiment: Experiment, runs: Path) -> str:
    """Name the run folder of an experiment: its own name, and where other settings were chosen a hash of these.

    A folder of the plain name that already holds just this training is taken, whatever it was called for.
    """
    changed = own_differences(experiment)
    plain = runs / experiment.name
    if not changed or (newest_step(plain) and not changed_settings(plain, experiment)):
        return experiment.name
    return f"{experiment.name}-{short_hash({key: comparable(key, value) for key, value in changed.items()})[:6]}"
