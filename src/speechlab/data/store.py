"""The feature cache on the disk: mel, pitch and energy of every recording, tokens and durations of every transcript.

Acoustic layer: one file per utterance, keyed by AudioSpec, audio hash and extractor settings. Linguistic layer: tokens,
durations and token averages, keyed by those, the transcript, the symbol table and the aligner, so that nothing stale
survives. Every file carries its own stamp; a folder may be copied, interrupted and completed at any point.
"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from speechlab.audio.pitch import F0_CEILING, F0_FLOOR
from speechlab.config import AudioSpec, CorpusConfig, to_dict
from speechlab.data.corpora import TRAIN, Corpus, Utterance
from speechlab.data.prosody import (
    DIO_SPEED,
    Moments,
    interpolate_pitch,
    moments,
    standardise,
    token_average,
    voiced_mask,
)
from speechlab.data.storage import (
    Quarantined,
    read_header,
    read_quarantine,
    read_tensors,
    safe_name,
    text_hash,
    write_quarantine,
    write_tensors,
)
from speechlab.data.waveforms import PEAK_LIMIT, load_waveform
from speechlab.errors import SpeechlabError
from speechlab.files import short_hash, write_atomically
from speechlab.paths import data_root

FORMAT = 1  # raise it when the same audio would give other features
ENERGY_FLOOR = 1e-3  # norm of a frame's magnitudes below which its logarithm tells nothing
MIN_VOICED_FRAMES = 2  # fewer give no pitch contour


@dataclass(frozen=True)
class Acoustic:
    """What was measured in one recording."""

    mel: np.ndarray  # (n_mels, frames) float32, natural log
    pitch: np.ndarray  # (frames,) float32, Hz, 0 where unvoiced
    energy: np.ndarray  # (frames,) float32
    padded: bool  # the recording was shorter than the analysis needs; zeros were added

    @property
    def frames(self) -> int:
        """Length in mel frames."""
        return self.mel.shape[1]


@dataclass(frozen=True)
class Linguistic:
    """What was said in one recording, and when."""

    symbols: list[str]  # one per token
    ids: np.ndarray  # (tokens,) int64
    durations: np.ndarray  # (tokens,) int64, frames; they sum to the frames of the mel
    pitch: np.ndarray  # (tokens,) float32, Hz, geometric mean of the interpolated contour; 0 where the duration is 0
    energy: np.ndarray  # (tokens,) float32; 0 where the duration is 0


@dataclass(frozen=True)
class Statistics:
    """Means and deviations over the training split."""

    mel_mean: list[float]  # (n_mels,)
    mel_std: list[float]  # (n_mels,)
    log_pitch: Moments  # natural log of Hz, voiced frames
    energy: Moments
    n_utterances: int
    n_frames: int


class FeatureStore:
    """The features of one corpus under one AudioSpec.

    The linguistic layer needs to know the symbol table and the aligner first: ``store.use_alignment(...)``.
    """

    def __init__(self, corpus: Corpus, spec: AudioSpec, cache: Path | None = None):
        self.corpus, self.spec = corpus, spec
        self.stamp = acoustic_stamp(spec, corpus.config)
        self.folder = Path(cache or data_root() / "cache") / safe_name(corpus.name)
        self.acoustic_folder = self.folder / f"acoustic-{short_hash(self.stamp)}"
        self.linguistic_stamp: dict = {}
        self.linguistic_folder: Path | None = None

    def acoustic_path(self, id: str) -> Path:
        """File of an utterance's mel, pitch and energy."""
        return self.acoustic_folder / f"{safe_name(id)}.safetensors"

    def linguistic_path(self, id: str) -> Path:
        """File of an utterance's tokens, durations and averages."""
        if self.linguistic_folder is None:
            raise SpeechlabError(
                "the linguistic layer needs a symbol table and an aligner: call store.use_alignment first"
            )
        return self.linguistic_folder / f"{safe_name(id)}.safetensors"

    @cached_property
    def frames(self) -> dict[str, int]:
        """Frames of every utterance whose acoustic features exist, in corpus order; read once."""
        headers = ((item.id, read_header(self.acoustic_path(item.id))) for item in self.corpus.utterances)
        return {id: header["frames"] for id, header in headers if header}

    @property
    def ids(self) -> list[str]:
        """Utterances whose acoustic features exist, in corpus order."""
        return list(self.frames)

    def split(self, name: str) -> list[Utterance]:
        """Usable utterances of one split."""
        return [item for item in self.corpus.split(name) if item.id in self.frames]

    def acoustic(self, id: str) -> Acoustic:
        """Read mel, pitch and energy.

        Raises:
            SpeechlabError: there are none, or they were made for another AudioSpec.
        """
        tensors, stamp = read_tensors(self.acoustic_path(id), "run extract_acoustic again")
        self.spec.require(AudioSpec(**stamp["spec"]), "wanted", "feature file")
        return Acoustic(tensors["mel"], tensors["pitch"], tensors["energy"], stamp["padded"])

    def waveform(self, id: str) -> np.ndarray:
        """Read the recording as its features were computed from it, (samples,) float32."""
        return load_waveform(self.corpus[id].audio_path, self.spec.sample_rate, self.corpus.config)

    def use_alignment(self, symbol_table: Sequence[str], aligner: str) -> "FeatureStore":
        """Choose the linguistic layer.

        Args:
            symbol_table: all symbols in order of their ids.
            aligner: hash of the checkpoint that gives the durations, or a word such as "true" for given timings.
        """
        self.linguistic_stamp = {"acoustic": self.stamp, "symbols": list(symbol_table), "aligner": aligner}
        self.linguistic_folder = self.folder / f"linguistic-{short_hash(self.linguistic_stamp)}"
        stamp = json.dumps(self.linguistic_stamp, indent=1, ensure_ascii=False)
        write_atomically(self.linguistic_folder / "stamp.json", stamp.encode())
        return self

    def identity(self, id: str) -> dict:
        """What the linguistic features of an utterance were made from: its audio and its transcript."""
        header = read_header(self.acoustic_path(id))
        return {"audio": header.get("audio"), "transcript": text_hash(self.corpus[id].text)}

    def has_linguistic(self, id: str) -> bool:
        """Tell whether tokens and durations exist for the present audio, transcript, symbols and aligner."""
        header = read_header(self.linguistic_path(id))
        return (
            bool(header)
            and id in self.corpus
            and {"audio": header["audio"], "transcript": header["transcript"]} == self.identity(id)
        )

    def missing_linguistic(self) -> list[str]:
        """Utterances with acoustic features that still need tokens and durations."""
        return [id for id in self.ids if not self.has_linguistic(id)]

    def linguistic_ids(self) -> list[str]:
        """Utterances that have both layers, in corpus order."""
        return [id for id in self.ids if self.has_linguistic(id)]

    def require_fitting(self, id: str, n_tokens: int) -> None:
        """Raise unless the utterance has a text, and at least one frame for each of its tokens.

        Raises:
            SpeechlabError: no tokens, or more tokens than frames.
        """
        n_frames = self.frames[id]
        if n_tokens == 0:
            raise SpeechlabError(f"{id} has no text; a transcript is needed beside the recording")
        if n_tokens > n_frames:
            raise SpeechlabError(
                f"{id}: the text is too long for its audio: {n_tokens} tokens, {n_frames} frames"
                f" ({n_frames / self.spec.frame_rate:.2f} s); check that the transcript belongs to the file"
            )

    def write_linguistic(self, id: str, symbols: Sequence[str], ids: Sequence[int], durations: np.ndarray) -> None:
        """Keep the tokens of an utterance, their durations, and the averages of pitch and energy over each.

        Args:
            symbols: (tokens,) strings.
            ids: (tokens,) their ids in the symbol table.
            durations: (tokens,) frames.

        Raises:
            SpeechlabError: lengths differ, more tokens than frames, the durations do not sum to the frames, no pitch.
        """
        path, durations = self.linguistic_path(id), np.asarray(durations, dtype=np.int64)
        self.require_fitting(id, len(ids))
        if not len(symbols) == len(ids) == len(durations):
            raise SpeechlabError(
                f"{id}: {len(symbols)} symbols, {len(ids)} ids, {len(durations)} durations; one of each a token"
            )
        features = self.acoustic(id)
        if durations.min() < 0 or durations.sum() != features.frames:
            raise SpeechlabError(f"{id}: durations sum to {durations.sum()} frames, the mel has {features.frames}")
        n_voiced = int(voiced_mask(features.pitch).sum())
        if n_voiced < MIN_VOICED_FRAMES:
            raise SpeechlabError(f"{id}: only {n_voiced} voiced frames; nothing to learn pitch from")
        log_pitch = token_average(np.log(interpolate_pitch(features.pitch)), durations)
        tensors = {
            "ids": np.asarray(ids, dtype=np.int64),
            "durations": durations,
            "pitch": np.where(durations > 0, np.exp(log_pitch), 0.0).astype(np.float32),
            "energy": token_average(features.energy, durations),
        }
        stamp = self.identity(id) | {"spec": to_dict(self.spec), "tokens": list(symbols)}
        write_tensors(path, tensors, stamp)

    def linguistic(self, id: str) -> Linguistic:
        """Read tokens, durations and token averages.

        Raises:
            SpeechlabError: there are none, or they were made for another AudioSpec.
        """
        tensors, stamp = read_tensors(self.linguistic_path(id), "align the corpus again")
        self.spec.require(AudioSpec(**stamp["spec"]), "wanted", "feature file")
        return Linguistic(stamp["tokens"], tensors["ids"], tensors["durations"], tensors["pitch"], tensors["energy"])

    @cached_property
    def log_energy(self) -> Moments:
        """Statistics of the natural logarithm of the tokens' energies, over the training split."""
        training = {item.id for item in self.split(TRAIN)}
        spoken = (self.linguistic(id) for id in self.linguistic_ids() if id in training)
        return moments([np.log(np.maximum(item.energy[item.durations > 0], ENERGY_FLOOR)) for item in spoken])

    def prosody_targets(self, id: str, log_energy: bool = False) -> tuple[np.ndarray, np.ndarray]:
        """Standardised log-pitch and energy of each token, two (tokens,) float32; 0 where the duration is 0.

        Args:
            log_energy: the energy's logarithm instead.
        """
        item, statistics = self.linguistic(id), self.statistics()
        spoken = item.durations > 0
        log_pitch = np.log(np.where(spoken, item.pitch, 1.0))
        pitch = np.where(spoken, standardise(log_pitch, statistics.log_pitch), 0.0).astype(np.float32)
        if log_energy:
            energy = standardise(np.log(np.maximum(item.energy, ENERGY_FLOOR)), self.log_energy)
        else:
            energy = standardise(item.energy, statistics.energy)
        return pitch, np.where(spoken, energy, 0.0).astype(np.float32)

    def statistics(self) -> Statistics:
        """Give means and deviations over the training split; computed once for each set of recordings."""
        return self._statistics

    @cached_property
    def _statistics(self) -> Statistics:
        utterances = self.split(TRAIN)
        if not utterances:
            raise SpeechlabError(f"no usable utterance in the training split: {self.set_aside()}")
        made_from = short_hash([[item.id, self.identity(item.id)["audio"]] for item in utterances])
        path = self.acoustic_folder / f"statistics-{made_from}.json"
        if not path.is_file():
            computed = compute_statistics(self.acoustic(item.id) for item in utterances)
            write_atomically(path, json.dumps(asdict(computed)).encode())
        values = json.loads(path.read_text(encoding="utf-8"))
        values |= {name: Moments(*values[name]) for name in ("log_pitch", "energy")}
        return Statistics(**values)

    def quarantine(self, reasons: dict[str, str]) -> None:
        """Note utterances that cannot be given tokens or durations; ``reasons`` goes by id."""
        folder = self.linguistic_path("-").parent
        rows = {row.id: row for row in read_quarantine(folder)}
        for id, reason in reasons.items():
            rows[id] = Quarantined(id, str(self.corpus[id].audio_path), "linguistic", reason)
        write_quarantine(folder, [row for row in rows.values() if not self.has_linguistic(row.id)])

    def quarantined(self) -> list[Quarantined]:
        """Utterances that could not be used, of both layers, with reasons; those repaired since are left out."""
        rows = read_quarantine(self.acoustic_folder)
        if self.linguistic_folder:
            rows += [row for row in read_quarantine(self.linguistic_folder) if not self.has_linguistic(row.id)]
        return rows

    def set_aside(self) -> str:
        """Say how many utterances could not be used, the commonest reason, and where the others are to be read."""
        rows = self.quarantined()
        if not rows:
            return "none was set aside"
        reason, count = Counter(row.reason for row in rows).most_common(1)[0]
        layer = next(row.layer for row in rows if row.reason == reason)
        folder = self.acoustic_folder if layer == "acoustic" else self.linguistic_folder
        return f"{len(rows)} were set aside, {count} of them for: {reason}; see {folder / 'quarantine.csv'}"


