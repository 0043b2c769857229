"""Checkpoints behind links that a person gives on the command line."""

from speechlab.checkpoints import CARD, WEIGHTS
from speechlab.data.links import is_link, unpack_link
from speechlab.errors import SpeechlabError


def fetched(name: str) -> str:
    """Give the folder of an archive of weights behind a link, fetched where it was not; a name stays as it is.

    Only for names that a person gives on the command line: a name in a card, which anybody may have written, is never
    followed to the network.

    Raises:
        SpeechlabError: the link leads to nothing, or to no weights of ours.
    """
    if not is_link(name):
        return name
    folder = unpack_link(name)
    places = (path.parent for path in sorted(folder.rglob(CARD), key=lambda path: len(path.parts)))
    found = next((place for place in places if (place / WEIGHTS).is_file() or (place / "acoustic").is_dir()), None)
    if found is None:
        raise SpeechlabError(
            f"{name[:80]} holds no speechlab checkpoint: expected an archive with {WEIGHTS} and {CARD}; convert other"
            " people's weights with speechlab import"
        )
    return str(folder if (folder / "checkpoints").is_dir() else found)
