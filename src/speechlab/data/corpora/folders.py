"""Several folders of recordings as one corpus: what a vocoder for many readers learns from."""

from dataclasses import replace
from itertools import chain, zip_longest

from speechlab.config import CorpusConfig
from speechlab.data.corpora.base import Corpus
from speechlab.data.corpora.folder import load_folder
from speechlab.errors import SpeechlabError


def load_folders(config: CorpusConfig) -> Corpus:
    """Load the folders that ``config.path`` lists, separated by commas, each as the corpus ``folder`` would.

    Each keeps its own split, so nothing that its voice is judged by is learned from here. Their utterances alternate,
    so that the first few held-out ones are of every reader; ids carry the folder's name.

    Raises:
        SpeechlabError: no folder is named, or one cannot be read.
    """
    paths = [path.strip() for path in config.path.split(",") if path.strip()]
    if not paths:
        raise SpeechlabError("the corpus 'folders' needs corpus.path=FOLDER,FOLDER,...")
    parts = [load_folder(replace(config, name="folder", path=path)) for path in paths]
    if len({part.name for part in parts}) < len(parts):
        raise SpeechlabError(
            f"corpus.path names folders of one name: {', '.join(part.name for part in parts)}; rename one"
        )
    named = [
        [replace(item, id=f"{part.name}/{item.id}", speaker=item.speaker or part.name) for item in part.utterances]
        for part in parts
    ]
    return Corpus(
        name="+".join(part.name for part in parts),
        utterances=tuple(item for item in chain.from_iterable(zip_longest(*named)) if item),
        licence="; ".join(f"{part.name}: {part.licence}" for part in parts),
        citation="",
        sample_rate=max(part.sample_rate for part in parts),
        config=config,
    )
