"""How far the MAP sits from the posterior mean, and why."""

from __future__ import annotations

from collections.abc import Mapping

from workbench.estimation.part import Part


def explain(parts: Mapping[str, Part]) -> dict[str, dict[str, float]]:
    """Say how far each mode lies from the posterior mean, and split the gap of the MAP into three steps.

    ``map_minus_mean`` is the whole and ``in_sd`` the same in posterior standard deviations. It is the sum
    of ``jacobian``: from the constrained to the unconstrained mode; ``curvature``: from that mode to the mean
    of the normal approximation around it, which the transform to the declared scale bends; and
    ``non_gaussian``: from there to the posterior mean. ``unconstrained_in_sd`` is the gap of the
    unconstrained mode.

    What needs a part that failed is left out; without a posterior there is nothing to explain.
    """
    gaps: dict[str, dict[str, float]] = {}
    for name, posterior in parts["nuts"].estimates.items():
        gap = _gap(
            parts["map"].estimates.get(name, {}).get("value"),
            parts["map_unconstrained"].estimates.get(name, {}).get("value"),
            parts["laplace"].estimates.get(name, {}).get("mean"),
            posterior,
        )
        if gap:
            gaps[name] = gap
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
    return gap
