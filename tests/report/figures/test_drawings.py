"""Drawings as SVG for any page, and as files."""

from __future__ import annotations

import re
from functools import cache

import matplotlib as mpl
import numpy as np
import pytest
from scipy import stats

from workbench.report import figures
from workbench.report.figures import (
    Drawing,
    EstimateLine,
    ForestEstimate,
    ForestRow,
    GroupEffect,
    KnownDensity,
    Population,
    Ribbon,
    VersionPoint,
    to_svg,
)
from workbench.report.figures.drawing import PAGE_PALETTE, paint
from workbench.report.figures.files import make_file_name

RNG = np.random.default_rng(5)
DRAWS = RNG.normal(size=(4, 100))


@cache
def _paint_all() -> dict[str, str]:
    return {name: to_svg(drawing) for name, drawing in _make_drawings().items()}


def _make_drawings() -> dict[str, Drawing]:
    lines = [EstimateLine("MLE", "diamond", 0.1, -1.0, 1.0), EstimateLine("MAP", "filled", None)]
    marked = np.zeros(DRAWS.shape)
    marked[0, :3] = 1
    return {
        "marginal": figures.draw_marginal(DRAWS, DRAWS[0], lines, [KnownDensity("prior", stats.norm(0, 2))]),
        "trace": figures.draw_trace(DRAWS, marked),
        "ranks": figures.draw_ranks(DRAWS),
        "energy": figures.draw_energy(DRAWS + 50),
        "pair": figures.draw_pair(DRAWS, DRAWS**2, marked),
        "forest": figures.draw_forest(
            [
                ForestRow(
                    "a", {"posterior": ForestEstimate(0.0, (-1, 1), (-0.5, 0.5)), "mle": ForestEstimate(9)}
                )
            ],
            {"posterior": "posterior", "mle": "MLE"},
        ),
        "ribbon": figures.draw_ribbon(_make_ribbon(50), np.arange(50.0)),
        "versions": figures.draw_versions(
            [
                VersionPoint(1, 0.0, -1, 1),
                VersionPoint(2, 0.5),
                VersionPoint(9, 1.0, 0, 2, is_reliable=False),
            ],
            (1, 9),
            {"champion": 9, "<b>& a name that is longer than the room": 1},
            [2],
        ),
        "caterpillar": figures.draw_caterpillar(_make_effects(8), Population(0.0, (-1, 1))),
    }


def _make_ribbon(count: int) -> Ribbon:
    level = np.sin(np.arange(count) / 9)
    return Ribbon(
        np.arange(float(count)), level, np.array([level - 2, level + 2]), np.array([level - 1, level + 1])
    )


def _make_effects(count: int) -> list[GroupEffect]:
    return [
        GroupEffect(f"group {place}", place, (place - 2, place + 2), (place - 1, place + 1), place + 1)
        for place in range(count)
    ]


@pytest.mark.parametrize("name", list(_paint_all()))
def test_colours_typeface_and_size_come_from_the_page(name):
    page = _paint_all()[name]
    assert page.startswith("<svg ")
    assert "var(--figure-" in page
    assert "#0102" not in page
    assert "<style" not in page
    assert "font-family" not in page
    assert not re.search(r'<svg [^>]*\b(?:width|height)="', page)


def test_the_same_drawing_gives_the_same_svg():
    first = _paint_all()
    _paint_all.cache_clear()
    assert first == _paint_all()


def test_settings_of_the_user_change_nothing():
    expected = _paint_all()["ranks"]
    with mpl.rc_context(
        {"axes.facecolor": "red", "lines.linewidth": 9.0, "svg.fonttype": "path", "font.size": 30.0}
    ):
        assert to_svg(figures.draw_ranks(DRAWS)) == expected


def test_surplus_digits_are_removed_from_paths_and_kept_in_labels():
    drawing = to_svg(figures.draw_marginal(1e-3 * DRAWS, None, [EstimateLine("MAP", "filled", 0.0)]))
    labels = _find_texts(drawing)
    assert any(re.fullmatch(r"−?0\.00\d+", label) for label in labels)
    assert not any(re.search(r"\.\d{3}", path) for path in re.findall(r' d="([^"]*)"', drawing))


def test_a_value_beyond_the_axis_becomes_an_arrow():
    near = to_svg(figures.draw_marginal(DRAWS, None, [EstimateLine("MLE", "filled", 0.5)]))
    far = to_svg(figures.draw_marginal(DRAWS, None, [EstimateLine("MLE", "filled", 500.0)]))
    assert near != far
    assert "500" not in far


def test_constant_draws_of_the_approximation_are_left_out():
    with_spike = to_svg(figures.draw_marginal(DRAWS, np.full(50, 0.2), [EstimateLine("MAP", "filled", 0.0)]))
    assert with_spike == to_svg(figures.draw_marginal(DRAWS, None, [EstimateLine("MAP", "filled", 0.0)]))


