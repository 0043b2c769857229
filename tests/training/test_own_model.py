"""A person's own model, loss, metric, corpus and trainer, from a file of theirs: trained, resumed, heard and scored."""

import sys

import pytest
import torch

from speechlab.apps.cli import main
from speechlab.config import EXPERIMENTS, LossConfig
from speechlab.data.embedded import rendering
from speechlab.data.embedded.rendering import EmbeddedVoice
from speechlab.errors import SpeechlabError
from speechlab.experiments import load_experiment
from speechlab.pipelines.vocoder import Vocoder
from speechlab.registry import KINDS, import_own, losses
from speechlab.training.objective import Objective

SHORT = ["training.batch_size=2", "training.log_every=1", "training.checkpoint_every=2", "training.validate_every=2"]
SMALL = ["model.channels=16", "corpus.n_validation=2", "segment_length=4096"]


def forget() -> None:
    """Take out what files of a person's own have registered."""
    for registry in (*KINDS.values(), EXPERIMENTS):
        for name in registry.added:
            del registry[name]
    sys.modules.pop("my_ideas", None)


@pytest.fixture
def ideas(root, monkeypatch):
    """Folder of the file and of the experiment that uses it; nothing of them is known before and after."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(rendering, "VOICES", {"en": (EmbeddedVoice("en-us", 12, 4),)})
    forget()
    yield root / "notebooks" / "extra"
    forget()


def test_ones_own_things_are_trained_resumed_loaded_and_scored_like_ours(ideas, places, capsys, monkeypatch):
    monkeypatch.chdir(places)
    own = ["--import", str(ideas / "my_ideas.py")]
    train = ["train", str(ideas / "my_vocoder.yaml"), *SHORT, *SMALL, *own]
    assert main([*train, "training.steps=2"]) == 0
    assert main([*train, "training.steps=4"]) == 0
    said = capsys.readouterr().out
    assert "resumes at step 2 of 4" in said and "loudness " in said

    [speech] = rendered = sorted((places / "data" / "embedded").glob("*/wavs/en-us-0000.wav"))
    assert len(rendered) == 1 and main([*own, "vocode", str(speech), "copy.wav", "--vocoder", "my_vocoder"]) == 0
    (places / "copies").mkdir()
    (places / "copy.wav").rename(places / "copies" / speech.name)
    score = ["score", "copies", "--reference", str(speech.parent), "--metrics", "loudness_error", "--jobs", "1"]
    assert main([*score, *own]) == 0 and "loudness_error" in capsys.readouterr().out
    assert main([*own, "list", "trainers"]) == 0 and "overlap_add_trainer" in capsys.readouterr().out

    forget()  # as in another process that was not given the file
    with pytest.raises(SpeechlabError, match=r"overlap_add_gen.*--import my_ideas\.py"):
        Vocoder.load("my_vocoder")
    import_own(ideas / "my_ideas.py")
    assert Vocoder.load("my_vocoder").card["role"] == "vocoder"


def test_a_trainer_of_ones_own_keeps_the_profiles_of_its_parent(ideas):
    with pytest.raises(SpeechlabError, match="no recipe is called 'overlap_add_trainer'"):
        load_experiment(str(ideas / "my_vocoder.yaml"))
    import_own(ideas / "my_ideas.py")
    for profile in ("smoke", "gpu", "full"):
        mine = load_experiment(str(ideas / "my_vocoder.yaml"), profile)
        parent = load_experiment("embedded-hifigan", profile)
        assert mine.training.batch_size == parent.training.batch_size and mine.discriminator == parent.discriminator


def test_what_is_named_must_be_there_and_fit(ideas, tmp_path):
    with pytest.raises(SpeechlabError, match="there is no such file"):
        import_own(tmp_path / "missing.py")
    (tmp_path / "random.py").write_text("")
    with pytest.raises(SpeechlabError, match="another module called random"):
        import_own(tmp_path / "random.py")
    with pytest.raises(SpeechlabError, match="--import no_such_module"):
        import_own("no_such_module")
    import_own(ideas / "my_ideas.py")
    assert "loudness" in losses.added


def test_a_loss_of_ones_own_is_listed_by_its_name_or_by_its_place(ideas):
    listed = "losses=[{name: l1_mel_loss, weight: 45}, {name: loudness, weight: 2}]"
    assert load_experiment("embedded-hifigan", "smoke", [listed]).losses[1] == LossConfig("loudness", 2.0)
    with pytest.raises(SpeechlabError, match="no loss is called 'loudness'"):
        Objective((LossConfig("loudness"),), (), {})
    import_own(ideas / "my_ideas.py")
    signals = {"estimate": torch.zeros(1, 1, 4096), "reference": torch.full((1, 1, 4096), 0.5)}
    names = ("loudness", "my_ideas:loudness_loss")
    first, second = (Objective((LossConfig(name, 2.0),), tuple(signals), {})(**signals)[0] for name in names)
    assert first == second == 2 * losses["loudness"](**signals) > 0
