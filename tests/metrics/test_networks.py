"""Metrics whose weights are fetched: absent, they say so at once; with tiny weights in the real format, they score."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import types

import h5py
import numpy as np
import pytest
import torch

from speechlab import weights
from speechlab.metrics import mos_predictors, utmosv2
from speechlab.metrics.base import Unavailable, Unmeasurable
from speechlab.metrics.mosnet import MosNetMetric, magnitudes
from speechlab.metrics.pretrained import read_torch
from speechlab.metrics.speaker import SpeakerSimilarity
from speechlab.metrics.whisper import WhisperErrorRate, spell_numbers
from speechlab.registry import metrics

pytestmark = pytest.mark.slow

RATE = 16_000
FETCHED = {
    "mosnet": "speechlab weights get mosnet",
    "wv-mos": "speechlab weights get wv-mos",
    "utmos_v1": "speechlab weights get utmos-v1",
    "utmos": "pip install git",
    "speaker_similarity": "speechlab weights get wavlm-sv",
    "wer_whisper": "speechlab weights get whisper-base.en",
}
ENCODER = {
    "hidden_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 3,
    "intermediate_size": 20,
    "conv_dim": (8,) * 7,
    "num_conv_pos_embeddings": 8,
    "num_conv_pos_embedding_groups": 4,
}


@pytest.fixture(autouse=True)
def offline(monkeypatch):
    """Fail whatever opens a connection or starts a program."""

    def refuse(*_, **__):
        raise AssertionError("a metric asked the network")

    for owner, name in ((socket.socket, "connect"), (socket, "getaddrinfo"), (subprocess, "Popen")):
        monkeypatch.setattr(owner, name, refuse)


@pytest.fixture
def cache(monkeypatch, tmp_path):
    """Give an empty cache, and take from the list of weights all hashes, which tiny files cannot have."""
    monkeypatch.setenv("SPEECHLAB_DATA", str(tmp_path / "data"))
    lines = weights.REGISTRY.read_text(encoding="utf-8").splitlines()
    listed = [
        re.sub(r"sha256: .*", "sha256: null", line) if line.strip().startswith("sha256") else line for line in lines
    ]
    (tmp_path / "registry.yaml").write_text("\n".join(listed), encoding="utf-8")
    monkeypatch.setattr(weights, "REGISTRY", tmp_path / "registry.yaml")
    return tmp_path / "data" / "weights"


@pytest.fixture
def folder(cache):
    """Make the folder of one network's weights."""

    def make(name):
        (cache / name).mkdir(parents=True)
        return cache / name

    return make


def test_the_list_of_fetched_metrics_is_whole():
    assert {"distillmos", "dnsmos", "legacy_dnsmos", *FETCHED} <= metrics.keys()


@pytest.mark.parametrize("name", FETCHED)
def test_absent_weights_are_named_at_once(name, cache, monkeypatch):
    monkeypatch.setitem(sys.modules, "utmosv2", None)  # as if it were not installed
    started = time.monotonic()
    with pytest.raises(Unavailable, match=FETCHED[name]):
        metrics[name]().prepare()
    assert time.monotonic() - started < 1


