"""From text to tokens in the requested language, and the lexicon of the user's own words."""

from collections.abc import Mapping
from pathlib import Path

from speechlab.errors import SpeechlabError
from speechlab.text.phonemes import EspeakFrontend


def for_language(language: str, lexicon: Mapping[str, str] | None = None) -> EspeakFrontend:
    """Give the frontend of a language, "en" or "ru", with the user's lexicon; the other is not imported."""
    if language == "en":
        from speechlab.text.english.frontend import EnglishFrontend

        return EnglishFrontend(lexicon)
    if language == "ru":
        from speechlab.text.russian.frontend import RussianFrontend

        return RussianFrontend(lexicon)
    raise SpeechlabError(f"no text frontend for the language {language!r}; choose en or ru")


def load_lexicon(path: str | Path) -> dict[str, str]:
    """Read a lexicon: a word, a tab or blank, its phonemes; one a line; ``#`` begins a comment."""
    try:
        content = Path(path).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise SpeechlabError(f"{path} is not UTF-8 text (byte {error.start}); save it as UTF-8") from None
    except (OSError, ValueError) as error:
        raise SpeechlabError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    lexicon = {}
    for number, line in enumerate(content.splitlines(), 1):
        entry = line.strip()
        if not entry or entry.startswith("#"):
            continue
        word, _, phones = entry.replace("\t", " ").partition(" ")
        if not phones.strip():
            raise SpeechlabError(f"{path}, line {number}: expected a word and its phonemes, got {line!r}")
        lexicon[word] = phones.strip()
    return lexicon
