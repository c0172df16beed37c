"""What binding new data in the same way needs, as `run.json` keeps it; and new data bound by it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from workbench.binding.bound_data import Standardization
from workbench.binding.columns.fill import Filled, Groups
from workbench.binding.columns.match import Taken
from workbench.binding.context import Question
from workbench.binding.rules import RULES

_MOST = 1000
"""Elements beyond which a value given by name is not repeated in `run.json`."""


def remember(
    question: Question,
    taken: Mapping[str, Taken],
    filled: Mapping[str, Filled],
    groups: Mapping[str, Groups],
    scales: Mapping[str, Standardization],
) -> dict[str, Any]:
    """Return the rules of a binding: the words, and the columns, levels, dates and scales they led to."""
    kept: dict[str, Any] = {}
    for one in filled.values():
        kept |= one.kept
    return {
        "words": list(RULES),
        "variables": {name: list(one.columns) for name, one in taken.items() if name in filled},
        "columns": {name: dict(entry) for name, entry in kept.items() if any(entry.values())},
        "groups": {
            size: {"count": one.coded.count, "levels": list(one.coded.levels)} for size, one in groups.items()
        },
        "given": {
            name: _plain(filled[name].value)
            for name in question.asked.given
            if name in filled and np.size(filled[name].value) <= _MOST
        },
        "by_group": {
            name: _plain(one.value) for name, one in filled.items() if name in taken and one.rows is not None
        },
        "standardized": {
            name: {"columns": list(one.columns), "mean": list(one.mean), "sd": list(one.sd)}
            for name, one in scales.items()
        },
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    return np.asarray(value).tolist()


def standardization_of(stored: Mapping[str, Any], name: str) -> Standardization | None:
    """Return the scale that an earlier binding put a matrix on."""
    found = stored.get("standardized", {}).get(name)
    if found is None:
        return None
    return Standardization(tuple(found["columns"]), tuple(found["mean"]), tuple(found["sd"]))
