"""English normalisation (thin first version)."""
import re
import unicodedata

_PUNCTUATION = set(" \t\n\r,.!?;:-–—…'\"()[]’‘“”")


def is_readable(character: str) -> bool:
    plain = unicodedata.normalize("NFKD", character)[:1]
    return character in _PUNCTUATION or (plain.isascii() and plain.isalnum())


def normalise(text: str) -> str:
    text = text.replace("’", "'").replace("“", '"').replace("”", '"')
    text = unicodedata.normalize("NFKD", text)
    text = "".join(c for c in text if is_readable(c) and not unicodedata.combining(c))
    return re.sub(r"\s+", " ", text).strip()
