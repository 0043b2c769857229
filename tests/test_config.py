"""Experiments, profiles and overrides: everything loads, and mistakes are named."""

import json
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any, get_args

import pytest

from speechlab.config import (
    DEGRADERS,
    EXPERIMENTS,
    AudioSpec,
    DegradationConfig,
    FastSpeech2Experiment,
    FinallyStage1Experiment,
    FinallyStage2Experiment,
    Folders,
    HiFiGANExperiment,
    HiFiPPExperiment,
    Items,
    Range,
    TrainingConfig,
    bounds_of,
    to_dict,
)
from speechlab.errors import SpeechlabError
from speechlab.experiments import (
    CONFIGS,
    PROFILES,
    experiment_names,
    from_dict,
    json_schema,
    load_experiment,
    write_json_schema,
)


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("name", experiment_names())
def test_every_experiment_loads_in_every_profile(name, profile):
    experiment = load_experiment(name, profile)
    assert experiment.name == name
    assert experiment.training.steps > 0
    assert from_dict(json.loads(json.dumps(to_dict(experiment)))) == experiment  # survives a checkpoint's card
    if isinstance(experiment, HiFiGANExperiment):
        assert experiment.segment_length % experiment.audio.hop_length == 0
        assert experiment.generator_only_steps <= experiment.training.steps  # equal: no discriminator at all
    if isinstance(experiment, FastSpeech2Experiment) and experiment.aligner:
        assert experiment.aligner in experiment_names()


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("name", experiment_names())
def test_the_networks_of_every_experiment_can_be_built_in_every_profile(name, profile):
    import torch

    from speechlab.models import build

    experiment = load_experiment(name, profile)
    n_mels = experiment.audio.n_mels
    with torch.device("meta"):  # shapes without memory: the full sizes take no time
        if isinstance(experiment, HiFiGANExperiment):
            networks = [build(judge, width=experiment.discriminator.width) for judge in experiment.discriminator.names]
            sizes = to_dict(experiment.model)
            networks.append(build(sizes.pop("name", "hifigan_gen"), **sizes))
        elif isinstance(experiment, HiFiPPExperiment):
            networks = [build(judge, width=experiment.discriminator.width) for judge in experiment.discriminator.names]
            sizes = to_dict(experiment.model)
            networks.append(build(sizes.pop("name"), **sizes))
        elif isinstance(experiment, FinallyStage1Experiment):
            sizes = to_dict(experiment.model)
            wavlm_channels = {"tiny": 32, "wavlm-large": 1024}[sizes.pop("wavlm")]
            networks = [build("finally_gen", wavlm_channels=wavlm_channels, **sizes)]
            if isinstance(experiment, FinallyStage2Experiment):
                networks.append(build("ms-stft_disc", **to_dict(experiment.discriminator)))
        else:
            sizes = to_dict(experiment.model)
            if experiment.recipe == "fastspeech":
                del sizes["n_bins"]  # it has neither pitch nor energy
            networks = [build(experiment.recipe, n_symbols=100, n_mels=n_mels, **sizes)]
    assert all(sum(weight.numel() for weight in network.parameters()) for network in networks)


def test_overrides_win_over_the_experiment_which_wins_over_the_profile():
    assert load_experiment("kathleen-hifigan", "full").training.batch_size == 8  # the profile says 16
    assert load_experiment("kathleen-hifigan", "smoke").training.steps == 210  # the experiment's own smoke part is last
    changed = load_experiment("kathleen-hifigan", "smoke", ["training.steps=7", "training.steps=9", "audio.f_max=7600"])
    assert changed.training.steps == 9
    assert changed.audio.f_max == 7600.0 and isinstance(changed.audio.f_max, float)


def test_profiles_change_sizes_but_the_full_one_keeps_the_papers():
    assert load_experiment("ljspeech-fastspeech2", "full").model == FastSpeech2Experiment().model
    assert load_experiment("ljspeech-hifigan", "full").model.preset == "v1"


def test_a_part_keeps_the_recipes_own_default_when_another_part_is_set():
    experiment = load_experiment("ljspeech-fastspeech", "full", ["model.dropout=0.2", "optimiser.learning_rate=1e-4"])
    assert experiment.model.postnet is False  # the default of FastSpeech 1, not of FastSpeechSizes
    assert experiment.optimiser.betas == (0.9, 0.98)
    assert experiment.optimiser.learning_rate == 1e-4


