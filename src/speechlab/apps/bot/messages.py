"""What a message to the Telegram bot asks for: a text to say, a recording to clean, a command, or too much."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, NamedTuple

from speechlab.apps.bot.journal import CLEAN, REPLY, SAY, STRESS, Job, Journal, Settings
from speechlab.apps.bot.texts import is_russian, language_for, phrase
from speechlab.errors import SpeechlabError
from speechlab.text.russian.stress import MARK, StressedWord, unmark
from speechlab.text.split import split_sentences

MAX_CHARACTERS = 3_000  # of a text, about four minutes of speech
NOTE_CHARACTERS = 1_000  # of one voice note: Telegram shows those up to 1 MB as voice, which is two minutes
MAX_VOICE_S = 300  # of a recording
MAX_VOICE_MB = 20  # Telegram gives bots no larger files
MAX_WAITING, MAX_WAITING_EACH = 200, 20  # jobs in the queue, of all users and of each
MAX_A_DAY = 300  # jobs that one user gives in a day
MAX_STRESSES = 200  # words that the bot remembers for one user
PACE_RANGE = (0.5, 2.0)
AUTOMATIC = "auto"
RUSSIAN_WORD = re.compile(rf"[а-яё+{MARK}]+", re.IGNORECASE)


@dataclass(frozen=True)
class VoiceFacts:
    """What users are told about a voice."""

    language: str  # en or ru
    licence: str


class Request(NamedTuple):
    """What a message asks for: a kind of job, what it needs, and the settings where they change."""

    kind: str
    body: dict[str, Any]
    settings: Settings | None = None


class Reader:
    """Understands messages, by what the bot can do and what their users chose.

    Args:
        voices: by name, the first one being the default.
        cleans: whether there is an enhancer.
        username, bot_id: of the bot, which in a group answers only what is addressed to it.
        allowed: users and groups that are answered; all where it is empty.
    """

    def __init__(self, journal: Journal, voices: Mapping[str, VoiceFacts], cleans: bool, username: str = "",
                 bot_id: int = 0, allowed: Collection[int] = ()):  # fmt: skip
        self.journal, self.voices, self.cleans = journal, voices, cleans
        self.mention, self.bot_id, self.allowed = f"@{username.lower()}", bot_id, frozenset(allowed)

    def read(self, update: Any) -> tuple[Job, Settings | None] | None:
        """Give the job of a Telegram update, and new settings; none where nobody expects an answer."""
        message = update.message
        if message is None or (message.from_user and message.from_user.is_bot):
            return None
        user_id = message.from_user.id if message.from_user else message.chat.id
        language = language_for(message.from_user and message.from_user.language_code, message.text or "")
        private = message.chat.type == "private"
        if not private and not self.is_addressed(message):
            return None
        if self.allowed and not {user_id, message.chat.id} & self.allowed:
            request = reply("not_allowed", number=user_id) if private else None
        else:
            request = self.understand(message, self.journal.settings(user_id), language)
        if request is None:
            return None
        if request.kind != REPLY:
            request = self.too_many(user_id) or request
        job = Job(update.update_id, message.chat.id, message.message_id, user_id, language, *request[:2])
        return job, request.settings

    def is_addressed(self, message: Any) -> bool:
        """Tell whether a message in a group is for the bot: it names it, replies to it, or is a command for any bot."""
        text = (message.text or message.caption or "").lower()
        answered = message.reply_to_message and message.reply_to_message.from_user
        command = text.partition(" ")[0] if text.startswith("/") else ""
        if command:
            return "@" not in command or command.endswith(self.mention)
        return self.mention in text or bool(answered and answered.id == self.bot_id)

    def understand(self, message: Any, settings: Settings, language: str) -> Request | None:
        """Tell commands, texts and recordings apart."""
        if message.text is not None:
            if message.text.startswith("/"):
                return self.command(message.text, settings, language)
            return self.text(without(self.mention, message.text), settings)
        recording = message.voice or message.audio
        if recording is not None:
            return self.recording(recording)
        return reply("not_understood") if message.chat.type == "private" else None  # in groups people talk to others

    def too_many(self, user_id: int) -> Request | None:
        """Refuse a job where the queue is full, or one user fills it."""
        own = self.journal.waiting(user_id)
        if own >= MAX_WAITING_EACH:
            return reply("too_many", waiting=own)
        if self.journal.today(user_id) >= MAX_A_DAY:
            return reply("too_many_today", most=MAX_A_DAY)
        return reply("busy") if self.journal.waiting() >= MAX_WAITING else None

    def text(self, text: str, settings: Settings) -> Request:
        """Read a text aloud, in as many voice notes as it takes; it is split when its turn comes."""
        if len(text) > MAX_CHARACTERS:
            return reply("too_long_text", found=len(text), most=MAX_CHARACTERS)
        voice = choose_voice(text, settings.voice, self.voices)
        spelled = with_stresses(text, settings.stresses)
        return Request(SAY, {"text": spelled, "voice": voice, "pace": settings.pace})

    def recording(self, recording: Any) -> Request:
        """Clean a recording of the length that Telegram says it has."""
        seconds = in_seconds(recording.duration)
        if not self.cleans:
            return reply("no_enhancer")
        if seconds > MAX_VOICE_S:
            return reply("too_long_voice", found=round(seconds), most=MAX_VOICE_S)
        megabytes = (recording.file_size or 0) / 1e6
        if megabytes > MAX_VOICE_MB:
            return reply("too_big_voice", found=round(megabytes), most=MAX_VOICE_MB)
        return Request(CLEAN, {"file": recording.file_id})

    def command(self, text: str, settings: Settings, language: str) -> Request:
        """Do what a command says; groups write ``/voice@name_of_the_bot``."""
        command, _, rest = text.partition(" ")
        name, given = command[1:].partition("@")[0].lower(), " ".join(rest.split())
        if name in ("start", "help"):
            return reply("help", characters=MAX_CHARACTERS, minutes=MAX_VOICE_S // 60)
        if name == "voice":
            return self.voice(given, settings, language)
        if name == "pace":
            return pace(given, settings)
        if name == "stress":
            return stress(given, settings, language)
        return reply("unknown_command", command=command[:40])

    def voice(self, given: str, settings: Settings, language: str) -> Request:
        """List the voices, or choose one."""
        lines = [
            phrase(language, "voice_line", name=name, language=phrase(language, facts.language), licence=facts.licence)
            for name, facts in self.voices.items()
        ]
        if not given:
            current = settings.voice if settings.voice in self.voices else phrase(language, "voice_auto")
            return reply("voices", current=current, voices="\n".join(lines))
        if given.lower() == AUTOMATIC:
            settings.voice = ""
            return reply("voice_set", settings, voice=phrase(language, "voice_auto"))
        if given not in self.voices:
            near = get_close_matches(given, self.voices, n=1, cutoff=0.6)
            return reply("voice_unknown", given=given[:40], voices=", ".join(near or self.voices))
        settings.voice = given
        return reply("voice_set", settings, voice=given)


def without(mention: str, text: str) -> str:
    """Take the bot's name out of a text that is addressed to it."""
    start = text.lower().find(mention) if len(mention) > 1 else -1
    return text if start < 0 else f"{text[:start]}{text[start + len(mention) :]}".strip(" ,:")


