"""The embedded corpus as any other: rendered at the first use, with the true time of every phone."""

import numpy as np

from speechlab.config import AudioSpec, CorpusConfig
from speechlab.data.corpora.base import Corpus, Utterance
from speechlab.data.embedded.rendering import SAMPLE_RATE, EmbeddedCorpus, EmbeddedUtterance, true_durations
from speechlab.paths import data_root


class TrueTimings:
    """True durations of the tokens of rendered utterances, by id; a class, so that worker processes can be given it."""

    def __init__(self, utterances: dict[str, EmbeddedUtterance]):
        self.utterances = utterances

    def __call__(self, id: str, spec: AudioSpec, n_frames: int) -> tuple[list[str], np.ndarray]:
        """Give the symbols of an utterance and their frames, (tokens,) int64, summing to ``n_frames``."""
        return true_durations(self.utterances[id], spec, n_frames)


def load_embedded(config: CorpusConfig) -> Corpus:
    """Load the sentences of one synthetic voice, ``config.voice``, rendering them where that has not been done."""
    rendered = EmbeddedCorpus(config.path or data_root() / "embedded", config.language).of(config.voice)
    utterances = tuple(Utterance(item.id, item.audio_path, item.text, item.speaker, item.split) for item in rendered)
    return Corpus(
        name=f"embedded-{config.voice}",
        utterances=utterances,
        licence="sentences by this project; speech rendered by espeak-ng (GPL-3.0-or-later)",
        citation="espeak-ng, https://github.com/espeak-ng/espeak-ng",
        sample_rate=SAMPLE_RATE,
        config=config,
        timings=TrueTimings({item.id: item for item in rendered}),
    )
