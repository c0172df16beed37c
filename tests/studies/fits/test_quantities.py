"""Which quantities a study reports."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from workbench.errors import RequestError
from workbench.studies.fits.quantities import MAX_DERIVED_ELEMENTS, choose_quantities
from workbench.studies.plan.decision import parse_decision
from workbench.studies.plan.plan import Plan

PROGRAM: Any = SimpleNamespace(parameters=(SimpleNamespace(name="beta"),))
DRAWS = {name: np.zeros((1, 1)) for name in ("beta[1]", "beta[2]")}
LONG = {f"y_rep[{place}]": np.zeros((1, 1)) for place in range(1, MAX_DERIVED_ELEMENTS + 2)}
LABELS = {"beta[age]": "beta[2]"}


def test_parameters_and_short_derived_variables_are_reported():
    draws = {**DRAWS, **LONG, "total": np.zeros((1, 1)), "broken": np.full((1, 1), np.inf)}
    assert choose_quantities(Plan(), PROGRAM, draws, LABELS) == ["beta[1]", "beta[2]", "total"]


@pytest.mark.parametrize(
    ("requested", "names"),
    [("beta", ["beta[1]", "beta[2]"]), ("beta[age]", ["beta[2]"]), ("beta[1]", ["beta[1]"])],
)
def test_quantities_are_requested_by_variable_element_or_label(requested, names):
    assert choose_quantities(Plan(parameters=(requested,)), PROGRAM, DRAWS, LABELS) == names


def test_quantities_of_decisions_are_reported_too():
    plan = Plan(parameters=("beta[1]",), decisions=(parse_decision("mean(beta[age])>0", 0.95, LABELS),))
    assert choose_quantities(plan, PROGRAM, DRAWS, LABELS) == ["beta[1]", "beta[2]"]


def test_a_decision_needs_a_single_number():
    plan = Plan(decisions=(parse_decision("mean(beta)>0"),))
    with pytest.raises(RequestError, match="about single numbers, and `beta` holds 2") as refused:
        choose_quantities(plan, PROGRAM, DRAWS, {})
    assert refused.value.hint == "name one of them, such as `beta[1]`"


def test_an_unknown_quantity_is_refused():
    with pytest.raises(RequestError, match="`gamma` is not a quantity of this fit; it has `beta`"):
        choose_quantities(Plan(parameters=("gamma",)), PROGRAM, DRAWS, {})
