"""The hierarchical models."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

from tests.truth.simulators.regression import glm, half_normal, predictors

Rng = np.random.Generator
Simulated = tuple[dict[str, Any], dict[str, Any]]


def eight_schools(rng: Rng) -> Simulated:
    mu, tau = rng.normal(2, 5), abs(5 * rng.standard_cauchy())
    sigma = rng.uniform(2, 8, 10)
    theta = rng.normal(mu, tau, 10)
    prior = {"mu_prior_mean": 2, "mu_prior_sd": 5, "tau_prior_scale": 5}
    truth = {"mu": mu, "tau": tau, "theta": theta}
    return truth, {"J": 10, "y": rng.normal(theta, sigma), "sigma": sigma, **prior}


def eight_schools_centred(rng: Rng) -> Simulated:
    """Return data that the centred form is right for: strong in every group, whose spread is not small."""
    mu, tau = rng.normal(2, 5), abs(20 * rng.standard_cauchy())
    sigma = rng.uniform(0.2, 0.5, 15)
    theta = rng.normal(mu, tau, 15)
    prior = {"mu_prior_mean": 2, "mu_prior_sd": 5, "tau_prior_scale": 20}
    truth = {"mu": mu, "tau": tau, "theta": theta}
    return truth, {"J": 15, "y": rng.normal(theta, sigma), "sigma": sigma, **prior}


def _grouped(rng: Rng, groups: int, size: int, tau_sd: float, mean: float, sd: float, slope_sd: float) -> Any:
    """Return a linear predictor with levels of groups, and the truth and data that go with it."""
    eta, (truth, data) = glm(rng, groups * size, mean, sd, slope_sd)
    group, tau = np.repeat(np.arange(groups), size), half_normal(rng, tau_sd)
    level = rng.normal(0, tau, groups)
    truth |= {"tau": tau, "level": truth["alpha"] + level}
    data |= {"J": groups, "group": group + 1, "tau_prior_sd": tau_sd}
    return eta + level[group], truth, data


def varying_intercepts(rng: Rng) -> Simulated:
    eta, truth, data = _grouped(rng, 12, 6, 2.0, 10.0, 3.0, 2.0)
    sigma = half_normal(rng, 2.0)
    return {**truth, "sigma": sigma}, {**data, "y": rng.normal(eta, sigma), "sigma_prior_sd": 2.0}


def varying_slopes(rng: Rng) -> Simulated:
    groups, size = 15, 8
    x, group = np.tile(np.arange(size, dtype=float), groups), np.repeat(np.arange(groups), size)
    alpha, beta, sigma = rng.normal(20, 5), rng.normal(0, 3), half_normal(rng, 3)
    tau = np.array([half_normal(rng, 4), half_normal(rng, 2)])
    correlation = 2 * rng.beta(2, 2) - 1  # LKJ with eta = 2, of two dimensions
    covariance = np.outer(tau, tau) * np.array([[1, correlation], [correlation, 1]])
    lines = rng.multivariate_normal([alpha, beta], covariance, groups)
    y = rng.normal(lines[group, 0] + lines[group, 1] * (x - x.mean()), sigma)
    data = {
        "N": groups * size,
        "J": groups,
        "group": group + 1,
        "x": x,
        "y": y,
        "alpha_prior_mean": 20,
        "alpha_prior_sd": 5,
        "beta_prior_sd": 3,
        "tau_intercept_prior_sd": 4,
        "tau_slope_prior_sd": 2,
        "Omega_prior_eta": 2,
        "sigma_prior_sd": 3,
    }
    truth = {"alpha": alpha, "beta": beta, "tau": tau, "correlation": correlation, "sigma": sigma}
    return {**truth, "slope": lines[:, 1]}, data


def hierarchical_binomial(rng: Rng) -> Simulated:
    mu, kappa = rng.beta(2, 4), 2 * rng.uniform() ** (-1 / 1.5)
    n = rng.integers(10, 40, 20)
    theta = np.clip(rng.beta(mu * kappa, (1 - mu) * kappa, 20), 1e-12, 1 - 1e-12)
    prior = {"mu_prior_a": 2, "mu_prior_b": 4, "kappa_prior_min": 2, "kappa_prior_alpha": 1.5}
    truth = {"mu": mu, "kappa": kappa, "theta": theta}
    return truth, {"J": 20, "n": n, "y": rng.binomial(n, theta), **prior}


def hierarchical_logistic(rng: Rng) -> Simulated:
    eta, truth, data = _grouped(rng, 20, 10, 1.0, 0.0, 1.0, 0.7)
    raw, standard = predictors(rng, 20, 2)
    gamma = rng.normal(0, 0.8, 2)
    eta = eta + (standard @ gamma)[data["group"] - 1]
    truth |= {"gamma": gamma, "level": truth["level"] + standard @ gamma}
    data |= {"L": 2, "U": raw, "gamma_prior_sd": 0.8}
    return truth, {**data, "y": rng.binomial(1, special.expit(eta))}


def hierarchical_poisson(rng: Rng) -> Simulated:
    mu, tau, exposure = rng.normal(0.5, 1), half_normal(rng, 1), rng.uniform(0.5, 20, 15)
    log_rate = rng.normal(mu, tau, 15)
    prior = {"mu_prior_mean": 0.5, "mu_prior_sd": 1, "tau_prior_sd": 1}
    data = {"J": 15, "y": rng.poisson(exposure * np.exp(log_rate)), "exposure": exposure, **prior}
    return {"mu": mu, "tau": tau, "log_rate": log_rate}, data


def item_response(rng: Rng) -> Simulated:
    people, questions = 100, 6
    ability, difficulty = rng.normal(size=people), rng.normal(0, 1, questions)
    discrimination = rng.lognormal(0, 0.4, questions)
    y = rng.binomial(1, special.expit(discrimination * (ability[:, None] - difficulty)))
    prior = {"difficulty_prior_sd": 1, "discrimination_prior_sdlog": 0.4}
    truth = {"difficulty": difficulty, "discrimination": discrimination, "ability": ability[:3]}
    return truth, {"J": people, "I": questions, "y": y, **prior}


def meta_analysis(rng: Rng) -> Simulated:
    control, mu, tau = rng.normal(-1.5, 0.7, 12), rng.normal(0, 0.7), half_normal(rng, 0.6)
    effect = rng.normal(mu, tau, 12)
    n_control, n_treated = rng.integers(50, 300, 12), rng.integers(50, 300, 12)
    data = {
        "J": 12,
        "n_control": n_control,
        "y_control": rng.binomial(n_control, special.expit(control)),
        "n_treated": n_treated,
        "y_treated": rng.binomial(n_treated, special.expit(control + effect)),
        "control_prior_mean": -1.5,
        "control_prior_sd": 0.7,
        "mu_prior_mean": 0,
        "mu_prior_sd": 0.7,
        "tau_prior_sd": 0.6,
    }
    return {"mu": mu, "tau": tau, "effect": effect, "control": control}, data


def repeated_measures(rng: Rng) -> Simulated:
    people, conditions = 12, 4
    person, condition = (grid.ravel() for grid in np.indices((people, conditions)))
    free = rng.normal(0, 2 * (conditions / (conditions - 1)) ** 0.5, conditions)
    effect = free - free.mean()  # each then has the standard deviation 2
    alpha, tau, sigma = rng.normal(10, 3), half_normal(rng, 3), half_normal(rng, 2)
    level = rng.normal(0, tau, people)
    data = {
        "N": people * conditions,
        "J": people,
        "person": person + 1,
        "C": conditions,
        "condition": condition + 1,
        "y": rng.normal(alpha + effect[condition] + level[person], sigma),
        "alpha_prior_mean": 10,
        "alpha_prior_sd": 3,
        "effect_prior_sd": 2,
        "tau_prior_sd": 3,
        "sigma_prior_sd": 2,
    }
    return {"alpha": alpha, "effect": effect, "tau": tau, "level": level, "sigma": sigma}, data


def hierarchical_negative_binomial(rng: Rng) -> Simulated:
    eta, truth, data = _grouped(rng, 30, 4, 0.8, 1.5, 0.5, 0.4)
    kappa = half_normal(rng, 0.8)
    y = rng.poisson(np.exp(eta) * rng.gamma(kappa**-2, kappa**2, len(eta)))
    return {**truth, "kappa": kappa}, {**data, "y": y, "kappa_prior_sd": 0.8}


HIERARCHICAL = {
    one.__name__: one
    for one in (
        eight_schools,
        eight_schools_centred,
        varying_intercepts,
        varying_slopes,
        hierarchical_binomial,
        hierarchical_logistic,
        hierarchical_poisson,
        item_response,
        meta_analysis,
        repeated_measures,
        hierarchical_negative_binomial,
    )
}
