"""Reading a study: its rows by point and quantity, and the slices in which one hyperparameter moves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from workbench.report.reading import Record
from workbench.studies import Study, leading_method
from workbench.studies.outcomes.conclusion import MEANS

Rows = Mapping[tuple[int, str], Mapping[str, Any]]


@dataclass(frozen=True)
class Slice:
    """The points along one hyperparameter, all others held.

    Attributes
    ----------
    axis
        Its entry in `study.json`.
    points
        Entries of points, in the order of the hyperparameter.
    held
        What the others are, in words; empty where there are none.
    """

    axis: Record
    points: tuple[Record, ...]
    held: str

    @property
    def name(self) -> str:
        """The hyperparameter."""
        return str(self.axis["name"])

    def at(self, point: Record) -> float:
        """Return the hyperparameter's value at a point."""
        return float(point["values"].get(self.name, self.axis["base"]))


def means_shown(study: Study) -> str:
    """Return what is compared, with a capital."""
    words = MEANS[leading_method(study.record)]
    return words[0].upper() + words[1:]


def rows_of(study: Study, method: str) -> Rows:
    """Return the rows of a method that hold numbers, by point and quantity."""
    frame = study.frame
    if "parameter" not in frame:
        return {}
    own = frame[(frame["method"] == method) & frame["parameter"].notna() & (frame["status"] == "ok")]
    return {
        (int(row["point"]), str(row["parameter"])): {str(key): one for key, one in row.items()}
        for row in own.to_dict("records")
    }


def label(study: Study, name: str) -> str:
    """Return a quantity's name for people."""
    return str(study.record.get("labels", {}).get(name, name))


def most_moved(study: Study, count: int) -> list[str]:
    """Return the quantities that move most, the most first."""
    moves = study.record["conclusion"]["moves"]
    ranked = sorted(moves, key=lambda name: -abs(moves[name]["in_sd"]))
    return ranked[:count]


def slices(study: Study) -> list[Slice]:
    """Return, for each axis, the points where only it moves; the others stay as near the base as can be."""
    axes = study.record["plan"]["axes"]
    points = [one for one in study.record["points"] if not one["forms"] and not one["name"]]
    found = []
    for axis in axes:
        others = [one for one in axes if one["name"] != axis["name"]]
        held = _held(points, axis, others)
        own = [point for point in points if all(value_at(point, one) == held[one["name"]] for one in others)]
        unique = {value_at(point, axis): point for point in sorted(own, key=lambda one: -one["number"])}
        ordered = tuple(unique[value] for value in sorted(unique))
        words = ", ".join(f"`{name}` = {value:.3g}" for name, value in held.items())
        if len(ordered) > 1:
            found.append(Slice(axis, ordered, words))
    return found


def _held(points: Sequence[Record], axis: Record, others: Sequence[Record]) -> dict[str, float]:
    """Return the values of the other axes at which most points lie, nearest to the base among equals."""
    held: dict[str, float] = {}
    for other in others:
        counts: dict[float, int] = {}
        for point in points:
            if axis["name"] in point["values"]:
                counts[value_at(point, other)] = counts.get(value_at(point, other), 0) + 1
        base = float(other["base"])
        held[other["name"]] = min(counts, key=lambda value: (-counts[value], abs(value - base)), default=base)
    return held


def value_at(point: Record, axis: Record) -> float:
    """Return the value of an axis at a point: the base's where the point leaves it."""
    return float(point["values"].get(axis["name"], axis["base"]))


def is_full(point: Record) -> bool:
    """Return whether a full fit was made at a point."""
    return point["how"] in ("base", "refit")


def number(row: Mapping[str, Any] | None, key: str) -> float | None:
    """Return a number of a row, or `None`."""
    value = None if row is None else row.get(key)
    return None if value is None or pd.isna(value) else float(value)
