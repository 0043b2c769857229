"""Corpora, one file each: what they contain, where they come from, and how they are split."""

from speechlab.config import CorpusConfig
from speechlab.data.corpora import embedded, folder, folders, ljspeech, ruslan  # noqa: F401  (importing one registers it)
from speechlab.data.corpora.base import SPLITS, TEST, TRAIN, VALIDATION, Corpus, Utterance, corpora
from speechlab.paths import data_root

__all__ = ["SPLITS", "TEST", "TRAIN", "VALIDATION", "Corpus", "Utterance", "corpora", "load_corpus", "data_root"]


def load_corpus(config: CorpusConfig) -> Corpus:
    """Load the corpus that the configuration names, downloading or rendering it where that has not been done.

    Utterances come in the same order on every machine. ``config.n_utterances`` cuts every split to so many.
    """
    return corpora[config.name](config).limited(config.n_utterances)
