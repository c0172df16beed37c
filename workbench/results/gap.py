"""How far the MAP sits from the posterior mean, and why."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from workbench.results.method_result import MethodResult

_CHEAP = ("mle", "laplace", "pathfinder")
"""The methods whose intervals are compared with those of the posterior."""


def compute_gaps(parts: Mapping[str, MethodResult]) -> dict[str, dict[str, Any]]:
    """Say how far each mode lies from the posterior mean, and split the gap of the MAP into three steps.

    ``map_minus_mean`` is the whole and ``in_sd`` the same in posterior standard deviations. It is the sum
    of ``jacobian``: from the constrained to the unconstrained mode; ``curvature``: from that mode to the mean
    of the normal approximation around it, which the transform to the declared scale bends; and
    ``non_gaussian``: from there to the posterior mean. ``unconstrained_in_sd`` is the gap of the
    unconstrained mode, and ``median`` that of the posterior median, from the posterior mean.

    ``map_minus_mean_error``, ``curvature_error`` and ``non_gaussian_error`` are Monte Carlo standard errors.
    That of ``curvature`` is 0 where the mean of the approximation is known without draws.

    ``missed`` says, for each cheap method with an interval, how far its ends lie from the posterior's, in
    posterior standard deviations: where ``lower`` is positive or ``upper`` negative, the interval misses
    values that the posterior does not.

    What needs a part that failed is left out; without a posterior there is nothing to explain.
    """
    gaps: dict[str, dict[str, Any]] = {}
    for name, posterior in parts["nuts"].estimates.items():
        gap = _gap(
            parts["map"].estimates.get(name, {}).get("value"),
            parts["map_unconstrained"].estimates.get(name, {}).get("value"),
            _find_normal_mean(parts["laplace"].estimates.get(name, {})),
            posterior,
        )
        missed = _missed(parts, name, posterior)
        if gap:
            gaps[name] = gap | ({"missed": missed} if missed else {})
    return gaps


def _find_normal_mean(laplace: Mapping[str, float]) -> tuple[float | None, float | None]:
    """Return the mean of the normal approximation and its Monte Carlo error, which is 0 without draws."""
    if "exact_mean" in laplace:
        return laplace["exact_mean"], 0.0
    return laplace.get("mean"), laplace.get("mcse_mean")


def _gap(
    mode: float | None,
    unconstrained: float | None,
    normal: tuple[float | None, float | None],
    posterior: Mapping[str, float],
) -> dict[str, float]:
    mean, sd, error = posterior["mean"], posterior["sd"], posterior.get("mcse_mean")
    normal_mean, normal_error = normal
    gap: dict[str, float] = {}
    if mode is not None:
        gap["map_minus_mean"] = mode - mean
        if sd > 0:
            gap["in_sd"] = (mode - mean) / sd
    if mode is not None and unconstrained is not None and normal_mean is not None:
        gap["jacobian"] = mode - unconstrained
        gap["curvature"] = unconstrained - normal_mean
        gap["non_gaussian"] = normal_mean - mean
    if unconstrained is not None and sd > 0:
        gap["unconstrained_in_sd"] = (unconstrained - mean) / sd
    if gap and sd > 0:
        gap["median"] = (posterior["median"] - mean) / sd
    if "map_minus_mean" in gap and error is not None:
        gap["map_minus_mean_error"] = error
    if "curvature" in gap and normal_error is not None:
        gap["curvature_error"] = normal_error
        if error is not None:
            gap["non_gaussian_error"] = math.hypot(normal_error, error)
    return gap


def _missed(
    parts: Mapping[str, MethodResult], name: str, posterior: Mapping[str, float]
) -> dict[str, dict[str, float]]:
    """Return how far the ends of each cheap interval lie from the posterior's [posterior sd]."""
    if not posterior["sd"] > 0:
        return {}
    found = {}
    for method in _CHEAP:
        numbers = parts[method].estimates.get(name, {}) if method in parts else {}
        if "lower" in numbers and "upper" in numbers:
            found[method] = {
                end: (numbers[end] - posterior[end]) / posterior["sd"] for end in ("lower", "upper")
            }
    return found
