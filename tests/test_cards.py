"""A checkpoint from anywhere is read, or refused in one line, and takes no more memory than its weights."""

import json
import resource
import shutil
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from speechlab import checkpoints
from speechlab.apps.bundled import bundled, card_of
from speechlab.checkpoints import CARD, CHECKSUMS, WEIGHTS, read_checkpoint
from speechlab.errors import SpeechlabError
from speechlab.pipelines.enhancer import Enhancer
from speechlab.pipelines.vocoder import Vocoder
from speechlab.pipelines.voice import Voice

DEEP = "[" * 100_000 + "]" * 100_000


def copy_of(name: str, folder: Path, root: Path) -> Path:
    """Copy a bundled checkpoint without its checksums, so that what is changed in it is met."""
    shutil.copytree(root / "checkpoints" / name, folder / "copy")
    for sums in (folder / "copy").rglob(CHECKSUMS):
        sums.unlink()
    return folder / "copy"


def change(folder: Path, path: str, value: object) -> None:
    """Set ``a.b`` in a card; ``...`` takes it out."""
    card = json.loads((folder / CARD).read_text(encoding="utf-8"))
    *parents, last = path.split(".")
    place = card
    for parent in parents:
        place = place[parent]
    place[last] = value
    if value is ...:
        del place[last]
    (folder / CARD).write_text(json.dumps(card), encoding="utf-8")


WRONG = [
    ("model", ["glowtts"]), ("model", ...), ("model", "nothing"), ("sizes", []), ("sizes", ...), ("sizes.n_mels", 81),
    ("sizes.n_symbols", 10**9), ("sizes.n_symbols", -1), ("sizes.channels", 16_000), ("sizes.channels", "192"),
    ("sizes.encoder_layers", 10**8), ("sizes.encoder_layers", 250), ("sizes.encoder_layers", 3), ("sizes.n_heads", 0),
    ("sizes.kernel_sizes", [5]), ("sizes.kernel_sizes", [10**7, 1]), ("sizes.dropout", float("nan")),
    ("sizes.n_bins", 1), ("sizes.pitch_mean", float("inf")), ("sizes.pitch_mean", [[]]), ("sizes.odd", 1),
    ("audio", None), ("audio", ...), ("audio.hop_length", 0), ("audio.n_mels", 10**9), ("audio.n_fft", 2**40),
    ("audio.f_max", "8000"), ("audio.sample_rate", True), ("audio.odd", 1), ("symbols", "abc"), ("symbols", ...),
    ("symbols", []), ("symbols", ["_pad", 5]), ("symbols", ["_pad", "^", "^"]), ("language", ["en"]),
    ("language", "xx"),
    ("noise_scale", -1), ("noise_scale", "much"), ("blank", 10**6), ("data", []), ("steps", "many"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value"), WRONG)
def test_a_card_that_is_wrong_is_one_line_and_costs_no_memory(tmp_path, root, path, value):
    folder = copy_of("en-kathleen", tmp_path, root)
    change(folder / "acoustic", path, value)
    before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    with pytest.raises(SpeechlabError) as caught:
        Voice.load(folder, "griffin-lim")
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 800
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 400_000  # KB
    assert time.process_time() - started < 5


@pytest.mark.parametrize(("path", "value"), [("dry", 2), ("dry", float("nan")), ("task", 5),
                                             ("sizes.channels", 10**6),
                                             ("sizes.widths", [10**9]), ("audio.sample_rate", 10)])  # fmt: skip
def test_an_enhancer_whose_card_is_wrong_is_one_line(tmp_path, root, path, value):
    folder = copy_of("denoise-16k", tmp_path, root)
    change(folder, path, value)
    with pytest.raises(SpeechlabError) as caught:
        Enhancer.load(folder)
    assert "\n" not in str(caught.value)


def test_a_vocoder_of_other_sizes_than_its_weights_is_one_line(tmp_path, root):
    folder = copy_of("kathleen-hifigan", tmp_path, root)
    change(folder, "sizes.preset", "v1")
    with pytest.raises(SpeechlabError, match="larger than the weights|are not those of the hifigan_gen"):
        Vocoder.load(folder)


@pytest.mark.parametrize("content", [b"", b"\xff", b"[]", b"null", b'"text"', DEEP.encode(), b'{"a": ' * 50_000,
                                     b" " * 10_000_000, b'{"model": NaN}', b'{"steps": 1e999}'])  # fmt: skip
@pytest.mark.parametrize("name", [CARD, CHECKSUMS])
def test_a_file_that_is_no_card_or_no_table_is_one_line(tmp_path, root, name, content):
    folder = copy_of("denoise-16k", tmp_path, root)
    (folder / name).write_bytes(content)
    with pytest.raises(SpeechlabError) as caught:
        Enhancer.load(folder)
    assert "\n" not in str(caught.value)


def test_checksums_name_files_of_their_own_folder_only(tmp_path, root):
    folder = copy_of("denoise-16k", tmp_path, root)
    (folder / CHECKSUMS).write_text(json.dumps({"../other": "0"}), encoding="utf-8")
    with pytest.raises(SpeechlabError, match="no table"):
        read_checkpoint(folder)


def test_weights_that_are_not_finite_are_refused(tmp_path, root):
    folder = copy_of("denoise-16k", tmp_path, root)
    weights = load_file(folder / WEIGHTS)
    name = next(name for name, value in weights.items() if value.is_floating_point())
    weights[name] = torch.full_like(weights[name], float("nan"))
    save_file(weights, folder / WEIGHTS)
    with pytest.raises(SpeechlabError, match="NaN or infinity"):
        read_checkpoint(folder)


def test_one_odd_card_never_breaks_the_lists(tmp_path, root, monkeypatch):
    for number, content in enumerate((DEEP, "[]", "", '{"model": []}', '{"model": {}}', '{"data": "x"}')):
        (tmp_path / f"odd-{number}" / "acoustic").mkdir(parents=True)
        (tmp_path / f"odd-{number}" / CARD).write_text(content, encoding="utf-8")
    monkeypatch.setattr(checkpoints, "bundled_roots", lambda: [tmp_path, root / "checkpoints"])
    assert bundled("voice") == ["en-kathleen", "ru-nsh", "ru-demo"]
    assert {"denoise-16k", "bwe-16k"} <= set(bundled("enhancer"))
    assert card_of(tmp_path / "odd-0") == {}


def test_loading_draws_nothing_from_a_training_that_is_going_on_but_what_building_always_drew(root):
    torch.manual_seed(5)
    Voice.load(root / "checkpoints" / "en-kathleen")
    first = torch.rand(1)
    torch.manual_seed(5)
    Voice.load(root / "checkpoints" / "en-kathleen")
    assert torch.equal(first, torch.rand(1))
