"""Terms know which parameters and data they involve, and what is special about a prior."""

from __future__ import annotations

import pytest

from tests.program.conftest import NAMES, Programs


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("regression")])
def test_every_way_to_write_a_likelihood_involves_the_same(name: str, programs: Programs):
    likelihood = [term for term in programs[name].terms if term.role == "likelihood"]
    assert {"alpha", "sigma"} <= set().union(*(term.parameters for term in likelihood))
    assert all("y" in term.data or "z" in term.data for term in likelihood)
    assert programs[name].untouched_by_likelihood == ()


def test_a_prior_on_a_transformed_scale(programs: Programs):
    (term,) = [term for term in programs["transformed_prior"].terms if term.line == 11]
    assert term.is_transformed
    assert term.outcome == "log(tau)"


def test_a_prior_that_depends_on_outcomes(programs: Programs):
    term = programs["data_dependent_prior"].terms[0]
    assert term.depends_on_data == ("y",)
    assert term.confidence == "inferred"
