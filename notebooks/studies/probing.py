"""Two rules that a space of features for a regression loss should obey: same sounds together, noise away from them.

FINALLY (arXiv:2410.05920), section 3. It takes its sounds from a synthesiser that samples its voice; here recordings
are taken apart and put together again by WORLD (Morise et al., 2016), with another pitch and other phases each time.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch import Tensor

from speechlab.audio.io import Audio
from speechlab.audio.mel import MelSpectrogram
from speechlab.audio.mixing import add_noise
from speechlab.audio.pitch import pitch_track, world
from speechlab.config import AudioSpec
from speechlab.errors import SpeechlabError
from speechlab.metrics.intervals import bootstrap
from speechlab.models.wavlm import WavLM

if TYPE_CHECKING:
    import pandas as pd

Space = Callable[[Tensor], Tensor]  # waveforms (batch, 1, samples) to features (batch, ...)

DURATION_S = 0.5  # of a sound
FRAME_S = 0.005  # of WORLD
LONGEST_LEAD = 20  # frames by which a copy may begin before the excerpt; its pulses and noise then fall elsewhere
PITCH_SPREAD = 0.06  # standard deviation of ln pitch among the copies: a semitone
LEVEL = 0.05  # root mean square of every sound, so that loudness gives no group away
SNR_DB = (10.0, 20.0)


class NoisyGroups(NamedTuple):
    """Groups of sounds with noise, each at a ratio of its own."""

    waveforms: np.ndarray  # (groups, members, samples)
    snr_db: np.ndarray  # (groups, members)


def sound_groups(recordings: Sequence[Audio], n_members: int = 10, seed: int = 0) -> np.ndarray:
    """Say the loudest half second of each recording again and again: one group of the same sound per recording.

    Members have the same speaker, phones and timing, and differ in pitch, by one factor each, and in phase. All sounds
    are equally loud.

    Args:
        recordings: of one sample rate.

    Returns:
        (recordings, n_members, samples) float32.

    Raises:
        SpeechlabError: the rates differ, or a recording is shorter than the sound or silent.
    """
    rates = sorted({audio.sample_rate for audio in recordings})
    if len(rates) != 1:
        raise SpeechlabError(f"expected recordings of one sample rate, got {rates or 'none'}; resample them first")
    generators = np.random.default_rng(seed).spawn(len(recordings))
    groups = [copies(audio, n_members, generator) for audio, generator in zip(recordings, generators, strict=True)]
    return np.stack(groups)


def copies(audio: Audio, n_members: int, generator: np.random.Generator) -> np.ndarray:
    """Make copies of the loudest half second of a recording: (n_members, samples) float32, all equally loud."""
    rate, samples = audio.sample_rate, round(DURATION_S * audio.sample_rate)
    waveform = np.asarray(audio.waveform, np.float64)
    if len(waveform) < samples or not waveform.any():
        raise SpeechlabError(f"expected at least {DURATION_S} s that are not silent, got {audio.duration_s:.2f} s")
    energy = np.cumsum(np.pad(waveform**2, (1, 0)))
    place, margin = int((energy[samples:] - energy[:-samples]).argmax()), round(LONGEST_LEAD * FRAME_S * rate)
    piece = waveform[max(place - margin, 0) : place + samples + margin]
    first = round(min(place, margin) / rate / FRAME_S)
    pitch, times = pitch_track(piece, rate, 1000 * FRAME_S)
    envelope, aperiodicity = (tool(piece, pitch, times, rate) for tool in (world().cheaptrick, world().d4c))
    members = np.empty((n_members, samples))
    for member in members:
        lead = int(generator.integers(LONGEST_LEAD, endpoint=True))
        frames = np.clip(np.arange(first - lead, first + round(DURATION_S / FRAME_S) + 1), 0, len(pitch) - 1)
        factor = np.exp(PITCH_SPREAD * generator.standard_normal())
        voice = pitch[frames] * factor, envelope[frames], aperiodicity[frames]
        start = round(lead * FRAME_S * rate)
        member[:] = world().synthesize(*voice, rate, 1000 * FRAME_S)[start : start + samples]
    return (LEVEL * members / np.sqrt(np.mean(members**2, axis=1, keepdims=True))).astype(np.float32)


def with_noise(groups: np.ndarray, snr_db: tuple[float, float] = SNR_DB, seed: int = 0) -> NoisyGroups:
    """Add white noise to every sound of (groups, members, samples), at a ratio drawn evenly between two limits."""
    generator = np.random.default_rng(seed)
    ratios = generator.uniform(*snr_db, groups.shape[:2])
    noise = generator.standard_normal(groups.shape)
    noisy = [
        [add_noise(*item) for item in zip(*group, strict=True)] for group in zip(groups, noise, ratios, strict=True)
    ]
    return NoisyGroups(np.array(noisy), ratios)


def plain_spaces(spec: AudioSpec) -> dict[str, Space]:
    """Give the spaces that have learned nothing: waveform, STFT magnitude, log-mel."""
    mel = MelSpectrogram(spec)
    return {"waveform": lambda waveform: waveform, "STFT magnitude": mel.magnitude, "log-mel": mel}


def wavlm_spaces(
    wavlm: WavLM, sample_rate: int, features: Sequence[str] = ("conv", "layer1", "last"), name: str = "WavLM"
) -> dict[str, Space]:
    """Give the spaces of a WavLM: its convolutions' output, its first layer, its last."""

    def space(feature: str) -> Space:
        return lambda waveform: wavlm(waveform.to(device), sample_rate, feature)

    device = next(wavlm.parameters()).device

    return {f"{name} {feature}": space(feature) for feature in features}


