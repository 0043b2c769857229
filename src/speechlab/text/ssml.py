"""A part of SSML 1.1 (W3C, 2010): ``break``, ``prosody``, ``phoneme``, ``sub``, ``say-as``, ``p`` and ``s``.

Any other tag is refused: to leave it out would say something else than the writer meant, and nobody wants to hear it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from xml.etree import ElementTree

from speechlab.errors import SpeechlabError

TAGS = ("speak", "break", "prosody", "phoneme", "sub", "say-as", "p", "s")
OF_SSML = "audio|desc|emphasis|lang|lexicon|lookup|mark|meta|metadata|token|voice|w"
OF_HTML = (
    "a|abbr|b|blockquote|body|br|center|code|div|em|font|h[1-6]|head|hr|html|i|img|li|ol|pre|small|span|strong|u|ul"
)
ANY_TAG = re.compile(rf"</?(?:{'|'.join(TAGS)}|{OF_SSML}|{OF_HTML})(?:\s[^<>]*)?/?>", re.IGNORECASE)
OURS = re.compile(rf"</?(?:{'|'.join(TAGS)})(?:\s[^<>]*)?/?>")
BREAKS_S = {"none": 0.0, "x-weak": 0.1, "weak": 0.15, "medium": 0.35, "strong": 0.8, "x-strong": 1.2}
LONGEST_BREAK_S = 60.0
RATES = {"x-slow": 0.5, "slow": 0.75, "medium": 1.0, "fast": 1.3, "x-fast": 1.7, "default": 1.0}
PITCHES = {"x-low": 0.7, "low": 0.85, "medium": 1.0, "high": 1.15, "x-high": 1.3, "default": 1.0}
VOLUMES_DB = {"x-soft": -12.0, "soft": -6.0, "medium": 0.0, "loud": 6.0, "x-loud": 9.0, "default": 0.0}
READ_AS_WRITTEN = ("cardinal", "number", "date", "time", "currency", "unit", "fraction")  # the reader knows them


@dataclass(frozen=True)
class Run:
    """Words that are said alike, and what follows them."""

    text: str
    pace: float = 1.0  # factor
    pitch: float = 1.0  # factor on Hz
    gain_db: float = 0.0
    break_s: float | None = None  # silence that the writer asks for; None: what the text itself gives
    ends: str = ""  # "s" or "p" where a sentence or a paragraph ends


def is_ssml(text: str) -> bool:
    """Whether a text holds tags, ours or others that are refused; a lone < or <name> is no tag."""
    return bool(ANY_TAG.search(text))


def parse_ssml(text: str, language: str = "en") -> list[Run]:
    """Turn a text with tags into runs; the whole may stand in ``<speak>`` or not.

    Raises:
        SpeechlabError: a tag or an attribute is none of those known, or the tags do not close.
    """
    if other := next((tag[0] for tag in ANY_TAG.finditer(text) if not OURS.fullmatch(tag[0])), None):
        raise SpeechlabError(f"the tag {other} is not known, and not read aloud; known are {', '.join(TAGS)}")
    if "<!" in text:
        raise SpeechlabError("SSML with <!...> is not read; leave comments and declarations out")
    body = re.sub(r"\A\s*<\?xml[^<>]*\?>", "", text)
    if not re.match(r"\s*<speak[\s>]", body):
        body = f"<speak>{body}</speak>"
    try:
        root = ElementTree.fromstring(body)
    except (ElementTree.ParseError, ValueError) as error:
        raise SpeechlabError(
            f"the tags do not fit together ({error}); close each, and write & as &amp; and < as &lt;"
        ) from None
    return list(_runs(root, Run(""), language))


def _runs(element: ElementTree.Element, way: Run, language: str) -> Iterator[Run]:
    """Walk through an element: its text, its children, and what follows each child within it."""
    tag = element.tag.rpartition("}")[2]
    if tag not in TAGS:
        raise SpeechlabError(f"the tag <{tag}> is not known, and not read aloud; known are {', '.join(TAGS)}")
    if tag == "break":
        yield replace(way, break_s=break_of(element))
        return
    if tag in ("phoneme", "sub", "say-as"):
        if len(element):
            raise SpeechlabError(f"<{tag}> holds words only, not the tag <{element[0].tag}>")
        yield replace(way, text=WORDS[tag](element, language))
        return
    way = prosody_of(element, way) if tag == "prosody" else way
    if tag in ("p", "s"):  # what stood before it ends there
        yield replace(way, ends=tag)
    yield replace(way, text=element.text or "")
    for child in element:
        yield from _runs(child, way, language)
        yield replace(way, text=child.tail or "")
    if tag in ("p", "s"):
        yield replace(way, ends=tag)


def break_of(element: ElementTree.Element) -> float:
    """Length of a ``<break>`` in seconds."""
    require_only(element, "time", "strength")
    if (time := element.get("time")) is None:
        return named(element, "strength", BREAKS_S, "medium")
    if not (found := re.fullmatch(r"\+?(\d+(?:\.\d*)?|\.\d+)(ms|s)", time.strip())):
        raise SpeechlabError(f'<break time="{time}"> is no time; write it as 500ms or 1.5s')
    length_s = float(found[1]) / (1000 if found[2] == "ms" else 1)
    if length_s > LONGEST_BREAK_S:
        raise SpeechlabError(f'<break time="{time}"> is longer than {LONGEST_BREAK_S:g} s')
    return length_s


def prosody_of(element: ElementTree.Element, way: Run) -> Run:
    """Apply rate, pitch and volume to the way things are said around the element."""
    require_only(element, "rate", "pitch", "volume")
    pace = way.pace * factor(element, "rate", RATES)
    pitch = way.pitch * factor(element, "pitch", PITCHES)
    volume = element.get("volume", "medium").strip()
    if found := re.fullmatch(r"([+-]\d+(?:\.\d+)?)dB", volume):
        gain_db = float(found[1])
    else:
        gain_db = named(element, "volume", VOLUMES_DB, "medium")
    return replace(way, pace=pace, pitch=pitch, gain_db=way.gain_db + gain_db)


def factor(element: ElementTree.Element, name: str, words: dict[str, float]) -> float:
    """Read a factor: a word, 80%, +10%, 1.2, or semitones of pitch, -2st."""
    value = element.get(name, "default").strip()
    if found := re.fullmatch(r"([+-]?)(\d+(?:\.\d+)?)%", value):
        share = float(found[2]) / 100
        result = {"": share, "+": 1 + share, "-": 1 - share}[found[1]]
    elif name == "pitch" and (found := re.fullmatch(r"([+-]\d+(?:\.\d+)?)st", value)):
        result = 2 ** (float(found[1]) / 12)
    elif name == "rate" and re.fullmatch(r"\d+(\.\d+)?", value):
        result = float(value)
    else:
        result = named(element, name, words, "default")
    if not 0.25 <= result <= 4:
        raise SpeechlabError(f'<prosody {name}="{value}"> lies beyond a quarter and four times')
    return result


def named(element: ElementTree.Element, name: str, words: dict[str, float], default: str) -> float:
    """Read an attribute that is one of a few words."""
    value = element.get(name, default).strip()
    if value not in words:
        tag = element.tag.rpartition("}")[2]
        raise SpeechlabError(
            f'<{tag} {name}="{value}"> is not known; write one of {", ".join(words)}, or see the README'
        )
    return words[value]


def require_only(element: ElementTree.Element, *known: str) -> None:
    """Raise where an element has an attribute that would be ignored."""
    for name in element.attrib:
        if name not in known:
            tag = element.tag.rpartition("}")[2]
            raise SpeechlabError(f"<{tag}> knows {', '.join(known)}, not {name}")


def phoneme(element: ElementTree.Element, language: str) -> str:
    """Write the phonemes of a word as inline phonemes."""
    require_only(element, "alphabet", "ph")
    if element.get("alphabet") not in ("espeak", "x-espeak"):
        raise SpeechlabError('<phoneme> takes espeak-ng\'s mnemonics, as speechlab read prints them: alphabet="espeak"')
    if not (phones := element.get("ph", "").strip()):
        raise SpeechlabError('<phoneme> has no phonemes; give them as ph="..."')
    return f" [[{phones}]] "


def substitute(element: ElementTree.Element, language: str) -> str:
    """Say an alias in place of what is written."""
    require_only(element, "alias")
    if not (alias := element.get("alias", "").strip()):
        raise SpeechlabError('<sub> has no alias; give what is said as alias="..."')
    return alias


def say_as(element: ElementTree.Element, language: str) -> str:
    """Spell, or read digit by digit or as a rank; numbers, dates and the like are read as in any text."""
    require_only(element, "interpret-as", "format", "detail")
    kind, text = element.get("interpret-as", ""), " ".join((element.text or "").split())
    if kind in ("characters", "spell-out", "verbatim"):
        return ", ".join(text.replace(" ", "").upper())
    if kind in ("digits", "telephone"):
        return ", ".join(" ".join(group) for group in re.findall(r"\d+", text))
    if kind == "ordinal" and text.isdigit():
        return f"{text}-й" if language == "ru" else text + english_rank(int(text))
    if kind in READ_AS_WRITTEN:
        return text
    known = ("characters", "digits", "telephone", "ordinal", *READ_AS_WRITTEN)
    raise SpeechlabError(f'<say-as interpret-as="{kind}"> of {text!r} is not known; known are {", ".join(known)}')


def english_rank(number: int) -> str:
    """Ending of a rank in digits, as in 1st, 12th, 23rd."""
    return "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")


WORDS = {"phoneme": phoneme, "sub": substitute, "say-as": say_as}
