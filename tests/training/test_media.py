"""TensorBoard gets every render as sound and picture, and the pictures show what is there."""

from types import SimpleNamespace

import numpy as np

from speechlab.audio.io import Audio
from speechlab.config import AlignerExperiment
from speechlab.training.live import LiveBar, curve, in_notebook
from speechlab.training.logs import RunLog
from speechlab.training.media import HOP, N_FFT, alignment_image, spectrogram_image


def test_a_tone_is_a_bright_row_at_its_frequency():
    rate, row = 16_000, 64
    tone = np.sin(2 * np.pi * row * rate / N_FFT * np.arange(rate) / rate).astype(np.float32)
    image = spectrogram_image(tone)
    assert image.shape == (N_FFT // 2 + 1, (rate - N_FFT) // HOP + 1)
    assert (image.argmax(axis=0) == N_FFT // 2 - row).all()


def test_what_is_shorter_than_a_frame_or_silent_has_a_picture():
    assert spectrogram_image(np.zeros(10, np.float32)).shape == (N_FFT // 2 + 1, 1)


def test_every_frame_belongs_to_its_token():
    image = alignment_image([2, 0, 3], true=[1, 1, 4])
    assert image.shape == (3, 6)
    assert (image[::-1] == 255).sum(axis=1).tolist() == [2, 0, 3] and image[0, 5] == 110


def test_renders_reach_tensorboard(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    experiment = AlignerExperiment()
    log = RunLog(tmp_path, experiment.training, experiment)
    log.open(0, {})
    tone = np.sin(np.arange(8000) / 5).astype(np.float32)
    log.write_renders(3, {"first": Audio(0.5 * tone, 16_000)})
    log.write_alignments(3, {"first": {"symbols": ["^", "a"], "durations": [2, 3]}})
    log.close()
    events = EventAccumulator(str(tmp_path / "tensorboard"))
    events.Reload()
    assert set(events.Tags()["images"]) == {"spectrogram/first", "alignment/first"}
    [sound] = events.Audio("render/first")
    assert sound.step == 3 and sound.sample_rate == 16_000 and sound.length_frames == 8000


def test_renders_reach_wandb_with_their_pictures(tmp_path):
    sent = {}
    experiment = AlignerExperiment()
    log = RunLog(tmp_path, experiment.training, experiment)
    log.open(0, {})
    log.wandb = SimpleNamespace(log=lambda items, step: sent.update(dict.fromkeys(items, step)), finish=lambda: None)
    log.write_renders(3, {"first": Audio(np.ones(8000, np.float32), 16_000)})
    log.write_alignments(4, {"first": {"symbols": ["^", "a"], "durations": [2, 3]}})
    log.close()
    assert sent == {"render/first": 3, "spectrogram/first": 3, "alignment/first": 4}


def test_a_bar_with_loss_and_rate_is_shown_in_a_notebook_only(monkeypatch, capsys):
    def train():
        with LiveBar("embedded-aligner", 1, 3) as live:
            live.advance({"loss": 0.5})
            live.bar.refresh()
            live.advance({"skipped": 1.0})
        return capsys.readouterr().err

    assert not in_notebook() and train() == ""
    monkeypatch.setattr("speechlab.training.live.in_notebook", lambda: True)
    assert all(part in train() for part in ("embedded-aligner", "2/3", "loss 0.5", "step/s"))


def test_the_course_of_the_loss_is_a_curve_of_one_line():
    assert curve([1.0]) == curve([2.0, 2.0])[:1] == "▁"
    assert curve([float(value) for value in range(8, 0, -1)]) == "█▇▆▅▄▃▂▁"
    assert curve([1 / step for step in range(1, 1001)], width=6) == "█▂▁▁▁▁"  # means of pieces, not samples


def test_a_long_training_keeps_the_course_of_all_its_losses(monkeypatch):
    monkeypatch.setattr("speechlab.training.live.in_notebook", lambda: True)
    with LiveBar("long", 0, 20_000) as live:
        for step in range(20_000):
            live.advance({"loss": 20_000.0 - step})
    assert len(live.means) < 200
    falls = [after - before for before, after in zip(live.means, live.means[1:], strict=False)]
    assert set(falls) == {-live.piece}  # a straight line, and the whole of it
    assert live.means[0] > 19_900 and live.means[-1] < 2 * live.piece
