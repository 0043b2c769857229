"""Measure a corpus once, with parallel workers: mel, pitch and energy of every recording, tokens of every transcript.

What is in the cache and fresh is kept; what cannot be used is listed with its reason in ``quarantine.csv``.
"""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from speechlab.audio.files import estimate_samples
from speechlab.config import AudioSpec, CorpusConfig
from speechlab.data.corpora import Corpus
from speechlab.data.prosody import energy, extract_pitch
from speechlab.data.storage import (
    Quarantined,
    file_state,
    read_header,
    write_quarantine,
    write_tensors,
)
from speechlab.data.store import Acoustic, FeatureStore
from speechlab.data.waveforms import load_waveform
from speechlab.errors import SpeechlabError
from speechlab.files import remove_leftovers, require_space, sha256, write_atomically
from speechlab.processes import called_by
from speechlab.text.phonemes import INLINE, PhonemeText
from speechlab.text.symbols import SymbolTable

SILENCE_PEAK = 1e-3  # -60 dB: a file that never gets louder holds no speech
FEW_FILES = 64  # below it, starting worker processes takes longer than the work


def analyse(waveform: np.ndarray, spec: AudioSpec) -> Acoustic:
    """Compute mel, pitch and energy of a waveform (samples,); all three have samples // hop_length frames.

    Raises:
        SpeechlabError: shorter than one frame, or silent.
    """
    import torch

    from speechlab.audio.mel import MelSpectrogram

    n_frames = len(waveform) // spec.hop_length + spec.centring
    if len(waveform) < spec.hop_length:
        raise SpeechlabError(f"too short: {len(waveform)} samples, at least {spec.hop_length} are needed")
    peak = float(np.abs(waveform).max())
    if peak < SILENCE_PEAK:
        raise SpeechlabError(
            f"silent: the peak is {20 * np.log10(max(peak, 1e-10)):.0f} dB of full scale, speech is above -60 dB"
        )
    with torch.inference_mode():
        transform = MelSpectrogram(spec)
        magnitude = transform.magnitude(torch.from_numpy(waveform)[None, None])
        mel = transform.from_magnitude(magnitude)[0, :, :n_frames].numpy()
    return Acoustic(
        mel=np.ascontiguousarray(mel),
        pitch=extract_pitch(waveform, spec.sample_rate, spec.hop_length, spec.centring),
        energy=energy(magnitude[0, :, :n_frames].numpy()),
        padded=len(waveform) <= spec.padding,
    )


def extract_acoustic(corpus: Corpus, spec: AudioSpec, cache: Path | None = None, n_jobs: int = -1) -> FeatureStore:
    """Compute the acoustic layer of a corpus; what is there and fresh is kept, what cannot be read is quarantined.

    Args:
        cache: folder of all feature caches; ``None`` takes ``cache`` under SPEECHLAB_DATA.
        n_jobs: worker processes, -1 for one per core. A surrounding ``joblib.parallel_config`` chooses the backend.

    Raises:
        SpeechlabError: not one recording could be used, or the disk is full.
    """
    store = FeatureStore(corpus, spec, cache)
    write_atomically(store.acoustic_folder / "stamp.json", json.dumps(store.stamp, indent=1).encode())
    for folder in (store.folder, *filter(Path.is_dir, store.folder.iterdir())):
        remove_leftovers(folder)
    jobs = [(item, store.acoustic_path(item.id)) for item in corpus.utterances]
    pending = [(item, path) for item, path in jobs if not is_fresh(path, item.audio_path)]
    samples = estimate_samples([item.audio_path for item, _ in pending], spec.sample_rate)
    n_bytes = 4 * (spec.n_mels + 2) * samples / spec.hop_length  # mel, pitch and energy in float32
    require_space(f"computing the features of {corpus.name}", store.acoustic_folder, n_bytes)
    arguments = [(item.audio_path, path, spec, corpus.config, store.stamp) for item, path in pending]
    reasons = in_parallel(extract_one, arguments, n_jobs, f"features of {corpus.name}")
    bad = [
        Quarantined(item.id, str(item.audio_path), "acoustic", reason)
        for (item, _), reason in zip(pending, reasons, strict=True)
        if reason
    ]
    write_quarantine(store.acoustic_folder, bad)
    if len(bad) == len(corpus):
        raise SpeechlabError(
            f"none of {len(bad)} recordings of {corpus.name} could be used; the first: {bad[0].reason}"
        )
    return store


