"""What a run's record says against new rows, before its draws are read."""

import pandas as pd
import pytest

from workbench import tables
from workbench.errors import BindingError, RequestError
from workbench.prediction.new_rows import check_new_rows
from workbench.results.view import Results
from workbench.results.view.description import DataDescription, ModelDescription, OutcomeDescription

RULES = {
    "words": [],
    "variables": {"X": ["age", "when:days"], "u": ["size"], "y": ["out"]},
    "columns": {},
    "groups": {},
    "given": {},
    "by_group": {"u": [1.0]},
    "standardized": {},
    "row_names": "",
}
"""How the table of a fit was bound: `u` is of groups, and `y` the outcome."""


SERIES = "model { for (t in 2 : N) { y[t] ~ normal(b * y[t - 1], 1); } } // the end"
"""A program whose outcome is stated given earlier values of itself."""


def make_record(rules=RULES, source="", **outcome):
    model = ModelDescription(source=source, outcomes=(OutcomeDescription(name="y", **outcome),))
    return Results(data=DataDescription(rules=rules), model=model)


def make_table(**columns):
    return tables.from_frame(pd.DataFrame(columns))


def test_columns_that_the_fit_used_are_needed_but_for_outcomes_and_groups():
    check_new_rows(make_record(), make_table(age=[1], when=["2024-01-01"]))
    with pytest.raises(BindingError, match="has no column `when:days`, which the fit used; its columns are"):
        check_new_rows(make_record(), make_table(age=[1], size=[2]))
    with pytest.raises(BindingError, match="has no columns `age`, `when:days`"):
        check_new_rows(make_record(), make_table(a=[1]), in_order=True)


def test_an_outcome_given_earlier_ones_is_forecast_and_not_predicted_row_by_row():
    record, table = make_record(source=SERIES, conditional=True), make_table(age=[1], when=["2024-01-01"])
    check_new_rows(record, table, in_order=True)
    check_new_rows(record, None, in_order=True)
    with pytest.raises(RequestError, match="`y` cannot be predicted row by row") as raised:
        check_new_rows(record, table)
    assert "`predict` with --horizon H" in str(raised.value.hint)


@pytest.mark.parametrize(
    "source",
    [
        "model { y ~ normal(mean(y) + b * x, 1); }",
        "transformed data { for (t in 2:N) { d[t] = y[t] - y[t - 1]; } } model { y ~ normal(sd(d) * b, 1); }",
        "model { y ~ normal(b * x, 1); } generated quantities { for (t in 2:N) z[t] = y[t - 1]; }",
        "model { // for (t in 2:N) y[t - 1]\n y ~ normal(mean(y), 1); }",
    ],
)
def test_what_may_be_given_statistics_of_an_outcome_alone_is_not_refused_by_the_record(source):
    check_new_rows(make_record(source=source, conditional=True), make_table(age=[1], when=["2024-01-01"]))


def test_a_run_of_stans_own_data_binds_no_table():
    with pytest.raises(RequestError, match="Stan's own data"):
        check_new_rows(make_record({}), make_table(a=[1]))
