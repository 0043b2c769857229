"""WavLM, frozen: the features that FINALLY reads and compares (arXiv:2110.13900; use: arXiv:2410.05920, section 3)."""

from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from speechlab.audio.resample import resample_tensor
from speechlab.errors import SpeechlabError

RATE = 16_000  # Hz
FIELD = 400  # samples under one frame; the next is 320 samples on
TINY: dict[str, Any] = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "conv_dim": (32,) * 7,
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 4,
    "num_buckets": 32,
    "feat_extract_norm": "layer",  # this and the next as in the large one
    "do_stable_layer_norm": True,
}


class WavLM(nn.Module):
    """Features of speech for other networks: always in eval mode, its own parameters never trained.

    Args:
        network: transformers' ``WavLMModel``.
    """

    def __init__(self, network: nn.Module):
        super().__init__()
        self.network = network.requires_grad_(False)
        self.eval()

    @classmethod
    def load(cls, folder: str | Path) -> "WavLM":
        """Load weights from a folder with ``config.json`` and the parameters; nothing is downloaded.

        Raises:
            SpeechlabError: there is no such folder, or it does not hold a whole WavLM.
        """
        from transformers import WavLMModel

        if not Path(folder).is_dir():
            raise SpeechlabError(
                f"there is no folder {folder} with the weights of WavLM: speechlab weights get wavlm-large"
            )
        try:
            network, report = WavLMModel.from_pretrained(folder, local_files_only=True, output_loading_info=True)
        except Exception as error:  # transformers and torch raise a dozen kinds
            reason = (str(error) or repr(error)).splitlines()[0]
            raise SpeechlabError(f"{folder} cannot be read as WavLM ({reason}); delete it and get it again") from error
        wrong = [*report["missing_keys"], *(str(item) for item in report["mismatched_keys"])]
        if wrong:
            raise SpeechlabError(f"{folder} does not hold a whole WavLM: {', '.join(sorted(wrong))[:200]}")
        return cls(network)

    @classmethod
    def tiny(cls) -> "WavLM":
        """Build a very small one with random but always equal weights, to try things out."""
        from transformers import WavLMConfig, WavLMModel

        with torch.random.fork_rng(devices=[]), torch.device("cpu"):
            torch.manual_seed(0)
            return cls(WavLMModel(WavLMConfig(**TINY)))

    @property
    def channels(self) -> int:
        """Channels of the hidden layers: 1024 in WavLM large."""
        return self.network.config.hidden_size

    def train(self, mode: bool = True) -> "WavLM":
        """Stay in eval mode, whatever happens to the network around it."""
        return super().train(False)

    def forward(
        self, waveform: Tensor, sample_rate: int = RATE, feature: str = "last", lengths: Tensor | None = None
    ) -> Tensor:
        """Describe speech by 50 vectors a second; the gradient passes to the waveform.

        Args:
            waveform: (batch, 1, samples), of any level; the whole recording where it can be had, because its mean and
                variance are normalised.
            sample_rate: of the waveform, Hz.
            feature: ``conv``, the output of the convolutions; ``conv_ln``, the same after its layer norm; ``layer1``
                and so on, a layer of the transformer; ``last``, its output.
            lengths: real samples of each item, (batch,); all of them where it is not given.

        Returns:
            (batch, channels, frames), one frame each 320 samples at 16 kHz; frames that touch padding mean nothing.

        Raises:
            SpeechlabError: there is no such feature.
        """
        samples = waveform.shape[-1]
        if lengths is None:
            lengths = torch.full((len(waveform),), samples, device=waveform.device)
        waveform = resample_tensor(waveform.float(), sample_rate, RATE).squeeze(1)
        lengths = (lengths * RATE + sample_rate - 1) // sample_rate  # rounded up, as the resampler does
        mask = torch.arange(waveform.shape[-1], device=waveform.device) < lengths.unsqueeze(1)
        waveform = normalise(waveform, mask)
        missing = max(0, FIELD - waveform.shape[-1])  # the shortest sound has one frame
        return self.select(F.pad(waveform, (0, missing)), F.pad(mask, (0, missing)), feature).transpose(1, 2)

    def select(self, waveform: Tensor, mask: Tensor, feature: str) -> Tensor:
        """Compute one feature of normalised waveforms (batch, samples): (batch, frames, channels)."""
        n_layers = len(self.network.encoder.layers)
        layers = {f"layer{number}": number for number in range(1, n_layers + 1)}
        if feature not in {"conv", "conv_ln", "last", *layers}:
            raise SpeechlabError(
                f"WavLM has no feature {feature!r}; choose conv, conv_ln, layer1...layer{n_layers}, last"
            )
        if feature.startswith("conv"):
            hidden = self.network.feature_extractor(waveform).transpose(1, 2)
            return hidden if feature == "conv" else self.network.feature_projection.layer_norm(hidden)
        mask = mask | (torch.arange(mask.shape[-1], device=mask.device) < FIELD)  # at least one frame to attend to
        padding = None if mask.all() else mask.long()
        output = self.network(waveform, attention_mask=padding, output_hidden_states=feature in layers)
        return output.last_hidden_state if feature == "last" else output.hidden_states[layers[feature]]


def normalise(waveform: Tensor, mask: Tensor) -> Tensor:
    """Give each item zero mean and unit variance over its real samples, and zero its padding, as WavLM was trained.

    Args:
        waveform: (batch, samples).
        mask: true on real samples, (batch, samples).

    Returns:
        (batch, samples).
    """
    count = mask.sum(1, keepdim=True).clamp_min(1)
    centred = waveform - (waveform * mask).sum(1, keepdim=True) / count
    variance = (centred.square() * mask).sum(1, keepdim=True) / count
    return centred * mask / (variance + 1e-7).sqrt()  # 1e-7: as in the published feature extractor
