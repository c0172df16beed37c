"""How far the MAP sits from the posterior mean, and why."""

from __future__ import annotations

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
            parts["laplace"].estimates.get(name, {}).get("mean"),
            posterior,
        )
        missed = _missed(parts, name, posterior)
        if gap:
            gaps[name] = gap | ({"missed": missed} if missed else {})
    return gaps


def _gap(
    mode: float | None, unconstrained: float | None, normal: float | None, posterior: Mapping[str, float]
) -> dict[str, float]:
    mean, sd = posterior["mean"], posterior["sd"]
    gap: dict[str, float] = {}
    if mode is not None:
        gap["map_minus_mean"] = mode - mean
        if sd > 0:
            gap["in_sd"] = (mode - mean) / sd
    if mode is not None and unconstrained is not None and normal is not None:
        gap["jacobian"] = mode - unconstrained
        gap["curvature"] = unconstrained - normal
        gap["non_gaussian"] = normal - mean
    if unconstrained is not None and sd > 0:
        gap["unconstrained_in_sd"] = (unconstrained - mean) / sd
    if gap and sd > 0:
        gap["median"] = (posterior["median"] - mean) / sd
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
