import json

import pandas as pd
import pytest
import torch

from speechlab.audio.io import write_audio
from speechlab.checkpoints import write_checkpoint
from speechlab.display.run_report import cost_in_time, write_run_report
from speechlab.errors import SpeechlabError

CARD = {
    "model": "hifigan_gen",
    "steps": 20,
    "experiment": {"name": "tiny", "training": {"steps": 20}},
    "data": {"corpus": "embedded", "hash": "0123456789abcdef", "licence": "CC0 1.0", "n_training": 4},
}


@pytest.fixture
def run_dir(tmp_path, tone):
    folder = tmp_path / "tiny <run>"
    write_checkpoint(folder / "checkpoints" / "step-0000020", {"weight": torch.zeros(2)}, CARD, {"step": 20})
    rows = [{"step": step, "time": 1e9 + 30 * step, "loss": 1 / step, "validation/mel_l1": 0.5} for step in (1, 2, 3)]
    (folder / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    sound = tone(300, 0.5)
    (folder / "renders").mkdir()
    write_audio(folder / "renders" / "clip.wav", sound.waveform, sound.sample_rate)
    index = [{"step": step, "items": {"clip": "clip.wav"}} for step in (10, 20)]
    (folder / "renders" / "index.json").write_text(json.dumps(index), encoding="utf-8")
    return folder


def test_the_report_of_a_run_names_data_licence_cost_and_config(run_dir, open_page):
    scores = pd.DataFrame({"mean": [3.21]}, index=["wb_pesq"])
    scores.attrs["provenance"] = {"resampler": "soxr"}
    page = open_page(write_run_report(run_dir, scores=scores))
    text = page.inner_text("body")
    for word in (
        "tiny <run>",
        "hifigan_gen",
        "0123456789abcdef",
        "CC0 1.0",
        "1.0 min",
        "wb_pesq",
        "3.21",
        "0.5 (step 3)",
    ):
        assert word in text
    assert page.locator("audio").count() >= 2  # the clip at both steps
    for summary in page.locator("summary").all():
        summary.click()
    assert '"resampler": "soxr"' in page.inner_text("body") and '"name": "tiny"' in page.inner_text("body")


def test_pauses_between_stop_and_resumption_cost_nothing():
    rows = [{"time": time} for time in (0, 60, 100_000, 100_060)]
    assert cost_in_time(rows) == "2.0 min"


def test_a_run_without_a_checkpoint_is_refused(tmp_path):
    with pytest.raises(SpeechlabError, match="no whole checkpoint"):
        write_run_report(tmp_path)