def extract_one(audio_path: Path, feature_path: Path, spec: AudioSpec, config: CorpusConfig, stamp: dict) -> str:
    """Analyse one recording and write its features; give the reason if it cannot be used, else an empty string."""
    try:
        state = file_state(audio_path)
        with one_thread():
            features = analyse(load_waveform(audio_path, spec.sample_rate, config), spec)
    except Exception as error:  # whatever a codec throws at a damaged file must not stop the other 13,099
        feature_path.unlink(missing_ok=True)
        return str(error) if isinstance(error, SpeechlabError) else f"{type(error).__name__}: {error}"
    stamp = stamp | state | {"audio": sha256(audio_path), "padded": features.padded}
    tensors = {"mel": features.mel, "pitch": features.pitch, "energy": features.energy}
    write_tensors(feature_path, tensors, stamp)
    return ""


def tokenise(
    store: FeatureStore, frontend: Callable[[str], PhonemeText], symbol_table: SymbolTable
) -> dict[str, tuple[list[str], list[int]]]:
    """Give the tokens of every utterance that still lacks durations; those that cannot be used are quarantined.

    Args:
        store: with its linguistic layer chosen by ``use_alignment``.

    Returns:
        Symbols and their ids by utterance id, in corpus order.
    """
    tokens, reasons = {}, {}
    for id in store.missing_linguistic():
        try:
            text = store.corpus[id].text
            if not text:
                raise SpeechlabError("no transcript; put a text beside the recording")
            phonemes = frontend(text)
            if phonemes.unknown:
                character, position = phonemes.unknown[0]
                raise SpeechlabError(f"{character!r} at position {position} of the text cannot be read; spell it out")
            ids = symbol_table.ids(phonemes.symbols)
            store.require_fitting(id, len(ids))
            tokens[id] = (phonemes.symbols, ids)
        except SpeechlabError as error:
            reasons[id] = str(error)
    store.quarantine(reasons)
    return tokens


def unreadable_texts(store: FeatureStore, language: str) -> list[Quarantined]:
    """List the utterances that have no transcript, or one with characters that nobody can read aloud.

    They are written to ``quarantine.csv`` in the store's folder. Models of text leave them out; a vocoder needs none.
    """
    if language == "ru":
        from speechlab.text.russian.normalisation import is_readable
    else:
        from speechlab.text.english.normalisation import is_readable

    found = []
    for id in store.ids:
        item = store.corpus[id]
        text = INLINE.sub(lambda phones: " " * len(phones[0]), item.text)
        unknown = next((at for at, character in enumerate(text) if not is_readable(character)), None)
        if not text.strip():
            reason = "no transcript; put a text beside the recording"
        elif unknown is not None:
            reason = f"{text[unknown]!r} at position {unknown} of the text cannot be read; spell it out"
        else:
            continue
        found.append(Quarantined(id, str(item.audio_path), "linguistic", reason))
    write_quarantine(store.folder, found)
    return found


def in_parallel(function: Callable[..., Any], arguments: Sequence[tuple], n_jobs: int, title: str) -> list:
    """Call the function with each tuple of arguments in worker processes, or in this one if they are few.

    Returns:
        The results, in the order of the arguments. A progress bar goes to stderr.
    """
    from joblib import Parallel, delayed
    from tqdm.auto import tqdm

    if len(arguments) < FEW_FILES:
        n_jobs = 1
    calls = (delayed(called_by)(os.getpid(), function, *item) for item in arguments)
    results = Parallel(n_jobs=n_jobs, return_as="generator")(calls)
    bar = {"desc": title, "total": len(arguments), "unit": "file", "leave": False, "mininterval": 0.5}
    return list(tqdm(results, **bar, disable=not arguments))


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep PyTorch to one thread: results do not depend on the number of cores, and workers do not fight for them."""
    import torch

    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(n_threads)


def is_fresh(feature_path: Path, audio_path: Path) -> bool:
    """Tell whether features exist and their recording has not changed since."""
    header = read_header(feature_path)
    if not header or not audio_path.is_file():
        return False
    state = file_state(audio_path)
    if all(header[key] == value for key, value in state.items()):
        return True
    return header["bytes"] == state["bytes"] and header["audio"] == sha256(audio_path)
