"""Posteriors side by side: the largest difference first, in posterior SDs of the first run."""

import pytest
import xarray as xr

from tests.report.comparison.runs import make_pair
from tests.report.simulated import simulate_fit
from workbench.report.comparison import estimates
from workbench.report.document import TableBlock, Tone
from workbench.results import Fit


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


def test_coefficients_are_compared_by_predictor_and_not_by_place():
    def make_run(*means):
        estimates = {
            f"beta[{place}]": {"label": f"beta[{label}]", "mean": mean, "sd": 1.0}
            for place, (label, mean) in enumerate(means, start=1)
        }
        return Fit({"nuts": {"status": "ok", "estimates": estimates}}, xr.DataTree()).results

    first, other = make_run(("hs", 5.0), ("iq", 1.0)), make_run(("iq", 1.5), ("age", 9.0))
    assert estimates.measure_difference(first, other, "beta[2]") == pytest.approx(0.5)
    assert estimates.measure_difference(first, other, "beta[1]") is None
    assert estimates.rank_by_difference([first, other]) == ["beta[2]"]
    plain = make_run(("1", 4.0), ("2", 1.0))
    assert estimates.measure_difference(plain, other, "beta[2]") == pytest.approx(8)


def test_equal_posteriors_agree():
    assert describe({"first": simulate_fit(), "second": simulate_fit()}).startswith("The posteriors agree")


def test_the_difference_is_in_sds_of_the_first_run():
    first, second = (fit.results for fit in make_pair().values())
    assert estimates.measure_difference(first, second, "tau") == pytest.approx(2)
    assert estimates.measure_difference(first, second, "unknown") is None
