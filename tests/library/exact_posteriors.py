"""Posteriors of bundled models without a sampler: all but a few parameters are integrated out exactly.

Each function returns the posterior mean and SD of quantities by name, and the Monte Carlo error of the mean,
which is 0 where what is left is integrated on a grid.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy import optimize, special, stats
from scipy.linalg import solve_triangular

from workbench import library

Floats = np.ndarray[Any, np.dtype[np.float64]]
Moments = dict[str, tuple[float, float, float]]
"""Mean, SD and Monte Carlo error of the mean, by quantity."""


def read_model(name: str) -> tuple[pd.DataFrame, dict[str, float]]:
    """Return the table of a bundled model, and the defaults of its hyperparameters."""
    model = library.find(name)
    defaults = {key: float(value) for key, value in model.card.hyperparameters.items()}
    return pd.read_csv(model.table), defaults


def gaussian_process() -> Moments:
    """Integrate over a grid of rho, eta and sigma; the curve and its level are normal given these.

    Rasmussen and Williams (2006), sections 2.2 and 2.7: the level is integrated out too.
    """
    table, prior = read_model("gaussian_process")
    x, y = table["year"].to_numpy(float), table["flow"].to_numpy(float) - prior["alpha_prior_mean"]
    level_precision = prior["alpha_prior_sd"] ** -2
    rhos, etas, sigmas = np.geomspace(3, 250, 60), np.geomspace(15, 2500, 60), np.geomspace(85, 240, 30)
    eta, sigma = (grid.ravel() for grid in np.meshgrid(etas, sigmas))
    log_weights, means, squares = [], [], []
    for rho in rhos:
        eigenvalues, vectors = np.linalg.eigh(np.exp(-0.5 * np.subtract.outer(x, x) ** 2 / rho**2))
        ones, outcome = vectors.sum(axis=0), vectors.T @ y
        inverse = 1 / (np.outer(eta**2, eigenvalues.clip(0)) + (sigma**2)[:, None])
        a, b = inverse @ ones**2 + level_precision, inverse @ (ones * outcome)
        log_likelihood = 0.5 * (np.log(inverse).sum(axis=1) - np.log(a) + b**2 / a - inverse @ outcome**2)
        log_weights.append(
            log_likelihood
            + stats.invgamma(prior["rho_prior_shape"], scale=prior["rho_prior_scale"]).logpdf(rho)
            - 0.5 * (eta / prior["eta_prior_sd"]) ** 2
            - 0.5 * (sigma / prior["sigma_prior_sd"]) ** 2
            + np.log(rho * eta * sigma)  # even steps on the logarithmic scale
        )
        first = vectors[:4]
        residual = inverse * (outcome - np.outer(b / a, ones))
        curve = y[:4] - (sigma**2)[:, None] * (residual @ first.T)
        shared = (inverse * ones) @ first.T
        spread = sigma[:, None] ** 4 * (inverse @ first.T**2 - shared**2 / a[:, None])
        center = np.column_stack([b / a, np.full_like(eta, rho), eta, sigma, curve])
        variance = np.zeros_like(center)
        variance[:, 0], variance[:, 4:] = 1 / a, sigma[:, None] ** 2 - spread
        means.append(center)
        squares.append(center**2 + variance)
    names = ("alpha", "rho", "eta", "sigma", *(f"f[{n}]" for n in range(1, 5)))
    moments = _average(names, np.concatenate(log_weights), np.concatenate(means), np.concatenate(squares))
    shift = prior["alpha_prior_mean"]
    return {
        name: (mean + (shift if name[0] in "af" else 0), sd, error)
        for name, (mean, sd, error) in moments.items()
    }


def local_level() -> Moments:
    """Integrate over a grid of both standard deviations; levels and seasons are normal given these.

    Harvey (1989), section 2.4, in the form of one joint normal distribution.
    """
    table, prior = read_model("local_level")
    y, season = table["log_drivers"].to_numpy(float), table["month"].to_numpy(int) - 1
    size, seasons = len(y), season.max() + 1
    basis = _sum_to_zero(seasons)
    design = np.hstack([np.eye(size), basis[season]])
    steps = np.diff(np.eye(size), axis=0)
    season_sd = prior["seasonal_prior_sd"] * np.sqrt(seasons / (seasons - 1))

    def precision(sigma_level: float) -> Floats:
        matrix = np.zeros((size + seasons - 1, size + seasons - 1))
        matrix[:size, :size] = steps.T @ steps / sigma_level**2
        matrix[0, 0] += prior["level_prior_sd"] ** -2
        matrix[range(size, len(matrix)), range(size, len(matrix))] = season_sd**-2
        return matrix

    center = np.concatenate([np.full(size, prior["level_prior_mean"]), np.zeros(seasons - 1)])
    shown = np.zeros((6, len(center)))
    shown[0, 0] = shown[1, 1] = 1
    shown[2:, size:] = basis[:4]
    names = ("level[1]", "level[2]", *(f"seasonal[{k}]" for k in range(1, 5)))
    grids = {"sigma_level": np.geomspace(0.008, 0.09, 36), "sigma": np.geomspace(0.03, 0.09, 36)}
    scales = (prior["sigma_level_prior_sd"], prior["sigma_prior_sd"])
    return _integrate(grids, scales, precision, center, design, y, dict(zip(names, shown, strict=True)))


def repeated_measures() -> Moments:
    """Integrate over a grid of both standard deviations; all effects are normal given these.

    Gelman and Hill (2007), chapter 12, in the form of one joint normal distribution.
    """
    table, prior = read_model("repeated_measures")
    people, person = np.unique(table["subject"], return_inverse=True)
    stools, stool = np.unique(table["stool"], return_inverse=True)
    basis = _sum_to_zero(len(stools))
    design = np.hstack([np.ones((len(table), 1)), basis[stool], np.eye(len(people))[person]])
    effect_sd = prior["effect_prior_sd"] * np.sqrt(len(stools) / (len(stools) - 1))
    widths = [prior["alpha_prior_sd"], *[effect_sd] * (len(stools) - 1)]

    def precision(tau: float) -> Floats:
        return np.diag(np.array([*widths, *[tau] * len(people)]) ** -2)

    center = np.zeros(design.shape[1])
    center[0] = prior["alpha_prior_mean"]
    shown = {"alpha": np.eye(len(center))[0], f"level[{people[0]}]": np.eye(len(center))[len(stools)]}
    for name, row in zip(stools, basis, strict=True):
        shown[f"effect[{name}]"] = np.concatenate([[0], row, np.zeros(len(people))])
    grids = {"tau": np.geomspace(0.02, 12, 100), "sigma": np.geomspace(0.5, 3, 60)}
    scales = (prior["tau_prior_sd"], prior["sigma_prior_sd"])
    return _integrate(grids, scales, precision, center, design, table["effort"].to_numpy(float), shown)


def item_response(draws: int = 6_000) -> Moments:
    """Integrate abilities out by Gauss-Hermite quadrature; what is left, by importance sampling.

    Bock and Lieberman (1970): the likelihood of the patterns of answers. Proposals are t, around the mode.
    """
    table, prior = read_model("item_response")
    patterns, counts = np.unique(table.to_numpy(int), axis=0, return_counts=True)
    items = patterns.shape[1]
    nodes, weights = np.polynomial.hermite_e.hermegauss(41)
    log_weights = np.log(weights / weights.sum())

    def log_density(point: Floats) -> Any:
        offset, log_discrimination = point[:items], point[items:]  # offsets are less skewed than difficulties
        odds = np.exp(log_discrimination)[:, None] * nodes - offset[:, None]
        difficulty = offset / np.exp(log_discrimination)
        log_pattern = patterns @ special.log_expit(odds) + (1 - patterns) @ special.log_expit(-odds)
        return (
            counts @ special.logsumexp(log_pattern + log_weights, axis=1)
            - 0.5 * ((difficulty / prior["difficulty_prior_sd"]) ** 2).sum()
            - 0.5 * ((log_discrimination / prior["discrimination_prior_sdlog"]) ** 2).sum()
            - log_discrimination.sum()  # a step of the difficulty is one of the offset, divided
        )

    def lose(point: Floats) -> Any:
        return -log_density(point)

    mode = optimize.minimize(lose, np.zeros(2 * items)).x
    proposal = stats.multivariate_t(mode, _invert_curvature(log_density, mode), df=5, seed=1)
    points = proposal.rvs(draws)
    ratios = np.array([log_density(point) for point in points]) - proposal.logpdf(points)
    discrimination = np.exp(points[:, items:])
    values = np.hstack([points[:, :items] / discrimination, discrimination])
    names = [f"{kind}[{item}]" for kind in ("difficulty", "discrimination") for item in table.columns]
    moments = _average(names, ratios, values, values**2)
    share = np.exp(ratios - special.logsumexp(ratios))
    return {
        name: (mean, sd, float(np.sqrt((share**2 * (column - mean) ** 2).sum())))
        for (name, (mean, sd, _)), column in zip(moments.items(), values.T, strict=True)
    }


def _invert_curvature(log_density: Callable[[Floats], Any], mode: Floats) -> Floats:
    """Return the covariance matrix of the normal approximation around a mode, by central differences."""
    steps = 1e-3 * np.eye(len(mode))
    rows = [
        [
            log_density(mode + a + b) - log_density(mode + a - b) - log_density(mode - a + b)
            + log_density(mode - a - b)
            for b in steps
        ]
        for a in steps
    ]  # fmt: skip
    covariance: Floats = np.asarray(np.linalg.inv(-np.array(rows) / 4e-6), dtype=np.float64)
    return covariance


def _integrate(
    grids: Mapping[str, Floats],
    scales: tuple[float, float],
    precision: Callable[[float], Floats],
    center: Floats,
    design: Floats,
    y: Floats,
    shown: Mapping[str, Floats],
) -> Moments:
    """Integrate out `x` of `y ~ normal(design x, sigma)`, normal given a scale, then scale and sigma."""
    outer, sigmas = grids.values()
    log_weights, means, squares = [], [], []
    combinations = np.array(list(shown.values()))
    cross = design.T @ design
    for scale in outer:
        prior = precision(scale)
        _, prior_determinant = np.linalg.slogdet(prior)
        for sigma in sigmas:
            root = np.linalg.cholesky(prior + cross / sigma**2)
            residual = y - design @ center
            half = solve_triangular(root, design.T @ residual / sigma**2, lower=True)
            mean = center + solve_triangular(root.T, half)
            log_weights.append(
                0.5 * (prior_determinant + half @ half - residual @ residual / sigma**2)
                - np.log(np.diag(root)).sum()
                - len(y) * np.log(sigma)
                - 0.5 * (scale / scales[0]) ** 2
                - 0.5 * (sigma / scales[1]) ** 2
                + np.log(scale * sigma)  # even steps on the logarithmic scale
            )
            spread = solve_triangular(root, combinations.T, lower=True)
            means.append([scale, sigma, *(combinations @ mean)])
            variances = np.array([0, 0, *(spread**2).sum(axis=0)])
            squares.append(np.square(means[-1]) + variances)
    return _average((*grids, *shown), np.array(log_weights), np.array(means), np.array(squares))


def _average(names: Any, log_weights: Floats, means: Floats, squares: Floats) -> Moments:
    share = np.exp(log_weights - special.logsumexp(log_weights))
    mean = share @ means
    sd = np.sqrt(share @ squares - mean**2)
    return {name: (float(m), float(s), 0.0) for name, m, s in zip(names, mean, sd, strict=True)}


def _sum_to_zero(size: int) -> Floats:
    """Return `(size, size - 1)`: an orthonormal basis of the vectors whose sum is zero."""
    basis: Floats = np.linalg.qr(np.hstack([np.ones((size, 1)), np.eye(size)[:, :-1]]))[0]
    return basis[:, 1:]
