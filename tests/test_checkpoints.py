"""Checkpoints: whole or absent, verified, and never unpickled."""

import os
import pickle

import pytest
import torch

from speechlab import checkpoints
from speechlab.checkpoints import (
    add_to_card,
    find_checkpoint,
    newest_checkpoint,
    read_checkpoint,
    remove_old,
    write_checkpoint,
)
from speechlab.errors import SpeechlabError

WEIGHTS = {"weight": torch.arange(6.0).view(2, 3)}
CARD = {"model": "aligner", "steps": 7}


def write_steps(folder, *steps):
    for step in steps:
        write_checkpoint(folder / f"step-{step:07d}", WEIGHTS, CARD | {"steps": step}, {"step": step})


def test_what_was_written_is_read(tmp_path):
    write_steps(tmp_path, 7)
    found = read_checkpoint(tmp_path / "step-0000007", with_state=True)
    assert torch.equal(found.weights["weight"], WEIGHTS["weight"])
    assert found.card == CARD and found.state == {"step": 7}


def test_the_newest_whole_one_is_used_and_damage_is_reported(tmp_path):
    write_steps(tmp_path, 5, 10, 15)
    state = tmp_path / "step-0000015" / "state.pt"
    state.write_bytes(state.read_bytes()[:-7])
    (tmp_path / "step-0000010" / "card.json").unlink()
    reports = []
    assert newest_checkpoint(tmp_path, reports.append).card["steps"] == 5
    assert len(reports) == 2 and "step-0000015" in reports[0] and "checksum" in reports[0]


def test_a_write_that_dies_leaves_the_earlier_ones(tmp_path, monkeypatch):
    write_steps(tmp_path, 5)

    def full_disk(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoints.torch, "save", full_disk)
    with pytest.raises(OSError, match="No space left"):
        write_steps(tmp_path, 10)
    assert sorted(item.name for item in tmp_path.iterdir()) == ["step-0000005"]


def test_a_damaged_one_in_the_way_is_moved_not_overwritten(tmp_path):
    write_steps(tmp_path, 5)
    (tmp_path / "step-0000005" / "state.pt").write_bytes(b"")
    write_steps(tmp_path, 5)
    assert read_checkpoint(tmp_path / "step-0000005", with_state=True).state == {"step": 5}
    assert len(list(tmp_path.glob("step-0000005.damaged-*"))) == 1


def test_old_ones_and_leftovers_go(tmp_path):
    write_steps(tmp_path, 1, 2, 3, 4)
    (tmp_path / ".step-0000004.123.tmp").mkdir()
    remove_old(tmp_path, keep=2)
    assert sorted(item.name for item in tmp_path.iterdir()) == ["step-0000003", "step-0000004"]


class Trap:
    """Creates a file when unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("name", ["model.safetensors", "state.pt"])
def test_a_pickle_in_place_of_weights_is_refused_and_not_run(tmp_path, name):
    write_steps(tmp_path, 5)
    folder = tmp_path / "step-0000005"
    (folder / name).write_bytes(pickle.dumps(Trap(tmp_path / "sprung")))
    (folder / "checksums.json").unlink()
    with pytest.raises(SpeechlabError, match="damaged"):
        read_checkpoint(folder, with_state=True)
    assert not (tmp_path / "sprung").exists()


def test_a_truncated_one_says_so_in_one_line(tmp_path):
    write_steps(tmp_path, 5)
    weights = tmp_path / "step-0000005" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:20])
    with pytest.raises(SpeechlabError, match="damaged") as caught:
        read_checkpoint(tmp_path / "step-0000005")
    assert "\n" not in str(caught.value)


def test_a_missing_one_names_what_there_is(tmp_path, monkeypatch):
    monkeypatch.setenv("SPEECHLAB_RUNS", str(tmp_path))
    with pytest.raises(SpeechlabError, match="no weights are called 'nosuch'"):
        find_checkpoint("nosuch")


def test_a_card_that_was_added_to_is_still_whole(tmp_path):
    folder = tmp_path / "model"
    write_checkpoint(folder, {"weight": torch.ones(2)}, {"model": "hifigan"})
    add_to_card(folder, {"scores": {"mel_l1": 0.25}})
    assert read_checkpoint(folder).card == {"model": "hifigan", "scores": {"mel_l1": 0.25}}
