"""Phone error rate by a small recogniser trained here, on other voices than the one that is evaluated.

It labels every frame of a log-mel; runs of one label are the phones that were heard. Trained where the true time of
every phone is known, it needs neither a download nor a language model, which would hear words that were not said.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from speechlab.metrics.words import edit_distance

PAUSE = ""  # the label of silence
SWITCHING_COST = 2.0  # nats a change of label has to be worth: flickering frames are no phones
IGNORED = -100  # label of padding
LARGEST_SHIFT = 3  # mel bins by which a training mel is moved: longer and shorter vocal tracts


class LabelledMel(NamedTuple):
    """One recording to learn from."""

    mel: np.ndarray  # natural log, (n_mels, frames)
    phones: list[str]  # in order, PAUSE where nothing is said
    durations: np.ndarray  # frames of each, (phones,)


class PhoneRecogniser(nn.Module):
    """Residual convolutions over frames, about a quarter of a second wide.

    Args:
        phones: labels; the first is PAUSE.
        n_mels: mel bins.
        channels: width.
        n_layers: residual convolutions.
    """

    def __init__(self, phones: Sequence[str], n_mels: int = 80, channels: int = 128, n_layers: int = 4):
        super().__init__()
        self.phones = tuple(phones)
        self.first = nn.Conv1d(n_mels, channels, 5, padding=2)
        self.layers = nn.ModuleList(nn.Conv1d(channels, channels, 5, padding=2) for _ in range(n_layers))
        self.norms = nn.ModuleList(nn.GroupNorm(1, channels) for _ in range(n_layers))
        self.last = nn.Conv1d(channels, len(self.phones), 1)

    def forward(self, mel: Tensor) -> Tensor:
        """Score every label in every frame: mel (batch, n_mels, frames) to logits (batch, phones, frames)."""
        hidden = self.first(mel)
        for convolution, norm in zip(self.layers, self.norms, strict=True):
            hidden = hidden + F.dropout(convolution(F.relu(norm(hidden))), 0.1, self.training)
        return self.last(F.relu(hidden))

    @torch.inference_mode()
    def recognise(self, mel: np.ndarray) -> list[str]:
        """Write down the phones heard in a log-mel (n_mels, frames), pauses left out."""
        self.eval()
        logits = self(torch.from_numpy(normalised(mel))[None])[0]
        path = smoothest_path(logits.log_softmax(0).T.numpy(), SWITCHING_COST)
        return collapsed(self.phones[label] for label in path)


def normalised(mel: np.ndarray) -> np.ndarray:
    """Take the recording's own mean off each bin of (n_mels, frames), and scale: level and microphone do not count."""
    mel = np.asarray(mel, np.float32)
    return (mel - mel.mean(axis=1, keepdims=True)) / max(float(mel.std()), 1e-3)


def smoothest_path(scores: np.ndarray, switching_cost: float) -> np.ndarray:
    """Find the labels of highest total score when each change of label costs something (A. Viterbi, 1967).

    Args:
        scores: log-probabilities, (frames, labels).

    Returns:
        Labels, int64 (frames,).
    """
    n_frames, n_labels = scores.shape
    best, came_from = scores[0].copy(), np.zeros((n_frames, n_labels), np.int64)
    for frame in range(1, n_frames):
        top = int(best.argmax())
        switches = best[top] - switching_cost > best
        came_from[frame] = np.where(switches, top, np.arange(n_labels))
        best = np.where(switches, best[top] - switching_cost, best) + scores[frame]
    path = np.empty(n_frames, np.int64)
    path[-1] = best.argmax()
    for frame in range(n_frames - 1, 0, -1):
        path[frame - 1] = came_from[frame, path[frame]]
    return path


def collapsed(phones: Iterable[str]) -> list[str]:
    """Join neighbours that are the same, then leave the pauses out."""
    phones = list(phones)
    return [phone for place, phone in enumerate(phones) if phone != PAUSE and phones[place - 1 : place] != [phone]]


def phone_errors(heard: Sequence[str], said: Sequence[str]) -> tuple[int, int]:
    """Errors of a recognised string of phones and the number of phones that were said, neighbours joined."""
    expected = collapsed(said)
    return edit_distance(collapsed(heard), expected), len(expected)


def error_rate(counts: np.ndarray) -> float:
    """Phone error rate of (recordings, 2) counts of errors and phones."""
    errors, phones = counts.reshape(-1, 2).sum(axis=0)
    return float(errors / phones)


def train_recogniser(
    recordings: Sequence[LabelledMel], n_epochs: int = 16, batch_size: int = 8, seed: int = 0
) -> PhoneRecogniser:
    """Train a recogniser frame by frame; the same recordings and seed give the same one on the same machine.

    Every mel is moved up or down by a few bins and gets some noise, because the voices to be evaluated are others.
    """
    torch.manual_seed(seed)
    generator = np.random.default_rng(seed)
    phones = [PAUSE, *sorted({phone for item in recordings for phone in item.phones} - {PAUSE})]
    model = PhoneRecogniser(phones, recordings[0].mel.shape[0]).train()
    labels = [np.repeat([phones.index(phone) for phone in item.phones], item.durations) for item in recordings]
    mels = [normalised(item.mel) for item in recordings]
    n_batches = len(mels) // batch_size or 1
    optimiser = torch.optim.AdamW(model.parameters(), 2e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 2e-3, n_epochs * n_batches)
    for _ in range(n_epochs):
        order = generator.permutation(len(mels))
        for number in range(n_batches):
            chosen = order[number * batch_size : (number + 1) * batch_size]
            mel, target = batch_of([mels[place] for place in chosen], [labels[place] for place in chosen], generator)
            loss = F.cross_entropy(model(mel), target, ignore_index=IGNORED)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    return model.eval()


def batch_of(
    mels: Sequence[np.ndarray], labels: Sequence[np.ndarray], generator: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """Vary and pad training mels: (batch, n_mels, frames), and the label of every frame, (batch, frames)."""
    longest = max(mel.shape[1] for mel in mels)
    mel = np.zeros((len(mels), mels[0].shape[0], longest), np.float32)
    target = np.full((len(mels), longest), IGNORED)
    for row, (one, label) in enumerate(zip(mels, labels, strict=True)):
        shift = int(generator.integers(-LARGEST_SHIFT, LARGEST_SHIFT, endpoint=True))
        places = np.clip(np.arange(one.shape[0]) - shift, 0, one.shape[0] - 1)
        mel[row, :, : one.shape[1]] = one[places] + 0.1 * generator.standard_normal(one.shape)
        target[row, : len(label)] = label
    return torch.from_numpy(mel), torch.from_numpy(target)
