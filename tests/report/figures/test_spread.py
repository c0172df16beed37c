"""Bars of a histogram of whole numbers, and of values most of which are the same."""

import numpy as np
import pytest

from workbench.report.figures.spread import choose_edges


def test_whole_numbers_that_are_mostly_zero_have_a_bar_each():
    values = np.array([0.0] * 950 + [1.0] * 40 + [3.0] * 10)
    counts, _ = np.histogram(values, choose_edges(values))
    assert counts.tolist() == [950, 40, 0, 10]


@pytest.mark.parametrize("rate", [3, 30, 3000])
def test_each_bar_holds_as_many_whole_numbers(rate):
    values = np.random.default_rng(1).poisson(rate, 1000).astype(float)
    edges = choose_edges(values)
    widths = np.diff(edges)
    assert np.array_equal(widths, np.full(len(widths), widths[0]))
    assert widths[0] == int(widths[0])
    assert (edges[0], len(widths) <= 40) == (values.min() - 0.5, True)
    assert np.histogram(values, edges)[0].sum() == 1000


def test_shares_that_are_mostly_the_same_are_not_one_bar():
    values = np.array([0.0] * 900 + [0.25] * 60 + [0.8] * 40)
    counts, _ = np.histogram(values, choose_edges(values))
    assert counts[0] == 900
    assert len(counts) > 5


def test_other_numbers_have_the_bars_of_freedman_and_diaconis():
    values = np.random.default_rng(1).normal(size=300)
    assert choose_edges(values) == pytest.approx(np.histogram_bin_edges(values, bins="fd"))