@torch.inference_mode()
def feature_vectors(space: Space, groups: np.ndarray) -> np.ndarray:
    """Describe every sound by one long vector: (groups, members, samples) to (groups, members, dimensions) float32."""
    waveforms = torch.from_numpy(np.ascontiguousarray(groups, np.float32)).unsqueeze(2)
    return torch.stack([space(group).flatten(1).float().cpu() for group in waveforms]).numpy()


def clustering_scores(vectors: np.ndarray, seed: int = 0) -> tuple[float, float]:
    """Cluster all vectors into as many clusters as there are groups, by k-means, and compare clusters with groups.

    Args:
        vectors: (groups, members, dimensions).

    Returns:
        The Rand index, the share of pairs that are together or apart in both, and the adjusted one, which is 0 by
        chance; both are 1 where clusters are groups.
    """
    from sklearn.cluster import KMeans
    from sklearn.metrics import adjusted_rand_score, rand_score

    n_groups, n_members, _ = vectors.shape
    flat = vectors.reshape(n_groups * n_members, -1).astype(np.float64)
    flat = flat - flat.mean(axis=0)
    flat = np.linalg.qr(flat.T, mode="r").T  # rotated into no more dimensions than vectors: all distances stay
    truth = np.repeat(np.arange(n_groups), n_members)
    found = KMeans(n_groups, n_init=10, random_state=seed).fit_predict(flat)
    return float(rand_score(truth, found)), float(adjusted_rand_score(truth, found))


def chance_rand_index(n_groups: int, n_members: int) -> float:
    """Give the Rand index that clusters of the groups' sizes have on average when they know nothing of the groups."""
    together = (n_members - 1) / (n_groups * n_members - 1)  # share of all pairs
    return together**2 + (1 - together) ** 2


def centroid_distances(clean: np.ndarray, noisy: np.ndarray) -> np.ndarray:
    """Measure how far noisy sounds lie from the middle of their clean group.

    Args:
        clean, noisy: vectors, (groups, members, dimensions).

    Returns:
        Euclidean distances, (groups, members).
    """
    return np.linalg.norm(noisy - clean.mean(axis=1, keepdims=True), axis=2)


def snr_scores(distances: np.ndarray, snr_db: np.ndarray) -> np.ndarray:
    """Tell for each group whether more noise means more distance: Spearman's rank correlation with the SNR, negated.

    Args:
        distances, snr_db: (groups, members).

    Returns:
        (groups,), 1 where the order is the same throughout; 0 for distances that are all equal.
    """
    from scipy.stats import rankdata

    ranks = [rankdata(values, axis=1) for values in (-snr_db, distances)]
    more_noise, farther = (rank - rank.mean(axis=1, keepdims=True) for rank in ranks)
    norms = np.sqrt((more_noise**2).sum(1) * (farther**2).sum(1))
    return (more_noise * farther).sum(1) / np.where(norms > 0, norms, 1.0)


def probe(spaces: Mapping[str, Space], groups: np.ndarray, seed: int = 0) -> "pd.DataFrame":
    """Hold spaces of features against both rules.

    Args:
        spaces: name to a function of waveforms (batch, 1, samples).
        groups: the same sound in each, (groups, members, samples).

    Returns:
        A row per space: dimensions, Rand index, adjusted Rand index, and the mean SNR score of the groups with the ends
        of its 95 % interval.
    """
    import pandas as pd

    noisy, snr_db = with_noise(groups, seed=seed)
    rows = {}
    for name, space in spaces.items():
        clean = feature_vectors(space, groups)
        scores = snr_scores(centroid_distances(clean, feature_vectors(space, noisy)), snr_db)
        rows[name] = (clean.shape[-1], *clustering_scores(clean, seed), *bootstrap(scores)[:3])
    columns = ["dimensions", "Rand", "adjusted Rand", "SNR score", "low", "high"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)
