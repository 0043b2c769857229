"""The errors whose message is written for the person at the keyboard."""

from collections.abc import Iterable
from difflib import get_close_matches


class SpeechlabError(ValueError):
    """A mistake in what was given: one sentence says what arrived, what was expected and what to do.

    The command line prints it as one line and exits with status 2; anything else is a bug and keeps its traceback.
    """


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """End an error message with the known words nearest to one that is not known."""
    near = get_close_matches(word, list(known), n=3, cutoff=0.4)
    return f"; did you mean {' or '.join(near)}?" if near else ""


def in_one(failed: list[str]) -> str:
    """Say of several failures the first, and how many more there are."""
    return f"{failed[0]} (and {len(failed) - 1} more)" if len(failed) > 1 else failed[0]
