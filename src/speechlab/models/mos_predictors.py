"""Two MOS predictors built on wav2vec 2.0 base (arXiv:2006.11477).

WV-MOS is the metric of HiFi++ (arXiv:2203.13086); the UTMOS strong learner is from arXiv:2204.02152, section 3.
"""

import re
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from speechlab.errors import SpeechlabError

UTMOS_NAMES = (  # fairseq's names and transformers' for the same parameters
    (r"wav2vec2\.feature_extractor\.conv_layers\.(\d+)\.0\.", r"encoder.feature_extractor.conv_layers.\1.conv."),
    (r"wav2vec2\.feature_extractor\.conv_layers\.0\.2\.", "encoder.feature_extractor.conv_layers.0.layer_norm."),
    (r"wav2vec2\.layer_norm\.", "encoder.feature_projection.layer_norm."),
    (r"wav2vec2\.post_extract_proj\.", "encoder.feature_projection.projection."),
    (r"wav2vec2\.mask_emb$", "encoder.masked_spec_embed"),
    (r"wav2vec2\.encoder\.pos_conv\.0\.", "encoder.encoder.pos_conv_embed.conv."),
    (r"wav2vec2\.encoder\.layer_norm\.", "encoder.encoder.layer_norm."),
    (r"wav2vec2\.encoder\.layers\.(\d+)\.self_attn\.", r"encoder.encoder.layers.\1.attention."),
    (r"wav2vec2\.encoder\.layers\.(\d+)\.self_attn_layer_norm\.", r"encoder.encoder.layers.\1.layer_norm."),
    (r"wav2vec2\.encoder\.layers\.(\d+)\.fc1\.", r"encoder.encoder.layers.\1.feed_forward.intermediate_dense."),
    (r"wav2vec2\.encoder\.layers\.(\d+)\.fc2\.", r"encoder.encoder.layers.\1.feed_forward.output_dense."),
    (r"wav2vec2\.encoder\.layers\.(\d+)\.final_layer_norm\.", r"encoder.encoder.layers.\1.final_layer_norm."),
    (r"domain_emb$", "domain"),
    (r"judge_emb$", "judge"),
    (r"blstm\.", "lstm."),
    (r"projection\.", "projection."),
)


def make_encoder(sizes: Mapping[str, Any] | None = None) -> nn.Module:
    """Build wav2vec 2.0 with random weights; base size, unless sizes of transformers' ``Wav2Vec2Config`` are given."""
    from transformers import Wav2Vec2Config, Wav2Vec2Model

    return Wav2Vec2Model(Wav2Vec2Config(**(sizes or {})))


class WvMos(nn.Module):
    """WV-MOS: an MLP on each frame of the last layer, averaged.

    Args:
        hidden_size: of the MLP.
        encoder: sizes of the encoder where they are not base's.
    """

    def __init__(self, hidden_size: int = 128, encoder: Mapping[str, Any] | None = None):
        super().__init__()
        self.encoder = make_encoder(encoder)
        self.dense = nn.Sequential(
            nn.Linear(self.encoder.config.hidden_size, hidden_size),
            nn.ReLU(),
            nn.Dropout(0.1),
            nn.Linear(hidden_size, 1),
        )

    def forward(self, waveform: Tensor) -> Tensor:
        """Predict the MOS of normalised 16 kHz waveforms (batch, samples), none of them padded: (batch,)."""
        return self.dense(self.encoder(waveform).last_hidden_state).mean((1, 2))


class UtmosStrong(nn.Module):
    """UTMOS strong learner, with the data domain and the listener that its authors chose for all speech.

    Args:
        hidden_size: of the LSTM in one direction.
        projection_size: of the layer above it.
        embedding_size: of domain and listener each.
        encoder: sizes of the encoder where they are not base's.
    """

    def __init__(
        self,
        hidden_size: int = 512,
        projection_size: int = 2048,
        embedding_size: int = 128,
        encoder: Mapping[str, Any] | None = None,
    ):
        super().__init__()
        self.encoder = make_encoder(encoder)
        self.domain = nn.Parameter(torch.zeros(1, embedding_size))
        self.judge = nn.Parameter(torch.zeros(1, embedding_size))
        n_features = self.encoder.config.hidden_size + 2 * embedding_size
        self.lstm = nn.LSTM(n_features, hidden_size, batch_first=True, bidirectional=True)
        self.projection = nn.Sequential(
            nn.Linear(2 * hidden_size, projection_size), nn.ReLU(), nn.Linear(projection_size, 1)
        )

    def forward(self, waveform: Tensor) -> Tensor:
        """Predict the MOS of 16 kHz waveforms in [-1, 1] as they are, (batch, samples): (batch,)."""
        hidden = self.encoder(waveform).last_hidden_state
        batch, frames, _ = hidden.shape
        conditions = [vector.expand(batch, frames, -1) for vector in (self.domain, self.judge)]
        scores = self.projection(self.lstm(torch.cat([hidden, *conditions], -1))[0])
        return 2 * scores.mean((1, 2)) + 3  # it was trained on opinions scaled from 1..5 to -1..1


def name_weight_norm(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Give gain and direction of weight normalisation the names that torch has used since 2.0."""
    new = {
        "conv.weight_g": "conv.parametrizations.weight.original0",
        "conv.weight_v": "conv.parametrizations.weight.original1",
    }
    renamed = {}
    for name, value in state.items():
        for old, current in new.items():
            if name.endswith(f"pos_conv_embed.{old}"):
                name = name.removesuffix(old) + current
        renamed[name] = value
    return renamed


def from_wvmos(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Name the parameters of the published WV-MOS as :class:`WvMos` does."""
    return name_weight_norm(
        {name.removeprefix("model."): value for name, value in state.items() if name.startswith("model.")}
    )


def from_utmos(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Name the parameters of the published UTMOS strong learner as :class:`UtmosStrong` does.

    Raises:
        SpeechlabError: a name is not one of its.
    """
    renamed = {}
    for name, value in state.items():
        for pattern, replacement in UTMOS_NAMES:
            new, found = re.subn(f"^{pattern}", replacement, name)
            if found:
                renamed[new] = value
                break
        else:
            raise SpeechlabError(f"{name} is not a parameter of the UTMOS strong learner")
    return name_weight_norm(renamed)
