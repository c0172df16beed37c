"""Mean and variance of a normal sample, with a normal-inverse-gamma prior.

References
----------
Gelman, Carlin, Stern, Dunson, Vehtari and Rubin (2013), Bayesian Data Analysis, 3rd edition, section 3.3.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workbench.library.conjugate.family import Family, Values
from workbench.library.conjugate.marginal import Marginal, inverse_gamma, root_inverse_gamma, student
from workbench.library.conjugate.normal_known_mean import log_normaliser


@dataclass(frozen=True)
class NormalInverseGamma:
    """`sigma2` is inverse gamma (a, b), and `mu` given it is normal (mean, sigma2 / n)."""

    mean: float
    n: float
    a: float
    b: float


def prior(values: Values) -> NormalInverseGamma:
    """Return the prior that the program's data name."""
    names = ("mu_prior_mean", "mu_prior_n", "sigma2_prior_a", "sigma2_prior_b")
    return NormalInverseGamma(*(float(values[name]) for name in names))


def update(prior: NormalInverseGamma, values: Values) -> NormalInverseGamma:
    """Return the posterior: the prior counts like `n` values around its mean.

    >>> update(NormalInverseGamma(0.0, 1.0, 1.0, 1.0), {"y": [2.0]})
    NormalInverseGamma(mean=1.0, n=2.0, a=1.5, b=2.0)
    """
    y = np.asarray(values["y"], dtype=float)
    if not y.size:
        return prior
    n, step = prior.n + y.size, float(y.mean()) - prior.mean
    squares = float(np.sum((y - y.mean()) ** 2)) + prior.n * y.size / n * step**2
    return NormalInverseGamma(prior.mean + y.size / n * step, n, prior.a + y.size / 2, prior.b + squares / 2)


def log_evidence(prior: NormalInverseGamma, values: Values) -> float:
    """Return the log marginal likelihood."""
    posterior = update(prior, values)
    constant = -np.size(values["y"]) * np.log(2 * np.pi) + np.log(prior.n / posterior.n)
    return float(constant / 2 + log_normaliser(posterior.a, posterior.b) - log_normaliser(prior.a, prior.b))


def mode(state: NormalInverseGamma) -> dict[str, float]:
    """Return the joint mode of mean and variance, and the root of the latter."""
    sigma2 = state.b / (state.a + 1.5)
    return {"mu": state.mean, "sigma2": sigma2, "sigma": sigma2**0.5}


def marginals(state: NormalInverseGamma) -> dict[str, Marginal]:
    """Return the distributions of mean, variance and standard deviation, each by itself."""
    return {
        "mu": student(2 * state.a, state.mean, (state.b / (state.a * state.n)) ** 0.5),
        "sigma2": inverse_gamma(state.a, state.b),
        "sigma": root_inverse_gamma(state.a, state.b),
    }


def predictive(state: NormalInverseGamma, values: Values) -> dict[str, Marginal]:
    """Return the distribution of a new value: Student t."""
    del values
    scale = (state.b * (1 + 1 / state.n) / state.a) ** 0.5
    return {"y": student(2 * state.a, state.mean, scale)}


FAMILY = Family(prior, update, log_evidence, mode, marginals, predictive)
