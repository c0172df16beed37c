"""Binomial counts with a beta prior.

References
----------
Gelman, Carlin, Stern, Dunson, Vehtari and Rubin (2013), Bayesian Data Analysis, 3rd edition, section 2.4.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import betaln, gammaln

from workbench.library.conjugate.family import Family, Values
from workbench.library.conjugate.marginal import Marginal


@dataclass(frozen=True)
class Beta:
    """A beta distribution of `theta`; `a` and `b` count individuals with the trait and without it."""

    a: float
    b: float


def parse_prior(values: Values) -> Beta:
    """Return the prior with the hyperparameters in the program's data."""
    return Beta(float(values["theta_prior_a"]), float(values["theta_prior_b"]))


def update(prior: Beta, values: Values) -> Beta:
    """Return the posterior: counts add up.

    >>> update(Beta(1.0, 1.0), {"y": [3], "n": [4]})
    Beta(a=4.0, b=2.0)
    """
    y, n = (float(np.sum(values[name])) for name in ("y", "n"))
    return Beta(prior.a + y, prior.b + n - y)


def compute_log_evidence(prior: Beta, values: Values) -> float:
    """Return the log marginal likelihood of the counts: beta-binomial."""
    y, n = (np.asarray(values[name], dtype=float) for name in ("y", "n"))
    ways = np.sum(gammaln(n + 1) - gammaln(y + 1) - gammaln(n - y + 1))
    posterior = update(prior, values)
    return float(ways + betaln(posterior.a, posterior.b) - betaln(prior.a, prior.b))


def find_mode(state: Beta) -> dict[str, float]:
    """Return the mode, if the density has one inside (0, 1)."""
    if min(state.a, state.b) <= 1:
        return {}
    return {"theta": (state.a - 1) / (state.a + state.b - 2)}


def derive_marginals(state: Beta) -> dict[str, Marginal]:
    """Return the distribution of the probability."""
    return {"theta": Marginal("beta", {"a": state.a, "b": state.b})}


def predict(state: Beta, values: Values) -> dict[str, Marginal]:
    """Return the distribution of a new count in a group as large as the first one."""
    n = int(np.ravel(values["n"])[0])
    return {"y": Marginal("betabinom", {"n": n, "a": state.a, "b": state.b})}


FAMILY = Family(parse_prior, update, compute_log_evidence, find_mode, derive_marginals, predict)
"""The functions of this file."""
