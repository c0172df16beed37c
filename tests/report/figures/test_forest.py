"""The drawing of a forest plot: panels of comparable scale, arrows, labels that fit."""

from __future__ import annotations

import re

import numpy as np
import pytest

from workbench.report import figures
from workbench.report.figures import ForestEstimate, ForestRow, to_svg
from workbench.report.figures.drawing import PAGE_PALETTE, paint
from workbench.report.figures.forest import ForestMethod
from workbench.report.figures.labels import clean_label, fit_labels


def _make_row(label: str, low: float, high: float, **others: float) -> ForestRow:
    posterior = ForestEstimate((low + high) / 2, (low, high))
    points = {method: ForestEstimate(value) for method, value in others.items()}
    return ForestRow(label, {"posterior": posterior, **points})  # type: ignore[dict-item]


def test_no_interval_is_a_dot_in_its_panel():
    rows = [
        _make_row("a", 0, 1),
        _make_row("b", 0, 100),
        _make_row("c", 0.5, 2),
        _make_row("d", 1000, 1000.1),
    ]
    panels = figures.split_by_scale(rows)
    assert [[row.label for row in panel] for panel in panels] == [["a", "c"], ["b"], ["d"]]
    for panel in panels:
        ends = [row.extent for row in panel if row.extent]
        width = max(high for _, high in ends) - min(low for low, _ in ends)
        assert all(high - low >= 0.08 * width for low, high in ends)


def test_a_far_estimate_is_an_arrow_and_does_not_widen_the_scale():
    near, far = [_make_row("a", 0, 1, map=1.2)], [_make_row("a", 0, 1, map=500.0)]
    assert not figures.has_arrows(near)
    assert figures.has_arrows(far)
    assert "500" not in " ".join(_list_texts(far))


def test_a_quantity_without_estimates_is_left_out():
    texts = _list_texts([ForestRow("empty", {}), _make_row("a", 0, 1)])
    assert "a" in texts
    assert "empty" not in texts


@pytest.mark.parametrize("value", [0.0, 1e-12, 1e12, -3.0])
def test_points_alone_can_be_drawn(value):
    row = ForestRow("a", {"map": ForestEstimate(value)})
    assert to_svg(figures.draw_forest([row], {"map": "MAP"})).startswith("<svg ")


def test_names_do_not_act_on_the_page():
    texts = to_svg(figures.draw_forest([_make_row("<b>$x$\u202e", 0, 1)], {"posterior": "posterior"}))
    assert "<b>" not in texts
    assert "\u202e" not in texts
    assert "&lt;b&gt;$x$" in texts


@pytest.mark.parametrize("label", ["x", "x" * 28, "質" * 28])
def test_labels_fit_into_their_place(label):
    share, size = fit_labels([label], 4.6)
    wide = 1.8 if label[0] == "質" else 1.0
    assert share <= 0.42
    assert 6.0 <= size <= 8.5
    assert len(clean_label(2 * label)) <= 28
    assert wide * len(label) * 0.068 * size / 9.0 <= 4.6 * share or size == 6.0


def test_a_row_is_as_high_as_its_estimates_and_its_label_is_in_their_middle():
    many = _make_row("many", 0, 1, map=0.4, map_unconstrained=0.6)
    titles: dict[ForestMethod, str] = {
        "posterior": "posterior",
        "map": "MAP",
        "map_unconstrained": "MAP, unc.",
    }
    drawing = figures.draw_forest([many, _make_row("one", 0, 1), _make_row("two", 0, 1, map=0.5)], titles)
    with paint(drawing, PAGE_PALETTE) as figure:
        (axes,) = figure.axes
        ends = np.concatenate([np.asarray(line.get_xydata(), dtype=float) for line in axes.lines])
        points = {float(y) for x, y in ends if 0.3 < x < 0.7}
        ticks = list(axes.get_yticks())
    lanes = sorted(points, reverse=True)
    groups = [lanes[:3], lanes[3:4], lanes[4:]]
    assert [len(group) for group in groups] == [3, 1, 2]
    middles = [sum(group) / len(group) for group in groups]
    assert ticks == pytest.approx(middles)
    gaps = [groups[0][-1] - groups[1][0], groups[1][-1] - groups[2][0]]
    assert gaps[0] == pytest.approx(gaps[1])
    assert drawing.size[1] < figures.draw_forest([many] * 3, titles).size[1]


def _list_texts(rows: list[ForestRow]) -> list[str]:
    return re.findall(
        r"<text[^>]*>([^<]*)</text>",
        to_svg(figures.draw_forest(rows, {"posterior": "posterior", "map": "MAP"})),
    )
