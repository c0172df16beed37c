"""Exponential times, some right-censored, with a gamma prior of the rate.

References
----------
Collett (2015), Modelling Survival Data in Medical Research, 3rd edition, section 5.4. doi:10.1201/b18041
"""

from __future__ import annotations

import numpy as np

from workbench.library.conjugate import gamma_poisson
from workbench.library.conjugate.family import Family, Values
from workbench.library.conjugate.gamma_poisson import Gamma, compute_log_normaliser, parse_prior
from workbench.library.conjugate.marginal import Marginal


def update(prior: Gamma, values: Values) -> Gamma:
    """Return the posterior: events add up, and so do all observed times, censored or not.

    >>> update(Gamma(1.0, 2.0), {"t": [3.0, 4.0], "event": [1, 0]})
    Gamma(a=2.0, b=9.0)
    """
    return Gamma(prior.a + float(np.sum(values["event"])), prior.b + float(np.sum(values["t"])))


def compute_log_evidence(prior: Gamma, values: Values) -> float:
    """Return the log marginal likelihood: densities of events, survival probabilities of censored times."""
    return compute_log_normaliser(update(prior, values)) - compute_log_normaliser(prior)


def find_mode(state: Gamma) -> dict[str, float]:
    """Return the mode of the rate, and the mean time it implies."""
    mode = gamma_poisson.find_mode(state)
    return {**mode, "mean_time": 1 / mode["rate"]} if mode else {}


def derive_marginals(state: Gamma) -> dict[str, Marginal]:
    """Return the distributions of the rate and of the mean time."""
    return {**gamma_poisson.derive_marginals(state), "mean_time": Marginal.inverse_gamma(state.a, state.b)}


def predict(state: Gamma, values: Values) -> dict[str, Marginal]:
    """Return the distribution of a new time to the event: Lomax."""
    del values
    return {"t": Marginal("lomax", {"c": state.a, "scale": state.b})}


FAMILY = Family(parse_prior, update, compute_log_evidence, find_mode, derive_marginals, predict)
"""The functions of this file."""
