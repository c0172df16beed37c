"""The families by name, and an exact posterior as `run.json` keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from workbench.library.conjugate import (
    beta_binomial,
    beta_negative_binomial,
    conjugate_regression,
    dirichlet_multinomial,
    gamma_exponential,
    gamma_poisson,
    normal_inverse_gamma,
    normal_inverse_wishart,
    normal_known_mean,
    normal_known_variance,
)
from workbench.library.conjugate.family import Family, Values
from workbench.library.conjugate.marginal import Marginal, to_scipy

FAMILIES: Mapping[str, Family[Any]] = {
    "beta_binomial": beta_binomial.FAMILY,
    "beta_negative_binomial": beta_negative_binomial.FAMILY,
    "conjugate_regression": conjugate_regression.FAMILY,
    "dirichlet_multinomial": dirichlet_multinomial.FAMILY,
    "gamma_exponential": gamma_exponential.FAMILY,
    "gamma_poisson": gamma_poisson.FAMILY,
    "normal_inverse_gamma": normal_inverse_gamma.FAMILY,
    "normal_inverse_wishart": normal_inverse_wishart.FAMILY,
    "normal_known_mean": normal_known_mean.FAMILY,
    "normal_known_variance": normal_known_variance.FAMILY,
}
"""The families, by the name of their bundled model."""


def describe_posterior(name: str, values: Values, level: float) -> dict[str, Any]:
    """Return the exact posterior of a bundled conjugate model as `run.json` holds it.

    Parameters
    ----------
    name
        The bundled model, one of `FAMILIES`.
    values
        Every variable of its data block.
    level
        Probability of the central intervals.

    >>> values = {"y": [3], "n": [4], "theta_prior_a": 1, "theta_prior_b": 1}
    >>> describe_posterior("beta_binomial", values, 0.9)["estimates"]["theta"]["mode"]
    0.75
    """
    family = FAMILIES[name]
    prior = family.parse_prior(values)
    posterior = family.update(prior, values)
    modes = family.find_mode(posterior)
    moments, marginals = family.compute_moments(posterior), family.derive_marginals(posterior)
    estimates = {
        **{quantity: _record_moments(mean, sd) for quantity, (mean, sd) in moments.items()},
        **{quantity: _record_marginal(marginal, level) for quantity, marginal in marginals.items()},
    }
    predictions = family.predict(posterior, values)
    return {
        "family": name,
        "log_evidence": family.compute_log_evidence(prior, values),
        "estimates": {
            quantity: {**numbers, "mode": modes.get(quantity)} for quantity, numbers in estimates.items()
        },
        "predictive": {
            quantity: _record_marginal(marginal, level) for quantity, marginal in predictions.items()
        },
    }


def _record_marginal(marginal: Marginal, level: float) -> dict[str, Any]:
    distribution = to_scipy(marginal)
    lower, upper = distribution.ppf([(1 - level) / 2, (1 + level) / 2])
    return {
        "distribution": marginal.distribution,
        "parameters": dict(marginal.parameters),
        **_record_moments(distribution.mean(), distribution.std()),
        "lower": float(lower),
        "upper": float(upper),
    }


def _record_moments(mean: float, sd: float) -> dict[str, Any]:
    """Return the moments; one that does not exist, because of a heavy tail, is `None`."""
    return {
        "mean": float(mean) if np.isfinite(mean) else None,
        "sd": float(sd) if np.isfinite(sd) else None,
    }
