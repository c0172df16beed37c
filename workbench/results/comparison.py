"""Compare two fits of the same request, in units of their Monte Carlo errors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workbench.methods import RESULTS
from workbench.results.view import Estimate, PointEstimate, Results
from workbench.thresholds import REPLAY_DISTANCE_LIMIT, REPLAY_MODE_LIMIT

_COMPARED = ("value", "se", "mean", "sd")
"""The numbers that are compared; intervals and diagnostics follow from the same draws."""


@dataclass(frozen=True)
class Difference:
    """One number in both fits.

    Attributes
    ----------
    method, parameter, quantity
        Which number.
    before, after
        Its value in the stored run and in the replay.
    distance
        Their difference in units of the combined Monte Carlo standard error; for modes, in standard errors.
    is_far
        Whether that is too far.
    """

    method: str
    parameter: str
    quantity: str
    before: float
    after: float
    distance: float
    is_far: bool


def compare_estimates(before: Results, after: Results) -> list[Difference]:
    """Return every number that both results hold, the farthest apart first."""
    differences: list[Difference] = []
    for method in RESULTS:
        earlier, later = before.estimates(method), after.estimates(method)
        for name in earlier.keys() & later.keys():
            differences += _compare_quantity(method, name, earlier[name], later[name])
    return sorted(differences, key=lambda each: (-each.distance, each.method, each.parameter))


def _compare_quantity(method: str, name: str, before: Estimate, after: Estimate) -> list[Difference]:
    differences = []
    for quantity in _COMPARED:
        first, second = getattr(before, quantity, None), getattr(after, quantity, None)
        if first is None or second is None:
            continue
        apart = abs(first - second)
        unit = float(np.hypot(_measure_error(quantity, before), _measure_error(quantity, after)))
        distance = 0.0 if apart == 0 else apart / unit if unit > 0 else np.inf
        limit = REPLAY_MODE_LIMIT if isinstance(before, PointEstimate) else REPLAY_DISTANCE_LIMIT
        differences.append(Difference(method, name, quantity, first, second, distance, distance > limit))
    return differences


def _measure_error(quantity: str, estimate: Estimate) -> float:
    """Return the Monte Carlo standard error of a number; of an optimum, the scale on which it matters."""
    if isinstance(estimate, PointEstimate):
        return estimate.se or max(1.0, abs(estimate.value or 0.0))
    return getattr(estimate, f"mcse_{quantity}", None) or 0.0
