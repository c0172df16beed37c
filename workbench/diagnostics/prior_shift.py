"""How far the priors move the mode of a parameter: the MLE compared with the MAP."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from workbench.diagnostics.prior_density import read_bounds
from workbench.results.quantities import owner
from workbench.results.view import DrawsEstimate, Results

Scale = Callable[[float], float]
"""A function of a parameter."""


@dataclass(frozen=True)
class PriorShift:
    """How far the priors move a mode, on the scale without bounds.

    Attributes
    ----------
    name
        Stan's name.
    mle, map
        The mode without and with priors.
    in_se, in_sd
        Their distance in standard errors of the MLE and in posterior standard deviations; `None` where there
        is none.
    scale
        The scale of the distance, in words; empty where it is the parameter's own.
    """

    name: str
    mle: float
    map: float
    in_se: float | None
    in_sd: float | None
    scale: str = ""

    @property
    def size(self) -> float:
        """The larger of both distances."""
        return max(self.in_se or 0.0, self.in_sd or 0.0)


def find_largest_shift(results: Results) -> PriorShift | None:
    """Return the largest shift of a mode by the priors; `None` where there are no two modes to compare."""
    return max(iterate_shifts(results), key=lambda shift: shift.size, default=None)


def iterate_shifts(results: Results) -> Iterator[PriorShift]:
    """Yield how far the priors move the mode of each parameter.

    With latent variables both modes are joint ones, whose distance says little about the priors.
    """
    if any(term.role == "latent" for term in results.model.terms):
        return
    for name in results.estimates("mle"):
        mle, modes = results.mle.estimates[name], _list_modes(results, name)
        if not modes or mle.value is None or not _is_parameter(results, name):
            continue
        scale, free, slope = _choose_scale(read_bounds(results, owner(name)))
        start = free(mle.value)
        nearest = min(modes, key=lambda mode: abs(free(mode) - start))
        distance = abs(free(nearest) - start)
        mean, sd = _find_posterior(results, name)
        se_free = None if mle.se is None else mle.se * slope(mle.value)
        sd_free = None if sd is None or mean is None else sd * slope(mean)
        in_se, in_sd = (distance / size if size else None for size in (se_free, sd_free))
        if math.isfinite(distance):
            yield PriorShift(name, mle.value, nearest, in_se, in_sd, scale)


def _is_parameter(results: Results, name: str) -> bool:
    """Return whether a quantity is a parameter of the program, rather than computed from some."""
    priors = results.model.parameter_priors
    if priors is None:
        return results.is_declared(name)
    return any(owner(prior.name) == owner(name) for prior in priors)


def _list_modes(results: Results, name: str) -> list[float]:
    """Return the values of a parameter at all modes of the posterior: of several, an MLE is near one."""
    estimate = results.map.estimates.get(name)
    values = [estimate.value if estimate else None, *(mode.estimates.get(name) for mode in results.map.modes)]
    return [value for value in values if value is not None] if results.map.is_ok else []


def _choose_scale(bounds: tuple[float, float] | None) -> tuple[str, Scale, Scale]:
    """Return the scale without bounds: its name, the way there, and the size of its slope.

    A likelihood is more nearly normal there, so that standard errors mean the same everywhere.
    """
    lower, upper = bounds or (-math.inf, math.inf)
    if math.isfinite(lower) and math.isfinite(upper):
        return (
            "log-odds",
            lambda value: _log(value - lower) - _log(upper - value),
            lambda value: (upper - lower) / max((value - lower) * (upper - value), sys.float_info.min),
        )
    if math.isfinite(lower) or math.isfinite(upper):
        bound = lower if math.isfinite(lower) else upper
        return (
            "log",
            lambda value: _log(abs(value - bound)),
            lambda value: 1 / max(abs(value - bound), sys.float_info.min),
        )
    return "", float, lambda _: 1.0


def _log(value: float) -> float:
    return math.log(value) if value > 0 else -math.inf


def _find_posterior(results: Results, name: str) -> tuple[float | None, float | None]:
    """Return the mean and SD of a parameter, by NUTS or else by Laplace's approximation."""
    estimates = results.nuts.estimates if results.nuts.is_ok else results.laplace.estimates
    estimate = estimates.get(name, DrawsEstimate())
    return estimate.mean, estimate.sd
