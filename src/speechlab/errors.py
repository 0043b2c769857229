"""The errors whose message is written for the person at the keyboard."""


class SpeechlabError(ValueError):
    """A mistake in what was given: one sentence says what arrived, what was expected and what to do.

    The command line prints it as one line and exits with status 2; anything else is a bug and keeps its traceback.
    """
