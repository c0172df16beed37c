"""Exponential times, some right-censored, with a gamma prior of the rate.

References
----------
Collett (2015), Modelling Survival Data in Medical Research, 3rd edition, section 5.4. doi:10.1201/b18041
"""

from __future__ import annotations

import numpy as np

from workbench.library.conjugate.family import Family, Values
from workbench.library.conjugate.gamma_poisson import Gamma, log_normaliser, prior
from workbench.library.conjugate.gamma_poisson import marginals as rate_marginals
from workbench.library.conjugate.gamma_poisson import mode as rate_mode
from workbench.library.conjugate.marginal import Marginal, inverse_gamma


def update(prior: Gamma, values: Values) -> Gamma:
    """Return the posterior: events and times watched add up, censored or not.

    >>> update(Gamma(1.0, 2.0), {"t": [3.0, 4.0], "event": [1, 0]})
    Gamma(a=2.0, b=9.0)
    """
    return Gamma(prior.a + float(np.sum(values["event"])), prior.b + float(np.sum(values["t"])))


def log_evidence(prior: Gamma, values: Values) -> float:
    """Return the log marginal likelihood: densities of events, probabilities of outlasting the others."""
    return log_normaliser(update(prior, values)) - log_normaliser(prior)


def mode(state: Gamma) -> dict[str, float]:
    """Return the mode of the rate, and the mean time it implies."""
    found = rate_mode(state)
    return {**found, "mean_time": 1 / found["rate"]} if found else {}


def marginals(state: Gamma) -> dict[str, Marginal]:
    """Return the distributions of the rate and of the mean time."""
    return {**rate_marginals(state), "mean_time": inverse_gamma(state.a, state.b)}


def predictive(state: Gamma, values: Values) -> dict[str, Marginal]:
    """Return the distribution of a new time to the event: Lomax."""
    del values
    return {"t": Marginal("lomax", {"c": state.a, "scale": state.b})}


FAMILY = Family(prior, update, log_evidence, mode, marginals, predictive)
