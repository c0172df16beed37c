"""Slices of a study: the points along one hyperparameter, all others held at one value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from workbench.studies import StudyResults
from workbench.studies.outcomes.moves import LEADING_MEANS
from workbench.studies.view import AxisResult, PointResult


@dataclass(frozen=True)
class Slice:
    """The points along one hyperparameter.

    Attributes
    ----------
    axis
        The hyperparameter.
    points
        The points, in its order.
    held
        What the other hyperparameters are, in words; empty if there are none.
    """

    axis: AxisResult
    points: tuple[PointResult, ...]
    held: str

    @property
    def name(self) -> str:
        """The hyperparameter's name."""
        return self.axis.name

    def find_value(self, point: PointResult) -> float:
        """Return the hyperparameter's value at a point."""
        return point.find_value(self.axis)


def name_means(results: StudyResults) -> str:
    """Return what is compared between points, with a capital letter."""
    text = LEADING_MEANS[results.leading_method]
    return text[0].upper() + text[1:]


def find_slices(results: StudyResults) -> list[Slice]:
    """Return, for each axis, the points where only it moves; the others stay as near the base as possible."""
    points = [point for point in results.points if not point.forms and not point.name]
    slices = []
    for axis in results.plan.axes:
        others = [other for other in results.plan.axes if other.name != axis.name]
        held = _choose_held_values(points, axis, others)
        by_value: dict[float, PointResult] = {}
        for point in points:
            if all(point.find_value(other) == held[other.name] for other in others):
                by_value.setdefault(point.find_value(axis), point)
        ordered = tuple(by_value[value] for value in sorted(by_value))
        text = ", ".join(f"`{name}` = {value:.3g}" for name, value in held.items())
        if len(ordered) > 1:
            slices.append(Slice(axis, ordered, text))
    return slices


def _choose_held_values(
    points: Sequence[PointResult], axis: AxisResult, others: Sequence[AxisResult]
) -> dict[str, float]:
    """Return the values of the other axes at which most points lie."""
    held: dict[str, float] = {}
    for other in others:
        counts: dict[float, int] = {}
        for point in points:
            if axis.name in point.values:
                value = point.find_value(other)
                counts[value] = counts.get(value, 0) + 1
        held[other.name] = _find_most_common(counts, other.base)
    return held


def _find_most_common(counts: Mapping[float, int], base: float) -> float:
    """Return the value with the highest count, the nearest to the base among equals."""
    return min(counts, key=lambda value: (-counts[value], abs(value - base)), default=base)
