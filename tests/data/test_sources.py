"""Named noises, rooms and microphones: experiments find their folders, and what stands in for them is said."""

from dataclasses import replace

import numpy as np
import pytest
import soundfile

from speechlab.config import DegradationConfig
from speechlab.data import sources
from speechlab.data.pairs import Pair, PairSet
from speechlab.experiments import load_experiment
from speechlab.training.recipes.hifipp import degraded_by, tell_substitutes

STAGES = ("stage1", "stage2", "stage3-pretrain", "stage3")


@pytest.mark.parametrize("profile", ["gpu", "full"])
@pytest.mark.parametrize("stage", STAGES)
def test_finally_learns_from_recorded_noises_rooms_and_microphones(stage, profile):
    degradation = load_experiment(f"finally-{stage}", profile).degradation
    named = {*degradation.noises, *degradation.rooms, *degradation.microphones}
    assert named == {"dns-noise", "dns-rooms", "micirp"} <= set(sources.sources)
    assert min(degradation.noise_probability, degradation.room_probability, degradation.microphone_probability) > 0


def test_a_source_is_fetched_by_its_name_and_a_folder_stays_itself(tmp_path, monkeypatch):
    fetched = []
    monkeypatch.setitem(sources.sources, "dns-noise", lambda: fetched.append("dns-noise") or tmp_path / "noise")
    config = sources.with_folders(DegradationConfig(noises=("dns-noise", "mine"), rooms=("mine",)))
    assert config.noises == (str(tmp_path / "noise"), "mine") and config.rooms == ("mine",)
    assert fetched == ["dns-noise"]
    (tmp_path / "dns-noise").mkdir()
    monkeypatch.chdir(tmp_path)
    assert sources.folders_of(["dns-noise"]) == ("dns-noise",)  # a person's own folder of that name


def test_what_is_simulated_or_left_out_is_said_and_what_is_recorded_is_named(tmp_path):
    pairs = PairSet("mine", (Pair("a", tmp_path / "a.wav"),), "", "")
    experiment = load_experiment("folders-denoise", "smoke", ["data.clean=[speech]", "degradation.room_probability=1"])
    lines = []
    tell_substitutes(pairs, experiment, lines.append)
    assert len(lines) == 1
    assert all(words in lines[0] for words in ("noises: simulated", "rooms: simulated", "microphones: left out"))
    recorded = replace(experiment, degradation=DegradationConfig(("x/mine",), rooms=("dns-rooms",), microphones=("m",)))
    tell_substitutes(pairs, recorded, lines.append)
    assert len(lines) == 1
    assert degraded_by(pairs, recorded) == {"noises": "mine", "rooms": "dns-rooms", "microphones": "m"}


def test_voices_that_are_a_noise_are_named(tmp_path):
    pairs = PairSet("mine", (Pair("a", tmp_path / "a.wav"),), "", "")
    experiment = load_experiment("folders-denoise", "smoke", ["data.clean=[speech]", "degradation.babble=[far/crowd]"])
    assert degraded_by(pairs, experiment)["babble"] == "crowd"


def test_recorded_pairs_and_a_mere_limit_of_the_band_need_no_substitute(tmp_path):
    recorded = PairSet("mine", (Pair("a", tmp_path / "a.wav", tmp_path / "b.wav"),), "", "")
    made = PairSet("mine", (Pair("a", tmp_path / "a.wav"),), "", "")
    lines = []
    tell_substitutes(recorded, load_experiment("folders-denoise"), lines.append)
    tell_substitutes(made, load_experiment("folders-bwe"), lines.append)
    assert not lines and not degraded_by(recorded, load_experiment("folders-denoise"))


def test_microphones_that_the_site_lost_are_not_asked_for_at_every_start(tmp_path, monkeypatch):
    monkeypatch.setenv("SPEECHLAB_DATA", str(tmp_path))
    (tmp_path / "micirp").mkdir()
    for name in sources.MICROPHONE_NAMES[sources.MOST_MISSING :]:
        soundfile.write(tmp_path / "micirp" / f"{name}.wav", np.ones(4), 48_000)
    monkeypatch.setattr(sources, "fetch", lambda *_: pytest.fail("asked the network"))
    assert sources.get_micirp() == tmp_path / "micirp"
