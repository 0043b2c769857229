"""Pictures of feature spaces: groups where they are, distances relative to their mean, scores in their corner."""

import numpy as np
import pandas as pd
import pytest
from studies.probing_figures import flat_map, show_distances, show_groups, show_probe


def test_the_map_keeps_distances_that_lie_in_a_plane():
    generator = np.random.default_rng(0)
    plane = np.linalg.qr(generator.standard_normal((50, 2)))[0]
    points = generator.standard_normal((3, 4, 2))
    drawn = flat_map(points @ plane.T + 5).reshape(-1, 2)
    for shown, true in zip(drawn - drawn[0], points.reshape(-1, 2) - points[0, 0], strict=True):
        assert np.linalg.norm(shown) == pytest.approx(np.linalg.norm(true), abs=1e-6)


def test_at_most_six_groups_are_drawn_in_each_space():
    vectors = np.random.default_rng(0).standard_normal((8, 5, 20))
    plot = show_groups({"a": vectors, "b": vectors[..., :3]})
    assert [len(axes.collections) for axes in plot.axes] == [6, 6]
    assert [axes.get_title(loc="left") for axes in plot.axes] == ["a", "b"]
    assert len(show_groups({"a": vectors[:2]}).axes[0].collections) == 2


def test_distances_are_drawn_in_the_order_of_the_snr():
    snr_db = np.array([[20.0, 10.0, 15.0]])
    line = show_distances({"a": np.array([[1.0, 3.0, 2.0]])}, snr_db).axes[0].lines[0]
    assert line.get_xdata().tolist() == [10, 15, 20]
    np.testing.assert_allclose(line.get_ydata(), [1.5, 1.0, 0.5])


def test_a_space_lies_where_its_scores_say():
    table = pd.DataFrame(
        {"adjusted Rand": [1.0, 0.0], "SNR score": [0.9, -0.1], "low": [0.8, -0.4], "high": [1.0, 0.2]},
        index=["oracle", "noise"],
    )
    plot = show_probe(table)
    points = [line for line in plot.axes[0].lines if line.get_label() in table.index]
    assert [(line.get_xdata()[0], line.get_ydata()[0]) for line in points] == [(1.0, 0.9), (0.0, -0.1)]
    low, high = plot.axes[0].get_ylim()
    assert low < -0.4 and high > 1.0
    assert plot._repr_png_()[0][:4] == b"\x89PNG"
