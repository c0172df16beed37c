"""A description has supports, the prior of each parameter, and what can be done or why it cannot."""

from __future__ import annotations

import json

import pytest

from tests.program.conftest import NAMES, Programs
from workbench.program import Capability, ParameterPrior, describe, to_record


def describe_priors(name: str, programs: Programs) -> dict[str, ParameterPrior]:
    return {item.name: item for item in describe(programs[name]).parameters}


def find_capability(name: str, what: str, programs: Programs) -> Capability:
    return next(item for item in describe(programs[name]).capabilities if item.name == what)


@pytest.mark.parametrize(
    ("program", "parameter", "kind", "prior"),
    [
        ("schools_centred", "mu", "stated", "mu ~ normal(0, 5);"),
        ("schools_centred", "theta", "latent", "given other parameters: theta ~ normal(mu, tau);"),
        ("schools_noncentred", "theta_raw", "latent", "standardized effects: theta_raw ~ normal(0, 1);"),
        (
            "data_dependent_prior", "sigma", "several",
            "two priors: sigma ~ exponential(1); sigma ~ normal(0, 5);",
        ),
        ("data_dependent_prior", "nu", "flat", "none: flat"),
        ("control_flow", "mu", "by branch", "one of: mu ~ normal(0, 10); mu ~ normal(0, 1);"),
        ("hurdle", "theta", "uniform", "none: uniform on its support"),
        (
            "transformed_prior", "tau", "transformed",
            "on a transformed scale: log(tau) ~ normal(0, 1); target += -(log(tau));",
        ),
        ("unclear_data", "mu", "unplaced", "unclear role: target += -penalty * abs(mu);"),
        (
            "matrices", "theta", "part of an expression",
            "part of an expression: target += -0.5 * square(theta);",
        ),
    ],
)  # fmt: skip
def test_the_prior_of_each_parameter(program: str, parameter: str, kind: str, prior: str, programs: Programs):
    described = describe_priors(program, programs)[parameter]
    assert (described.kind, described.prior) == (kind, prior)


def test_supports(programs: Programs):
    assert describe_priors("truncated_prior", programs)["rho"].support == "(-1, 1)"
    assert describe_priors("no_prior", programs)["mu"].support == "(-inf, inf)"
    assert describe_priors("censored", programs)["y_censored"].support == "(limit, inf)"
    assert describe_priors("multivariate", programs)["Omega"].support == "correlation matrix"
    assert describe_priors("tuples", programs)["p"].support == "p.1: (-inf, inf); p.2: (0, inf)"


@pytest.mark.parametrize(
    ("program", "what", "reason"),
    [
        ("hidden_markov", "leave-one-out", "one joint density"),
        ("reads_target", "MLE", "target()"),
        ("no_prior", "prior draws", "no prior makes `mu`, `sigma` proper"),
        ("no_prior", "prior sensitivity", "all are flat"),
        ("no_prior", "prior sweep", "no prior has a constant"),
        ("soft_constraint", "prior draws", "a soft constraint on parameters, or an observed value?"),
    ],
)
def test_what_cannot_be_done_has_a_reason(program: str, what: str, reason: str, programs: Programs):
    capability = find_capability(program, what, programs)
    assert not capability.is_available
    assert reason in capability.reason


def test_what_can_be_done(programs: Programs):
    available = {item.name: item.is_available for item in describe(programs["schools_centred"]).capabilities}
    assert all(available.values())
    assert find_capability("beta_binomial", "prior sweep", programs).is_available


@pytest.mark.parametrize("name", NAMES)
def test_every_program_is_described(name: str, programs: Programs):
    description = describe(programs[name])
    assert [item.name for item in description.parameters] == [item.name for item in programs[name].parameters]
    assert all(item.is_available != bool(item.reason) for item in description.capabilities)


def test_a_description_is_ready_for_json(programs: Programs):
    record = json.loads(json.dumps(to_record(describe(programs["functions_adding"]))))
    assert [term["called_from"] for term in record["terms"]] == [[23], [23], [24], [24], [25], []]
    assert record["terms"][0]["line"] == 4
    assert record["data"][1] == {"name": "y", "type": "vector[N]", "support": "(-inf, inf)", "line": 15}
    assert record["parameters"][0]["prior"] == "x ~ normal(0, scale);"
    assert record["instrumented"] is True
