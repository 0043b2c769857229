"""The Telegram bot over real sockets: kills, limits, voice notes, settings, and a token that nobody sees."""

import asyncio
import contextlib
import io
import logging
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
from telegram import Bot

from speechlab.apps import cli
from speechlab.apps.bot import journal as journal_module
from speechlab.apps.bot import messages
from speechlab.apps.bot.journal import DAY_S, MAX_ATTEMPTS, REPLY, SAY, Job, Journal, Settings
from speechlab.apps.bot.lanes import SpeechBot
from speechlab.apps.bot.messages import Reader, split_notes
from speechlab.apps.bot.service import Hiding, hide, numbers_of
from speechlab.apps.bot.speech import Speech, TooLong, require_short
from speechlab.apps.bot.texts import PHRASES, phrase
from speechlab.audio.io import encode
from speechlab.audio.limiter import true_peak
from speechlab.audio.loudness import loudness, to_db
from speechlab.errors import SpeechlabError
from tests.apps.fake_telegram import TOKEN, FakeTelegram
from tests.apps.stub_bot import Stub

pytestmark = pytest.mark.slow

PATIENCE_S = 90.0  # for a process to start on a busy machine
STUB = Path(__file__).with_name("stub_bot.py")


@pytest.fixture
def server(monkeypatch):
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "127.0.0.1")
    server = FakeTelegram()
    yield server
    server.close()
    assert not server.problems


@contextlib.contextmanager
def child(server, folder: Path, log: Path, *command: str):
    """Run the bot as a process of its own, with stub voices unless a command is given."""
    environment = os.environ | {"TELEGRAM_BOT_TOKEN": TOKEN, "SPEECHLAB_DATA": str(folder), "PYTHONUTF8": "1"}
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, *(command or (str(STUB), server.url))], env=environment, stdout=output, stderr=output
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def converse(server, journal: Path, until, speech=None, allowed=()) -> None:
    """Run the bot in this process until a condition ``until()`` holds."""

    async def talk() -> None:
        async with Bot(TOKEN, f"{server.url}/bot", f"{server.url}/file/bot") as bot:
            with contextlib.closing(Journal(journal)) as book:
                book.recover()
                answers = SpeechBot(bot, book, speech or Stub(), allowed)

                def wait() -> bool:
                    try:
                        return server.wait(until)
                    finally:
                        loop.call_soon_threadsafe(answers.stop)

                loop = asyncio.get_running_loop()
                waiting = asyncio.create_task(asyncio.to_thread(wait))
                await answers.run()
                assert await waiting, server.sent

    asyncio.run(talk())


def voices(server, message: int) -> list[bytes]:
    return [sent.voice for sent in server.replies(message) if sent.voice]


def test_sixty_messages_from_six_users_survive_two_kills(server, tmp_path):
    """Killed while an answer is under way, whose arrival the bot cannot know, and while it speaks."""
    texts = {}
    for number in range(60):
        text = f"Message {number} of user {number % 6}{' (dies)' if number == 45 else ''}."
        texts[server.post(number % 6, text=text)] = text
    log = tmp_path / "log"
    with child(server, tmp_path, log) as process:

        def kill_at_twenty(sent):
            if sent.voice and sum(bool(other.voice) for other in server.sent) == 20:
                process.kill()

        server.before_reply = kill_at_twenty
        assert process.wait(PATIENCE_S) != 0
    in_doubt = server.sent[-1].reply_to if server.sent[-1].voice else None
    with child(server, tmp_path, log) as process:
        assert process.wait(PATIENCE_S) == 9
    assert (tmp_path / "died").exists()
    with child(server, tmp_path, log):
        assert server.wait(lambda: all(voices(server, message) for message in texts))
        late = server.post(3, text="One more.")
        assert server.wait(lambda: voices(server, late))
    for message, text in texts.items():
        assert voices(server, message) == [f"en-stub, 1: {text}".encode()]
    interrupted = [sent.reply_to for sent in server.sent if sent.text == phrase("en", "interrupted")]
    assert interrupted == ([in_doubt] if in_doubt else interrupted) and len(interrupted) == 1
    queued = [sent for sent in server.sent if sent.text.startswith("I have it. Messages before yours: ")]
    assert queued and len(server.sent) == len(texts) + 1 + len(interrupted) + len(queued)
    written = log.read_bytes() + b"".join(file.read_bytes() for file in (tmp_path / "bot").iterdir())
    assert b"@fake_bot speaks with en-stub, ru-stub" in written
    assert TOKEN.encode() not in written and TOKEN.partition(":")[2].encode() not in written
    assert b"Message 7" not in log.read_bytes()


