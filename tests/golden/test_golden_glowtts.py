"""GlowTTS computes what the reference computes: encoder, flow, alignment and both losses."""

import pytest
import torch

from speechlab.apps import cli
from speechlab.checkpoints import read_checkpoint
from speechlab.compat import load_reference
from speechlab.errors import SpeechlabError
from speechlab.layers.alignment import hard_alignment
from speechlab.layers.masks import length_mask
from speechlab.losses.flow import flow_losses
from speechlab.models import build

LENGTHS, MEL_LENGTHS = torch.tensor([12, 9]), torch.tensor([40, 30])


@pytest.fixture(scope="module")
def case(golden):
    return golden("glowtts")


@pytest.fixture(scope="module")
def model(case):
    return load_reference("glowtts", {"model": case.state(), "iteration": 1}, {"model": case.config})


@pytest.fixture(scope="module")
def tokens(case):
    item, place = torch.arange(2).unsqueeze(1), torch.arange(12)
    return (1 + (37 * item + 17 * place) % (case.config["n_vocab"] - 1)) * length_mask(LENGTHS)


@pytest.fixture(scope="module")
def mel(case):
    return (2 * case.uniform("input:mel", (2, 80, 40)) - 4) * length_mask(MEL_LENGTHS).unsqueeze(1)


@torch.no_grad()
def test_teacher_forced_glowtts(case, model, tokens, mel):
    output = model(tokens, LENGTHS, mel, MEL_LENGTHS)
    case.check("z", output.latent)
    case.check("z_mean", output.latent_mean)
    case.check("logdet", output.log_det)
    case.check("log_duration", output.log_durations.unsqueeze(1))
    case.check("attention", hard_alignment(output.durations, 40).transpose(1, 2).float())
    losses = flow_losses(output)
    case.check("mle_loss", losses["negative_log_likelihood"].view(1))
    case.check("duration_loss", losses["duration"].view(1))


@torch.no_grad()
def test_what_the_text_expects(case, model, tokens):
    case.check("x_mean", model.encode(tokens, LENGTHS)[0])


@torch.no_grad()
def test_the_latent_goes_back_to_the_mel(model, mel):
    latent, _ = model.flow(mel, MEL_LENGTHS)
    torch.testing.assert_close(model.flow.inverse(latent, MEL_LENGTHS), mel, atol=1e-4, rtol=0)


def test_parameter_count_of_the_reference(case, model):
    assert sum(parameter.numel() for parameter in model.parameters()) == case.content["parameter_count"]


def test_a_variant_is_refused_in_one_line(case):
    state = case.state()
    with pytest.raises(SpeechlabError, match="n_sqz = 4 cannot be imported; only with 2"):
        load_reference("glowtts", state, case.config | {"n_sqz": 4})
    del state["encoder.proj_m.bias"]
    with pytest.raises(SpeechlabError, match="not those of a glowtts.*mean_projection.bias"):
        load_reference("glowtts", state, case.config)


def test_an_imported_glowtts_keeps_its_sizes(tmp_path, case):
    torch.save({"model": case.state(), "iteration": 1}, tmp_path / "weights.pt")
    arguments = ["import", "glowtts", tmp_path / "weights.pt", "-o", tmp_path / "out"]
    assert cli.main([str(word) for word in arguments]) == 0
    weights, card = read_checkpoint(tmp_path / "out")[1:3]
    imported = build("glowtts", **card["sizes"])
    imported.load_state_dict(weights)
    assert imported.embedding.num_embeddings == case.config["n_vocab"]