def reply(name: str, settings: Settings | None = None, **values: Any) -> Request:
    """Answer at once with a phrase."""
    return Request(REPLY, {"phrase": name, "values": values}, settings)


def pace(given: str, settings: Settings) -> Request:
    """Tell or change a user's pace; a comma is as good as a point."""
    low, high = PACE_RANGE
    if not given:
        return reply("pace", pace=settings.pace, low=low, high=high)
    number = re.fullmatch(r"\d{1,3}(?:[.,]\d{1,6})?", given)
    value = float(given.replace(",", ".")) if number else 0.0
    if not low <= value <= high:
        return reply("pace_unknown", given=given[:40], low=low, high=high)
    settings.pace = value
    return reply("pace_set", settings, pace=value)


def stress(given: str, settings: Settings, language: str) -> Request:
    """Tell the words of a user's own, take one more, or show the stresses of a sentence."""
    if not given:
        return reply("stress", words=", ".join(settings.stresses.values()) or phrase(language, "stress_none"))
    if len(given) > MAX_CHARACTERS:
        return reply("too_long_text", found=len(given), most=MAX_CHARACTERS)
    if " " in given or not {"+", MARK} & set(given):
        text = with_stresses(given, settings.stresses)
        return Request(STRESS, {"text": text}) if re.search("[а-яё]", text.lower()) else wrong_stress(given)
    try:
        word, position = unmark(given.lower())
    except SpeechlabError:
        return wrong_stress(given)
    if not RUSSIAN_WORD.fullmatch(word):
        return wrong_stress(given)
    if len(settings.stresses) >= MAX_STRESSES and word not in settings.stresses:
        return reply("stress_full", most=MAX_STRESSES)
    stressed = StressedWord(word, position, "lexicon")
    settings.stresses[word] = stressed.plus
    return reply("stress_set", settings, word=stressed.marked)


def wrong_stress(given: str) -> Request:
    """Say how a stress is written."""
    return reply("stress_wrong", given=given[:40])


def with_stresses(text: str, stresses: Mapping[str, str]) -> str:
    """Mark the words of a text whose stress its user has taught; words that carry a mark keep it."""

    def marked(match: re.Match) -> str:
        known = stresses.get(match[0].lower())
        return StressedWord(match[0], known.index("+"), "lexicon").plus if known else match[0]

    return RUSSIAN_WORD.sub(marked, text) if stresses else text


def choose_voice(text: str, chosen: str, voices: Mapping[str, VoiceFacts]) -> str:
    """Take the chosen voice, else the first one of the text's language, else the first one."""
    if chosen in voices:
        return chosen
    language = "ru" if is_russian(text) else "en"
    return next((name for name, facts in voices.items() if facts.language == language), next(iter(voices)))


def split_notes(text: str) -> list[str]:
    """Split a text at sentence ends into pieces for one voice note each; pieces without a letter or digit are left out.

    Returns:
        Pieces of at most ``NOTE_CHARACTERS``; none where there is nothing to read.
    """
    notes, end = [""], 0
    for sentence in split_sentences(text, "ru" if is_russian(text) else "en"):
        gap, end = text[end : sentence.start], sentence.end  # the lines of a list stay lines
        if not any(character.isalnum() for character in sentence.text):
            continue
        longer = notes[-1] + gap + sentence.text if notes[-1] else sentence.text
        if len(longer) <= NOTE_CHARACTERS:
            notes[-1] = longer
        else:
            notes.append(sentence.text)
    return [note for note in notes if note]


def in_seconds(duration: Any) -> float:
    """Give a duration in seconds, which python-telegram-bot is about to change from a number to a ``timedelta``."""
    return duration.total_seconds() if hasattr(duration, "total_seconds") else float(duration)