def test_a_prior_truncated_at_a_bound_is_normalised():
    half = [KnownDensity("prior", stats.norm(0, 1), truncation=0.5)]
    whole = [KnownDensity("prior", stats.halfnorm(0, 1))]
    positive = np.abs(DRAWS)
    assert to_svg(figures.draw_marginal(positive, None, [], half)) == to_svg(
        figures.draw_marginal(positive, None, [], whole)
    )


def _find_texts(drawn: str) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]*)</text>", drawn)


def test_curves_have_their_names_beside_them():
    assert {"posterior", "Laplace", "prior"} <= set(_find_texts(_paint_all()["marginal"]))
    assert {"energy", "its changes"} <= set(_find_texts(_paint_all()["energy"]))


def test_names_of_versions_stand_above_them_and_long_ones_are_cut():
    texts = _find_texts(_paint_all()["versions"])
    assert "champion" in [text.strip() for text in texts]
    assert "&lt;b&gt;&amp; a name that …" in [text.strip() for text in texts]
    assert "version" in texts


@pytest.mark.parametrize("text", ["../../etc/passwd", "a/b\\c", "<script>", "", "\u202egnp", "x" * 500, "."])
def test_file_names_stay_in_their_folder(text):
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]{0,79}", make_file_name(text))


def test_drawings_are_written_with_their_titles(tmp_path):
    drawings = [(f"{name} β", f"{name} β", drawing) for name, drawing in _make_drawings().items()]
    written = figures.write_drawings([*drawings, drawings[0]], tmp_path / "new")
    assert len({path.name for path in written}) == 2 * (len(drawings) + 1)
    for path in written:
        content = path.read_bytes()
        assert content.startswith(b"\x89PNG" if path.suffix == ".png" else b"<svg ")
        assert b"var(" not in content
    assert "trace β" in (tmp_path / "new" / "trace-u3b2.svg").read_text(encoding="utf-8")


def test_a_title_in_a_script_that_the_typeface_lacks_is_written_without_a_warning(tmp_path):
    written = figures.write_drawings(
        [("\u5e74", "\u5e74$x_ \U0001f4c8 " + "y" * 300, figures.draw_ranks(DRAWS))], tmp_path
    )
    assert [path.exists() for path in written] == [True, True]


def test_a_scale_has_an_axis_of_powers():
    scale = np.exp(3 * DRAWS)
    powers = {"0.001", "0.1"}
    assert powers <= set(_find_texts(to_svg(figures.draw_pair(DRAWS, scale, 0 * DRAWS, is_y_log=True))))
    assert not powers & set(_find_texts(to_svg(figures.draw_pair(DRAWS, scale, 0 * DRAWS))))


def test_few_decades_have_marks_between_the_powers():
    texts = _find_texts(to_svg(figures.draw_pair(np.exp(0.3 * DRAWS), DRAWS, 0 * DRAWS, is_x_log=True)))
    assert {"0.5", "1", "2"} <= set(texts)


def test_a_long_sequence_stays_small_and_keeps_its_extremes():
    ribbon = _make_ribbon(20_000)
    ribbon.median[7] = 40.0
    drawing = to_svg(figures.draw_ribbon(ribbon, ribbon.median))
    assert len(drawing) < 150_000
    assert "40" in _find_texts(drawing)


def test_of_many_groups_some_are_drawn_and_two_have_labels():
    few, many = (to_svg(figures.draw_caterpillar(_make_effects(count), None)) for count in (30, 1000))
    assert "group 29" in _find_texts(few)
    assert sum("group" in text for text in _find_texts(many)) == 2
    assert len(many) < 60_000


def test_of_many_groups_the_largest_and_the_smallest_are_named():
    effects = [GroupEffect(f"county {n}", float(n), (n - 1, n + 1), (n - 0.5, n + 0.5)) for n in range(85)]
    with paint(figures.draw_caterpillar(effects, None), PAGE_PALETTE) as figure:
        (axes,) = figure.axes
        named = {label.get_text(): label.get_position()[1] for label in axes.get_yticklabels()}
    assert named == {"county 84": 0, "county 0": -84}


@pytest.mark.parametrize(("scale", "has_power"), [(1e-5, True), (1.0, False)])
def test_a_power_of_ten_above_a_trace_is_inside_the_drawing(scale, has_power):
    draws = scale * (1 + np.random.default_rng(1).random((2, 50)))
    drawing = figures.draw_trace(draws, None)
    with paint(drawing, PAGE_PALETTE) as figure:
        figure.canvas.draw()
        power = figure.axes[0].yaxis.get_offset_text()
        assert bool(power.get_text()) == has_power
        if has_power:
            assert power.get_window_extent().y1 <= figure.bbox.y1


def test_ticks_of_a_study_are_the_values():
    points = [figures.SweepPoint(value, 0.0, -1.0, 1.0, True) for value in (0.125, 0.5, 1.25)]
    with paint(figures.draw_sweep(points, figures.SweepReferences(), is_log=True), PAGE_PALETTE) as figure:
        assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == ["0.125", "0.5", "1.25"]
