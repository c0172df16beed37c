"""The prior's curve: right where the statement gives it, absent where it does not."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, stats

from workbench.diagnostics.prior_density import PriorDensity, find_prior_density
from workbench.results.view import view


def make_record(statement, type_="real", parameters=("a",), role="prior", priors=None, more=()):
    terms = [{"statement": statement, "role": role, "parameters": list(parameters)}, *more]
    return {
        "model": {"terms": terms, "parameters": [{"name": "a", "type": type_}]},
        "priors": priors or {},
    }


def require_prior(record, name="a") -> PriorDensity:
    prior = find_prior_density(view(record), name)
    assert prior is not None
    return prior


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("a ~ normal(1, 2);", stats.norm(1, 2)),
        ("a ~ std_normal();", stats.norm()),
        ("a ~ student_t(4, 0, 2.5)", stats.t(4, 0, 2.5)),
        ("a ~ exponential(0.5);", stats.expon(scale=2)),
        ("a ~ gamma(2, 3);", stats.gamma(2, scale=1 / 3)),
        ("a ~ inv_gamma(2, 3);", stats.invgamma(2, scale=3)),
        ("a ~ lognormal(-1, 0.5);", stats.lognorm(0.5, scale=np.exp(-1))),
        ("a ~ weibull(2, 3);", stats.weibull_min(2, scale=3)),
    ],
)
def test_densities_are_those_of_scipy(statement, expected):
    prior = require_prior(make_record(statement))
    x = np.linspace(0.1, 5, 20)
    np.testing.assert_allclose(prior.family.pdf(x), expected.pdf(x))


@pytest.mark.parametrize(
    ("type_", "low", "high"),
    [
        ("real<lower=0>", 0, np.inf),
        ("vector<lower=-1, upper=2>[3]", -1, 2),
        ("array[2] real<upper=0.5>", -np.inf, 0.5),
    ],
)
def test_cut_off_at_the_bounds_it_still_integrates_to_one(type_, low, high):
    prior = require_prior(make_record("a ~ normal(0.3, 1.2);", type_), "a[1]")
    whole, _ = integrate.quad(lambda x: prior.family.pdf(x) / prior.mass, low, high)
    assert whole == pytest.approx(1)


def test_values_in_force_take_the_place_of_literals_and_names():
    record = make_record("a ~ normal(centre, 2);", priors={"centre": 5.0, "a.sigma": 0.5})
    prior = require_prior(record)
    assert (prior.family.mean(), prior.family.std()) == (5.0, 0.5)


@pytest.mark.parametrize(
    "record",
    [
        make_record("a ~ normal(b, 2);", parameters=("a", "b")),
        make_record("a ~ normal(unknown, 2);"),
        make_record("a[k] ~ normal(0, 2);"),
        make_record("target += normal_lpdf(a | 0, 1);"),
        make_record("a ~ normal(0, 1) T[0, ];"),
        make_record("a ~ normal(0, 1);", "ordered[3]"),
        make_record("a ~ normal(0, 1);", "simplex[3]"),
        make_record("a ~ normal(0, 1);", "real<lower=b>"),
        make_record("a ~ exponential(0);"),
        make_record("a ~ own_density(0);"),
        make_record("a ~ multi_normal(m, S);", "vector[3]"),
        make_record(
            "a ~ normal(0, 1);",
            more=[{"statement": "a ~ cauchy(0, 1);", "role": "prior", "parameters": ["a"]}],
        ),
        make_record("a ~ normal(0, 1);", role="likelihood"),
        {},
    ],
)
def test_what_the_statement_alone_does_not_give_is_not_drawn(record):
    assert find_prior_density(view(record), "a") is None


def test_a_parameter_others_are_conditioned_on_keeps_its_own_prior():
    latent = {"statement": "theta ~ normal(a, 1);", "role": "latent", "parameters": ["theta", "a"]}
    assert require_prior(make_record("a ~ normal(0, 5);", more=[latent])).family.args == (0.0, 5.0)


def test_the_prior_of_a_standardized_predictor_is_not_drawn_beside_draws_on_the_original_scale():
    record = make_record("a ~ normal(0, 5);")
    assert require_prior({**record, "data": {"standardized": {}}}).family.args == (0.0, 5.0)
    on_data_scale = {"status": "not available", "reason": "none"}
    assert require_prior({**record, "data": {"standardized": on_data_scale}}).family.args == (0.0, 5.0)
    for moved in ({"coefficients": {"a": "X"}, "intercepts": []}, {"coefficients": {}, "intercepts": ["a"]}):
        assert find_prior_density(view({**record, "data": {"standardized": moved}}), "a") is None
