"""The families by name, and what `run.json` says of an exact posterior."""

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
    prior = family.prior(values)
    posterior = family.update(prior, values)
    modes = family.mode(posterior)
    estimates = {
        **{one: _moments(*pair) for one, pair in family.moments(posterior).items()},
        **{one: _estimate(marginal, level) for one, marginal in family.marginals(posterior).items()},
    }
    return {
        "family": name,
        "log_evidence": family.log_evidence(prior, values),
        "estimates": {one: {**numbers, "mode": modes.get(one)} for one, numbers in estimates.items()},
        "predictive": {
            one: _estimate(marginal, level) for one, marginal in family.predictive(posterior, values).items()
        },
    }


def _estimate(marginal: Marginal, level: float) -> dict[str, Any]:
    distribution = to_scipy(marginal)
    lower, upper = distribution.ppf([(1 - level) / 2, (1 + level) / 2])
    return {
        "distribution": marginal.distribution,
        "parameters": dict(marginal.parameters),
        **_moments(distribution.mean(), distribution.std()),
        "lower": float(lower),
        "upper": float(upper),
    }


def _moments(mean: float, sd: float) -> dict[str, Any]:
    """Return those moments that exist: a heavy tail may have none."""
    return {"mean": _or_none(mean), "sd": _or_none(sd)}


def _or_none(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
