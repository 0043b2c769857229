"""FastSpeech 2, from the state dicts of ming024/FastSpeech2 (one speaker, phoneme-level pitch and energy)."""

import re
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from speechlab.compat import load_strictly, require
from speechlab.errors import SpeechlabError
from speechlab.models.fastspeech import FastSpeech2

KIND = "fastspeech2"

STATISTICS = {"pitch_mean": 207.63, "pitch_std": 46.78, "energy_mean": 37.33, "energy_std": 26.04}
"""Of LJ Speech as the reference measures it: F0 in Hz, and the norm of STFT magnitudes."""

RANGES = {"pitch": (-2.917, 11.391), "energy": (-1.431, 8.184)}
"""Smallest and largest value in LJ Speech, in standard deviations."""

PREDICTOR = {
    "conv_layer.conv1d_1.conv": "convolutions.0",
    "conv_layer.layer_norm_1": "norms.0",
    "conv_layer.conv1d_2.conv": "convolutions.1",
    "conv_layer.layer_norm_2": "norms.1",
    "linear_layer": "projection",
}

RENAMED = [  # the reference's names as patterns, and ours
    (r"encoder\.src_word_emb", r"embedding"),
    (r"(encoder|decoder)\.layer_stack\.(\d+)\.slf_attn\.layer_norm", r"\1.blocks.\2.attention_norm"),
    (r"(encoder|decoder)\.layer_stack\.(\d+)\.slf_attn\.fc", r"\1.blocks.\2.attention_output"),
    (r"(encoder|decoder)\.layer_stack\.(\d+)\.pos_ffn\.w_1", r"\1.blocks.\2.widen"),
    (r"(encoder|decoder)\.layer_stack\.(\d+)\.pos_ffn\.w_2", r"\1.blocks.\2.narrow"),
    (r"(encoder|decoder)\.layer_stack\.(\d+)\.pos_ffn\.layer_norm", r"\1.blocks.\2.convolution_norm"),
    *((rf"variance_adaptor\.(\w+_predictor)\.{re.escape(old)}", rf"\1.{new}") for old, new in PREDICTOR.items()),
    (r"variance_adaptor\.(pitch|energy)_embedding", r"\1_embedding.embedding"),
    (r"mel_linear", r"projection"),
    (r"postnet\.convolutions\.(\d+)\.0\.conv", r"postnet.convolutions.\1"),
    (r"postnet\.convolutions\.(\d+)\.1", r"postnet.norms.\1"),
]


def load_fastspeech2(state: dict[str, Tensor], config: Mapping[str, Any]) -> FastSpeech2:
    """Load a checkpoint with the reference's own conduct: pitch in Hz, bins over all of the data, no carried rounding.

    Args:
        state: parameters in the reference's naming.
        config: optional: ``model`` (the reference's model.yaml), ``pitch_range`` and ``energy_range`` in standard
            deviations, and the statistics ``pitch_mean``, ``pitch_std``, ``energy_mean``, ``energy_std``; LJ Speech's
            unless given.
    """
    if any(name.startswith("speaker_emb") for name in state):
        raise SpeechlabError(
            "this FastSpeech 2 checkpoint has several speakers; only one-speaker models can be imported"
        )
    options = config.get("model", {})
    widen = require(state, "encoder.layer_stack.0.pos_ffn.w_1.weight", KIND)
    narrow = require(state, "encoder.layer_stack.0.pos_ffn.w_2.weight", KIND)
    predictor = require(state, "variance_adaptor.duration_predictor.conv_layer.conv1d_1.conv.weight", KIND)
    transformer = options.get("transformer", {})
    model = FastSpeech2(
        n_symbols=len(require(state, "encoder.src_word_emb.weight", KIND)),
        n_mels=len(require(state, "mel_linear.weight", KIND)),
        channels=widen.shape[1],
        n_heads=transformer.get("encoder_head", 2),
        encoder_layers=count_layers(state, "encoder"),
        decoder_layers=count_layers(state, "decoder"),
        filter_channels=widen.shape[0],
        kernel_sizes=(widen.shape[2], narrow.shape[2]),
        dropout=transformer.get("encoder_dropout", 0.2),
        predictor_channels=predictor.shape[0],
        predictor_kernel=predictor.shape[2],
        predictor_dropout=options.get("variance_predictor", {}).get("dropout", 0.5),
        n_bins=len(require(state, "variance_adaptor.pitch_embedding.weight", KIND)),
        postnet="postnet.convolutions.0.0.conv.weight" in state,
        pitch_range=config.get("pitch_range", RANGES["pitch"]),
        energy_range=config.get("energy_range", RANGES["energy"]),
        log_pitch=False,
        carry_rounding=False,
        attached_predictors=True,
        padding_leaks=True,
        **{name: config.get(name, value) for name, value in STATISTICS.items()},
    )
    return load_strictly(model, {**derived_buffers(model), **rename(state)}, KIND)


def count_layers(state: Mapping[str, Tensor], part: str) -> int:
    """Count the blocks of the encoder or the decoder."""
    return len({name.split(".")[2] for name in state if name.startswith(f"{part}.layer_stack.")})


def derived_buffers(model: FastSpeech2) -> dict[str, Tensor]:
    """Collect what follows from the configuration and no reference stores: statistics, edges, batch counters."""
    derived = ("_mean", "_std", ".edges", "num_batches_tracked")
    buffers = {name: value for name, value in model.state_dict().items() if name.endswith(derived)}
    return {name: value for name, value in buffers.items() if "running" not in name}


def rename(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Translate names, join queries, keys and values, and leave out the position tables."""
    renamed = {}
    for name, value in state.items():
        if name.endswith("position_enc"):
            continue
        if name.endswith("_bins"):
            renamed[name.removeprefix("variance_adaptor.").replace("_bins", "_embedding.edges")] = value
            continue
        query = re.fullmatch(r"(encoder|decoder)\.layer_stack\.(\d+)\.slf_attn\.w_([qkv])s\.(\w+)", name)
        if query:
            if query[3] == "q":
                parts = [require(state, name.replace("w_qs", f"w_{part}s"), KIND) for part in "qkv"]
                renamed[f"{query[1]}.blocks.{query[2]}.query_key_value.{query[4]}"] = torch.cat(parts)
            continue
        layer, _, parameter = name.rpartition(".")
        ours = (re.sub(old, new, layer) for old, new in RENAMED if re.fullmatch(old, layer))
        renamed[f"{next(ours, layer)}.{parameter}"] = value
    return renamed
