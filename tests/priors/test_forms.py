"""Other forms of priors: what is accepted, and what becomes of the program."""

import pytest

from tests.studies import normal_mean
from workbench.errors import PriorError
from workbench.priors.forms import check_form, find_prior_statement, replace_priors, restore_replaced
from workbench.program import read_program

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
    flat = replace_priors(program, {"mu": "flat"}, tools.stanc)
    assert [term.role for term in flat.terms] == ["likelihood"]
    heavy = replace_priors(program, {"mu": "student_t(3, 0, 0.2)"}, tools.stanc)
    assert [term.text for term in heavy.terms if term.role == "prior"] == ["mu ~ student_t(3, 0, 0.2);"]
    assert {argument.name: argument.default for argument in heavy.hyperparameters}["mu.sigma"] == 0.2


def test_stan_refuses_an_unknown_distribution(program, tools, tmp_path):
    with pytest.raises(PriorError, match=r"Stan does not accept `mu ~ nonsense\(1\)`: .*nonsense"):
        replace_priors(program, {"mu": "nonsense(1)"}, tools.stanc)


def test_the_message_of_stan_is_shortened(program, tools, tmp_path):
    with pytest.raises(PriorError) as refused:
        replace_priors(program, {"mu": "student_t(3)"}, tools.stanc)
    assert "student_t" in refused.value.message
    assert refused.value.message.endswith("Expected 4 arguments but found 2 arguments.")
    assert "\n" not in refused.value.message
    assert str(tmp_path) not in refused.value.message


@pytest.mark.parametrize(
    ("name", "message"),
    [("mu", "`mu` has 2 prior statements"), ("log(nu)", r"`log\(nu\)` has no prior")],
)
def test_a_parameter_needs_a_single_prior_statement(program_from, name, message):
    program = program_from(TWICE, "twice")
    with pytest.raises(PriorError, match=message) as refused:
        find_prior_statement(program, name)
    assert "twice.stan" in refused.value.message
    assert refused.value.hint == "there are prior statements for `mu`, `nu`; a prior can be added for `eta`"


def test_a_flat_parameter_can_get_a_prior(program_from):
    assert find_prior_statement(program_from(TWICE, "twice"), "eta") is None


COMMENTED = """\
// kept
parameters {
  real mu; // kept too
  real<lower=0> tau;
  real<lower=0> phi;
}
model {
  mu ~ normal(0,
              1); // and this
  log(phi) ~ normal(0, 1);
  target += normal_lpdf(tau | 0, 1) + normal_lpdf(mu | 0, 2);
}
"""


def test_the_rest_of_the_text_and_its_lines_stay(program_from, tools):
    program = program_from("parameters { real mu;\n real nu; }\nmodel {\n mu ~ normal(0,\n 1); // why\n\n}\n")
    replaced = replace_priors(program, {"mu": "cauchy(0, 1)", "nu": "normal(0, 1)"}, tools.stanc)
    assert replaced.source.splitlines()[0] == program.source.splitlines()[0]
    assert "// why" in replaced.source
    assert replaced.source.count("\n") == program.source.count("\n")
    assert [term.text for term in replaced.terms] == ["mu ~ cauchy(0, 1);", "nu ~ normal(0, 1);"]
    assert (replaced.path, replaced.name) == (program.path, program.name)
    first, second = replaced.replaced_priors
    assert (first.original, first.line, first.statement) == ("mu ~ normal(0, 1);", 4, "mu ~ cauchy(0, 1);")
    assert (second.original, second.line) == ("", None)


def test_a_prior_in_an_included_file_is_replaced(tools, tmp_path):
    (tmp_path / "prior.stan").write_text("mu ~ normal(0, 1);\n")
    (tmp_path / "main.stan").write_text("parameters { real mu; }\nmodel {\n#include prior.stan\n}\n")
    program = read_program(tmp_path / "main.stan", tools.stanc)
    replaced = replace_priors(program, {"mu": "cauchy(0, 1)"}, tools.stanc)
    assert [term.text for term in replaced.terms] == ["mu ~ cauchy(0, 1);"]
    assert (tmp_path / "prior.stan").read_text() == "mu ~ normal(0, 1);\n"


def test_what_an_earlier_fit_replaced_is_replaced_again(program_from, tools):
    program = program_from("parameters { real mu; real nu; }\nmodel { mu ~ normal(0, 1); }\n")
    replaced = replace_priors(program, {"mu": "cauchy(0, 1)", "nu": "normal(0, 3)"}, tools.stanc)
    again = restore_replaced(program, replaced.replaced_priors, tools.stanc)
    assert (again.sha256, again.replaced_priors) == (replaced.sha256, replaced.replaced_priors)
    removed = replace_priors(program, {"mu": "flat"}, tools.stanc)
    assert restore_replaced(program, removed.replaced_priors, tools.stanc).sha256 == removed.sha256
    changed = program_from("parameters { real mu; real nu; }\nmodel { mu ~ normal(0, 2); }\n")
    assert restore_replaced(changed, replaced.replaced_priors, tools.stanc).sha256 != replaced.sha256


def test_a_statement_with_other_summands_is_not_replaced(program_from):
    with pytest.raises(PriorError, match="one of several summands") as refused:
        find_prior_statement(program_from(COMMENTED, "commented"), "tau")
    assert "line 11" in refused.value.message


def test_a_density_of_a_function_of_the_parameter_must_be_named(program_from, tools):
    program = program_from(COMMENTED, "commented")
    with pytest.raises(PriorError, match=r"`phi`.* is a density of `log\(phi\)`") as refused:
        find_prior_statement(program, "phi")
    assert refused.value.hint == "name that: --prior-form 'log(phi)=normal(0, 1)'"
    replaced = replace_priors(program, {"log(phi)": "cauchy(0, 1)"}, tools.stanc)
    assert "log(phi) ~ cauchy(0, 1);" in [term.text for term in replaced.terms]


def test_a_name_that_is_no_parameter_is_answered_with_the_closest(program_from):
    with pytest.raises(PriorError, match=r"`ets` is not a parameter of `twice\.stan`") as refused:
        find_prior_statement(program_from(TWICE, "twice"), "ets")
    assert refused.value.hint == "did you mean `eta`?"
