"""Compare two fits of the same request, in units of their Monte Carlo errors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from workbench.thresholds import REPLAY_DISTANCE_LIMIT, REPLAY_MODE_LIMIT


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


def compare_estimates(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    """Return every summary that both records hold, the farthest apart first.

    Parameters
    ----------
    before, after
        The content of `run.json`.
    """
    found: list[Difference] = []
    for method in ("mle", "map", "map_unconstrained", "laplace", "pathfinder", "nuts"):
        ours, theirs = (one.get(method, {}).get("estimates", {}) for one in (before, after))
        for name in ours.keys() & theirs.keys():
            found += _of_parameter(method, name, ours[name], theirs[name])
    return sorted(found, key=lambda one: (-one.distance, one.method, one.parameter))


def _of_parameter(
    method: str, name: str, ours: Mapping[str, Any], theirs: Mapping[str, Any]
) -> list[Difference]:
    found = []
    for quantity in ("value", "se", "mean", "sd"):
        if ours.get(quantity) is None or theirs.get(quantity) is None:
            continue
        first, second = (_error(quantity, numbers) for numbers in (ours, theirs))
        apart = abs(ours[quantity] - theirs[quantity])
        unit = float(np.hypot(first, second))
        distance = 0.0 if apart == 0 else apart / unit if unit > 0 else np.inf
        most = REPLAY_DISTANCE_LIMIT if method in ("nuts", "laplace", "pathfinder") else REPLAY_MODE_LIMIT
        found.append(
            Difference(method, name, quantity, ours[quantity], theirs[quantity], distance, distance > most)
        )
    return found


def _error(quantity: str, numbers: Mapping[str, Any]) -> float:
    """Return the Monte Carlo standard error of a number; of a mode, the scale on which it matters."""
    if quantity in ("value", "se"):
        return float(numbers.get("se") or max(1.0, abs(numbers["value"])))
    return float(numbers.get(f"mcse_{quantity}") or 0.0)
