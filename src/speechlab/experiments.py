"""Experiments by name: YAML differences merged over the dataclasses of ``speechlab.config``.

An experiment is built in four layers, each overriding the one before: the schema's defaults (the papers' sizes),
``configs/profiles/<profile>.yaml`` under the recipe's name, ``configs/experiments/<name>.yaml`` (its optional
``profiles: {smoke: ...}`` last), and ``key=value`` overrides from the command line.
"""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

from speechlab.config import EXPERIMENTS, SCALES, Experiment, Items, Range, bounds_of, broken_bounds, to_plain
from speechlab.errors import SpeechlabError, did_you_mean
from speechlab.registry import adversarial_losses, corpora, losses, metrics, models, optimisers, pair_sets

CONFIGS = Path(__file__).parent / "configs"
MAX_YAML, MAX_NODES = 2**20, 10_000  # bytes of an experiment's file, and values in it with its aliases unfolded
PROFILES = ("smoke", "gpu", "full")
SCHEDULES = ("constant", "noam", "noam_by_epoch", "exponential", "cosine")
CHOICES: dict[str, tuple[str, ...]] = {
    "adversarial_loss": adversarial_losses.ours,
    "recipe": tuple(EXPERIMENTS.ours),
    "audio.scale": SCALES,
    "corpus.language": ("en", "ru"),
    "degradation.band_method": ("default", "decimate", "random"),
    "degradation.order": ("physical", "reference"),
    "discriminator_optimiser.schedule": SCHEDULES,
    "duration_loss": ("mse", "l1"),
    "energy_scale": ("linear", "log"),
    "lmos_feature": ("conv", "conv_ln", "layer1"),
    "model.name": (
        "hifigan_gen",
        "a2a_hifi++_gen",
        "hifi++_gen",
        "vocos_gen",
        "source_vocos_gen",
        "deep_filter_gen",
    ),
    "model.preset": ("v1", "v2", "v3"),
    "model.size": ("tiny", "small", "base", "large"),
    "model.wavlm": ("wavlm-large", "tiny"),
    "discriminator_optimiser.name": optimisers.ours,
    "optimiser.name": optimisers.ours,
    "optimiser.schedule": SCHEDULES,
    "text.frontend": ("phonemes", "graphemes", "stressed_graphemes"),
    "training.precision": ("auto", "fp32", "bf16", "fp16"),
    "training.wandb": ("disabled", "offline", "online"),
}
"""Keys whose value is one of a few words."""
OPEN = {
    "adversarial_loss": adversarial_losses, "discriminator_optimiser.name": optimisers, "model.name": models,
    "optimiser.name": optimisers, "recipe": EXPERIMENTS,
}  # fmt: skip
"""Of these a person may add others, by registering them."""
NAMES: dict[str, tuple[str, ...]] = {
    "corpus.name": corpora.ours,
    "data.name": pair_sets.ours,
    "discriminator.names": ("mpd", "msd", "mrd", "ssd", "ms-stft_disc"),
    "losses.name": losses.ours,
    "validation.metrics": metrics.ours,
}
"""Keys for which the JSON schema lists what comes with speechlab; a training looks them up in the registry."""
PLACES = ("losses.name",)
"""Of these one's own may be named by its place, ``package.module:name``."""


def experiment_names() -> list[str]:
    """List the experiments that ``load_experiment`` and ``speechlab train`` know."""
    return sorted(path.stem for path in (CONFIGS / "experiments").glob("*.yaml"))


def load_experiment(name: str, profile: str = "smoke", overrides: Sequence[str] = ()) -> Experiment:
    """Build an experiment's config for a profile.

    Args:
        name: one of ``experiment_names()``, or the path of a YAML file in the same form.
        profile: ``smoke``, ``gpu`` or ``full``.
        overrides: ``key=value`` strings such as ``training.steps=500``; the last of a key wins.

    Raises:
        SpeechlabError: an unknown name, profile or key (the nearest known ones are named), or a value of a wrong type.
    """
    if profile not in PROFILES:
        hint = did_you_mean(profile, PROFILES)
        raise SpeechlabError(f"no profile is called {profile!r}{hint} (known: {', '.join(PROFILES)})")
    differences = _read_yaml(_experiment_file(name))
    for_profiles = differences.pop("profiles", None) or {}
    if not isinstance(for_profiles, dict) or not all(isinstance(part or {}, dict) for part in for_profiles.values()):
        raise SpeechlabError(f"{name}: profiles is a group of groups, such as profiles: {{smoke: {{training: ...}}}}")
    schema = _schema(differences, name)
    for other in set(for_profiles) - set(PROFILES):
        raise SpeechlabError(f"{name}: profiles has no {other!r}{did_you_mean(other, PROFILES)}")
    layers = [
        (f"profile {profile}", _profile(profile, schema)),
        (name, differences),
        (f"{name}, profile {profile}", for_profiles.get(profile) or {}),
        ("override", _parse_overrides(overrides, schema)),
    ]
    for where, layer in layers:
        _check_keys(layer, schema, where)
    merged = _merged([{"name": Path(name).stem}, *(layer for _, layer in layers)])
    return _build(schema, merged, where=Path(name).stem)


