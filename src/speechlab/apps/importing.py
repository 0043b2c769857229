"""``speechlab import``: a reference implementation's weights as a checkpoint of ours."""

import json
from pathlib import Path
from typing import Any

import torch
from torch import nn

from speechlab.config import AudioSpec, to_dict
from speechlab.errors import SpeechlabError

SPEC_KEYS = {
    "sample_rate": "sampling_rate",
    "n_fft": "n_fft",
    "win_length": "win_size",
    "hop_length": "hop_size",
    "n_mels": "num_mels",
    "f_min": "fmin",
    "f_max": "fmax",
}
"""Our names of the mel analysis, and those in HiFi-GAN's config.json."""


def import_reference(kind: str, file: Path, config_file: Path | None, folder: Path) -> Path:
    """Convert a reference checkpoint and write it with a card.

    Args:
        kind: a name in ``speechlab.compat.references``.
        file: the reference's weights; never unpickled as code.
        config_file: its JSON configuration, where the weights do not tell the sizes.
        folder: checkpoint folder to make.

    Raises:
        SpeechlabError: the file is not what the kind says, or the folder exists.
    """
    from speechlab.checkpoints import write_checkpoint
    from speechlab.compat import load_reference_file
    from speechlab.models import build

    if folder.exists():
        raise SpeechlabError(f"{folder} already exists; choose another folder with -o")
    config = read_config(config_file) if config_file else {}
    module = load_reference_file(kind, file, config)
    name, sizes = describe(kind, module, config)
    ours = build(name, **sizes)
    if name == "hifigan_gen":
        unfold(module, ours)
    else:
        ours.load_state_dict(module.state_dict())
    card = {
        "model": name,
        "sizes": sizes,
        "audio": to_dict(getattr(module, "audio", None) or reference_spec(kind, config, sizes)),
        "data": {"corpus": f"that of {file.name}", "licence": "see where the file came from"},
        "imported_from": file.name,
    }
    write_checkpoint(folder, ours.state_dict(), card)
    return folder


def read_config(path: Path) -> dict[str, Any]:
    """Read a reference's JSON configuration."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise SpeechlabError(f"{path} is not JSON: {error}") from None


def describe(kind: str, module: nn.Module, config: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Give the registered name and the sizes with which ``build`` makes the same module."""
    from speechlab.compat.hifipp import finally_sizes, hifipp_sizes

    if kind == "hifigan-generator":
        return "hifigan_gen", {"preset": preset_of(module), "n_mels": module.conv_pre.in_channels}
    if kind == "fastspeech2":
        return "fastspeech2", fastspeech2_sizes(module)
    if kind == "vocos":
        return "vocos_gen", module.sizes
    if kind == "vocos-mrd":
        first = module.discriminators[0].band_convs[0][0]
        return "mrd", {"n_ffts": [part.n_fft for part in module.discriminators], "channels": first.out_channels}
    if kind in ("hifipp-mel", "hifipp-a2a"):
        return {"hifipp-mel": "hifi++_gen", "hifipp-a2a": "a2a_hifi++_gen"}[kind], hifipp_sizes(config)
    if kind == "glowtts":
        return "glowtts", module.sizes
    if kind == "finally":
        return "finally_gen", finally_sizes(config, wide=module.sample_rate == 48_000)
    return {"hifigan-mpd": "mpd", "hifigan-msd": "msd", "ms-stft-discriminator": "ms-stft_disc"}[kind], {}


def preset_of(generator: nn.Module) -> str:
    """Find the HiFi-GAN preset whose convolutions have the generator's shapes."""
    from speechlab.models import build

    def shapes(network: nn.Module) -> dict[str, tuple[int, ...]]:
        return {name: part.weight.shape for name, part in convolutions(network).items()}

    for preset in ("v1", "v2", "v3"):
        if shapes(build("hifigan_gen", preset=preset, n_mels=generator.conv_pre.in_channels)) == shapes(generator):
            return preset
    raise SpeechlabError("this generator is not HiFi-GAN V1, V2 or V3; speechlab.compat.load_reference still loads it")


def unfold(source: nn.Module, target: nn.Module) -> None:
    """Copy weights into a weight-normed network; the source may have its weight norm folded away."""
    parts = convolutions(source)
    with torch.no_grad():
        for name, part in convolutions(target).items():
            part.weight = parts[name].weight.detach()  # the parametrization splits it into length and direction
            part.bias.copy_(parts[name].bias)


def convolutions(network: nn.Module) -> dict[str, nn.Module]:
    """List a vocoder's convolutions by name, weight-normed or not."""
    return {name: part for name, part in network.named_modules() if isinstance(part, nn.Conv1d | nn.ConvTranspose1d)}


def fastspeech2_sizes(model: nn.Module) -> dict[str, Any]:
    """Read the sizes off a FastSpeech 2 that follows the reference."""
    block = model.encoder.blocks[0]
    convolutions = model.duration_predictor.convolutions
    return {
        "n_symbols": model.embedding.num_embeddings,
        "n_mels": model.projection.out_features,
        "channels": model.embedding.embedding_dim,
        "n_heads": block.n_heads,
        "encoder_layers": len(model.encoder.blocks),
        "decoder_layers": len(model.decoder.blocks),
        "filter_channels": block.widen.out_channels,
        "kernel_sizes": [block.widen.kernel_size[0], block.narrow.kernel_size[0]],
        "predictor_channels": convolutions[0].out_channels,
        "predictor_kernel": convolutions[0].kernel_size[0],
        "n_bins": model.pitch_embedding.embedding.num_embeddings,
        "postnet": model.postnet is not None,
        "log_pitch": False,
        "carry_rounding": False,
        "attached_predictors": True,
        "padding_leaks": True,
    }


def reference_spec(kind: str, config: dict[str, Any], sizes: dict[str, Any]) -> AudioSpec:
    """Mel analysis of the reference: HiFi-GAN's from its config, FastSpeech 2's with centred frames.

    Of Vocos only what its weights tell: the released 24 kHz model reads mels of other filters (HTK), made elsewhere.
    """
    given = {ours: config[theirs] for ours, theirs in SPEC_KEYS.items() if config.get(theirs) is not None}
    if kind == "vocos":
        given |= {name: sizes[name] for name in ("n_mels", "n_fft", "hop_length")} | {"win_length": sizes["n_fft"]}
    return AudioSpec(**given, centring=kind == "fastspeech2" or sizes.get("padding") == "center")
