"""Drawings: right for any page they are put into."""

from __future__ import annotations

import re
from functools import cache

import matplotlib as mpl
import numpy as np
import pytest

from workbench.report import figures
from workbench.report.figures import Estimate

RNG = np.random.default_rng(5)
DRAWS = RNG.normal(size=(4, 100))


@cache
def _all() -> dict[str, str]:
    lines = [Estimate("MLE", "diamond", 0.1, -1.0, 1.0), Estimate("MAP", "filled", None)]
    marked = np.zeros(DRAWS.shape)
    marked[0, :3] = 1
    return {
        "marginal": figures.marginal(DRAWS, DRAWS[0], lines),
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
        assert figures.ranks(DRAWS) == usual


def test_digits_are_cut_from_paths_and_never_from_labels():
    svg = figures.marginal(1e-3 * DRAWS, None, [Estimate("MAP", "filled", 0.0)])
    labels = re.findall(r"<text[^>]*>([^<]*)</text>", svg)
    assert any(re.fullmatch(r"−?0\.00\d+", label) for label in labels)
    assert not any(re.search(r"\.\d{3}", path) for path in re.findall(r' d="([^"]*)"', svg))


def test_a_value_beyond_the_axis_becomes_an_arrow():
    near = figures.marginal(DRAWS, None, [Estimate("MLE", "filled", 0.5)])
    far = figures.marginal(DRAWS, None, [Estimate("MLE", "filled", 500.0)])
    assert near != far
    assert "500" not in far


def test_constant_draws_of_the_approximation_are_left_out():
    with_spike = figures.marginal(DRAWS, np.full(50, 0.2), [Estimate("MAP", "filled", 0.0)])
    assert with_spike == figures.marginal(DRAWS, None, [Estimate("MAP", "filled", 0.0)])
