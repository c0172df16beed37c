"""How far each quantity moves over all points of a study."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import numpy as np

from workbench.studies.outcomes.table import OutcomeRow
from workbench.studies.view import Move, PointResult

LEADING_MEANS = {"nuts": "posterior mean", "laplace": "Laplace mean", "map": "MAP"}
"""What is compared between points, by the method whose numbers are shown."""


def find_largest_moves(
    outcomes: Iterable[OutcomeRow], points: Iterable[PointResult], method: str, sds: Mapping[str, float]
) -> dict[str, Move]:
    """Return, for each quantity, where its mean or mode lies farthest from the base.

    Parameters
    ----------
    outcomes, points
        The outcomes and points of a study. Points that change the power of the likelihood say nothing about
        the prior and are left out.
    method
        The method whose means or modes are compared.
    sds
        Posterior SDs of the base fit, by quantity; quantities that do not vary have none and are left out.
    """
    numbers = {point.number for point in points if point.is_about_prior}
    groups: dict[str, list[OutcomeRow]] = {}
    for outcome in outcomes:
        is_compared = outcome.method == method and outcome.is_ok and outcome.point in numbers
        name = outcome.parameter
        if is_compared and name is not None and name in sds and outcome.mean is not None:
            groups.setdefault(name, []).append(outcome)
    moves = {name: _find_largest_move(group, sds[name]) for name, group in groups.items()}
    return {name: move for name, move in moves.items() if move is not None}


def _find_largest_move(outcomes: list[OutcomeRow], sd: float) -> Move | None:
    """Return the largest move of one quantity; `None` without a value at the base."""
    means = np.array([outcome.mean for outcome in outcomes], dtype=float)
    base = next((outcome for outcome in outcomes if outcome.point == 0), None)
    if base is None or base.mean is None:
        return None
    distances = (means - base.mean) / sd
    place = int(np.argmax(np.abs(distances)))
    return Move(
        label=str(outcomes[place].label),
        in_sd=float(distances[place]),
        mcse=_estimate_error(outcomes[place], base) / sd,
        point=outcomes[place].point,
        lowest=float(means.min()),
        highest=float(means.max()),
    )


def _estimate_error(outcome: OutcomeRow, base: OutcomeRow) -> float:
    """Return the Monte Carlo standard error of the distance of a mean from the base's; 0 for a mode."""
    if outcome.mcse_move is not None:
        return outcome.mcse_move
    return math.hypot(outcome.mcse_mean or 0.0, base.mcse_mean or 0.0) if outcome is not base else 0.0
