"""Recordings of one's own in a notebook: a recorder that asks for one sentence after another, and an upload."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from speechlab.audio.io import AUDIO_SUFFIXES, read_audio
from speechlab.display.page import asset, escape
from speechlab.errors import SpeechlabError
from speechlab.files import scratch_folder, write_atomically

TEXTS = (".txt", ".csv")  # transcripts that may be uploaded beside recordings


def recorder(folder: str | Path, sentences: Sequence[str]) -> Any:
    """Make a recorder that shows a sentence, records who reads it, and keeps ``NNN.wav`` with ``NNN.txt``.

    The browser asks once for the microphone. It records without its echo and noise filters, which a voice would learn.

    Returns:
        A widget; ``kept`` holds the numbers of the sentences that are recorded, those of an earlier time too.
    """
    import anywidget
    import traitlets

    class Recorder(anywidget.AnyWidget):
        _esm = asset("recorder.js")
        sentences = traitlets.List().tag(sync=True)
        kept = traitlets.List().tag(sync=True)
        message = traitlets.Unicode().tag(sync=True)

    folder = Path(folder)
    there = [number for number in range(1, len(sentences) + 1) if (folder / f"{number:03}.wav").is_file()]
    widget = Recorder(sentences=list(sentences), kept=there)

    def on_recording(_: Any, content: dict[str, Any], buffers: list[Any]) -> None:
        number = content["number"]
        try:
            keep_recording(folder, number, sentences[number - 1], bytes(buffers[0]))
        except (SpeechlabError, OSError) as error:
            widget.message = f"sentence {number} is not kept: {error}"
            return
        widget.message = f"{folder / f'{number:03}.wav'} is kept"
        widget.kept = sorted({*widget.kept, number})

    widget.on_msg(on_recording)
    return widget


def keep_recording(folder: Path, number: int, text: str, data: bytes) -> None:
    """Write what a browser recorded, in any format of its own, as ``NNN.wav`` with its text beside it.

    Raises:
        SpeechlabError: it is not audio, or empty.
    """
    with scratch_folder("recording") as scratch:
        (scratch / "recording").write_bytes(data)
        audio = read_audio(scratch / "recording")
    audio.save(folder / f"{number:03}.wav")
    write_atomically(folder / f"{number:03}.txt", f"{text}\n".encode())


def upload(folder: str | Path) -> Any:
    """Make a button that puts recordings and their texts into a folder.

    Returns:
        An ipywidgets box: the button, and a line that says what was kept.
    """
    import ipywidgets

    accepted = ",".join(sorted((*AUDIO_SUFFIXES, *TEXTS)))
    button = ipywidgets.FileUpload(accept=accepted, multiple=True, description="Upload", layout={"width": "auto"})
    message = ipywidgets.HTML(f"recordings and their texts are kept in {escape(folder)}")

    def on_files(change: dict[str, Any]) -> None:
        files = {Path(item["name"]).name: bytes(item["content"]) for item in change["new"]}
        known = {name: data for name, data in files.items() if Path(name).suffix.lower() in (*AUDIO_SUFFIXES, *TEXTS)}
        for name, data in known.items():
            write_atomically(Path(folder) / name, data)
        refused = ", ".join(sorted(set(files) - set(known)))
        message.value = escape(f"{len(known)} files are kept in {folder}" + (f"; no audio: {refused}" * bool(refused)))

    button.observe(on_files, "value")
    return ipywidgets.VBox([button, message])
