"""Mean and variance of a normal sample, with a normal-inverse-gamma prior.

References
----------
Gelman, Carlin, Stern, Dunson, Vehtari and Rubin (2013), Bayesian Data Analysis, 3rd edition, section 3.3.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workbench.library.conjugate.family import Family, Values
from workbench.library.conjugate.marginal import Marginal
from workbench.library.conjugate.normal_known_mean import compute_log_normaliser


@dataclass(frozen=True)
class NormalInverseGamma:
    """`sigma2` is inverse gamma (a, b); given `sigma2`, `mu` is normal with variance `sigma2 / n`."""

    mean: float
    n: float
    a: float
    b: float


def parse_prior(values: Values) -> NormalInverseGamma:
    """Return the prior with the hyperparameters in the program's data."""
    names = ("mu_prior_mean", "mu_prior_n", "sigma2_prior_a", "sigma2_prior_b")
    return NormalInverseGamma(*(float(values[name]) for name in names))


def update(prior: NormalInverseGamma, values: Values) -> NormalInverseGamma:
    """Return the posterior: the prior counts as much as `n` values around its mean.

    >>> update(NormalInverseGamma(0.0, 1.0, 1.0, 1.0), {"y": [2.0]})
    NormalInverseGamma(mean=1.0, n=2.0, a=1.5, b=2.0)
    """
    y = np.asarray(values["y"], dtype=float)
    if not y.size:
        return prior
    n, step = prior.n + y.size, float(y.mean()) - prior.mean
    squares = float(np.sum((y - y.mean()) ** 2)) + prior.n * y.size / n * step**2
    return NormalInverseGamma(prior.mean + y.size / n * step, n, prior.a + y.size / 2, prior.b + squares / 2)


def compute_log_evidence(prior: NormalInverseGamma, values: Values) -> float:
    """Return the log marginal likelihood."""
    posterior = update(prior, values)
    constant = -np.size(values["y"]) * np.log(2 * np.pi) + np.log(prior.n / posterior.n)
    return float(
        constant / 2
        + compute_log_normaliser(posterior.a, posterior.b)
        - compute_log_normaliser(prior.a, prior.b)
    )


def find_mode(state: NormalInverseGamma) -> dict[str, float]:
    """Return the joint mode of mean and variance, and the square root of the latter."""
    sigma2 = state.b / (state.a + 1.5)
    return {"mu": state.mean, "sigma2": sigma2, "sigma": sigma2**0.5}


def derive_marginals(state: NormalInverseGamma) -> dict[str, Marginal]:
    """Return the marginal distributions of mean, variance and standard deviation."""
    return {
        "mu": Marginal.student_t(2 * state.a, state.mean, (state.b / (state.a * state.n)) ** 0.5),
        "sigma2": Marginal.inverse_gamma(state.a, state.b),
        "sigma": Marginal.root_inverse_gamma(state.a, state.b),
    }


def predict(state: NormalInverseGamma, values: Values) -> dict[str, Marginal]:
    """Return the distribution of a new value: Student t."""
    del values
    scale = (state.b * (1 + 1 / state.n) / state.a) ** 0.5
    return {"y": Marginal.student_t(2 * state.a, state.mean, scale)}


FAMILY = Family(parse_prior, update, compute_log_evidence, find_mode, derive_marginals, predict)
"""The functions of this file."""
