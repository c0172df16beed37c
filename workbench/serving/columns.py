"""Which columns a version takes, so that clients can learn them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workbench.prediction.chunk import OpenPredictor
from workbench.prediction.levels import find_group_columns
from workbench.results.outcomes import list_outcome_data


def list_outcome_columns(opened: OpenPredictor) -> list[str]:
    """Return the columns that hold the outcomes of a fit."""
    outcomes = list_outcome_data(opened.predictor.request.program)
    return [
        column for name, columns in _find_columns(opened).items() if name in outcomes for column in columns
    ]


def list_columns(opened: OpenPredictor) -> list[str]:
    """Return the columns that a fit predicts from."""
    outcomes = list_outcome_columns(opened)
    names = dict.fromkeys(column for columns in _find_columns(opened).values() for column in columns)
    return [name for name in names if name not in outcomes]


def count_levels(opened: OpenPredictor) -> dict[str, int]:
    """Return how many groups the fit has seen in each column that holds groups."""
    rules = opened.fit.results.data.rules
    program = opened.predictor.request.program
    return {
        column: group["count"]
        for size, group in rules.get("groups", {}).items()
        for column in find_group_columns(rules, program, size)
        if column not in list_outcome_columns(opened)
    }


def describe_columns(opened: OpenPredictor) -> dict[str, Any]:
    """Return what a row may hold: columns, outcomes, and how many groups are known."""
    return {
        "columns": list_columns(opened),
        "outcomes": list_outcome_columns(opened),
        "groups": count_levels(opened),
    }


def _find_columns(opened: OpenPredictor) -> Mapping[str, list[str]]:
    found: Mapping[str, list[str]] = opened.fit.results.data.rules.get("variables", {})
    return found
