"""Train Glow-TTS (arXiv:2005.11129): mel likelihood under a flow, and durations that it finds by itself."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from speechlab.audio.griffin_lim import mel_to_waveform
from speechlab.audio.io import Audio
from speechlab.config import GlowTTSExperiment, to_dict
from speechlab.data.datasets import AcousticBatch, AcousticDataset, collate_acoustic
from speechlab.data.features import tokenise
from speechlab.losses.flow import flow_losses
from speechlab.models import build
from speechlab.models.glowtts import FlowOutput, intersperse_blanks, without_blanks
from speechlab.text.graphemes import make_frontend
from speechlab.training.features import acoustic_features
from speechlab.training.recipes.aligner import VALIDATION_BATCH, vocabulary_card
from speechlab.training.recipes.base import Recipe

DURATION_RANGE_S = (0.5, 12.0)  # of utterances to learn from
SENTENCES = {"ru": "Привет. Это тест модели", "en": "Hello. This is a test of the model"}  # rendered over time
N_RENDERED = 2  # held-out sentences spoken besides
GRIFFIN_LIM_ITERATIONS = 32  # of those renderings: enough to follow the learning


class GlowTTSRecipe(Recipe):
    """Glow-TTS on phonemes with a blank between them; the flow's norms are set from data before the first step."""

    main = "acoustic"
    collate = staticmethod(collate_acoustic)
    experiment: GlowTTSExperiment

    def build(self, engine) -> None:
        """Compute features and tokens, make the model, and set its statistics and norms from the training set."""
        config, self.engine = self.experiment, engine
        self.store = acoustic_features(config)
        self.frontend = make_frontend(config.text.frontend, config.corpus.language)
        self.symbols = self.frontend.symbols
        tokens = self.tokens()
        split = {
            name: [item.id for item in self.store.split(name) if item.id in tokens] for name in ("train", "validation")
        }
        self.dataset = AcousticDataset(self.store, split["train"], tokens)
        self.held_out = AcousticDataset(self.store, split["validation"], tokens)
        self.item_lengths = self.dataset.lengths
        statistics = self.store.statistics()
        self.model = build("glowtts", **self.sizes).to(engine.fabric.device)  # as it is, not as wrapped for devices
        self.model.set_mel_statistics(torch.tensor(statistics.mel_mean), torch.tensor(statistics.mel_std))
        self.networks["acoustic"] = self.model
        if len(self.dataset):
            self.initialise()

    def tokens(self) -> dict[str, list[int]]:
        """Tokens with blanks of every utterance that is neither too short nor too long; the others are counted."""
        self.store.use_alignment(self.symbols.to_list(), "none")
        spoken = tokenise(self.store, self.frontend, self.symbols)
        rate, reasons = self.experiment.audio.frame_rate, Counter()
        usable = {}
        for id, (_, ids) in spoken.items():
            seconds, tokens = self.store.frames[id] / rate, len(self.with_blanks(ids)[0])
            if seconds < DURATION_RANGE_S[0]:
                reasons[f"shorter than {DURATION_RANGE_S[0]:g} s"] += 1
            elif seconds > DURATION_RANGE_S[1]:
                reasons[f"longer than {DURATION_RANGE_S[1]:g} s"] += 1
            elif self.store.frames[id] // 2 * 2 < tokens:
                reasons["with fewer frames than tokens"] += 1
            else:
                usable[id] = self.with_blanks(ids)[0].tolist()
        if reasons:
            parts = ", ".join(f"{count} {reason}" for reason, count in reasons.items())
            self.engine.say(f"{self.experiment.name}: leaves out {parts}, of {len(spoken)} utterances")
        return usable

    def with_blanks(self, ids: Sequence[int]) -> Tensor:
        """Put blanks around the tokens of one utterance, (1, 2 tokens + 1), where the model has them."""
        if self.blank is None:
            return torch.tensor([list(ids)])
        return intersperse_blanks(torch.tensor([list(ids)]), torch.tensor([len(ids)]), self.blank)[0]

    @property
    def blank(self) -> int | None:
        """Id of the blank: the one after the last symbol; None where there are no blanks."""
        return len(self.symbols) if self.experiment.text.blanks else None

    @property
    def knows_timings(self) -> bool:
        """Whether the corpus knows when each token is said: the embedded one does, of phones."""
        return self.store.corpus.timings is not None and self.experiment.text.frontend == "phonemes"

    def of_tokens(self, durations: Tensor) -> Tensor:
        """Share the blanks' frames among the tokens beside them, (tokens,)."""
        return durations if self.blank is None else without_blanks(durations)

    @property
    def sizes(self) -> dict[str, Any]:
        """Arguments that build the model again."""
        return {
            "n_symbols": len(self.symbols) + (self.blank is not None),
            "n_mels": self.experiment.audio.n_mels,
            **to_dict(self.experiment.model),
        }

    def initialise(self) -> None:
        """Set the flow's norms from utterances drawn from the training set (section 3.3).

        It is part of making the model: a run that is resumed overwrites it with what the checkpoint holds.
        """
        order = np.random.default_rng(self.experiment.training.seed).permutation(len(self.dataset))
        items = [self.dataset[0, int(index)] for index in order[: self.experiment.n_initialisation]]
        batch = self.engine.fabric.to_device(collate_acoustic(items))
        self.model.initialise(self.dequantised(batch.mel), batch.mel_lengths)
        self.n_initialised = len(items)

    def dequantised(self, mel: Tensor) -> Tensor:
        """Add noise to a mel (batch, n_mels, frames): on one exact value, such as silence, a density has no bound."""
        deviation = self.model.mel_std.unsqueeze(1) * self.experiment.dequantisation
        return mel + deviation * torch.randn_like(mel)

    def train_step(self, batches: Sequence[AcousticBatch]) -> dict[str, float]:
        """One optimiser step on the negative log-likelihood of the mels and the loss of the durations."""
        metrics: dict[str, float] = {}
        names = [name for batch in batches for name in batch.names]
        for batch in batches:
            parts = flow_losses(self.predict(batch, self.dequantised(batch.mel)))
            loss = parts["negative_log_likelihood"] + parts["duration"]
            self.engine.backward(loss / len(batches), names)
            for name, value in {**parts, "loss": loss}.items():
                metrics[name] = metrics.get(name, 0.0) + value.item() / len(batches)
        metrics["gradient_norm/acoustic"] = self.engine.update("acoustic", names)
        if self.engine.step % self.experiment.training.log_every == 0:
            metrics |= self.watch()
        return metrics

    @torch.no_grad()
    def watch(self) -> dict[str, float]:
        """Learning rate in use, and the largest of the flow's blocks in what grows where a flow blows up."""
        rate = self.engine.optimisers["acoustic"].param_groups[0]["lr"]
        return {"learning_rate": rate} | self.model.flow.magnitudes()

    def predict(self, batch: AcousticBatch, mel: Tensor) -> FlowOutput:
        """Run the model on recorded mels, the batch's own or with noise."""
        return self.networks["acoustic"](batch.tokens, batch.lengths, mel, batch.mel_lengths)

    def validate(self) -> dict[str, float]:
        """Both losses on held-out sentences, how long these would be spoken (1: as recorded), and errors of timing."""
        if not len(self.held_out):
            return {}
        sums = {"length_ratio": 0.0}
        n_frames = sum(self.held_out.lengths)
        errors: dict[str, list[np.ndarray]] = {}
        for batch in self.held_out_batches():
            output = self.predict(batch, self.dequantised(batch.mel))
            for name, value in flow_losses(output).items():
                sums[name] = sums.get(name, 0.0) + value.item() * len(batch.names) / len(self.held_out)
            predicted = self.model.predicted_durations(output.log_durations, batch.lengths)
            sums["length_ratio"] += predicted.sum().item() / n_frames
            if self.knows_timings:
                for name, values in self.timing_errors_ms(batch, output.durations, predicted).items():
                    errors.setdefault(name, []).append(values)
        return sums | medians({name: np.concatenate(values) for name, values in errors.items()})

    def held_out_batches(self) -> Iterator[AcousticBatch]:
        """All held-out utterances."""
        for first in range(0, len(self.held_out), VALIDATION_BATCH):
            last = min(first + VALIDATION_BATCH, len(self.held_out))
            yield self.engine.fabric.to_device(collate_acoustic([self.held_out[0, at] for at in range(first, last)]))

    def timing_errors_ms(self, batch: AcousticBatch, found: Tensor, predicted: Tensor) -> dict[str, np.ndarray]:
        """Say how far durations and boundaries are off, in milliseconds, where the corpus knows the true timings.

        A blank belongs half to the token before it and half to the one after.

        Args:
            found: frames of tokens and blanks as aligned to the recordings, (batch, 2 tokens + 1).
            predicted: the same from the text alone.

        Returns:
            Errors of aligned durations, of the boundaries between them, and of predicted durations.
        """
        rows: dict[str, list[np.ndarray]] = {"duration": [], "boundary": [], "predicted_duration": []}
        for index, id in enumerate(batch.names):
            n_frames, n_tokens = int(batch.mel_lengths[index]), int(batch.lengths[index])
            true = self.store.corpus.timings(id, self.store.spec, n_frames)[1]
            aligned = self.of_tokens(found[index, :n_tokens]).cpu().numpy()
            rows["duration"].append(aligned - true)
            rows["boundary"].append((aligned - true).cumsum()[:-1])
            rows["predicted_duration"].append(self.of_tokens(predicted[index, :n_tokens]).cpu().numpy() - true)
        frame_ms = 1000 / self.store.spec.frame_rate
        return {name: frame_ms * np.concatenate(values) for name, values in rows.items()}

    def render(self) -> dict[str, Audio]:
        """Speak a fixed sentence and the first held-out ones through Griffin-Lim, always with the same noise."""
        config = self.experiment
        spoken = self.frontend(SENTENCES[config.corpus.language])
        texts = {"sentence": self.with_blanks(self.symbols.ids(spoken.symbols))[0]}
        for index in range(min(N_RENDERED, len(self.held_out))):
            item = self.held_out[0, index]
            texts[item.name] = item.tokens
        torch.manual_seed(config.training.seed)  # the engine puts the training's own randomness back
        clips = {}
        for name, tokens in texts.items():
            tokens = tokens.unsqueeze(0).to(self.engine.fabric.device)
            lengths = torch.tensor([tokens.shape[1]], device=tokens.device)
            mel = self.model.generate(tokens, lengths, config.noise_scale).mel.float().cpu()
            waveform = mel_to_waveform(mel, config.audio, GRIFFIN_LIM_ITERATIONS)[0, 0].numpy()
            clips[name] = Audio(waveform, config.audio.sample_rate)
        return clips

    def alignments(self) -> dict[str, dict[str, list]]:
        """Align the first held-out recordings, with blanks as half of their neighbours."""
        items = [self.held_out[0, index] for index in range(min(N_RENDERED, len(self.held_out)))]
        found = {}
        if items:
            batch = self.engine.fabric.to_device(collate_acoustic(items))
            durations = self.predict(batch, batch.mel).durations.cpu()
        for index, item in enumerate(items):
            frames = self.of_tokens(durations[index, : len(item.tokens)]).tolist()
            tokens = item.tokens if self.blank is None else item.tokens[1::2]
            found[item.name] = {"symbols": [self.symbols.symbols[id] for id in tokens], "durations": frames}
            if self.knows_timings:
                true = self.store.corpus.timings(item.name, self.store.spec, item.mel.shape[1])[1]
                found[item.name]["true"] = true.tolist()
        return found

    def card(self) -> dict[str, Any]:
        """Model, sizes, vocabulary and data; the blank's id, how it speaks, and what set the flow's norms."""
        language = self.experiment.corpus.language
        card = vocabulary_card("glowtts", self.sizes, self.symbols, language, self.store, len(self.dataset))
        return card | {
            **({} if self.blank is None else {"blank": self.blank}),
            "frontend": self.experiment.text.frontend,
            "noise_scale": self.experiment.noise_scale,
            "initialised_on": self.n_initialised,
        }


def medians(errors_ms: Mapping[str, np.ndarray]) -> dict[str, float]:
    """Median distance of each kind of error, and of boundaries also the median with its sign, positive where late."""
    numbers = {f"{name}_error_ms": float(np.median(np.abs(values))) for name, values in errors_ms.items()}
    if "boundary" in errors_ms:
        numbers["boundary_bias_ms"] = float(np.median(errors_ms["boundary"]))
    return numbers
