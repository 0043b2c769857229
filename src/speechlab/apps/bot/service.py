"""``speechlab bot``: connect to Telegram, and serve until a signal.

It asks for updates by long polling, and needs neither an address of its own nor an open port.
"""

import argparse
import asyncio
import contextlib
import logging
import os
import signal
import sqlite3
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock, Timeout
from telegram import Bot
from telegram.error import InvalidToken, TelegramError
from telegram.request import HTTPXRequest

from speechlab.apps.bot.journal import Journal
from speechlab.apps.bot.lanes import SpeechBot
from speechlab.apps.bot.speech import Speech
from speechlab.errors import SpeechlabError
from speechlab.paths import data_root

TOKEN = "TELEGRAM_BOT_TOKEN"
log = logging.getLogger(__name__)


def run(options: argparse.Namespace) -> None:
    """Run the bot until SIGINT or SIGTERM; the token comes from the environment and is told to nobody.

    Raises:
        SpeechlabError: there is no token, Telegram does not know it, cannot be reached, or the bot runs already.
    """
    token = os.environ.get(TOKEN, "").strip()
    if not token:
        raise SpeechlabError(f"{TOKEN} is not set; get a token from @BotFather in Telegram and put it there")
    allowed = numbers_of(options.allow or "")
    start_logging(token)
    voices = [name.strip() for name in options.voices.split(",")] if options.voices else []
    speech = Speech(voices, options.enhancer)
    try:
        asyncio.run(serve(token, speech, options.api.rstrip("/"), allowed))
    except SpeechlabError:
        raise
    except InvalidToken:
        raise SpeechlabError(f"Telegram does not know the token in {TOKEN}; copy it again from @BotFather") from None
    except TelegramError as error:
        raise SpeechlabError(f"no bot at {options.api}: {hide(str(error), token)}; check the connection") from None
    except sqlite3.Error as error:
        raise SpeechlabError(f"the journal in {journal_folder()} cannot be used: {error}; free space there") from None
    except Exception:
        log.exception("the bot met a bug and stops")  # through the log, which hides the token
        raise SystemExit(1) from None


def numbers_of(allow: str) -> frozenset[int]:
    """Read the numbers of the users and groups that are answered."""
    try:
        return frozenset(int(part) for part in allow.split(",") if part.strip())
    except ValueError:
        raise SpeechlabError(f"--allow takes Telegram numbers, such as 12345,67890; got {allow[:80]!r}") from None


def hide(text: str, token: str) -> str:
    """Take a token, and the secret part of it alone, out of a text."""
    for part in (token, token.rpartition(":")[2]):
        if part:  # a token cut short after its colon has no secret part
            text = text.replace(part, "***")
    return text


class Hiding(logging.Formatter):
    """A log's format that writes no token, in messages and in tracebacks."""

    def __init__(self, token: str):
        super().__init__("%(asctime)s %(levelname)s %(message)s")
        self.token = token

    def format(self, record: logging.LogRecord) -> str:
        """Write a record."""
        return hide(super().format(record), self.token)


def start_logging(token: str) -> None:
    """Log to stderr; the HTTP library would write every address, with the token in it."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Hiding(token))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for name in ("httpx", "httpcore", "telegram"):  # their trouble comes as exceptions
        logging.getLogger(name).setLevel(logging.CRITICAL)
    warnings.simplefilter("ignore", UserWarning)  # what a voice cannot read is between it and the user


def journal_folder() -> Path:
    """Folder of the journals, one for each bot: ``bot`` under SPEECHLAB_DATA, or under ``data`` here."""
    return data_root() / "bot"


async def serve(token: str, speech: Speech, api: str, allowed: frozenset[int] = frozenset()) -> None:
    """Connect, and answer until a signal comes."""
    sending = HTTPXRequest(connection_pool_size=8, read_timeout=60, write_timeout=60, media_write_timeout=120)
    asking = HTTPXRequest(connection_pool_size=1, read_timeout=10)
    async with Bot(token, f"{api}/bot", f"{api}/file/bot", request=sending, get_updates_request=asking) as bot:
        folder = journal_folder()
        folder.mkdir(parents=True, exist_ok=True)
        try:
            lock = FileLock(folder / f"{bot.id}.lock").acquire(timeout=0)
        except Timeout:
            raise SpeechlabError(f"@{bot.username} runs already, with its journal in {folder}; stop it first") from None
        with lock, contextlib.closing(Journal(folder / f"{bot.id}.sqlite")) as journal:
            waiting, names = journal.recover(), ", ".join(speech.voices)
            log.info("@%s speaks with %s; %d messages wait; Ctrl-C stops", bot.username, names, waiting)
            answers = SpeechBot(bot, journal, speech, allowed)
            on_signals(answers.stop)
            await answers.run()
            log.info("stopped; %d messages wait for the next start", journal.waiting())


def on_signals(stop: Callable[[], None]) -> None:
    """Call ``stop`` at the first SIGINT or SIGTERM, and leave the second to Python."""
    loop = asyncio.get_running_loop()

    def first(number: int) -> None:
        for other in (signal.SIGINT, signal.SIGTERM):
            signal.signal(other, signal.default_int_handler)
        log.info("stopping after the message that is being made")
        loop.call_soon_threadsafe(stop)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, frame: first(number))
