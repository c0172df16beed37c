"""Priors as penalties: a penalised estimate with the reported lambda is the posterior mode."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import optimize

from tests.estimation.minimal import declare, make_program, make_term
from workbench import tables
from workbench.binding import BoundData, BoundVariable
from workbench.estimation.optimum.penalties import find_penalties
from workbench.priors import Priors
from workbench.program import Hyperparameter
from workbench.request import FitRequest

RNG = np.random.default_rng(11)
X = RNG.normal(size=(40, 2))
Y = X @ [1.0, -0.5] + RNG.normal(size=40)
RESIDUAL_SCALE, PRIOR_SCALE = 1.3, 0.4


def make_request(
    prior="normal", likelihood="normal", call="normal(X * beta, sigma)", *, location=0.0, **fields
):
    """Return a request whose `beta` has a prior with constants, and a likelihood."""
    arguments = ("mu", "sigma") if prior != "std_normal" else ()
    hyperparameters = tuple(
        Hyperparameter(f"beta.{name}", name, None, f"beta_{name}", False, 1, 1) for name in arguments
    )
    terms = (
        make_term("prior", ("beta",), outcomes=("beta",), distribution=prior, text=f"beta ~ {prior}(...);"),
        make_term(
            "likelihood", ("beta", "sigma"), outcomes=("y",), distribution=likelihood, index=2,
            text=f"y ~ {call};",
        ),
    )  # fmt: skip
    program = make_program(terms=terms, hyperparameters=hyperparameters, **fields)
    priors = Priors({"beta.mu": location, "beta.sigma": PRIOR_SCALE})
    return FitRequest(program, BoundData(tables.NO_DATA, ()), priors)


def find_penalty(request, **estimates):
    (penalty,) = find_penalties(request, {"sigma": RESIDUAL_SCALE, **estimates})
    return penalty


def test_ridge_regression_with_the_reported_lambda_is_the_posterior_mode():
    """The mode of a normal likelihood and prior solves (X'X / s^2 + I / t^2) b = X'y / s^2."""
    penalty = find_penalty(make_request())
    ridge = np.linalg.solve(X.T @ X + penalty["lambda"] * np.eye(2), X.T @ Y)
    precision = X.T @ X / RESIDUAL_SCALE**2 + np.eye(2) / PRIOR_SCALE**2
    np.testing.assert_allclose(ridge, np.linalg.solve(precision, X.T @ Y / RESIDUAL_SCALE**2))
    assert penalty["kind"] == "ridge"
    assert "is a ridge penalty: the MAP minimises the residual sum of squares" in penalty["words"]
    assert "the sum of squares of `beta`" in penalty["words"]
    assert penalty["residual_scale"] == RESIDUAL_SCALE


@pytest.mark.parametrize("location", [0.0, 0.7])
@pytest.mark.parametrize("prior", ["normal", "double_exponential"])
def test_a_penalty_differs_from_the_negative_log_posterior_by_a_factor_and_a_constant(prior, location):
    """At random points: RSS + lambda * size = 2 s^2 * (-log posterior) + constant."""
    penalty = find_penalty(make_request(prior, location=location))
    points = np.random.default_rng(2).normal(size=(20, 2))
    away = points - location
    size = (away**2).sum(axis=1) if prior == "normal" else np.abs(away).sum(axis=1)
    rss = ((Y - points @ X.T) ** 2).sum(axis=1)
    log_prior = -size / (2 * PRIOR_SCALE**2) if prior == "normal" else -size / PRIOR_SCALE
    negative_log_posterior = rss / (2 * RESIDUAL_SCALE**2) - log_prior
    np.testing.assert_allclose(rss + penalty["lambda"] * size, 2 * RESIDUAL_SCALE**2 * negative_log_posterior)
    assert (f"`beta` - {location:g}" in penalty["words"]) is (location != 0)
    assert ("the sum of |`beta`" in penalty["words"]) is (prior == "double_exponential")


@pytest.mark.parametrize("prior", ["normal", "double_exponential"])
def test_with_another_likelihood_the_penalty_is_added_to_the_negative_log_likelihood(prior):
    """A Poisson regression: the penalised estimate is the mode of log likelihood plus log prior."""
    counts = np.random.default_rng(3).poisson(np.exp(X @ [0.5, 0.2]))
    penalty = find_penalty(make_request(prior, "poisson_log", "poisson_log(X * beta)"))
    assert penalty["residual_scale"] is None
    assert "the MAP minimises minus the log-likelihood" in penalty["words"]

    def log_likelihood(beta):
        return counts @ (X @ beta) - np.exp(X @ beta).sum()

    def size(beta):
        return beta @ beta if prior == "normal" else np.abs(beta).sum()

    def log_prior(beta):
        return -size(beta) / (2 * PRIOR_SCALE**2 if prior == "normal" else PRIOR_SCALE)

    def minimise(objective):
        start, tolerance = np.full(2, 0.1), 1e-12
        return optimize.minimize(objective, start, method="Nelder-Mead", tol=tolerance).x

    penalised = minimise(lambda beta: penalty["lambda"] * size(beta) - log_likelihood(beta))
    mode = minimise(lambda beta: -log_likelihood(beta) - log_prior(beta))
    np.testing.assert_allclose(penalised, mode, atol=1e-6)


def test_a_standard_normal_prior_needs_no_constants():
    assert find_penalty(make_request("std_normal"))["lambda"] == pytest.approx(RESIDUAL_SCALE**2)


@pytest.mark.parametrize(
    ("call", "scale"),
    [
        ("normal(X * beta, sigma)", RESIDUAL_SCALE),
        ("normal(X * beta, 2.5)", 2.5),
        ("normal_id_glm(X, alpha, beta, known)", 3.0),
        ("normal(X * beta, sigma * 2)", None),
    ],
)
def test_the_residual_scale_is_a_parameter_a_number_or_a_datum(call, scale):
    request = make_request(call=call)
    known = BoundVariable("known", "real", 1, 3.0, "by hand")
    penalty = find_penalty(replace(request, data=BoundData(tables.NO_DATA, (known,))))
    assert penalty["residual_scale"] == scale


def test_what_is_not_a_penalty_is_left_out():
    request = make_request()
    estimates = {"sigma": RESIDUAL_SCALE}
    prior, likelihood = request.program.terms
    bounded = replace(request.program, parameters=(declare("beta", "vector", 2, lower=0),))
    others = [
        replace(request, program=bounded),
        make_request("cauchy"),
        *(
            replace(request, program=replace(request.program, terms=terms))
            for terms in (
                (prior,),
                (prior, likelihood, replace(likelihood, index=3)),
                (prior, replace(likelihood, parameters=("sigma",))),
                (replace(prior, is_transformed=True), likelihood),
                (replace(prior, role="latent"), likelihood),
                (replace(prior, parameters=("beta", "tau")), likelihood),
            )
        ),
    ]
    assert find_penalties(request, estimates)
    assert [find_penalties(other, estimates) for other in others] == [[]] * len(others)


def test_a_prior_whose_scale_is_not_one_number_is_left_out():
    request = make_request()
    priors = Priors({"beta.mu": 0.0, "beta.sigma": [0.4, 0.5]})
    assert find_penalties(replace(request, priors=priors), {"sigma": RESIDUAL_SCALE}) == []
