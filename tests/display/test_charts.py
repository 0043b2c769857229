"""Charts of the lessons and the table of findings: they draw what they are given, and fit into a notebook."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb

from speechlab.audio.io import write_audio
from speechlab.audio.mel import mel_filters
from speechlab.config import AudioSpec
from speechlab.data.report import Finding
from speechlab.display.charts import show_filters, show_histograms, show_points, show_score_maps, show_stages
from speechlab.display.diagrams import FILL, INK_ON_FILL, show_diagram
from speechlab.display.figures import INK
from speechlab.display.findings import show_findings
from speechlab.display.player import player

SPEC = AudioSpec()


def axes_of(plot):
    return plot.axes[0]


def test_histograms_are_shares_with_medians():
    axes = axes_of(show_histograms({"few": [1, 2, 3], "many": list(range(100))}, "ms"))
    heights = [sum(patch.get_height() for patch in container) for container in axes.containers]
    assert np.allclose(heights, 100)
    assert axes.get_xlabel() == "ms"


def test_the_other_charts_draw():
    assert axes_of(show_points([1, 2], [1, 3], "true, ms", "found, ms")).get_ylabel() == "found, ms"
    assert len(axes_of(show_filters(mel_filters(SPEC), SPEC)).lines) == SPEC.n_mels // 4
    assert len(axes_of(show_stages([("mel", 80, 86.1), ("out", 1, 22_050.0)])).patches) >= 2
    maps = {"period 2": (np.ones((1, 1, 30, 2)), np.zeros((1, 1, 30, 2))), "scale 1": (np.ones((1, 1, 9)),) * 2}
    assert show_score_maps(maps, SPEC, 8192)._repr_png_()[0][:4] == b"\x89PNG"


def test_a_diagram_has_a_box_for_each_part_and_fills_those_with_weights():
    arrows = [("in", "up", "1 x T"), ("in", "out", ""), ("up", "out", "9 x T")]
    plot = show_diagram({"in": (0, 0.5), "up": (1, 0), "out": (2, 0.5)}, arrows, learned=["up"])
    filled = [box.get_facecolor()[3] > 0 for box in axes_of(plot).patches if type(box).__name__ == "FancyBboxPatch"]
    assert filled == [False, True, False] and plot._repr_png_()[0][:4] == b"\x89PNG"


def contrast(one, other):
    """Ratio of two colours by WCAG 2.1, from 1 to 21."""

    def luminance(colour):
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
        return np.dot(linear, (0.2126, 0.7152, 0.0722))

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize(("ink", "ground"), [(INK, "white"), (INK, "black"), (INK_ON_FILL, FILL)])
def test_ink_is_readable_on_light_and_dark_pages(ink, ground):
    assert contrast(ink, ground) >= 4.5


def test_a_finding_can_be_heard_and_a_broken_file_does_no_harm(tmp_path):
    write_audio(tmp_path / "good.wav", np.sin(np.arange(22_050) / 20).astype(np.float32) / 2, 22_050)
    rows = [
        Finding("good", "clipping", 9, "samples", "too <loud>", 0.2, 0.4, "a text", str(tmp_path / "good.wav")),
        Finding("lost", "unreadable", 1, "", "gone", 0.0, np.nan, "", str(tmp_path / "lost.wav")),
    ]
    markup = show_findings(pd.DataFrame(rows)).markup
    assert markup.count("<audio") == 1 and "too &lt;loud&gt;" in markup


def test_a_player_is_stored_once_in_a_notebook():
    from speechlab.audio.io import Audio

    html = player(Audio(np.zeros(2205, np.float32), 22_050))
    assert len(repr(html)) < 60
