"""Figures: shapes are taken and refused as said, axes are in seconds and Hz, nothing global is touched."""

import io
import subprocess
import sys

import numpy as np
import pytest
import torch
from matplotlib import colormaps
from PIL import Image

from speechlab.audio.mel import mel_filters
from speechlab.config import AudioSpec
from speechlab.display.figures import few_colours, mel_position, small_pictures
from speechlab.display.plots import (
    TITLES,
    curves_of,
    show_alignment,
    show_curves,
    show_mels,
    show_pitch_energy,
    title_of,
)
from speechlab.errors import SpeechlabError

SPEC = AudioSpec()


def test_hz_ticks_lie_on_the_channel_whose_filter_peaks_there():
    place, peaks = mel_position(SPEC), mel_filters(SPEC).argmax(dim=1) * SPEC.sample_rate / SPEC.n_fft
    for channel in range(0, SPEC.n_mels, 7):
        assert place(float(peaks[channel])) == pytest.approx(channel, abs=0.6)


def test_mels_share_time_axis_and_colour_scale_and_take_tensors():
    rng = np.random.default_rng(0)
    plot = show_mels({"a": rng.normal(size=(80, 100)), "b": torch.full((1, 80, 50), -3.0)}, SPEC)
    first, second = plot.axes[:2]
    assert first.images[0].get_clim() == second.images[0].get_clim()
    assert first.get_xlim() == second.get_xlim() == pytest.approx((0, 100 / SPEC.frame_rate))
    assert second.get_xlabel() == "seconds" and first.get_ylabel() == "Hz"
    picture, shown = plot._repr_png_()
    assert shown["width"] == 900 and Image.open(io.BytesIO(picture)).size[0] == 1800


def test_pictures_are_transparent_so_that_dark_pages_stay_dark():
    plot = show_mels(np.zeros((80, 20)), SPEC)
    for image_format in ("png", "webp"):
        image = Image.open(io.BytesIO(plot.encoded(image_format))).convert("RGBA")
        assert image.getpixel((0, 0))[3] == 0


def test_an_alignment_is_drawn_with_phones_at_their_places():
    durations = [10, 0, 30, 20]
    plot = show_alignment(
        np.zeros((80, 60)), list("abcd"), durations, SPEC, soft=np.eye(4)[:, [0] * 10 + [2] * 30 + [3] * 20]
    )
    texts = {text.get_text(): text.get_position()[0] for text in plot.axes[0].texts}
    assert "b" not in texts  # no frames, no label
    assert texts["c"] == pytest.approx(25 / SPEC.frame_rate)


def test_what_does_not_fit_is_named():
    with pytest.raises(SpeechlabError, match=r"\(80, frames\)"):
        show_mels(np.zeros((60, 80)), SPEC)
    with pytest.raises(SpeechlabError, match="no finite value"):
        show_mels(np.full((80, 4), np.nan), SPEC)
    with pytest.raises(SpeechlabError, match="sum"):
        show_alignment(np.zeros((80, 60)), ["a"], [59], SPEC)
    with pytest.raises(SpeechlabError, match="no training log"):
        show_curves("nowhere")
    with pytest.raises(SpeechlabError, match="has: loss"):
        show_curves([{"step": 1, "loss": 1.0}], ["los"])


def test_unvoiced_frames_are_gaps():
    pitch = np.array([0, 200, 210, 0, np.nan, 190], dtype=float)
    plot = show_pitch_energy({"recorded": pitch, "predicted": pitch * 1.1}, np.ones(6), SPEC, mel=np.zeros((80, 6)))
    drawn = plot.axes[1].lines[0].get_ydata()
    assert np.isnan(drawn).tolist() == [True, False, False, True, True, False]


def test_after_a_resumption_the_later_value_counts():
    rows = [{"step": 1, "loss": 3.0, "note": "text"}, {"step": 2, "loss": 9.0}, {"step": 2, "loss": 2.0, "time": 4.0}]
    steps, values = curves_of(rows)["loss"]
    assert steps.tolist() == [1, 2] and values.tolist() == [3, 2]
    assert list(curves_of(rows)) == ["loss"]


@pytest.mark.parametrize("values", [[1.0], [0.0, 0.0], [1.0, float("nan"), 3.0], list(np.geomspace(1, 1e6, 50))])
def test_any_curve_is_drawn(values):
    assert show_curves([{"step": step, "loss": value} for step, value in enumerate(values)])._repr_png_()


def test_pyplot_is_never_imported():
    code = (
        "import sys; from speechlab.display import controls, health, lessons, phones, player, plots, report, timeline;"
        "print('matplotlib.pyplot' in sys.modules, 'ipywidgets' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, encoding="utf-8", check=True)
    assert done.stdout.split() == ["False", "False"]


@pytest.mark.parametrize("n_pictures", range(1, 13))
def test_small_pictures_fill_their_rows(n_pictures):
    _, rows = small_pictures(n_pictures, 1.5)
    assert sum(map(len, rows)) == n_pictures and all(1 <= len(row) <= 3 for row in rows)
    for row in rows:
        columns = [axes.get_subplotspec().colspan for axes in row]
        assert [column for span in columns for column in span] == list(range(6))


def test_what_is_logged_has_a_title_in_words():
    named = ["mel_l1", "validation/si_sdr", "gradient_norm/generator", "flow/mixing_log_det", "of_ones_own/idea"]
    for title in map(title_of, [*TITLES, *named]):
        assert "/" not in title and ("_" not in title or "$" in title)
    assert title_of("validation/si_sdr") == "SI-SDR, dB, held-out"


def test_a_picture_of_few_colours_keeps_the_colour_bar_smooth_and_edges_soft():
    bar = np.uint8(255 * colormaps["magma"](np.linspace(0, 1, 256)))  # (256, 4)
    picture = np.tile(bar, (40, 1, 1))
    picture[:4] = (118, 118, 118, 0)
    picture[4:8, :, 3] = 100
    few = np.array(few_colours(Image.fromarray(picture)).convert("RGBA")).astype(int)
    assert np.abs(few[8:] - picture[8:]).max() <= 8  # of 255
    assert (few[:4, :, 3] == 0).all() and np.abs(few[4:8, :, 3] - 100).max() < 16