@pytest.mark.parametrize("path", ["/tmp/Новая папка/a=b", r"C:\Users\Name\[voice]", "123", "true", ""])
def test_text_overrides_are_taken_as_typed(path):
    assert load_experiment("kathleen-aligner", "gpu", [f"corpus.path={path}"]).corpus.path == path


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("training.step=5", "training.steps"),
        ("trainning.steps=5", "training.steps"),
        ("steps=5", "training.steps"),
        ("batch_size=5", "training.batch_size"),
        ("model.chanels=5", "model.channels"),
        ("training.steps=many", "a whole number"),
        ("training.steps=2.5", "a whole number"),
        ("training.clip_norm=[1]", "a number"),
        ("model.postnet=maybe", "true or false"),
        ("model.kernel_sizes=3", "a list of 2"),
        ("optimiser.betas=[0.9]", "a list of 2"),
        ("optimiser.schedule=nome", "noam"),
        ("training.precision=fp8", "fp16"),
        ("training=5", "training.steps"),
        ("training.steps", "key=value"),
        ("training.steps=[", "YAML"),
    ],
)
def test_a_wrong_override_is_one_line_that_names_what_was_meant(override, message):
    with pytest.raises(SpeechlabError) as error:
        load_experiment("ljspeech-fastspeech2", "smoke", [override])
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_unknown_names_and_profiles_name_the_nearest():
    with pytest.raises(SpeechlabError, match="did you mean .*ljspeech-hifigan"):
        load_experiment("ljspech-hifigan")
    with pytest.raises(SpeechlabError, match="did you mean smoke"):
        load_experiment("embedded-aligner", "smok")


def test_an_experiment_file_of_ones_own_loads_by_its_path(tmp_path):
    file = tmp_path / "моя голос.yaml"
    file.write_text("recipe: aligner\ntraining: {steps: 3}\n", encoding="utf-8")
    assert load_experiment(str(file)).training.steps == 3
    file.write_text("recipe: alligner\n", encoding="utf-8")
    with pytest.raises(SpeechlabError, match="did you mean aligner"):
        load_experiment(str(file))
    file.write_text("recipe: aligner\ntraining: {stepz: 3}\n", encoding="utf-8")
    with pytest.raises(SpeechlabError, match="training.steps"):
        load_experiment(str(file))
    file.write_text("recipe: [\n", encoding="utf-8")
    with pytest.raises(SpeechlabError, match="YAML"):
        load_experiment(str(file))


def test_the_stored_json_schema_is_the_one_in_code(tmp_path):
    fresh = write_json_schema(tmp_path / "schema.json").read_text(encoding="utf-8")
    assert (CONFIGS / "schema.json").read_text(encoding="utf-8") == fresh, "run python -m speechlab.experiments"


def test_the_json_schema_accepts_ours_and_rejects_a_typing_mistake():
    jsonschema = pytest.importorskip("jsonschema")
    from omegaconf import OmegaConf

    validator = jsonschema.Draft202012Validator(json_schema())
    for name in experiment_names():
        content = OmegaConf.to_container(OmegaConf.load(CONFIGS / "experiments" / f"{name}.yaml"))
        validator.validate(content)
    assert not validator.is_valid({"recipe": "aligner", "training": {"step": 5}})
    assert not validator.is_valid({"recipe": "aligner", "training": {"steps": "five"}})


