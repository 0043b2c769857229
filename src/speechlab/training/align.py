"""Durations for a corpus: by a trained aligner, or, for the embedded corpus, its true timings."""

import numpy as np
import torch

from speechlab.checkpoints import WEIGHTS, Checkpoint, find_checkpoint
from speechlab.data.datasets import AcousticDataset, collate_acoustic
from speechlab.data.features import tokenise
from speechlab.data.store import FeatureStore
from speechlab.errors import SpeechlabError
from speechlab.files import sha256
from speechlab.models.aligner import Aligner
from speechlab.text.frontend import for_language
from speechlab.text.symbols import SymbolTable

BATCH = 16
ONSET_DB = 40.0  # below an utterance's loudest frame, from where on it is speech that is heard
LEAD_FRAMES = 2  # of the first phone before that
TRUE_TIMINGS = "true timings"


def load_aligner(checkpoint: Checkpoint) -> tuple[Aligner, SymbolTable]:
    """Build the aligner of a checkpoint, in eval mode, and its symbol table."""
    if checkpoint.card.get("model") != "aligner":
        raise SpeechlabError(f"{checkpoint.path} is a {checkpoint.card.get('model')}, not an aligner")
    return checkpoint.network(), SymbolTable(checkpoint.need("symbols"))


@torch.inference_mode()
def align(store: FeatureStore, name: str, language: str) -> FeatureStore:
    """Write the durations of every utterance that has none for this aligner.

    Args:
        store: with its acoustic layer computed.
        name: run or folder of a trained aligner.

    Returns:
        The store, its linguistic layer chosen.
    """
    checkpoint = find_checkpoint(name)
    spec = checkpoint.audio
    spec.require(store.spec, "aligner", "features")
    aligner, symbols = load_aligner(checkpoint)
    store.use_alignment(symbols.to_list(), f"{sha256(checkpoint.path / WEIGHTS)[:16]}, silence first")
    tokens = tokenise(store, for_language(language), symbols)
    data = AcousticDataset(store, list(tokens), {id: ids for id, (_, ids) in tokens.items()})
    for id, durations in found_durations(aligner, data):
        write(store, id, *tokens[id], durations)
    return store


def found_durations(aligner: Aligner, data: AcousticDataset):
    """Align a dataset in batches of similar length; yields (id, durations in frames)."""
    order = sorted(range(len(data)), key=lambda index: data.lengths[index])
    for first in range(0, len(order), BATCH):
        batch = collate_acoustic([data[0, index] for index in order[first : first + BATCH]])
        output = aligner(batch.mel, batch.mel_lengths, batch.tokens, batch.lengths)
        for number, (id, length) in enumerate(zip(batch.names, batch.lengths, strict=True)):
            mel = batch.mel[number, :, : batch.mel_lengths[number]]
            yield id, silence_first(output.durations[number, :length].numpy(), mel.numpy())


def silence_first(durations: np.ndarray, mel: np.ndarray) -> np.ndarray:
    """Give the silence before an utterance to its start token, from the first phone, which the search gave it to.

    Nothing tells the two apart where every recording begins with silence; a voice would learn to hold its first phone.

    Args:
        durations: (tokens,), of the start token first.
        mel: (n_mels, frames), natural logarithm of magnitude.
    """
    level_db = 10 / np.log(10) * np.logaddexp.reduce(2 * mel, axis=0)
    onset = int(np.argmax(level_db > level_db.max() - ONSET_DB)) - LEAD_FRAMES
    moved = np.clip(onset - durations[0], 0, durations[1] - 1) if len(durations) > 1 else 0
    changed = durations.copy()
    changed[:2] += np.array([moved, -moved])[: len(durations)]
    return changed


def use_true_timings(store: FeatureStore, symbols: SymbolTable) -> FeatureStore:
    """Take the durations that the corpus itself knows: the embedded one's come from its synthesiser."""
    if store.corpus.timings is None:
        raise SpeechlabError(f"the corpus {store.corpus.name} has no timings of its own; name an aligner: aligner=RUN")
    store.use_alignment(symbols.to_list(), TRUE_TIMINGS)
    for id in store.missing_linguistic():
        spoken, durations = store.corpus.timings(id, store.spec, store.frames[id])
        write(store, id, spoken, symbols.ids(spoken), durations)
    return store


def write(store: FeatureStore, id: str, spoken: list[str], ids: list[int], durations: np.ndarray) -> None:
    """Write one utterance's tokens and durations, or quarantine it with the reason."""
    try:
        store.write_linguistic(id, spoken, ids, durations)
    except SpeechlabError as error:
        store.quarantine({id: str(error)})
