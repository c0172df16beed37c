"""The regressions."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

Floats = NDArray[np.floating[Any]]
Rng = np.random.Generator
Simulated = tuple[dict[str, Any], dict[str, Any]]


def predictors(rng: Rng, rows: int, columns: int) -> tuple[Floats, Floats]:
    """Return correlated predictors in unlike units, and the same in standard deviations from their means."""
    shared = rng.normal(size=(rows, 1))
    raw = (rng.normal(size=(rows, columns)) + 0.7 * shared) * 10.0 ** np.arange(columns) + 5
    return raw, (raw - raw.mean(axis=0)) / raw.std(axis=0, ddof=1)


def half_normal(rng: Rng, scale: float) -> float:
    """Return the size of a normal number."""
    return abs(rng.normal(0, scale))


def glm(rng: Rng, rows: int, mean: float, sd: float, slope_sd: float) -> tuple[Floats, Simulated]:
    """Return a linear predictor, and the truth and data that go with it."""
    raw, standard = predictors(rng, rows, 3)
    alpha, beta = rng.normal(mean, sd), rng.normal(0, slope_sd, 3)
    prior = {"alpha_prior_mean": mean, "alpha_prior_sd": sd, "beta_prior_sd": slope_sd}
    return alpha + standard @ beta, ({"alpha": alpha, "beta": beta}, {"N": rows, "K": 3, "X": raw, **prior})


def linear(rng: Rng) -> Simulated:
    centre = rng.normal(3.0, [1.0, 2.0], (40, 2))
    alpha, beta, sigma = rng.normal(10, 5), rng.normal(0, 2, 2), half_normal(rng, 3)
    y = rng.normal(alpha + (centre - centre.mean(axis=0)) @ beta, sigma)
    prior = {"alpha_prior_mean": 10, "alpha_prior_sd": 5, "beta_prior_sd": 2, "sigma_prior_sd": 3}
    return {"alpha": alpha, "beta": beta, "sigma": sigma}, {"N": 40, "K": 2, "X": centre, "y": y, **prior}


def robust(rng: Rng) -> Simulated:
    truth, data = linear(rng)
    nu = 0.0
    while nu < 1:
        nu = rng.gamma(2, 10)
    expected = truth["alpha"] + (data["X"] - data["X"].mean(axis=0)) @ truth["beta"]
    y = expected + truth["sigma"] * rng.standard_t(nu, data["N"])
    return {**truth, "nu": nu}, {**data, "y": y, "nu_prior_shape": 2, "nu_prior_rate": 0.1}


def _shrunk(rng: Rng, scale: str) -> Simulated:
    raw, standard = predictors(rng, 40, 5)
    alpha, sigma, penalty = rng.normal(10, 5), half_normal(rng, 3), 2.0
    if scale == "ridge":
        beta = rng.normal(0, sigma / penalty**0.5, 5)
    else:
        beta = rng.laplace(0, sigma / penalty, 5)
    y = rng.normal(alpha + standard @ beta, sigma)
    prior = {"alpha_prior_mean": 10, "alpha_prior_sd": 5, "lambda": penalty, "sigma_prior_sd": 3}
    return {"alpha": alpha, "beta": beta, "sigma": sigma}, {"N": 40, "K": 5, "X": raw, "y": y, **prior}


def ridge(rng: Rng) -> Simulated:
    return _shrunk(rng, "ridge")


def lasso(rng: Rng) -> Simulated:
    return _shrunk(rng, "lasso")


def horseshoe(rng: Rng) -> Simulated:
    rows, columns, expected, scale, df = 60, 6, 2.0, 3.0, 4.0
    raw, standard = predictors(rng, rows, columns)
    alpha, sigma = rng.normal(10, 5), half_normal(rng, 3)
    own = abs(rng.standard_cauchy(columns))
    shared = abs(rng.standard_cauchy()) * expected / (columns - expected) / rows**0.5
    slab = scale**2 / rng.gamma(df / 2, 2 / df)
    width = np.sqrt(slab * own**2 / (slab + (sigma * shared * own) ** 2)) * sigma * shared
    beta = rng.normal(size=columns) * width
    data = {
        "N": rows,
        "K": columns,
        "X": raw,
        "y": rng.normal(alpha + standard @ beta, sigma),
        "alpha_prior_mean": 10,
        "alpha_prior_sd": 5,
        "sigma_prior_sd": 3,
        "slopes_expected": expected,
        "slab_prior_scale": scale,
        "slab_prior_df": df,
    }
    return {"alpha": alpha, "beta": beta, "sigma": sigma}, data


def logistic(rng: Rng) -> Simulated:
    eta, (truth, data) = glm(rng, 120, 0.5, 1.0, 1.0)
    return truth, {**data, "y": rng.binomial(1, special.expit(eta))}


def probit(rng: Rng) -> Simulated:
    eta, (truth, data) = glm(rng, 120, 0.2, 0.5, 0.6)
    return truth, {**data, "y": (eta + rng.normal(size=120) > 0).astype(int)}


def poisson(rng: Rng) -> Simulated:
    eta, (truth, data) = glm(rng, 60, 1.0, 0.5, 0.5)
    exposure = rng.uniform(0.5, 5, 60)
    return truth, {**data, "exposure": exposure, "y": rng.poisson(exposure * np.exp(eta))}


def negative_binomial(rng: Rng) -> Simulated:
    eta, (truth, data) = glm(rng, 80, 1.5, 0.5, 0.5)
    exposure, kappa = rng.uniform(0.5, 5, 80), half_normal(rng, 1.0)
    factor = rng.gamma(kappa**-2, kappa**2, 80)
    y = rng.poisson(exposure * np.exp(eta) * factor)
    return {**truth, "kappa": kappa}, {**data, "exposure": exposure, "y": y, "kappa_prior_sd": 1.0}


def zero_inflated_poisson(rng: Rng) -> Simulated:
    eta, (truth, data) = glm(rng, 120, 0.8, 0.4, 0.4)
    theta = rng.beta(2, 4)
    y = rng.poisson(np.exp(eta)) * rng.binomial(1, 1 - theta, 120)
    return {**truth, "theta": theta}, {**data, "y": y, "theta_prior_a": 2, "theta_prior_b": 4}


def beta_regression(rng: Rng) -> Simulated:
    eta, (truth, data) = glm(rng, 60, 0.0, 0.7, 0.7)
    kappa, mu = rng.gamma(4, 1 / 0.2), special.expit(eta)
    y = np.clip(rng.beta(mu * kappa, (1 - mu) * kappa), 1e-12, 1 - 1e-12)
    return {**truth, "kappa": kappa}, {**data, "y": y, "kappa_prior_shape": 4, "kappa_prior_rate": 0.2}


def ordinal(rng: Rng) -> Simulated:
    rows, raw_standard = 120, predictors(rng, 120, 2)
    beta, p = rng.normal(0, 1, 2), rng.dirichlet(np.full(4, 3.0))
    cutpoints = special.logit(np.cumsum(p)[:-1])
    score = raw_standard[1] @ beta + rng.logistic(size=rows)
    y = 1 + np.searchsorted(cutpoints, score)
    data = {"N": rows, "K": 2, "X": raw_standard[0], "L": 4, "y": y}
    return {"beta": beta, "p": p}, {**data, "beta_prior_sd": 1, "p_prior_concentration": 3}


def multinomial_logit(rng: Rng) -> Simulated:
    rows, (raw, standard) = 150, predictors(rng, 150, 2)
    alpha, beta = rng.normal(0, 1, 2), rng.normal(0, 1, (2, 2))
    odds = np.column_stack([np.zeros(rows), alpha + standard @ beta])
    chances = special.softmax(odds, axis=1)
    y = 1 + (rng.uniform(size=(rows, 1)) > np.cumsum(chances, axis=1)).sum(axis=1)
    data = {"N": rows, "K": 2, "X": raw, "C": 3, "y": np.minimum(y, 3)}
    return {"alpha": alpha, "beta": beta}, {**data, "alpha_prior_sd": 1, "beta_prior_sd": 1}


def weibull(rng: Rng) -> Simulated:
    eta, (truth, data) = glm(rng, 80, 2.0, 0.5, 0.5)
    shape = rng.lognormal(0, 0.3)
    time, end = np.exp(eta) * rng.weibull(shape, 80), np.exp(2.5)
    data |= {"t": np.minimum(time, end), "event": (time <= end).astype(int), "shape_prior_sdlog": 0.3}
    return {**truth, "shape": shape}, data


def generalised_pareto(rng: Rng) -> Simulated:
    sigma, xi = half_normal(rng, 2.0), rng.normal(0.2, 0.2)
    y = 5 + stats.genpareto(xi, scale=sigma).rvs(150, random_state=rng)
    prior = {"sigma_prior_sd": 2.0, "xi_prior_mean": 0.2, "xi_prior_sd": 0.2}
    return {"sigma": sigma, "xi": xi}, {"N": 150, "threshold": 5, "y": y, **prior}


def quantile(rng: Rng) -> Simulated:
    eta, (truth, data) = glm(rng, 80, 5.0, 2.0, 2.0)
    sigma, probability = half_normal(rng, 2.0), 0.8
    # above the quantile with the remaining probability, exponentially far on either side
    is_above = rng.uniform(size=80) > probability
    rate = 2 / sigma * np.where(is_above, probability, 1 - probability)
    y = eta + np.where(is_above, 1, -1) * rng.exponential(1 / rate)
    return {**truth, "sigma": sigma}, {**data, "y": y, "probability": probability, "sigma_prior_sd": 2.0}


def gaussian_process(rng: Rng) -> Simulated:
    x = np.sort(rng.uniform(0, 10, 30))
    alpha, rho, eta, sigma = (
        rng.normal(5, 2),
        1 / rng.gamma(5, 1 / 8.0),
        half_normal(rng, 2),
        half_normal(rng, 1),
    )
    covariance = eta**2 * np.exp(-0.5 * ((x[:, None] - x) / rho) ** 2) + sigma**2 * np.eye(30)
    data = {
        "N": 30,
        "x": x,
        "y": rng.multivariate_normal(np.full(30, alpha), covariance),
        "alpha_prior_mean": 5,
        "alpha_prior_sd": 2,
        "rho_prior_shape": 5,
        "rho_prior_scale": 8,
        "eta_prior_sd": 2,
        "sigma_prior_sd": 1,
    }
    return {"alpha": alpha, "rho": rho, "eta": eta, "sigma": sigma}, data


def mixture(rng: Rng) -> Simulated:
    mu, sigma, theta = np.sort(rng.normal(10, 8, 2)), rng.lognormal(0.5, 0.3, 2), rng.beta(3, 3)
    group = rng.binomial(1, 1 - theta, 150)
    data = {
        "N": 150,
        "y": rng.normal(mu[group], sigma[group]),
        "mu_prior_mean": 10,
        "mu_prior_sd": 8,
        "sigma_prior_meanlog": 0.5,
        "sigma_prior_sdlog": 0.3,
        "theta_prior_a": 3,
        "theta_prior_b": 3,
    }
    return {"mu": mu, "sigma": sigma, "theta": theta}, data


def autoregression(rng: Rng) -> Simulated:
    raw, standard = predictors(rng, 80, 2)
    alpha, rho, beta, sigma = rng.normal(3, 2), rng.normal(0.4, 0.3), rng.normal(0, 1, 2), half_normal(rng, 1)
    y = np.empty(80)
    y[0] = rng.normal(alpha, 2)  # taken as given
    for n in range(1, 80):
        y[n] = rng.normal(alpha + rho * (y[n - 1] - alpha) + standard[n] @ beta, sigma)
    data = {
        "N": 80,
        "K": 2,
        "X": raw,
        "y": y,
        "alpha_prior_mean": 3,
        "alpha_prior_sd": 2,
        "rho_prior_mean": 0.4,
        "rho_prior_sd": 0.3,
        "beta_prior_sd": 1,
        "sigma_prior_sd": 1,
    }
    return {"alpha": alpha, "rho": rho, "beta": beta, "sigma": sigma}, data


def local_level(rng: Rng) -> Simulated:
    season = np.tile(np.arange(4), 20)
    step, sigma = half_normal(rng, 1.0), half_normal(rng, 1.0)
    level = rng.normal(5, 2) + np.append(0, np.cumsum(rng.normal(0, step, 79)))
    # effects whose own standard deviation, after their mean is taken away, is one
    effect = rng.normal(0, (4 / 3) ** 0.5, 4)
    seasonal = effect - effect.mean()
    data = {
        "N": 80,
        "S": 4,
        "season": season + 1,
        "y": rng.normal(level + seasonal[season], sigma),
        "level_prior_mean": 5,
        "level_prior_sd": 2,
        "sigma_level_prior_sd": 1,
        "seasonal_prior_sd": 1,
        "sigma_prior_sd": 1,
    }
    return {"sigma_level": step, "sigma": sigma, "seasonal": seasonal, "level": level}, data


REGRESSION = {
    one.__name__: one
    for one in (
        linear,
        robust,
        ridge,
        lasso,
        horseshoe,
        logistic,
        probit,
        poisson,
        negative_binomial,
        zero_inflated_poisson,
        beta_regression,
        ordinal,
        multinomial_logit,
        weibull,
        generalised_pareto,
        quantile,
        gaussian_process,
        mixture,
        autoregression,
        local_level,
    )
}
