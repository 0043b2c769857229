"""The embedded corpus as clean speech: no room, no noise, nothing downloaded."""

from speechlab.config import CorpusConfig, PairsConfig
from speechlab.data.corpora import load_corpus
from speechlab.data.pairs.base import Pair, PairSet


def load_embedded(config: PairsConfig) -> PairSet:
    """Take the synthesiser's English voice; its own split keeps sentences, not speakers, apart."""
    corpus = load_corpus(CorpusConfig(path=config.path))
    pairs = (Pair(item.id, item.audio_path, None, item.speaker, item.split) for item in corpus.utterances)
    return PairSet(corpus.name, tuple(pairs), corpus.licence, corpus.citation)
