"""Models made small for use: half precision, a card each; a voice is an acoustic model and a vocoder together."""

import hashlib
import io
import json
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch

from speechlab.checkpoints import CARD, Checkpoint, bundled_names, find_checkpoint, write_checkpoint
from speechlab.config import DEGRADERS
from speechlab.errors import SpeechlabError
from speechlab.files import cannot_write, write_atomically

ONNX_MODELS = ("hifigan_gen",)  # whose operators ONNX has, complex spectra not being among them
OPSET = 17
ONNX_TOLERANCE = 1e-4  # of a waveform in [-1, 1]


def export_voice(acoustic: str | Path, vocoder: str | Path, folder: str | Path, about: dict[str, Any]) -> Path:
    """Write a voice that ``Voice.load`` reads.

    Args:
        acoustic: run or checkpoint of a FastSpeech or a Glow-TTS.
        vocoder: run or checkpoint of a vocoder; a bundled one, which several voices may share, is named in the card
            instead of copied.
        about: what the voice's own card says besides: name, scores with n and interval, remarks.

    Raises:
        SpeechlabError: the two were made for different audio.
    """
    parts = {"acoustic": find_checkpoint(acoustic), "vocoder": find_checkpoint(vocoder)}
    specs = {name: part.audio for name, part in parts.items()}
    specs["acoustic"].require(specs["vocoder"], "acoustic model", "vocoder")
    shared = str(vocoder) in bundled_names()
    for name, part in parts.items():
        if not (shared and name == "vocoder"):
            export_model(part.path, Path(folder) / name)
    acoustic_card = parts["acoustic"].card
    card = {
        **about,
        **({"vocoder": str(vocoder)} if shared else {}),
        "language": acoustic_card.get("language"),
        "data": acoustic_card.get("data"),
        "steps": {name: part.card.get("steps") for name, part in parts.items()},
        "parameters": {name: sum(value.numel() for value in part.weights.values()) for name, part in parts.items()},
    }
    write_atomically(Path(folder) / CARD, (json.dumps(card, indent=2, ensure_ascii=False) + "\n").encode())
    return Path(folder)


def export_model(name: str | Path, folder: str | Path) -> None:
    """Write one model in half precision, with its card, without what only resuming needs."""
    part = find_checkpoint(name)
    try:
        write_checkpoint(Path(folder), {key: half(value) for key, value in part.weights.items()}, public_card(part))
    except OSError as error:
        raise cannot_write(Path(folder), error) from error


def export_onnx(name: str | Path, folder: str | Path) -> None:
    """Write a vocoder as ``model.onnx``, in single precision, with its card.

    It turns ``mel`` (1, n_mels, frames) of any length into ``waveform`` (1, 1, frames * hop). Before it is kept it is
    run, on another length than that which it was made from.

    Raises:
        SpeechlabError: the model is of a kind that ONNX has no operators for, the package onnx is not installed, or
            the result differs from ours.
    """
    from speechlab.models import fold

    if find_spec("onnx") is None:
        raise SpeechlabError("writing ONNX needs the package onnx: pip install 'speechlab[onnx]'")

    part = find_checkpoint(name)
    model = part.card.get("model")
    if model not in ONNX_MODELS:
        raise SpeechlabError(
            f"{part.path} holds a {model}, which cannot be written as ONNX; {', '.join(ONNX_MODELS)} can"
        )
    network, mel = fold(part.network()).float().eval(), torch.zeros(1, part.audio.n_mels, 16)
    axes = {"mel": {2: "frames"}, "waveform": {2: "samples"}}
    data = io.BytesIO()
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter by tracing is to be replaced; the other one takes minutes
        torch.onnx.export(network, (mel,), data,  # type: ignore[arg-type]  # this exporter writes into a buffer, too
                          input_names=["mel"], output_names=["waveform"], dynamic_axes=axes, opset_version=OPSET,
                          dynamo=False)  # fmt: skip
    require_same(network, data.getvalue(), 4 * torch.randn(1, part.audio.n_mels, 23) - 4)
    card = {**public_card(part), "onnx": {"opset": OPSET, "sha256": hashlib.sha256(data.getvalue()).hexdigest()}}
    write_atomically(Path(folder) / "model.onnx", data.getvalue())
    write_atomically(Path(folder) / CARD, (json.dumps(card, indent=2, ensure_ascii=False) + "\n").encode())


def require_same(network: torch.nn.Module, model: bytes, given: torch.Tensor) -> None:
    """Raise where ONNX Runtime gives another result than the network."""
    import onnxruntime

    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    (made,) = session.run(None, {session.get_inputs()[0].name: given.numpy()})
    with torch.no_grad():
        expected = network(given).numpy()
    difference = abs(made - expected).max() if made.shape == expected.shape else float("inf")
    if not difference <= ONNX_TOLERANCE:
        raise SpeechlabError(f"ONNX Runtime differs from the network by {difference:.1g}; the model is not written")


def half(value: torch.Tensor) -> torch.Tensor:
    """Store floating-point weights in 16 bits."""
    return value.half() if value.is_floating_point() else value


def public_card(part: Checkpoint) -> dict[str, Any]:
    """A checkpoint's card without the folders of the machine it was trained on."""
    card = json.loads(json.dumps(part.card))
    experiment = card.get("experiment", {})  # imported weights have none
    if "corpus" in experiment:
        experiment["corpus"]["path"] = ""
    if "data" in experiment:
        experiment["data"] |= {"path": "", "noisy": "", "clean": names_of(experiment["data"]["clean"])}
        kinds = {
            kind: names_of(experiment["degradation"][kind]) for kind in DEGRADERS if kind in experiment["degradation"]
        }
        experiment["degradation"] |= kinds
    for key in ("aligner", "acoustic_model", "initial"):
        if key in experiment:
            experiment[key] = Path(experiment[key]).name
    return card


def names_of(folders: list[str]) -> list[str]:
    """Last parts of paths."""
    return [Path(folder).name for folder in folders]
