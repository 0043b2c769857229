"""Train the aligner alone (arXiv:2108.10447): forward-sum loss, then the binarisation loss fades in."""

from collections.abc import Sequence
from typing import Any

import torch

from speechlab.config import AlignerExperiment, to_dict
from speechlab.data.datasets import AcousticBatch, AcousticDataset, collate_acoustic
from speechlab.data.features import tokenise
from speechlab.layers.masks import length_mask
from speechlab.losses.alignment import binarisation_loss, forward_sum_loss
from speechlab.models import build
from speechlab.text.frontend import for_language
from speechlab.training.features import acoustic_features, symbol_table
from speechlab.training.recipes.base import Recipe

VALIDATION_BATCH = 16


class AlignerRecipe(Recipe):
    """Learn which frames speak which token, from transcripts and mels alone."""

    main = "aligner"
    collate = staticmethod(collate_acoustic)
    experiment: AlignerExperiment

    def build(self, engine) -> None:
        """Compute features and tokens; make the aligner, which standardises mels by the corpus's statistics."""
        config, self.engine = self.experiment, engine
        self.store = acoustic_features(config)
        self.symbols = symbol_table(config.corpus.language)
        self.store.use_alignment(self.symbols.to_list(), "none")
        tokens = {
            id: ids for id, (_, ids) in tokenise(self.store, for_language(config.corpus.language), self.symbols).items()
        }
        usable = {
            name: [item.id for item in self.store.split(name) if item.id in tokens] for name in ("train", "validation")
        }
        self.dataset = AcousticDataset(self.store, usable["train"], tokens)
        self.held_out = AcousticDataset(self.store, usable["validation"], tokens)
        self.item_lengths = self.dataset.lengths
        aligner = build("aligner", n_symbols=len(self.symbols), n_mels=config.audio.n_mels, **to_dict(config.model))
        statistics = self.store.statistics()
        aligner.set_mel_statistics(torch.tensor(statistics.mel_mean), torch.tensor(statistics.mel_std))
        self.networks["aligner"] = aligner

    @property
    def binarisation_weight(self) -> float:
        """Weight of the bin loss at this step: 0, then a ramp, then 1."""
        start, full = self.experiment.binarisation_start, self.experiment.binarisation_full
        return min(max((self.engine.step - start) / max(full - start, 1), 0.0), 1.0)

    def train_step(self, batches: Sequence[AcousticBatch]) -> dict[str, float]:
        """One optimiser step on forward-sum and bin loss."""
        metrics: dict[str, float] = {}
        names = [name for batch in batches for name in batch.names]
        weight = self.binarisation_weight
        for batch in batches:
            output = self.networks["aligner"](batch.mel, batch.mel_lengths, batch.tokens, batch.lengths)
            parts = {
                "forward_sum": forward_sum_loss(output.log_scores, batch.lengths, batch.mel_lengths),
                "binarisation": binarisation_loss(output.soft, output.hard),
            }
            loss = parts["forward_sum"] + weight * parts["binarisation"]
            self.engine.backward(loss / len(batches), names)
            parts |= {"loss": loss, "alignment/sharpness": sharpness(output.soft, batch.mel_lengths)}
            for name, value in parts.items():
                metrics[name] = metrics.get(name, 0.0) + value.item() / len(batches)
        metrics["gradient_norm/aligner"] = self.engine.update("aligner", names)
        return metrics

    def validate(self) -> dict[str, float]:
        """Sharpness and forward-sum loss on held-out utterances."""
        rows = []
        for first in range(0, len(self.held_out), VALIDATION_BATCH):
            last = min(first + VALIDATION_BATCH, len(self.held_out))
            batch = collate_acoustic([self.held_out[0, index] for index in range(first, last)])
            batch = self.engine.fabric.to_device(batch)
            output = self.networks["aligner"](batch.mel, batch.mel_lengths, batch.tokens, batch.lengths)
            loss = forward_sum_loss(output.log_scores, batch.lengths, batch.mel_lengths)
            rows.append((last - first, loss.item(), sharpness(output.soft, batch.mel_lengths).item()))
        total = sum(count for count, _, _ in rows) or 1
        return {
            "forward_sum": sum(count * loss for count, loss, _ in rows) / total,
            "sharpness": sum(count * sharp for count, _, sharp in rows) / total,
        }

    def card(self) -> dict[str, Any]:
        """Model, sizes, vocabulary and data."""
        sizes = {
            "n_symbols": len(self.symbols),
            "n_mels": self.experiment.audio.n_mels,
            **to_dict(self.experiment.model),
        }
        language = self.experiment.corpus.language
        return vocabulary_card("aligner", sizes, self.symbols, language, self.store, len(self.dataset))


def sharpness(soft: torch.Tensor, mel_lengths: torch.Tensor) -> torch.Tensor:
    """Mean over real frames of the largest probability of a token; 1 is a hard alignment.

    Args:
        soft: (batch, frames, tokens).
        mel_lengths: (batch,).
    """
    return soft.amax(2)[length_mask(mel_lengths, soft.shape[1])].mean()


def vocabulary_card(model: str, sizes: dict, symbols, language: str, store, n_training: int) -> dict[str, Any]:
    """What a checkpoint's card says of a model that reads tokens, and of the data it was trained on."""
    corpus = store.corpus
    data = {
        "corpus": corpus.name,
        "licence": corpus.licence,
        "citation": corpus.citation,
        "hours": round(sum(store.frames.values()) / store.spec.frame_rate / 3600, 3),
        "n_training": n_training,
        "hash": corpus.content_hash,
        "loudness": corpus.config.loudness,
    }
    return {"model": model, "sizes": sizes, "symbols": symbols.to_list(), "language": language, "data": data}
