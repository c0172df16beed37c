"""How heavy the priors are beside the data: the information of both, from the draws of the posterior.

The information of a density about a parameter is how strongly its logarithm curves there. Over draws that are
nearly normal, it is estimated by regressing the log density on the parameter and its square, on the scale
without bounds: one draw after another tells how the priors, and how the likelihood, fall off around the
posterior. Nothing is fitted again.

References
----------
Morita, Thall and Müller (2008), Determining the effective sample size of a parametric prior, Biometrics
64(2), doi:10.1111/j.1541-0420.2007.00888.x.
Neuenschwander, Weber, Schmidli and O'Hagan (2020), Predictively consistent prior effective sample sizes,
Biometrics 76(2), doi:10.1111/biomet.13252 (the ratio of prior to likelihood information).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.diagnostics.prior_density import read_bounds
from workbench.results.quantities import Draws, owner
from workbench.results.view import Results

Floats = NDArray[np.float64]

_CLEAR = 3.0
"""Standard errors from which an information is known well enough to be compared."""


@dataclass(frozen=True)
class PriorTerm:
    """The log density of a prior statement at the draws, `(chain, draw)`, and the variables in it."""

    log_density: Floats
    variables: frozenset[str]


def measure_prior_weights(
    results: Results, quantities: Mapping[str, Draws], priors: Sequence[PriorTerm], log_data: Floats
) -> dict[str, float]:
    """Return the information of the priors relative to that of the data, by Stan's name.

    Only quantities that a prior is about have one. Those that have other constraints than bounds are left
    out, and those for which one of the two is lost in Monte Carlo error.

    Parameters
    ----------
    results
        The results of a run.
    quantities
        Draws, `(chain, draw)`.
    priors
        The prior statements, or all priors as one.
    log_data
        The log likelihood of the draws.
    """
    weights = {}
    for name, draws in quantities.items():
        bounds = read_bounds(results, owner(name)) if results.is_declared(name) else None
        if bounds is None or not np.ptp(draws) > 0:
            continue
        efficiency = min(1.0, (results.nuts.estimates[name].ess_bulk or draws.size) / draws.size)
        own = [term.log_density for term in priors if owner(name) in term.variables or not term.variables]
        others = [term.log_density for term in priors if term.variables and owner(name) not in term.variables]
        weight = compute_prior_weight(draws, own, log_data, bounds, others, efficiency) if own else None
        if weight is not None:
            weights[name] = weight
    return weights


def compute_prior_weight(
    draws: Draws,
    priors: Sequence[Floats],
    log_data: Floats,
    bounds: tuple[float, float],
    other_priors: Sequence[Floats] = (),
    efficiency: float = 1.0,
) -> float | None:
    """Return the information of the priors about a parameter, relative to that of the data.

    `None` where one of the two is not clear beside its Monte Carlo error.

    Parameters
    ----------
    draws
        Of the parameter.
    priors
        The log densities of its own priors at the draws.
    log_data
        The log likelihood of the draws.
    bounds
        The declared bounds; infinite where there is none.
    other_priors
        The log densities of the priors of other parameters. They inform this one where it is correlated with
        theirs, and count only if they clearly do: most are noise.
    efficiency
        Effective draws per draw.
    """
    free, log_jacobian = _remove_bounds(np.ravel(draws).astype(np.float64), *bounds)
    if not np.isfinite(free).all() or not np.ptp(free) > 0:
        return None

    def estimate(log_density: Floats) -> tuple[float, float]:
        return _estimate_information(free, np.ravel(log_density), efficiency)

    own = sum((np.ravel(density) for density in priors), start=log_jacobian)
    prior, prior_error = estimate(own)
    data, data_error = estimate(log_data)
    others = (estimate(density) for density in other_priors)
    prior += sum(information for information, error in others if information > _CLEAR * error)
    is_clear = prior > _CLEAR * prior_error and data > _CLEAR * data_error
    return prior / data if is_clear else None


def _remove_bounds(values: Floats, lower: float, upper: float) -> tuple[Floats, Floats]:
    """Return values on Stan's scale without bounds, and by how much a log density there is larger."""
    with np.errstate(divide="ignore", invalid="ignore"):
        if np.isfinite(lower) and np.isfinite(upper):
            share = (values - lower) / (upper - lower)
            return np.log(share) - np.log1p(-share), np.log(share) + np.log1p(-share)
        if np.isfinite(lower):
            free = np.log(values - lower)
            return free, free
        if np.isfinite(upper):
            free = np.log(upper - values)
            return free, free
    return values, np.zeros_like(values)


def _estimate_information(free: Floats, log_density: Floats, efficiency: float) -> tuple[float, float]:
    """Return how strongly a log density curves along a parameter [1 / variance of it], and the error of that.

    It is minus twice the coefficient of the square in a regression on the parameter and its square.
    """
    standardized = (free - free.mean()) / free.std()
    square = standardized**2
    square = square - square.mean() - (square @ standardized / len(free)) * standardized
    centred = log_density - log_density.mean()
    centred = centred - (centred @ standardized / len(free)) * standardized
    spread = float(square @ square)
    if not spread > 0:
        return 0.0, np.inf
    coefficient = float(square @ centred) / spread
    remaining = centred - coefficient * square
    error = np.sqrt(float(remaining @ remaining) / len(free) / spread / efficiency)
    return -2 * coefficient, 2 * float(error)
