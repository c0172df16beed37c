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
    """A gamma distribution of a rate; `a` counts events, `b` is the exposure in which they occurred."""

    a: float
    b: float


def parse_prior(values: Values) -> Gamma:
    """Return the prior with the hyperparameters in the program's data."""
    return Gamma(float(values["rate_prior_a"]), float(values["rate_prior_b"]))


def update(prior: Gamma, values: Values) -> Gamma:
    """Return the posterior: events and exposures add up.

    >>> update(Gamma(1.0, 2.0), {"y": [3], "exposure": [5]})
    Gamma(a=4.0, b=7.0)
    """
    return Gamma(prior.a + float(np.sum(values["y"])), prior.b + float(np.sum(values["exposure"])))


def compute_log_evidence(prior: Gamma, values: Values) -> float:
    """Return the log marginal likelihood."""
    y, exposure = (np.asarray(values[name], dtype=float) for name in ("y", "exposure"))
    constants = np.sum(xlogy(y, exposure) - gammaln(y + 1))
    return float(constants + compute_log_normaliser(update(prior, values)) - compute_log_normaliser(prior))


def compute_log_normaliser(state: Gamma) -> float:
    """Return the log integral of rate^(a - 1) exp(-b rate)."""
    return float(gammaln(state.a) - state.a * np.log(state.b))


def find_mode(state: Gamma) -> dict[str, float]:
    """Return the mode, if the density has one above zero."""
    return {"rate": (state.a - 1) / state.b} if state.a > 1 else {}


def derive_marginals(state: Gamma) -> dict[str, Marginal]:
    """Return the distribution of the rate."""
    return {"rate": Marginal("gamma", {"a": state.a, "scale": 1 / state.b})}


def predict(state: Gamma, values: Values) -> dict[str, Marginal]:
    """Return the distribution of a new count with the exposure of the first: negative binomial."""
    exposure = float(np.ravel(values["exposure"])[0])
    return {"y": Marginal("nbinom", {"n": state.a, "p": state.b / (state.b + exposure)})}


FAMILY = Family(parse_prior, update, compute_log_evidence, find_mode, derive_marginals, predict)
"""The functions of this file."""
