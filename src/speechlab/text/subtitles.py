"""Subtitles: SubRip (srt) and WebVTT (vtt), read as people's editors write them and written as players read them."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from speechlab.errors import SpeechlabError

TIME = r"(?:(\d{1,3}):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})"
TIMING = re.compile(rf"^[ \t]*{TIME}[ \t]*-->[ \t]*{TIME}[^\n]*$", re.MULTILINE)
TAG = re.compile(r"</?[^<>\n]{1,100}>|\{\\[^{}\n]*\}")  # <i>, <c.loud>, <00:00:01.000>, {\an8}
ENTITIES = {"&amp;": "&", "&lt;": "<", "&gt;": ">", "&nbsp;": " "}


class Cue(NamedTuple):
    """Words and when they are said."""

    start_s: float
    end_s: float
    text: str


def parse_subtitles(text: str, where: str | Path = "the text") -> list[Cue]:
    """Read the cues of srt or vtt, in the order of their times.

    Args:
        where: the file, for messages.

    Raises:
        SpeechlabError: there is no cue, or one ends before it begins.
    """
    timings = list(TIMING.finditer(text))
    if not timings:
        raise SpeechlabError(f"{where} holds no cue, such as 00:00:01,000 --> 00:00:02,500 with words below it")
    cues = []
    for number, timing in enumerate(timings, 1):
        following = timings[number].start() if number < len(timings) else len(text)
        body = text[timing.end() : following].lstrip("\n").split("\n\n")[0]
        if number < len(timings):  # without a blank line before it, the next cue's number would be said
            body = re.sub(r"\n[ \t]*\d+[ \t]*\n?\Z", "", body)
        start_s, end_s = seconds(*timing.groups()[:4]), seconds(*timing.groups()[4:])
        if end_s < start_s:
            raise SpeechlabError(f"{where}: cue {number} ends before it begins ({timing[0].strip()})")
        words = TAG.sub("", body)
        for entity, sign in ENTITIES.items():
            words = words.replace(entity, sign)
        if words := " ".join(words.split()):
            cues.append(Cue(start_s, end_s, words))
    return sorted(cues, key=lambda cue: cue.start_s)


def seconds(hours: str | None, minutes: str, whole: str, decimals: str) -> float:
    """Turn hours, minutes, seconds and their decimals into seconds."""
    return 3600 * int(hours or 0) + 60 * int(minutes) + int(whole) + int(decimals) / 10 ** len(decimals)


def in_srt(cues: Iterable[Cue]) -> str:
    """Write SubRip."""
    blocks = (
        f"{number}\n{clock(cue.start_s, ',')} --> {clock(cue.end_s, ',')}\n{cue.text}\n"
        for number, cue in enumerate(cues, 1)
    )
    return "\n".join(blocks)


def in_vtt(cues: Iterable[Cue]) -> str:
    """Write WebVTT."""
    escaped = (cue._replace(text=cue.text.replace("&", "&amp;").replace("<", "&lt;")) for cue in cues)
    blocks = (f"{clock(cue.start_s, '.')} --> {clock(cue.end_s, '.')}\n{cue.text}\n" for cue in escaped)
    return "\n".join(["WEBVTT\n", *blocks])


def clock(time_s: float, point: str) -> str:
    """Write a time as 00:01:02,345."""
    milliseconds = round(time_s * 1000)
    rest, milliseconds = divmod(milliseconds, 1000)
    rest, whole = divmod(rest, 60)
    hours, minutes = divmod(rest, 60)
    return f"{hours:02}:{minutes:02}:{whole:02}{point}{milliseconds:03}"
