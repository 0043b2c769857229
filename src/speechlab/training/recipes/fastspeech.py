"""Train FastSpeech (arXiv:1905.09263) or FastSpeech 2 (arXiv:2006.04558) on given durations."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from speechlab.audio.griffin_lim import mel_to_waveform
from speechlab.audio.io import Audio
from speechlab.config import FastSpeechExperiment, to_dict
from speechlab.data.datasets import AcousticBatch, AcousticDataset, collate_acoustic
from speechlab.layers.masks import length_mask
from speechlab.losses.acoustic import acoustic_losses, mel_l1
from speechlab.models import build
from speechlab.training.align import align, use_true_timings
from speechlab.training.features import acoustic_features, symbol_table
from speechlab.training.recipes.aligner import VALIDATION_BATCH, vocabulary_card
from speechlab.training.recipes.base import Recipe
from speechlab.training.validation import Heard

N_RENDERED = 3  # held-out sentences spoken for the time-travel player
STATISTICS = ("mel_mean", "mel_std", "pitch_mean", "pitch_std", "energy_mean", "energy_std", "embedding.edges")
GRIFFIN_LIM_ITERATIONS = 32  # of those renderings: enough to follow the learning


class FastSpeechRecipe(Recipe):
    """FastSpeech: mel and durations."""

    main = "acoustic"
    model = "fastspeech"
    collate = staticmethod(collate_acoustic)
    experiment: FastSpeechExperiment

    def build(self, engine) -> None:
        """Compute features, take the durations from the aligner or the corpus, make the model."""
        config, self.engine = self.experiment, engine
        store = acoustic_features(config)
        self.symbols = symbol_table(config.corpus.language)
        self.store = (
            align(store, config.aligner, config.corpus.language)
            if config.aligner
            else use_true_timings(store, self.symbols)
        )
        usable = set(self.store.linguistic_ids())
        split = {
            name: [item.id for item in self.store.split(name) if item.id in usable] for name in ("train", "validation")
        }
        self.dataset = AcousticDataset(self.store, split["train"], log_energy=self.log_energy)
        self.held_out = AcousticDataset(self.store, split["validation"], log_energy=self.log_energy)
        self.item_lengths = self.dataset.lengths
        statistics = self.store.statistics()
        acoustic = build(self.model, **self.sizes)
        acoustic.set_mel_statistics(torch.tensor(statistics.mel_mean), torch.tensor(statistics.mel_std))
        self.networks["acoustic"] = acoustic

    @property
    def log_energy(self) -> bool:
        """Whether the energy that is predicted is a logarithm."""
        return getattr(self.experiment, "energy_scale", "linear") == "log"

    @property
    def sizes(self) -> dict[str, Any]:
        """Arguments that build the model again."""
        sizes = to_dict(self.experiment.model)
        del sizes["n_bins"]  # FastSpeech embeds neither pitch nor energy
        return {"n_symbols": len(self.symbols), "n_mels": self.experiment.audio.n_mels, **sizes}

    def inherit(self, networks: dict[str, dict[str, Tensor]]) -> dict[str, dict[str, Tensor]]:
        """Start from a model of another reader, or of another language, whose symbols' vectors are of no use then.

        The statistics of mels, pitch and energy stay this corpus's own.
        """
        model, given = self.engine.modules["acoustic"], dict(networks["acoustic"])
        given |= {name: value for name, value in model.state_dict().items() if name.endswith(STATISTICS)}
        own = model.embedding.weight.detach()
        if given["embedding.weight"].shape != own.shape:
            given["embedding.weight"] = own
            self.engine.say(f"{self.experiment.name}: learns its {len(own)} symbols anew")
        return {"acoustic": given}

    def predict(self, batch: AcousticBatch, prosody: bool = True):
        """Run the model on true durations and, with ``prosody``, on true pitch and energy."""
        pitch, energy = (batch.pitch, batch.energy) if prosody else (None, None)
        return self.networks["acoustic"](batch.tokens, batch.lengths, batch.durations, pitch, energy)

    def train_step(self, batches: Sequence[AcousticBatch]) -> dict[str, float]:
        """One optimiser step on the sum of mel, duration, pitch and energy losses, each of weight 1; all are logged."""
        metrics: dict[str, float] = {}
        names = [name for batch in batches for name in batch.names]
        for batch in batches:
            parts = self.losses(batch)
            loss = torch.stack(list(parts.values())).sum()
            self.engine.backward(loss / len(batches), names)
            for name, value in {**parts, "loss": loss}.items():
                metrics[name] = metrics.get(name, 0.0) + value.item() / len(batches)
        metrics["gradient_norm/acoustic"] = self.engine.update("acoustic", names)
        return metrics

    def losses(self, batch: AcousticBatch) -> dict[str, torch.Tensor]:
        """Losses of a teacher-forced batch, by name."""
        token_mask = length_mask(batch.lengths, batch.tokens.shape[1])
        frame_mask = length_mask(batch.mel_lengths, batch.mel.shape[2])
        targets = (batch.mel, batch.durations, token_mask, frame_mask, batch.pitch, batch.energy)
        return acoustic_losses(self.predict(batch), *targets, self.experiment.duration_loss)

    def validate(self) -> dict[str, float]:
        """Mel L1 on held-out sentences with true durations, without and with true prosody; duration correlation."""
        if not len(self.held_out):
            return {}
        sums = {"mel_l1": 0.0, "mel_l1_true_prosody": 0.0}
        predicted, true = [], []
        for first in range(0, len(self.held_out), VALIDATION_BATCH):
            last = min(first + VALIDATION_BATCH, len(self.held_out))
            items = [self.held_out[0, index] for index in range(first, last)]
            batch = self.engine.fabric.to_device(collate_acoustic(items))
            mask = length_mask(batch.mel_lengths, batch.mel.shape[2])
            for name, prosody in (("mel_l1", False), ("mel_l1_true_prosody", True)):
                output = self.predict(batch, prosody)
                sums[name] += mel_l1(output.mel_postnet, batch.mel, mask).item() * (last - first) / len(self.held_out)
            real = length_mask(batch.lengths, batch.tokens.shape[1])
            predicted.append(output.log_durations[real].float().expm1().cpu())
            true.append(batch.durations[real].cpu())
        correlation = np.corrcoef(torch.cat(predicted).numpy(), torch.cat(true).numpy())[0, 1]
        return {**sums, "duration_correlation": float(correlation)}

    def render(self) -> dict[str, Audio]:
        """Speak the first held-out sentences freely, through Griffin-Lim."""
        return self.spoken(N_RENDERED)

    def heard(self, n_clips: int) -> dict[str, Heard]:
        """Speak held-out sentences freely, with their texts; no reference, for it lasts as long as it likes."""
        spoken, corpus = self.spoken(n_clips), self.store.corpus
        return {name: Heard(audio, text=corpus[name].text or None) for name, audio in spoken.items()}

    def spoken(self, n_clips: int) -> dict[str, Audio]:
        """Speak up to so many held-out sentences freely, through Griffin-Lim."""
        clips = {}
        for index in range(min(n_clips, len(self.held_out))):
            batch = self.engine.fabric.to_device(collate_acoustic([self.held_out[0, index]]))
            mel = self.networks["acoustic"](batch.tokens, batch.lengths).mel_postnet.float().cpu()
            waveform = mel_to_waveform(mel, self.experiment.audio, GRIFFIN_LIM_ITERATIONS)[0, 0].numpy()
            clips[batch.names[0]] = Audio(waveform, self.experiment.audio.sample_rate)
        return clips

    def card(self) -> dict[str, Any]:
        """Model, sizes, vocabulary and data."""
        language = self.experiment.corpus.language
        return vocabulary_card(self.model, self.sizes, self.symbols, language, self.store, len(self.dataset))


class FastSpeech2Recipe(FastSpeechRecipe):
    """FastSpeech 2: pitch and energy too."""

    model = "fastspeech2"

    @property
    def sizes(self) -> dict[str, Any]:
        """Arguments that build the model again, with the corpus's statistics of pitch and energy."""
        statistics = self.store.statistics()
        energy = self.store.log_energy if self.log_energy else statistics.energy
        moments = {"pitch_mean": statistics.log_pitch.mean, "pitch_std": statistics.log_pitch.std,
                   "energy_mean": energy.mean, "energy_std": energy.std}  # fmt: skip
        scale = {"energy_log": True} if self.log_energy else {}
        return {**super().sizes, "n_bins": self.experiment.model.n_bins, **moments, **scale}
