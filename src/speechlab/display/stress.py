"""The stresses of a Russian sentence, to be seen, moved by a click on another vowel, heard at once, and kept."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from speechlab.audio.io import Audio
from speechlab.display.page import Html, escape, uri_content
from speechlab.display.player import render_versions
from speechlab.errors import SpeechlabError
from speechlab.text.russian.frontend import PIECES, RussianFrontend
from speechlab.text.russian.stress import VOWELS, StressedWord, move_stress, save_stress

Speak = Callable[[str], Audio]  # reads a text with stress marks aloud

SURE, DOUBTFUL = 0.95, 0.8  # confidence from which a stress is green, below which it is red
SOURCES = {
    "mark": "your mark", "lexicon": "your lexicon", "ё": "ё", "one vowel": "one vowel", "rule": "by a rule",
    "network": "by its letters", "context": "by its context", "engine": "espeak-ng", "none": "none",
}  # fmt: skip


@dataclass
class Sentence:
    """A sentence as it is read, with the stress of each of its words; ``words`` change as stresses are moved.

    Attributes:
        pieces: words and what stands between them, in order; joined they are the normalised text.
        words: place in ``pieces`` to the word there.
    """

    pieces: list[str]
    words: dict[int, StressedWord]

    @classmethod
    def of(cls, text: str, lexicon: Mapping[str, str] | None = None) -> "Sentence":
        """Find the stresses of a text as the Russian frontend does.

        Raises:
            SpeechlabError: there is nothing to read in the text, or a mark is not at a vowel.
        """
        read = RussianFrontend(lexicon)(text)
        stresses, pieces, words, end = iter(read.stresses), [], {}, 0
        for match in PIECES.finditer(read.normalised):
            pieces.append(read.normalised[end : match.start()])
            if match[0][0].isalnum():
                words[len(pieces)] = next(stresses)
            pieces.append(match[0])
            end = match.end()
        return cls([*pieces, read.normalised[end:]], words)

    @property
    def text(self) -> str:
        """The sentence to be spoken: words whose stress was given or moved carry a mark, the others stay as they are.

        An unmarked word is left to the frontend, which knows what a mark cannot say: reduced words, the lexicon.
        """
        return "".join(
            self.words[place].marked if place in self.words and self.words[place].source == "mark" else piece
            for place, piece in enumerate(self.pieces)
        )

    @property
    def moved(self) -> list[StressedWord]:
        """Words whose stress was given by a person, in the text or by a click."""
        return [word for word in self.words.values() if word.source == "mark"]

    def move(self, place: int, vowel: int) -> None:
        """Put the stress of the word at ``place`` on its letter number ``vowel``.

        Raises:
            SpeechlabError: the letter is not a vowel, or the engine cannot say the word so.
        """
        word = self.words[place].text
        if not 0 <= vowel < len(word) or word[vowel].lower() not in VOWELS:
            raise SpeechlabError(f"letter {vowel} of {word!r} is not a vowel; only a vowel can be stressed")
        move_stress(word, vowel)
        self.words[place] = StressedWord(word, vowel, "mark")


def show_stress(text: str, lexicon: Mapping[str, str] | None = None) -> Html:
    """Show where the stresses lie and how sure that is, to be read without a kernel."""
    sentence = Sentence.of(text, lexicon)
    columns = "".join(
        f'<td style="text-align: center; padding: 0 0.4em"><span style="font-size: 1.3em">{escape(word.marked)}</span>'
        f"<br>{confidence(word)}</td>"
        for word in sentence.words.values()
    )
    return Html(f'<div style="overflow-x: auto"><table><tr>{columns}</tr></table></div>')


def confidence(word: StressedWord) -> str:
    """How sure the stress of a word is and why, as HTML; green, amber or red, and in words for those who see none."""
    colour = "#3d9a50" if word.confidence >= SURE else "#e5484d" if word.confidence < DOUBTFUL else "#d9792b"
    share = "" if word.position is None else f"{100 * word.confidence:.0f} %, "
    return f'<small style="color: {colour}; white-space: nowrap">{share}{SOURCES[word.source]}</small>'


class StressEditor:
    """Buttons for the vowels of a sentence: a click moves the stress and speaks; another button saves to the lexicon.

    Args:
        text: a Russian sentence; numbers and abbreviations are shown as they are read.
        speak: reads a text with stress marks, such as ``voice.say``.
        lexicon_path: file that moved stresses are saved to; it is made at the first save.
        lexicon: words whose stress is known, as ``load_lexicon`` gives them.

    Attributes:
        box: the ipywidgets box; a notebook shows the editor itself.
    """

    def __init__(
        self, text: str, speak: Speak, lexicon_path: str | Path, lexicon: Mapping[str, str] | None = None
    ) -> None:
        import ipywidgets

        self.sentence, self.speak_text, self.lexicon_path = Sentence.of(text, lexicon), speak, Path(lexicon_path)
        self.buttons: dict[tuple[int, int], Any] = {}  # (place of the word, letter) to its button
        self.notes: dict[int, Any] = {}  # place of the word to its confidence
        row = ipywidgets.HBox(list(self.columns()), layout={"flex_flow": "row wrap"})
        say = ipywidgets.Button(description="Say it", icon="play")
        save = ipywidgets.Button(description="Save to the lexicon", icon="save", layout={"width": "auto"})
        self.sound = ipywidgets.Audio(autoplay=False, loop=False, layout={"max_width": "900px", "width": "100%"})
        self.message = ipywidgets.HTML()
        say.on_click(lambda _: self.speak())
        save.on_click(lambda _: self.save())
        self.box = ipywidgets.VBox([row, ipywidgets.HBox([say, save]), self.sound, self.message])
        self.speak()
        self.sound.autoplay = True  # from the first click on; opening a notebook must not speak

    def _repr_mimebundle_(self, **settings: Any) -> Any:
        return self.box._repr_mimebundle_(**settings)

    def columns(self) -> Iterator[Any]:
        """Make a column per word, its letters above its confidence, and one per mark between them."""
        import ipywidgets

        for place, piece in enumerate(self.sentence.pieces):
            if place not in self.sentence.words:
                if piece.strip():
                    yield ipywidgets.Label(piece.strip())
                continue
            self.notes[place] = ipywidgets.HTML()
            letters = ipywidgets.HBox([self.letter(place, at) for at in range(len(self.sentence.words[place].text))])
            yield ipywidgets.VBox([letters, self.notes[place]], layout={"margin": "0 8px 0 0"})
            self.show(place)

    def letter(self, place: int, at: int) -> Any:
        """Make a button of a vowel, and plain text of any other letter."""
        import ipywidgets

        letter = self.sentence.words[place].text[at]
        if letter.lower() not in VOWELS:
            return ipywidgets.Label(letter)
        button = ipywidgets.Button(
            description=letter, tooltip="put the stress here", layout={"width": "26px", "padding": "0"}
        )
        button.on_click(lambda _: self.move(place, at))
        self.buttons[place, at] = button
        return button

    def show(self, place: int) -> None:
        """Let the buttons and the confidence of one word say what its stress is."""
        word = self.sentence.words[place]
        for (owner, at), button in self.buttons.items():
            if owner == place:
                button.description = word.text[at] + ("\u0301" if at == word.position else "")
                button.button_style = "info" if at == word.position else ""
        self.notes[place].value = confidence(word)

    def move(self, place: int, vowel: int) -> None:
        """Move a stress and speak; a stress that cannot be spoken is left where it was, and the reason shown."""
        before = self.sentence.words[place]
        try:
            self.sentence.move(place, vowel)
        except SpeechlabError as error:
            self.message.value = f"<b>{escape(error)}</b>"
            return
        if not self.speak():
            self.sentence.words[place] = before
        self.show(place)

    def speak(self) -> bool:
        """Speak the sentence as it is now marked; returns whether that was possible."""
        started = time.perf_counter()
        try:
            (version,) = render_versions({"spoken": self.speak_text(self.sentence.text)})
        except SpeechlabError as error:
            self.message.value = f"<b>{escape(error)}</b>"
            return False
        self.sound.format = version.sound[len("data:audio/") : version.sound.index(";")]
        self.sound.value = uri_content(version.sound)
        self.message.value = f"{escape(self.sentence.text)}: ready after {time.perf_counter() - started:.2f} s"
        return True

    def save(self) -> None:
        """Write every given or moved stress to the lexicon's file, and say which."""
        words = self.sentence.moved
        if not words:
            self.message.value = "Nothing is saved: no stress was moved. Click a vowel first."
            return
        try:
            save_stress(self.lexicon_path, words)
        except (OSError, SpeechlabError) as error:
            self.message.value = f"<b>{escape(error)}</b>"
            return
        saved = ", ".join(dict.fromkeys(word.marked.lower() for word in words))
        self.message.value = f"Saved {escape(saved)} to {escape(self.lexicon_path)}; a voice loaded with it knows them."
