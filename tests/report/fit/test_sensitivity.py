"""Prior sensitivity: the most sensitive first, and components whose weights are not reliable."""

from __future__ import annotations

from tests.report.documents import changed_fit, find_table, list_notices, list_text
from tests.report.simulated import simulate_fit
from workbench.report.document import Tone
from workbench.report.fit.sensitivity import build_section


def find_sensitivities(fit):
    return find_table(build_section(fit.results), "sensitivity-table")


def test_the_most_sensitive_quantity_comes_first_and_stands_out():
    table = find_table(build_section(simulate_fit().results), "sensitivity-table")
    assert list_text(table.rows[0])[:3] == ["tau", "0.180", "0.020"]
    assert table.rows[0][1].tone is Tone.CAUTION
    assert table.rows[0][-1].text == "strong prior / weak likelihood"
    assert "`mu ~ normal(0, 5)`" in [column.title for column in table.columns]


def test_the_weight_of_the_prior_has_columns_where_it_is_known():
    assert "in rows" not in [column.title for column in find_sensitivities(changed_fit()).columns]
    fit = changed_fit()
    fit.record["power_scaling"]["parameters"]["tau"] |= {"prior_weight": 2.5, "prior_rows": 20.0}
    table = find_sensitivities(fit)
    assert [column.title for column in table.columns][-3:] == ["relative", "in rows", "Diagnosis"]
    assert list_text(table.rows[0])[-3:-1] == ["2.500", "20"]
    assert table.rows[0][-3].tone is Tone.CAUTION
    assert list_text(table.rows[1])[-3:-1] == ["–", "–"]


def test_without_a_likelihood_there_is_no_table():
    fit = changed_fit()
    fit.record["model"]["terms"] = [{"role": "prior"}]
    expected = ["The program has no likelihood: its posterior is the prior."]
    assert list(list_notices(build_section(fit.results))) == expected


def test_unreliable_weights_are_said_to_be():
    fit = changed_fit()
    fit.record["power_scaling"]["khat"]["prior"] = 0.9
    (notice,) = list_notices(build_section(fit.results))
    assert "not reliable for the prior (0.90)" in notice


def test_refits_are_named_with_their_powers():
    fit = changed_fit()
    fit.record["power_scaling"] |= {"how": {"prior": "refit"}, "powers": {"prior": [0.8, 1.25]}}  # type: ignore[index]
    (notice,) = list_notices(build_section(fit.results))
    assert notice.startswith("The prior was fitted again at the powers 0.8 and 1.25")
