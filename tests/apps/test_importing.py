"""``speechlab import`` writes reference weights in our format, and they sound the same."""

import json

import pytest
import torch

from speechlab.apps import cli
from speechlab.checkpoints import read_checkpoint
from speechlab.compat.hifipp import hifipp_sizes, layer_names
from speechlab.models import build, fold


def old_names(generator: torch.nn.Module) -> dict[str, torch.Tensor]:
    """Name a generator's weights as the reference does: weight_g and weight_v."""
    endings = {"parametrizations.weight.original0": "weight_g", "parametrizations.weight.original1": "weight_v"}
    state = {}
    for name, value in generator.state_dict().items():
        for ours, theirs in endings.items():
            name = name.replace(ours, theirs)
        state[name] = value
    return state


@pytest.mark.parametrize("folded", [False, True])
def test_an_imported_generator_sounds_like_the_reference(tmp_path, folded, capsys):
    torch.manual_seed(0)
    generator = build("hifigan_gen", preset="v2").eval()
    mel = torch.randn(1, 80, 8)
    with torch.no_grad():
        expected = generator(mel)
    if folded:
        fold(generator)
    file = tmp_path / "g_02500000"
    torch.save({"generator": old_names(generator)}, file)
    (tmp_path / "config.json").write_text(json.dumps({"sampling_rate": 22050, "fmax": 8000}), encoding="utf-8")
    arguments = ["import", "hifigan-generator", file, "--config", tmp_path / "config.json", "-o", tmp_path / "out"]
    assert cli.main([str(word) for word in arguments]) == 0
    weights, card = read_checkpoint(tmp_path / "out")[1:3]
    assert card["model"] == "hifigan_gen" and card["audio"]["f_max"] == 8000
    imported = build(card["model"], **card["sizes"])
    imported.load_state_dict(weights)
    with torch.no_grad():
        assert torch.allclose(imported.eval()(mel), expected, atol=1e-5)
    assert cli.main([str(word) for word in arguments]) == 2  # nothing is overwritten
    assert "already exists" in capsys.readouterr().err


TINY = {
    "hifi_upsample_initial_channel": 32,
    "spectralunet_block_widths": [2, 3],
    "spectralunet_block_depth": 1,
    "waveunet_block_widths": [3, 4],
    "waveunet_block_depth": 1,
    "spectralmasknet_block_widths": [3, 4],
    "spectralmasknet_block_depth": 1,
}


@torch.no_grad()
@pytest.mark.parametrize("kind", ["hifipp-mel", "hifipp-a2a"])
def test_an_imported_hifipp_sounds_like_the_reference(tmp_path, kind):
    torch.manual_seed(0)
    name = {"hifipp-mel": "hifi++_gen", "hifipp-a2a": "a2a_hifi++_gen"}[kind]
    generator = build(name, **hifipp_sizes(TINY)).eval()
    names, state = layer_names(generator), {}
    for parameter, value in generator.state_dict().items():
        layer = max((layer for layer in names if parameter.startswith(f"{layer}.")), key=len)
        state[names[layer] + parameter.removeprefix(layer)] = value
    torch.save({"generator": state}, tmp_path / "weights.pt")
    (tmp_path / "config.json").write_text(json.dumps(TINY), encoding="utf-8")
    arguments = ["import", kind, tmp_path / "weights.pt", "--config", tmp_path / "config.json", "-o", tmp_path / "out"]
    assert cli.main([str(word) for word in arguments]) == 0
    weights, card = read_checkpoint(tmp_path / "out")[1:3]
    assert card["model"] == name and card["audio"]["sample_rate"] == 16_000
    imported = build(card["model"], **card["sizes"]).eval()
    imported.load_state_dict(weights)
    given = torch.randn(1, 80, 8) - 4 if kind == "hifipp-mel" else 0.1 * torch.randn(1, 1, 3000)
    torch.testing.assert_close(imported(given), generator(given))


def test_a_pickle_that_runs_code_is_refused_in_one_line(tmp_path, capsys):
    class Trap:
        def __reduce__(self):
            return (print, ("ran",))

    file = tmp_path / "weights.pt"
    torch.save({"generator": Trap()}, file)
    assert cli.main(["import", "hifigan-generator", str(file), "-o", str(tmp_path / "out")]) == 2
    captured = capsys.readouterr()
    assert "ran" not in captured.out and captured.err.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("content", [b"", b"not weights", b"\x80\x04."])
def test_what_is_not_weights_is_one_line(tmp_path, capsys, content):
    file = tmp_path / "weights.pt"
    file.write_bytes(content)
    assert cli.main(["import", "fastspeech2", str(file), "-o", str(tmp_path / "out")]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_an_unknown_kind_names_the_nearest(tmp_path, capsys):
    file = tmp_path / "weights.pt"
    torch.save({"x": torch.zeros(1)}, file)
    assert cli.main(["import", "hifigan-generater", str(file), "-o", str(tmp_path / "out")]) == 2
    assert "hifigan-generator" in capsys.readouterr().err


def test_an_imported_vocos_sounds_like_the_reference(tmp_path):
    from speechlab.compat.vocos import NAMES

    torch.manual_seed(0)
    generator = build(
        "vocos_gen", n_mels=100, channels=16, intermediate_channels=32, n_layers=2, padding="center"
    ).eval()
    state = {}
    for name, value in generator.state_dict().items():
        for theirs, ours in NAMES.items():
            name = name.replace(f".{ours}.", f".{theirs}.")
        name = (
            name.replace("blocks.", "convnext.").replace(".scale", ".gamma").replace("final_norm", "final_layer_norm")
        )
        state[name.replace("head.", "head.out.") if name.startswith("head.") else f"backbone.{name}"] = value
    torch.save(state, tmp_path / "pytorch_model.bin")
    (tmp_path / "config.json").write_text(json.dumps({"padding": "center"}), encoding="utf-8")
    files = [tmp_path / "pytorch_model.bin", "--config", tmp_path / "config.json", "-o", tmp_path / "out"]
    assert cli.main([str(word) for word in ("import", "vocos", *files)]) == 0
    weights, card = read_checkpoint(tmp_path / "out")[1:3]
    imported = build(card["model"], **card["sizes"]).eval()
    imported.load_state_dict(weights)
    mel = torch.randn(1, 100, 12)
    with torch.no_grad():
        assert torch.equal(imported(mel), generator(mel))
    assert card["audio"]["n_mels"] == 100 and card["audio"]["centring"]
