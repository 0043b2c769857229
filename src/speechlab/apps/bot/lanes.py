"""How the Telegram bot receives and answers, message by message.

Updates go to the journal on disk before Telegram is told that they came. Two lanes answer from it: short texts at once,
speech and enhancement one after another, in a thread beside the event loop.
"""

import asyncio
import contextlib
import faulthandler
import logging
import time
from collections import deque
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
from telegram import Bot, ReplyParameters
from telegram.error import BadRequest, Conflict, Forbidden, InvalidToken, NetworkError, RetryAfter, TelegramError

from speechlab.apps.bot.journal import CLEAN, DAY_S, REPLY, SAY, WORK, Job, Journal
from speechlab.apps.bot.messages import MAX_VOICE_S, Reader, in_seconds, split_notes
from speechlab.apps.bot.speech import Note, Speech, TooLong
from speechlab.apps.bot.texts import ENGLISH, phrase
from speechlab.errors import SpeechlabError

POLL_S = 30  # how long Telegram may keep a question for updates open
MAX_WORK_S = 900.0  # for one part of an answer; a voice note of 5 minutes takes less on a slow machine
RETRY_S = 3.0  # after a failed request
NEVER_ARRIVED = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.WriteError, httpx.WriteTimeout)
log = logging.getLogger(__name__)


