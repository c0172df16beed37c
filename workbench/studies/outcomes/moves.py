"""How far each quantity moves over all points of a study, and with each part of the prior."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import numpy as np
from msgspec.structs import replace

from workbench.studies.outcomes.table import OutcomeRow
from workbench.studies.view import Move, PointResult, PriorEffect
from workbench.thresholds import count_chance_errors

LEADING_MEANS = {"nuts": "posterior mean", "laplace": "Laplace mean", "map": "MAP"}
"""What is compared between points, by the method whose numbers are shown."""

PriorPart = tuple[Literal["hyperparameter", "form", "scenario", "several"], str]
"""What a point changes: its kind, and its name."""


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
    groups = _group_by_quantity(outcomes, numbers, method, sds)
    moves = {name: _find_largest_move(group, sds[name]) for name, group in groups.items()}
    return {name: move for name, move in moves.items() if move is not None}


def find_prior_effects(
    outcomes: Iterable[OutcomeRow], points: Iterable[PointResult], method: str, sds: Mapping[str, float],
    bases: Mapping[str, float],
) -> tuple[PriorEffect, ...]:  # fmt: skip
    """Return how far each part of the prior moves the posterior, the one that matters most first.

    Parameters
    ----------
    outcomes, points, method, sds
        As in `find_largest_moves`.
    bases
        The value of each hyperparameter in the base fit.
    """
    parts: dict[PriorPart, list[PointResult]] = {}
    for point in points:
        if point.number and point.is_about_prior:
            parts.setdefault(identify_part(point), []).append(point)
    by_point: dict[int, list[OutcomeRow]] = {}
    for outcome in outcomes:
        by_point.setdefault(outcome.point, []).append(outcome)
    effects = []
    for part, own in parts.items():
        numbers = [0, *(point.number for point in own)]
        rows = [row for number in numbers for row in by_point.get(number, [])]
        groups = _group_by_quantity(rows, set(numbers), method, sds)
        effect = _describe_part(part, own, groups, sds, bases)
        effects += [] if effect is None else [effect]
    return tuple(sorted(effects, key=lambda effect: _rank_effect(effect, len(sds))))


def _rank_effect(effect: PriorEffect, count: int) -> tuple[bool, float]:
    """Return by what effects are sorted: clear ones first, then by size."""
    return not effect.largest.is_clear_among(count), -abs(effect.largest.in_sd)


def identify_part(point: PointResult) -> PriorPart:
    """Return what a point changes: its kind, and its name."""
    if point.name:
        return "scenario", point.name
    changes = len(point.values) + len(point.forms)
    if changes > 1:
        return "several", ""
    if point.forms:
        return "form", point.label
    return "hyperparameter", next(iter(point.values), "")


def _describe_part(
    part: PriorPart,
    points: Sequence[PointResult],
    groups: Mapping[str, Sequence[OutcomeRow]],
    sds: Mapping[str, float],
    bases: Mapping[str, float],
) -> PriorEffect | None:
    """Return how far one part of the prior moves the posterior; `None` where nothing can be compared."""
    found = {name: _find_move_from_base(group, sds[name]) for name, group in groups.items()}
    moves = {name: move for name, move in found.items() if move is not None}
    if not moves:
        return None
    count, (kind, name) = len(sds), part
    ranked = sorted(moves, key=lambda each: -abs(moves[each].in_sd))
    quantity = next((each for each in ranked if moves[each].is_clear_among(count)), ranked[0])
    halved, doubled = (
        _find_move_at(points, name, factor * bases.get(name, math.nan), groups[quantity], sds[quantity])
        for factor in (0.5, 2.0)
    )
    return PriorEffect(
        kind=kind,
        name=name,
        quantity=quantity,
        largest=moves[quantity],
        halved=halved,
        doubled=doubled,
        bound=max(_find_bound(group, sds[each], count) for each, group in groups.items()),
    )


def _find_move_at(
    points: Sequence[PointResult], name: str, value: float, rows: Sequence[OutcomeRow], sd: float
) -> Move | None:
    """Return the move where a hyperparameter has some value; `None` without such a point."""
    numbers = [point.number for point in points if math.isclose(point.values.get(name, math.nan), value)]
    return _find_move_from_base([row for row in rows if row.point in (0, *numbers)], sd)


def _find_bound(rows: Sequence[OutcomeRow], sd: float, count: int) -> float:
    """Return how far one quantity may have moved, its Monte Carlo error included [posterior SD]."""
    base = next((row for row in rows if row.point == 0), None)
    if base is None or base.mean is None:
        return 0.0
    errors = count_chance_errors(count)
    return max(
        (abs((row.mean or 0.0) - base.mean) + errors * _estimate_error(row, base)) / sd
        for row in rows
        if row.point
    )


def _group_by_quantity(
    outcomes: Iterable[OutcomeRow], numbers: set[int], method: str, sds: Mapping[str, float]
) -> dict[str, list[OutcomeRow]]:
    """Return the outcomes that can be compared, by quantity."""
    groups: dict[str, list[OutcomeRow]] = {}
    for outcome in outcomes:
        is_compared = outcome.method == method and outcome.is_ok and outcome.point in numbers
        name = outcome.parameter
        if is_compared and name is not None and name in sds and outcome.mean is not None:
            groups.setdefault(name, []).append(outcome)
    return groups


def _find_largest_move(outcomes: Sequence[OutcomeRow], sd: float) -> Move | None:
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


def _find_move_from_base(outcomes: Sequence[OutcomeRow], sd: float) -> Move | None:
    """Return the largest move of one quantity at points other than the base; `None` without such a point."""
    move = _find_largest_move(outcomes, sd)
    if move is None or move.point:
        return move
    other = next((outcome.point for outcome in outcomes if outcome.point), None)
    return None if other is None else replace(move, point=other)  # none of them is elsewhere than the base


def _estimate_error(outcome: OutcomeRow, base: OutcomeRow) -> float:
    """Return the Monte Carlo standard error of the distance of a mean from the base's; 0 for a mode."""
    if outcome.mcse_move is not None:
        return outcome.mcse_move
    return math.hypot(outcome.mcse_mean or 0.0, base.mcse_mean or 0.0) if outcome is not base else 0.0
