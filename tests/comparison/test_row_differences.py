"""Rows that two runs predict differently, and what is said of them."""

from __future__ import annotations

import numpy as np
import pytest

from tests.report.comparison.runs import make_pair, make_unequal_pair
from workbench.comparison.predictions import compare
from workbench.comparison.row_differences import list_predicted_means, list_row_differences
from workbench.report.comparison import rows


def test_the_rows_that_differ_most_are_listed_with_their_elpd() -> None:
    fits = make_unequal_pair()
    comparison = compare(fits)
    found = list_row_differences(fits, comparison)
    assert comparison.standings is not None
    best, second = comparison.standings.values()
    assert best.elpd_by_unit is not None
    assert second.elpd_by_unit is not None
    assert len(found) == 10  # every fourth of 40 rows is predicted worse, and no other
    for each in found:
        place = comparison.labels.index(each.label)
        assert (place + 1) % 4 == 0
        assert each.elpd == (best.elpd_by_unit[place], second.elpd_by_unit[place])
        assert each.difference == pytest.approx(1)


def test_what_a_run_predicts_of_a_row_is_that_of_its_replicates() -> None:
    fits = make_unequal_pair()
    found = list_row_differences(fits, compare(fits), most=1)
    predicted = fits["first"].tree["posterior_predictive"]["y_rep"].to_numpy()
    observed = fits["first"].tree["observed_data"]["y"].to_numpy()
    (row,) = found
    place = compare(fits).labels.index(row.label)
    values = predicted[..., place].ravel()
    assert row.observed == observed[place]
    assert row.predictions[0].mean == pytest.approx(values.mean())
    assert (row.predictions[0].lower, row.predictions[0].upper) == pytest.approx(
        tuple(np.quantile(values, [0.05, 0.95]))
    )


def test_runs_that_predict_alike_have_no_such_rows_and_means_without_distance() -> None:
    fits = make_pair()
    comparison = compare(fits)
    assert list_row_differences(fits, comparison) == ()
    (means,) = list_predicted_means(fits, comparison)
    assert means.typical_difference == 0
    section = rows.build_section(fits, comparison)
    assert section is not None
    assert "typically differ by 0 (root mean square)" in rows.describe_means(("a", "b"), means)
