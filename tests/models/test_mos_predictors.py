"""UTMOS against its formulas written out under the published names, and WV-MOS against its definition."""

import pytest
import torch
import torch.nn.functional as F

from speechlab.errors import SpeechlabError
from speechlab.models.mos_predictors import UtmosStrong, WvMos, from_utmos, from_wvmos

SIZE, INNER, CONV, LSTM, N_HEADS, N_LAYERS = 24, 20, 8, 6, 3, 2
KERNELS, STRIDES = (10, 3, 3, 3, 3, 2, 2), (5, 2, 2, 2, 2, 2, 2)
POSITIONS, GROUPS = 8, 4
ENCODER = {
    "hidden_size": SIZE,
    "num_hidden_layers": N_LAYERS,
    "num_attention_heads": N_HEADS,
    "intermediate_size": INNER,
    "conv_dim": (CONV,) * 7,
    "num_conv_pos_embeddings": POSITIONS,
    "num_conv_pos_embedding_groups": GROUPS,
}


def published_utmos() -> dict[str, torch.Tensor]:
    """Draw parameters under the names of the published file, tiny."""
    shapes = {"domain_emb": (1, 5), "judge_emb": (1, 5), "wav2vec2.mask_emb": (SIZE,)}

    def add(name, *shape):
        shapes[f"{name}.weight"] = shape
        shapes[f"{name}.bias"] = shape[:1]

    for index, kernel in enumerate(KERNELS):
        shapes[f"wav2vec2.feature_extractor.conv_layers.{index}.0.weight"] = (CONV, CONV if index else 1, kernel)
    add("wav2vec2.feature_extractor.conv_layers.0.2", CONV)
    add("wav2vec2.layer_norm", CONV)
    add("wav2vec2.post_extract_proj", SIZE, CONV)
    shapes["wav2vec2.encoder.pos_conv.0.bias"] = (SIZE,)
    shapes["wav2vec2.encoder.pos_conv.0.weight_g"] = (1, 1, POSITIONS)
    shapes["wav2vec2.encoder.pos_conv.0.weight_v"] = (SIZE, SIZE // GROUPS, POSITIONS)
    add("wav2vec2.encoder.layer_norm", SIZE)
    for index in range(N_LAYERS):
        prefix = f"wav2vec2.encoder.layers.{index}"
        for name in ("q_proj", "k_proj", "v_proj", "out_proj"):
            add(f"{prefix}.self_attn.{name}", SIZE, SIZE)
        add(f"{prefix}.self_attn_layer_norm", SIZE)
        add(f"{prefix}.fc1", INNER, SIZE)
        add(f"{prefix}.fc2", SIZE, INNER)
        add(f"{prefix}.final_layer_norm", SIZE)
    for suffix in ("", "_reverse"):
        shapes |= {f"blstm.weight_ih_l0{suffix}": (4 * LSTM, SIZE + 10), f"blstm.bias_ih_l0{suffix}": (4 * LSTM,)}
        shapes |= {f"blstm.weight_hh_l0{suffix}": (4 * LSTM, LSTM), f"blstm.bias_hh_l0{suffix}": (4 * LSTM,)}
    add("projection.0", 10, 2 * LSTM)
    add("projection.2", 1, 10)
    generator = torch.Generator().manual_seed(0)
    return {name: 0.4 * torch.randn(shape, generator=generator) for name, shape in shapes.items()}


def forward(state, waveform):
    """Score a waveform (samples,) by UTMOS, from the published names alone."""

    def linear(x, name):
        return F.linear(x, state[f"{name}.weight"], state[f"{name}.bias"])

    def norm(x, name):
        return F.layer_norm(x, x.shape[-1:], state[f"{name}.weight"], state[f"{name}.bias"])

    def attend(x, name):
        heads = [linear(x, f"{name}.{part}_proj").unflatten(1, (N_HEADS, -1)).transpose(0, 1) for part in "qkv"]
        weights = (heads[0] @ heads[1].mT / (SIZE // N_HEADS) ** 0.5).softmax(-1)
        return linear((weights @ heads[2]).transpose(0, 1).flatten(1), f"{name}.out_proj")

    x = waveform[None, None]
    for index, stride in enumerate(STRIDES):
        name = f"wav2vec2.feature_extractor.conv_layers.{index}"
        x = F.conv1d(x, state[f"{name}.0.weight"], stride=stride)
        if index == 0:
            x = F.group_norm(x, CONV, state[f"{name}.2.weight"], state[f"{name}.2.bias"])
        x = F.gelu(x)
    x = linear(norm(x[0].T, "wav2vec2.layer_norm"), "wav2vec2.post_extract_proj")
    name = "wav2vec2.encoder.pos_conv.0"
    direction = state[f"{name}.weight_v"]
    kernel = state[f"{name}.weight_g"] * direction / direction.norm(dim=(0, 1), keepdim=True)
    position = F.conv1d(x.T[None], kernel, state[f"{name}.bias"], padding=POSITIONS // 2, groups=GROUPS)
    x = norm(x + F.gelu(position[0, :, :-1].T), "wav2vec2.encoder.layer_norm")
    for index in range(N_LAYERS):
        name = f"wav2vec2.encoder.layers.{index}"
        x = norm(x + attend(x, f"{name}.self_attn"), f"{name}.self_attn_layer_norm")
        x = norm(x + linear(F.gelu(linear(x, f"{name}.fc1")), f"{name}.fc2"), f"{name}.final_layer_norm")
    conditions = torch.cat([state["domain_emb"], state["judge_emb"]], 1).expand(len(x), -1)
    lstm = torch.nn.LSTM(SIZE + 10, LSTM, bidirectional=True)
    lstm.load_state_dict({key.removeprefix("blstm."): value for key, value in state.items() if "blstm" in key})
    x = lstm(torch.cat([x, conditions], 1))[0]
    return linear(F.relu(linear(x, "projection.0")), "projection.2").mean() * 2 + 3


@torch.no_grad()
def test_utmos_equals_its_formulas_under_the_published_names():
    state, waveform = published_utmos(), torch.randn(3000, generator=torch.Generator().manual_seed(1))
    model = UtmosStrong(LSTM, projection_size=10, embedding_size=5, encoder=ENCODER).eval()
    model.load_state_dict(from_utmos(state))
    assert model(waveform[None]).item() == pytest.approx(forward(state, waveform).item(), abs=1e-4)


def test_utmos_refuses_a_name_that_is_not_its():
    with pytest.raises(SpeechlabError, match="phoneme_encoder"):
        from_utmos(published_utmos() | {"phoneme_encoder.weight": torch.zeros(1)})


@torch.no_grad()
def test_wvmos_is_the_mean_of_the_frames_opinions():
    torch.manual_seed(0)
    model = WvMos(7, ENCODER).eval()
    waveform = torch.randn(2, 3000)
    frames = model.encoder(waveform).last_hidden_state
    first, _, _, last = model.dense
    expected = [F.linear(F.relu(first(one)), last.weight, last.bias).mean().item() for one in frames]
    assert model(waveform).tolist() == pytest.approx(expected, abs=1e-5)


def test_wvmos_takes_the_names_of_older_torch_and_drops_other_entries():
    state = WvMos(7, ENCODER).state_dict()
    old = {"original0": "weight_g", "original1": "weight_v"}
    published = {"mel.window": torch.zeros(1)}
    for name, value in state.items():
        head, _, tail = name.rpartition(".parametrizations.weight.")
        published[f"model.{head}.{old[tail]}" if head else f"model.{name}"] = value
    assert any(name.endswith("conv.weight_g") for name in published)
    renamed = from_wvmos(published)
    assert renamed.keys() == state.keys()
    assert all(renamed[name] is value for name, value in state.items())