@pytest.mark.skipif(sys.platform == "win32", reason="signals end a process there at once")
def test_a_signal_ends_the_bot_after_the_message_it_is_making(server, tmp_path):
    first, second = server.post(1, text="One (slow)."), server.post(1, text="Two.")
    with child(server, tmp_path, tmp_path / "log") as process:
        assert server.wait(lambda: server.replies(second))  # its place in the queue
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0
        assert voices(server, first) and not voices(server, second)
        with child(server, tmp_path, tmp_path / "log"):
            assert server.wait(lambda: voices(server, second))
            again = subprocess.run(
                [sys.executable, str(STUB), server.url], capture_output=True, text=True, timeout=PATIENCE_S,
                env=os.environ | {"TELEGRAM_BOT_TOKEN": TOKEN, "SPEECHLAB_DATA": str(tmp_path)},
            )  # fmt: skip
    assert again.returncode == 2 and "@fake_bot runs already" in again.stderr
    assert len(voices(server, first)) == len(voices(server, second)) == 1


def test_real_voices_speak_clean_and_survive_what_is_broken(server, tmp_path):
    generator = np.random.default_rng(0)
    time_s = np.arange(32_000) / 16_000
    noisy = 0.2 * np.sin(2 * np.pi * 200 * time_s) * (np.sin(2 * np.pi * 3 * time_s) > 0)
    noisy += 0.02 * generator.normal(size=len(noisy))
    good = encode(noisy, 16_000, ".opus")
    text = server.post(1, text="Good morning! This bot speaks.")
    emoji = server.post(1, text="😀🎉🔥")
    long = server.post(2, "ru", text="слово " * 1_667)
    note = server.post_voice(2, good)
    broken = server.post_voice(3, b"not audio at all " * 40)
    cut = server.post_voice(3, good[: len(good) // 3], language="ru")
    foreign = server.post(4, "ru", text="日本語")
    all_of_them = (text, emoji, long, note, broken, cut, foreign)
    with child(server, tmp_path, tmp_path / "log", "-m", "speechlab", "bot", "--api", server.url, "--voices",
               "en-kathleen"):  # fmt: skip
        assert server.wait(lambda: all(done(server, message) for message in all_of_them)), server.sent
    assert [len(voices(server, message)) for message in all_of_them] == [1, 0, 0, 1, 0, len(voices(server, cut)), 0]
    spoken, cleaned = voices(server, text)[0], voices(server, note)[0]
    for data, seconds in ((spoken, 2.2), (cleaned, 2.0)):
        info = sf.info(io.BytesIO(data))
        assert (info.format, info.subtype, info.channels) == ("OGG", "OPUS", 1)
        waveform, rate = sf.read(io.BytesIO(data), dtype="float32")
        assert len(waveform) / rate == pytest.approx(seconds, rel=0.4)
        assert loudness(waveform, rate) == pytest.approx(-16.0, abs=0.7)
        assert to_db(true_peak(waveform, rate)) < 0.0  # the limiter left a decibel for the codec
    assert texts_of(server, emoji) == [phrase("en", "nothing_to_read")]
    assert texts_of(server, long) == [phrase("ru", "too_long_text", found=10_002, most=3_000)]
    assert texts_of(server, broken) == [phrase("en", "broken_voice")]
    assert texts_of(server, foreign) == [phrase("ru", "cannot_read", voice="en-kathleen", text="日本語")]
    written = (tmp_path / "log").read_bytes()
    assert TOKEN.partition(":")[2].encode() not in written and b"Traceback" not in written


def done(server, message: int) -> bool:
    """Tell whether a message has an answer beside its place in the queue."""
    return bool(voices(server, message) or texts_of(server, message))


def texts_of(server, message: int) -> list[str]:
    """Texts in reply to a message, but for places in the queue."""
    places = tuple(PHRASES[language]["queued"].partition("{")[0] for language in PHRASES)
    return [sent.text for sent in server.replies(message) if not sent.voice and not sent.text.startswith(places)]


def test_settings_change_what_is_sent_after_them_and_are_kept(server, tmp_path):
    posts = ["/start", "/voice", "/voice ru-stub", "/voice nobody", "/pace 1,5", "/pace 9", "Hello.", "/stress зам+ок",
             "/stress за+мок", "/stress Новый замок", "/what", "/help@fake_bot"]  # fmt: skip
    ids = {post: server.post(1, text=post) for post in posts}
    photo = server.post(1, photo=[])
    converse(server, tmp_path / "journal", lambda: all(done(server, message) for message in (photo, *ids.values())))
    said = {post: texts_of(server, message) for post, message in ids.items()}
    assert said["/start"] == said["/help@fake_bot"] == [phrase("en", "help", characters=3_000, minutes=5)]
    assert (
        "ru-stub: Russian, licence CC BY 4.0" in said["/voice"][0] and phrase("en", "voice_auto") in said["/voice"][0]
    )
    assert "'nobody'" in said["/voice nobody"][0] and "en-stub, ru-stub" in said["/voice nobody"][0]
    assert said["/pace 9"] == [phrase("en", "pace_unknown", given="9", low=0.5, high=2.0)]
    assert voices(server, ids["Hello."]) == [b"ru-stub, 1.5: Hello."]
    assert said["/stress зам+ок"] == ["I will say замо\u0301к."]
    assert said["/stress за+мок"] == [phrase("en", "stress_wrong", given="за+мок")]
    assert said["/stress Новый замок"] == ["stressed: Новый зам+ок"]
    assert said["/what"] == [phrase("en", "unknown_command", command="/what")]
    assert texts_of(server, photo) == [phrase("en", "not_understood")]
    later = server.post(1, text="Замок и зам+ок, замки.")
    other = server.post(2, "ru", text="Замок.")
    converse(server, tmp_path / "journal", lambda: voices(server, other))  # settings are on the disk
    assert voices(server, later)[0].decode() == "ru-stub, 1.5: Зам+ок и зам+ок, замки."
    assert voices(server, other)[0].decode() == "ru-stub, 1: Замок."


def test_a_long_text_comes_in_numbered_notes_that_hold_every_word(server, tmp_path):
    text = " ".join(f"Sentence number {number} is here." for number in range(100))
    message = server.post(1, text=text)
    converse(server, tmp_path / "journal", lambda: len(voices(server, message)) == 3)
    captions = [sent.text for sent in server.replies(message) if sent.voice]
    notes = [voice.decode().partition(": ")[2] for voice in voices(server, message)]
    assert captions == ["1/3", "2/3", "3/3"] and " ".join(notes) == text


def test_a_part_whose_reply_was_lost_is_not_sent_again_and_its_user_is_told(server, tmp_path):
    def lose(sent):
        if sent.text == "2/3":
            raise ConnectionError

    server.before_reply = lose
    message = server.post(1, "ru", text=" ".join(f"Sentence number {number} is here." for number in range(100)))
    converse(server, tmp_path / "journal", lambda: len(server.replies(message)) == 4)
    said = [sent.text for sent in server.replies(message)]
    assert said == ["1/3", "2/3", phrase("ru", "interrupted"), "3/3"]


def test_what_telegram_refuses_is_sent_later_or_said_in_words(server, tmp_path, monkeypatch):
    monkeypatch.setattr("speechlab.apps.bot.lanes.RETRY_S", 0.01)
    slow_down = {"ok": False, "error_code": 429, "description": "Too Many Requests", "parameters": {"retry_after": 1}}
    forbidden = {"ok": False, "error_code": 400, "description": "Bad Request: VOICE_MESSAGES_FORBIDDEN"}
    blocked = {"ok": False, "error_code": 403, "description": "Forbidden: bot was blocked by the user"}
    server.refusals = [(502, b"<html>"), (429, slow_down), (400, forbidden)]
    first = server.post(1, text="Hello.")
    converse(server, tmp_path / "journal", lambda: done(server, first))
    assert texts_of(server, first) == [phrase("en", "refused")] and not voices(server, first)
    server.refusals = [(403, blocked)]
    gone = server.post(2, text="Hello.")
    after = server.post(1, text="Still there?")
    converse(server, tmp_path / "journal", lambda: voices(server, after))
    assert not voices(server, gone)
    with contextlib.closing(Journal(tmp_path / "journal")) as journal:
        journal.recover()
        left = journal.next((SAY,))
        assert left is None or left.update_id == after  # whose last mark the end may have come before


def test_bugs_and_limits_are_told_and_stop_nothing(server, tmp_path, monkeypatch):
    monkeypatch.setattr(messages, "MAX_WAITING_EACH", 3)
    bug, unreadable = server.post(1, text="(bug)"), server.post(1, text="(unreadable) x")
    long_note = server.post_voice(2, b"x", duration=301)
    large = server.post_voice(2, b"x", file_size=21_000_000)
    gone = server.post_voice(2, b"x")
    server.files.pop("file-2")
    many = [server.post(3, text=f"Text {number}.") for number in range(8)]
    end = server.post(4, text="The end.")

    def done():
        return all(voices(server, message) or texts_of(server, message) for message in (gone, *many, end))

    converse(server, tmp_path / "journal", done)
    assert texts_of(server, bug) == [phrase("en", "failed")]
    assert texts_of(server, unreadable)[0].startswith("The voice en-stub cannot read this: '(unreadable) x'")
    assert texts_of(server, long_note) == [phrase("en", "too_long_voice", found=301, most=300)]
    assert texts_of(server, large) == [phrase("en", "too_big_voice", found=21, most=20)]
    assert texts_of(server, gone) == [phrase("en", "broken_voice")]
    refused = [message for message in many if texts_of(server, message) == [phrase("en", "too_many", waiting=3)]]
    assert refused and len(refused) + sum(len(voices(server, message)) for message in many) == len(many)


def test_a_recording_longer_than_it_says_is_refused(monkeypatch):
    monkeypatch.setattr("speechlab.apps.bot.speech.MAX_VOICE_S", 2)
    data = encode(np.zeros(8_000 * 4, np.float32), 8_000, ".opus")
    with pytest.raises(SpeechlabError, match="lasts more than the 2 s"):
        Speech(["en-kathleen"]).clean(data)


@pytest.mark.parametrize(
    ("voices", "enhancer", "meant"),
    [
        ((), "denoise-16", r"no enhancer is called 'denoise-16'; give one of these: .*denoise-16k"),
        ((), "en-kathleen", r"'en-kathleen' holds a voice, not an enhancer; give one of these: .*denoise-16k"),
        ((), "ru-demo", r"'ru-demo' holds a voice, not an enhancer"),
        ((), "", r"the name of the enhancer is empty"),
        ((), "tests", r"is not a checkpoint"),
        (("en-kathleen", ""), None, r"the name of the voice is empty; give one of these: .*ru-demo"),
        (("denoise-16k",), None, r"'denoise-16k' holds an enhancer, not a voice"),
    ],
)
def test_a_wrong_name_is_told_to_the_operator_at_the_start(root, monkeypatch, voices, enhancer, meant):
    monkeypatch.chdir(root)
    with pytest.raises(SpeechlabError, match=meant):
        Speech(voices, enhancer)


def test_nothing_is_cleaned_where_only_the_default_enhancer_is_not_here(tmp_path, monkeypatch):
    assert Speech(["en-kathleen"]).cleans and Speech(["en-kathleen"], "bwe-16k").cleans
    monkeypatch.setattr("speechlab.apps.bot.speech.ENHANCER", "denoise-nowhere")
    assert not Speech(["en-kathleen"]).cleans
    with pytest.raises(SpeechlabError, match="no enhancer denoise-nowhere here"):
        Speech(["en-kathleen"]).clean(b"")
    monkeypatch.setattr("speechlab.apps.bot.speech.ENHANCER", str(tmp_path))  # here, and damaged
    with pytest.raises(SpeechlabError, match="is not a checkpoint"):
        Speech(["en-kathleen"])
    assert cli.parse(["bot"]).enhancer is None


@pytest.mark.parametrize("token", [None, " ", "123:another-bots-token"])
def test_a_missing_or_unknown_token_is_one_sentence_without_it(server, capfd, monkeypatch, token):
    monkeypatch.setattr("speechlab.apps.bot.service.Speech", Stub)
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    monkeypatch.setattr(logging.getLogger(), "level", logging.WARNING)
    monkeypatch.delenv("TELEGRAM_BOT_TOKEN", raising=False)
    if token:
        monkeypatch.setenv("TELEGRAM_BOT_TOKEN", token)
    assert cli.main(["bot", "--api", server.url]) == 2
    errors = capfd.readouterr().err
    assert errors.count("\n") == 1 and "TELEGRAM_BOT_TOKEN" in errors and "@BotFather" in errors
    assert "another-bots-token" not in errors


def test_the_log_hides_the_token_in_tracebacks_too():
    try:
        raise RuntimeError(f"GET https://api.telegram.org/bot{TOKEN}/getMe")
    except RuntimeError:
        record = logging.LogRecord("x", logging.ERROR, "x", 1, "at %s", (TOKEN,), sys.exc_info())
    written = Hiding(TOKEN).format(record)
    assert "Traceback" in written and "bot***/getMe" in written and TOKEN.partition(":")[2] not in written


def test_a_token_without_its_secret_part_spoils_no_message():
    assert hide("Connection failed", "123:") == "Connection failed"
    assert hide("no bot at http://x/bot123:/getMe", "123:") == "no bot at http://x/bot***/getMe"


def test_a_job_that_ends_the_process_again_and_again_is_given_up(tmp_path):
    job = Job(1, 2, 3, 4, "en", SAY, {"parts": ["x"], "voice": "v", "pace": 1.0})
    for _ in range(MAX_ATTEMPTS):
        with contextlib.closing(Journal(tmp_path / "journal")) as journal:
            journal.add(job)
            journal.recover()
            assert journal.next((SAY,)).kind == SAY
            journal.begin(job)
    with contextlib.closing(Journal(tmp_path / "journal")) as journal:
        journal.recover()
        assert journal.next((SAY,)) is None
        assert journal.next(("reply",)).body == {"phrase": "failed"}


def test_the_journal_keeps_no_text_that_is_answered_and_no_settings_of_an_update_it_knows(tmp_path):
    job = Job(1, 2, 3, 4, "en", SAY, {"parts": ["secret"], "voice": "v", "pace": 1.0})
    with contextlib.closing(Journal(tmp_path / "journal")) as journal:
        assert journal.add(job, Settings("a")) and not journal.add(job, Settings("b"))
        assert journal.settings(4) == Settings("a") and journal.waiting(4) == journal.waiting() == 1
        journal.answered(job)
        assert journal.waiting() == 0 and journal.knows(1)
        assert journal.database.execute("SELECT body FROM jobs").fetchone()[0] == "{}"


def test_phrases_exist_in_both_languages_with_the_same_values():
    english, russian = PHRASES["en"], PHRASES["ru"]
    assert english.keys() == russian.keys()
    for name in english:
        fields = [{part.partition("}")[0] for part in text.split("{")[1:]} for text in (english[name], russian[name])]
        assert fields[0] == fields[1], name


@pytest.mark.parametrize("text", ["", "😀🎉", "... !?", "\n\n", "***"])
def test_nothing_to_read_gives_no_notes(text):
    assert split_notes(text) == []


def test_notes_keep_paragraphs_and_their_length():
    text = "First one.\n\nSecond one. 😀\n\n" + "word " * 500
    notes = split_notes(text)
    assert notes[0].startswith("First one.\n\nSecond one.") and max(map(len, notes)) <= 1_000
    assert " ".join(notes).split() == text.replace("😀", "").split()


def test_in_a_group_the_bot_answers_only_what_is_addressed_to_it(server, tmp_path):
    group = {"chat": {"id": -5, "type": "group", "title": "Friends"}}
    talk = server.post(1, text="Hello everybody.", **group)
    other = server.post(1, text="/help@another_bot", **group)
    voice = {"file_id": "f", "file_unique_id": "f", "duration": 2, "file_size": 1}
    note = server.post(1, voice=voice, **group)
    named = server.post(1, text="@Fake_Bot, say this.", **group)
    command = server.post(1, text="/pace@fake_bot", **group)
    own = {"message_id": 1, "date": 1, **group, "from": {"id": 4815162342, "is_bot": True, "first_name": "Fake"}}
    answer = server.post(1, text="And this.", reply_to_message=own, **group)
    converse(server, tmp_path / "journal", lambda: voices(server, answer) and server.replies(command))
    assert voices(server, named) == [b"en-stub, 1: say this."]
    assert not any(server.replies(message) for message in (talk, other, note))


def test_only_listed_people_are_answered_and_each_only_so_often_a_day(server, tmp_path, monkeypatch):
    monkeypatch.setattr(messages, "MAX_A_DAY", 2)
    stranger = server.post(9, text="Say this.")
    friend = [server.post(1, text=f"Text {number}.") for number in range(3)]
    converse(server, tmp_path / "journal", lambda: texts_of(server, friend[2]) and voices(server, friend[1]), None, {1})
    assert texts_of(server, stranger) == [phrase("en", "not_allowed", number=9)]
    assert phrase("en", "too_many_today", most=2) in texts_of(server, friend[2]) and not voices(server, friend[2])
    assert numbers_of(" 1, -5,") == {1, -5}
    with pytest.raises(SpeechlabError, match="--allow takes Telegram numbers"):
        numbers_of("me")


def test_a_clock_that_jumps_locks_nobody_out_and_loses_no_job(tmp_path, monkeypatch):
    def job(number):
        return Job(number, 1, number, 1, "en", SAY, {"text": "Hello."})

    clock = {"now": 1.8e9}
    monkeypatch.setattr(journal_module.time, "time", lambda: clock["now"])
    with contextlib.closing(Journal(tmp_path / "journal")) as journal:
        assert journal.add(job(1)) and journal.today(1) == 1
        clock["now"] += 365 * DAY_S  # set wrong, by a year
        assert journal.add(job(2)) and journal.today(1) == 1
        journal.answered(job(2))
        clock["now"] -= 365 * DAY_S  # and right again
        assert journal.add(job(3)) and journal.today(1) == 2
        journal.compact()
        assert [journal.next([SAY]).update_id, journal.waiting()] == [1, 2] and not journal.knows(2)


def test_what_the_disk_has_damaged_is_given_up_and_stops_nobody(tmp_path):
    with contextlib.closing(Journal(tmp_path / "journal")) as journal:
        journal.add(Job(1, 1, 1, 1, "en", SAY, {"text": "Hello."}), Settings(voice="en-stub"))
        journal.database.execute("UPDATE jobs SET body = '{\"te'")
        journal.database.execute("UPDATE settings SET value = '[1]'")
        assert (journal.next([SAY]).kind, journal.next([SAY])) == (REPLY, None)
        assert journal.settings(1) == Settings()


def test_a_text_is_written_down_before_anything_is_done_with_it_and_given_up_after_two_tries(tmp_path):
    class Message:
        text, caption, voice, audio, reply_to_message, message_id = "1" * 3_000, None, None, None, None, 7
        from_user, chat = None, type("Chat", (), {"id": 1, "type": "private"})

    with contextlib.closing(Journal(tmp_path / "journal")) as journal:
        read = Reader(journal, Stub().voices, True).read(type("Update", (), {"update_id": 1, "message": Message}))
        assert read[0].body["text"] == Message.text and "parts" not in read[0].body
        journal.add(*read)
    for tries in (1, 2):
        with contextlib.closing(Journal(tmp_path / "journal")) as journal:
            journal.recover()
            job = journal.next((SAY,))
            assert job.attempts == tries - 1
            journal.begin(job)  # and the process dies while the text is split
    with contextlib.closing(Journal(tmp_path / "journal")) as journal:
        journal.recover()
        assert journal.next((SAY,)) is None and journal.next(("reply",)).body == {"phrase": "failed"}


def test_the_journal_gives_its_space_back(tmp_path):
    with contextlib.closing(Journal(tmp_path / "journal")) as journal:
        for number in range(300):
            job = Job(number, 2, 3, 4, "en", SAY, {"text": "x" * 3_000, "voice": "v", "pace": 1.0})
            journal.add(job)
            journal.answered(job)
        journal.database.execute("UPDATE jobs SET received = 0")
        journal.compact()
        assert journal.waiting() == 0 and not journal.knows(5)
    assert (tmp_path / "journal").stat().st_size < 50_000


def test_a_recording_is_as_long_as_it_decodes_to_whatever_its_header_says(tmp_path, monkeypatch):
    data = bytearray(encode(np.zeros(48_000 * 4, np.float32), 48_000, ".wav"))
    data[40:44] = data[4:8] = b"\xff" * 4  # of unknown length, as a pipe's writer leaves it
    (tmp_path / "note.wav").write_bytes(data)
    monkeypatch.setattr("speechlab.apps.bot.speech.MAX_VOICE_S", 2)
    with pytest.raises(TooLong):
        require_short(tmp_path / "note.wav")
    monkeypatch.setattr("speechlab.apps.bot.speech.MAX_VOICE_S", 4)
    require_short(tmp_path / "note.wav")
