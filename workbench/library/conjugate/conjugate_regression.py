"""Linear regression with a normal-inverse-gamma prior, of which Zellner's g is a special case.

References
----------
Zellner, A. (1986), On assessing prior distributions and Bayesian regression analysis with g-prior
distributions, in Bayesian Inference and Decision Techniques, 233-243. Gelman, Carlin, Stern, Dunson, Vehtari
and Rubin (2013), Bayesian Data Analysis, 3rd edition, chapter 14.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.library.conjugate.family import Family, Values
from workbench.library.conjugate.marginal import Marginal, inverse_gamma, root_inverse_gamma, student
from workbench.library.conjugate.normal_known_mean import log_normaliser

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Coefficients:
    """`sigma2` is inverse gamma (a, b); given it, alpha and the slopes are normal.

    Attributes
    ----------
    mean
        Of alpha and the slopes `(1 + K,)`.
    precision
        Theirs, times sigma2 `(1 + K, 1 + K)`.
    a, b
        Of `sigma2`.
    """

    mean: Floats
    precision: Floats
    a: float
    b: float


def prior(values: Values) -> Coefficients:
    """Return the prior that the program's data name: it is shaped by the predictors themselves."""
    design = _design(values)
    slopes = design.shape[1] - 1
    precision = design.T @ design / float(values["beta_prior_g"])
    precision[0, :] = precision[:, 0] = 0
    precision[0, 0] = float(values["alpha_prior_n"])
    mean = np.append(float(values["alpha_prior_mean"]), np.zeros(slopes))
    return Coefficients(mean, precision, float(values["sigma2_prior_a"]), float(values["sigma2_prior_b"]))


def update(prior: Coefficients, values: Values) -> Coefficients:
    """Return the posterior for predictors centred at their own means, as the program centres them."""
    return absorb(prior, _design(values), np.asarray(values["y"], dtype=float))


def absorb(prior: Coefficients, design: Floats, y: Floats) -> Coefficients:
    """Return the posterior after a batch, for a design matrix `(N, 1 + K)` centred once for all batches.

    >>> one = absorb(Coefficients(np.zeros(1), np.eye(1), 1.0, 1.0), np.ones((1, 1)), np.array([2.0]))
    >>> one.mean.tolist(), one.b
    ([1.0], 2.0)
    """
    precision = prior.precision + design.T @ design
    residual = y - design @ prior.mean
    step = np.linalg.solve(precision, design.T @ residual)
    squares = float(residual @ residual - step @ precision @ step)
    return Coefficients(prior.mean + step, precision, prior.a + len(y) / 2, prior.b + squares / 2)


def log_evidence(prior: Coefficients, values: Values) -> float:
    """Return the log marginal likelihood."""
    posterior = update(prior, values)
    constant = -np.size(values["y"]) * np.log(2 * np.pi)
    spread = np.linalg.slogdet(prior.precision)[1] - np.linalg.slogdet(posterior.precision)[1]
    scale = log_normaliser(posterior.a, posterior.b) - log_normaliser(prior.a, prior.b)
    return float((constant + spread) / 2 + scale)


def mode(state: Coefficients) -> dict[str, float]:
    """Return the joint mode of the coefficients and the residual variance, and the root of the latter."""
    sigma2 = state.b / (state.a + 1 + len(state.mean) / 2)
    coefficients = {name: float(one) for name, one in zip(_names(state), state.mean, strict=True)}
    return {**coefficients, "sigma2": sigma2, "sigma": sigma2**0.5}


def marginals(state: Coefficients) -> dict[str, Marginal]:
    """Return the distribution of each coefficient (Student t), and of the residual variance and its root."""
    scales = np.sqrt(state.b / state.a * np.diag(np.linalg.inv(state.precision)))
    each = {
        name: student(2 * state.a, mean, scale)
        for name, mean, scale in zip(_names(state), state.mean, scales, strict=True)
    }
    return {
        **each,
        "sigma2": inverse_gamma(state.a, state.b),
        "sigma": root_inverse_gamma(state.a, state.b),
    }


def predictive(state: Coefficients, values: Values) -> dict[str, Marginal]:
    """Return the distribution of a new outcome where every predictor has its mean: Student t."""
    del values
    scale = (state.b / state.a * (1 + np.linalg.inv(state.precision)[0, 0])) ** 0.5
    return {"y": student(2 * state.a, state.mean[0], scale)}


def _design(values: Values) -> Floats:
    predictors = np.asarray(values["X"], dtype=float)
    return np.column_stack([np.ones(len(predictors)), predictors - predictors.mean(axis=0)])


def _names(state: Coefficients) -> list[str]:
    return ["alpha", *(f"beta[{k}]" for k in range(1, len(state.mean)))]


FAMILY = Family(prior, update, log_evidence, mode, marginals, predictive)
