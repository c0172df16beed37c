"""Priors as penalties: a penalised estimate with the reported lambda is the posterior mode."""

import numpy as np
import pytest
from scipy import optimize

from workbench import tables
from workbench.binding import BoundData, BoundVariable
from workbench.estimation.optimum.penalties import find_penalties
from workbench.priors import settle
from workbench.request import FitRequest

RNG = np.random.default_rng(11)
X = RNG.normal(size=(40, 2))
Y = X @ [1.0, -0.5] + RNG.normal(size=40)
RESIDUAL_SCALE, PRIOR_SCALE = 1.3, 0.4


PROGRAM = """
data { int N; matrix[N, 2] X; vector[N] y; array[N] int c; real known; real lambda; vector[2] scales; }
parameters { PARAMETERS }
transformed parameters { vector[N] eta = alpha + X * beta; }
model { MODEL }
"""

PARAMETERS = "real alpha; vector[2] beta; real<lower=0> sigma; real<lower=0> tau;"


POSITIVE = PARAMETERS.replace("vector", "vector<lower=0>")


@pytest.fixture
def make_request(program_from):
    """Return a request for a regression with a prior of `beta`, and a likelihood."""

    def make(
        prior="beta ~ normal(0, 1);",
        likelihood="y ~ normal(X * beta, sigma);",
        *,
        parameters=PARAMETERS,
        **priors,
    ):
        text = PROGRAM.replace("PARAMETERS", parameters).replace("MODEL", f"{prior} {likelihood}")
        program = program_from(text)
        values = {"N": 40, "X": X, "y": Y, "known": 3.0, "lambda": 10.0, "scales": [0.5, 2.0]}
        bound = tuple(BoundVariable(name, "real", 1, value, "by hand") for name, value in values.items())
        settled = settle(program, priors, {}, "card")
        return FitRequest(program, BoundData(tables.no_data(), bound), settled)

    return make


def find_penalty(request, **estimates):
    (penalty,) = find_penalties(request, {"sigma": RESIDUAL_SCALE, "tau": 0.7, **estimates})
    return penalty


def test_ridge_regression_with_the_reported_lambda_is_the_posterior_mode(make_request):
    """The mode of a normal likelihood and prior solves (X'X / s^2 + I / t^2) b = X'y / s^2."""
    penalty = find_penalty(make_request(f"beta ~ normal(0, {PRIOR_SCALE});"))
    ridge = np.linalg.solve(X.T @ X + penalty["lambda"] * np.eye(2), X.T @ Y)
    precision = X.T @ X / RESIDUAL_SCALE**2 + np.eye(2) / PRIOR_SCALE**2
    np.testing.assert_allclose(ridge, np.linalg.solve(precision, X.T @ Y / RESIDUAL_SCALE**2))
    assert penalty["kind"] == "ridge"
    assert "is a ridge penalty: the MAP minimises the residual sum of squares" in penalty["words"]
    assert "the sum of squares of `beta`" in penalty["words"]
    assert penalty["residual_scale"] == RESIDUAL_SCALE


@pytest.mark.parametrize("location", [0.0, 0.7])
@pytest.mark.parametrize("prior", ["normal", "double_exponential"])
def test_a_penalty_differs_from_the_negative_log_posterior_by_a_factor_and_a_constant(
    make_request, prior, location
):
    """At random points: RSS + lambda * size = 2 s^2 * (-log posterior) + constant."""
    penalty = find_penalty(make_request(f"beta ~ {prior}({location}, {PRIOR_SCALE});"))
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
def test_with_another_likelihood_the_penalty_is_added_to_the_negative_log_likelihood(make_request, prior):
    """A Poisson regression: the penalised estimate is the mode of log likelihood plus log prior."""
    counts = np.random.default_rng(3).poisson(np.exp(X @ [0.5, 0.2]))
    penalty = find_penalty(make_request(f"beta ~ {prior}(0, {PRIOR_SCALE});", "c ~ poisson_log(X * beta);"))
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


def test_a_standard_normal_prior_needs_no_constants(make_request):
    assert find_penalty(make_request("beta ~ std_normal();"))["lambda"] == pytest.approx(RESIDUAL_SCALE**2)


def test_the_users_constants_count(make_request):
    request = make_request("beta ~ normal(0, 1);", **{"beta.sigma": 2.0})
    assert find_penalty(request)["lambda"] == pytest.approx(RESIDUAL_SCALE**2 / 4)


