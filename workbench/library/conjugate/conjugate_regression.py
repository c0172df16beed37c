"""Linear regression with a normal-inverse-gamma prior, of which Zellner's g is a special case.

References
----------
Zellner, A. (1986), On assessing prior distributions and Bayesian regression analysis with g-prior
distributions, in Bayesian Inference and Decision Techniques, 233-243. Gelman, Carlin, Stern, Dunson, Vehtari
and Rubin (2013), Bayesian Data Analysis, 3rd edition, chapter 14.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workbench.library.conjugate.family import Family, Floats, Values
from workbench.library.conjugate.marginal import Marginal
from workbench.library.conjugate.normal_known_mean import compute_log_normaliser


@dataclass(frozen=True)
class Coefficients:
    """`sigma2` is inverse gamma (a, b); given `sigma2`, alpha and the slopes are normal.

    Attributes
    ----------
    mean
        Means of alpha and the slopes, `(1 + K,)`.
    precision
        Their precision times `sigma2`, `(1 + K, 1 + K)`.
    a, b
        Shape and scale of `sigma2`.
    """

    mean: Floats
    precision: Floats
    a: float
    b: float


def parse_prior(values: Values) -> Coefficients:
    """Return the prior with the hyperparameters in the program's data, scaled by the predictors."""
    design = _build_design(values)
    slopes = design.shape[1] - 1
    precision = design.T @ design / float(values["beta_prior_g"])
    precision[0, :] = precision[:, 0] = 0
    precision[0, 0] = float(values["alpha_prior_n"])
    mean = np.append(float(values["alpha_prior_mean"]), np.zeros(slopes))
    return Coefficients(mean, precision, float(values["sigma2_prior_a"]), float(values["sigma2_prior_b"]))


def update(prior: Coefficients, values: Values) -> Coefficients:
    """Return the posterior, with the predictors centred at their means as the program centres them."""
    return absorb(prior, _build_design(values), np.asarray(values["y"], dtype=float))


def absorb(prior: Coefficients, design: Floats, y: Floats) -> Coefficients:
    """Return the posterior after a batch, for a design matrix `(N, 1 + K)` centred once for all batches.

    >>> state = absorb(Coefficients(np.zeros(1), np.eye(1), 1.0, 1.0), np.ones((1, 1)), np.array([2.0]))
    >>> state.mean.tolist(), state.b
    ([1.0], 2.0)
    """
    precision = prior.precision + design.T @ design
    residual = y - design @ prior.mean
    step = np.linalg.solve(precision, design.T @ residual)
    squares = float(residual @ residual - step @ precision @ step)
    return Coefficients(prior.mean + step, precision, prior.a + len(y) / 2, prior.b + squares / 2)


def compute_log_evidence(prior: Coefficients, values: Values) -> float:
    """Return the log marginal likelihood."""
    posterior = update(prior, values)
    constant = -np.size(values["y"]) * np.log(2 * np.pi)
    spread = np.linalg.slogdet(prior.precision)[1] - np.linalg.slogdet(posterior.precision)[1]
    scale = compute_log_normaliser(posterior.a, posterior.b) - compute_log_normaliser(prior.a, prior.b)
    return float((constant + spread) / 2 + scale)


def find_mode(state: Coefficients) -> dict[str, float]:
    """Return the joint mode of coefficients and residual variance, and the square root of the latter."""
    sigma2 = state.b / (state.a + 1 + len(state.mean) / 2)
    coefficients = {
        name: float(mean) for name, mean in zip(_name_coefficients(state), state.mean, strict=True)
    }
    return {**coefficients, "sigma2": sigma2, "sigma": sigma2**0.5}


def derive_marginals(state: Coefficients) -> dict[str, Marginal]:
    """Return the distributions of the coefficients (Student t), of the residual variance and of its root."""
    scales = np.sqrt(state.b / state.a * np.diag(np.linalg.inv(state.precision)))
    each = {
        name: Marginal.student_t(2 * state.a, mean, scale)
        for name, mean, scale in zip(_name_coefficients(state), state.mean, scales, strict=True)
    }
    return {
        **each,
        "sigma2": Marginal.inverse_gamma(state.a, state.b),
        "sigma": Marginal.root_inverse_gamma(state.a, state.b),
    }


def predict(state: Coefficients, values: Values) -> dict[str, Marginal]:
    """Return the distribution of a new outcome at the means of the predictors: Student t."""
    del values
    scale = (state.b / state.a * (1 + np.linalg.inv(state.precision)[0, 0])) ** 0.5
    return {"y": Marginal.student_t(2 * state.a, state.mean[0], scale)}


def _build_design(values: Values) -> Floats:
    predictors = np.asarray(values["X"], dtype=float)
    return np.column_stack([np.ones(len(predictors)), predictors - predictors.mean(axis=0)])


def _name_coefficients(state: Coefficients) -> list[str]:
    return ["alpha", *(f"beta[{k}]" for k in range(1, len(state.mean)))]


FAMILY = Family(parse_prior, update, compute_log_evidence, find_mode, derive_marginals, predict)
"""The functions of this file."""
