"""Clean speech without transcripts, for vocoders: VCTK's speakers, or any recordings."""

from dataclasses import replace

from speechlab.config import CorpusConfig, PairsConfig
from speechlab.data.corpora.base import Corpus, Utterance
from speechlab.data.corpora.folder import load_folder


def load_vctk(config: CorpusConfig) -> Corpus:
    """Load VCTK's recordings, split as for bandwidth extension: speakers and sentences held out are never learned.

    Raises:
        SpeechlabError: a speaker is missing, or the download failed.
    """
    from speechlab.data.pairs.vctk import load_vctk as load_pairs  # pairs are made of corpora, so not above

    found = load_pairs(PairsConfig("vctk", config.path))
    utterances = tuple(
        Utterance(pair.id, pair.clean, "", pair.speaker, pair.split)
        for pair in {pair.id: pair for pair in found.pairs}.values()  # the test list names four validation files again
    )
    return Corpus("vctk", utterances, found.licence, found.citation, 48_000, config)


def load_mel_dataset(config: CorpusConfig) -> Corpus:
    """Load recordings to be turned into mels and back: of a folder, else of VCTK."""
    if not config.path:
        return load_vctk(config)
    return replace(load_folder(replace(config, name="folder")), config=config)