def compute_statistics(features: Iterable[Acoustic]) -> Statistics:
    """Pool mel bins, voiced log-pitch and energy; outliers of pitch and energy are left out of mean and deviation."""
    sums = squares = 0.0
    log_pitch, energies = [], []
    for item in features:
        mel = item.mel.astype(np.float64)
        sums, squares = sums + mel.sum(axis=1), squares + np.square(mel).sum(axis=1)
        log_pitch.append(np.log(item.pitch[voiced_mask(item.pitch)]))
        energies.append(item.energy)
    n_frames = sum(map(len, energies))
    if not n_frames:
        raise SpeechlabError("no usable utterance in the training split; see quarantine.csv")
    mean = sums / n_frames
    std = np.sqrt(np.maximum(squares / n_frames - np.square(mean), 1e-8))
    return Statistics(mean.tolist(), std.tolist(), moments(log_pitch), moments(energies), len(energies), n_frames)


def acoustic_stamp(spec: AudioSpec, config: CorpusConfig) -> dict:
    """Everything but the audio that decides what the acoustic features are."""
    pitch = {"method": "dio+stonemask", "floor": F0_FLOOR, "ceiling": F0_CEILING, "speed": DIO_SPEED}
    level = {"remove_offset": config.remove_offset, "loudness": config.loudness, "peak_limit": PEAK_LIMIT}
    analysis = to_dict(spec)
    if spec.scale == "log":
        del analysis["scale"]  # features that were computed before there was another stay what they are
    return {"format": FORMAT, "spec": analysis, "level": level, "pitch": pitch}