@pytest.mark.parametrize("name", FETCHED)
def test_an_item_of_50_ms_is_refused_before_a_network_sees_it(name, clean):
    with pytest.raises(Unmeasurable, match="lasts"):
        metrics[name]().compute(clean[: RATE // 20], clean, RATE, "words")


@pytest.mark.parametrize("whole_model", [False, True])
def test_mosnet_reads_a_keras_file(whole_model, folder, clean):
    """As tf.keras 2 writes it: a group a layer, names in attributes, the layers without weights among them."""
    random = np.random.default_rng(0)
    sizes = {"channels": (2,), "hidden_size": 3}
    layers = {"input_1": {}, "reshape": {}}
    for index, before in enumerate((1, 2, 2)):
        name = "conv2d" + f"_{index}" * bool(index)
        layers[name] = {f"{name}/kernel:0": (3, 3, before, 2), f"{name}/bias:0": (2,)}
    layers["bidirectional"] = {
        f"bidirectional/{way}_lstm/{part}:0": shape
        for way in ("forward", "backward")
        for part, shape in (("kernel", (86 * 2, 12)), ("recurrent_kernel", (3, 12)), ("bias", (12,)))
    }
    layers["time_distributed_1"] = {"time_distributed_1/kernel:0": (6, 3), "time_distributed_1/bias:0": (3,)}
    layers["frame"] = {"frame/kernel:0": (3, 1), "frame/bias:0": (1,)}
    with h5py.File(folder("mosnet") / "cnn_blstm.h5", "w") as file:
        root = file.create_group("model_weights") if whole_model else file
        root.attrs["layer_names"] = [name.encode() for name in layers]
        for name, shapes in layers.items():
            group = root.create_group(name)
            group.attrs["weight_names"] = [part.encode() for part in shapes]
            for part, shape in shapes.items():
                group[part] = random.normal(0, 0.3, shape).astype(np.float32)
        bias = root["frame"]["frame/bias:0"][0]
    metric = MosNetMetric(**sizes)
    metric.prepare()
    assert metric.model.score.bias.item() == bias
    assert np.isfinite(metric.compute(clean, None, RATE, None))
    assert metric.version.startswith("MOSNet") and len(metric.version.split()[-1]) == 12


def test_mosnet_refuses_another_file(folder):
    (folder("mosnet") / "cnn_blstm.h5").write_bytes(b"<html>not found</html>")
    with pytest.raises(Unavailable, match="not the file of MOSNet"):
        MosNetMetric().prepare()


def test_mosnets_spectrogram_of_a_tone_peaks_at_its_frequency():
    tone = np.sin(2 * np.pi * 1000 * np.arange(RATE) / RATE).astype(np.float32)
    spectrogram = magnitudes(tone)
    assert spectrogram.shape == (1 + RATE // 256, 257)
    assert spectrogram[30].argmax() == 32  # 31.25 Hz a bin
    assert spectrogram[30, 32] == pytest.approx(np.hamming(512).sum() / 2, rel=1e-3)


@pytest.fixture
def lightning_file(folder, monkeypatch):
    """Write a tiny WV-MOS as its authors' trainer did, with classes of a framework that is not installed beside it."""
    framework = types.ModuleType("absent_framework")
    framework.Checkpoint = type("Checkpoint", (), {"__module__": "absent_framework"})
    monkeypatch.setitem(sys.modules, "absent_framework", framework)
    from speechlab.models.mos_predictors import WvMos

    torch.manual_seed(0)
    state = {f"model.{name}": value for name, value in WvMos(7, ENCODER).state_dict().items()}
    callback = framework.Checkpoint()
    callback.best = 1.0
    path = folder("wv-mos") / "wav2vec2.ckpt"
    torch.save({"state_dict": state, "callbacks": {framework.Checkpoint: {"best": callback}}}, path)
    monkeypatch.delitem(sys.modules, "absent_framework")
    return path


def test_wvmos_scores_by_its_authors_file_and_not_by_the_level(lightning_file, clean):
    metric = mos_predictors.WvMosMetric(hidden_size=7, encoder=ENCODER)
    metric.prepare()
    loud, quiet = (metric.compute(clean * np.float32(gain), None, RATE, None) for gain in (1, 0.1))
    assert loud == pytest.approx(quiet, abs=1e-3)
    assert metric.version.endswith(weights.weights_hash("wv-mos"))


def test_wvmos_of_another_size_is_refused(lightning_file):
    with pytest.raises(Unavailable, match="size mismatch"):
        mos_predictors.WvMosMetric(hidden_size=8, encoder=ENCODER).prepare()


@pytest.mark.parametrize("blocked", [False, True])
def test_reading_weights_runs_nothing(blocked, tmp_path):
    """torch refuses some modules at once; what others name becomes a stand-in."""

    class Bomb:
        def __reduce__(self):
            made = str(tmp_path / "made")
            return (os.mkdir, (made,)) if blocked else (shutil.copytree, (str(tmp_path), made))

    torch.save({"state_dict": {"weight": torch.ones(1)}, "bomb": Bomb()}, tmp_path / "weights.pt")
    if blocked:
        with pytest.raises(Unavailable, match="would run code"):
            read_torch(tmp_path / "weights.pt")
    else:
        assert read_torch(tmp_path / "weights.pt")["state_dict"]["weight"].item() == 1
    assert not (tmp_path / "made").exists()


def published_names(state):
    """Give the parameters of a UtmosStrong the names that the published file has."""
    named = {}
    for name, value in state.items():
        for ours, published in (
            ("encoder.encoder.pos_conv_embed.conv", "wav2vec2.encoder.pos_conv.0"),
            ("parametrizations.weight.original0", "weight_g"),
            ("parametrizations.weight.original1", "weight_v"),
            ("encoder.encoder.", "wav2vec2.encoder."),
            ("encoder.feature_extractor", "wav2vec2.feature_extractor"),
            ("encoder.feature_projection.projection", "wav2vec2.post_extract_proj"),
            ("encoder.feature_projection.", "wav2vec2."),
            ("encoder.masked_spec_embed", "wav2vec2.mask_emb"),
            (".conv.weight", ".0.weight"),
            ("conv_layers.0.layer_norm", "conv_layers.0.2"),
            ("feed_forward.intermediate_dense", "fc1"),
            ("feed_forward.output_dense", "fc2"),
            (".attention.", ".self_attn."),
            ("lstm.", "blstm."),
        ):
            name = name.replace(ours, published)
        if ".layers." in name and ".final" not in name:
            name = name.replace(".layer_norm", ".self_attn_layer_norm")
        named[{"domain": "domain_emb", "judge": "judge_emb"}.get(name, name)] = value
    return named


def test_utmos_v1_scores_by_its_authors_file(folder, clean):
    from speechlab.models.mos_predictors import UtmosStrong

    torch.manual_seed(0)
    sizes = {"hidden_size": 6, "projection_size": 10, "embedding_size": 5, "encoder": ENCODER}
    state = published_names(UtmosStrong(**sizes).state_dict())
    assert "wav2vec2.encoder.layers.0.self_attn_layer_norm.weight" in state
    path = folder("utmos-v1") / "utmos22_strong_step7459_v1.pt"
    torch.save(state | {"domain_emb": torch.full((1, 5), 0.5)}, path)
    metric = mos_predictors.UtmosV1(**sizes)
    metric.prepare()
    assert metric.model.domain.mean().item() == 0.5
    assert np.isfinite(metric.compute(clean, None, RATE, None))
    torch.save(state | {"another": torch.zeros(1)}, path)
    (path.parents[1] / weights.NOTES).unlink()
    with pytest.raises(Unavailable, match="not the file"):
        mos_predictors.UtmosV1(**sizes).prepare()


def test_speaker_similarity_of_a_recording_with_itself_is_one(folder, clean, speech_like):
    from transformers import Wav2Vec2FeatureExtractor, WavLMConfig, WavLMForXVector

    torch.manual_seed(0)
    config = WavLMConfig(**ENCODER, tdnn_dim=(8,) * 5, xvector_output_dim=6)
    path = folder("wavlm-sv")
    config.save_pretrained(path)
    Wav2Vec2FeatureExtractor(do_normalize=True).save_pretrained(path)
    state = WavLMForXVector(config).state_dict()
    torch.save(state, path / "pytorch_model.bin")
    metric = SpeakerSimilarity()
    metric.prepare()
    assert metric.compute(clean, clean, RATE, None) == pytest.approx(1, abs=1e-6)
    assert metric.compute(clean * np.float32(0.3), clean, RATE, None) == pytest.approx(1, abs=1e-3)
    assert -1 <= metric.compute(clean, speech_like(2.5, cents=500), RATE, None) < 1
    with pytest.raises(Unmeasurable, match="at least 0.5 s"):
        metric.compute(clean, clean[: RATE // 3], RATE, None)

    del state["feature_extractor.weight"]
    torch.save(state, path / "pytorch_model.bin")
    (path.parent / weights.NOTES).unlink()
    with pytest.raises(Unavailable, match="feature_extractor.weight"):
        SpeakerSimilarity().prepare()


def test_utmos_averages_all_folds_and_fetches_no_base_weights(folder, clean, monkeypatch):
    asked, files = [], []

    class Fold(torch.nn.Linear):
        def predict(self, input_path, num_repetitions, **options):
            import soundfile

            waveform, rate = soundfile.read(input_path, dtype="float32")
            files.append((rate, num_repetitions, options["device"], np.array_equal(waveform, clean)))
            return self.bias.item() + 0.1 * np.random.rand()

    def create_model(pretrained, config, fold):
        sys.modules["timm"].create_model("tf_efficientnetv2_s", pretrained=True, num_classes=0)
        assert not pretrained and config == "fusion_stage3"
        return Fold(2, 1)

    timm = types.SimpleNamespace(create_model=lambda name, pretrained, **_: asked.append(pretrained))
    monkeypatch.setitem(sys.modules, "timm", timm)
    monkeypatch.setitem(sys.modules, "utmosv2", types.SimpleNamespace(create_model=create_model))
    path = folder("utmosv2")
    for fold in range(5):
        state = {"weight": torch.zeros(1, 2), "bias": torch.tensor([1.0 + fold])}
        torch.save(state, path / f"fold{fold}_s42_best_model.pth")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    metric = utmosv2.UtmosV2Average()
    metric.prepare()
    before = np.random.get_state()[1].tolist()
    score = metric.compute(clean, None, RATE, None)
    assert 3 <= score <= 3.1  # the mean of 1 to 5, and what the folds drew
    assert score == metric.compute(clean, None, RATE, None)
    assert np.random.get_state()[1].tolist() == before
    assert asked == [False] * 5 and set(files) == {(RATE, 5, "cpu", True)}
    assert "5 folds x 5" in metric.version

    alone = utmosv2.UtmosV2()  # as the package itself answers
    alone.prepare()
    assert 1 <= alone.compute(clean, None, RATE, None) <= 1.1 and files[-1] == (RATE, 1, "cpu", True)
    assert "1 folds x 1" in alone.version


def test_base_encoders_are_made_without_their_weights(monkeypatch):
    monkeypatch.setitem(sys.modules, "timm", types.SimpleNamespace(create_model=None))
    import transformers

    tiny = transformers.Wav2Vec2Config(**ENCODER)
    monkeypatch.setattr(transformers, "Wav2Vec2Config", lambda: tiny)
    with utmosv2.without_base_weights():
        model = transformers.AutoModel.from_pretrained("facebook/wav2vec2-base")
        extractor = transformers.AutoFeatureExtractor.from_pretrained("facebook/wav2vec2-base")
    assert model.config.hidden_size == ENCODER["hidden_size"]
    assert extractor.do_normalize and not extractor.return_attention_mask  # as the hub's files of the base model say


@pytest.fixture
def whisper_folder(folder):
    """Write a tiny Whisper with a vocabulary of letters, in the files of the real one."""
    from tokenizers.pre_tokenizers import ByteLevel
    from transformers import (
        GenerationConfig,
        WhisperConfig,
        WhisperFeatureExtractor,
        WhisperForConditionalGeneration,
        WhisperTokenizerFast,
    )

    path = folder("whisper-base.en")
    special = ["<|endoftext|>", "<|startoftranscript|>", "<|notimestamps|>"]
    vocabulary = {token: index for index, token in enumerate([*special, *sorted(ByteLevel.alphabet())])}
    tokenizer = WhisperTokenizerFast(vocab=vocabulary, merges=[])
    tokenizer.save_pretrained(path)
    WhisperFeatureExtractor().save_pretrained(path)
    sizes = {f"{side}_{what}": 1 for side in ("encoder", "decoder") for what in ("layers", "attention_heads")}
    config = WhisperConfig(
        vocab_size=len(vocabulary),
        d_model=16,
        encoder_ffn_dim=16,
        decoder_ffn_dim=16,
        **sizes,
        pad_token_id=0,
        bos_token_id=0,
        eos_token_id=0,
        decoder_start_token_id=1,
        suppress_tokens=[],
        begin_suppress_tokens=[],
    )
    torch.manual_seed(0)
    WhisperForConditionalGeneration(config).save_pretrained(path)
    GenerationConfig(
        max_length=12, decoder_start_token_id=1, eos_token_id=0, pad_token_id=0, no_timestamps_token_id=2
    ).save_pretrained(path)
    return path


def test_whisper_hears_and_its_errors_are_counted(whisper_folder, clean, monkeypatch):
    metric = WhisperErrorRate()
    metric.prepare()
    assert metric.hear(clean) == metric.hear(clean) != ""
    text = "we paid one thousand two hundred dollars, or five percent"
    for heard, n_errors in (("We paid 1,200 dollars or 5%.", 0), ("We paid 1,200 dollar or 5%.", 1)):
        monkeypatch.setattr(metric, "hear", lambda _, heard=heard: heard)
        expected = {"wer_whisper": 100 * n_errors / 10, "cer_whisper": 100 * n_errors / (len(text) - 1)}
        assert metric.compute(clean, None, RATE, text) == pytest.approx(expected)
    with pytest.raises(Unmeasurable, match="limit of 30"):
        metric.compute(np.tile(clean, 8), None, RATE, "words")


def test_numbers_are_spelt_as_they_are_read():
    assert spell_numbers("12,000 and 7%").split() == ["twelve", "thousand", "and", "seven", "percent"]
