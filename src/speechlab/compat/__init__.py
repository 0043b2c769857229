"""Reference checkpoints, as their authors' code writes them, into our modules."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from speechlab.errors import SpeechlabError
from speechlab.registry import references

ENTRIES = {
    "hifigan-generator": ("generator",),
    "hifigan-mpd": ("mpd",),
    "hifigan-msd": ("msd",),
    "fastspeech2": ("model",),
    "glowtts": ("model",),
    "ms-stft-discriminator": ("discriminator",),
    "hifipp-mel": ("generator", "state_dict"),
    "hifipp-a2a": ("generator", "state_dict"),
    "finally": ("generator", "state_dict"),
    "vocos": ("state_dict",),
    "vocos-mrd": ("state_dict",),
}
"""Names under which the references' files keep the state dict beside other things."""


def load_reference(kind: str, state_dict: Mapping[str, Any], config: Mapping[str, Any] | None = None) -> nn.Module:
    """Turn a reference's state dict into our module.

    Args:
        kind: a name in ``references``.
        state_dict: parameters in the reference's naming, or the reference's checkpoint that contains them.
        config: the reference's configuration; sizes are read off the parameters where they can be.

    Returns:
        Our module in eval mode, every weight loaded.

    Raises:
        SpeechlabError: the kind is unknown, or the parameters do not fit it.
    """
    convert = references[kind]
    for entry in ENTRIES[kind]:
        if isinstance(state_dict.get(entry), Mapping):
            state_dict = state_dict[entry]
    state = {name.removeprefix("module."): value for name, value in state_dict.items() if isinstance(value, Tensor)}
    if not state:
        raise SpeechlabError(
            f"no parameters of a {kind} in this checkpoint, which has: {', '.join(state_dict) or 'nothing'}"
        )
    return convert(state, dict(config or {})).eval()


def load_reference_file(kind: str, path: str | Path, config: Mapping[str, Any] | None = None) -> nn.Module:
    """Read a reference's checkpoint file, without ever running code from it, and call :func:`load_reference`."""
    path = Path(path)
    if not path.is_file():
        raise SpeechlabError(f"there is no checkpoint file at {path}")
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            content = load_file(path)
        else:
            content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch and pickle raise a dozen kinds
        reason = (str(error) or repr(error)).splitlines()[0]
        raise SpeechlabError(
            f"{path} cannot be read as plain weights ({reason}); it is damaged, or a pickle that would run code, which"
            " speechlab refuses"
        ) from error
    if not isinstance(content, Mapping):
        raise SpeechlabError(f"{path} holds a {type(content).__name__}, not a dictionary of weights")
    return load_reference(kind, content, config)


def load_strictly(module: nn.Module, state: Mapping[str, Tensor], kind: str) -> nn.Module:
    """Load every parameter; say in one line what does not fit.

    Raises:
        SpeechlabError: a name is missing or unknown, or a shape differs.
    """
    try:
        module.load_state_dict(state)
    except RuntimeError as error:
        lines = [line.strip() for line in str(error).splitlines()[1:]]
        raise SpeechlabError(f"these parameters are not those of a {kind}: {' '.join(lines)[:400]}") from error
    return module


def require(state: Mapping[str, Tensor], name: str, kind: str) -> Tensor:
    """Return the parameter, or say which one is missing."""
    if name not in state:
        raise SpeechlabError(f"these parameters are not those of a {kind}: {name} is missing")
    return state[name]
