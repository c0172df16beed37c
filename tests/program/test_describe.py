"""A program is described in words: supports, the prior of each parameter, what can be done and why not."""

from __future__ import annotations

import json

import pytest

from tests.program.conftest import NAMES, Library
from workbench.program import Capability, ParameterPrior, as_record, describe


def priors(name: str, library: Library) -> dict[str, ParameterPrior]:
    return {item.name: item for item in describe(library[name]).parameters}


def capability(name: str, what: str, library: Library) -> Capability:
    return next(item for item in describe(library[name]).capabilities if item.name == what)


@pytest.mark.parametrize(
    ("program", "parameter", "kind", "words"),
    [
        ("schools_centred", "mu", "stated", "mu ~ normal(0, 5);"),
        ("schools_centred", "theta", "latent", "given other parameters: theta ~ normal(mu, tau);"),
        ("schools_noncentred", "theta_raw", "latent", "given other parameters: theta_raw ~ normal(0, 1);"),
        (
            "data_dependent_prior", "sigma", "several",
            "two priors: sigma ~ exponential(1); sigma ~ normal(0, 5);",
        ),
        ("data_dependent_prior", "nu", "flat", "none: flat"),
        ("control_flow", "mu", "by branch", "one of: mu ~ normal(0, 10); mu ~ normal(0, 1);"),
        ("hurdle", "theta", "uniform", "none: uniform on its support"),
        (
            "transformed_prior", "tau", "transformed",
            "implied by a transform: log(tau) ~ normal(0, 1); target += -(log(tau));",
        ),
        ("unclear_data", "mu", "unplaced", "not placed: target += -penalty * abs(mu);"),
        (
            "matrices", "theta", "part of an expression",
            "part of an expression: target += -0.5 * square(theta);",
        ),
    ],
)  # fmt: skip
def test_the_prior_of_each_parameter(program: str, parameter: str, kind: str, words: str, library: Library):
    found = priors(program, library)[parameter]
    assert (found.kind, found.prior) == (kind, words)


def test_supports(library: Library):
    assert priors("truncated_prior", library)["rho"].support == "(-1, 1)"
    assert priors("no_prior", library)["mu"].support == "(-inf, inf)"
    assert priors("censored", library)["y_censored"].support == "(limit, inf)"
    assert priors("multivariate", library)["Omega"].support == "correlation matrix"
    assert priors("tuples", library)["p"].support == "p.1: (-inf, inf); p.2: (0, inf)"


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
def test_what_cannot_be_done_has_a_reason(program: str, what: str, reason: str, library: Library):
    found = capability(program, what, library)
    assert not found.is_available
    assert reason in found.reason


def test_what_can_be_done(library: Library):
    available = {item.name: item.is_available for item in describe(library["schools_centred"]).capabilities}
    assert all(available.values())
    assert capability("beta_binomial", "prior sweep", library).is_available


@pytest.mark.parametrize("name", NAMES)
def test_every_program_is_described(name: str, library: Library):
    found = describe(library[name])
    assert [item.name for item in found.parameters] == [item.name for item in library[name].parameters]
    assert all(item.is_available != bool(item.reason) for item in found.capabilities)


def test_a_description_is_ready_for_json(library: Library):
    record = json.loads(json.dumps(as_record(describe(library["functions_adding"]))))
    assert [term["called_from"] for term in record["terms"]] == [[23], [23], [24], [24], [25], []]
    assert record["terms"][0]["line"] == 4
    assert record["data"][1] == {"name": "y", "type": "vector[N]", "support": "(-inf, inf)", "line": 15}
    assert record["parameters"][0]["prior"] == "x ~ normal(0, scale);"
    assert record["instrumented"] is True
