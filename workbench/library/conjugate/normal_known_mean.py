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
from workbench.library.conjugate.marginal import Marginal


@dataclass(frozen=True)
class InverseGamma:
    """An inverse gamma distribution of `sigma2`, around the known mean `mu`."""

    a: float
    b: float
    mu: float


def parse_prior(values: Values) -> InverseGamma:
    """Return the prior with the hyperparameters in the program's data."""
    a, b, mu = (float(values[name]) for name in ("sigma2_prior_a", "sigma2_prior_b", "mu"))
    return InverseGamma(a, b, mu)


def update(prior: InverseGamma, values: Values) -> InverseGamma:
    """Return the posterior: half the number of values, and half their sum of squares, add up.

    >>> update(InverseGamma(1.0, 1.0, 0.0), {"y": [2.0]})
    InverseGamma(a=1.5, b=3.0, mu=0.0)
    """
    y = np.asarray(values["y"], dtype=float)
    return InverseGamma(prior.a + y.size / 2, prior.b + float(np.sum((y - prior.mu) ** 2)) / 2, prior.mu)


def compute_log_evidence(prior: InverseGamma, values: Values) -> float:
    """Return the log marginal likelihood."""
    posterior = update(prior, values)
    constant = -np.size(values["y"]) / 2 * np.log(2 * np.pi)
    return float(
        constant + compute_log_normaliser(posterior.a, posterior.b) - compute_log_normaliser(prior.a, prior.b)
    )


def compute_log_normaliser(a: float, b: float) -> float:
    """Return the log integral of sigma2^(-a - 1) exp(-b / sigma2)."""
    return float(gammaln(a) - a * np.log(b))


def find_mode(state: InverseGamma) -> dict[str, float]:
    """Return the mode of the variance, and its square root."""
    sigma2 = state.b / (state.a + 1)
    return {"sigma2": sigma2, "sigma": sigma2**0.5}


def derive_marginals(state: InverseGamma) -> dict[str, Marginal]:
    """Return the distributions of the variance and of the standard deviation."""
    return {
        "sigma2": Marginal.inverse_gamma(state.a, state.b),
        "sigma": Marginal.root_inverse_gamma(state.a, state.b),
    }


def predict(state: InverseGamma, values: Values) -> dict[str, Marginal]:
    """Return the distribution of a new measurement: Student t."""
    del values
    return {"y": Marginal.student_t(2 * state.a, state.mu, (state.b / state.a) ** 0.5)}


FAMILY = Family(parse_prior, update, compute_log_evidence, find_mode, derive_marginals, predict)
"""The functions of this file."""
