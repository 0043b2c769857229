"""Mel to waveform: a trained generator, or Griffin-Lim."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from speechlab.audio.griffin_lim import mel_to_waveform
from speechlab.audio.io import Audio
from speechlab.audio.mel import MelSpectrogram
from speechlab.checkpoints import CARD, find_checkpoint, find_folder, read_card
from speechlab.config import AudioSpec
from speechlab.errors import SpeechlabError
from speechlab.models import fold

if TYPE_CHECKING:
    from speechlab.models.source_vocos import PitchTrack  # a HiFi-GAN does without

CHUNK, CONTEXT = 1024, 64  # frames generated at once, and neighbours on each side, which cover the receptive field
WIDE_CONTEXT = {"hifi++_gen": 512}  # of networks that look further around; a multiple of their grid
GRIFFIN_LIM = "griffin-lim"
VOCODERS = ("hifigan_gen", "vocos_gen", "source_vocos_gen", "hifi++_gen")


def vocoder_folder(folder: Path) -> Path:
    """Give where a voice's vocoder lies, in its folder or shared with others; of anything else, the folder itself."""
    if (folder / "vocoder").is_dir():
        return folder / "vocoder"
    card = read_card(folder / CARD) if (folder / CARD).is_file() else {}
    return find_folder(card["vocoder"]) if card.get("vocoder") else folder


class Vocoder:
    """Turn mels into speech.

    Args:
        synthesise: mel (1, n_mels, frames) to waveform (1, 1, frames * hop). Where it has a ``track`` of pitch, chunks
            of a long mel continue each other's.
        spec: the analysis that the mels must come from.
        card: of the checkpoint; empty for Griffin-Lim.
        checkpoint: hash of the weights.
    """

    def __init__(self, synthesise: Callable[..., Tensor], spec: AudioSpec, card: dict, device: str = "cpu",
                 checkpoint: str = GRIFFIN_LIM):  # fmt: skip
        self.synthesise, self.spec, self.card, self.device = synthesise, spec, card, device
        self.checkpoint = checkpoint

    @classmethod
    def load(cls, name: str | Path, device: str | None = None) -> "Vocoder":
        """Load a vocoder by name: bundled, a run, a folder; of a voice, its own or the one that its card names.

        Raises:
            SpeechlabError: nothing has that name, it is damaged, or it is not a vocoder.
        """
        checkpoint = find_checkpoint(vocoder_folder(find_folder(name)))
        model = checkpoint.card.get("model")
        if model not in VOCODERS and checkpoint.card.get("role") != "vocoder":
            raise SpeechlabError(f"{checkpoint.path} holds a {model}, not a vocoder ({', '.join(VOCODERS)})")
        device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        network = fold(checkpoint.network()).to(device)
        return cls(network, checkpoint.audio, checkpoint.card, device, checkpoint.weights_hash)

    @classmethod
    def griffin_lim(cls, spec: AudioSpec) -> "Vocoder":
        """Build the vocoder that has learned nothing."""
        return cls(lambda mel: mel_to_waveform(mel, spec), spec, {})

    @torch.inference_mode()
    def __call__(self, mel: Tensor) -> Tensor:
        """Turn mel (1, n_mels, frames) into waveform (1, 1, frames * hop), long ones piece by piece.

        Raises:
            SpeechlabError: the mel has another number of bins.
        """
        if mel.ndim != 3 or mel.shape[1] != self.spec.n_mels:
            raise SpeechlabError(
                f"this vocoder reads mels of shape (1, {self.spec.n_mels}, frames), got {tuple(mel.shape)}"
            )
        frames, hop, pieces = mel.shape[-1], self.spec.hop_length, []
        track: PitchTrack | None = None
        context = WIDE_CONTEXT.get(self.card.get("model", ""), CONTEXT)
        for first in range(0, frames, CHUNK):
            begin, end = max(first - context, 0), min(first + CHUNK + context, frames)
            chunk = mel[..., begin:end].to(self.device)
            if hasattr(self.synthesise, "track"):
                before, track = track, self.synthesise.track(chunk, begin)
                track = track.following(before, first) if before else track
                waveform = self.synthesise(chunk, track).cpu()
            else:
                waveform = self.synthesise(chunk).cpu()
            length = min(CHUNK, frames - first) * hop
            pieces.append(waveform[..., (first - begin) * hop :][..., :length])
        return torch.cat(pieces, dim=-1)

    def vocode(self, audio: Audio | np.ndarray | Tensor) -> Audio:
        """Copy synthesis of a recording (samples,) at ``spec.sample_rate``, or synthesis of a mel (1, n_mels, frames).

        Raises:
            SpeechlabError: the audio has another sample rate.
        """
        if isinstance(audio, Audio):
            if audio.sample_rate != self.spec.sample_rate:
                raise SpeechlabError(
                    f"the vocoder reads {self.spec.sample_rate} Hz audio, got {audio.sample_rate} Hz; resample it first"
                )
            audio = audio.waveform
        if np.ndim(audio) == 1:
            audio = MelSpectrogram(self.spec)(torch.as_tensor(audio, dtype=torch.float32)[None, None])
        return Audio(self(torch.as_tensor(audio))[0, 0].numpy(), self.spec.sample_rate)
