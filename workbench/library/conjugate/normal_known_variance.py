"""The mean of a normal sample of known variance, with a normal prior.

References
----------
Gelman, Carlin, Stern, Dunson, Vehtari and Rubin (2013), Bayesian Data Analysis, 3rd edition, section 2.5.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workbench.library.conjugate.family import Family, Values
from workbench.library.conjugate.marginal import Marginal


@dataclass(frozen=True)
class Normal:
    """A normal distribution of `mu`."""

    mean: float
    variance: float


def parse_prior(values: Values) -> Normal:
    """Return the prior with the hyperparameters in the program's data."""
    return Normal(float(values["mu_prior_mean"]), float(values["mu_prior_sd"]) ** 2)


def update(prior: Normal, values: Values) -> Normal:
    """Return the posterior: precisions add up.

    >>> update(Normal(0.0, 1.0), {"y": [2.0], "sigma": 1.0})
    Normal(mean=1.0, variance=0.5)
    """
    y, noise = np.asarray(values["y"], dtype=float), float(values["sigma"]) ** 2
    variance = 1 / (1 / prior.variance + y.size / noise)
    # written as a step from the prior mean, which loses no digits where y is far from zero
    return Normal(prior.mean + variance * float(np.sum(y - prior.mean)) / noise, variance)


def compute_log_evidence(prior: Normal, values: Values) -> float:
    """Return the log marginal likelihood, by completing the square around the prior mean."""
    y, noise = np.asarray(values["y"], dtype=float), float(values["sigma"]) ** 2
    posterior = update(prior, values)
    misfit = np.sum((y - prior.mean) ** 2) / noise - (posterior.mean - prior.mean) ** 2 / posterior.variance
    scales = y.size * np.log(2 * np.pi * noise) + np.log(prior.variance / posterior.variance)
    return float(-(misfit + scales) / 2)


def find_mode(state: Normal) -> dict[str, float]:
    """Return the mode, which is the mean."""
    return {"mu": state.mean}


def derive_marginals(state: Normal) -> dict[str, Marginal]:
    """Return the distribution of the mean."""
    return {"mu": Marginal("norm", {"loc": state.mean, "scale": state.variance**0.5})}


def predict(state: Normal, values: Values) -> dict[str, Marginal]:
    """Return the distribution of a new measurement."""
    scale = (state.variance + float(values["sigma"]) ** 2) ** 0.5
    return {"y": Marginal("norm", {"loc": state.mean, "scale": scale})}


FAMILY = Family(parse_prior, update, compute_log_evidence, find_mode, derive_marginals, predict)
"""The functions of this file."""