class SpeechBot:
    """Receives updates, and answers what the journal holds.

    Args:
        allowed: users and groups that are answered; all unless given.
    """

    def __init__(self, bot: Bot, journal: Journal, speech: Speech, allowed: Collection[int] = ()):
        self.bot, self.journal, self.speech = bot, journal, speech
        self.reader = Reader(journal, speech.voices, speech.cleans, bot.username, bot.id, allowed)
        self.compacted = time.monotonic()
        self.thread = ThreadPoolExecutor(1, thread_name_prefix="speech")
        self.stopping = asyncio.Event()
        self.news = {REPLY: asyncio.Event(), SAY: asyncio.Event()}  # a lane's: there may be something to do
        self.positions: deque[tuple[Job, int]] = deque()  # of users to be told how many are before them

    async def run(self) -> None:
        """Work until a signal; then finish the message that is being made, and leave the rest to the next start."""
        receiving = asyncio.create_task(self.receive())
        lanes = [asyncio.create_task(self.lane(REPLY, (REPLY,))), asyncio.create_task(self.lane(SAY, WORK))]
        stopping = asyncio.create_task(self.stopping.wait())
        try:
            await asyncio.wait([stopping, receiving, *lanes], return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.stop()
            receiving.cancel()
            done = await asyncio.gather(receiving, *lanes, stopping, return_exceptions=True)
            self.thread.shutdown()
        for result in done:
            if isinstance(result, Exception):
                raise result

    def stop(self) -> None:
        """Ask everything to end after what it is doing; a second signal ends the process at once."""
        self.stopping.set()
        for news in self.news.values():
            news.set()

    async def receive(self) -> None:
        """Take updates in: each is in the journal before the next question tells Telegram that it came."""
        offset, fine = None, True
        while True:
            try:
                updates = await self.bot.get_updates(offset, timeout=POLL_S, allowed_updates=["message"])
            except InvalidToken:
                raise
            except TelegramError as error:
                if fine:  # one line for a whole outage
                    known = "another copy of this bot is running" if isinstance(error, Conflict) else error
                    log.warning("cannot get updates (%s); trying again", known)
                fine = False
                await asyncio.sleep(seconds_to_wait(error))
                continue
            fine = True
            if time.monotonic() - self.compacted > DAY_S:
                self.journal.compact()
                self.compacted = time.monotonic()
            for update in updates:
                self.take(update)
                offset = update.update_id + 1

    def take(self, update: Any) -> None:
        """Write an update down, and let its lane know."""
        if self.journal.knows(update.update_id):
            return
        try:
            read = self.reader.read(update)
        except Exception:  # else the same update would end the process at every start
            log.exception("update %d met a bug", update.update_id)
            read = Job(update.update_id, *[update.message.chat.id, update.message.message_id, update.message.chat.id],
                       ENGLISH, REPLY, {"phrase": "failed"}), None  # fmt: skip
        if read is None:
            return
        job, settings = read
        ahead = self.journal.waiting()
        self.journal.add(job, settings)
        if job.kind != REPLY and ahead:
            self.positions.append((job, ahead))
        for news in self.news.values():
            news.set()

    async def lane(self, name: str, kinds: Sequence[str]) -> None:
        """Answer jobs of some kinds, oldest first, message by message."""
        while not self.stopping.is_set():
            self.news[name].clear()
            if name == REPLY:
                await self.tell_positions()
            job = self.journal.next(kinds)
            if job is None:
                await self.news[name].wait()
            else:
                await self.step(job)

    async def tell_positions(self) -> None:
        """Tell users who wait how many are before them; a kindness, not repeated where it fails."""
        while self.positions and not self.stopping.is_set():
            job, ahead = self.positions.popleft()
            if self.journal.is_open(job):
                with contextlib.suppress(TelegramError):
                    await self.send(job, phrase(job.language, "queued", ahead=ahead))

    async def step(self, job: Job) -> None:
        """Take the answer to a message one message further."""
        if not job.doubtful and job.parts_done >= n_parts(job):
            self.journal.answered(job)
            log.info("update %d is answered", job.update_id)
            return
        self.journal.begin(job)
        try:
            if job.kind == SAY and "parts" not in job.body:
                job = await self.split(job)
            answer = phrase(job.language, "interrupted") if job.doubtful else await self.make(job)
        except (RetryAfter, NetworkError) as error:  # while a recording was fetched
            self.journal.release(job)
            await self.pause(seconds_to_wait(error))
            return
        await self.deliver(job, answer)

    async def split(self, job: Job) -> Job:
        """Split a text into voice notes, beside the event loop and after it was counted as begun."""
        try:
            parts = await self.beside(split_notes, job.body["text"])
        except Exception:
            log.exception("update %d met a bug", job.update_id)
            return self.journal.change(job, REPLY, {"phrase": "failed"})
        if not parts:
            return self.journal.change(job, REPLY, {"phrase": "nothing_to_read"})
        rest = {name: value for name, value in job.body.items() if name != "text"}
        return self.journal.change(job, SAY, {**rest, "parts": parts})

    async def make(self, job: Job) -> Note | str:
        """Make the next part of an answer: a voice note, or the reason why there is none."""
        if job.kind == REPLY:
            return phrase(job.language, job.body["phrase"], **job.body.get("values", {}))
        try:
            if job.kind == SAY:
                text, voice = job.body["parts"][job.parts_done], job.body["voice"]
                return await self.beside(self.speech.say, text, voice, job.body["pace"])
            if job.kind == CLEAN:
                return await self.beside(self.speech.clean, await self.fetch(job.body["file"]))
            return await self.beside(self.speech.stresses, job.body["text"])
        except TooLong:
            return phrase(job.language, "too_long_voice", found=f"> {MAX_VOICE_S}", most=MAX_VOICE_S)
        except SpeechlabError as error:
            if job.kind == CLEAN:  # an error about a text repeats it, and what people write is not for the log
                log.info("update %d cannot be cleaned: %s", job.update_id, error)
            return why_not(job)
        except (RetryAfter, NetworkError):
            raise
        except Exception:
            log.exception("update %d met a bug", job.update_id)
            return phrase(job.language, "failed")

    async def fetch(self, file_id: str) -> bytes:
        """Fetch a recording.

        Raises:
            SpeechlabError: Telegram does not give it; an unknown file looks like an unknown token to the library.
            RetryAfter, NetworkError: it may be had later.
        """
        try:
            file = await self.bot.get_file(file_id)
            return bytes(await file.download_as_bytearray())
        except (BadRequest, Forbidden, InvalidToken) as error:
            raise SpeechlabError(f"Telegram does not give the file: {type(error).__name__}") from None

    async def beside(self, work: Callable[..., Any], *arguments: Any) -> Any:
        """Do slow work in the one thread for it.

        Work that does not end ends the process: it could not be stopped otherwise, and after the second time it is
        given up at the next start.
        """
        faulthandler.dump_traceback_later(MAX_WORK_S, exit=True)
        try:
            return await asyncio.get_running_loop().run_in_executor(self.thread, work, *arguments)
        finally:
            faulthandler.cancel_dump_traceback_later()

    async def deliver(self, job: Job, answer: Note | str) -> None:
        """Send a part of an answer, once: again only where it certainly did not arrive."""
        while True:
            self.journal.sending(job)
            try:
                await self.send(job, answer)
            except InvalidToken:
                self.journal.release(job)
                raise
            except BadRequest as error:
                log.warning("update %d: Telegram refuses the answer: %s", job.update_id, error)
                if isinstance(answer, Note):
                    answer = phrase(job.language, "refused")
                    continue
            except (RetryAfter, NetworkError) as error:
                if not isinstance(error, RetryAfter) and may_have_arrived(error):
                    log.warning("update %d: no reply to an answer that was sent: %s", job.update_id, error)
                    return self.journal.doubt(job)
                self.journal.release(job)
                if not await self.pause(seconds_to_wait(error)):
                    return None
                continue
            except TelegramError as error:  # the user has blocked the bot, or the chat is gone
                log.info("update %d: nobody takes the answer: %s", job.update_id, type(error).__name__)
                if isinstance(error, Forbidden):
                    return self.journal.answered(job)
            return self.journal.sent(job)

    async def send(self, job: Job, answer: Note | str) -> None:
        """Send a message as a reply to the user's."""
        reply = ReplyParameters(job.message_id, allow_sending_without_reply=True)
        if isinstance(answer, str):
            await self.bot.send_message(job.chat_id, answer, reply_parameters=reply)
            return
        number = f"{job.parts_done + 1}/{n_parts(job)}" if n_parts(job) > 1 else None
        await self.bot.send_voice(
            job.chat_id, answer.data, duration=round(answer.duration_s), caption=number, filename="speech.ogg",
            reply_parameters=reply,
        )  # fmt: skip

    async def pause(self, seconds: float) -> bool:
        """Wait, and tell whether to go on: false where the bot is to stop."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.stopping.wait(), seconds)
        return not self.stopping.is_set()


def n_parts(job: Job) -> int:
    """Count the messages of an answer."""
    return len(job.body.get("parts", " ")) if job.kind == SAY else 1


def why_not(job: Job) -> str:
    """Say why a text cannot be read, or a recording not be cleaned."""
    if job.kind == SAY:
        text = job.body["parts"][job.parts_done]
        return phrase(job.language, "cannot_read", voice=job.body["voice"], text=text[:60])
    return phrase(job.language, "broken_voice" if job.kind == CLEAN else "nothing_to_read")


def may_have_arrived(error: NetworkError) -> bool:
    """Tell whether a request may have been carried out though no reply came: not where the server says it failed."""
    cause = error.__cause__
    return isinstance(cause, httpx.HTTPError) and not isinstance(cause, NEVER_ARRIVED)


def seconds_to_wait(error: TelegramError) -> float:
    """Give the time to wait after a failed request; Telegram may say how long."""
    return in_seconds(error.retry_after) if isinstance(error, RetryAfter) else RETRY_S
