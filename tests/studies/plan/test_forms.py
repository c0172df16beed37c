"""Other forms of priors: what is accepted, and what becomes of the program."""

import pytest

from tests.studies import normal_mean
from workbench.errors import PriorError
from workbench.studies.plan.forms import check_form, find_prior_statement, replace_priors

TWICE = """
parameters { real mu; real nu; real eta; }
model { mu ~ normal(0, 1); mu ~ normal(1, 1); nu ~ normal(0, 1); }
"""


@pytest.fixture(scope="module")
def program(program_from):
    return program_from(normal_mean.STAN, "normal_mean")


@pytest.mark.parametrize("form", ["normal(0, 1)", "student_t(3, 0, 2.5);", "normal(0, 1) T[0, ]", "flat"])
def test_a_distribution_is_accepted(form):
    check_form("mu", form)


@pytest.mark.parametrize("form", ["normal(0, 1", "normal(0, 1); mu ~ normal(3, 1)", "3"])
def test_other_texts_are_refused(form):
    with pytest.raises(PriorError, match="the prior of `mu` was expected to be one distribution") as refused:
        check_form("mu", form)
    assert f"`{form}`" in refused.value.message


def test_a_prior_is_replaced_or_removed(program, tools, tmp_path):
    flat = replace_priors(program, {"mu": "flat"}, tools.stanc, tmp_path)
    assert [term.role for term in flat.terms] == ["likelihood"]
    heavy = replace_priors(program, {"mu": "student_t(3, 0, 0.2)"}, tools.stanc, tmp_path)
    assert [term.text for term in heavy.terms if term.role == "prior"] == ["mu ~ student_t(3, 0, 0.2);"]
    assert {argument.name: argument.default for argument in heavy.hyperparameters}["mu.sigma"] == 0.2


def test_stan_refuses_an_unknown_distribution(program, tools, tmp_path):
    with pytest.raises(PriorError, match=r"Stan does not accept `mu ~ nonsense\(1\)`: .*nonsense"):
        replace_priors(program, {"mu": "nonsense(1)"}, tools.stanc, tmp_path)


def test_the_message_of_stan_is_shortened(program, tools, tmp_path):
    with pytest.raises(PriorError) as refused:
        replace_priors(program, {"mu": "student_t(3)"}, tools.stanc, tmp_path)
    assert "student_t" in refused.value.message
    assert refused.value.message.endswith("Expected 4 arguments but found 2 arguments.")
    assert "\n" not in refused.value.message
    assert str(tmp_path) not in refused.value.message


@pytest.mark.parametrize(
    ("name", "message"), [("mu", "`mu` has 2 prior statements"), ("tau", "`tau` has no prior")]
)
def test_a_parameter_needs_a_single_prior_statement(program_from, name, message):
    program = program_from(TWICE, "twice")
    with pytest.raises(PriorError, match=message) as refused:
        find_prior_statement(program, name)
    assert "twice.stan" in refused.value.message
    assert refused.value.hint == "there are prior statements for `mu`, `nu`; a prior can be added for `eta`"


def test_a_flat_parameter_can_get_a_prior(program_from):
    assert find_prior_statement(program_from(TWICE, "twice"), "eta") is None
