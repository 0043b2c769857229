"""Corpora, one file each: what they contain, where they come from, and how they are split."""

from dataclasses import replace

from speechlab.config import CorpusConfig
from speechlab.data.corpora import embedded, folder, folders, ljspeech, ruslan, vctk  # noqa: F401  (registered)
from speechlab.data.corpora.base import SPLITS, TEST, TRAIN, VALIDATION, Corpus, Utterance, corpora, data_root
from speechlab.errors import SpeechlabError

__all__ = ["SPLITS", "TEST", "TRAIN", "VALIDATION", "Corpus", "Utterance", "corpora", "data_root", "load_corpus"]

WITHOUT_SPLIT = ("folder", "folders")  # corpora of which as many recordings are kept out as a config says


def load_corpus(config: CorpusConfig) -> Corpus:
    """Load the corpus that the configuration names, downloading or rendering it where that has not been done.

    Utterances come in the same order on every machine. ``config.n_utterances`` cuts every split to so many. With
    ``config.validation_path`` that folder's recordings are the validation split, and a corpus without a split of its
    own keeps none out.

    Raises:
        SpeechlabError: a recording of the validation folder is one of the corpus too, by name.
    """
    if not config.validation_path:
        return corpora[config.name](config).limited(config.n_utterances)
    n_validation = 0 if config.name in WITHOUT_SPLIT else config.n_validation
    own = corpora[config.name](replace(config, n_validation=n_validation))
    other = corpora["folder"](replace(config, name="folder", path=config.validation_path, n_validation=0))
    held_out = [replace(item, id=f"validation-{item.id}", split=VALIDATION) for item in other.utterances]
    twice = next((item.id for item in held_out if item.id in own), None)
    if twice:
        raise SpeechlabError(f"{config.path or config.name} has a recording called {twice!r} already; rename it")
    kept = [item for item in own.utterances if item.split != VALIDATION]
    return replace(own, utterances=(*kept, *held_out), config=config).limited(config.n_utterances)
