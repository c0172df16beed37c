"""Posteriors side by side: the largest difference first, in posterior SDs of the first run."""

import pytest

from tests.report.comparison.runs import make_pair
from tests.report.simulated import simulate_fit
from workbench.report.comparison import estimates
from workbench.report.document import TableBlock, Tone


def describe(fits):
    return estimates.describe({name: fit.results for name, fit in fits.items()})


def test_the_quantity_that_differs_most_comes_first():
    fits = make_pair()
    table = next(block for block in estimates.build_section(fits).blocks if isinstance(block, TableBlock))
    assert table.rows[0][0].text == "tau"
    assert table.rows[0][-1].text == "2.00"
    assert table.rows[0][-1].tone is Tone.CAUTION
    assert all(row[-1].tone is None for row in table.rows[1:])


def test_a_large_difference_is_described_with_its_quantity():
    sentence = describe(make_pair())
    assert "1 quantity" in sentence
    assert "2.00, for `tau`" in sentence


def test_equal_posteriors_agree():
    assert describe({"first": simulate_fit(), "second": simulate_fit()}).startswith("The posteriors agree")


def test_the_difference_is_in_sds_of_the_first_run():
    first, second = (fit.results for fit in make_pair().values())
    assert estimates.measure_difference(first, second, "tau") == pytest.approx(2)
    assert estimates.measure_difference(first, second, "unknown") is None
