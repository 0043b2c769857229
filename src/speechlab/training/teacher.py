"""Teacher-forced mels: what an acoustic model says with true durations, pitch and energy, for fine-tuning a vocoder.

The vocoder then learns to undo the acoustic model's blur (HiFi-GAN, arXiv:2010.05646, section 4.4).
"""

import io
from pathlib import Path

import numpy as np
import torch

from speechlab.checkpoints import WEIGHTS, find_checkpoint
from speechlab.config import Experiment
from speechlab.data.datasets import AcousticDataset, collate_acoustic, mel_path
from speechlab.files import sha256, short_hash, write_atomically
from speechlab.text.symbols import SymbolTable
from speechlab.training.align import align, use_true_timings
from speechlab.training.features import acoustic_features

BATCH = 16


@torch.inference_mode()
def teacher_forced_mels(name: str, experiment: Experiment) -> Path:
    """Write one ``.npy`` file, (n_mels, frames) float32, for every usable utterance of a corpus.

    Args:
        name: run or checkpoint of the acoustic model.
        experiment: whose corpus and AudioSpec are used; the model must have been trained for the same.

    Returns:
        The folder, beside the corpus's feature cache; mels that are there are kept.
    """
    checkpoint = find_checkpoint(name)
    card = checkpoint.card
    checkpoint.audio.require(experiment.audio, "acoustic model", "vocoder")
    store = acoustic_features(experiment)
    aligner = card["experiment"]["aligner"]
    store = (
        align(store, aligner, card["language"]) if aligner else use_true_timings(store, SymbolTable(card["symbols"]))
    )
    ids = store.linguistic_ids()
    made_from = [store.linguistic_stamp, sha256(checkpoint.path / WEIGHTS), [store.identity(id) for id in ids]]
    folder = store.folder / f"teacher-{short_hash(made_from)}"
    acoustic = checkpoint.network()
    missing = [id for id in ids if not mel_path(folder, id).is_file()]
    data = AcousticDataset(store, missing)
    order = sorted(range(len(data)), key=lambda index: data.lengths[index])
    for first in range(0, len(order), BATCH):
        batch = collate_acoustic([data[0, index] for index in order[first : first + BATCH]])
        output = acoustic(batch.tokens, batch.lengths, batch.durations, batch.pitch, batch.energy)
        for id, mel, frames in zip(batch.names, output.mel_postnet, output.mel_lengths, strict=True):
            content = io.BytesIO()
            np.save(content, mel[:, :frames].float().numpy())
            write_atomically(mel_path(folder, id), content.getvalue())
    return folder
