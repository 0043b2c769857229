"""The bot with voices that speak at once; ``python stub_bot.py URL`` runs it, and some of its texts end the process."""

import os
import sys
import time
from pathlib import Path

from speechlab.apps import cli
from speechlab.apps.bot import service
from speechlab.apps.bot.messages import VoiceFacts
from speechlab.apps.bot.speech import Note
from speechlab.errors import SpeechlabError


class Stub:
    """In place of ``Speech``: a note is what was asked for."""

    def __init__(self, *arguments):
        self.voices = {"en-stub": VoiceFacts("en", "CC0 1.0"), "ru-stub": VoiceFacts("ru", "CC BY 4.0")}
        self.cleans = True

    def say(self, text: str, voice: str, pace: float) -> Note:
        if "(unreadable)" in text:
            raise SpeechlabError("there is nothing to read")
        if "(bug)" in text:
            raise ZeroDivisionError("a bug")
        return Note(f"{voice}, {pace:g}: {text}".encode(), 1.4)

    def clean(self, data: bytes) -> Note:
        return Note(b"clean " + data, 2.0)

    def stresses(self, text: str) -> str:
        return f"stressed: {text}"


class Mortal(Stub):
    """It takes some time, and dies once of ``(dies)``."""

    def say(self, text: str, voice: str, pace: float) -> Note:
        time.sleep(0.5 if "(slow)" in text else 0.01)
        mark = Path(os.environ["SPEECHLAB_DATA"]) / "died"
        if "(dies)" in text and not mark.exists():
            mark.touch()
            os._exit(9)
        return super().say(text, voice, pace)


if __name__ == "__main__":
    service.Speech = Mortal
    sys.exit(cli.main(["bot", "--api", sys.argv[1]]))
