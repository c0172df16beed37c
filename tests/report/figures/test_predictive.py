"""Predictive drawings: their numbers are what the drawings claim to show."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.report import figures
from workbench.report.figures import to_svg
from workbench.report.figures.reliability import calibrate, simulate_consistency_band
from workbench.report.figures.rootogram import choose_bin_edges

RNG = np.random.default_rng(8)


def test_uniform_transforms_stay_in_their_band_and_others_leave_it():
    assert figures.is_within_band(RNG.uniform(size=300))
    assert not figures.is_within_band(RNG.beta(0.4, 0.4, size=300))
    assert not figures.is_within_band(RNG.beta(3, 1, size=5000))


def test_isotonic_fit_equals_that_of_scikit_learn():
    isotonic = pytest.importorskip("sklearn.isotonic")
    probability = np.round(RNG.uniform(size=200), 2)
    observed = (RNG.uniform(size=200) < probability**2).astype(float)
    predicted, fitted = calibrate(observed, probability)
    expected = isotonic.IsotonicRegression().fit(probability, observed).predict(predicted)
    np.testing.assert_allclose(fitted, expected)


def test_consistency_band_contains_the_diagonal_and_narrows_with_more_rows():
    few, many = np.linspace(0.05, 0.95, 50), np.linspace(0.05, 0.95, 2000)
    widths = []
    for probability in (few, many):
        low, high = simulate_consistency_band(probability)
        assert ((low <= probability) & (probability <= high)).mean() > 0.9
        widths.append(float((high - low).mean()))
    assert widths[1] < 0.5 * widths[0]


def test_bins_of_counts_contain_every_count():
    observed, replicated = np.array([0.0, 3, 900]), RNG.poisson(4, (50, 3)).astype(float)
    edges = choose_bin_edges(observed, replicated)
    assert len(edges) < 60
    assert np.histogram(observed, edges)[0].sum() == 3
    assert np.histogram(replicated, edges)[0].sum() == replicated.size


@pytest.mark.parametrize("rows", [1, 2, 3, 50])
@pytest.mark.parametrize("spread", [0, 1])
def test_small_and_constant_data_can_be_drawn(rows, spread):
    observed = spread * RNG.integers(0, 2, rows).astype(float)
    replicated = spread * RNG.integers(0, 2, (40, rows)).astype(float)
    for drawing in (
        figures.draw_overlay(observed, replicated),
        figures.draw_pit(np.linspace(0, spread, rows)),
        figures.draw_rootogram(observed, replicated),
        figures.draw_reliability(observed, replicated.mean(axis=0)),
        figures.draw_bars(observed, replicated),
        figures.draw_khat(np.linspace(0, 1, rows), 0.7),
    ):
        assert to_svg(drawing).startswith("<svg ")


@pytest.mark.parametrize("khat", [[np.nan, 0.3, np.inf, -np.inf], [np.nan, np.nan]])
def test_khat_that_is_not_finite_is_left_out(khat):
    assert to_svg(figures.draw_khat(np.array(khat), 0.7)).startswith("<svg ")
