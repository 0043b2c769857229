"""HiFi-GAN, its discriminators, its mel and the MS-STFT discriminator compute what the references compute."""

import pytest
import torch

from speechlab.audio.mel import MelSpectrogram
from speechlab.compat import load_reference
from speechlab.config import AudioSpec
from speechlab.losses.adversarial import (
    discriminator_loss,
    feature_loss,
    generator_loss,
    hinge_discriminator_loss,
    hinge_generator_loss,
)

pytestmark = pytest.mark.slow


def count(module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize("name", ["hifigan_generator_v1", "hifigan_generator_v3"])
@pytest.mark.parametrize("configured", [True, False], ids=["from config", "from shapes"])
def test_generator(golden, name, configured):
    case = golden(name)
    generator = load_reference("hifigan-generator", case.state(), case.config if configured else None)
    assert count(generator) == case.content["parameter_count"]
    mel = 2 * case.uniform("input:mel", case.content["inputs"]["mel"]["shape"]) - 4
    with torch.no_grad():
        case.check("waveform", generator(mel))


def leading_singular_vectors(weight):
    """(u, v) of the largest singular value of ``weight`` as a matrix (out, -1)."""
    matrix = weight.flatten(1).double()
    u = torch.linalg.eigh(matrix @ matrix.T).eigenvectors[:, -1]
    v = u @ matrix
    return u.float(), (v / v.norm()).float()


@pytest.mark.parametrize(("name", "kind"), [("hifigan_mpd", "hifigan-mpd"), ("hifigan_msd", "hifigan-msd")])
def test_discriminators_and_their_losses(golden, name, kind):
    case = golden(name)
    state = case.state()
    for layer in [key.removesuffix(".weight_orig") for key in state if key.endswith(".weight_orig")]:
        u, v = leading_singular_vectors(state[f"{layer}.weight_orig"])
        state |= {f"{layer}.weight_u": u, f"{layer}.weight_v": v}
    discriminator = load_reference(kind, state)
    assert count(discriminator) == case.content["parameter_count"]
    recorded = case.tone(8192, 22_050)
    generated = 0.7 * recorded + 0.05 * case.uniform("input:noise", (1, 1, 8192))
    with torch.no_grad():
        real, fake = discriminator(recorded), discriminator(generated)
    for index, (real_output, fake_output) in enumerate(zip(real, fake, strict=True)):
        case.check(f"real_{index}", real_output.scores)
        case.check(f"fake_{index}", fake_output.scores)
        for layer, feature in enumerate(real_output.features):
            case.check(f"feature_real_{index}_{layer}_absmean", feature.abs().mean().view(1))
    case.check("feature_loss_x2", 2 * feature_loss(real, fake).view(1))
    case.check("generator_loss", generator_loss(fake).view(1))
    case.check("discriminator_loss", discriminator_loss(real, fake).view(1))


def test_vocos_generator(golden):
    case = golden("vocos_generator")
    generator = load_reference("vocos", case.state(), case.config)
    mel = 2 * case.uniform("input:mel", case.content["inputs"]["mel"]["shape"]) - 4
    with torch.no_grad():
        case.check("hidden", generator.features(mel))
        case.check("waveform", generator(mel).squeeze(1))


def test_multi_resolution_discriminator_and_the_hinge_losses(golden):
    case = golden("vocos_mrd")
    discriminator = load_reference("vocos-mrd", case.state(), case.config)
    recorded = case.tone(8192, 22_050)
    generated = 0.7 * recorded + 0.05 * case.uniform("input:noise", (1, 1, 8192))
    with torch.no_grad():
        real, fake = discriminator(recorded), discriminator(generated)
    for index, (real_output, fake_output) in enumerate(zip(real, fake, strict=True)):
        case.check(f"score_real_{index}", real_output.scores)
        case.check(f"score_fake_{index}", fake_output.scores)
        case.check(f"feature_means_{index}", torch.stack([map.abs().mean() for map in real_output.features]))
    for name, loss in {
        "disc_loss_hinge": hinge_discriminator_loss(real, fake),
        "gen_loss_hinge": hinge_generator_loss(fake),
        "feature_loss": feature_loss(real, fake),
    }.items():
        case.check(name, (loss / len(real)).view(1))


def test_ms_stft_discriminator(golden):
    case = golden("finally_ms_stft_discriminator")
    discriminator = load_reference("ms-stft-discriminator", case.state(), case.config)
    assert count(discriminator) == case.content["parameter_count"]
    with torch.no_grad():
        outputs = discriminator(case.tone(8192, 16_000))
    for index, (scores, features) in enumerate(outputs):
        case.check(f"logits_{index}", scores)
        assert len(features) == 5
        for layer, feature in enumerate(features):
            case.check(f"feature_{index}_{layer}_absmean", feature.abs().mean().view(1))


@pytest.mark.parametrize(("f_max", "name"), [(8000.0, "fmax8000"), (11_025.0, "fmaxNone")])
def test_mel(golden, f_max, name):
    case = golden("mel_hifigan")
    case.check(name, MelSpectrogram(AudioSpec(), f_max=f_max)(case.tone(22_050, 22_050)))
