"""The conjugate families written independently: simulated data, and densities from SciPy alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats as scipy_stats

stats: Any = scipy_stats  # its type stubs confuse scalars and arrays

Values = dict[str, Any]
Rng = np.random.Generator
Point = Mapping[str, Any]


@dataclass(frozen=True)
class Oracle:
    """A family: `simulate` draws a point from the prior, and data; the densities are those of SciPy.

    `log_joint` is the density of data and point. `log_posterior` is the normalised density of the point under
    the hyperparameters that our code returns. `rows` are the variables of which a batch takes some rows.
    """

    simulate: Callable[[Rng], tuple[Point, Values]]
    log_joint: Callable[[Point, Values], float]
    log_posterior: Callable[[Any, Point], float]
    rows: tuple[str, ...]


def _simulate_beta_binomial(rng: Rng) -> tuple[Point, Values]:
    theta, n = rng.beta(2.0, 3.0), rng.integers(1, 30, 7)
    return {"theta": theta}, {"n": n, "y": rng.binomial(n, theta), "theta_prior_a": 2.0, "theta_prior_b": 3.0}


def _simulate_beta_negative_binomial(rng: Rng) -> tuple[Point, Values]:
    theta, r = rng.beta(4.0, 3.0), 2.0
    y = rng.negative_binomial(r, theta, 9)
    return {"theta": theta}, {"y": y, "r": r, "theta_prior_a": 4.0, "theta_prior_b": 3.0}


def _simulate_dirichlet_multinomial(rng: Rng) -> tuple[Point, Values]:
    theta = rng.dirichlet(np.full(4, 1.5))
    return {"theta": theta}, {"y": rng.multinomial(60, theta) + 1, "theta_prior_concentration": 1.5}


def _simulate_gamma_poisson(rng: Rng) -> tuple[Point, Values]:
    rate, exposure = rng.gamma(3.0, 1 / 2.0), rng.uniform(0.5, 4, 8)
    values = {"y": rng.poisson(rate * exposure), "exposure": exposure}
    return {"rate": rate}, {**values, "rate_prior_a": 3.0, "rate_prior_b": 2.0}


def _simulate_gamma_exponential(rng: Rng) -> tuple[Point, Values]:
    rate, end = rng.gamma(3.0, 1 / 2.0), 0.8
    time = rng.exponential(1 / rate, 12)
    values = {"t": np.minimum(time, end), "event": (time <= end).astype(int)}
    return {"rate": rate}, {**values, "rate_prior_a": 3.0, "rate_prior_b": 2.0}


def _simulate_normal_known_variance(rng: Rng) -> tuple[Point, Values]:
    mu, sigma = rng.normal(100.0, 5.0), 3.0
    values = {"y": rng.normal(mu, sigma, 6), "sigma": sigma}
    return {"mu": mu}, {**values, "mu_prior_mean": 100.0, "mu_prior_sd": 5.0}


def _simulate_normal_known_mean(rng: Rng) -> tuple[Point, Values]:
    sigma2 = 1 / rng.gamma(3.0, 1 / 8.0)
    values = {"y": rng.normal(5.0, sigma2**0.5, 9), "mu": 5.0}
    return {"sigma2": sigma2}, {**values, "sigma2_prior_a": 3.0, "sigma2_prior_b": 8.0}


def _simulate_normal_inverse_gamma(rng: Rng) -> tuple[Point, Values]:
    sigma2 = 1 / rng.gamma(3.0, 1 / 8.0)
    mu = rng.normal(-4.0, (sigma2 / 0.7) ** 0.5)
    hyper = {"mu_prior_mean": -4.0, "mu_prior_n": 0.7, "sigma2_prior_a": 3.0, "sigma2_prior_b": 8.0}
    return {"mu": mu, "sigma2": sigma2}, {"y": rng.normal(mu, sigma2**0.5, 9), **hyper}


def _simulate_normal_inverse_wishart(rng: Rng) -> tuple[Point, Values]:
    sigma = stats.invwishart(7.0, 2.0 * np.eye(3)).rvs(random_state=rng)
    mu = rng.multivariate_normal(np.full(3, 1.0), sigma / 0.7)
    hyper = {"mu_prior_mean": 1.0, "mu_prior_n": 0.7, "Sigma_prior_df": 7.0, "Sigma_prior_scale": 2.0}
    return {"mu": mu, "Sigma": sigma}, {"y": rng.multivariate_normal(mu, sigma, 10), **hyper}


def _simulate_conjugate_regression(rng: Rng) -> tuple[Point, Values]:
    predictors = rng.normal(2, [1.0, 3.0], (12, 2))
    centred = predictors - predictors.mean(axis=0)
    sigma2 = 1 / rng.gamma(3.0, 1 / 8.0)
    alpha = rng.normal(10.0, (sigma2 / 0.5) ** 0.5)
    beta = rng.multivariate_normal(np.zeros(2), 6.0 * sigma2 * np.linalg.inv(centred.T @ centred))
    hyper = {
        "alpha_prior_mean": 10.0,
        "alpha_prior_n": 0.5,
        "beta_prior_g": 6.0,
        "sigma2_prior_a": 3.0,
        "sigma2_prior_b": 8.0,
    }
    y = rng.normal(alpha + centred @ beta, sigma2**0.5)
    return {"alpha": alpha, "beta": beta, "sigma2": sigma2}, {"X": predictors, "y": y, **hyper}


def _make_beta(values: Values) -> Any:
    return stats.beta(values["theta_prior_a"], values["theta_prior_b"])


def _make_gamma(values: Values) -> Any:
    return stats.gamma(values["rate_prior_a"], scale=1 / values["rate_prior_b"])


def _make_inverse_gamma(values: Values) -> Any:
    return stats.invgamma(values["sigma2_prior_a"], scale=values["sigma2_prior_b"])


def _compute_exponential(at: Point, values: Values) -> float:
    times, is_event = np.asarray(values["t"]), np.asarray(values["event"]) == 1
    time = stats.expon(scale=1 / at["rate"])
    return float(
        _make_gamma(values).logpdf(at["rate"])
        + time.logpdf(times[is_event]).sum()
        + time.logsf(times[~is_event]).sum()
    )


def _compute_normal(at: Point, values: Values) -> float:
    sd = at["sigma2"] ** 0.5
    mu = stats.norm(values["mu_prior_mean"], sd / values["mu_prior_n"] ** 0.5)
    outcome = stats.norm(at["mu"], sd).logpdf(values["y"]).sum()
    return float(_make_inverse_gamma(values).logpdf(at["sigma2"]) + mu.logpdf(at["mu"]) + outcome)


def _compute_wishart(at: Point, values: Values) -> float:
    size = len(at["mu"])
    scale = stats.invwishart(values["Sigma_prior_df"], values["Sigma_prior_scale"] * np.eye(size))
    mu = stats.multivariate_normal(np.full(size, values["mu_prior_mean"]), at["Sigma"] / values["mu_prior_n"])
    outcome = stats.multivariate_normal(at["mu"], at["Sigma"]).logpdf(values["y"]).sum()
    return float(scale.logpdf(at["Sigma"]) + mu.logpdf(at["mu"]) + outcome)


def _compute_regression(at: Point, values: Values) -> float:
    centred, sd = values["X"] - values["X"].mean(axis=0), at["sigma2"] ** 0.5
    alpha = stats.norm(values["alpha_prior_mean"], sd / values["alpha_prior_n"] ** 0.5)
    covariance = values["beta_prior_g"] * at["sigma2"] * np.linalg.inv(centred.T @ centred)
    beta = stats.multivariate_normal(np.zeros(len(at["beta"])), covariance)
    outcome = stats.norm(at["alpha"] + centred @ at["beta"], sd).logpdf(values["y"]).sum()
    scale = _make_inverse_gamma(values).logpdf(at["sigma2"])
    return float(scale + alpha.logpdf(at["alpha"]) + beta.logpdf(at["beta"]) + outcome)


def _compute_regression_posterior(state: Any, at: Point) -> float:
    covariance = at["sigma2"] * np.linalg.inv(state.precision)
    given = stats.multivariate_normal(state.mean, covariance).logpdf(np.append(at["alpha"], at["beta"]))
    return float(stats.invgamma(state.a, scale=state.b).logpdf(at["sigma2"]) + given)


ORACLES: dict[str, Oracle] = {
    "beta_binomial": Oracle(
        _simulate_beta_binomial,
        lambda at, v: (
            _make_beta(v).logpdf(at["theta"]) + stats.binom.logpmf(v["y"], v["n"], at["theta"]).sum()
        ),
        lambda state, at: stats.beta.logpdf(at["theta"], state.a, state.b),
        ("y", "n"),
    ),
    "beta_negative_binomial": Oracle(
        _simulate_beta_negative_binomial,
        lambda at, v: (
            _make_beta(v).logpdf(at["theta"]) + stats.nbinom.logpmf(v["y"], v["r"], at["theta"]).sum()
        ),
        lambda state, at: stats.beta.logpdf(at["theta"], state.a, state.b),
        ("y",),
    ),
    "dirichlet_multinomial": Oracle(
        _simulate_dirichlet_multinomial,
        lambda at, v: (
            stats.dirichlet.logpdf(at["theta"], np.full(4, v["theta_prior_concentration"]))
            + stats.multinomial.logpmf(v["y"], np.sum(v["y"]), at["theta"])
        ),
        lambda state, at: stats.dirichlet.logpdf(at["theta"], state.concentration),
        (),
    ),
    "gamma_poisson": Oracle(
        _simulate_gamma_poisson,
        lambda at, v: (
            _make_gamma(v).logpdf(at["rate"]) + stats.poisson.logpmf(v["y"], at["rate"] * v["exposure"]).sum()
        ),
        lambda state, at: stats.gamma.logpdf(at["rate"], state.a, scale=1 / state.b),
        ("y", "exposure"),
    ),
    "gamma_exponential": Oracle(
        _simulate_gamma_exponential,
        _compute_exponential,
        lambda state, at: stats.gamma.logpdf(at["rate"], state.a, scale=1 / state.b),
        ("t", "event"),
    ),
    "normal_known_variance": Oracle(
        _simulate_normal_known_variance,
        lambda at, v: (
            stats.norm.logpdf(at["mu"], v["mu_prior_mean"], v["mu_prior_sd"])
            + stats.norm.logpdf(v["y"], at["mu"], v["sigma"]).sum()
        ),
        lambda state, at: stats.norm.logpdf(at["mu"], state.mean, state.variance**0.5),
        ("y",),
    ),
    "normal_known_mean": Oracle(
        _simulate_normal_known_mean,
        lambda at, v: (
            _make_inverse_gamma(v).logpdf(at["sigma2"])
            + stats.norm.logpdf(v["y"], v["mu"], at["sigma2"] ** 0.5).sum()
        ),
        lambda state, at: stats.invgamma.logpdf(at["sigma2"], state.a, scale=state.b),
        ("y",),
    ),
    "normal_inverse_gamma": Oracle(
        _simulate_normal_inverse_gamma,
        _compute_normal,
        lambda state, at: (
            stats.invgamma.logpdf(at["sigma2"], state.a, scale=state.b)
            + stats.norm.logpdf(at["mu"], state.mean, (at["sigma2"] / state.n) ** 0.5)
        ),
        ("y",),
    ),
    "normal_inverse_wishart": Oracle(
        _simulate_normal_inverse_wishart,
        _compute_wishart,
        lambda state, at: (
            stats.invwishart.logpdf(at["Sigma"], state.df, state.scale)
            + stats.multivariate_normal.logpdf(at["mu"], state.mean, at["Sigma"] / state.n)
        ),
        ("y",),
    ),
    "conjugate_regression": Oracle(
        _simulate_conjugate_regression, _compute_regression, _compute_regression_posterior, ()
    ),
}
