"""Reference files as they lie on disk: old weight norm, wrappers, prefixes, and what must be refused."""

import pickle

import pytest
import torch
from torch.nn.utils.parametrizations import spectral_norm

from speechlab.compat import load_reference, load_reference_file
from speechlab.compat.hifigan import rename_spectral_norm
from speechlab.errors import SpeechlabError
from speechlab.models import fold
from speechlab.models.hifigan import HiFiGANGenerator


def old_names(module: torch.nn.Module) -> dict[str, torch.Tensor]:
    """State dict as PyTorch wrote it before parametrizations: ``weight_g`` and ``weight_v``."""
    return {
        name.replace("parametrizations.weight.original0", "weight_g").replace(
            "parametrizations.weight.original1", "weight_v"
        ): value
        for name, value in module.state_dict().items()
    }


@pytest.fixture(scope="module")
def generator():
    torch.manual_seed(0)
    return HiFiGANGenerator.preset("v3").eval()


@pytest.fixture(scope="module")
def mel():
    return torch.randn(1, 80, 12, generator=torch.Generator().manual_seed(1)) - 4


@torch.no_grad()
def test_an_old_generator_file_gives_the_same_waveform(generator, mel, tmp_path):
    path = tmp_path / "g_02500000"
    state = {f"module.{name}": value for name, value in old_names(generator).items()}
    torch.save({"generator": state}, path)
    loaded = load_reference_file("hifigan-generator", path)
    assert not loaded.training
    assert torch.equal(loaded(mel), generator(mel))


@torch.no_grad()
def test_folded_weights_load_and_change_nothing(generator, mel):
    folded = fold(load_reference("hifigan-generator", old_names(generator)))
    torch.testing.assert_close(folded(mel), generator(mel), atol=1e-5, rtol=0)
    assert torch.equal(load_reference("hifigan-generator", folded.state_dict())(mel), folded(mel))


@torch.no_grad()
def test_old_spectral_norm_is_mapped():
    torch.manual_seed(0)
    old = torch.nn.utils.spectral_norm(torch.nn.Conv1d(3, 4, 5)).eval()
    signal = torch.randn(2, 3, 20)
    old.train()(signal)  # one power iteration, so that the vectors are not those of the start
    old.eval()
    new = spectral_norm(torch.nn.Conv1d(3, 4, 5)).eval()
    state = {f"layer.{name}": value for name, value in old.state_dict().items()}
    new.load_state_dict({name.removeprefix("layer."): value for name, value in rename_spectral_norm(state).items()})
    torch.testing.assert_close(new(signal), old(signal))


def test_what_is_wrong_is_said_in_one_line(generator, tmp_path):
    with pytest.raises(SpeechlabError, match="did you mean hifigan-generator"):
        load_reference("hifigan-generatr", {})
    with pytest.raises(SpeechlabError, match="no parameters of a fastspeech2"):
        load_reference("fastspeech2", {"epoch": 3})
    with pytest.raises(SpeechlabError, match="not those of a fastspeech2"):
        load_reference("fastspeech2", generator.state_dict())
    with pytest.raises(SpeechlabError, match="not those of a hifigan-mpd"):
        load_reference("hifigan-mpd", generator.state_dict())
    incomplete = old_names(generator)
    del incomplete["conv_post.bias"]
    with pytest.raises(SpeechlabError, match="conv_post.bias"):
        load_reference("hifigan-generator", incomplete)
    with pytest.raises(SpeechlabError, match="none of V1, V2, V3"):
        load_reference("hifigan-generator", old_names(HiFiGANGenerator(initial_channels=64)))
    with pytest.raises(SpeechlabError, match="no checkpoint file"):
        load_reference_file("hifigan-generator", tmp_path / "nothing.pt")


class Dangerous:
    def __reduce__(self):
        return (pytest.fail, ("a pickle was run",))


def test_a_pickle_is_never_run_and_a_damaged_file_is_reported(generator, tmp_path):
    dangerous, damaged = tmp_path / "dangerous.pt", tmp_path / "damaged.pt"
    dangerous.write_bytes(pickle.dumps(Dangerous(), protocol=2))
    torch.save({"generator": old_names(generator)}, damaged)
    damaged.write_bytes(damaged.read_bytes()[:5000])
    for path in (dangerous, damaged):
        with pytest.raises(SpeechlabError, match="cannot be read as plain weights"):
            load_reference_file("hifigan-generator", path)