@pytest.mark.parametrize(
    "wrong",
    [
        {"recipe": "hifigan"},
        {"recipe": "aligner", "corpus": {"name": "ljspech"}},
        {"recipe": "hifi++_trainer", "data": {"name": "voicebnk"}},
        {"recipe": "hifigan_trainer", "discriminator": {"names": ["mpd", "mds"]}},
        {"recipe": "finally_stage2_trainer", "losses": [{"name": "lmoss"}]},
        {"recipe": "fastspeech2", "validation": {"metrics": ["utmos_v3"]}},
        {"recipe": "glowtts", "optimiser": {"name": "radm"}},
    ],
)
def test_an_editor_refuses_a_name_that_is_not_registered(wrong):
    jsonschema = pytest.importorskip("jsonschema")
    validator = jsonschema.Draft202012Validator(json_schema())
    assert not validator.is_valid(wrong)
    own = {"recipe": "finally_stage2_trainer", "losses": [{"name": "my_package.my_losses:loud", "weight": 2}]}
    assert validator.is_valid(own)


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*/*.yaml")), ids=lambda path: path.stem)
def test_every_parser_of_yaml_reads_the_same_numbers(path):
    """YAML 1.1, as PyYAML reads it, takes 1e-3 for text; 1.0e-3 is a number in 1.2 too."""
    import yaml
    from omegaconf import OmegaConf

    assert yaml.safe_load(path.read_text(encoding="utf-8")) == OmegaConf.to_container(OmegaConf.load(path))


OUT_OF_RANGE = (
    "training.clip_norm=-1", "training.seed=-1", "training.n_workers=-1", "training.n_threads=-2", "training.steps=0",
    "training.steps=.inf", "training.batch_size=1e400", "training.ema_decay=1", "training.clip_norm=.nan",
    "audio.hop_length=0", "audio.hop_length=1025", "audio.win_length=2048", "audio.n_mels=0", "audio.f_max=99999",
    "audio.f_min=9000", "audio.log_floor=0", "audio.sample_rate=0", "audio.sample_rate=.nan", "audio.n_fft=10000000000",
    "segment_length=0", "discriminator.names=[]", "discriminator.width=0", "optimiser.learning_rate=-1",
    "optimiser.betas=[0.8, 1.0]", "optimiser.betas=[.nan, 0.9]", "optimiser.epsilon=.inf", "mel_weight=-1",
    "corpus.loudness=3",
)  # fmt: skip


@pytest.mark.parametrize("override", OUT_OF_RANGE)
def test_a_number_out_of_its_range_is_refused_in_one_line_that_names_key_and_value(override):
    with pytest.raises(SpeechlabError) as caught:
        load_experiment("embedded-hifigan", "smoke", [override])
    message = str(caught.value)
    assert override.partition("=")[0] in message and "got" in message and "\n" not in message


@pytest.mark.parametrize(
    "override",
    ["initial=${x}", "training.steps=${x}", "optimiser.betas=${x}", "audio.n_fft=${oc.env:HOME}", "training.steps=!x",
     "corpus.voice=\ud800", "corpus.path=a\0b", "optimiser.betas=\ud800", "training=1", "training.steps={a: 1}",
     "training.steps=" + "9" * 5000, "training.steps=" + "[" * 3000, "model=&a [*a]"],
)  # fmt: skip
def test_no_override_gets_more_than_one_line(override):
    try:
        experiment = load_experiment("embedded-hifigan", "smoke", [override])
    except SpeechlabError as error:
        assert "\n" not in str(error) and len(str(error)) < 1000
    else:
        assert override == "initial=${x}" and experiment.initial == "${x}"  # as typed, and not looked up anywhere


@pytest.mark.parametrize(
    "content",
    [b"\xff\xfe", b"recipe: [", b"- a", b"recipe: aligner\nprofiles: [1]", b"recipe: ${oc.env:HOME}", b"[" * 5000,
     b"recipe: aligner\n" + b"#" * 2_000_000, b"", b"recipe: {a: b}", b"recipe: aligner\nprofiles: {smoke: 3}",
     b"recipe: aligner\n1: 2", b"recipe: aligner\na: &a [x]\n" + b"".join(b"a%d: &a%d [%s]\n" % (
         n, n, b",".join([b"*a" if n == 0 else b"*a%d" % (n - 1)] * 10)) for n in range(9))],
)  # fmt: skip
def test_a_file_that_is_no_experiment_is_refused_in_one_line(tmp_path, content):
    (tmp_path / "odd.yaml").write_bytes(content)
    with pytest.raises(SpeechlabError) as caught:
        load_experiment(str(tmp_path / "odd.yaml"))
    assert "\n" not in str(caught.value)


def numeric_fields(kind: Any, name: str) -> Iterator[tuple[str, bool]]:
    """Give every number and list of a config with whether it carries its range."""
    if is_dataclass(kind):
        for field, inner in bounds_of(kind).items():
            yield from numeric_fields(inner, f"{name}.{field}")
        return
    bounds = getattr(kind, "__metadata__", ())
    plain = kind.__origin__ if bounds else kind
    if plain in (int, float):
        yield name, any(isinstance(bound, Range) for bound in bounds)
    for inner in get_args(plain):
        if inner is not Ellipsis:
            yield from numeric_fields(inner, f"{name}[]")


@pytest.mark.parametrize("recipe", EXPERIMENTS)
def test_every_number_that_a_person_can_set_carries_its_range(recipe):
    fields = dict(numeric_fields(EXPERIMENTS[recipe], recipe))
    assert len(fields) > 20
    assert [name for name, has_range in fields.items() if not has_range] == []


def test_ranges_are_shown_in_the_schema_and_hold_for_configs_made_in_code():
    training = json_schema()["$defs"]["hifigan_trainer"]["properties"]["training"]["properties"]
    assert (training["clip_norm"]["minimum"], training["ema_decay"]["exclusiveMaximum"]) == (0, 1)
    names = json_schema()["$defs"]["hifigan_trainer"]["properties"]["discriminator"]["properties"]["names"]
    assert names["minItems"] == 1 and Items(1, 2).__contains__(["a"])
    with pytest.raises(SpeechlabError, match="clip_norm must be at least 0"):
        TrainingConfig(clip_norm=-1.0)
    with pytest.raises(SpeechlabError, match="f_max must be at most half the sample rate"):
        AudioSpec(sample_rate=8_000)


def test_every_folder_of_a_degradation_is_known_as_one():
    folders = {item.name for item in fields(DegradationConfig) if item.type is Folders}
    assert folders == set(DEGRADERS)
