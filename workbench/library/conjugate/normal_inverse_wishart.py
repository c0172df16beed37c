"""Means and covariance of a multivariate normal sample, with a normal-inverse-Wishart prior.

References
----------
Gelman, Carlin, Stern, Dunson, Vehtari and Rubin (2013), Bayesian Data Analysis, 3rd edition, section 3.6.
Mardia, Kent and Bibby (1979), Multivariate Analysis, section 3.8 (moments of the inverse Wishart).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import multigammaln

from workbench.library.conjugate.family import Family, Floats, Values
from workbench.library.conjugate.marginal import Marginal


@dataclass(frozen=True)
class NormalInverseWishart:
    """`Sigma` is inverse Wishart (df, scale); given `Sigma`, `mu` is normal with covariance `Sigma / n`.

    `mean` is `(K,)`, `scale` is `(K, K)`.
    """

    mean: Floats
    n: float
    df: float
    scale: Floats


def parse_prior(values: Values) -> NormalInverseWishart:
    """Return the prior with the hyperparameters in the program's data: equal means, no correlation."""
    size = np.shape(values["y"])[1]
    mean = np.full(size, float(values["mu_prior_mean"]))
    scale = float(values["Sigma_prior_scale"]) * np.eye(size)
    return NormalInverseWishart(mean, float(values["mu_prior_n"]), float(values["Sigma_prior_df"]), scale)


def update(prior: NormalInverseWishart, values: Values) -> NormalInverseWishart:
    """Return the posterior: the prior counts as much as `n` individuals around its mean.

    >>> state = NormalInverseWishart(np.zeros(1), 1.0, 2.0, np.eye(1))
    >>> update(state, {"y": [[2.0]]}).scale.tolist()
    [[3.0]]
    """
    y = np.asarray(values["y"], dtype=float)
    if not len(y):
        return prior
    n, step = prior.n + len(y), y.mean(axis=0) - prior.mean
    centred = y - y.mean(axis=0)
    scale = prior.scale + centred.T @ centred + prior.n * len(y) / n * np.outer(step, step)
    return NormalInverseWishart(prior.mean + len(y) / n * step, n, prior.df + len(y), scale)


def compute_log_evidence(prior: NormalInverseWishart, values: Values) -> float:
    """Return the log marginal likelihood."""
    posterior, (count, size) = update(prior, values), np.shape(values["y"])
    constant = -count * size / 2 * np.log(np.pi) + size / 2 * np.log(prior.n / posterior.n)
    return float(constant + _compute_log_normaliser(posterior) - _compute_log_normaliser(prior))


def find_mode(state: NormalInverseWishart) -> dict[str, float]:
    """Return the joint mode of means and covariance matrix."""
    size = len(state.mean)
    return {**_name_means(state.mean), **_name_covariances(state.scale / (state.df + size + 2))}


def derive_marginals(state: NormalInverseWishart) -> dict[str, Marginal]:
    """Return the distributions of each mean (Student t) and each variance (inverse gamma)."""
    df = state.df - len(state.mean) + 1
    squares = np.diag(state.scale)
    means = {
        f"mu[{k}]": Marginal.student_t(df, state.mean[k - 1], (squares[k - 1] / (df * state.n)) ** 0.5)
        for k in range(1, len(squares) + 1)
    }
    variances = {
        f"Sigma[{k},{k}]": Marginal.inverse_gamma(df / 2, float(square) / 2)
        for k, square in enumerate(squares, 1)
    }
    return {**means, **variances}


def compute_moments(state: NormalInverseWishart) -> dict[str, tuple[float, float]]:
    """Return mean and standard deviation of the covariances; their distribution has no name."""
    free = state.df - len(state.mean)  # the variance exists only if it is more than 3
    if free <= 3:
        return {}
    squares = np.diag(state.scale)
    variance = (free + 1) * state.scale**2 + (free - 1) * np.outer(squares, squares)
    sd = np.sqrt(variance / (free * (free - 1) ** 2 * (free - 3)))
    mean = _name_covariances(state.scale / (free - 1))
    return {name: (mean[name], deviation) for name, deviation in _name_covariances(sd).items()}


def predict(state: NormalInverseWishart, values: Values) -> dict[str, Marginal]:
    """Return the distribution of each measurement of a new individual: Student t."""
    del values
    df = state.df - len(state.mean) + 1
    scale = np.sqrt(np.diag(state.scale) * (1 + 1 / state.n) / df)
    return {f"y[{k + 1}]": Marginal.student_t(df, mean, scale[k]) for k, mean in enumerate(state.mean)}


def _name_means(mean: Floats) -> dict[str, float]:
    return {f"mu[{k}]": float(element) for k, element in enumerate(mean, 1)}


def _name_covariances(matrix: Floats) -> dict[str, float]:
    return {f"Sigma[{j + 1},{k + 1}]": float(element) for (j, k), element in np.ndenumerate(matrix)}


def _compute_log_normaliser(state: NormalInverseWishart) -> float:
    size = len(state.mean)
    return float(multigammaln(state.df / 2, size) - state.df / 2 * np.linalg.slogdet(state.scale)[1])


FAMILY = Family(
    parse_prior, update, compute_log_evidence, find_mode, derive_marginals, predict, compute_moments
)
"""The functions of this file."""
