"""Drawings: right for any page they are put into."""

from __future__ import annotations

import re
from functools import cache

import matplotlib as mpl
import numpy as np
import pytest
from scipy import stats

from workbench.report import figures
from workbench.report.figures import Drawing, Estimate, Known, svg
from workbench.report.figures.files import file_name

RNG = np.random.default_rng(5)
DRAWS = RNG.normal(size=(4, 100))


@cache
def _all() -> dict[str, str]:
    return {name: svg(drawing) for name, drawing in _drawings().items()}


def _drawings() -> dict[str, Drawing]:
    lines = [Estimate("MLE", "diamond", 0.1, -1.0, 1.0), Estimate("MAP", "filled", None)]
    marked = np.zeros(DRAWS.shape)
    marked[0, :3] = 1
    return {
        "marginal": figures.marginal(DRAWS, DRAWS[0], lines, [Known("prior", stats.norm(0, 2))]),
        "trace": figures.trace(DRAWS, marked),
        "ranks": figures.ranks(DRAWS),
        "energy": figures.energy(DRAWS + 50),
        "pair": figures.pair(DRAWS, DRAWS**2, marked),
    }


@pytest.mark.parametrize("name", list(_all()))
def test_takes_colours_typeface_and_size_from_the_page(name):
    svg = _all()[name]
    assert svg.startswith("<svg ")
    assert "var(--figure-" in svg
    assert "#0102" not in svg
    assert "<style" not in svg
    assert "font-family" not in svg
    assert not re.search(r'<svg [^>]*\b(?:width|height)="', svg)


def test_is_the_same_each_time():
    first = _all()
    _all.cache_clear()
    assert first == _all()


def test_settings_of_the_user_change_nothing():
    usual = _all()["ranks"]
    with mpl.rc_context(
        {"axes.facecolor": "red", "lines.linewidth": 9.0, "svg.fonttype": "path", "font.size": 30.0}
    ):
        assert svg(figures.ranks(DRAWS)) == usual


def test_digits_are_cut_from_paths_and_never_from_labels():
    drawn = svg(figures.marginal(1e-3 * DRAWS, None, [Estimate("MAP", "filled", 0.0)]))
    labels = re.findall(r"<text[^>]*>([^<]*)</text>", drawn)
    assert any(re.fullmatch(r"−?0\.00\d+", label) for label in labels)
    assert not any(re.search(r"\.\d{3}", path) for path in re.findall(r' d="([^"]*)"', drawn))


def test_a_value_beyond_the_axis_becomes_an_arrow():
    near = svg(figures.marginal(DRAWS, None, [Estimate("MLE", "filled", 0.5)]))
    far = svg(figures.marginal(DRAWS, None, [Estimate("MLE", "filled", 500.0)]))
    assert near != far
    assert "500" not in far


def test_constant_draws_of_the_approximation_are_left_out():
    with_spike = svg(figures.marginal(DRAWS, np.full(50, 0.2), [Estimate("MAP", "filled", 0.0)]))
    assert with_spike == svg(figures.marginal(DRAWS, None, [Estimate("MAP", "filled", 0.0)]))


def test_a_prior_cut_off_at_a_bound_is_drawn_as_high_as_its_mass_asks():
    half = [Known("prior", stats.norm(0, 1), truncation=0.5)]
    whole = [Known("prior", stats.halfnorm(0, 1))]
    positive = np.abs(DRAWS)
    assert svg(figures.marginal(positive, None, [], half)) == svg(figures.marginal(positive, None, [], whole))


def _texts(drawn: str) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]*)</text>", drawn)


def test_curves_carry_their_names():
    assert {"posterior", "Laplace", "prior"} <= set(_texts(_all()["marginal"]))
    assert {"energy", "its changes"} <= set(_texts(_all()["energy"]))


@pytest.mark.parametrize("text", ["../../etc/passwd", "a/b\\c", "<script>", "", "\u202egnp", "x" * 500, "."])
def test_file_names_stay_in_their_folder(text):
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]{0,79}", file_name(text))


def test_pictures_become_files_with_their_titles(tmp_path):
    drawings = [(f"{name} β", f"{name} β", drawing) for name, drawing in _drawings().items()]
    written = figures.write([*drawings, drawings[0]], tmp_path / "new")
    assert len({path.name for path in written}) == 2 * (len(drawings) + 1)
    for path in written:
        content = path.read_bytes()
        assert content.startswith(b"\x89PNG" if path.suffix == ".png" else b"<svg ")
        assert b"var(" not in content
    assert "trace β" in (tmp_path / "new" / "trace-u3b2.svg").read_text(encoding="utf-8")


def test_a_title_no_typeface_has_is_no_warning(tmp_path):
    written = figures.write([("\u5e74", "\u5e74$x_ \U0001f4c8 " + "y" * 300, figures.ranks(DRAWS))], tmp_path)
    assert [path.exists() for path in written] == [True, True]
