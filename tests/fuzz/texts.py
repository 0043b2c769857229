"""Texts that nobody would write, and what reads them: the splitter, both frontends, and the bot."""

import contextlib
import random
import sys
from pathlib import Path
from types import SimpleNamespace

from tests.fuzz.mutate import Input

ALPHABETS = (
    "[]VXaж1 .,-+:/%$№\u0301\u200b\u0000中ß①",
    "aeiou AEIOU.!?…\"'()",
    "абвёжяАЯ ,.;+-0123456789",
    "0123456789.,:/-%$€₽ ",
    "\u202e\u2066\ufeff\ufffd\u0300\u0489👩🏽‍🚀🇷🇺 a",
)
UNITS = (
    ".", ". ", "?!", "7", "1,", "1.", "a", "A", "XIV ", "I", '"', ".\"", "[", "]]", "$5 ", "🎉", "e\u0301", " ", "\n",
    "Dr. ", "A.", "1-", "1/", "1:", "*", "_", "\\", "www.a.", "5 p.m. ", "e.g. ", "2^", "а", "абв", "12.", "№", "5 г. ",
    "и т. д. ", "+", "ж-", "пн-", "в/", "а\u0301", "[[", "[[h@l'oU]]", "Chapter One.......5 ", "/stress XIV ",
)  # fmt: skip


def text(rng: random.Random) -> Input:
    """Random characters of one alphabet or of all of Unicode, or something repeated hundreds of times."""
    kind = rng.random()
    if kind < 0.4:
        made = "".join(rng.choices(rng.choice(ALPHABETS), k=rng.randint(1, 300)))
    elif kind < 0.6:
        made = "".join(chr(rng.randrange(sys.maxunicode + 1)) for _ in range(rng.randint(1, 100)))
    else:
        made = rng.choice(UNITS) * rng.randint(300, 3_000) + rng.choice(("", "x", " 5", "."))
    return {"text.txt": made.encode("utf-8", "surrogatepass")}


def read_aloud(folder: Path) -> None:
    """Read a text in every way there is."""
    from speechlab.apps.bot.messages import MAX_CHARACTERS, split_notes
    from speechlab.errors import SpeechlabError
    from speechlab.text.frontend import for_language
    from speechlab.text.split import split_sentences
    from tests.fuzz.mutate import require_one_line

    data = (folder / "text.txt").read_bytes()
    content = data.decode("utf-8", "surrogatepass")
    split_notes(content[:MAX_CHARACTERS])
    for language in ("en", "ru"):
        for sentence in split_sentences(content, language)[:40]:  # each has at most 300 characters
            try:
                for_language(language)(sentence.text)
            except SpeechlabError as error:
                require_one_line(error)


def message(rng: random.Random) -> Input:
    """A message to the bot: a command or a text that begins like one."""
    command = rng.choice(("", "/stress ", "/voice ", "/pace ", "/say ", "/", "@bot ", "/help@bot "))
    return {"message.txt": command.encode() + text(rng)["text.txt"]}


def answer(folder: Path) -> None:
    """Take a message in as the event loop does; only what waits in the journal may take long, and nothing may raise."""
    from speechlab.apps.bot.journal import Journal
    from speechlab.apps.bot.messages import Reader, VoiceFacts

    written = (folder / "message.txt").read_bytes().decode("utf-8", "replace")
    user, chat = SimpleNamespace(id=7, is_bot=False, language_code="ru"), SimpleNamespace(id=1, type="private")
    nothing = dict.fromkeys(("caption", "reply_to_message", "voice", "audio"))
    message = SimpleNamespace(text=written, from_user=user, chat=chat, message_id=1, **nothing)
    with contextlib.closing(Journal(folder / "bot.sqlite")) as journal:
        reader = Reader(journal, {"en": VoiceFacts("en", "CC0"), "ru": VoiceFacts("ru", "CC0")}, True, "bot", 1)
        job, settings = reader.read(SimpleNamespace(update_id=1, message=message))
        journal.add(job, settings)
