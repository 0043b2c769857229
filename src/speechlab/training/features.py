"""From an experiment's config to its features: one call that recipes, notebooks and the command line share."""

from speechlab.config import Experiment
from speechlab.data.corpora import load_corpus
from speechlab.data.features import extract_acoustic
from speechlab.data.store import FeatureStore
from speechlab.text.frontend import for_language
from speechlab.text.symbols import SymbolTable


def symbol_table(language: str) -> SymbolTable:
    """The fixed symbol table of a language's phonemes.

    Raises:
        SpeechlabError: the language has none yet.
    """
    return for_language(language).symbols


def acoustic_features(experiment: Experiment, n_jobs: int = -1) -> FeatureStore:
    """Load the experiment's corpus and compute what is missing of its mel, pitch and energy."""
    return extract_acoustic(load_corpus(experiment.corpus), experiment.audio, n_jobs=n_jobs)
