"""Counts with exposures and one rate, with a gamma prior.

References
----------
Gelman, Carlin, Stern, Dunson, Vehtari and Rubin (2013), Bayesian Data Analysis, 3rd edition, section 2.6.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln, xlogy

from workbench.library.conjugate.family import Family, Values
from workbench.library.conjugate.marginal import Marginal


@dataclass(frozen=True)
class Gamma:
    """A gamma distribution of a rate: events, and the exposure they were seen in."""

    a: float
    b: float


def prior(values: Values) -> Gamma:
    """Return the prior that the program's data name."""
    return Gamma(float(values["rate_prior_a"]), float(values["rate_prior_b"]))


def update(prior: Gamma, values: Values) -> Gamma:
    """Return the posterior: events and exposures add up.

    >>> update(Gamma(1.0, 2.0), {"y": [3], "exposure": [5]})
    Gamma(a=4.0, b=7.0)
    """
    return Gamma(prior.a + float(np.sum(values["y"])), prior.b + float(np.sum(values["exposure"])))


def log_evidence(prior: Gamma, values: Values) -> float:
    """Return the log marginal likelihood."""
    y, exposure = (np.asarray(values[name], dtype=float) for name in ("y", "exposure"))
    each = np.sum(xlogy(y, exposure) - gammaln(y + 1))
    return float(each + log_normaliser(update(prior, values)) - log_normaliser(prior))


def log_normaliser(state: Gamma) -> float:
    """Return the log integral of rate^(a - 1) exp(-b rate)."""
    return float(gammaln(state.a) - state.a * np.log(state.b))


def mode(state: Gamma) -> dict[str, float]:
    """Return the mode, where the density has one above zero."""
    return {"rate": (state.a - 1) / state.b} if state.a > 1 else {}


def marginals(state: Gamma) -> dict[str, Marginal]:
    """Return the distribution of the rate."""
    return {"rate": Marginal("gamma", {"a": state.a, "scale": 1 / state.b})}


def predictive(state: Gamma, values: Values) -> dict[str, Marginal]:
    """Return the distribution of a new count in as much exposure as the first had: negative binomial."""
    exposure = float(np.ravel(values["exposure"])[0])
    return {"y": Marginal("nbinom", {"n": state.a, "p": state.b / (state.b + exposure)})}


FAMILY = Family(prior, update, log_evidence, mode, marginals, predictive)