def from_dict(values: Mapping[str, Any]) -> Experiment:
    """Rebuild an experiment from the plain dictionary that a run folder or a checkpoint's card stores."""
    values = {key: value for key, value in values.items() if key != "changes"}  # what happened to the run since
    schema = _schema(values, "stored config")
    _check_keys(values, schema, "stored config")
    return _build(schema, values, where="stored config")


def json_schema() -> dict[str, Any]:
    """Describe every experiment file as a JSON schema, for editors that complete and check YAML."""
    definitions = {recipe: _json_type(kind, "") for recipe, kind in EXPERIMENTS.items() if recipe in EXPERIMENTS.ours}
    for recipe, definition in definitions.items():
        for key in NAMES:
            _allow(definition, key)
        definition["properties"]["recipe"] = {"const": recipe}
        definition["properties"]["profiles"] = {
            "type": "object",
            "properties": {name: {"$ref": f"#/$defs/{recipe}"} for name in PROFILES},
            "additionalProperties": False,
        }
    chosen = [
        {"if": {"properties": {"recipe": {"const": recipe}}}, "then": {"$ref": f"#/$defs/{recipe}"}}
        for recipe in definitions
    ]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "speechlab experiment",
        "type": "object",
        "required": ["recipe"],
        "properties": {"recipe": {"enum": list(definitions)}},
        "allOf": chosen,
        "$defs": definitions,
    }


def write_json_schema(path: Path) -> Path:
    """Write ``json_schema()`` to a file."""
    path.write_text(json.dumps(json_schema(), indent=1) + "\n", encoding="utf-8")
    return path


def _allow(definition: dict[str, Any], key: str) -> None:
    """Allow only known names, where a definition has such a key."""
    for part in key.split("."):
        definition = definition.get("properties", {}).get(part, {})
        definition = definition.get("items", definition)
    if definition:
        known = {"enum": sorted(NAMES[key])}
        definition |= {"anyOf": [known, {"pattern": ":"}]} if key in PLACES else known


