"""The picture of a detector: numbers on its axis, marks where they belong."""

import numpy as np

from workbench.report import figures


def test_the_picture_has_plain_numbers_and_every_line():
    curve = figures.DetectorCurve([1, 2, 3, 5], np.log([0.5, 3.0, 30.0, 4000.0]))
    marks = figures.DetectorMarks((1, 5), suppressed=[4], acknowledged=[2], onset=3)
    drawing = figures.draw_detector([curve], {"outcomes": [curve], "predictors": [curve]}, 1000.0, marks)
    svg = figures.to_svg(drawing)
    assert "mathdefault" not in svg
    for text in ("threshold", "outcomes", "predictors", "together", "1,000", "batch"):
        assert text in svg
    endless = figures.DetectorCurve([1], np.array([5000.0]))
    assert "<svg" in figures.to_svg(figures.draw_detector([endless], {}, 1e3, figures.DetectorMarks((1, 1))))


def test_transforms_are_drawn_where_there_are_any():
    marks = figures.DetectorMarks((1, 3))
    assert "<svg" in figures.to_svg(figures.draw_transforms([1, 2, 3], np.array([0.5, np.nan, 0.999]), marks))


def test_moves_are_drawn_with_what_is_usual_by_chance():
    moves = [
        figures.MovedPosterior("beta", 3.8, 0.8, 0.6),
        figures.MovedPosterior("sigma" * 9, 0.1, 1.1, 0.3),
    ]
    svg = figures.to_svg(figures.draw_moves(moves))
    for text in ("beta", "before", "after", "by chance", "posterior SDs before", "…"):
        assert text in svg
