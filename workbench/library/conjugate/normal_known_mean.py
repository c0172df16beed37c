"""The variance of a normal sample of known mean, with an inverse gamma prior.

References
----------
Gelman, Carlin, Stern, Dunson, Vehtari and Rubin (2013), Bayesian Data Analysis, 3rd edition, section 2.6.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln

from workbench.library.conjugate.family import Family, Values
from workbench.library.conjugate.marginal import Marginal, inverse_gamma, root_inverse_gamma, student


@dataclass(frozen=True)
class InverseGamma:
    """An inverse gamma distribution of `sigma2`, around the known mean `mu`."""

    a: float
    b: float
    mu: float


def prior(values: Values) -> InverseGamma:
    """Return the prior that the program's data name."""
    a, b, mu = (float(values[name]) for name in ("sigma2_prior_a", "sigma2_prior_b", "mu"))
    return InverseGamma(a, b, mu)


def update(prior: InverseGamma, values: Values) -> InverseGamma:
    """Return the posterior: half the number of values, and half their sum of squares, add up.

    >>> update(InverseGamma(1.0, 1.0, 0.0), {"y": [2.0]})
    InverseGamma(a=1.5, b=3.0, mu=0.0)
    """
    y = np.asarray(values["y"], dtype=float)
    return InverseGamma(prior.a + y.size / 2, prior.b + float(np.sum((y - prior.mu) ** 2)) / 2, prior.mu)


def log_evidence(prior: InverseGamma, values: Values) -> float:
    """Return the log marginal likelihood."""
    posterior = update(prior, values)
    constant = -np.size(values["y"]) / 2 * np.log(2 * np.pi)
    return float(constant + log_normaliser(posterior.a, posterior.b) - log_normaliser(prior.a, prior.b))


def log_normaliser(a: float, b: float) -> float:
    """Return the log integral of sigma2^(-a - 1) exp(-b / sigma2)."""
    return float(gammaln(a) - a * np.log(b))


def mode(state: InverseGamma) -> dict[str, float]:
    """Return the mode of the variance, and its root."""
    sigma2 = state.b / (state.a + 1)
    return {"sigma2": sigma2, "sigma": sigma2**0.5}


def marginals(state: InverseGamma) -> dict[str, Marginal]:
    """Return the distributions of the variance and of the standard deviation."""
    return {"sigma2": inverse_gamma(state.a, state.b), "sigma": root_inverse_gamma(state.a, state.b)}


def predictive(state: InverseGamma, values: Values) -> dict[str, Marginal]:
    """Return the distribution of a new measurement: Student t."""
    del values
    return {"y": student(2 * state.a, state.mu, (state.b / state.a) ** 0.5)}


FAMILY = Family(prior, update, log_evidence, mode, marginals, predictive)
