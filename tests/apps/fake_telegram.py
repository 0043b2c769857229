"""A server on this machine that speaks as much of Telegram's Bot API as the bot uses, and keeps what it was sent."""

import email
import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import parse_qs, unquote

TOKEN = "4815162342:AAFakeSecretOfTheBot-0123456789abcd"
MAX_TEXT = 4_096  # characters of a message, as Telegram has it


class Sent(NamedTuple):
    """A message of the bot."""

    chat: int
    reply_to: int  # a message's id
    text: str  # or a voice note's caption
    voice: bytes = b""
    duration: int = 0


class FakeTelegram:
    """Holds updates until they are confirmed, as Telegram does, and answers every request over a real socket."""

    def __init__(self):
        self.updates, self.sent, self.files, self.problems = [], [], {}, []
        self.next_update, self.news, self.open = 1000, threading.Condition(), True
        self.before_reply: Callable[[Sent], object] = lambda sent: None  # an exception cuts the connection
        self.refusals: list[tuple[int, dict]] = []  # status and body for the next voice notes, instead of taking them
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self):
                server.give_file(self)

            def do_POST(self):
                server.answer(self)

            def log_message(self, *arguments):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        with self.news:
            self.open = False
            self.news.notify_all()
        self.http.shutdown()
        self.http.server_close()

    def post(self, user: int, language: str | None = "en", **content) -> int:
        """Let a user write to the bot; gives the message's id, which is that of its update."""
        with self.news:
            number = self.next_update = self.next_update + 1
            person = {"id": user, "is_bot": False, "first_name": f"User {user}"}
            person |= {"language_code": language} if language else {}
            message = {"message_id": number, "date": int(time.time()), "chat": {"id": user, "type": "private"}}
            self.updates.append({"update_id": number, "message": message | {"from": person} | content})
            self.news.notify_all()
        return number

    def post_voice(self, user: int, data: bytes, duration: int = 2, **details) -> int:
        """Let a user send a voice note."""
        file = f"file-{len(self.files)}"
        self.files[file] = data
        voice = {"file_id": file, "file_unique_id": file, "duration": duration, "file_size": len(data)}
        return self.post(user, voice=voice | details)

    def replies(self, message: int) -> list[Sent]:
        return [sent for sent in list(self.sent) if sent.reply_to == message]

    def wait(self, condition: Callable[[], object], seconds: float = 90.0) -> bool:
        """Wait until a condition holds; false where it does not come to hold."""
        with self.news:
            return bool(self.news.wait_for(condition, seconds))

    def answer(self, request) -> None:
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        _, bot, method = request.path.split("/")
        if bot != f"bot{TOKEN}":
            return self.reply(request, 401, {"ok": False, "error_code": 401, "description": "Unauthorized"})
        fields = read_form(request.headers.get("Content-Type", ""), body)
        if method == "getMe":
            result = {"id": 4815162342, "is_bot": True, "first_name": "Fake", "username": "fake_bot"}
        elif method == "getUpdates":
            result = self.get_updates(fields)
        elif method == "getFile":
            result = {"file_id": fields["file_id"], "file_unique_id": "x", "file_path": f"voice/{fields['file_id']}"}
        elif self.refusals and method == "sendVoice":
            return self.reply(request, *self.refusals.pop(0))
        else:
            result = self.take(method, fields)
            if result is None:
                request.close_connection = True
                return None
        return self.reply(request, 200, {"ok": True, "result": result})

    def get_updates(self, fields: dict) -> list[dict]:
        with self.news:
            first = int(fields.get("offset", 0))
            self.updates = [update for update in self.updates if update["update_id"] >= first]
            self.news.wait_for(lambda: self.updates or not self.open, min(float(fields.get("timeout", 0)), 2.0))
            return self.updates[:10]  # few at a time, so that a kill finds some unconfirmed

    def take(self, method: str, fields: dict) -> dict | None:
        """Keep a message; none where its sender is not to hear of it."""
        reply_to = json.loads(fields["reply_parameters"])["message_id"]
        text = fields.get("text", fields.get("caption", ""))
        if method == "sendVoice":
            sent = Sent(int(fields["chat_id"]), reply_to, text, fields["voice"], int(fields["duration"]))
        else:
            sent = Sent(int(fields["chat_id"]), reply_to, text)
        if len(text) > MAX_TEXT or method not in ("sendVoice", "sendMessage"):
            self.problems.append((method, text))
        with self.news:
            self.sent.append(sent)
            self.news.notify_all()
        try:
            self.before_reply(sent)
        except ConnectionError:
            return None
        return {"message_id": 1, "date": int(time.time()), "chat": {"id": sent.chat, "type": "private"}}

    def give_file(self, request) -> None:
        _, kind, bot, _, name = unquote(request.path).split("/")
        known = (kind, bot) == ("file", f"bot{TOKEN}") and name in self.files
        self.reply(request, 200 if known else 404, self.files.get(name, b"{}"))

    def reply(self, request, status: int, body: dict | bytes) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        try:
            request.send_response(status)
            request.send_header("Content-Length", str(len(data)))
            request.end_headers()
            request.wfile.write(data)
        except OSError:  # the bot was killed meanwhile
            request.close_connection = True


def read_form(kind: str, body: bytes) -> dict:
    """Read the fields of a form, either kind; files are bytes."""
    if not kind.startswith("multipart/"):
        return {name: values[0] for name, values in parse_qs(body.decode()).items()}
    fields = {}
    for part in email.message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + body).get_payload():
        name, data = part.get_param("name", header="content-disposition"), part.get_payload(decode=True)
        fields[name] = data if part.get_filename() else data.decode()
    return fields