def _experiment_file(name: str) -> Path:
    if name.endswith((".yaml", ".yml")):
        if not Path(name).is_file():
            raise SpeechlabError(f"there is no experiment file {name}")
        return Path(name)
    names = experiment_names()
    if name not in names:
        raise SpeechlabError(f"no experiment is called {name!r}{did_you_mean(name, names)} (known: {', '.join(names)})")
    return CONFIGS / "experiments" / f"{name}.yaml"


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > MAX_YAML:
            raise SpeechlabError(f"{path} has more than {MAX_YAML} bytes; an experiment is a few lines")
        plain = _parse_yaml(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        if isinstance(error, SpeechlabError):
            raise
        raise SpeechlabError(f"{path} is not readable YAML: {' '.join(str(error).split())}") from None
    if not isinstance(plain, dict):
        raise SpeechlabError(f"{path} should hold 'key: value' lines")
    return plain


def _parse_yaml(text: str) -> Any:
    """Parse YAML, in which 1e-5 is a number and ${...} is nothing special.

    Raises:
        ValueError: it is none, or unfolds to more than an experiment can hold.
    """
    import yaml
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    try:
        if _n_nodes(yaml.compose(text, Loader=yaml.SafeLoader), {}) > MAX_NODES:
            raise ValueError(f"its aliases unfold to more than {MAX_NODES} values")
        return OmegaConf.to_container(OmegaConf.create(text))
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except (yaml.YAMLError, OmegaConfBaseException, TypeError, AttributeError) as error:
        raise ValueError(str(error)) from None


def _n_nodes(node: Any, known: dict[int, int]) -> int:
    """Count the values of a YAML document with its aliases unfolded; a node that holds itself counts as too many."""
    import yaml

    if not isinstance(node, yaml.CollectionNode):
        return 1
    if id(node) not in known:
        known[id(node)] = MAX_NODES + 1
        items = (part for item in node.value for part in (item if isinstance(item, tuple) else (item,)))
        known[id(node)] = 1 + sum(_n_nodes(item, known) for item in items)
    return known[id(node)]


def _merged(layers: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Put one group of settings over the other."""
    result: dict[str, Any] = {}
    for layer in layers:
        for key, value in layer.items():
            both = isinstance(value, Mapping) and isinstance(result.get(key), Mapping)
            result[key] = _merged((result[key], value)) if both else value
    return result


def _schema(values: Mapping[str, Any], where: str) -> type[Experiment]:
    recipe = values.get("recipe")
    if not isinstance(recipe, str) or recipe not in EXPERIMENTS:
        hint = did_you_mean(str(recipe), list(EXPERIMENTS))
        raise SpeechlabError(f"{where}: no recipe is called {_shown(recipe)}{hint} (known: {', '.join(EXPERIMENTS)})")
    return EXPERIMENTS[recipe]


def _profile(name: str, schema: type[Experiment]) -> dict[str, Any]:
    """Give a profile's settings for a schema; one that a person added takes those of its parent that it knows."""
    recipes = (kind().recipe for kind in schema.__mro__ if issubclass(kind, Experiment))
    recipe = next((recipe for recipe in recipes if recipe in EXPERIMENTS.ours), "")
    settings = _read_yaml(CONFIGS / "profiles" / f"{name}.yaml").get(recipe) or {}
    return settings if recipe == schema().recipe else _known_to(schema, settings)


def _known_to(schema: type, values: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out the settings that a schema does not have."""
    hints = bounds_of(schema)
    return {
        key: _known_to(hints[key], value) if is_dataclass(hints[key]) else value
        for key, value in values.items()
        if key in hints
    }


def _leaves(schema: type, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Give every dotted key of a config dataclass with its type."""
    hints = bounds_of(schema)
    for item in fields(schema):
        kind, key = hints[item.name], prefix + item.name
        yield key, kind
        if is_dataclass(kind):
            yield from _leaves(kind, f"{key}.")


def _unknown_key(key: str, schema: type, where: str) -> SpeechlabError:
    known = [name for name, kind in _leaves(schema) if not is_dataclass(kind)]
    last = key.rpartition(".")[2]
    by_name = {name.rpartition(".")[2]: name for name in reversed(known)}
    near = [by_name[name] for name in get_close_matches(last, by_name, n=3, cutoff=0.6)]
    near = list(dict.fromkeys(near + get_close_matches(key, known, n=3, cutoff=0.6)))[:3]
    parts = ", ".join(item.name for item in fields(schema))
    hint = f"; did you mean {' or '.join(near)}?" if near else f" (its parts: {parts})"
    return SpeechlabError(f"{where}: there is no key {key!r} in {schema().recipe} experiments{hint}")


def _check_keys(
    values: Mapping[str, Any], schema: type, where: str, prefix: str = "", root: type | None = None
) -> None:
    hints = bounds_of(schema)
    for key, value in values.items():
        if key not in hints:
            raise _unknown_key(f"{prefix}{key}", root or schema, where)
        if is_dataclass(hints[key]):
            if not isinstance(value, Mapping):
                parts = ", ".join(f"{prefix}{key}.{item.name}" for item in fields(hints[key]))
                raise SpeechlabError(f"{where}: {prefix}{key} is a group; set its parts, such as {parts}")
            _check_keys(value, hints[key], where, f"{prefix}{key}.", root or schema)


def _parse_overrides(overrides: Sequence[str], schema: type) -> dict[str, Any]:
    """Turn ``a.b=value`` strings into nested dictionaries; text keys keep their value as typed."""
    kinds = dict(_leaves(schema))
    parsed: dict[str, Any] = {}
    for override in overrides:
        key, equals, text = override.partition("=")
        if not equals:
            raise SpeechlabError(f"override: expected key=value, got {override!r}")
        if key not in kinds:
            raise _unknown_key(key, schema, "override")
        try:
            value = text if kinds[key] is str else _parse_yaml(f"value: {text}")["value"]
        except (ValueError, KeyError):
            raise SpeechlabError(f"override: {key}={_shown(text)} is not a value that YAML can read") from None
        *parents, last = key.split(".")
        place = parsed
        for parent in parents:
            place = place.setdefault(parent, {})
            if not isinstance(place, dict):
                raise SpeechlabError(f"override: {key} sets a part of a group that another override has replaced")
        place[last] = value
    return parsed


def _build(schema: type, values: Mapping[str, Any], where: str, prefix: str = "") -> Any:
    """Construct a config dataclass from plain values, checking each against the field's type.

    Parts that are absent keep the default of this schema, which may differ from their own class's default.
    """
    hints = bounds_of(schema)
    defaults = schema()
    ready = {}
    for key, value in values.items():
        kind, full = hints[key], prefix + key
        if is_dataclass(kind):
            value = {**_shallow(getattr(defaults, key)), **value}
            ready[key] = _build(kind, value, where, f"{full}.")
        else:
            ready[key] = _coerce(value, kind, f"{where}: {full}")
            choices = (*CHOICES.get(full, ()), *(OPEN[full].added if full in OPEN else ()))
            if choices and ready[key] not in choices:
                hint = did_you_mean(str(value), choices)
                raise SpeechlabError(f"{where}: {full} is one of {', '.join(choices)}; got {_shown(value)}{hint}")
    try:
        return schema(**ready)
    except SpeechlabError as error:  # of two fields that do not fit each other
        raise SpeechlabError(f"{where}: {prefix}{error}") from None


def _shallow(config: Any) -> dict[str, Any]:
    return {item.name: getattr(config, item.name) for item in fields(config)}


def _coerce(value: Any, kind: Any, where: str) -> Any:
    """Give the value as ``kind``, in its range, where nothing is lost by it (5 -> 5.0, 2e4 -> 20000), else raise."""
    if get_origin(kind) is Annotated:
        ready = _coerce(value, get_args(kind)[0], where)
        for problem in broken_bounds(kind, ready):
            raise SpeechlabError(f"{where} {problem}")
        return ready
    if is_dataclass(kind):  # an item of a list
        if not isinstance(value, Mapping):
            example = ", ".join(f"{item.name}: ..." for item in fields(kind))
            raise SpeechlabError(f"{where} expects groups, such as {{{example}}}; got {_shown(value)}")
        for key in value.keys() - bounds_of(kind).keys():
            raise SpeechlabError(f"{where} has no {key!r}{did_you_mean(str(key), list(bounds_of(kind)))}")
        return _build(kind, value, where)
    arguments = get_args(kind)
    if arguments:  # a tuple: of one kind and any length, or of the kinds listed
        if isinstance(value, list | tuple):
            kinds = [arguments[0]] * len(value) if arguments[-1] is Ellipsis else arguments
            if len(kinds) == len(value):
                return tuple(_coerce(item, each, where) for item, each in zip(value, kinds, strict=True))
        count = "a list" if arguments[-1] is Ellipsis else f"a list of {len(arguments)}"
        example = ", ".join(_EXAMPLES[_plain(each)] for each in arguments if _plain(each) in _EXAMPLES)
        raise SpeechlabError(f"{where} expects {count}, such as [{example}]; got {_shown(value)}")
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max
    if kind is float and is_number:
        return float(value)
    if kind is int and is_number and value == int(value):
        return int(value)
    if kind is str and is_number:
        return str(value)
    if (kind is bool and isinstance(value, bool)) or (kind is str and isinstance(value, str) and _is_writable(value)):
        return value
    raise SpeechlabError(f"{where} expects {_WORDS[kind]}, such as {_EXAMPLES[kind]}; got {_shown(value)}")


def _is_writable(text: str) -> bool:
    """Tell whether a text can be written to a file and name one: no half of a character, no null."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text


def _shown(value: Any) -> str:
    """Show a value in an error, in ASCII where it could not be written otherwise, and shortened."""
    shown = repr(value)
    return shown if len(shown) <= 80 else f"{shown[:77]}..."


def _plain(kind: Any) -> Any:
    """Give a type without its bounds."""
    return get_args(kind)[0] if get_origin(kind) is Annotated else kind


_WORDS = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}
_EXAMPLES = {int: "100", float: "0.5", bool: "true", str: "name"}
_JSON_TYPES = {int: "integer", float: "number", bool: "boolean", str: "string"}


def _json_bound(bound: Range | Items) -> dict[str, Any]:
    if isinstance(bound, Items):
        return {"minItems": bound.low, "maxItems": bound.high}
    low, high = "exclusiveMinimum" if bound.above else "minimum", "exclusiveMaximum" if bound.below else "maximum"
    return {low: bound.low, high: bound.high}


def _json_type(kind: Any, key: str) -> dict[str, Any]:
    if get_origin(kind) is Annotated:
        plain, *bounds = get_args(kind)
        described = _json_type(plain, key)
        for bound in bounds:
            described |= _json_bound(bound)
        return described
    if is_dataclass(kind):
        hints = bounds_of(kind)
        defaults = kind()
        properties = {}
        for item in fields(kind):
            full = f"{key}.{item.name}".lstrip(".")
            properties[item.name] = _json_type(hints[item.name], full)
            if not is_dataclass(hints[item.name]):
                properties[item.name]["default"] = to_plain(getattr(defaults, item.name))
        return {"type": "object", "properties": properties, "additionalProperties": False}
    if arguments := get_args(kind):
        size = {} if arguments[-1] is Ellipsis else {"minItems": len(arguments), "maxItems": len(arguments)}
        return {"type": "array", "items": _json_type(arguments[0], ""), **size}
    choices = {"enum": list(CHOICES[key])} if key in CHOICES else {}
    return {"type": _JSON_TYPES[kind], **choices}


if __name__ == "__main__":
    print(write_json_schema(CONFIGS / "schema.json"))