@pytest.mark.parametrize(
    ("likelihood", "scale"),
    [
        ("y ~ normal(X * beta, sigma);", RESIDUAL_SCALE),
        ("y ~ normal(X * beta, 2.5);", 2.5),
        ("y ~ normal_id_glm(X, 0, beta, known);", 3.0),
        ("y ~ normal(X * beta, sigma * 2);", 2 * RESIDUAL_SCALE),
        ("target += normal_lpdf(y | X * beta, sigma);", RESIDUAL_SCALE),
        ("y ~ normal(X * beta, X[, 1]);", None),
    ],
)
def test_the_residual_scale_is_its_value_at_the_map(make_request, likelihood, scale):
    assert find_penalty(make_request(likelihood=likelihood))["residual_scale"] == scale


@pytest.mark.parametrize(
    ("prior", "kind", "strength"),
    [
        ("beta ~ normal(0, sigma / sqrt(lambda));", "ridge", 10.0),
        ("beta ~ normal(0, sigma * sqrt(known));", "ridge", 1 / 3),
        ("beta ~ double_exponential(0, sigma / lambda);", "lasso", 2 * RESIDUAL_SCALE * 10.0),
    ],
)
def test_a_prior_in_units_of_the_residual_scale_has_its_own_lambda(make_request, prior, kind, strength):
    """`normal(0, sigma / sqrt(lambda))` is ridge regression with `lambda`, whatever `sigma` is."""
    penalty = find_penalty(make_request(prior))
    assert penalty["kind"] == kind
    assert penalty["lambda"] == pytest.approx(strength)
    assert "at the MAP" in penalty["words"]


def test_the_mode_given_the_scales_is_the_penalised_estimate_with_a_lambda_for_each_element(make_request):
    penalty = find_penalty(make_request("beta ~ normal(0, scales);"))
    ridge = np.linalg.solve(X.T @ X + np.diag(penalty["lambdas"]), X.T @ Y)
    precision = X.T @ X / RESIDUAL_SCALE**2 + np.diag([1 / 0.5**2, 1 / 2**2])
    np.testing.assert_allclose(ridge, np.linalg.solve(precision, X.T @ Y / RESIDUAL_SCALE**2))
    assert penalty["lambda"] is None
    assert "one for each element" in penalty["words"]


@pytest.mark.parametrize(
    "likelihood", ["y ~ normal(eta, sigma);", "y ~ normal_id_glm(X, alpha, beta, sigma);",
                   "y ~ normal(alpha + X * beta, sigma);"],
)  # fmt: skip
def test_intercepts_come_last_and_are_named_so(make_request, likelihood):
    request = make_request("alpha ~ normal(0, 100); beta ~ normal(0, sigma / sqrt(lambda));", likelihood)
    penalties = find_penalties(request, {"sigma": RESIDUAL_SCALE})
    assert [(item["parameter"], item["intercept"]) for item in penalties] == [
        ("beta", False),
        ("alpha", True),
    ]
    assert "on the intercept" in penalties[1]["words"]
    assert penalties[0]["lambda"] == pytest.approx(10)


@pytest.mark.parametrize(
    ("prior", "likelihood", "parameters"),
    [
        ("beta ~ cauchy(0, 1);", "y ~ normal(X * beta, sigma);", PARAMETERS),
        (
            "beta ~ normal(0, 1);",
            "y ~ normal(X * beta, sigma);",
            PARAMETERS.replace("vector", "vector<lower=0>"),
        ),
        ("beta ~ normal(0, 1);", "", PARAMETERS),
        ("beta ~ normal(0, 1);", "y ~ normal(X * beta, sigma); y[1] ~ normal(0, tau);", PARAMETERS),
        ("alpha ~ normal(0, 1);", "y ~ normal(X * beta, sigma);", PARAMETERS),
        ("exp(beta) ~ normal(0, 1);", "y ~ normal(X * beta, sigma);", PARAMETERS),
        ("beta ~ normal(alpha, 1);", "y ~ normal(X * beta, sigma);", PARAMETERS),
        ("beta ~ normal(0, log1p(known));", "y ~ normal(X * beta, sigma);", PARAMETERS),
    ],
)
def test_what_is_not_a_penalty_is_left_out(make_request, prior, likelihood, parameters):
    request = make_request(prior, likelihood, parameters=parameters)
    assert find_penalties(request, {"sigma": RESIDUAL_SCALE, "tau": 1.0, "alpha": 0.3}) == []
