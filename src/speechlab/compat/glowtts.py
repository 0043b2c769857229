"""GlowTTS, from the state dicts of jaywalnut310/glow-tts (one speaker, encoder with prenet, means only)."""

import re
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from speechlab.compat import load_strictly, require
from speechlab.errors import SpeechlabError
from speechlab.models.glowtts import GlowTTS

KIND = "glowtts"

SUPPORTED = {"n_sqz": 2, "n_split": 4, "dilation_rate": 1, "sigmoid_scale": False, "mean_only": True, "prenet": True}
"""Settings that the parameters' shapes do not show, and what they must be where the configuration has them."""

RENAMED = [  # the reference's names as patterns, and ours
    (r"encoder\.emb", r"embedding"),
    (r"encoder\.pre\.conv_layers\.(\d+)", r"prenet.convolutions.\1"),
    (r"encoder\.pre\.norm_layers\.(\d+)", r"prenet.norms.\1"),
    (r"encoder\.pre\.proj", r"prenet.projection"),
    (r"encoder\.encoder\.attn_layers\.(\d+)\.conv_o", r"encoder.\1.attention_output"),
    (r"encoder\.encoder\.attn_layers\.(\d+)", r"encoder.\1"),
    (r"encoder\.encoder\.norm_layers_1\.(\d+)", r"encoder.\1.attention_norm"),
    (r"encoder\.encoder\.norm_layers_2\.(\d+)", r"encoder.\1.convolution_norm"),
    (r"encoder\.encoder\.ffn_layers\.(\d+)\.conv_1", r"encoder.\1.widen"),
    (r"encoder\.encoder\.ffn_layers\.(\d+)\.conv_2", r"encoder.\1.narrow"),
    (r"encoder\.proj_m", r"mean_projection"),
    (r"encoder\.proj_w\.conv_1", r"duration_predictor.convolutions.0"),
    (r"encoder\.proj_w\.conv_2", r"duration_predictor.convolutions.1"),
    (r"encoder\.proj_w\.norm_1", r"duration_predictor.norms.0"),
    (r"encoder\.proj_w\.norm_2", r"duration_predictor.norms.1"),
    (r"encoder\.proj_w\.proj", r"duration_predictor.projection"),
]

COUPLING = [
    (r"start", r"coupling.start"),
    (r"end", r"coupling.end"),
    (r"wn\.in_layers\.(\d+)", r"coupling.wavenet.convolutions.\1"),
    (r"wn\.res_skip_layers\.(\d+)", r"coupling.wavenet.projections.\1"),
]

PARAMETERS = {"gamma": "weight", "beta": "bias", "emb_rel_k": "key_distances", "emb_rel_v": "value_distances"}

LINEAR = re.compile(r"(.+\.)?(projection|mean_projection|query_key_value|attention_output)\.weight")
"""Ours that are linear layers where the reference has convolutions of one position."""


def load_glowtts(state: dict[str, Tensor], config: Mapping[str, Any]) -> GlowTTS:
    """Load a checkpoint; log-scales of the couplings are unbounded, as there.

    Args:
        state: parameters in the reference's naming.
        config: optional: the reference's configuration, or its ``model`` part; sizes are read off the parameters.

    Raises:
        SpeechlabError: the configuration or the parameters are of a variant that we do not have.
    """
    sizes = glowtts_sizes(state, config)
    model = GlowTTS(**sizes)
    load_strictly(model, rename(state) | dict(model.named_buffers()), KIND)  # its mels are not standardised
    model.sizes = sizes  # for a checkpoint's card
    return model


def glowtts_sizes(state: Mapping[str, Tensor], config: Mapping[str, Any]) -> dict[str, Any]:
    """Read the arguments of ``GlowTTS`` off the reference's parameters, and what these do not tell off its config."""
    options = config.get("model", config)
    for name, wanted in SUPPORTED.items():
        if options.get(name, wanted) != wanted:
            raise SpeechlabError(f"GlowTTS with {name} = {options[name]} cannot be imported; only with {wanted}")
    n_symbols, channels = require(state, "encoder.emb.weight", KIND).shape
    widen = require(state, "encoder.encoder.ffn_layers.0.conv_1.weight", KIND)
    gated = require(state, "decoder.flows.2.wn.in_layers.0.weight_v", KIND)
    distances = state.get("encoder.encoder.attn_layers.0.emb_rel_k")
    return dict(
        n_symbols=n_symbols,
        n_mels=len(require(state, "encoder.proj_m.weight", KIND)),
        channels=channels,
        n_heads=options.get("n_heads", 2) if distances is None else channels // distances.shape[2],
        encoder_layers=count(state, r"encoder\.encoder\.attn_layers\.(\d+)\."),
        filter_channels=widen.shape[0],
        kernel_size=widen.shape[2],
        dropout=options.get("p_dropout", 0.1),
        window=0 if distances is None else distances.shape[1] // 2,
        predictor_channels=len(require(state, "encoder.proj_w.conv_1.weight", KIND)),
        n_flows=count(state, r"decoder\.flows\.(\d+)\.logs"),
        flow_channels=gated.shape[1],
        flow_kernel=gated.shape[2],
        flow_layers=count(state, r"decoder\.flows\.2\.wn\.in_layers\.(\d+)\."),
        flow_dropout=options.get("p_dropout_dec", 0.05),
        bounded_scale=False,
    )


def count(state: Mapping[str, Tensor], pattern: str) -> int:
    """Count the different numbers that a pattern's group takes among the names."""
    found = (re.match(pattern, name) for name in state)
    return len({match[1] for match in found if match})


def rename(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Translate names, join queries, keys and values, and drop dimensions of size 1 that we do not have."""
    renamed = {}
    for name, value in state.items():
        layer, _, parameter = name.rpartition(".")
        query = re.fullmatch(r"encoder\.encoder\.attn_layers\.(\d+)\.conv_([qkv])", layer)
        flow = re.fullmatch(r"decoder\.flows\.(\d+)(?:\.(.+))?", layer)
        if query:
            if query[2] != "q":
                continue  # joined where the query is
            value = torch.cat([require(state, name.replace("conv_q", f"conv_{part}"), KIND) for part in "qkv"])
            ours = f"encoder.{query[1]}.query_key_value.{parameter}"
        elif flow:
            ours = flow_name(int(flow[1]), flow[2], parameter)
        else:
            ours = f"{translate(layer, RENAMED)}.{PARAMETERS.get(parameter, parameter)}"
        if LINEAR.fullmatch(ours):
            value = value.squeeze(2)
        if ours.endswith("_distances") or ".norm." in ours:
            value = value.squeeze(0)
        renamed[ours] = value
    return renamed


def flow_name(index: int, layer: str | None, parameter: str) -> str:
    """Name a parameter of the flow: the reference counts norms, mixings and couplings in one row."""
    block, kind = divmod(index, 3)
    if kind == 0:
        return f"flow.blocks.{block}.norm.{ {'logs': 'log_scale'}.get(parameter, parameter) }"
    if kind == 1:
        return f"flow.blocks.{block}.mixing.{parameter}"
    return f"flow.blocks.{block}.{translate(layer or '', COUPLING)}.{parameter}"


def translate(layer: str, patterns: list[tuple[str, str]]) -> str:
    """Return our name of a layer; one that is unknown stays as it is, and strict loading reports it."""
    return next((re.sub(old, new, layer) for old, new in patterns if re.fullmatch(old, layer)), layer)
