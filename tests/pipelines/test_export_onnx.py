"""A vocoder in another program's format says the same as here, at any length; what does not is not written."""

import json

import pytest
import torch

from speechlab.errors import SpeechlabError
from speechlab.pipelines.export import ONNX_TOLERANCE, OPSET, export_onnx, require_same
from speechlab.pipelines.vocoder import Vocoder

pytest.importorskip("onnx", reason="onnx is not installed (pip install 'speechlab[onnx]')")


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """The bundled HiFi-GAN as ONNX."""
    folder = tmp_path_factory.mktemp("onnx") / "vocoder"
    export_onnx("kathleen-hifigan", folder)
    return folder


@pytest.mark.parametrize("frames", [1, 16, 57])
def test_onnx_runtime_gives_the_same_waveform(exported, frames):
    import onnxruntime

    vocoder = Vocoder.load("kathleen-hifigan", device="cpu")
    session = onnxruntime.InferenceSession(exported / "model.onnx", providers=["CPUExecutionProvider"])
    mel = torch.randn(1, vocoder.spec.n_mels, frames, generator=torch.Generator().manual_seed(frames)) - 4
    (waveform,) = session.run(["waveform"], {"mel": mel.numpy()})
    expected = vocoder(mel).numpy()
    assert waveform.shape == expected.shape == (1, 1, frames * vocoder.spec.hop_length)
    assert abs(expected).max() > 1e-3 and abs(waveform - expected).max() <= ONNX_TOLERANCE


def test_the_card_names_the_operators_and_the_mel(exported):
    import onnx

    card = json.loads((exported / "card.json").read_text(encoding="utf-8"))
    assert card["onnx"]["opset"] == OPSET == onnx.load(exported / "model.onnx").opset_import[0].version
    assert card["audio"]["n_mels"] == 80


def test_what_differs_or_has_no_operators_is_refused(exported, tmp_path):
    network = Vocoder.load("kathleen-hifigan", device="cpu").synthesise
    with pytest.raises(SpeechlabError, match="differs"):
        require_same(lambda mel: network(mel) + 0.01, (exported / "model.onnx").read_bytes(), torch.zeros(1, 80, 9))
    with pytest.raises(SpeechlabError, match="hifigan_gen"):
        export_onnx("readers-vocos", tmp_path / "vocos")
    assert not (tmp_path / "vocos").exists()
