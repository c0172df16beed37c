"""Counts of several categories with a Dirichlet prior.

References
----------
Gelman, Carlin, Stern, Dunson, Vehtari and Rubin (2013), Bayesian Data Analysis, 3rd edition, section 3.4.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln

from workbench.library.conjugate.family import Family, Values
from workbench.library.conjugate.marginal import Marginal


@dataclass(frozen=True)
class Dirichlet:
    """A Dirichlet distribution of `theta`; each concentration counts the individuals of one category."""

    concentration: tuple[float, ...]


def parse_prior(values: Values) -> Dirichlet:
    """Return the prior with the concentration in the program's data, the same for every category."""
    return Dirichlet((float(values["theta_prior_concentration"]),) * np.size(values["y"]))


def update(prior: Dirichlet, values: Values) -> Dirichlet:
    """Return the posterior: counts add up.

    >>> update(Dirichlet((1.0, 1.0)), {"y": [3, 4]})
    Dirichlet(concentration=(4.0, 5.0))
    """
    return Dirichlet(tuple((np.array(prior.concentration) + np.asarray(values["y"], dtype=float)).tolist()))


def compute_log_evidence(prior: Dirichlet, values: Values) -> float:
    """Return the log marginal likelihood: Dirichlet-multinomial."""
    y = np.asarray(values["y"], dtype=float)
    ways = gammaln(y.sum() + 1) - gammaln(y + 1).sum()
    return float(ways + _compute_log_normaliser(update(prior, values)) - _compute_log_normaliser(prior))


def find_mode(state: Dirichlet) -> dict[str, float]:
    """Return the mode, if the density has one inside the simplex."""
    weights = np.array(state.concentration) - 1
    if weights.min() <= 0:
        return {}
    return {f"theta[{k}]": float(weight) for k, weight in enumerate(weights / weights.sum(), 1)}


def derive_marginals(state: Dirichlet) -> dict[str, Marginal]:
    """Return the distribution of each probability: beta, with the other categories combined."""
    total = sum(state.concentration)
    return {
        f"theta[{k}]": Marginal("beta", {"a": a, "b": total - a})
        for k, a in enumerate(state.concentration, 1)
    }


def predict(state: Dirichlet, values: Values) -> dict[str, Marginal]:
    """Return the distribution of each count in a new sample of the same size."""
    n, total = int(np.sum(values["y"])), sum(state.concentration)
    return {
        f"y[{k}]": Marginal("betabinom", {"n": n, "a": a, "b": total - a})
        for k, a in enumerate(state.concentration, 1)
    }


def _compute_log_normaliser(state: Dirichlet) -> float:
    concentration = np.array(state.concentration)
    return float(gammaln(concentration).sum() - gammaln(concentration.sum()))


FAMILY = Family(parse_prior, update, compute_log_evidence, find_mode, derive_marginals, predict)
"""The functions of this file."""
